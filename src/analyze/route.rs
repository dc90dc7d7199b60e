//! Where does a subnet's route table send a packet?
//!
//! The longest matching prefix wins, then static before propagated routes; a blackhole wins like any
//! other and drops. <https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html>

use std::net::IpAddr;

use crate::model::{
    id::{SubnetId, VpcId},
    inventory::{Inventory, actions},
    known::{Known, Reason, Unknown},
    route::{Route, RouteDestination, RouteTable},
};

/// The table and, in it, the route that decides; none means that nothing matches.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteDecision<'a> {
    pub table: &'a RouteTable,
    pub route: Option<&'a Route>,
}

/// The table of a subnet: its own, otherwise its VPC's main one.
pub fn table_of<'a>(inventory: &'a Inventory, subnet: &SubnetId, vpc: &VpcId) -> Known<&'a RouteTable> {
    inventory.route_tables.as_ref().and_then(|tables| {
        let own = tables.iter().find(|table| table.subnets.contains(subnet));
        let main = || tables.iter().find(|table| table.main && table.vpc.as_ref() == Some(vpc));
        match own.or_else(main) {
            Some(table) => Known::Known(table),
            None => Known::unknown(actions::ROUTE_TABLES, Reason::Absent),
        }
    })
}

/// The route that decides for a destination.
pub fn decide<'a>(inventory: &'a Inventory, table: &'a RouteTable, ip: IpAddr) -> Known<RouteDecision<'a>> {
    let mut best: Option<(u8, bool, &Route)> = None;
    for route in &table.routes {
        let length = match match_length(inventory, &route.destination, ip) {
            Ok(Some(length)) => length,
            Ok(None) => continue,
            Err(why) => return Known::Unknown(why),
        };
        let is_static = route.origin != "EnableVgwRoutePropagation";
        if best.is_none_or(|(l, s, _)| (length, is_static) > (l, s)) {
            best = Some((length, is_static, route));
        }
    }
    Known::Known(RouteDecision { table, route: best.map(|(_, _, route)| route) })
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
            let matching = list.entries.ok()?.iter().filter(|net| net.contains(&ip));
            Ok(matching.map(ipnet::IpNet::prefix_len).max())
        }
        RouteDestination::Other(_) => Ok(None),
    }
}

/// The destination as the console prints it.
pub fn describe(route: &Route) -> String {
    let destination = match &route.destination {
        RouteDestination::Cidr(cidr) => cidr.to_string(),
        RouteDestination::PrefixList(id) => id.to_string(),
        RouteDestination::Other(text) => text.clone(),
    };
    let state = if route.is_blackhole() { " (blackhole)" } else { "" };
    format!("{destination} → {}{state}", route.target.id())
}
