//! `GetManagedPrefixListEntries`, for the lists that rules and routes refer to

use aws_sdk_ec2::types as sdk;
use futures_util::future::join_all;

use super::{
    super::wire,
    round::{Round, pages},
};
use crate::model::{
    firewall::{Peer, PrefixList},
    id::PrefixListId,
    inventory::actions,
    known::{Known, Reason},
    route::RouteDestination,
};

/// Lists whose entries are asked for. The rest are in the inventory with entries that nobody asked for.
const AT_MOST: usize = 100;

/// The lists that security group rules refer to.
pub(super) fn in_groups(round: &Round<'_>) -> Vec<PrefixListId> {
    let draft = round.draft();
    let peers = draft.security_groups.iter().flat_map(|group| &group.rules).map(|rule| &rule.peer);
    distinct(peers.filter_map(|peer| if let Peer::PrefixList(id) = peer { Some(id) } else { None }))
}

/// The lists that routes lead to.
pub(super) fn in_routes(round: &Round<'_>) -> Vec<PrefixListId> {
    let draft = round.draft();
    let destinations =
        draft.route_tables.iter().flat_map(|table| &table.routes).map(|route| &route.destination);
    distinct(
        destinations.filter_map(|to| if let RouteDestination::PrefixList(id) = to { Some(id) } else { None }),
    )
}

fn distinct<'a>(ids: impl Iterator<Item = &'a PrefixListId>) -> Vec<PrefixListId> {
    let mut ids: Vec<_> = ids.cloned().collect();
    ids.sort();
    ids.dedup();
    ids
}

/// A list that could not be had is in the inventory, with the reason in place of its entries.
pub(super) async fn describe(round: &Round<'_>, lists: &[PrefixListId]) {
    round.draft().prefix_lists.open();
    let lists: Vec<&PrefixListId> = lists.iter().filter(|list| round.is_new(list)).collect();
    let (asked, left) = lists.split_at(lists.len().min(AT_MOST));
    join_all(asked.iter().map(|list| entries(round, list))).await;
    for list in left {
        without_entries(round, list, Reason::NotAsked);
    }
}

async fn entries(round: &Round<'_>, list: &PrefixListId) {
    let ask = round.client.get_managed_prefix_list_entries().max_results(100).prefix_list_id(list.as_str());
    let answer = pages!(round, actions::PREFIX_LIST_ENTRIES, round.until(1.0), entries, ask).await;
    match answer {
        Ok(entries) => {
            let record = wire::PrefixListEntries { id: list.clone(), entries: Known::Known(entries) };
            let _known = round.shelve(actions::PREFIX_LIST_ENTRIES, Ok(vec![record]));
        }
        Err(reason) => without_entries(round, list, reason),
    }
}

fn without_entries(round: &Round<'_>, list: &PrefixListId, reason: Reason) {
    let entries = Known::unknown(actions::PREFIX_LIST_ENTRIES, reason);
    round.draft().prefix_lists.add(PrefixList { id: list.clone(), name: String::new(), ipv6: None, entries });
}

impl From<sdk::PrefixListEntry> for wire::PrefixListEntry {
    fn from(entry: sdk::PrefixListEntry) -> Self {
        Self { cidr: entry.cidr.into() }
    }
}
