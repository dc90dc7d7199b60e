//! `tgw-route-missing`

use crate::{
    analyze::path::{Blocker, Ground, RouteBlocker, TransitBlocker},
    model::{
        endpoint::says,
        finding::{Confidence, Fix},
        transit::TransitGatewayRouteTable,
    },
};

use super::{Case, Draft, Outcome, Rule, access::Blocked, declare_finding, route_rows, transit_rows, words};

declare_finding! {
    /// ## What it means
    /// The VPC's route tables lead to a transit gateway, and the gateway leads no further: it is not attached to the VPC, or
    /// the attachment is not available; no route table is associated with it; or that table has no route for the address, or
    /// a blackhole. Packets end there, or the replies do.
    /// ## How we know
    /// The attachments of both VPCs, the table that is associated with the one by which packets come in, and the longest
    /// matching route in it were read, there and back; and connections get no answer.
    /// ## What looks like it
    /// `tgw-az-missing`: the attachment lacks the sender's zone.
    /// `route-missing`, `route-return-missing`: a subnet's table does not lead to the gateway in the first place.
    /// `sg-ref-over-tgw`: the gateway carries the packets, and a group does not know their sender.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-transit-gateway-attachments --filters Name=resource-id,Values=VPC \
    ///       --query 'TransitGatewayAttachments[].[TransitGatewayAttachmentId,State,Association]'
    ///     aws ec2 search-transit-gateway-routes --transit-gateway-route-table-id TGW_RTB --filters Name=state,Values=active,blackhole
    /// ## How to fix it
    /// Let the other VPC's attachment propagate its ranges into the table, or add a static route to it; associate the
    /// attachment with a table; have it accepted, or attach the VPC again. Both directions need it.
    static TGW_ROUTE_MISSING = { title: "the transit gateway does not lead on to the other VPC", severity: Error, side: ConsumerVpc, layer: Route, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&TGW_ROUTE_MISSING, check);

fn check(case: &Case<'_>) -> Outcome {
    let blocked = transit_rows::blocked(case, |why| !matches!(why, TransitBlocker::NotInZone { .. }))?;
    let Some((first, why)) = blocked.first().and_then(|first| Some((first, transit(first)?))) else {
        return Ok(None);
    };
    let draft = Draft::new(Confidence::Confirmed, words::sentence(&describe(case, first, why)))
        .evidence(transit_rows::evidence(case, &blocked))
        .explains(blocked.iter().map(|b| b.row));
    let proved = route_rows::fixes(case, blocked.iter().map(|b| b.row));
    let by_hand = fix(case, first, why).filter(|_| proved.is_empty());
    let fixes = proved.into_iter().chain(by_hand).chain(propagate(case, first, why));
    Ok(Some(fixes.fold(draft, Draft::fix)))
}

fn transit<'c>(blocked: &Blocked<'c, '_>) -> Option<&'c TransitBlocker> {
    if let Blocker::Route(RouteBlocker::Transit(why)) = blocked.blocker { Some(why) } else { None }
}

fn describe(case: &Case<'_>, blocked: &Blocked<'_, '_>, why: &TransitBlocker) -> String {
    let (step, ip) = (blocked.step, route_rows::towards(blocked.row, blocked.step));
    let about = step.id_or("the transit gateway");
    let (what, to) = if step.kind.is_return() {
        (format!("the replies to {ip}"), format!("back to {ip}, so the endpoint's replies are lost"))
    } else {
        let there = blocked.row.path.destination.vpc.known();
        let place = there.map(|vpc| format!(" in {vpc}")).unwrap_or_default();
        (format!("packets for {ip}"), format!("to {ip}{place}"))
    };
    match why {
        TransitBlocker::Detached => {
            let tables = blocked.row.path.parts(step.kind).filter_map(route_rows::asked);
            let table = tables.last().map_or("a route table", |(table, _)| table.id.as_str());
            format!("{}, and {table} sends {what} there", step.rule())
        }
        TransitBlocker::Unavailable { state } => {
            format!("{about}, by which {what} go, is {state}: it carries nothing")
        }
        TransitBlocker::Unassociated => {
            let gateway = transit_rows::attachment(case, blocked)
                .map_or("the gateway", |attachment| attachment.transit_gateway.as_str());
            format!("no route table of {gateway} is associated with {about}, by which {what} come in")
        }
        TransitBlocker::Blackhole => format!("{about} sends {what} into a blackhole: {}", step.rule()),
        TransitBlocker::Missing | TransitBlocker::NotInZone { .. } => format!("{about} has no route {to}"),
    }
}

/// Where no change to a table is known that mends it.
fn fix(case: &Case<'_>, blocked: &Blocked<'_, '_>, why: &TransitBlocker) -> Option<Fix> {
    let (step, ip) = (blocked.step, route_rows::towards(blocked.row, blocked.step));
    let about = step.id_or("the transit gateway");
    Some(match why {
        TransitBlocker::Detached => {
            let tables = blocked.row.path.parts(step.kind).filter_map(route_rows::asked);
            let vpc = tables.last().and_then(|(table, _)| table.vpc.as_ref());
            let vpc = vpc.map_or("VPC_ID", |vpc| vpc.as_str());
            Fix::text(format!("Attach {vpc} to {about}, by a subnet in each zone")).cli(format!(
                "aws ec2 create-transit-gateway-vpc-attachment --transit-gateway-id {about} --vpc-id {vpc} --subnet-ids SUBNET_IDS"
            ))
        }
        TransitBlocker::Unavailable { state } if says(state, "pendingacceptance") => {
            Fix::text(format!("The owner of the transit gateway accepts {about}")).cli(format!(
                "aws ec2 accept-transit-gateway-vpc-attachment --transit-gateway-attachment-id {about}   # run by the gateway's owner"
            ))
        }
        TransitBlocker::Unavailable { .. } => {
            Fix::text(format!("Attach the VPC again, and point the routes at what takes the place of {about}"))
        }
        TransitBlocker::Unassociated => Fix::text(format!(
            "Associate {about} with the table of its gateway that is meant for it{}",
            tables(case, blocked)
        ))
        .cli(format!(
            "aws ec2 associate-transit-gateway-route-table --transit-gateway-route-table-id TABLE_ID \
             --transit-gateway-attachment-id {about}"
        )),
        _ => Fix::text(format!("Let {about} have a route for {ip}: static, or propagated by the attachment it lies behind")),
    })
}

fn tables(case: &Case<'_>, blocked: &Blocked<'_, '_>) -> String {
    let gateway = transit_rows::attachment(case, blocked).map(|attachment| &attachment.transit_gateway);
    let all = case.facts.inventory.transit_gateway_route_tables.known().into_iter().flatten();
    let ids: Vec<_> =
        all.filter(|table| Some(&table.transit_gateway) == gateway).map(|table| &table.id).collect();
    if ids.is_empty() { String::new() } else { format!(" ({})", words::list(ids)) }
}

/// What the gateway would do by itself, were it told to.
fn propagate(case: &Case<'_>, blocked: &Blocked<'_, '_>, why: &TransitBlocker) -> Option<Fix> {
    let Ground::Transit { table, .. } = &blocked.step.ground else { return None };
    let TransitGatewayRouteTable { id, transit_gateway, .. } = table.as_ref();
    let path = &blocked.row.path;
    let to = if blocked.step.kind.is_return() { &path.source } else { &path.destination };
    let vpc = to.vpc.known()?;
    let attachments = case.facts.inventory.transit_gateway_attachments.known()?;
    let leads = |one: &&std::sync::Arc<crate::model::transit::TransitGatewayAttachment>| {
        one.transit_gateway == *transit_gateway && one.vpc() == Some(vpc)
    };
    let attachment = &attachments.linked(vpc.as_str()).find(leads)?.id;
    let instead =
        Fix::text(format!("Or let {attachment} propagate the ranges of {vpc} into {id}")).cli(format!(
            "aws ec2 enable-transit-gateway-route-table-propagation --transit-gateway-route-table-id {id} \
         --transit-gateway-attachment-id {attachment}"
        ));
    (*why == TransitBlocker::Missing).then_some(instead)
}
