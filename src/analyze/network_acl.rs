//! Which part of a range of ports does a network ACL let through?
//!
//! Entries are tried in ascending number, the first that matches decides, and what nothing matches is
//! denied. An ACL keeps no state: replies need entries of their own, on the client's ephemeral ports.
//! <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html>

use std::{net::IpAddr, sync::Arc};

use crate::model::{
    firewall::{AclAction, Direction, NetworkAcl, NetworkAclEntry},
    id::SubnetId,
    inventory::{Inventory, actions},
    known::{Known, Reason},
    net::{PortRange, ProtocolMatch},
};

/// What happens to each part of the asked range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclDecision {
    /// In the order decided; together they cover the range.
    pub parts: Vec<AclPart>,
    /// The other end has an IPv6 address, and every numbered entry of the direction is about IPv4.
    pub ipv6_forgotten: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclPart {
    pub ports: PortRange,
    pub allowed: Known<bool>,
    /// Absent: nothing matched, the unnumbered last entry denies.
    pub entry: Option<NetworkAclEntry>,
}

/// The number that the API gives to the last entry, `*` in the console, which nobody can remove.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html>
pub const LAST_ENTRY: u32 = 32_767;

/// The ACL of a subnet: there is exactly one.
pub fn of_subnet<'a>(inventory: &'a Inventory, subnet: &SubnetId) -> Known<&'a Arc<NetworkAcl>> {
    inventory.network_acls.as_ref().and_then(|all| match all.linked(subnet.as_str()).next() {
        Some(acl) => Known::Known(acl),
        None => Known::unknown(actions::NETWORK_ACLS, Reason::Absent),
    })
}

/// Decides for packets of `protocol` between this ACL's subnet and `other`, for every destination port in `ports`.
pub fn evaluate(
    acl: &NetworkAcl,
    direction: Direction,
    other: IpAddr,
    protocol: u8,
    ports: PortRange,
) -> AclDecision {
    let mut entries: Vec<_> = acl
        .entries
        .iter()
        .filter(|e| e.direction == direction && e.protocol.covers(protocol) && e.cidr.contains(&other))
        .collect();
    entries.sort_by_key(|entry| entry.number);

    let mut open = vec![ports];
    let mut decided = Vec::new();
    for entry in entries {
        let span = if matches!(entry.protocol, ProtocolMatch::All) { PortRange::ALL } else { entry.ports };
        let mut rest = Vec::new();
        for range in open {
            let (hit, missed) = split(range, span);
            decided.extend(hit.map(|ports| AclPart {
                ports,
                allowed: allows(&entry.action),
                entry: Some(entry.clone()),
            }));
            rest.extend(missed);
        }
        open = rest;
    }
    decided.extend(open.into_iter().map(|ports| AclPart {
        ports,
        allowed: Known::Known(false),
        entry: None,
    }));
    AclDecision { parts: decided, ipv6_forgotten: other.is_ipv6() && is_about_ipv4_alone(acl, direction) }
}

fn is_about_ipv4_alone(acl: &NetworkAcl, direction: Direction) -> bool {
    let numbered = |e: &&NetworkAclEntry| e.direction == direction && e.number < LAST_ENTRY;
    let mut entries = acl.entries.iter().filter(numbered).peekable();
    entries.peek().is_some() && entries.all(|entry| entry.cidr.addr().is_ipv4())
}

fn allows(action: &AclAction) -> Known<bool> {
    match action {
        AclAction::Allow => Known::Known(true),
        AclAction::Deny => Known::Known(false),
        AclAction::Other(word) => Known::unknown(
            format!("the meaning of the ACL action {word:?}"),
            Reason::Failed { message: "this version cannot read it".to_owned() },
        ),
    }
}

/// The part of `range` inside `span`, and the parts outside.
fn split(range: PortRange, span: PortRange) -> (Option<PortRange>, Vec<PortRange>) {
    let from = range.from.max(span.from);
    let to = range.to.min(span.to);
    if from > to {
        return (None, vec![range]);
    }
    let mut outside = Vec::new();
    if range.from < from {
        outside.push(PortRange { from: range.from, to: from - 1 });
    }
    if to < range.to {
        outside.push(PortRange { from: to + 1, to: range.to });
    }
    (Some(PortRange { from, to }), outside)
}

impl AclDecision {
    /// The share of the ports that is denied, from 0 to 1.
    pub fn blocked_share(&self) -> Known<f64> {
        let mut blocked = 0;
        let mut total = 0;
        for part in &self.parts {
            match part.allowed.ok() {
                Ok(true) => {}
                Ok(false) => blocked += part.ports.len(),
                Err(why) => return Known::Unknown(why),
            }
            total += part.ports.len();
        }
        Known::Known(if total == 0 { 0.0 } else { f64::from(blocked) / f64::from(total) })
    }

    /// The ports that are denied.
    pub fn denied(&self) -> impl Iterator<Item = PortRange> {
        self.parts.iter().filter(|part| part.allowed == Known::Known(false)).map(|part| part.ports)
    }

    /// The denying part that is decided first: whatever is put before it goes before all denials.
    pub fn first_denial(&self) -> Option<&AclPart> {
        self.parts.iter().find(|part| part.allowed == Known::Known(false))
    }

    /// The part that denies the most ports.
    pub fn main_denial(&self) -> Option<&AclPart> {
        self.parts
            .iter()
            .filter(|part| part.allowed == Known::Known(false))
            .max_by_key(|part| part.ports.len())
    }
}

impl AclPart {
    /// The entry in words, or that nothing matched.
    pub fn describe(&self) -> String {
        match &self.entry {
            Some(entry) if entry.number < LAST_ENTRY => describe(entry),
            _ => "no numbered rule matches, so the last rule (*) denies".to_owned(),
        }
    }

    /// A numbered entry decided, rather than the last one.
    pub fn is_numbered(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| entry.number < LAST_ENTRY)
    }
}

/// `rule 90 denies tcp/1024-65535 from 10.0.0.0/8`
pub fn describe(entry: &NetworkAclEntry) -> String {
    let verb = match &entry.action {
        AclAction::Allow => "allows",
        AclAction::Deny => "denies",
        AclAction::Other(word) => word,
    };
    let traffic = match entry.protocol {
        ProtocolMatch::All => "all traffic".to_owned(),
        ProtocolMatch::Number(_) if entry.ports == PortRange::ALL => format!("all {}", entry.protocol),
        ProtocolMatch::Number(_) => format!("{}/{}", entry.protocol, entry.ports),
    };
    let preposition = match entry.direction {
        Direction::Egress => "to",
        Direction::Ingress => "from",
    };
    format!("rule {} {verb} {traffic} {preposition} {}", entry.number, entry.cidr)
}

/// A free number in front of the entry that denies, so that an added entry decides first.
pub fn free_number_before(acl: &NetworkAcl, direction: Direction, denial: &AclPart) -> Option<u32> {
    let limit = denial.entry.as_ref().map_or(LAST_ENTRY, |entry| entry.number.min(LAST_ENTRY));
    let free = |number: &u32| !acl.entries.iter().any(|e| e.direction == direction && e.number == *number);
    let round = (1..=10).map(|n| n * 100).filter(|n| *n < limit).find(free);
    round.or_else(|| (1..limit).rev().find(free))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{id::NetworkAclId, net};

    fn entry(number: u32, action: AclAction, ports: PortRange) -> NetworkAclEntry {
        NetworkAclEntry {
            number,
            direction: Direction::Ingress,
            action,
            protocol: ProtocolMatch::Number(net::TCP),
            cidr: "10.0.0.0/8".parse().unwrap(),
            ports,
        }
    }

    fn acl(entries: Vec<NetworkAclEntry>) -> NetworkAcl {
        NetworkAcl {
            id: NetworkAclId::new("acl-1"),
            vpc: None,
            is_default: false,
            subnets: Vec::new(),
            entries,
        }
    }

    fn client() -> IpAddr {
        "10.0.1.10".parse().unwrap()
    }

    /// What the documentation says, word by word, for one port.
    fn passes_by_the_book(acl: &NetworkAcl, port: u16) -> bool {
        let mut entries: Vec<_> = acl.entries.iter().collect();
        entries.sort_by_key(|entry| entry.number);
        entries.into_iter().find(|e| e.ports.contains(port)).is_some_and(|e| e.action == AclAction::Allow)
    }

    fn any_entry() -> impl Strategy<Value = NetworkAclEntry> {
        (1_u32..40, any::<bool>(), 0_u16..200, 0_u16..200).prop_map(|(number, allow, a, b)| {
            let action = if allow { AclAction::Allow } else { AclAction::Deny };
            entry(number, action, PortRange { from: a.min(b), to: a.max(b) })
        })
    }

    proptest! {
        #[test]
        fn ranges_are_decided_as_single_ports_are(
            entries in proptest::collection::vec(any_entry(), 0..12),
            from in 0_u16..150,
            length in 0_u16..50,
        ) {
            // Two entries of one number cannot exist.
            let mut seen = std::collections::BTreeSet::new();
            let acl = acl(entries.into_iter().filter(|e| seen.insert(e.number)).collect());
            let range = PortRange { from, to: from + length };
            let decision = evaluate(&acl, Direction::Ingress, client(), net::TCP, range);
            for port in range.from..=range.to {
                let parts: Vec<_> = decision.parts.iter().filter(|part| part.ports.contains(port)).collect();
                prop_assert_eq!(parts.len(), 1, "port {} is decided once", port);
                prop_assert_eq!(&parts[0].allowed, &Known::Known(passes_by_the_book(&acl, port)));
            }
        }

        #[test]
        fn a_free_number_is_free_and_before_the_denial(
            entries in proptest::collection::vec(any_entry(), 0..40),
        ) {
            let acl = acl(entries);
            let decision = evaluate(&acl, Direction::Ingress, client(), net::TCP, PortRange::single(60_000));
            let denial = decision.first_denial().unwrap();
            if let Some(number) = free_number_before(&acl, Direction::Ingress, denial) {
                prop_assert!(number >= 1 && acl.entries.iter().all(|entry| entry.number != number));
                prop_assert!(denial.entry.as_ref().is_none_or(|entry| number < entry.number));
            }
        }
    }

    #[test]
    fn no_number_is_free_before_the_first() {
        let acl = acl(vec![entry(1, AclAction::Deny, PortRange::ALL)]);
        let decision = evaluate(&acl, Direction::Ingress, client(), net::TCP, PortRange::single(443));
        let denial = decision.first_denial().unwrap();
        assert_eq!(free_number_before(&acl, Direction::Ingress, denial), None);
    }

    #[test]
    fn other_directions_protocols_and_addresses_do_not_matter() {
        let mut elsewhere = entry(1, AclAction::Deny, PortRange::ALL);
        elsewhere.cidr = "192.168.0.0/16".parse().unwrap();
        let mut udp = entry(2, AclAction::Deny, PortRange::ALL);
        udp.protocol = ProtocolMatch::Number(net::UDP);
        let mut out = entry(3, AclAction::Deny, PortRange::ALL);
        out.direction = Direction::Egress;
        let all = NetworkAclEntry {
            protocol: ProtocolMatch::All,
            ports: PortRange::ALL,
            ..entry(4, AclAction::Allow, PortRange::ALL)
        };
        let acl = acl(vec![elsewhere, udp, out, all]);
        let decision = evaluate(&acl, Direction::Ingress, client(), net::TCP, PortRange::single(443));
        assert_eq!(decision.blocked_share(), Known::Known(0.0));
    }
}
