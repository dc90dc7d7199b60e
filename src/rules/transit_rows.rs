//! What the findings about transit gateways share.

use crate::{
    analyze::path::{Blocker, Ground, RouteBlocker, StepKind, TransitBlocker},
    model::{
        finding::Evidence,
        known::Unknown,
        resource::{ResourceKind, ResourceRef},
        route::RouteTarget,
        transit::TransitGatewayAttachment,
    },
};

use super::{
    Case, Row,
    access::{self, Blocked},
    route_rows, words,
};

/// Rows that a transit gateway stops in this way, there or back.
pub(super) fn blocked<'c, 'a>(
    case: &'c Case<'a>,
    fails: impl Fn(&TransitBlocker) -> bool,
) -> Result<Vec<Blocked<'c, 'a>>, Unknown> {
    let accept =
        |blocker: &Blocker| matches!(blocker, Blocker::Route(RouteBlocker::Transit(why)) if fails(why));
    let mut found = access::blocked(case, StepKind::ForwardRoute, accept)?;
    found.extend(access::blocked(case, StepKind::ReturnRoute, accept)?);
    match unread(case) {
        Some(why) if found.is_empty() => Err(why),
        _ => Ok(found),
    }
}

/// What is not known of a way that leads over a transit gateway.
fn unread(case: &Case<'_>) -> Option<Unknown> {
    let kinds = [StepKind::ForwardRoute, StepKind::ReturnRoute];
    let mut ways = case.silent().flat_map(|row| kinds.map(|kind| (row, kind)));
    ways.find_map(|(row, kind)| match row.path.blocker_at(kind) {
        Err(why) if gateway(row, kind).is_some() => Some(why),
        _ => None,
    })
}

/// The transit gateway that a way leads over.
pub(super) fn gateway<'r>(row: &'r Row<'_>, kind: StepKind) -> Option<&'r str> {
    row.path.parts(kind).find_map(|step| match route_rows::asked(step)?.1.map(|route| &route.target) {
        Some(RouteTarget::TransitGateway(id)) => Some(id.as_str()),
        _ => None,
    })
}

/// What decides first, then the tables on the way, then the packets.
pub(super) fn evidence(case: &Case<'_>, blocked: &[Blocked<'_, '_>]) -> Vec<Evidence> {
    let decides = blocked.iter().filter_map(|b| {
        let resource = b.step.resource()?;
        let said = matches!(b.step.ground, Ground::Said { .. });
        let towards = if said {
            String::new()
        } else {
            format!("{} towards {}: ", resource.id, route_rows::towards(b.row, b.step))
        };
        Some(Evidence::of(format!("{towards}{}", b.step.rule()), resource))
    });
    let ways = blocked.iter().flat_map(|b| route_rows::way(b.row, b.step.kind));
    let mut rows: Vec<&Row<'_>> = Vec::new();
    for b in blocked {
        if !rows.iter().any(|row| row.ip() == b.row.ip()) {
            rows.push(b.row);
        }
    }
    words::distinct(decides.chain(ways).chain(rows.into_iter().map(|row| words::packets(case, row))))
}

/// The attachment that a denial is about, where it is about one.
pub(super) fn attachment<'a>(
    case: &Case<'a>,
    blocked: &Blocked<'_, '_>,
) -> Option<&'a TransitGatewayAttachment> {
    let about = blocked.step.resource().filter(|one| one.kind == ResourceKind::TransitGatewayAttachment)?;
    Some(case.facts.inventory.transit_gateway_attachments.known()?.get(&about.id)?)
}

pub(super) fn attachment_ref(attachment: &TransitGatewayAttachment) -> ResourceRef {
    ResourceRef::new(ResourceKind::TransitGatewayAttachment, &attachment.id)
}
