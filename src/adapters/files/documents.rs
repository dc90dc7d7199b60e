//! What one file says, key by key.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::adapters::wire::{self, DnsAttribute, Draft, Flag, Record};
use crate::model::{
    id::{PrefixListId, VpcId},
    inventory::{Inventory, InventorySource, actions},
    known::{Known, Reason},
};

/// The top-level keys that are read.
pub(super) const KEYS: [&str; 16] = [
    "Vpcs",
    "Subnets",
    "SecurityGroups",
    "SecurityGroupRules",
    "NetworkAcls",
    "RouteTables",
    "NetworkInterfaces",
    "VpcEndpoints",
    "VpcPeeringConnections",
    "PrefixLists",
    "ManagedPrefixLists",
    "Entries",
    "DhcpOptions",
    "ServiceDetails",
    "EnableDnsSupport",
    "EnableDnsHostnames",
];

pub(super) struct Reading {
    draft: Draft,
    used: bool,
    /// For every key: whether some document of it is the last of its pages.
    complete: BTreeMap<&'static str, bool>,
    /// The same for the entries of each prefix list, which all come under one key.
    complete_entries: BTreeMap<PrefixListId, bool>,
}

impl Reading {
    pub(super) fn new() -> Self {
        Self {
            draft: Draft::new(),
            used: false,
            complete: BTreeMap::new(),
            complete_entries: BTreeMap::new(),
        }
    }

    /// One file: a document, or several one after the other, or a list of them, as pages are saved.
    pub(super) fn file(&mut self, name: &str, text: &str) -> serde_json::Result<()> {
        let mut documents = serde_json::Deserializer::from_str(text).into_iter::<Value>().peekable();
        if documents.peek().is_none() {
            // An empty file: let the parser say so in its own words.
            serde_json::from_str::<Value>(text)?;
        }
        for document in documents {
            self.value(name, document?);
        }
        Ok(())
    }

    /// The inventory, unless not a single key was of use.
    pub(super) fn finish(mut self, source: InventorySource) -> Option<Inventory> {
        let cut: Vec<&str> =
            self.complete.iter().filter(|(_, complete)| !**complete).map(|(key, _)| *key).collect();
        for key in cut {
            self.fail(key, format!("{key}: {LAST_PAGE_MISSING}"));
        }
        for (id, _) in self.complete_entries.into_iter().filter(|(_, complete)| !*complete) {
            let origin = format!("Entries of {id}");
            self.draft
                .put(wire::PrefixListEntries { id, entries: Err(LAST_PAGE_MISSING.to_owned()) }, origin);
        }
        self.used.then(|| self.draft.finish(source, &Reason::Absent))
    }

    fn value(&mut self, name: &str, value: Value) {
        match value {
            Value::Object(document) => self.document(name, document),
            Value::Array(documents) => documents.into_iter().for_each(|document| self.value(name, document)),
            _ => {}
        }
    }

    fn document(&mut self, name: &str, mut document: Map<String, Value>) {
        let last_page = document.get("NextToken").is_none_or(Value::is_null);
        for key in KEYS {
            match document.remove(key) {
                None | Some(Value::Null) => {}
                Some(Value::Array(items)) => {
                    self.used = true;
                    if key == "Entries" {
                        self.entries(name, items, &document, last_page);
                    } else {
                        *self.complete.entry(key).or_default() |= last_page;
                        self.list(name, key, items);
                    }
                }
                Some(value @ Value::Object(_)) if key.starts_with("EnableDns") => {
                    self.used = true;
                    self.attribute(name, key, &value, &document);
                }
                Some(_) => {
                    self.used = true;
                    self.fail(key, format!("{name}: {key} is not a list"));
                }
            }
        }
    }

    fn list(&mut self, name: &str, key: &str, items: Vec<Value>) {
        let place = Place { name, key };
        let draft = &mut self.draft;
        match key {
            "Vpcs" => place.records::<wire::Vpc>(items, draft),
            "Subnets" => place.records::<wire::Subnet>(items, draft),
            "SecurityGroups" => place.records::<wire::SecurityGroup>(items, draft),
            "SecurityGroupRules" => place.records::<wire::SecurityGroupRule>(items, draft),
            "NetworkAcls" => place.records::<wire::NetworkAcl>(items, draft),
            "RouteTables" => place.records::<wire::RouteTable>(items, draft),
            "NetworkInterfaces" => place.records::<wire::NetworkInterface>(items, draft),
            "VpcEndpoints" => place.records::<wire::VpcEndpoint>(items, draft),
            "VpcPeeringConnections" => place.records::<wire::PeeringConnection>(items, draft),
            "PrefixLists" | "ManagedPrefixLists" => place.records::<wire::PrefixList>(items, draft),
            "DhcpOptions" => place.records::<wire::DhcpOptions>(items, draft),
            "ServiceDetails" => place.records::<wire::EndpointService>(items, draft),
            _ => {}
        }
    }

    /// `get-managed-prefix-list-entries` does not print which list it was asked for.
    fn entries(&mut self, name: &str, items: Vec<Value>, document: &Map<String, Value>, last_page: bool) {
        let told = document.get("PrefixListId").and_then(Value::as_str).map(PrefixListId::new);
        let Some(id) = told.or_else(|| prefix_list_in(name)) else {
            // Without its entries a list is unknown, so nothing is misjudged for want of these.
            return self.draft.report(
                actions::PREFIX_LIST_ENTRIES,
                format!("{name}: Entries of an unnamed list; put the list's id into the file name"),
            );
        };
        *self.complete_entries.entry(id.clone()).or_default() |= last_page;
        let origin = format!("{name}: Entries of {id}");
        let entries = items
            .into_iter()
            // An entry of another shape becomes one without a CIDR, which makes the list unknown.
            .map(|item| serde_json::from_value::<wire::PrefixListEntry>(item).unwrap_or_default())
            .collect();
        self.draft.put(wire::PrefixListEntries { id, entries: Ok(entries) }, origin);
    }

    fn attribute(&mut self, name: &str, key: &str, value: &Value, document: &Map<String, Value>) {
        let attribute =
            if key == "EnableDnsSupport" { DnsAttribute::Support } else { DnsAttribute::Hostnames };
        let Some(vpc) = document.get("VpcId").and_then(Value::as_str) else {
            return self.draft.report(actions::VPC_ATTRIBUTE, format!("{name}: {key} without a VpcId"));
        };
        let truth = value.get("Value").cloned().unwrap_or_default();
        let value = match serde_json::from_value(truth) {
            Ok(Flag(Some(truth))) => Known::Known(truth),
            Ok(Flag(None)) => Known::unknown(actions::VPC_ATTRIBUTE, Reason::Absent),
            Err(error) => {
                let message = format!("{name}: {key} of {vpc}: {error}");
                self.draft.report(actions::VPC_ATTRIBUTE, &message);
                Known::unknown(actions::VPC_ATTRIBUTE, Reason::Failed { message })
            }
        };
        self.draft.put_attribute(VpcId::new(vpc), attribute, value);
    }

    /// The list as a whole cannot be trusted.
    fn fail(&mut self, key: &str, message: String) {
        let draft = &mut self.draft;
        let reason = Reason::Failed { message: message.clone() };
        let action = match key {
            "Vpcs" => failed(&mut draft.vpcs, reason),
            "Subnets" => failed(&mut draft.subnets, reason),
            "SecurityGroups" | "SecurityGroupRules" => failed(&mut draft.security_groups, reason),
            "NetworkAcls" => failed(&mut draft.network_acls, reason),
            "RouteTables" => failed(&mut draft.route_tables, reason),
            "NetworkInterfaces" => failed(&mut draft.network_interfaces, reason),
            "VpcEndpoints" => failed(&mut draft.vpc_endpoints, reason),
            "VpcPeeringConnections" => failed(&mut draft.peering_connections, reason),
            "PrefixLists" | "ManagedPrefixLists" | "Entries" => failed(&mut draft.prefix_lists, reason),
            "DhcpOptions" => failed(&mut draft.dhcp_options, reason),
            "ServiceDetails" => failed(&mut draft.endpoint_services, reason),
            _ => actions::VPC_ATTRIBUTE,
        };
        draft.report(action, message);
    }
}

const LAST_PAGE_MISSING: &str = "every page has a NextToken, so the last one is missing";

fn failed<T: wire::Shelved>(shelf: &mut wire::Shelf<T>, reason: Reason) -> &'static str {
    shelf.fail(reason);
    shelf.action
}

/// Where in the directory we are reading.
struct Place<'a> {
    name: &'a str,
    key: &'a str,
}

impl Place<'_> {
    fn records<R: Record + DeserializeOwned>(&self, items: Vec<Value>, draft: &mut Draft) {
        R::shelf(draft).open();
        for (index, item) in items.into_iter().enumerate() {
            let origin = format!("{}: {}[{index}]", self.name, self.key);
            match serde_json::from_value::<R>(item) {
                Ok(record) => draft.put(record, origin),
                Err(error) => draft.lose::<R>(format!("{origin}: {error}; the record was left out")),
            }
        }
    }
}

/// `pl-…` as a word of its own in the file's name.
fn prefix_list_in(path: &str) -> Option<PrefixListId> {
    let name = path.rsplit(['/', '\\']).next()?;
    let start = name.match_indices("pl-").find(|(at, _)| {
        name.get(..*at)
            .and_then(|before| before.chars().next_back())
            .is_none_or(|c| !c.is_ascii_alphanumeric())
    })?;
    let id = name.get(start.0 + 3..)?;
    let end = id.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(id.len());
    (end > 0).then(|| PrefixListId(format!("pl-{}", &id[..end])))
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("get-managed-prefix-list-entries-pl-0123abc.json" => Some("pl-0123abc".into()))]
    #[test_case("dump.d/pl-0123abc.2.json" => Some("pl-0123abc".into()); "page number")]
    #[test_case("pl-0123abc-page2.json" => Some("pl-0123abc".into()); "page name")]
    #[test_case("pl-1/entries.json" => None; "a directory is no name")]
    #[test_case("get-managed-prefix-list-entries.1.json" => None; "no id")]
    #[test_case("simpl-e.json" => None; "inside a word")]
    #[test_case("pl-.json" => None; "empty id")]
    fn prefix_list_of(name: &str) -> Option<PrefixListId> {
        prefix_list_in(name)
    }
}
