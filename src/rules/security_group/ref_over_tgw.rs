//! `sg-ref-over-tgw`

use crate::{
    analyze::path::{Identity, Loss, StepKind},
    model::{
        finding::Evidence,
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{
    Case, Outcome, Row, Rule,
    access::{self, DenialKind},
    declare_finding, route_rows, transit_rows, words,
};

declare_finding! {
    /// ## What it means
    /// A rule opens the port to a security group, and the packets come over a transit gateway, on which it is not known who is
    /// a member of which group. Such references have to be switched on, at the gateway and at both attachments; even then they
    /// hold for inbound rules alone, and never for an endpoint behind PrivateLink.
    /// ## How we know
    /// The route that decides leads over a transit gateway, no rule admits this host's address by a CIDR block, one would
    /// admit its group, and connections get no answer.
    /// ## What looks like it
    /// `sg-endpoint-refs-other-group`: this host is in another group.
    /// `tgw-route-missing`: the gateway does not carry the packets in the first place.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-security-group-rules --filters Name=group-id,Values=GROUP
    ///     aws ec2 describe-transit-gateways --query 'TransitGateways[].Options.SecurityGroupReferencingSupport'
    /// ## How to fix it
    /// Admit this host's addresses by a CIDR block.
    static SG_REF_OVER_TGW = { title: "a group reference is not known across a transit gateway", severity: Error, side: ConsumerVpc, layer: EndpointGroup, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&SG_REF_OVER_TGW, check);

fn check(case: &Case<'_>) -> Outcome {
    let concerned = |identity: &Identity| {
        matches!(
            identity,
            Identity::KeptInbound | Identity::Lost(Loss::TransitGateway) | Identity::Unknown(_)
        )
    };
    if !case.silent().any(|row| concerned(&row.path.seen.identity)) {
        return Ok(None);
    }
    let over = |row| transit_rows::gateway(row, StepKind::ForwardRoute);
    let draft = access::either_group(case, DenialKind::OverTransitGateway, |denials| {
        let gateway = case.silent().find_map(over).unwrap_or("a transit gateway");
        let groups = denials.first().map_or(&[][..], |denial| &denial.groups);
        if access::is_outbound(case, denials) {
            let verb = access::groups_verb(groups, "lets out", "let out");
            format!("{verb} by group, and what lies behind {gateway} is no member of any.")
        } else {
            let verb = access::groups_verb(groups, "admits", "admit");
            format!("{verb} by group, and packets that come over {gateway} are no member's.")
        }
    })?;
    let denied =
        |row: &&Row<'_>| access::denials(row).any(|denial| denial.kind() == DenialKind::OverTransitGateway);
    let rows: Vec<_> = case.silent().filter(denied).collect();
    let way = rows.first().map(|row| route_rows::way(row, StepKind::ForwardRoute)).unwrap_or_default();
    let gateways = words::distinct(rows.iter().filter_map(|row| over(row)));
    let options = gateways.into_iter().filter_map(|id| option(case, id));
    Ok(draft.map(|draft| draft.evidence(way).evidence(options)))
}

/// What the gateway says of references; they are off unless somebody switched them on.
fn option(case: &Case<'_>, id: &str) -> Option<Evidence> {
    let gateway = case.facts.inventory.transit_gateways.known()?.get(id)?;
    let option = if gateway.security_group_referencing == Some(true) { "enable" } else { "disable" };
    Some(Evidence::of(
        format!("{id} has SecurityGroupReferencingSupport: {option}"),
        ResourceRef::new(ResourceKind::TransitGateway, id),
    ))
}
