//! `DescribeNetworkAcls`

use ipnet::IpNet;
use serde::Deserialize;

use super::{Draft, Flag, Int, Notes, Record, Shelf, Text, shelf::Shelved, words};
use crate::model::{
    firewall::{self, AclAction, Direction, NetworkAclEntry},
    id::{NetworkAclId, SubnetId, VpcId},
    net::{PortRange, ProtocolMatch},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct NetworkAcl {
    pub(crate) network_acl_id: Text,
    pub(crate) vpc_id: Text,
    pub(crate) is_default: Flag,
    pub(crate) associations: Option<Vec<AclAssociation>>,
    pub(crate) entries: Option<Vec<AclEntry>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct AclAssociation {
    pub(crate) subnet_id: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct AclEntry {
    pub(crate) rule_number: Int,
    pub(crate) egress: Flag,
    pub(crate) protocol: Text,
    pub(crate) rule_action: Text,
    pub(crate) cidr_block: Text,
    pub(crate) ipv6_cidr_block: Text,
    pub(crate) port_range: Option<AclPortRange>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct AclPortRange {
    pub(crate) from: Int,
    pub(crate) to: Int,
}

impl Record for NetworkAcl {
    type Model = firewall::NetworkAcl;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.network_acls
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let id = NetworkAclId(notes.vital("NetworkAclId", self.network_acl_id)?);
        let subnets = self.associations.into_iter().flatten().filter_map(|a| a.subnet_id.map(SubnetId));
        let entries = match self.entries {
            Some(entries) => entries.into_iter().flat_map(|entry| entry.read(&id, notes)).collect(),
            None => unreadable(&AclEntry::default(), format!("{id} without its Entries"), notes),
        };
        Some(Self::Model {
            vpc: self.vpc_id.map(VpcId),
            is_default: self.is_default.0 == Some(true),
            subnets: subnets.collect(),
            entries,
            id,
        })
    }
}

impl AclEntry {
    fn read(self, acl: &NetworkAclId, notes: &mut Notes) -> Vec<NetworkAclEntry> {
        match self.readable() {
            Ok(entry) => vec![entry],
            Err(why) => {
                let number =
                    self.rule_number.0.map_or_else(|| "without a number".to_owned(), |n| n.to_string());
                unreadable(&self, format!("{acl} rule {number}: {why}"), notes)
            }
        }
    }

    fn readable(&self) -> Result<NetworkAclEntry, String> {
        let protocol = words::protocol(&self.protocol)?;
        let range = self.port_range.unwrap_or_default();
        let [direction] = words::directions(self.egress) else { return Err("no Egress".to_owned()) };
        Ok(NetworkAclEntry {
            number: self.rule_number.0.and_then(|n| u32::try_from(n).ok()).ok_or("no RuleNumber")?,
            direction: *direction,
            action: action(self.rule_action.0.as_deref().ok_or("no RuleAction")?),
            protocol,
            cidr: match (&self.cidr_block.0, &self.ipv6_cidr_block.0) {
                (Some(text), _) | (None, Some(text)) => words::cidr(text)?,
                (None, None) => return Err("no CIDR".to_owned()),
            },
            ports: words::ports(protocol, range.from, range.to)?,
        })
    }
}

fn action(word: &str) -> AclAction {
    match word.to_ascii_lowercase().as_str() {
        "allow" => AclAction::Allow,
        "deny" => AclAction::Deny,
        _ => AclAction::Other(word.to_owned()),
    }
}

/// An entry that cannot be read might admit or deny anything its readable parts leave open. It stays
/// in the list with an action that is neither: left out, it would turn "could not tell" into a verdict.
fn unreadable(entry: &AclEntry, why: String, notes: &mut Notes) -> Vec<NetworkAclEntry> {
    let number = entry.rule_number.0.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let one = |direction: Direction, cidr: IpNet| NetworkAclEntry {
        number,
        direction,
        action: AclAction::Other(why.clone()),
        protocol: ProtocolMatch::All,
        cidr,
        ports: PortRange::ALL,
    };
    let entries = words::directions(entry.egress)
        .iter()
        .flat_map(|direction| families(entry).into_iter().map(|net| one(*direction, net)))
        .collect();
    notes.say(why);
    entries
}

fn families(entry: &AclEntry) -> Vec<IpNet> {
    let v4 = IpNet::V4(ipnet::Ipv4Net::default());
    let v6 = IpNet::V6(ipnet::Ipv6Net::default());
    match (&entry.cidr_block.0, &entry.ipv6_cidr_block.0) {
        (Some(_), None) => vec![v4],
        (None, Some(_)) => vec![v6],
        _ => vec![v4, v6],
    }
}

impl Shelved for firewall::NetworkAcl {
    fn key(&self) -> &str {
        self.id.as_str()
    }
}
