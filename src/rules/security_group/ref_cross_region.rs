//! `sg-ref-cross-region`

use crate::{
    analyze::{
        path::{Identity, Loss, StepKind},
        security_group::Denial,
    },
    model::{
        finding::Evidence,
        id::PeeringConnectionId,
        resource::{ResourceKind, ResourceRef},
        route::{PeeringConnection, PeeringSide},
    },
};

use super::{
    Case, Outcome, Row, Rule,
    access::{self, DenialKind},
    declare_finding, route_rows, words,
};

declare_finding! {
    /// ## What it means
    /// A rule opens the port to a security group, and that group is at the other end of a peering connection between two
    /// Regions. Groups are known within their Region alone: such a rule admits nobody.
    /// ## How we know
    /// The two sides of the peering connection on the way are in different Regions, no rule admits this host's address by a
    /// CIDR block, one would admit its group, and connections get no answer.
    /// ## What looks like it
    /// `sg-ref-stale`: the peering connection is gone, or not active.
    /// `sg-ref-over-tgw`: a transit gateway lies between.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-peering-connections --vpc-peering-connection-ids PCX \
    ///       --query 'VpcPeeringConnections[].[RequesterVpcInfo.Region,AccepterVpcInfo.Region]'
    /// ## How to fix it
    /// Admit this host's addresses by a CIDR block.
    static SG_REF_CROSS_REGION = { title: "a group reference is not known in another Region", severity: Error, side: ConsumerVpc, layer: EndpointGroup, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&SG_REF_CROSS_REGION, check);

fn check(case: &Case<'_>) -> Outcome {
    let concerned =
        |identity: &Identity| matches!(identity, Identity::Lost(Loss::OtherRegion(_)) | Identity::Unknown(_));
    if !case.silent().any(|row| concerned(&row.path.seen.identity)) {
        return Ok(None);
    }
    let draft = access::either_group(case, DenialKind::CrossRegion, |denials| {
        let groups = denials.first().map_or(&[][..], |denial| &denial.groups);
        let across = denials.first().and_then(|denial| across(denial));
        let across = across.map_or("a peering connection", |id| id.as_str());
        let verb = if access::is_outbound(case, denials) {
            access::groups_verb(groups, "lets out", "let out")
        } else {
            access::groups_verb(groups, "admits", "admit")
        };
        format!("{verb} by group, and no group is known across {across}, which joins two Regions.")
    })?;
    let denied = |row: &Row<'_>| access::denials(row).find_map(across).cloned();
    let rows: Vec<_> = case.silent().filter_map(|row| Some((row, denied(row)?))).collect();
    let way = rows.first().map(|(row, _)| route_rows::way(row, StepKind::ForwardRoute)).unwrap_or_default();
    let sides = rows.iter().filter_map(|(_, id)| regions(case.facts.inventory.peering_connection(id)?));
    let sides = words::distinct(sides);
    Ok(draft.map(|draft| draft.evidence(way).evidence(sides)))
}

/// The connection across which a denial lost sight of the sender.
fn across(denial: &Denial) -> Option<&PeeringConnectionId> {
    if let Some(Loss::OtherRegion(id)) = &denial.lost { Some(id) } else { None }
}

fn regions(connection: &PeeringConnection) -> Option<Evidence> {
    let side = |side: &PeeringSide| Some(format!("{} in {}", side.vpc.as_ref()?, side.region.as_ref()?));
    let (one, other) = (side(&connection.requester)?, side(&connection.accepter)?);
    Some(Evidence::of(
        format!("{} joins {one} and {other}", connection.id),
        ResourceRef::new(ResourceKind::PeeringConnection, &connection.id),
    ))
}
