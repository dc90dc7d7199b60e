//! `route-edge-to-edge`

use std::net::IpAddr;

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
    /// The route leads over a peering connection to a VPC that the endpoint is not in. Peering carries packets between its two
    /// VPCs and never on to a third one, to a VPN or to a transit gateway behind them.
    /// ## How we know
    /// The route that decides, there or back, names an active peering connection, the address is in neither of its VPCs'
    /// blocks, and connections get no answer.
    /// ## What looks like it
    /// `route-missing`: the two VPCs are joined, and the route is not there.
    /// `route-peering-inactive`: the connection itself is down.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-peering-connections --vpc-peering-connection-ids PCX \
    ///       --query 'VpcPeeringConnections[].[RequesterVpcInfo.CidrBlock,AccepterVpcInfo.CidrBlock]'
    /// ## How to fix it
    /// Create an endpoint for the service in this VPC; or peer with the endpoint's VPC itself; or join all of them by a
    /// transit gateway, which does lead on.
    static ROUTE_EDGE_TO_EDGE = { title: "a peering connection does not lead on to a third VPC", severity: Error, side: ConsumerVpc, layer: Route, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ROUTE_EDGE_TO_EDGE, check);

fn check(case: &Case<'_>) -> Outcome {
    let Some(over) = route_rows::over_peering(case, |blocker| *blocker == RouteBlocker::BeyondPeering)?
    else {
        return Ok(None);
    };
    let Some((_, to)) = over.ends() else {
        return Ok(None);
    };
    let id = &over.connection.id;
    let here = case.vpc().map_or("this VPC", |vpc| vpc.as_str());
    let place = to.vpc.known().map(|vpc| format!(" in {vpc}")).unwrap_or_default();
    let why = if reaches(over.connection, to.ip) {
        format!(
            "which carries nothing that comes from beyond {}",
            over.table.vpc.as_ref().map_or("its VPC", |vpc| vpc.as_str())
        )
    } else {
        "which ends before it".to_owned()
    };
    let draft = Draft::new(
        Confidence::Confirmed,
        format!("{} sends packets for {}{place} over {id}, {why}.", over.table.id, to.ip),
    )
    .evidence(over.routes())
    .evidence([Evidence::of(
        format!("{id} carries {} and nothing beyond", ends(over.connection)),
        ResourceRef::new(ResourceKind::PeeringConnection, id),
    )])
    .evidence(over.blocked.iter().map(|b| words::packets(case, b.row)))
    .fix(Fix::text(format!(
        "Create an endpoint for the service in {here}, or join the VPCs by a transit gateway, which leads on"
    )))
    .explains(over.blocked.iter().map(|b| b.row));
    Ok(Some(draft))
}

/// The address is of one of its two VPCs, so that the other end's is not.
fn reaches(connection: &PeeringConnection, ip: IpAddr) -> bool {
    let sides = [&connection.requester, &connection.accepter];
    sides.iter().any(|side| side.cidrs.iter().any(|cidr| cidr.contains(&ip)))
}

fn ends(connection: &PeeringConnection) -> String {
    words::list([&connection.requester, &connection.accepter].map(|side| {
        let vpc = side.vpc.as_ref().map_or("a VPC", |vpc| vpc.as_str());
        format!("{} of {vpc}", words::list(&side.cidrs))
    }))
}
