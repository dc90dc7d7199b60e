//! `route-return-missing`

use crate::{
    analyze::path::{Blocker, RouteBlocker, StepKind},
    model::finding::{Confidence, Evidence, Fix},
};

use super::{Case, Draft, Outcome, Rule, access, declare_finding, route_rows, words};

declare_finding! {
    /// ## What it means
    /// Packets reach the endpoint's interface in another VPC, and the route table of its subnet does not lead back, so the
    /// replies are lost.
    /// ## How we know
    /// The route to the address allows, the route table of the endpoint's subnet has no route for this host's address (or
    /// one that cannot carry it), and connections get no answer.
    /// ## What looks like it
    /// `endpoint-in-other-vpc`: there is no route on the way there either.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-route-tables --route-table-ids RTB --query 'RouteTables[].Routes'
    /// ## How to fix it
    /// Add a route for this host's network to the table of the endpoint's subnet, through the same peering connection or
    /// transit gateway.
    static ROUTE_RETURN_MISSING = { title: "the endpoint's subnet has no route back to this host", severity: Error, side: ConsumerVpc, layer: Route, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ROUTE_RETURN_MISSING, check);

fn check(case: &Case<'_>) -> Outcome {
    let missing = |blocker: &Blocker| {
        matches!(blocker, Blocker::Route(RouteBlocker::Missing | RouteBlocker::NotCarried))
    };
    let mut blocked = access::blocked(case, StepKind::ReturnRoute, missing)?;
    blocked.retain(|b| matches!(b.row.path.blocker_at(StepKind::ForwardRoute), Ok(None)));
    let Some((table, first)) = blocked.first().and_then(|b| Some((b.step.resource()?, b))) else {
        return Ok(None);
    };
    let source = first.row.path.source.ip;
    let way_there = route_rows::deciding(case, first.row, StepKind::ForwardRoute);
    let draft = Draft::new(
        Confidence::Confirmed,
        format!("{} has no route back to {source}, so the endpoint's replies are lost.", table.id),
    )
    .evidence([Evidence::of(format!("{} towards {source}: {}", table.id, first.step.rule()), table.clone())])
    .evidence(
        way_there.map(|(table, route)| route_rows::says(table, route, first.row, StepKind::ForwardRoute)),
    )
    .evidence(blocked.iter().map(|b| words::packets(case, b.row)))
    .explains(blocked.iter().map(|b| b.row));
    let fixes = route_rows::fixes(case, blocked.iter().map(|b| b.row));
    if fixes.is_empty() {
        let add =
            format!("Add a route for {source} (its subnet or VPC) to {}, as on the way there", table.id);
        return Ok(Some(draft.fix(Fix::text(add))));
    }
    Ok(Some(fixes.into_iter().fold(draft, Draft::fix)))
}
