//! What cannot be compared, because one side does not know it.

use crate::model::{
    inventory::{Inventory, InventorySource},
    known::{Known, Unknown},
};

use super::{Both, side::Side};

pub(super) fn not_compared(both: &Both<'_>) -> Vec<String> {
    let (then, now) = (both.then.inventory(), both.now.inventory());
    let unread = |inventory: &Inventory| match &inventory.source {
        InventorySource::None { why } => Some(why.clone()),
        _ => None,
    };
    if let Some(told) = told("the VPC's configuration", unread(then), unread(now)) {
        return vec![told];
    }
    let mut all: Vec<String> = lists(then, now).into_iter().flatten().collect();
    all.extend(place(both));
    all.extend(other_vpcs(both));
    all
}

fn lists(then: &Inventory, now: &Inventory) -> [Option<String>; 7] {
    [
        list("VPC attributes", &then.vpcs, &now.vpcs),
        list("network interfaces", &then.network_interfaces, &now.network_interfaces),
        list("security groups", &then.security_groups, &now.security_groups),
        list("network ACLs", &then.network_acls, &now.network_acls),
        list("route tables", &then.route_tables, &now.route_tables),
        list("peering connections", &then.peering_connections, &now.peering_connections),
        list("endpoints", &then.vpc_endpoints, &now.vpc_endpoints),
    ]
}

fn list<T>(what: &str, then: &Known<T>, now: &Known<T>) -> Option<String> {
    told(what, why(then), why(now))
}

fn why<T>(known: &Known<T>) -> Option<String> {
    let tell = |Unknown { missing, reason }: &Unknown| format!("{missing}: {}", reason.describe());
    match known {
        Known::Known(_) => None,
        Known::Unknown(unknown) => Some(tell(unknown)),
    }
}

/// `network ACLs (not known now: ec2:DescribeNetworkAcls: UnauthorizedOperation)`
fn told(what: &str, then: Option<String>, now: Option<String>) -> Option<String> {
    Some(match (then, now) {
        (None, None) => return None,
        (Some(then), Some(now)) if then == now => format!("{what} (not known either time: {then})"),
        (Some(then), Some(now)) => format!("{what} (not known then: {then}; nor now: {now})"),
        (Some(then), None) => format!("{what} (not known then: {then})"),
        (None, Some(now)) => format!("{what} (not known now: {now})"),
    })
}

/// This host's place in the VPC.
fn place(both: &Both<'_>) -> Option<String> {
    // What hides the interfaces is told already.
    let listed = |side: &Side<'_>| side.inventory().network_interfaces.is_known();
    if !listed(&both.then) || !listed(&both.now) {
        return None;
    }
    let eni = |side: &Side<'_>| match &side.source {
        Some(source) => why(&source.eni),
        None => Some("this host has no source address".to_owned()),
    };
    told("this host's interface", eni(&both.then), eni(&both.now))
}

/// VPCs at the far end that only one record describes.
fn other_vpcs(both: &Both<'_>) -> Vec<String> {
    // What hides all of them is told already.
    if !both.then.inventory().vpcs.is_known() || !both.now.inventory().vpcs.is_known() {
        return Vec::new();
    }
    let vpcs = |side: &Side<'_>| {
        side.destinations.iter().filter_map(|place| place.vpc.known().cloned()).collect::<Vec<_>>()
    };
    let undescribed = |side: &Side<'_>, vpc: &_| {
        (!side.describes(vpc)).then(|| "it is not among the VPCs that were read".to_owned())
    };
    let tell = |vpc| told(&format!("{vpc}"), undescribed(&both.then, &vpc), undescribed(&both.now, &vpc));
    both.either(vpcs).into_iter().filter_map(tell).collect()
}
