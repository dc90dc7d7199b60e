//! `route-blackhole`

use crate::{
    analyze::{
        path::{Blocker, RouteBlocker},
        route,
    },
    model::{
        finding::{Confidence, Evidence, Fix},
        resource::{ResourceKind, ResourceRef},
        route::Route,
    },
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, route_rows, words};

declare_finding! {
    /// ## What it means
    /// The route that decides for this address is a blackhole: its target (a peering connection, gateway or interface) is
    /// gone. It still wins over shorter prefixes, and drops without an answer. A NAT gateway that failed or was deleted
    /// drops likewise, though its route may look alive.
    /// ## How we know
    /// The longest matching route of a table on the way there or back has state blackhole, or leads to a NAT gateway whose
    /// state is not available, and connections get no answer.
    /// ## What looks like it
    /// `endpoint-in-other-vpc`, `route-missing`: no route leads there at all.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-route-tables --route-table-ids RTB --query 'RouteTables[].Routes'
    ///     aws ec2 describe-nat-gateways --nat-gateway-ids NAT --query 'NatGateways[].[State,FailureMessage]'
    /// ## How to fix it
    /// Delete the route, or replace it by one with a living target.
    static ROUTE_BLACKHOLE = { title: "the route to the address leads nowhere", severity: Error, side: ConsumerVpc, layer: Route, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ROUTE_BLACKHOLE, check);

fn check(case: &Case<'_>) -> Outcome {
    let dead =
        |route: &RouteBlocker| matches!(route, RouteBlocker::Blackhole | RouteBlocker::NatUnavailable { .. });
    let blocked = route_rows::there_or_back(case, dead)?;
    let Some((first, (table, Some(route)))) =
        blocked.first().and_then(|first| Some((first, route_rows::asked(first.step)?)))
    else {
        return Ok(None);
    };
    let rule = first.step.rule();
    let (summary, confidence) = match first.blocker {
        Blocker::Route(RouteBlocker::NatUnavailable { state }) => {
            let nat = route.target.id();
            (format!("{} sends these packets to {nat}, whose state is {state}.", table.id), of_state(state))
        }
        _ => (format!("{} sends these packets into a blackhole: {rule}.", table.id), Confidence::Confirmed),
    };
    let draft = Draft::new(confidence, summary)
        .evidence([Evidence { fact: format!("{}: {rule}", table.id), reference: first.step.resource() }])
        .evidence(gateway(first.blocker, route))
        .evidence(living(case, first.row))
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

/// One that is going may still pass packets on, and one that is coming may already.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGateway.html>
fn of_state(state: &str) -> Confidence {
    let dead = ["failed", "deleted"].iter().any(|dead| state.eq_ignore_ascii_case(dead));
    if dead { Confidence::Confirmed } else { Confidence::Likely }
}

fn gateway(blocker: &Blocker, route: &Route) -> Option<Evidence> {
    let Blocker::Route(RouteBlocker::NatUnavailable { state }) = blocker else { return None };
    let nat = route.target.id();
    Some(Evidence::of(format!("{nat} has state {state}"), ResourceRef::new(ResourceKind::Gateway, nat)))
}

/// The connection that the route could lead over.
fn living(case: &Case<'_>, row: &Row<'_>) -> Option<Evidence> {
    let (here, there) = (row.path.source.vpc.known()?, row.path.destination.vpc.known()?);
    let connection = route::peering_between(&case.facts.inventory, here, there);
    let id = &(*connection.known()?)?.id;
    let fact = format!("{id} joins {here} and {there} and is active");
    Some(Evidence::of(fact, ResourceRef::new(ResourceKind::PeeringConnection, id)))
}
