//! Where a connection ends before the network: what of a row's outcome is this host's own doing.

use std::net::IpAddr;

use crate::model::{
    host::LocalInterface,
    known::{Known, Unknown},
    name::{Lookup, LookupOutcome, ServerRole},
    observation::{IcmpError, TcpOutcome},
};

use super::{Case, Row};

/// Linux's numbers for what `connect` may say without having sent anything.
const EPERM: i32 = 1;
const EACCES: i32 = 13;
const EINVAL: i32 = 22;
const EADDRNOTAVAIL: i32 = 99;
const ENETUNREACH: i32 = 101;
const EHOSTUNREACH: i32 = 113;

/// Names that container runtimes, cluster networks and hypervisors give to the bridges they make.
const BRIDGES: [&str; 9] = ["docker", "br-", "cni", "cbr", "flannel", "lxcbr", "lxdbr", "podman", "virbr"];

/// What kept the packets from being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The route lookup gave no way: EINVAL, EACCES, EHOSTUNREACH or ENETUNREACH, at once.
    NoRoute,
    /// A packet filter or a security policy.
    Filter,
}

/// Nothing of this row's packets reached the network: whatever the configuration says of it is beside the point.
pub(super) fn keeps(case: &Case<'_>, row: &Row<'_>) -> bool {
    refusal(row).is_some() || matches!(captured(case, row), Ok(Some(_)))
}

pub(super) fn refusal(row: &Row<'_>) -> Option<Refusal> {
    match &row.probe.tcp.outcome {
        TcpOutcome::LocalError { errno: EPERM, .. } | TcpOutcome::TimedOut { unsent: true, .. } => {
            Some(Refusal::Filter)
        }
        // A datagram socket meets the same routes. What refuses TCP alone is a security module.
        TcpOutcome::LocalError { errno: EACCES, .. } if row.probe.source_ip.is_known() => {
            Some(Refusal::Filter)
        }
        TcpOutcome::LocalError { errno: EACCES | EINVAL | ENETUNREACH | EHOSTUNREACH, .. } => {
            Some(Refusal::NoRoute)
        }
        TcpOutcome::Refused { icmp: Some(icmp) } | TcpOutcome::Unreachable { icmp: Some(icmp), .. } => {
            let own = icmp.from.is_some_and(|from| is_own(row, from));
            (own && is_rejection(row.ip(), *icmp)).then_some(Refusal::Filter)
        }
        _ => None,
    }
}

/// No configured DNS server could be asked, since this host did not let a single question out (EPERM).
pub(super) fn forbids_lookups(case: &Case<'_>) -> bool {
    let servers = &case.target.resolution.servers;
    let mut configured = servers.iter().filter(|server| server.role == ServerRole::Configured).peekable();
    let forbidden = |lookup: &Lookup| matches!(&lookup.outcome, LookupOutcome::Failed { message } if message.ends_with("(os error 1)"));
    case.name_gives_nothing()
        && configured.peek().is_some()
        && configured.all(|server| server.lookups().into_iter().all(forbidden))
}

/// There was no way to try the address, as this host has no address of its kind, IPv4 or IPv6, but those of its own links.
pub(super) fn lacks_family(case: &Case<'_>, row: &Row<'_>) -> Result<bool, Unknown> {
    let TcpOutcome::LocalError { errno: ENETUNREACH | EADDRNOTAVAIL, .. } = row.probe.tcp.outcome else {
        return Ok(false);
    };
    let interfaces = case.facts.host.interfaces.ok()?;
    let mut own = interfaces.iter().flat_map(|interface| &interface.networks).map(ipnet::IpNet::addr);
    Ok(!own.any(|ip| reaches_out(ip) && ip.is_ipv6() == row.ip().is_ipv6()))
}

/// Not for this host or one of its links alone.
pub(super) fn reaches_out(ip: IpAddr) -> bool {
    let link_local = match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    !link_local && !ip.is_loopback()
}

fn is_own(row: &Row<'_>, ip: IpAddr) -> bool {
    ip.is_loopback() || row.probe.source_ip.known() == Some(&ip)
}

/// Messages that a host sends to itself only because a rule told it to. The unreachable host (ICMP) or address
/// (`ICMPv6`) is none of them: so says the kernel of a neighbour that does not answer.
fn is_rejection(to: IpAddr, icmp: IcmpError) -> bool {
    match to {
        IpAddr::V4(_) => icmp.kind == 3 && matches!(icmp.code, 0 | 2 | 3 | 9 | 10 | 13),
        IpAddr::V6(_) => icmp.kind == 1 && matches!(icmp.code, 0 | 1 | 4 | 5 | 6),
    }
}

/// The network of this host's own that takes the packets, where they were meant for the VPC.
pub(super) struct Captured<'a> {
    pub(super) interface: &'a LocalInterface,
    pub(super) network: ipnet::IpNet,
    /// The inventory says who holds the address, and that nobody holds ours.
    pub(super) certain: bool,
}

/// The interface of the kernel's choice lies outside the VPC, is directly connected to a network that covers the
/// address, and the address is an endpoint's.
pub(super) fn captured<'a>(case: &Case<'a>, row: &Row<'a>) -> Result<Option<Captured<'a>>, Unknown> {
    let failing = row.symptom.is_some() && refusal(row).is_none();
    let (true, Some(source)) = (failing, row.probe.source_ip.known()) else {
        return Ok(None);
    };
    if belongs_to_vpc(case, *source) == Some(true) {
        return Ok(None);
    }
    let interfaces = case.facts.host.interfaces.ok()?;
    let covers = |net: &&ipnet::IpNet| net.addr() == *source && net.contains(&row.ip());
    let covering =
        interfaces.iter().find_map(|interface| Some((interface, *interface.networks.iter().find(covers)?)));
    let Some((interface, network)) = covering.filter(|(_, network)| !is_whole(*network)) else {
        return Ok(None);
    };
    let meant = matches!(&row.eni, Known::Known(Some(_)));
    let certain = meant && belongs_to_vpc(case, *source) == Some(false);
    let bridge = BRIDGES.iter().any(|prefix| interface.name.starts_with(prefix));
    let nobody = row.eni == Known::Known(None);
    let network = network.trunc();
    Ok((certain || (bridge && !nobody)).then_some(Captured { interface, network, certain }))
}

/// A single address, or everything.
fn is_whole(network: ipnet::IpNet) -> bool {
    network.prefix_len() == network.max_prefix_len() || network.prefix_len() == 0
}

/// Whether an interface of the VPC holds this address of ours; `None` where neither the inventory nor the
/// metadata service tells.
fn belongs_to_vpc(case: &Case<'_>, source: IpAddr) -> Option<bool> {
    let metadata = case.facts.host.metadata.known();
    let interfaces = metadata.map(|metadata| &metadata.interfaces);
    let by_metadata = interfaces.map(|all| all.iter().any(|interface| interface.addresses.contains(&source)));
    let holders = case.facts.inventory.interfaces_holding(source);
    let by_inventory = holders.known().map(|holders| !holders.is_empty());
    match (by_metadata, by_inventory) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), _) | (_, Some(false)) => Some(false),
        (None, None) => None,
    }
}
