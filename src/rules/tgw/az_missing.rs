//! `tgw-az-missing`

use crate::{
    analyze::path::{Blocker, RouteBlocker, TransitBlocker},
    model::{
        finding::{Confidence, Evidence, Fix},
        id::{AzId, SubnetId},
        transit::TransitGatewayAttachment,
    },
};

use super::{Case, Draft, Outcome, Rule, declare_finding, transit_rows, words};

declare_finding! {
    /// ## What it means
    /// A VPC is attached to a transit gateway by subnets, one in each zone that it is to serve. A route to the gateway takes
    /// nothing from a zone without such a subnet: packets of its hosts are dropped, while those of other zones pass.
    /// ## How we know
    /// The route that decides leads to the transit gateway, the attachment of the VPC has no subnet in the zone where the
    /// sender's subnet lies, and connections get no answer. Of replies, where the endpoint's interface is the sender, this
    /// follows and is not documented: no more than likely.
    /// ## What looks like it
    /// `tgw-route-missing`: the gateway takes the packets and has no route for them.
    /// `provider-az-unhealthy`: one zone of the endpoint fails, and nothing on the way is different.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-transit-gateway-vpc-attachments --transit-gateway-attachment-ids ATTACHMENT \
    ///       --query 'TransitGatewayVpcAttachments[].SubnetIds'
    ///     aws ec2 describe-subnets --subnet-ids SUBNETS --query 'Subnets[].[SubnetId,AvailabilityZoneId]'
    /// ## How to fix it
    /// Add a subnet of that zone to the attachment. AWS advises small subnets for attachments alone: what comes out of the
    /// gateway follows their route table and meets their ACL.
    static TGW_AZ_MISSING = { title: "the transit gateway's attachment has no subnet in the sender's zone", severity: Error, side: ConsumerVpc, layer: Route, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&TGW_AZ_MISSING, check);

fn check(case: &Case<'_>) -> Outcome {
    let blocked = transit_rows::blocked(case, |why| matches!(why, TransitBlocker::NotInZone { .. }))?;
    let Some(first) = blocked.first() else {
        return Ok(None);
    };
    let Blocker::Route(RouteBlocker::Transit(TransitBlocker::NotInZone { zone })) = first.blocker else {
        return Ok(None);
    };
    let back = first.step.kind.is_return();
    let attachment = transit_rows::attachment(case, first);
    let gateway = attachment.map_or("the gateway", |attachment| attachment.transit_gateway.as_str());
    let lost = if back { "loses the endpoint's replies from there" } else { "takes no packets from there" };
    let summary = format!("{}: {gateway} {lost}.", first.step.rule());
    let confidence = if back { Confidence::Likely } else { Confidence::Confirmed };
    let draft = Draft::new(confidence, summary)
        .evidence(transit_rows::evidence(case, &blocked))
        .evidence(attachment.and_then(|attachment| subnets(case, attachment)))
        .fix(fix(case, attachment, zone))
        .explains(blocked.iter().map(|b| b.row));
    Ok(Some(draft))
}

/// The zones that it does serve.
fn subnets(case: &Case<'_>, attachment: &TransitGatewayAttachment) -> Option<Evidence> {
    let place = |id: &SubnetId| {
        let subnet = case.facts.inventory.subnet(id);
        let zone =
            subnet.and_then(|subnet| subnet.az_id.as_ref().map(ToString::to_string).or(subnet.az.clone()));
        zone.map_or_else(|| id.to_string(), |zone| format!("{id} ({zone})"))
    };
    let subnets = attachment.subnets.known()?;
    let fact = format!("{} has {}", attachment.id, words::list(subnets.iter().map(place)));
    Some(Evidence::of(fact, transit_rows::attachment_ref(attachment)))
}

fn fix(case: &Case<'_>, attachment: Option<&TransitGatewayAttachment>, zone: &str) -> Fix {
    let Some(attachment) = attachment else {
        return Fix::text(format!("Add a subnet of {zone} to the VPC's attachment"));
    };
    let (id, vpc) = (&attachment.id, attachment.vpc());
    let inventory = &case.facts.inventory;
    let there = inventory.subnets.known().into_iter().flatten().filter(|subnet| {
        let zones = [subnet.az.as_deref(), subnet.az_id.as_ref().map(AzId::as_str)];
        Some(&subnet.vpc) == vpc && zones.contains(&Some(zone))
    });
    let interfaces = || inventory.network_interfaces.known().into_iter().flatten();
    let emptiest = there.min_by_key(|subnet| interfaces().filter(|eni| eni.subnet == subnet.id).count());
    let subnet = emptiest.map_or("SUBNET_ID", |subnet| subnet.id.as_str());
    Fix::text(format!("Add a subnet of {zone} to {id}, best one made for it")).cli(format!(
        "aws ec2 modify-transit-gateway-vpc-attachment --transit-gateway-attachment-id {id} --add-subnet-ids {subnet}"
    ))
}
