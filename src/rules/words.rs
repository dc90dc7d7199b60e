//! How rules word what they saw: one phrase a fact, the same in every finding.

use std::net::{IpAddr, SocketAddr};

use crate::model::{
    endpoint::VpcEndpoint,
    finding::Evidence,
    id::EndpointId,
    name::{Lookup, LookupOutcome, OverTcp, ServerAnswer, SystemOutcome},
    resource::{ResourceKind, ResourceRef},
};

use super::{Case, Row, dns_servers};

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// With a capital, unless it begins with an id, and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    let is_id = first.contains('-') || first.contains('.');
    let mut rest = text.chars();
    match rest.next() {
        Some(letter) if !is_id => format!("{}{}.", letter.to_uppercase(), rest.as_str()),
        _ => format!("{text}."),
    }
}

/// Without repetition, in order.
pub(super) fn distinct<T: PartialEq>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = Vec::new();
    for item in items {
        if !all.contains(&item) {
            all.push(item);
        }
    }
    all
}

/// The row's packets, as evidence.
pub(super) fn packets(case: &Case<'_>, row: &Row<'_>) -> Evidence {
    Evidence::of(row.probe.told(case.target.target.port), address(row.ip()))
}

pub(super) fn address(ip: IpAddr) -> ResourceRef {
    ResourceRef::new(ResourceKind::Address, ip)
}

pub(super) fn endpoint(endpoint: &VpcEndpoint) -> Evidence {
    Evidence::of(
        format!("{} for {} is {}", endpoint.id, endpoint.service, endpoint.state),
        endpoint_ref(endpoint),
    )
}

/// Of an id that `DescribeVpcEndpoints` did not tell of.
pub(super) fn unlisted(id: &EndpointId) -> String {
    format!("no endpoint {id} is listed in this account and Region (ec2:DescribeVpcEndpoints)")
}

pub(super) fn endpoint_ref(endpoint: &VpcEndpoint) -> ResourceRef {
    ResourceRef::new(ResourceKind::VpcEndpoint, &endpoint.id)
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

/// What the DNS servers said; those that said the same in one fact.
pub(super) fn servers(case: &Case<'_>) -> Vec<Evidence> {
    let mut groups: Vec<(Said, bool, Vec<SocketAddr>)> = Vec::new();
    for server in &case.target.resolution.servers {
        let Some(said) = said(server) else { continue };
        let is_resolver = dns_servers::is_resolver(case, server);
        match groups.iter_mut().find(|(other, resolver, _)| *other == said && *resolver == is_resolver) {
            Some((_, _, servers)) => servers.push(server.server),
            None => groups.push((said, is_resolver, vec![server.server])),
        }
    }
    groups.iter().map(|(said, is_resolver, servers)| heard(said, *is_resolver, servers)).collect()
}

/// What one server said, as a sentence goes on after its name: of one, and of several.
#[derive(PartialEq)]
enum Said {
    Answers(String),
    Nothing(String),
    /// In words of its own.
    Fails(String),
}

fn heard(said: &Said, is_resolver: bool, servers: &[SocketAddr]) -> Evidence {
    let several = servers.len() > 1;
    let said = match said {
        Said::Answers(what) => format!(" {} {what}", if several { "answer" } else { "answers" }),
        Said::Nothing(wait) => format!(" {} no answer in {wait}", if several { "give" } else { "gives" }),
        Said::Fails(how) => format!(": {how}"),
    };
    let whose = if is_resolver { " (the VPC's resolver)" } else { "" };
    let names = list(servers.iter().map(server_name));
    let reference = servers.first().map(|server| ResourceRef::new(ResourceKind::DnsServer, server));
    Evidence { fact: format!("{names}{whose}{said}"), reference }
}

/// As people write it: the port where it is not the usual one.
pub(super) fn server_name(server: &SocketAddr) -> String {
    if server.port() == 53 { server.ip().to_string() } else { server.to_string() }
}

fn said(server: &ServerAnswer) -> Option<Said> {
    let addresses: Vec<_> = server.addresses().collect();
    if !addresses.is_empty() {
        return Some(Said::Answers(list(addresses)));
    }
    without_addresses(&server.a)
}

fn without_addresses(lookup: &Lookup) -> Option<Said> {
    Some(match &lookup.outcome {
        LookupOutcome::Answered(answer) if answer.cnames.is_empty() => Said::Answers(match &answer.soa {
            Some(soa) => format!("{} (zone {})", answer.rcode.name(), soa.zone),
            None => answer.rcode.name(),
        }),
        LookupOutcome::Answered(answer) => {
            let chain = list(answer.cnames.iter().map(|cname| &cname.target));
            Said::Answers(format!("{} after CNAME {chain}", answer.rcode.name()))
        }
        LookupOutcome::TimedOut => match &lookup.tcp {
            Some(OverTcp::Answered(answer)) => Said::Fails(format!(
                "over UDP no answer in {}, over TCP {}",
                lookup.seconds,
                match answer.addresses.as_slice() {
                    [] => answer.rcode.name(),
                    addresses => list(addresses.iter().map(|record| record.ip)),
                }
            )),
            _ => Said::Nothing(lookup.seconds.to_string()),
        },
        LookupOutcome::Failed { message } | LookupOutcome::Malformed { message } => {
            Said::Fails(message.clone())
        }
        LookupOutcome::Truncated { tcp } => {
            Said::Fails(format!("over UDP a truncated answer, over TCP {tcp}"))
        }
        LookupOutcome::NotAwaited => return None,
    })
}

/// What came of one question that gave no addresses, in one phrase.
pub(super) fn said_of(lookup: &Lookup) -> String {
    match without_addresses(lookup) {
        Some(Said::Answers(what) | Said::Fails(what)) => what,
        Some(Said::Nothing(wait)) => format!("no answer in {wait}"),
        None => String::new(),
    }
}
