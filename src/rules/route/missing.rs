//! `route-missing`

use crate::{
    analyze::{path::StepKind, route},
    model::{
        finding::{Change, Confidence, Evidence, Fix},
        resource::{ResourceKind, ResourceRef},
        route::RouteTarget,
    },
};

use super::{
    Case, Draft, Outcome, Row, Rule, access, declare_finding,
    route_rows::{self, Connection},
    words,
};

declare_finding! {
    /// ## What it means
    /// The endpoint is in another VPC, and the two are connected; but the route table of this host's subnet has no route that
    /// uses the connection. Packets go nowhere, or to a gateway that does not carry private addresses.
    /// ## How we know
    /// An interface of another VPC holds the address, an active peering connection joins the two VPCs (or another table of
    /// this VPC has a route there), no route of this subnet's table leads to it, and connections get no answer.
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
        return undecided.map_or(Ok(None), Err);
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
    .evidence(words::distinct(rows.iter().filter_map(|(row, ..)| {
        let (table, route) = route_rows::deciding(case, row, StepKind::ForwardRoute)?;
        Some(route_rows::says(table, route, row, StepKind::ForwardRoute))
    })))
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
