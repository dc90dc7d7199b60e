//! Where does a route table send a packet?
//!
//! The longest matching prefix wins; of one length, a static route goes before one by a prefix list, and that before
//! a propagated one. A VPC's own ranges stay local whatever is propagated. A blackhole wins like any other and drops.
//! <https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html>

use std::{net::IpAddr, sync::Arc};

use super::place::Place;
use crate::model::{
    endpoint::{EndpointKind, VpcEndpoint},
    id::{PrefixListId, SubnetId, VpcId},
    inventory::{Inventory, actions},
    known::{Known, Reason, Unknown},
    net,
    route::{PeeringConnection, Route, RouteDestination, RouteTable, RouteTarget},
    transit::{TransitGatewayRoute, TransitGatewayRouteTable},
};

/// The table and, in it, the route that decides; none means that nothing matches.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteDecision<'a> {
    pub table: &'a Arc<RouteTable>,
    pub position: Option<usize>,
}

impl<'a> RouteDecision<'a> {
    pub fn route(&self) -> Option<&'a Route> {
        self.table.routes.get(self.position?)
    }
}

/// The table of a subnet: its own, otherwise its VPC's main one.
pub fn table_of<'a>(inventory: &'a Inventory, subnet: &SubnetId, vpc: &VpcId) -> Known<&'a Arc<RouteTable>> {
    inventory.route_tables.as_ref().and_then(|tables| {
        let main = || tables.linked(vpc.as_str()).next();
        match tables.linked(subnet.as_str()).next().or_else(main) {
            Some(table) => Known::Known(table),
            None => Known::unknown(actions::ROUTE_TABLES, Reason::Absent),
        }
    })
}

/// The table of a place, and the route in it that decides for a destination.
pub fn decide_from<'a>(inventory: &'a Inventory, from: &Place, ip: IpAddr) -> Known<RouteDecision<'a>> {
    let table = match (from.subnet.ok(), from.vpc.ok()) {
        (Ok(subnet), Ok(vpc)) => table_of(inventory, subnet, vpc),
        (_, Err(why)) | (Err(why), _) => Known::Unknown(why),
    };
    table.and_then(|table| decide(inventory, table, ip).map(|position| RouteDecision { table, position }))
}

/// The position of the route that decides for a destination. One that cannot be read, or whose prefix list is not known, might
/// decide, so that nothing else does.
pub fn decide(inventory: &Inventory, table: &RouteTable, ip: IpAddr) -> Known<Option<usize>> {
    let mut best: Option<(Rank, usize)> = None;
    let mut tie = None;
    let local = stays_local(table, ip);
    let candidates = table.routes.iter().enumerate().filter(|(_, route)| may_carry(inventory, route, ip));
    for (at, route) in candidates.filter(|(_, route)| !(local && gives_way_to_local(route))) {
        let length = match match_length(inventory, &route.destination, ip) {
            Ok(Some(length)) => length,
            Ok(None) => continue,
            Err(why) => return Known::Unknown(why),
        };
        let rank = Rank::of(route, length);
        match best {
            Some((best, _)) if rank < best => {}
            Some((same, other)) if rank == same => {
                if table.routes[other].target != route.target {
                    tie = Some((rank, other, at));
                }
            }
            _ => best = Some((rank, at)),
        }
    }
    if let (Some((rank, one, other)), Some((best, _))) = (tie, best)
        && rank == best
    {
        let (one, other) = (&table.routes[one], &table.routes[other]);
        return Known::unknown(
            format!("which of two routes of {} decides", table.id),
            Reason::Ambiguous { candidates: vec![describe(one), describe(other)] },
        );
    }
    Known::Known(best.map(|(_, at)| at))
}

/// The greater wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    length: u8,
    priority: Priority,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Priority {
    Propagated,
    PrefixList,
    Static,
}

impl Rank {
    fn of(route: &Route, length: u8) -> Self {
        let priority = match route.destination {
            _ if route.is_propagated() => Priority::Propagated,
            RouteDestination::PrefixList(_) => Priority::PrefixList,
            RouteDestination::Cidr(_) | RouteDestination::Other(_) => Priority::Static,
        };
        Self { length, priority }
    }
}

/// The address is in one of the VPC's own ranges.
fn stays_local(table: &RouteTable, ip: IpAddr) -> bool {
    let is_local = |route: &Route| matches!((&route.destination, &route.target), (RouteDestination::Cidr(cidr), RouteTarget::Local) if cidr.contains(&ip));
    table.routes.iter().any(is_local)
}

/// "The local route is most preferred even if the propagated routes are more specific."
/// <https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-route-priority.html>
/// Nor may a route by prefix list go before it: only one for a whole subnet may.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html>
fn gives_way_to_local(route: &Route) -> bool {
    route.is_propagated() || matches!(route.destination, RouteDestination::PrefixList(_))
}

/// The prefix lists that lead to gateway endpoints hold public addresses of S3 and DynamoDB alone: for a private
/// address such a route is out of the question, even when its list was not read.
fn may_carry(inventory: &Inventory, route: &Route, ip: IpAddr) -> bool {
    let (RouteTarget::VpcEndpoint(id), RouteDestination::PrefixList(list)) =
        (&route.target, &route.destination)
    else {
        return true;
    };
    let of_aws = || inventory.prefix_list(list).is_some_and(|list| list.name.starts_with("com.amazonaws."));
    !(net::is_private(ip) && (is_gateway(inventory, id) || of_aws()))
}

/// The prefix length with which a route matches, or that it does not.
fn match_length(
    inventory: &Inventory,
    destination: &RouteDestination,
    ip: IpAddr,
) -> Result<Option<u8>, Unknown> {
    match destination {
        RouteDestination::Cidr(cidr) => Ok(cidr.contains(&ip).then(|| cidr.prefix_len())),
        RouteDestination::PrefixList(id) => {
            let unknown = || Unknown::new(actions::PREFIX_LIST_ENTRIES, Reason::Absent);
            let list = inventory.prefix_list(id).ok_or_else(unknown)?;
            let entries = list.entries_for(ip);
            let matching = entries.ok()?.iter().filter(|net| net.contains(&ip));
            Ok(matching.map(ipnet::IpNet::prefix_len).max())
        }
        RouteDestination::Other(text) => {
            let message = format!("a route's destination cannot be read: {text:?}");
            Err(Unknown::new(actions::ROUTE_TABLES, Reason::Failed { message }))
        }
    }
}

/// The route of a transit gateway's table that decides: the longest prefix, static before propagated.
/// <https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html#tgw-route-evaluation-overview>
pub fn decide_transit(
    inventory: &Inventory,
    table: &TransitGatewayRouteTable,
    ip: IpAddr,
) -> Known<Option<usize>> {
    let routes = match table.routes.ok() {
        Ok(routes) => routes,
        Err(why) => return Known::Unknown(why),
    };
    let mut best: Option<(u8, bool, usize)> = None;
    for (at, route) in routes.iter().enumerate() {
        match match_length(inventory, &route.destination, ip) {
            Ok(Some(length)) if best.is_none_or(|(l, s, _)| (length, route.is_static()) > (l, s)) => {
                best = Some((length, route.is_static(), at));
            }
            Ok(_) => {}
            Err(why) => return Known::Unknown(why),
        }
    }
    Known::Known(best.map(|(_, _, at)| at))
}

/// The gateway endpoint that the route to a destination leads into, and the prefix list of that route.
pub fn gateway_endpoint<'a>(
    inventory: &'a Inventory,
    from: &Place,
    ip: IpAddr,
) -> Option<(&'a PrefixListId, &'a VpcEndpoint)> {
    let decision = decide_from(inventory, from, ip);
    let route = decision.known()?.route().filter(|route| !route.is_blackhole())?;
    match (&route.destination, &route.target) {
        (RouteDestination::PrefixList(list), RouteTarget::VpcEndpoint(id)) if is_gateway(inventory, id) => {
            Some((list, inventory.endpoint(&id.as_str().into())?))
        }
        _ => None,
    }
}

pub fn is_gateway(inventory: &Inventory, id: &str) -> bool {
    inventory.endpoint(&id.into()).is_some_and(|endpoint| endpoint.kind == EndpointKind::Gateway)
}

/// The destination and where it leads, as the console prints a transit gateway's route.
pub fn describe_transit(route: &TransitGatewayRoute) -> String {
    let attachments: Vec<_> = route.attachments.iter().map(|attachment| attachment.id.as_str()).collect();
    let to = if route.is_blackhole() { "(blackhole)".to_owned() } else { attachments.join(", ") };
    format!("{} → {to}", route.destination)
}

/// The active peering connection between two VPCs.
pub fn peering_between<'a>(
    inventory: &'a Inventory,
    one: &VpcId,
    other: &VpcId,
) -> Known<Option<&'a PeeringConnection>> {
    inventory
        .peering_connections
        .as_ref()
        .map(|all| all.iter().find(|connection| connection.is_active() && connection.joins(one, other)))
}

/// The block of its VPC that holds an address, for a route that leads there; otherwise the address alone.
pub fn block_of(inventory: &Inventory, place: &Place) -> ipnet::IpNet {
    let vpc = place.vpc.known().and_then(|id| inventory.vpc(id));
    let block = vpc.and_then(|vpc| vpc.cidrs.iter().find(|cidr| cidr.contains(&place.ip)));
    block.copied().unwrap_or_else(|| net::host_net(place.ip))
}

/// Whether this route might decide for a destination, for all that is known of it.
pub fn may_decide(inventory: &Inventory, route: &Route, ip: IpAddr) -> bool {
    may_carry(inventory, route, ip) && match_length(inventory, &route.destination, ip) != Ok(None)
}

/// The destination as the console prints it.
pub fn describe(route: &Route) -> String {
    let state = if route.is_blackhole() { " (blackhole)" } else { "" };
    format!("{} → {}{state}", route.destination, route.target.id())
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;
    use crate::model::inventory::Inventory;

    fn route(destination: &str, target: RouteTarget, origin: &str) -> Route {
        let destination = match destination.parse() {
            Ok(cidr) => RouteDestination::Cidr(cidr),
            Err(_) => RouteDestination::PrefixList(destination.into()),
        };
        Route { destination, target, state: "active".to_owned(), origin: origin.to_owned() }
    }

    fn nat(id: &str) -> RouteTarget {
        RouteTarget::NatGateway(id.to_owned())
    }

    fn decided(routes: Vec<Route>, ip: &str) -> Known<Option<String>> {
        let (id, gateways) = ("rtb-1".into(), Vec::new());
        let table = RouteTable { id, vpc: None, main: true, subnets: Vec::new(), gateways, routes };
        let mut inventory = Inventory::none("test");
        let list = crate::model::firewall::PrefixList {
            id: "pl-known".into(),
            name: String::new(),
            ipv6: None,
            entries: Known::Known(vec!["10.2.0.0/16".parse().unwrap()]),
        };
        inventory.prefix_lists = Known::Known(vec![list].into());
        let decision = decide(&inventory, &table, ip.parse().unwrap());
        decision.map(|at| at.map(|at| &table.routes[at]).map(|route| route.target.id().to_owned()))
    }

    #[test_case("10.0.9.9", Some("local"); "the longest prefix")]
    #[test_case("10.2.0.9", Some("list"); "a prefix list")]
    #[test_case("10.9.0.9", Some("static"); "static before propagated")]
    #[test_case("8.8.8.8", Some("default"); "the default route")]
    fn one_route_decides(ip: &str, target: Option<&str>) {
        let routes = vec![
            route("0.0.0.0/0", nat("default"), "CreateRoute"),
            route("10.0.0.0/16", RouteTarget::Local, "CreateRouteTable"),
            route("pl-known", nat("list"), "CreateRoute"),
            route("10.9.0.0/16", nat("propagated"), "EnableVgwRoutePropagation"),
            route("10.9.0.0/16", nat("static"), "CreateRoute"),
        ];
        assert_eq!(decided(routes, ip), Known::Known(target.map(str::to_owned)));
    }

    #[test]
    fn nothing_may_match() {
        assert_eq!(
            decided(vec![route("10.0.0.0/16", RouteTarget::Local, "")], "10.1.0.1"),
            Known::Known(None)
        );
    }

    #[test]
    fn a_route_that_was_not_read_might_decide() {
        let local = || route("10.0.0.0/16", RouteTarget::Local, "CreateRouteTable");
        let list = route("pl-unread", nat("x"), "CreateRoute");
        assert!(!decided(vec![local(), list.clone()], "10.9.0.9").is_known());
        assert_eq!(decided(vec![local(), list], "10.0.0.9"), Known::Known(Some("local".to_owned())));
        let odd = Route { destination: RouteDestination::Other("new".to_owned()), ..local() };
        assert!(!decided(vec![local(), odd], "10.0.0.9").is_known());
    }

    #[test]
    fn gateway_endpoints_carry_no_private_address() {
        let local = route("10.0.0.0/16", RouteTarget::Local, "CreateRouteTable");
        let s3 = route("pl-unread", RouteTarget::VpcEndpoint("vpce-s3".to_owned()), "CreateRoute");
        assert_eq!(decided(vec![local, s3], "10.0.0.9"), Known::Known(Some("local".to_owned())));
    }
}
