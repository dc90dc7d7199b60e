//! What the findings about routes share.

use std::net::IpAddr;

use crate::{
    analyze::{
        path::{Blocker, Ground, RouteBlocker, Step, StepKind},
        place::Place,
        remedy, route,
    },
    model::{
        finding::{Confidence, Evidence, Fix},
        id::PeeringConnectionId,
        inventory::actions,
        known::{Known, Reason, Unknown},
        net,
        resource::{ResourceKind, ResourceRef},
        route::{PeeringConnection, Route, RouteTable, RouteTarget},
    },
};

use super::{
    Case, Row,
    access::{self, Blocked},
    words,
};

/// The ends of a row's path, in the direction of a step about routes.
fn ends<'r>(row: &'r Row<'_>, kind: StepKind) -> (&'r Place, &'r Place) {
    let path = &row.path;
    if kind.is_at_source() { (&path.source, &path.destination) } else { (&path.destination, &path.source) }
}

/// The table that this step asks, and the route that decides in it.
pub(super) fn deciding<'a>(
    case: &Case<'a>,
    row: &Row<'_>,
    kind: StepKind,
) -> Option<(&'a RouteTable, Option<&'a Route>)> {
    let (from, to) = ends(row, kind);
    let decision = route::decide_from(&case.facts.inventory, from, to.ip);
    decision.known().map(|decision| (decision.table.as_ref(), decision.route()))
}

/// The table that this part of a path asks, and the route that decides in it.
pub(super) fn asked(step: &Step) -> Option<(&RouteTable, Option<&Route>)> {
    let Ground::Route { table, route } = &step.ground else { return None };
    Some((table.as_ref(), route.and_then(|at| table.routes.get(at))))
}

/// What the tables on the way say, of VPCs and of transit gateways, and what else decides there.
pub(super) fn way(row: &Row<'_>, kind: StepKind) -> Vec<Evidence> {
    let parts = row.path.parts(kind).filter(|step| step.acl().is_none());
    let told = |step: &Step| match (&step.ground, step.resource()) {
        (Ground::Route { .. } | Ground::Transit { .. }, Some(table)) => {
            let fact = format!("{} towards {}: {}", table.id, towards(row, step), step.rule());
            Some(Evidence::of(fact, table))
        }
        (Ground::Said { .. }, reference) => Some(Evidence { fact: step.rule(), reference }),
        _ => None,
    };
    parts.filter_map(told).collect()
}

/// Where the packets go that this part of a path decides about: on the way back perhaps to the address that stands for
/// this host's, up to the gateway that translates it.
pub(super) fn towards(row: &Row<'_>, step: &Step) -> IpAddr {
    let path = &row.path;
    if !step.kind.is_return() {
        return path.flow.destination;
    }
    let at_home = asked(step).is_some_and(|(table, _)| table.vpc.as_ref() == path.source.vpc.known());
    if at_home { path.flow.source } else { path.seen.ip }
}

/// The route that decides at this step leads to a living target that is no peering connection.
pub(super) fn leads_elsewhere(case: &Case<'_>, row: &Row<'_>, kind: StepKind) -> bool {
    let is_route = matches!(kind, StepKind::ForwardRoute | StepKind::ReturnRoute);
    let route = deciding(case, row, kind).filter(|_| is_route).and_then(|(_, route)| route);
    route.is_some_and(|route| !route.is_blackhole() && !matches!(route.target, RouteTarget::Peering(_)))
}

/// An address that an interface of another VPC holds, and to which this subnet has no route.
pub(super) fn unrouted(case: &Case<'_>, row: &Row<'_>) -> Result<Option<Confidence>, Unknown> {
    if row.path.source.vpc.ok()? == row.path.destination.vpc.ok()? {
        return Ok(None);
    }
    match row.path.blocker_at(StepKind::ForwardRoute) {
        Ok(Some((step, Blocker::Route(RouteBlocker::Missing | RouteBlocker::NotCarried))))
            if !is_abroad(row, step) =>
        {
            Ok(Some(Confidence::Confirmed))
        }
        Ok(_) => Ok(None),
        // Public NAT gateways lead to the internet, where private addresses do not exist; private ones are rare.
        Err(why) => match deciding(case, row, StepKind::ForwardRoute) {
            Some((_, Some(Route { target: RouteTarget::NatGateway(_), .. })))
                if net::is_private(row.ip()) =>
            {
                Ok(Some(Confidence::Likely))
            }
            _ => Err(why),
        },
    }
}

/// The table is another VPC's than this host's.
pub(super) fn is_abroad(row: &Row<'_>, step: &Step) -> bool {
    let table = asked(step).and_then(|(table, _)| table.vpc.as_ref());
    table.is_some() && row.path.source.vpc.known().is_some_and(|here| table != Some(here))
}

/// What joins the VPCs of the two ends, though this subnet's routes do not use it.
pub(super) enum Connection<'a> {
    Peering(&'a PeeringConnectionId),
    /// Another table of this VPC has a route there.
    Elsewhere(&'a RouteTable, &'a Route),
}

pub(super) fn connection<'a>(case: &Case<'a>, row: &Row<'_>) -> Result<Option<Connection<'a>>, Unknown> {
    let inventory = &case.facts.inventory;
    let (here, there) = (row.path.source.vpc.ok()?, row.path.destination.vpc.ok()?);
    let peerings = inventory.peering_connections.ok();
    if let Known::Known(Some(connection)) = route::peering_between(inventory, here, there) {
        return Ok(Some(Connection::Peering(&connection.id)));
    }
    let tables = inventory.route_tables.ok()?.iter().filter(|table| table.vpc.as_ref() == Some(here));
    for table in tables {
        let decision = route::decide(inventory, table, row.ip());
        if let Some(route) = decision.known().and_then(|at| table.routes.get((*at)?))
            && !route.is_blackhole()
            && leads_out(&route.target)
        {
            return Ok(Some(Connection::Elsewhere(table, route)));
        }
    }
    peerings.map(|_| None)
}

/// Of what may lead into another VPC, the targets that a subnet was given for that.
fn leads_out(target: &RouteTarget) -> bool {
    matches!(target, RouteTarget::TransitGateway(_) | RouteTarget::VirtualPrivateGateway(_))
}

/// The appliance that a subnet's routes put between the two ends.
pub(super) struct Middlebox<'a> {
    pub(super) table: &'a RouteTable,
    pub(super) route: &'a Route,
    pub(super) kind: StepKind,
}

/// The rows that nothing visible stops and that a route sends through a middlebox, on the way there or back.
pub(super) fn middlebox<'a>(case: &Case<'a>, row: &Row<'_>) -> Option<Middlebox<'a>> {
    if row.path.blockers().next().is_some() || row.endpoint == Known::Known(None) {
        return None;
    }
    let stays = row.path.source.vpc.is_known() && row.path.source.vpc == row.path.destination.vpc;
    [StepKind::ForwardRoute, StepKind::ReturnRoute].into_iter().find_map(|kind| {
        let (table, route) = deciding(case, row, kind)?;
        let route = route.filter(|route| is_middlebox(&route.target, stays))?;
        Some(Middlebox { table, route, kind })
    })
}

fn is_middlebox(target: &RouteTarget, stays: bool) -> bool {
    match target {
        RouteTarget::NetworkInterface(_) | RouteTarget::VpcEndpoint(_) => true,
        RouteTarget::NatGateway(_) => stays,
        RouteTarget::Other(id) => id.starts_with("i-"),
        _ => false,
    }
}

/// A table's deciding route, or that there is none, as evidence.
pub(super) fn says(table: &RouteTable, route: Option<&Route>, row: &Row<'_>, kind: StepKind) -> Evidence {
    let (_, to) = ends(row, kind);
    let rule = route.map_or("no route matches".to_owned(), route::describe);
    Evidence::of(
        format!("{} towards {}: {rule}", table.id, to.ip),
        ResourceRef::new(ResourceKind::RouteTable, &table.id),
    )
}

/// The changes to route tables that lead these rows over the peering connection between the two VPCs, there and back.
pub(super) fn fixes<'r>(case: &Case<'_>, rows: impl IntoIterator<Item = &'r Row<'r>>) -> Vec<Fix> {
    let paths: Vec<_> = rows.into_iter().map(|row| &row.path).collect();
    remedy::routes(&case.facts.inventory, &paths).into_iter().map(access::fix).collect()
}

/// Rows that the peering connection on their way does not carry, there or else back.
pub(super) struct OverPeering<'c, 'a> {
    pub(super) blocked: Vec<Blocked<'c, 'a>>,
    pub(super) table: &'c RouteTable,
    pub(super) connection: &'a PeeringConnection,
}

impl OverPeering<'_, '_> {
    /// What decides, as evidence.
    pub(super) fn routes(&self) -> Vec<Evidence> {
        words::distinct(self.blocked.iter().flat_map(|b| way(b.row, b.step.kind)))
    }

    /// The ends of the first row's way, in the direction that fails.
    pub(super) fn ends(&self) -> Option<(&Place, &Place)> {
        self.blocked.first().map(|first| ends(first.row, first.step.kind))
    }
}

pub(super) fn over_peering<'c, 'a>(
    case: &'c Case<'a>,
    fails: impl Fn(&RouteBlocker) -> bool,
) -> Result<Option<OverPeering<'c, 'a>>, Unknown> {
    let blocked = there_or_back(case, fails)?;
    let Some((table, Some(route))) = blocked.first().and_then(|b| asked(b.step)) else {
        return Ok(None);
    };
    let RouteTarget::Peering(id) = &route.target else {
        return Ok(None);
    };
    let all = case.facts.inventory.peering_connections.ok()?;
    let absent = || Unknown::new(actions::PEERING_CONNECTIONS, Reason::Absent);
    let connection = all.get(id.as_str()).ok_or_else(absent)?;
    Ok(Some(OverPeering { blocked, table, connection }))
}

/// Rows that a route on their way there, or else on the way back, stops in the way `fails` wants.
pub(super) fn there_or_back<'c, 'a>(
    case: &'c Case<'a>,
    fails: impl Fn(&RouteBlocker) -> bool,
) -> Result<Vec<Blocked<'c, 'a>>, Unknown> {
    let accept = |blocker: &Blocker| matches!(blocker, Blocker::Route(route) if fails(route));
    let blocked = access::blocked(case, StepKind::ForwardRoute, accept)?;
    if blocked.is_empty() { access::blocked(case, StepKind::ReturnRoute, accept) } else { Ok(blocked) }
}
