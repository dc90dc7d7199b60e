//! How rules word what they saw: one phrase a fact, the same in every finding.

use std::net::IpAddr;

use crate::model::{
    endpoint::VpcEndpoint,
    finding::Evidence,
    observation::{LookupOutcome, ServerAnswer, SystemOutcome, TcpOutcome},
    resource::{ResourceKind, ResourceRef},
    time::Seconds,
};

use super::{Case, Row};

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// What a connection attempt came to: `no answer, 3 SYNs in 3.0 s`.
pub(super) fn tcp(outcome: &TcpOutcome, seconds: Seconds) -> String {
    match outcome {
        TcpOutcome::Connected { .. } => format!("connected in {seconds}"),
        TcpOutcome::Refused { icmp: None } => format!("refused with a RST after {seconds}"),
        TcpOutcome::Refused { icmp: Some(icmp) } => {
            format!("refused with ICMP type {} code {}", icmp.kind, icmp.code)
        }
        TcpOutcome::TimedOut { syns: Some(1) } => format!("no answer to 1 SYN in {seconds}"),
        TcpOutcome::TimedOut { syns: Some(syns) } => format!("no answer to {syns} SYNs in {seconds}"),
        TcpOutcome::TimedOut { syns: None } => format!("no answer in {seconds}"),
        TcpOutcome::Unreachable { icmp: Some(icmp), .. } => {
            let from = icmp.from.map(|ip| format!(" from {ip}")).unwrap_or_default();
            format!("unreachable: ICMP type {} code {}{from}", icmp.kind, icmp.code)
        }
        TcpOutcome::Unreachable { icmp: None, errno } => format!("unreachable (errno {errno})"),
        TcpOutcome::LocalError { message, .. } => format!("this host could not send: {message}"),
    }
}

/// The row's packets, as evidence.
pub(super) fn packets(case: &Case<'_>, row: &Row<'_>) -> Evidence {
    let probe = &row.probe.tcp;
    let port = case.target.target.port;
    Evidence::of(
        format!("tcp/{port} to {}: {}", row.ip(), tcp(&probe.outcome, probe.seconds)),
        address(row.ip()),
    )
}

pub(super) fn address(ip: IpAddr) -> ResourceRef {
    ResourceRef::new(ResourceKind::Address, ip)
}

pub(super) fn endpoint(endpoint: &VpcEndpoint) -> Evidence {
    Evidence::of(
        format!("{} for {} is {}", endpoint.id, endpoint.service, endpoint.state),
        ResourceRef::new(ResourceKind::VpcEndpoint, &endpoint.id),
    )
}

/// What the system's resolver said.
pub(super) fn system(case: &Case<'_>) -> Evidence {
    let host = case.host();
    let fact = match &case.target.resolution.system.outcome {
        SystemOutcome::Addresses(all) => format!("this host resolves {host} to {}", list(all)),
        SystemOutcome::Literal(ip) => format!("{ip} is an address, no name was resolved"),
        SystemOutcome::Failed { message } => format!("this host cannot resolve {host}: {message}"),
        SystemOutcome::TimedOut => format!("this host got no answer for {host}"),
    };
    Evidence::of(fact, ResourceRef::new(ResourceKind::DnsName, host))
}

/// What each DNS server said, one fact a server.
pub(super) fn servers(case: &Case<'_>) -> Vec<Evidence> {
    case.target.resolution.servers.iter().filter_map(server).collect()
}

fn server(server: &ServerAnswer) -> Option<Evidence> {
    let addresses: Vec<_> = server.addresses().collect();
    let said = if addresses.is_empty() {
        match &server.a.outcome {
            LookupOutcome::Answered(answer) if answer.cnames.is_empty() => match &answer.soa {
                Some(zone) => format!("answers {} (zone {zone})", answer.rcode.name()),
                None => format!("answers {}", answer.rcode.name()),
            },
            LookupOutcome::Answered(answer) => {
                let chain = list(answer.cnames.iter().map(|cname| &cname.target));
                format!("answers {} after CNAME {chain}", answer.rcode.name())
            }
            LookupOutcome::TimedOut => format!("gives no answer in {}", server.a.seconds),
            LookupOutcome::Failed { message } => format!("fails: {message}"),
            LookupOutcome::NotAwaited => return None,
        }
    } else {
        format!("answers {}", list(addresses))
    };
    let reference = ResourceRef::new(ResourceKind::DnsServer, server.server);
    Some(Evidence::of(format!("{} {said}", server.server), reference))
}
