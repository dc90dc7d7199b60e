//! `DescribeSecurityGroups` and `DescribeSecurityGroupRules`: two notations of the same rules.

use serde::Deserialize;

use super::{
    Draft, Flag, Int, Notes, Record, Shelf, Text,
    shelf::{Contradiction, Shelved},
    words,
};
use crate::model::{
    firewall::{self, Direction, Peer},
    id::{PrefixListId, SecurityGroupId, VpcId},
    net::{PortRange, ProtocolMatch},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct SecurityGroup {
    pub(crate) group_id: Text,
    pub(crate) group_name: Text,
    pub(crate) vpc_id: Text,
    pub(crate) ip_permissions: Option<Vec<IpPermission>>,
    pub(crate) ip_permissions_egress: Option<Vec<IpPermission>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct IpPermission {
    pub(crate) ip_protocol: Text,
    pub(crate) from_port: Int,
    pub(crate) to_port: Int,
    pub(crate) ip_ranges: Option<Vec<IpRange>>,
    pub(crate) ipv6_ranges: Option<Vec<Ipv6Range>>,
    pub(crate) prefix_list_ids: Option<Vec<PrefixListRef>>,
    pub(crate) user_id_group_pairs: Option<Vec<GroupPair>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct IpRange {
    pub(crate) cidr_ip: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Ipv6Range {
    pub(crate) cidr_ipv6: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct PrefixListRef {
    pub(crate) prefix_list_id: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct GroupPair {
    pub(crate) group_id: Text,
    pub(crate) group_name: Text,
    pub(crate) peering_status: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct SecurityGroupRule {
    pub(crate) security_group_rule_id: Text,
    pub(crate) group_id: Text,
    pub(crate) is_egress: Flag,
    pub(crate) ip_protocol: Text,
    pub(crate) from_port: Int,
    pub(crate) to_port: Int,
    pub(crate) cidr_ipv4: Text,
    pub(crate) cidr_ipv6: Text,
    pub(crate) prefix_list_id: Text,
    pub(crate) referenced_group_info: Option<ReferencedGroup>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct ReferencedGroup {
    pub(crate) group_id: Text,
    pub(crate) peering_status: Text,
}

impl Record for SecurityGroup {
    type Model = firewall::SecurityGroup;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.security_groups
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let id = SecurityGroupId(notes.vital("GroupId", self.group_id)?);
        let mut rules = Vec::new();
        for (direction, field, permissions) in [
            (Direction::Ingress, "IpPermissions", self.ip_permissions),
            (Direction::Egress, "IpPermissionsEgress", self.ip_permissions_egress),
        ] {
            match permissions {
                Some(permissions) => {
                    rules.extend(permissions.into_iter().flat_map(|p| p.read(&id, direction, notes)));
                }
                None => rules.push(not_given(direction, field)),
            }
        }
        let name = self.group_name.or_empty();
        Some(Self::Model { id, name, vpc: self.vpc_id.map(VpcId), rules })
    }
}

/// One rule is shelved as a group that has only it; the shelf joins the group.
impl Record for SecurityGroupRule {
    type Model = firewall::SecurityGroup;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.security_groups
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let group = SecurityGroupId(notes.vital("GroupId", self.group_id)?);
        let group_ref = self.referenced_group_info.unwrap_or_default();
        let peer = if let Some(text) = self.cidr_ipv4.0.or(self.cidr_ipv6.0) {
            cidr(&text)
        } else if let Some(list) = self.prefix_list_id.0 {
            Ok(Peer::PrefixList(PrefixListId(list)))
        } else if let Some(id) = group_ref.group_id.0 {
            Ok(Peer::Group { id: SecurityGroupId(id), peering_status: group_ref.peering_status.0 })
        } else {
            Err("a rule without a peer".to_owned())
        };
        let (scope, peer) =
            settle(scope(&self.ip_protocol, self.from_port, self.to_port), peer, &group, notes);
        let rule = |direction: &Direction| firewall::SecurityGroupRule {
            id: self.security_group_rule_id.0.clone(),
            direction: *direction,
            protocol: scope.0,
            ports: scope.1,
            peer: if self.is_egress.0.is_some() { peer.clone() } else { no_direction() },
        };
        let rules = words::directions(self.is_egress).iter().map(rule).collect();
        Some(Self::Model { id: group, name: String::new(), vpc: None, rules })
    }
}

impl IpPermission {
    fn read(
        self,
        group: &SecurityGroupId,
        direction: Direction,
        notes: &mut Notes,
    ) -> Vec<firewall::SecurityGroupRule> {
        let scope = scope(&self.ip_protocol, self.from_port, self.to_port);
        self.peers()
            .into_iter()
            .map(|peer| {
                let ((protocol, ports), peer) = settle(scope.clone(), peer, group, notes);
                firewall::SecurityGroupRule { id: None, direction, protocol, ports, peer }
            })
            .collect()
    }

    fn peers(self) -> Vec<Result<Peer, String>> {
        let v4 = self.ip_ranges.into_iter().flatten().map(|range| range.cidr_ip);
        let v6 = self.ipv6_ranges.into_iter().flatten().map(|range| range.cidr_ipv6);
        let lists = self.prefix_list_ids.into_iter().flatten().map(|list| {
            list.prefix_list_id.map(|id| Peer::PrefixList(PrefixListId(id))).ok_or("a list without its id")
        });
        let pairs = self.user_id_group_pairs.into_iter().flatten().map(GroupPair::peer);
        v4.chain(v6)
            .map(|text| cidr(text.0.as_deref().ok_or("a range without its CIDR")?))
            .chain(lists.map(|list| list.map_err(str::to_owned)))
            .chain(pairs)
            .collect()
    }
}

impl GroupPair {
    fn peer(self) -> Result<Peer, String> {
        match self.group_id.0 {
            Some(id) => Ok(Peer::Group { id: SecurityGroupId(id), peering_status: self.peering_status.0 }),
            None => Err(format!("a group without its id, \"{}\"", self.group_name.or_empty())),
        }
    }
}

type Scope = (ProtocolMatch, PortRange);

fn scope(protocol: &Text, from: Int, to: Int) -> Result<Scope, String> {
    let protocol = words::protocol(protocol)?;
    Ok((protocol, words::ports(protocol, from, to)?))
}

fn cidr(text: &str) -> Result<Peer, String> {
    words::cidr(text).map(Peer::Cidr)
}

/// A rule that cannot be read admits somebody to something. It is kept as a rule for every port whose
/// peer nobody can match, so that no verdict of denial rests on its absence.
fn settle(
    scope: Result<Scope, String>,
    peer: Result<Peer, String>,
    group: &SecurityGroupId,
    notes: &mut Notes,
) -> (Scope, Peer) {
    match (scope, peer) {
        (Ok(scope), Ok(peer)) => (scope, peer),
        (Ok(scope), Err(why)) => {
            notes.say(format_args!("{group}: {why}"));
            (scope, Peer::Other(why))
        }
        (Err(why), _) => {
            notes.say(format_args!("{group}: {why}"));
            ((ProtocolMatch::All, PortRange::ALL), Peer::Other(why))
        }
    }
}

fn no_direction() -> Peer {
    Peer::Other("a rule that does not say IsEgress".to_owned())
}

const NOT_GIVEN: &str = " is not in the record";

/// Stands for the rules of a direction that the record leaves out: not known, which is not "none".
fn not_given(direction: Direction, field: &str) -> firewall::SecurityGroupRule {
    firewall::SecurityGroupRule {
        id: None,
        direction,
        protocol: ProtocolMatch::All,
        ports: PortRange::ALL,
        peer: Peer::Other(format!("{field}{NOT_GIVEN}")),
    }
}

fn stands_for_missing(rule: &firewall::SecurityGroupRule) -> bool {
    matches!(&rule.peer, Peer::Other(text) if text.ends_with(NOT_GIVEN))
}

impl Shelved for firewall::SecurityGroup {
    fn key(&self) -> &str {
        self.id.as_str()
    }

    /// The same rule may be told by both calls, and only one of them knows its id.
    fn join(&mut self, other: Self) -> Result<(), Contradiction> {
        if self.name.is_empty() {
            self.name = other.name;
        }
        self.vpc = self.vpc.take().or(other.vpc);
        for rule in other.rules {
            match self.rules.iter_mut().find(|known| same(known, &rule)) {
                Some(known) => fill(known, rule),
                None => self.rules.push(rule),
            }
        }
        Ok(())
    }

    fn settle(&mut self) {
        if self.rules.iter().any(|rule| rule.id.is_some()) {
            self.rules.retain(|rule| !stands_for_missing(rule));
        }
        // The API gives rules in no order of its own.
        self.rules.sort_by(|a, b| {
            let key = |rule: &firewall::SecurityGroupRule| (rule.direction, rule.protocol, rule.ports);
            key(a).cmp(&key(b)).then_with(|| a.peer.cmp(&b.peer)).then_with(|| a.id.cmp(&b.id))
        });
    }
}

fn same(a: &firewall::SecurityGroupRule, b: &firewall::SecurityGroupRule) -> bool {
    let peers = match (&a.peer, &b.peer) {
        (Peer::Group { id: a, .. }, Peer::Group { id: b, .. }) => a == b,
        (a, b) => a == b,
    };
    let ids = a.id.is_none() || b.id.is_none() || a.id == b.id;
    ids && peers && (a.direction, a.protocol, a.ports) == (b.direction, b.protocol, b.ports)
}

fn fill(known: &mut firewall::SecurityGroupRule, other: firewall::SecurityGroupRule) {
    known.id = known.id.take().or(other.id);
    if let (Peer::Group { peering_status, .. }, Peer::Group { peering_status: said, .. }) =
        (&mut known.peer, other.peer)
    {
        *peering_status = peering_status.take().or(said);
    }
}
