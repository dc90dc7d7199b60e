//! `route-blackhole`

use crate::{
    analyze::{
        path::{Blocker, RouteBlocker, StepKind},
        route,
    },
    model::{
        finding::{Confidence, Evidence, Fix},
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Row, Rule, access, declare_finding, route_rows, words};

declare_finding! {
    /// ## What it means
    /// The route that decides for this address is a blackhole: its target (a peering connection, gateway or interface) is
    /// gone. It still wins over shorter prefixes, and drops without an answer.
    /// ## How we know
    /// The longest matching route of the subnet's table has state blackhole, and connections get no answer.
    /// ## What looks like it
    /// `endpoint-in-other-vpc`, `route-missing`: no route leads there at all.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-route-tables --route-table-ids RTB --query 'RouteTables[].Routes'
    /// ## How to fix it
    /// Delete the route, or replace it by one with a living target.
    static ROUTE_BLACKHOLE = { title: "the route to the address leads nowhere", severity: Error, side: ConsumerVpc, layer: Route, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ROUTE_BLACKHOLE, check);

fn check(case: &Case<'_>) -> Outcome {
    let blackhole = |blocker: &Blocker| *blocker == Blocker::Route(RouteBlocker::Blackhole);
    let mut blocked = access::blocked(case, StepKind::ForwardRoute, blackhole)?;
    if blocked.is_empty() {
        blocked = access::blocked(case, StepKind::ReturnRoute, blackhole)?;
    }
    let Some(table) = blocked.first().and_then(|b| b.step.resource()) else {
        return Ok(None);
    };
    let rule = blocked.first().map(|b| b.step.rule()).unwrap_or_default();
    let draft = Draft::new(
        Confidence::Confirmed,
        format!("{} sends these packets into a blackhole: {rule}.", table.id),
    )
    .evidence([Evidence::of(format!("{}: {rule}", table.id), table.clone())])
    .evidence(blocked.first().and_then(|b| living(case, b.row)))
    .evidence(blocked.iter().map(|b| words::packets(case, b.row)))
    .explains(blocked.iter().map(|b| b.row));
    let fixes = route_rows::fixes(case, blocked.iter().map(|b| b.row));
    if fixes.is_empty() {
        let replace = format!(
            "Replace the route {rule} in {} by one with a living target; or delete it, where another route leads there",
            table.id
        );
        return Ok(Some(draft.fix(Fix::text(replace))));
    }
    Ok(Some(fixes.into_iter().fold(draft, Draft::fix)))
}

/// The connection that the route could lead over.
fn living(case: &Case<'_>, row: &Row<'_>) -> Option<Evidence> {
    let (here, there) = (row.path.source.vpc.known()?, row.path.destination.vpc.known()?);
    let connection = route::peering_between(&case.facts.inventory, here, there);
    let id = &(*connection.known()?)?.id;
    let fact = format!("{id} joins {here} and {there} and is active");
    Some(Evidence::of(fact, ResourceRef::new(ResourceKind::PeeringConnection, id)))
}
