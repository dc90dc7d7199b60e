//! `DescribeManagedPrefixLists`, `DescribePrefixLists` and `GetManagedPrefixListEntries`

use ipnet::IpNet;
use serde::Deserialize;

use super::{
    Draft, Notes, Record, Shelf, Text,
    shelf::{Contradiction, Shelved, extend},
    words,
};
use crate::model::{
    firewall,
    id::PrefixListId,
    inventory::actions,
    known::{Known, Reason},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct PrefixList {
    pub(crate) prefix_list_id: Text,
    pub(crate) prefix_list_name: Text,
    pub(crate) address_family: Text,
    /// Only in `DescribePrefixLists`.
    pub(crate) cidrs: Option<Vec<Text>>,
}

/// One list's entries, with the id that the answer itself does not carry, or why some of them are missing.
#[derive(Debug)]
pub(crate) struct PrefixListEntries {
    pub(crate) id: PrefixListId,
    pub(crate) entries: Known<Vec<PrefixListEntry>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct PrefixListEntry {
    pub(crate) cidr: Text,
}

impl Record for PrefixList {
    type Model = firewall::PrefixList;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.prefix_lists
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        Some(Self::Model {
            id: PrefixListId(notes.vital("PrefixListId", self.prefix_list_id)?),
            name: self.prefix_list_name.or_empty(),
            ipv6: match self.address_family.0.as_deref() {
                Some("IPv4") => Some(false),
                Some("IPv6") => Some(true),
                _ => None,
            },
            entries: match self.cidrs {
                Some(cidrs) => entries(cidrs, notes),
                None => Known::unknown(actions::PREFIX_LIST_ENTRIES, Reason::Absent),
            },
        })
    }
}

impl Record for PrefixListEntries {
    type Model = firewall::PrefixList;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.prefix_lists
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let texts = self.entries.map(|all| all.into_iter().map(|entry| entry.cidr).collect());
        let entries = texts.and_then(|texts| entries(texts, notes));
        Some(Self::Model { id: self.id, name: String::new(), ipv6: None, entries })
    }
}

/// All entries or none: a list that silently lacks one would deny what it admits.
fn entries(texts: Vec<Text>, notes: &mut Notes) -> Known<Vec<IpNet>> {
    let read: Result<Vec<_>, String> = texts
        .into_iter()
        .map(|text| words::cidr(text.0.as_deref().ok_or("an entry without Cidr")?))
        .collect();
    read.map_or_else(|why| unreadable(why, notes), Known::Known)
}

fn unreadable(message: String, notes: &mut Notes) -> Known<Vec<IpNet>> {
    notes.say(&message);
    Known::unknown(actions::PREFIX_LIST_ENTRIES, Reason::Failed { message })
}

impl Shelved for firewall::PrefixList {
    fn key(&self) -> &str {
        self.id.as_str()
    }

    /// A list's name and its entries come from different calls, and its entries on several pages.
    fn join(&mut self, other: Self) -> Result<(), Contradiction> {
        if self.name.is_empty() {
            self.name = other.name;
        }
        self.ipv6 = self.ipv6.or(other.ipv6);
        extend(&mut self.entries, other.entries);
        Ok(())
    }
}
