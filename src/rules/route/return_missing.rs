//! `route-return-missing`

use crate::{
    analyze::path::{Blocker, StepKind},
    model::finding::Confidence,
};

use super::{
    Case, Draft, Outcome, Rule, access,
    dead_end::{self, DeadEnd},
    declare_finding, route_rows, words,
};

declare_finding! {
    /// ## What it means
    /// Packets reach the endpoint's interface in another VPC, and the route table of its subnet, or one further on, does not
    /// lead back, so the replies are lost.
    /// ## How we know
    /// No route stops the way there; a table on the way back has no route for this host's address, or one to a gateway that
    /// cannot carry it, or one that leads into another VPC; and connections get no answer.
    /// ## What looks like it
    /// `endpoint-in-other-vpc`: there is no route on the way there either.
    /// `tgw-route-missing`: it is the transit gateway's table that does not lead back.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-route-tables --route-table-ids RTB --query 'RouteTables[].Routes'
    /// ## How to fix it
    /// Add a route for this host's network to the table of the endpoint's subnet, through the same peering connection or
    /// transit gateway.
    static ROUTE_RETURN_MISSING = { title: "the endpoint's subnet has no route back to this host", severity: Error, side: ConsumerVpc, layer: Route, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ROUTE_RETURN_MISSING, check);

fn check(case: &Case<'_>) -> Outcome {
    let lost = |blocker: &Blocker| matches!(blocker, Blocker::Route(route) if dead_end::is_one(route));
    let mut blocked = access::blocked(case, StepKind::ReturnRoute, lost)?;
    // Where a route stops the way there, what mends that leads both ways.
    blocked.retain(|b| {
        let there = b.row.path.blocker_at(StepKind::ForwardRoute);
        !matches!(there, Ok(Some((_, Blocker::Route(_)))))
    });
    let Some((first, end)) = blocked.first().and_then(|first| Some((first, DeadEnd::of(first)?))) else {
        return Ok(None);
    };
    let back = blocked.iter().flat_map(|b| route_rows::way(b.row, StepKind::ReturnRoute));
    let there = route_rows::way(first.row, StepKind::ForwardRoute);
    let draft = Draft::new(Confidence::Confirmed, words::sentence(&end.describe()))
        .evidence(words::distinct(std::iter::once(end.decides()).chain(back).chain(there)))
        .evidence(end.gateway(case))
        .evidence(blocked.iter().map(|b| words::packets(case, b.row)))
        .explains(blocked.iter().map(|b| b.row));
    let fixes = route_rows::fixes(case, blocked.iter().map(|b| b.row));
    Ok(Some(if fixes.is_empty() { draft.fix(end.fix()) } else { fixes.into_iter().fold(draft, Draft::fix) }))
}
