//! `route-peering-inactive`

use crate::{
    analyze::path::RouteBlocker,
    model::{
        finding::{Confidence, Evidence, Fix},
        resource::{ResourceKind, ResourceRef},
        route::PeeringConnection,
    },
};

use super::{Case, Draft, Outcome, Rule, declare_finding, route_rows, words};

declare_finding! {
    /// ## What it means
    /// The route to the endpoint's VPC leads over a peering connection that is not active: never accepted, rejected, expired
    /// or deleted. It carries nothing in either direction.
    /// ## How we know
    /// The route that decides, there or back, names a peering connection whose status is not active, and connections get no
    /// answer.
    /// ## What looks like it
    /// `route-missing`: there is no route. `route-blackhole`: EC2 itself marks the route as leading nowhere.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-peering-connections --vpc-peering-connection-ids PCX --query 'VpcPeeringConnections[].Status'
    /// ## How to fix it
    /// pending-acceptance: the owner of the accepter VPC accepts. Anything else: request a new connection, have it accepted,
    /// and point the routes of both sides at it.
    static ROUTE_PEERING_INACTIVE = { title: "the peering connection on the way is not active", severity: Error, side: ConsumerVpc, layer: Route, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ROUTE_PEERING_INACTIVE, check);

fn check(case: &Case<'_>) -> Outcome {
    let inactive = |blocker: &RouteBlocker| matches!(blocker, RouteBlocker::PeeringInactive { .. });
    let Some(over) = route_rows::over_peering(case, inactive)? else {
        return Ok(None);
    };
    let (id, status) = (&over.connection.id, &over.connection.status);
    let draft = Draft::new(
        Confidence::Confirmed,
        format!("{} sends these packets over {id}, which is {status}: it carries nothing.", over.table.id),
    )
    .evidence([Evidence::of(
        format!("{id} is {status}"),
        ResourceRef::new(ResourceKind::PeeringConnection, id),
    )])
    .evidence(over.routes())
    .evidence(over.blocked.iter().map(|b| words::packets(case, b.row)))
    .fix(fix(over.connection))
    .explains(over.blocked.iter().map(|b| b.row));
    Ok(Some(draft))
}

fn fix(connection: &PeeringConnection) -> Fix {
    let id = &connection.id;
    let name = |vpc: &Option<crate::model::id::VpcId>, other: &str| {
        vpc.as_ref().map_or_else(|| other.to_owned(), ToString::to_string)
    };
    let accepter = name(&connection.accepter.vpc, "the accepter VPC");
    if connection.status.eq_ignore_ascii_case("pending-acceptance") {
        return Fix::text(format!("The owner of {accepter} accepts {id}")).cli(format!(
            "aws ec2 accept-vpc-peering-connection --vpc-peering-connection-id {id}   # run by the owner of {accepter}"
        ));
    }
    let requester = name(&connection.requester.vpc, "REQUESTER_VPC");
    Fix::text(format!(
        "Connect {requester} and {accepter} again, and point the routes of both sides at the new connection"
    ))
    .cli(format!("aws ec2 create-vpc-peering-connection --vpc-id {requester} --peer-vpc-id {accepter}"))
}
