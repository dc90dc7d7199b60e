//! Does a set of security groups admit a flow, and if not, how near did its rules come?
//!
//! Rules only allow; the groups of an interface are united; replies to an admitted flow always pass.
//! <https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html>

use std::{net::IpAddr, sync::Arc};

use super::path::{Identity, Loss};
use crate::model::{
    firewall::{Direction, Peer, SecurityGroup, SecurityGroupRule},
    id::SecurityGroupId,
    inventory::{Inventory, actions},
    known::{Known, Reason, Unknown},
    net,
};

/// The other end of the flow, as the rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Other<'a> {
    pub ip: IpAddr,
    pub groups: &'a Known<Vec<SecurityGroupId>>,
    /// Whether the network still knows who it is.
    pub identity: &'a Identity,
    pub protocol: u8,
    pub port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupVerdict {
    Allow {
        group: Arc<SecurityGroup>,
        /// Its position among the group's rules.
        rule: usize,
    },
    Deny(Denial),
    /// The interface has no group, so nothing filters it: load balancers, NAT gateways and transit gateway
    /// attachments are such.
    Unfiltered,
    Undecided(Unknown),
}

/// Every rule of the direction was read and none admits the flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub groups: Vec<SecurityGroupId>,
    /// The other end.
    pub peer: IpAddr,
    /// How many rules the direction has in all.
    pub rules: usize,
    /// The groups are the VPC's default group alone, and it still admits its own members only.
    pub default_group: bool,
    /// A rule names a group of the other end, and what lies between makes nobody a member.
    pub lost: Option<Loss>,
    /// The groups that were read.
    read: Vec<Arc<SecurityGroup>>,
    /// Their rules of the direction, in order.
    misses: Vec<Miss>,
}

/// A rule that does not admit the flow, by its place, so that the rules themselves are told only when somebody asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Miss {
    nearness: Nearness,
    group: usize,
    rule: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nearness {
    /// Admits this peer and protocol on other ports.
    OtherPort,
    /// Admits this port to somebody else.
    OtherPeer,
    /// Admits other peers on other ports or protocols.
    Far,
}

impl Denial {
    fn of(
        inventory: &Inventory,
        read: Vec<Arc<SecurityGroup>>,
        direction: Direction,
        other: Other<'_>,
    ) -> Self {
        let mut misses = Vec::with_capacity(read.iter().map(|group| group.rules.len()).sum());
        let mut lost = None;
        for (group, rules) in read.iter().map(|group| &group.rules).enumerate() {
            for (rule, one) in rules.iter().enumerate().filter(|(_, rule)| rule.direction == direction) {
                let nearness = nearness(inventory, one, other, &mut lost);
                misses.push(Miss { nearness, group, rule });
            }
        }
        Self {
            groups: read.iter().map(|group| group.id.clone()).collect(),
            peer: other.ip,
            rules: misses.len(),
            default_group: matches!(&*read, [only] if is_untouched_default(only, direction)),
            lost,
            read,
            misses,
        }
    }

    /// One of so many rules that nobody read.
    #[cfg(test)]
    pub(in crate::analyze) fn bare(rules: usize, lost: Option<Loss>) -> Self {
        Self {
            groups: vec!["sg-1".into()],
            peer: IpAddr::from([10, 0, 0, 1]),
            rules,
            default_group: false,
            lost,
            read: Vec::new(),
            misses: Vec::new(),
        }
    }

    /// Rules open the port to IPv4 addresses and none to IPv6 addresses, and the other end has one of those.
    pub fn is_ipv6_gap(&self) -> bool {
        let cidrs = || self.other_peers().filter_map(|(_, rule)| rule.peer.cidr());
        self.peer.is_ipv6() && cidrs().next().is_some() && cidrs().all(|cidr| cidr.addr().is_ipv4())
    }

    /// The rules that were read, nearest misses first, each with its group.
    pub fn misses(&self) -> impl Iterator<Item = (&SecurityGroupId, &SecurityGroupRule)> {
        let kinds = [Nearness::OtherPort, Nearness::OtherPeer, Nearness::Far];
        kinds.into_iter().flat_map(|kind| self.near(kind))
    }

    /// Rules that admit this peer and protocol on other ports.
    pub fn other_ports(&self) -> impl Iterator<Item = (&SecurityGroupId, &SecurityGroupRule)> {
        self.near(Nearness::OtherPort)
    }

    /// Rules that admit this port to somebody else.
    pub fn other_peers(&self) -> impl Iterator<Item = (&SecurityGroupId, &SecurityGroupRule)> {
        self.near(Nearness::OtherPeer)
    }

    fn near(&self, kind: Nearness) -> impl Iterator<Item = (&SecurityGroupId, &SecurityGroupRule)> {
        self.misses.iter().filter(move |miss| miss.nearness == kind).map(|miss| {
            let group = &self.read[miss.group];
            (&group.id, &group.rules[miss.rule])
        })
    }
}

/// Evaluates the union of `groups` in one direction.
pub fn evaluate(
    inventory: &Inventory,
    groups: &Known<Vec<SecurityGroupId>>,
    direction: Direction,
    other: Other<'_>,
) -> GroupVerdict {
    let ids = match groups {
        Known::Known(ids) => ids,
        Known::Unknown(why) => return GroupVerdict::Undecided(why.clone()),
    };
    if ids.is_empty() {
        return GroupVerdict::Unfiltered;
    }
    if let Known::Unknown(why) = &inventory.security_groups {
        return GroupVerdict::Undecided(why.clone());
    }
    let mut read = Vec::with_capacity(ids.len());
    let mut undecided = None;
    for id in ids {
        let Some(group) = inventory.security_group(id) else {
            undecided.get_or_insert(Unknown::new(actions::SECURITY_GROUPS, Reason::Absent));
            continue;
        };
        let asked = |rule: &SecurityGroupRule| rule.direction == direction && opens(rule, other);
        for (at, rule) in group.rules.iter().enumerate().filter(|(_, rule)| asked(rule)) {
            match peer_fits(inventory, rule, other, &mut None) {
                Known::Known(true) => return GroupVerdict::Allow { group: Arc::clone(group), rule: at },
                Known::Known(false) => {}
                Known::Unknown(why) => undecided = undecided.or(Some(why)),
            }
        }
        read.push(Arc::clone(group));
    }
    match undecided {
        Some(why) => GroupVerdict::Undecided(why),
        None => GroupVerdict::Deny(Denial::of(inventory, read, direction, other)),
    }
}

/// Once somebody has added a rule, its own rules say more than its name does.
fn is_untouched_default(group: &SecurityGroup, direction: Direction) -> bool {
    let own_members =
        |rule: &SecurityGroupRule| matches!(&rule.peer, Peer::Group { id, .. } if *id == group.id);
    group.name == "default" && group.rules.iter().filter(|rule| rule.direction == direction).all(own_members)
}

/// How near a rule comes that does not admit the flow; what it would admit if that were still known is noted.
fn nearness(
    inventory: &Inventory,
    rule: &SecurityGroupRule,
    other: Other<'_>,
    lost: &mut Option<Loss>,
) -> Nearness {
    if !rule.protocol.covers(other.protocol) {
        return Nearness::Far;
    }
    let mut hidden = None;
    let peer = peer_fits(inventory, rule, other, &mut hidden);
    if opens(rule, other) {
        *lost = lost.take().or(hidden);
        return Nearness::OtherPeer;
    }
    let near = match peer {
        // The peer fits as far as anything is known of the way between.
        Known::Unknown(_) if matches!(other.identity, Identity::Unknown(_)) => {
            let kept = Other { identity: &Identity::Kept, ..other };
            peer_fits(inventory, rule, kept, &mut None) == Known::Known(true)
        }
        peer => peer == Known::Known(true),
    };
    if near { Nearness::OtherPort } else { Nearness::Far }
}

/// The rule is about this protocol and port.
fn opens(rule: &SecurityGroupRule, other: Other<'_>) -> bool {
    let has_ports = matches!(other.protocol, net::TCP | net::UDP) && rule.protocol != net::ProtocolMatch::All;
    rule.protocol.covers(other.protocol) && (!has_ports || rule.ports.contains(other.port))
}

fn peer_fits(
    inventory: &Inventory,
    rule: &SecurityGroupRule,
    other: Other<'_>,
    hidden: &mut Option<Loss>,
) -> Known<bool> {
    match &rule.peer {
        Peer::Cidr(cidr) => Known::Known(cidr.contains(&other.ip)),
        Peer::Group { .. } if rule.peer.is_stale_reference() => Known::Known(false),
        Peer::Group { id, .. } => match is_member(inventory, other, id) {
            Known::Known(true) => is_known_as_member(rule.direction, other.identity, hidden),
            unsettled => unsettled,
        },
        Peer::PrefixList(id) => match inventory.prefix_list(id) {
            Some(list) => {
                list.entries_for(other.ip).map(|nets| nets.iter().any(|net| net.contains(&other.ip)))
            }
            None => Known::unknown(actions::PREFIX_LIST_ENTRIES, Reason::Absent),
        },
        Peer::Other(text) => Known::unknown(
            format!("the meaning of the rule's peer {text:?}"),
            Reason::Failed { message: "this version cannot read it".to_owned() },
        ),
    }
}

/// A rule that names a group matches the private addresses of the interfaces that have it, whichever they are.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html>
fn is_member(inventory: &Inventory, other: Other<'_>, id: &SecurityGroupId) -> Known<bool> {
    match other.groups {
        Known::Known(groups) => Known::Known(groups.contains(id)),
        // All interfaces that could have this group were read, and none holds the address.
        Known::Unknown(why) if why.reason == Reason::Unheld && inventory.security_group(id).is_some() => {
            Known::Known(false)
        }
        Known::Unknown(why) => Known::Unknown(why.clone()),
    }
}

fn is_known_as_member(direction: Direction, identity: &Identity, hidden: &mut Option<Loss>) -> Known<bool> {
    match identity {
        Identity::Kept => Known::Known(true),
        Identity::KeptInbound if direction == Direction::Ingress => Known::Known(true),
        Identity::KeptInbound => {
            *hidden = Some(Loss::TransitGateway);
            Known::Known(false)
        }
        Identity::Lost(loss) => {
            *hidden = Some(loss.clone());
            Known::Known(false)
        }
        Identity::Unknown(why) => Known::Unknown(why.clone()),
    }
}

/// The rule in one phrase: `tcp/443 from sg-0app`.
pub fn describe(rule: &SecurityGroupRule) -> String {
    let ports = match rule.protocol {
        net::ProtocolMatch::Number(net::TCP | net::UDP) if rule.ports != net::PortRange::ALL => {
            format!("{}/{}", rule.protocol, rule.ports)
        }
        net::ProtocolMatch::Number(_) => format!("all {}", rule.protocol),
        net::ProtocolMatch::All => "all traffic".to_owned(),
    };
    let preposition = match rule.direction {
        Direction::Egress => "to",
        Direction::Ingress => "from",
    };
    format!("{ports} {preposition} {}", describe_peer(&rule.peer))
}

pub fn describe_peer(peer: &Peer) -> String {
    match peer {
        Peer::Cidr(cidr) => cidr.to_string(),
        Peer::Group { id, .. } => id.to_string(),
        Peer::PrefixList(id) => id.to_string(),
        Peer::Other(text) => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;
    use crate::model::{
        inventory::Inventory,
        net::{PortRange, ProtocolMatch, TCP, UDP},
    };

    fn rule(protocol: ProtocolMatch, ports: PortRange, peer: Peer) -> SecurityGroupRule {
        SecurityGroupRule { id: None, direction: Direction::Ingress, protocol, ports, peer }
    }

    fn cidr(text: &str) -> Peer {
        Peer::Cidr(text.parse().unwrap())
    }

    fn group(id: &str, peering_status: Option<&str>) -> Peer {
        Peer::Group { id: id.into(), peering_status: peering_status.map(str::to_owned) }
    }

    fn other<'a>(ip: &str, groups: &'a Known<Vec<SecurityGroupId>>) -> Other<'a> {
        Other { ip: ip.parse().unwrap(), groups, identity: &Identity::Kept, protocol: TCP, port: 443 }
    }

    fn verdict(rules: Vec<SecurityGroupRule>, client: &str, client_groups: &[&str]) -> GroupVerdict {
        let mut inventory = Inventory::none("test");
        let (id, name) = ("sg-vpce".into(), "vpce".to_owned());
        let group = SecurityGroup { id, name, vpc: None, rules };
        inventory.security_groups = Known::Known(vec![group].into());
        let groups = Known::Known(client_groups.iter().map(|id| (*id).into()).collect());
        let other = other(client, &groups);
        evaluate(&inventory, &Known::Known(vec!["sg-vpce".into()]), Direction::Ingress, other)
    }

    const HTTPS: PortRange = PortRange { from: 443, to: 443 };
    const TCP_ONLY: ProtocolMatch = ProtocolMatch::Number(TCP);

    #[test_case(rule(TCP_ONLY, HTTPS, cidr("10.0.0.0/16")), true; "address in the block")]
    #[test_case(rule(TCP_ONLY, HTTPS, cidr("10.1.0.0/16")), false; "address out of the block")]
    #[test_case(rule(TCP_ONLY, PortRange { from: 400, to: 500 }, cidr("10.0.1.10/32")), true; "port in the range")]
    #[test_case(rule(TCP_ONLY, PortRange { from: 80, to: 442 }, cidr("0.0.0.0/0")), false; "port out of the range")]
    #[test_case(rule(ProtocolMatch::Number(UDP), HTTPS, cidr("0.0.0.0/0")), false; "another protocol")]
    #[test_case(rule(ProtocolMatch::All, PortRange::ALL, cidr("0.0.0.0/0")), true; "all traffic")]
    #[test_case(rule(TCP_ONLY, HTTPS, cidr("::/0")), false; "IPv6 rules never match IPv4")]
    #[test_case(rule(TCP_ONLY, HTTPS, group("sg-app", None)), true; "member of the group")]
    #[test_case(rule(TCP_ONLY, HTTPS, group("sg-db", None)), false; "no member of the group")]
    #[test_case(rule(TCP_ONLY, HTTPS, group("sg-app", Some("active"))), true; "over an active peering")]
    #[test_case(rule(TCP_ONLY, HTTPS, group("sg-app", Some("deleted"))), false; "over a deleted peering")]
    fn one_rule(rule: SecurityGroupRule, admits: bool) {
        let verdict = verdict(vec![rule], "10.0.1.10", &["sg-app"]);
        assert_eq!(matches!(verdict, GroupVerdict::Allow { .. }), admits, "{verdict:?}");
        assert!(!matches!(verdict, GroupVerdict::Undecided(_)));
    }

    #[test]
    fn what_cannot_be_read_is_neither_admitted_nor_denied() {
        let odd = rule(TCP_ONLY, HTTPS, Peer::Other("something new".to_owned()));
        let list = rule(TCP_ONLY, HTTPS, Peer::PrefixList("pl-1".into()));
        for unread in [odd, list] {
            assert!(matches!(verdict(vec![unread.clone()], "10.0.1.10", &[]), GroupVerdict::Undecided(_)));
            // It does not matter where another rule admits, nor where its own port does not fit.
            let open = rule(TCP_ONLY, HTTPS, cidr("10.0.0.0/8"));
            assert!(matches!(
                verdict(vec![unread.clone(), open], "10.0.1.10", &[]),
                GroupVerdict::Allow { .. }
            ));
            let other_port = SecurityGroupRule { ports: PortRange::single(80), ..unread };
            assert!(matches!(verdict(vec![other_port], "10.0.1.10", &[]), GroupVerdict::Deny(_)));
        }
    }

    #[test]
    fn near_misses_are_told_apart() {
        let rules = vec![
            rule(TCP_ONLY, PortRange::single(80), group("sg-app", None)),
            rule(TCP_ONLY, HTTPS, group("sg-db", None)),
            rule(ProtocolMatch::Number(UDP), HTTPS, cidr("0.0.0.0/0")),
        ];
        let GroupVerdict::Deny(denial) = verdict(rules, "10.0.1.10", &["sg-app"]) else {
            panic!("nothing admits this client");
        };
        assert_eq!((denial.other_ports().count(), denial.other_peers().count(), denial.rules), (1, 1, 3));
        let told: Vec<_> = denial.misses().map(|(_, rule)| describe(rule)).collect();
        assert_eq!(told, ["tcp/80 from sg-app", "tcp/443 from sg-db", "udp/443 from 0.0.0.0/0"]);
    }

    #[test]
    fn the_default_group_is_itself_until_somebody_adds_a_rule() {
        let denied = |rules: Vec<SecurityGroupRule>| {
            let mut inventory = Inventory::none("test");
            let (id, name) = ("sg-default".into(), "default".to_owned());
            let group = SecurityGroup { id, name, vpc: None, rules };
            inventory.security_groups = Known::Known(vec![group].into());
            let none = Known::Known(Vec::new());
            let other = other("10.0.1.10", &none);
            let own = Known::Known(vec!["sg-default".into()]);
            match evaluate(&inventory, &own, Direction::Ingress, other) {
                GroupVerdict::Deny(denial) => denial,
                other => panic!("{other:?}"),
            }
        };
        let itself = rule(ProtocolMatch::All, PortRange::ALL, group("sg-default", None));
        assert!(denied(vec![itself.clone()]).default_group);
        let added = rule(TCP_ONLY, PortRange::single(80), cidr("10.0.0.0/8"));
        assert!(!denied(vec![itself, added]).default_group);
    }

    #[test]
    fn an_interface_without_groups_is_not_filtered() {
        let groups = Known::Known(Vec::new());
        let other = other("10.0.1.10", &groups);
        let inventory = Inventory::none("test");
        assert_eq!(
            evaluate(&inventory, &Known::Known(Vec::new()), Direction::Ingress, other),
            GroupVerdict::Unfiltered
        );
    }
}
