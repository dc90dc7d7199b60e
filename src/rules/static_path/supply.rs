//! What somebody who made the directory has to save besides.

use crate::model::{
    inventory::{Inventory, InventorySource, actions},
    known::{Reason, Unknown},
};

/// The command whose output is missing, where the inventory is a directory of such output.
pub(super) fn command(inventory: &Inventory, why: &Unknown) -> Option<String> {
    if !matches!(inventory.source, InventorySource::Directory { .. }) || why.reason != Reason::Absent {
        return None;
    }
    let call = kebab(why.missing.strip_prefix("ec2:")?);
    // What these print does not say what it belongs to: the file's name has to.
    let (option, file) = match why.missing.as_str() {
        actions::PREFIX_LIST_ENTRIES => (" --prefix-list-id LIST", "-LIST"),
        actions::TRANSIT_GATEWAY_ASSOCIATIONS => (" --transit-gateway-route-table-id TABLE", "-TABLE"),
        actions::TRANSIT_GATEWAY_ROUTES => {
            (" --transit-gateway-route-table-id TABLE --filters Name=state,Values=active,blackhole", "-TABLE")
        }
        _ => ("", ""),
    };
    Some(format!("aws ec2 {call}{option} > {call}{file}.json"))
}

/// `DescribeNetworkAcls` as the CLI writes it.
fn kebab(action: &str) -> String {
    let mut call = String::new();
    for c in action.chars() {
        if c.is_ascii_uppercase() && !call.is_empty() {
            call.push('-');
        }
        call.push(c.to_ascii_lowercase());
    }
    call
}
