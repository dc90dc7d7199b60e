//! What the findings about gateway endpoints share: such an endpoint is a route, and nothing else leads to it.

use crate::{
    analyze::{
        path::StepKind::{SourceAclEgress, SourceGroupEgress},
        route,
    },
    model::{
        known::Unknown,
        route::{RouteTable, RouteTarget},
    },
};

use super::{Case, Row};

/// Where the route table of this host's subnet sends public addresses.
pub(super) enum Way<'a> {
    /// Through a gateway endpoint.
    Gateway,
    /// Through a NAT gateway or the like, where they could have got an answer too.
    Elsewhere(&'a RouteTable),
    Nowhere(&'a RouteTable),
}

pub(super) fn way<'a>(case: &Case<'a>, public: &[&Row<'_>]) -> Result<Way<'a>, Unknown> {
    let (inventory, vantage) = (&case.facts.inventory, &case.facts.vantage);
    let table = *route::table_of(inventory, vantage.subnet.ok()?, vantage.vpc.ok()?).ok()?;
    let mut elsewhere = false;
    for row in public {
        match route::decide(inventory, table, row.ip()).ok()?.map(|at| &table.routes[at].target) {
            Some(RouteTarget::VpcEndpoint(id)) if route::is_gateway(inventory, id) => {
                return Ok(Way::Gateway);
            }
            way => elsewhere |= way.is_some(),
        }
    }
    Ok(if elsewhere { Way::Elsewhere(table) } else { Way::Nowhere(table) })
}

/// This host's own group or subnet keeps the packets from whatever the route leads to.
pub(super) fn is_stopped_before_route(row: &Row<'_>) -> bool {
    row.path.blockers().any(|(step, _)| [SourceGroupEgress, SourceAclEgress].contains(&step.kind))
}
