//! `route-missing`

use crate::{
    analyze::{
        path::{Blocker, RouteBlocker, StepKind},
        route,
    },
    model::{
        finding::{Change, Confidence, Evidence, Fix},
        known::Known,
        net,
        resource::{ResourceKind, ResourceRef},
        route::RouteTarget,
    },
};

use super::{
    Case, Draft, Outcome, Row, Rule,
    access::{self, Blocked},
    dead_end::{self, DeadEnd},
    declare_finding,
    route_rows::{self, Connection},
    words,
};

declare_finding! {
    /// ## What it means
    /// The endpoint is in another VPC, and the two are connected; but the route table of this host's subnet has no route that
    /// uses the connection. Packets go nowhere, or to a gateway that does not carry private addresses. The same where a table
    /// further on does not lead on, where the gateway is attached to no VPC, or where an internet gateway meets a source without
    /// a public address.
    /// ## How we know
    /// An interface of another VPC holds the address, an active peering connection joins the two VPCs (or another table of
    /// this VPC has a route there), no route of this subnet's table leads to it, and connections get no answer. Or the route
    /// that decides, in this subnet's table or one further on, leads to a gateway that drops these packets. Where nobody is
    /// known to hold the address, no more than possible: the name may be what is wrong.
    /// ## What looks like it
    /// `endpoint-in-other-vpc`: nothing joins the two VPCs.
    /// `route-return-missing`: the way there exists, the way back does not.
    /// `route-blackhole`, `route-peering-inactive`: there is a route, and it leads nowhere.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-route-tables --route-table-ids RTB --query 'RouteTables[].Routes'
    ///     aws ec2 describe-vpc-peering-connections --query 'VpcPeeringConnections[].[VpcPeeringConnectionId,Status.Code]'
    /// ## How to fix it
    /// Add the route to the table of this subnet (a subnet without a table of its own uses the VPC's main table), and see
    /// that the table of the endpoint's subnet has the way back.
    static ROUTE_MISSING = { title: "this subnet has no route to the endpoint's VPC", severity: Error, side: ConsumerVpc, layer: Route, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ROUTE_MISSING, check);

fn check(case: &Case<'_>) -> Outcome {
    let mut rows: Vec<(&Row<'_>, Connection<'_>, Confidence)> = Vec::new();
    let mut undecided = None;
    for row in case.silent().filter(|row| row.eni.known().is_some_and(Option::is_some)) {
        match route_rows::unrouted(case, row) {
            Ok(Some(confidence)) => match route_rows::connection(case, row) {
                Ok(Some(connection)) => rows.push((row, connection, confidence)),
                Ok(None) => {}
                Err(why) => undecided = Some(why),
            },
            Ok(None) => {}
            Err(why) => undecided = Some(why),
        }
    }
    let Some((first, connection, _)) = rows.first() else {
        let dead_end = ends_dead(case);
        return match (dead_end, undecided) {
            (Ok(None), Some(why)) => Err(why),
            (dead_end, _) => dead_end,
        };
    };
    let confidence = rows.iter().map(|(_, _, confidence)| *confidence).min().unwrap_or(Confidence::Possible);
    let block = route::block_of(&case.facts.inventory, &first.path.destination);
    let Some((table, _)) = route_rows::deciding(case, first, StepKind::ForwardRoute) else {
        return Ok(None);
    };
    let table = &table.id;
    let there = first.path.destination.vpc.known().map_or("the endpoint's VPC", |vpc| vpc.as_str());
    let draft = Draft::new(
        confidence,
        format!("{table} has no route to {block} in {there}, though {}.", joins(connection)),
    )
    .evidence(words::distinct(rows.iter().flat_map(|(row, ..)| route_rows::way(row, StepKind::ForwardRoute))))
    .evidence([evidence(connection)])
    .evidence(rows.iter().map(|(row, ..)| words::packets(case, row)))
    .explains(rows.iter().map(|(row, ..)| *row));
    let mut fixes = route_rows::fixes(case, rows.iter().map(|(row, ..)| *row));
    if fixes.is_empty() {
        let target = target(connection);
        fixes.push(access::fix(Change::AddRoute { table: table.clone(), destination: block, target }));
        if let Ok(Some(_)) = first.path.blocker_at(StepKind::ReturnRoute) {
            let source = first.path.source.ip;
            let back = format!("Add the way back to {source} to the table of the endpoint's subnet as well");
            fixes.push(Fix::text(back));
        }
    }
    Ok(Some(fixes.into_iter().fold(draft, Draft::fix)))
}

/// What nothing is known to join to this subnet, or what a gateway or another VPC's table does not pass on.
fn ends_dead(case: &Case<'_>) -> Outcome {
    let lost = |blocker: &Blocker| matches!(blocker, Blocker::Route(route) if dead_end::is_one(route));
    let mut blocked = access::blocked(case, StepKind::ForwardRoute, lost)?;
    // Who was never meant needs no route.
    blocked.retain(|one| is_clear(one) && !case.is_of_other_name(one.row.ip()));
    let Some((first, end)) = blocked.first().and_then(|first| Some((first, DeadEnd::of(first)?))) else {
        return Ok(None);
    };
    let way = blocked.iter().flat_map(|b| route_rows::way(b.row, StepKind::ForwardRoute));
    let confidence = match (&first.row.eni, net::is_private(first.row.ip())) {
        (Known::Known(Some(_)), true) => Confidence::Confirmed,
        // The gateway drops; but the name may be what is wrong.
        (Known::Known(_), false) => Confidence::Likely,
        // Whether anybody is there at all, nothing tells.
        _ => Confidence::Possible,
    };
    let nobody = first.row.eni == Known::Known(None) && net::is_private(first.row.ip());
    let holder = if nobody { ", and no network interface that was read holds it" } else { "" };
    let draft = Draft::new(confidence, words::sentence(&format!("{}{holder}", end.describe())))
        .evidence(words::distinct(std::iter::once(end.decides()).chain(way)))
        .evidence(end.gateway(case))
        .evidence(blocked.iter().map(|b| words::packets(case, b.row)))
        .explains(blocked.iter().map(|b| b.row));
    let fixes = route_rows::fixes(case, blocked.iter().map(|b| b.row));
    Ok(Some(if fixes.is_empty() { draft.fix(end.fix()) } else { fixes.into_iter().fold(draft, Draft::fix) }))
}

/// A table that leaves the endpoint's VPC out is told with what joins the two, or as an endpoint of another VPC; and
/// nobody knows of a public address that it should be reached from here.
fn is_clear(one: &Blocked<'_, '_>) -> bool {
    let unmet = matches!(one.blocker, Blocker::Route(RouteBlocker::Missing | RouteBlocker::NotCarried));
    let unheld = net::is_private(one.row.ip()) && !matches!(one.row.eni, Known::Known(Some(_)));
    !unmet || unheld || route_rows::is_abroad(one.row, one.step)
}

fn target(connection: &Connection<'_>) -> RouteTarget {
    match connection {
        Connection::Peering(id) => RouteTarget::Peering((*id).clone()),
        Connection::Elsewhere(_, route) => route.target.clone(),
    }
}

fn joins(connection: &Connection<'_>) -> String {
    match connection {
        Connection::Peering(id) => format!("{id} joins the two VPCs"),
        Connection::Elsewhere(table, route) => format!("{} has one over {}", table.id, route.target.id()),
    }
}

fn evidence(connection: &Connection<'_>) -> Evidence {
    match connection {
        Connection::Peering(id) => Evidence::of(
            format!("{id} between the two VPCs is active"),
            ResourceRef::new(ResourceKind::PeeringConnection, id),
        ),
        Connection::Elsewhere(table, route) => Evidence::of(
            format!("{}: {}", table.id, route::describe(route)),
            ResourceRef::new(ResourceKind::RouteTable, &table.id),
        ),
    }
}
