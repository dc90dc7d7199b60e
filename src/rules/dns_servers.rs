//! What the findings about DNS servers of the user's own share.

use std::net::IpAddr;

use crate::{
    analyze::{
        dns,
        path::{self, Aim, Blocker, Path, StepKind},
        place::Place,
    },
    model::{
        endpoint::VpcEndpoint,
        known::Unknown,
        name::{Lookup, LookupOutcome, Rcode, ServerAnswer, ServerRole},
        net::{self, Flow, PortRange},
    },
};

use super::Case;

/// Servers of resolv.conf that are not the VPC's own.
pub(super) fn custom<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a ServerAnswer> {
    let inventory = &case.facts.inventory;
    let servers = case.target.resolution.servers.iter();
    servers.filter(|s| s.role == ServerRole::Configured && !dns::is_vpc_resolver(inventory, s.server))
}

/// The name gives nothing because no server of resolv.conf says anything.
pub(super) fn all_silent(case: &Case<'_>) -> bool {
    let servers = case.target.resolution.servers.iter();
    let mut configured = servers.filter(|server| server.role == ServerRole::Configured).peekable();
    case.name_gives_nothing() && configured.peek().is_some() && configured.all(ServerAnswer::gives_no_answer)
}

/// The VPC's own resolver, wherever it was asked.
pub(super) fn resolver<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a ServerAnswer> {
    let servers = case.target.resolution.servers.iter();
    servers.filter(|server| is_resolver(case, server))
}

pub(super) fn is_resolver(case: &Case<'_>, server: &ServerAnswer) -> bool {
    server.role == ServerRole::VpcResolver || dns::is_vpc_resolver(&case.facts.inventory, server.server)
}

/// The server knows the name, or knows that it does not exist.
pub(super) fn is_settled(server: &ServerAnswer) -> bool {
    let settled = [Rcode::NoError, Rcode::NxDomain];
    server.lookups().into_iter().filter_map(Lookup::answer).any(|answer| settled.contains(&answer.rcode))
}

/// The endpoints whose interfaces hold the addresses that the VPC's own resolver gives.
pub(super) fn endpoints_by_resolver<'a>(case: &Case<'a>) -> Result<Vec<(IpAddr, &'a VpcEndpoint)>, Unknown> {
    let inventory = &case.facts.inventory;
    let mut held = Vec::new();
    for ip in resolver(case).flat_map(ServerAnswer::addresses).filter(|ip| net::is_private(*ip)) {
        if let Some(eni) = *inventory.interface_holding(ip, case.vpc()).ok()?
            && let Some(endpoint) = *inventory.endpoint_of(eni).ok()?
            && !held.contains(&(ip, endpoint))
        {
            held.push((ip, endpoint));
        }
    }
    Ok(held)
}

/// Another name given in place of the asked one, with the TTL that a block's override has unless somebody chose another.
/// <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall-rule-actions.html>
pub(super) fn substitute(server: &ServerAnswer) -> Option<&str> {
    let first = server.lookups().into_iter().filter_map(Lookup::answer).find_map(|a| a.cnames.first())?;
    (first.ttl == 0 && dns::endpoint_of_own_name(&first.target).is_none()).then_some(first.target.as_str())
}

/// The way to a server, over UDP and over TCP, and the steps of it that groups or ACLs deny.
pub(super) struct Blocked {
    pub(super) server: IpAddr,
    pub(super) paths: Vec<(Path, Vec<StepKind>)>,
}

/// The silent servers of the user's own to which groups or ACLs let no question pass. The VPC's own resolver is never
/// filtered. <https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html>
pub(super) fn blocked(case: &Case<'_>) -> Result<Vec<Blocked>, Unknown> {
    let inventory = &case.facts.inventory;
    let mut found = Vec::new();
    for server in custom(case).filter(|server| server.gives_no_answer()) {
        let ip = server.server.ip();
        // Which server is the VPC's own, only the VPC's description tells. A stub on this host is behind no group.
        inventory.vpcs.ok()?;
        if ip.is_loopback() {
            continue;
        }
        let held = inventory.interface_holding(ip, case.vpc()).ok()?.is_some();
        let over_udp = denied(case, ip, net::UDP, held)?;
        let over_tcp = denied(case, ip, net::TCP, held)?;
        if over_udp.1.is_empty() && (over_tcp.1.is_empty() || !is_cut_short(server)) {
            continue;
        }
        found.push(Blocked { server: ip, paths: vec![over_udp, over_tcp] });
    }
    Ok(found)
}

/// The server answered over UDP, and its answer is to be had over TCP alone.
fn is_cut_short(server: &ServerAnswer) -> bool {
    let truncated = |lookup: &Lookup| matches!(lookup.outcome, LookupOutcome::Truncated { .. });
    server.lookups().into_iter().any(truncated)
}

const DNS_PORT: u16 = 53;
/// Whatever range the host draws from lies in it.
const UNPRIVILEGED_PORTS: PortRange = PortRange { from: 1024, to: u16::MAX };

/// Of a server that no interface here holds, only this host's own side is known.
fn denied(
    case: &Case<'_>,
    server: IpAddr,
    protocol: u8,
    held: bool,
) -> Result<(Path, Vec<StepKind>), Unknown> {
    let inventory = &case.facts.inventory;
    let source = Place::of_source(case.facts, *case.facts.vantage.source_ip.ok()?);
    let flow = Flow {
        source: source.ip,
        source_ports: case.facts.host.ephemeral_ports.known().copied().unwrap_or(UNPRIVILEGED_PORTS),
        destination: server,
        destination_port: DNS_PORT,
        protocol,
    };
    let path = path::analyze(inventory, &flow, source, Aim::Address);
    let mut steps = Vec::new();
    for kind in path.steps.iter().map(|step| step.kind).filter(|kind| held || kind.is_at_source()) {
        let is_filter =
            ![StepKind::ForwardRoute, StepKind::ReturnRoute, StepKind::DestinationInterface].contains(&kind);
        if is_filter && matches!(path.blocker_at(kind)?, Some((_, Blocker::Group(_) | Blocker::Acl { .. }))) {
            steps.push(kind);
        }
    }
    Ok((path, steps))
}
