//! What one file says, key by key.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::adapters::wire::{self, DnsAttribute, Draft, Flag, Record};
use crate::model::{
    id::{PrefixListId, TransitGatewayRouteTableId, VpcId},
    inventory::{Inventory, InventorySource, actions},
    known::{Known, Reason},
};

/// The top-level keys that are read.
pub(super) const KEYS: [&str; 28] = [
    "Vpcs",
    "Subnets",
    "SecurityGroups",
    "SecurityGroupRules",
    "NetworkAcls",
    "RouteTables",
    "NetworkInterfaces",
    "VpcEndpoints",
    "VpcPeeringConnections",
    "TransitGateways",
    "TransitGatewayAttachments",
    "TransitGatewayVpcAttachments",
    "TransitGatewayPeeringAttachments",
    "TransitGatewayRouteTables",
    "Routes",
    "Associations",
    "NatGateways",
    "InternetGateways",
    "EgressOnlyInternetGateways",
    "VpnGateways",
    "Reservations",
    "PrefixLists",
    "ManagedPrefixLists",
    "Entries",
    "DhcpOptions",
    "ServiceDetails",
    "EnableDnsSupport",
    "EnableDnsHostnames",
];

/// A list of something that the list does not name: the CLI prints what it was asked for, not about what. The id
/// comes from a key beside the list, or from the file's name.
struct Part {
    key: &'static str,
    whole: &'static str,
    id: &'static str,
    prefix: &'static str,
    action: &'static str,
}

const PARTS: [Part; 3] = [
    Part {
        key: "Entries",
        whole: "list",
        id: "PrefixListId",
        prefix: "pl-",
        action: actions::PREFIX_LIST_ENTRIES,
    },
    Part {
        key: "Routes",
        whole: "table",
        id: "TransitGatewayRouteTableId",
        prefix: "tgw-rtb-",
        action: actions::TRANSIT_GATEWAY_ROUTES,
    },
    Part {
        key: "Associations",
        whole: "table",
        id: "TransitGatewayRouteTableId",
        prefix: "tgw-rtb-",
        action: actions::TRANSIT_GATEWAY_ASSOCIATIONS,
    },
];

pub(super) struct Reading {
    draft: Draft,
    used: bool,
    /// For every key: whether some document of it is the last of its pages.
    complete: BTreeMap<&'static str, bool>,
    /// The same for the parts of each thing, which all come under one key.
    complete_parts: BTreeMap<(&'static str, String), bool>,
}

impl Reading {
    pub(super) fn new() -> Self {
        Self { draft: Draft::new(), used: false, complete: BTreeMap::new(), complete_parts: BTreeMap::new() }
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
        for ((key, id), _) in
            std::mem::take(&mut self.complete_parts).into_iter().filter(|(_, whole)| !*whole)
        {
            if let Some(part) = PARTS.iter().find(|part| part.key == key) {
                self.cut(part, id.clone(), format!("{key} of {id}: {LAST_PAGE_MISSING}"));
            }
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
                    if let Some(part) = PARTS.iter().find(|part| part.key == key) {
                        self.part(part, name, items, &document, last_page);
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
            "TransitGateways" => place.records::<wire::TransitGateway>(items, draft),
            "TransitGatewayAttachments" => place.records::<wire::TransitGatewayAttachment>(items, draft),
            "TransitGatewayVpcAttachments" => {
                place.records::<wire::TransitGatewayVpcAttachment>(items, draft);
            }
            "TransitGatewayPeeringAttachments" => {
                place.each(items, draft, wire::TransitGatewayPeeringAttachment::ends);
            }
            "TransitGatewayRouteTables" => place.records::<wire::TransitGatewayRouteTable>(items, draft),
            "NatGateways" => place.records::<wire::NatGateway>(items, draft),
            "EgressOnlyInternetGateways" => {
                place.records::<wire::EgressOnlyInternetGateway>(items, draft);
            }
            "InternetGateways" => place.records::<wire::InternetGateway>(items, draft),
            "VpnGateways" => place.records::<wire::VpnGateway>(items, draft),
            "Reservations" => place.each(items, draft, |it: wire::Reservation| it.instances),
            "PrefixLists" | "ManagedPrefixLists" => place.records::<wire::PrefixList>(items, draft),
            "DhcpOptions" => place.records::<wire::DhcpOptions>(items, draft),
            "ServiceDetails" => place.records::<wire::EndpointService>(items, draft),
            _ => {}
        }
    }

    fn part(
        &mut self,
        part: &Part,
        name: &str,
        items: Vec<Value>,
        document: &Map<String, Value>,
        last_page: bool,
    ) {
        let Part { key, whole, .. } = part;
        let told = document.get(part.id).and_then(Value::as_str).map(str::to_owned);
        let Some(id) = told.or_else(|| id_in(name, part.prefix)) else {
            // Without its parts a thing is unknown, so nothing is misjudged for want of these.
            let message =
                format!("{name}: {key} of an unnamed {whole}; put the {whole}'s id into the file name");
            return self.draft.report(part.action, message);
        };
        let origin = format!("{name}: {key} of {id}");
        *self.complete_parts.entry((key, id.clone())).or_default() |= last_page;
        if last_page && document.get("AdditionalRoutesAvailable").is_some_and(is_true) {
            return self.cut(part, id, format!("{origin}: AdditionalRoutesAvailable, so some are missing"));
        }
        self.put_part(part, id, Known::Known(items), origin);
    }

    /// A thing of which parts are missing: none of them is taken for the whole.
    fn cut(&mut self, part: &Part, id: String, message: String) {
        self.draft.report(part.action, &message);
        self.put_part(part, id, Known::unknown(part.action, Reason::Failed { message }), String::new());
    }

    fn put_part(&mut self, part: &Part, id: String, items: Known<Vec<Value>>, origin: String) {
        match part.key {
            "Entries" => {
                let entries = items.map(parts::<wire::PrefixListEntry>);
                self.draft.put(wire::PrefixListEntries { id: PrefixListId(id), entries }, origin);
            }
            "Routes" => {
                let (id, routes) = (TransitGatewayRouteTableId(id), items.map(parts));
                self.draft.put(wire::TransitGatewayRoutes { id, routes }, origin);
            }
            _ => {
                let (id, associations) = (TransitGatewayRouteTableId(id), items.map(parts));
                self.draft.put(wire::TransitGatewayAssociations { id, associations }, origin);
            }
        }
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
            "TransitGateways" => failed(&mut draft.transit_gateways, reason),
            "TransitGatewayAttachments"
            | "TransitGatewayVpcAttachments"
            | "TransitGatewayPeeringAttachments" => failed(&mut draft.transit_gateway_attachments, reason),
            "TransitGatewayRouteTables" | "Routes" | "Associations" => {
                failed(&mut draft.transit_gateway_route_tables, reason)
            }
            "NatGateways" => failed(&mut draft.nat_gateways, reason),
            "EgressOnlyInternetGateways" | "InternetGateways" | "VpnGateways" => {
                failed(&mut draft.gateways, reason)
            }
            "Reservations" => failed(&mut draft.instances, reason),
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
        self.each(items, draft, |record: R| [record]);
    }

    /// The records that each item consists of.
    fn each<T, R, I>(&self, items: Vec<Value>, draft: &mut Draft, records: impl Fn(T) -> I)
    where
        T: DeserializeOwned,
        R: Record,
        I: IntoIterator<Item = R>,
    {
        R::shelf(draft).open();
        for (index, item) in items.into_iter().enumerate() {
            let origin = format!("{}: {}[{index}]", self.name, self.key);
            match serde_json::from_value::<T>(item) {
                Ok(item) => records(item).into_iter().for_each(|record| draft.put(record, &origin)),
                Err(error) => draft.lose::<R>(format!("{origin}: {error}; the record was left out")),
            }
        }
    }
}

/// One of another shape becomes an empty one, which makes the whole unknown.
fn parts<T: DeserializeOwned + Default>(items: Vec<Value>) -> Vec<T> {
    items.into_iter().map(|item| serde_json::from_value(item).unwrap_or_default()).collect()
}

fn is_true(value: &Value) -> bool {
    matches!(serde_json::from_value(value.clone()), Ok(Flag(Some(true))))
}

/// An id with this prefix, as a word of its own in the file's name.
fn id_in(path: &str, prefix: &str) -> Option<String> {
    let name = path.rsplit(['/', '\\']).next()?;
    let starts_word = |at: usize| {
        let before = name.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|c| !c.is_ascii_alphanumeric())
    };
    let (start, _) = name.match_indices(prefix).find(|(at, _)| starts_word(*at))?;
    let id = name.get(start + prefix.len()..)?;
    let end = id.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(id.len());
    (end > 0).then(|| format!("{prefix}{}", &id[..end]))
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
    fn prefix_list_of(name: &str) -> Option<String> {
        id_in(name, "pl-")
    }

    #[test_case("search-transit-gateway-routes-tgw-rtb-0abc.json" => Some("tgw-rtb-0abc".into()))]
    #[test_case("us-east-1/tgw-rtb-CCC_static.json" => Some("tgw-rtb-CCC".into()); "letters of any kind")]
    #[test_case("search-local-gateway-routes-lgw-rtb-0abc.json" => None; "another gateway's")]
    fn route_table_of(name: &str) -> Option<String> {
        id_in(name, "tgw-rtb-")
    }
}
