//! The route tables at both ends, and the peering connections they lead to.

use std::net::IpAddr;

use crate::{
    analyze::route,
    model::{
        difference::{Difference, DifferenceKind},
        id::{PeeringConnectionId, RouteTableId, SubnetId, VpcId},
        known::Known,
        resource::{ResourceKind, ResourceRef},
        route::{Route, RouteTable, RouteTarget},
    },
};

use super::{Both, apart, part, side::Side};

pub(super) fn at_source(both: &Both<'_>) -> Vec<Difference> {
    tables(both, Side::source_subnets, &both.either(Side::endpoint_addresses))
}

/// The way back.
pub(super) fn at_endpoint(both: &Both<'_>) -> Vec<Difference> {
    tables(both, Side::endpoint_subnets, &both.either(Side::source_addresses))
}

fn tables<'a>(
    both: &Both<'a>,
    subnets: impl Fn(&Side<'a>) -> Vec<(SubnetId, VpcId)>,
    towards: &[IpAddr],
) -> Vec<Difference> {
    let mut all = Vec::new();
    let mut compared: Vec<RouteTableId> = Vec::new();
    for (subnet, vpc) in both.either(subnets) {
        let table =
            |side: &Side<'_>| route::table_of(side.inventory(), &subnet, &vpc).known().map(|t| t.id.clone());
        let (Some(then), Some(now)) = (table(&both.then), table(&both.now)) else { continue };
        if then != now {
            let fact = format!("{subnet} has route table {now}, no longer {then}");
            let told = Difference::new(DifferenceKind::RouteTable, fact)
                .at(ResourceRef::new(ResourceKind::Subnet, &subnet))
                .about([&then, &now]);
            all.push(told.from(then.as_str()).to(now.as_str()));
        }
        for id in [then, now] {
            if !compared.contains(&id) {
                all.extend(routes(both, &id, towards));
                compared.push(id);
            }
        }
    }
    all
}

/// Routes that could carry packets to these addresses. Others come and go by the hour where they are propagated.
fn routes(both: &Both<'_>, id: &RouteTableId, towards: &[IpAddr]) -> Vec<Difference> {
    let (Some(then), Some(now)) = (relevant(&both.then, id, towards), relevant(&both.now, id, towards))
    else {
        return Vec::new();
    };
    let (lost, gained) = apart(&then, &now);
    let reference = || ResourceRef::new(ResourceKind::RouteTable, id);
    let told = |before: Option<&Route>, after: Option<&Route>| {
        let (before, after) = (before.map(route::describe), after.map(route::describe));
        let told = part(DifferenceKind::Route, id.as_str(), reference(), before, after);
        // Where only its origin differs, a route still leads where it led.
        (told.before != told.after).then_some(told)
    };
    let same_way = |a: &Route, b: &Route| a.destination == b.destination;
    let replaced = lost.iter().map(|old| told(Some(old), gained.iter().find(|new| same_way(old, new))));
    let fresh = gained.iter().filter(|new| !lost.iter().any(|old| same_way(old, new)));
    replaced.chain(fresh.map(|new| told(None, Some(new)))).flatten().collect()
}

fn relevant(side: &Side<'_>, id: &RouteTableId, towards: &[IpAddr]) -> Option<Vec<Route>> {
    let inventory = side.inventory();
    let table: &RouteTable = inventory.route_table(id)?;
    let bears = |route: &&Route| towards.iter().any(|ip| route::may_decide(inventory, route, *ip));
    Some(table.routes.iter().filter(bears).cloned().collect())
}

/// The state of the connections that routes at either end lead into.
pub(super) fn peerings(both: &Both<'_>) -> Vec<Difference> {
    both.either(peerings_of).iter().filter_map(|id| peering(both, id)).collect()
}

fn peerings_of(side: &Side<'_>) -> Vec<PeeringConnectionId> {
    let ends = [
        (side.source_subnets(), side.endpoint_addresses()),
        (side.endpoint_subnets(), side.source_addresses()),
    ];
    let mut all = Vec::new();
    for (subnets, towards) in ends {
        for (subnet, vpc) in subnets {
            let Known::Known(table) = route::table_of(side.inventory(), &subnet, &vpc) else { continue };
            let routes = relevant(side, &table.id, &towards).unwrap_or_default();
            all.extend(routes.into_iter().filter_map(|route| match route.target {
                RouteTarget::Peering(id) => Some(id),
                _ => None,
            }));
        }
    }
    all
}

fn peering(both: &Both<'_>, id: &PeeringConnectionId) -> Option<Difference> {
    let status = |side: &Side<'_>| {
        let all = side.inventory().peering_connections.known()?;
        Some(all.iter().find(|connection| connection.id == *id).map(|found| found.status.clone()))
    };
    let (before, after) = (status(&both.then)?, status(&both.now)?);
    if before == after {
        return None;
    }
    let fact = match (&before, &after) {
        (Some(before), Some(after)) => format!("peering connection {id} is {after}, formerly {before}"),
        (Some(before), None) => format!("peering connection {id} is gone, formerly {before}"),
        (None, _) => format!("peering connection {id} is new"),
    };
    let reference = ResourceRef::new(ResourceKind::PeeringConnection, id);
    Some(Difference {
        before,
        after,
        ..Difference::new(DifferenceKind::PeeringConnection, fact).at(reference)
    })
}
