//! Whether an inventory should outlive one that was read after it.

use super::collect::Surroundings;
use crate::model::{
    inventory::Inventory,
    known::{Known, Reason},
};

/// The API was too busy or too far to say again what it said before, and the question is still the same: an older
/// inventory says nothing of an address that names have led to since, not even that nobody holds it.
pub(super) fn outlives(last: &Surroundings, new: &Surroundings) -> bool {
    let lists = gaps(&last.inventory).into_iter().zip(gaps(&new.inventory));
    let mut reasons = lists.filter(|(before, _)| before.is_none()).filter_map(|(_, after)| after).peekable();
    reasons.peek().is_some()
        && reasons.all(passes)
        && new.destinations.iter().all(|ip| last.destinations.contains(ip))
}

fn passes(reason: &Reason) -> bool {
    matches!(reason, Reason::Throttled { .. } | Reason::Unreachable { .. } | Reason::TimedOut)
}

/// For each list why it is unknown, if it is.
fn gaps(inventory: &Inventory) -> [Option<&Reason>; 11] {
    [
        gap(&inventory.vpcs),
        gap(&inventory.subnets),
        gap(&inventory.security_groups),
        gap(&inventory.network_acls),
        gap(&inventory.route_tables),
        gap(&inventory.network_interfaces),
        gap(&inventory.vpc_endpoints),
        gap(&inventory.endpoint_services),
        gap(&inventory.peering_connections),
        gap(&inventory.prefix_lists),
        gap(&inventory.dhcp_options),
    ]
}

fn gap<T>(list: &Known<T>) -> Option<&Reason> {
    match list {
        Known::Known(_) => None,
        Known::Unknown(why) => Some(&why.reason),
    }
}
