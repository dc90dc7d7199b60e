//! `route-more-specific-middlebox`

use crate::{
    analyze::path::RouteBlocker,
    model::{
        finding::{Confidence, Evidence, Fix},
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{
    Case, Draft, Outcome, Row, Rule, declare_finding,
    route_rows::{self, Middlebox},
    words,
};

declare_finding! {
    /// ## What it means
    /// A route sends the packets to an appliance, a firewall endpoint or a NAT gateway and not straight to the endpoint's
    /// subnet. Everything else that can be seen allows them, so the middlebox is the first to ask.
    /// ## How we know
    /// The route that decides, there or back, names an interface, a Gateway Load Balancer endpoint or a NAT gateway; groups,
    /// ACLs and the endpoint's state allow; and connections get no answer. What the middlebox does with packets cannot be seen
    /// from here, except that an interface whose source/destination check is on forwards nothing.
    /// ## What looks like it
    /// `sg-ref-via-middlebox`: the endpoint's group admits by a reference, which does not survive the middlebox.
    /// `provider-silent`: the way is straight, and nobody answers.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-route-tables --route-table-ids RTB --query 'RouteTables[].Routes'
    ///     aws ec2 describe-network-interfaces --network-interface-ids ENI --query 'NetworkInterfaces[].[Status,SourceDestCheck]'
    /// ## How to fix it
    /// See that the appliance runs, forwards (source/destination check off) and lets this port through in both directions; or
    /// remove the route, so that the VPC's local route applies.
    static ROUTE_MORE_SPECIFIC_MIDDLEBOX = { title: "a route sends the packets through a middlebox", severity: Error, side: ConsumerVpc, layer: Route, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ROUTE_MORE_SPECIFIC_MIDDLEBOX, check);

fn check(case: &Case<'_>) -> Outcome {
    match checked(case) {
        Ok(None) => Ok(unseen(case)),
        found => found,
    }
}

/// An interface that forwards nothing: its source/destination check is on.
fn checked(case: &Case<'_>) -> Outcome {
    let blocked = route_rows::there_or_back(case, |route| *route == RouteBlocker::SourceDestCheck)?;
    let Some((first, (table, Some(route)))) =
        blocked.first().and_then(|first| Some((first, route_rows::asked(first.step)?)))
    else {
        return Ok(None);
    };
    let (table, eni) = (&table.id, route.target.id());
    let ip = route_rows::towards(first.row, first.step);
    let draft = Draft::new(
        Confidence::Confirmed,
        format!("{table} sends packets for {ip} to {eni}, which takes only what is addressed to itself."),
    )
    .evidence(words::distinct(blocked.iter().flat_map(|b| route_rows::way(b.row, b.step.kind))))
    .evidence([Evidence::of(
        format!("{eni}: its source/destination check is on"),
        ResourceRef::new(ResourceKind::NetworkInterface, eni),
    )])
    .evidence(blocked.iter().map(|b| words::packets(case, b.row)));
    let draft = route_rows::fixes(case, blocked.iter().map(|b| b.row)).into_iter().fold(draft, Draft::fix);
    Ok(Some(
        draft
            .fix(
                Fix::text(format!("Or, if {eni} is an appliance that forwards: switch the check off")).cli(
                    format!(
                        "aws ec2 modify-network-interface-attribute --network-interface-id {eni} --no-source-dest-check"
                    ),
                ),
            )
            .explains(blocked.iter().map(|b| b.row)),
    ))
}

fn unseen(case: &Case<'_>) -> Option<Draft> {
    let mut rows: Vec<(&Row<'_>, Middlebox<'_>)> = Vec::new();
    for row in case.silent() {
        rows.extend(route_rows::middlebox(case, row).map(|middlebox| (row, middlebox)));
    }
    let (_, Middlebox { table, route, .. }) = rows.first()?;
    let target = route.target.id();
    let ips = words::list(rows.iter().map(|(row, _)| row.ip()));
    let draft = Draft::new(
        Confidence::Possible,
        format!("{} sends packets for {ips} through {target}, and everything else allows them.", table.id),
    )
    .evidence(words::distinct(rows.iter().map(|(row, middlebox)| {
        route_rows::says(middlebox.table, Some(middlebox.route), row, middlebox.kind)
    })))
    .evidence([Evidence::new(format!("what {target} does with packets cannot be seen from here"))])
    .evidence(rows.iter().map(|(row, _)| words::packets(case, row)))
    .fix(Fix::text(format!(
        "See that {target} runs, forwards tcp/{} and passes the answers on; or remove the route from {}",
        case.target.target.port, table.id
    )))
    .explains(rows.iter().map(|(row, _)| *row));
    Some(draft)
}
