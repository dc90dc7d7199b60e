//! Which part of a range of ports does a network ACL let through?
//!
//! Entries are tried in ascending number, the first that matches decides, and what nothing matches is
//! denied. An ACL keeps no state: replies need entries of their own, on the client's ephemeral ports.
//! <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html>

use std::net::IpAddr;

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
pub fn of_subnet<'a>(inventory: &'a Inventory, subnet: &SubnetId) -> Known<&'a NetworkAcl> {
    inventory.network_acls.as_ref().and_then(|all| {
        match all.iter().find(|acl| acl.subnets.contains(subnet)) {
            Some(acl) => Known::Known(acl),
            None => Known::unknown(actions::NETWORK_ACLS, Reason::Absent),
        }
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
    AclDecision { parts: decided }
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
