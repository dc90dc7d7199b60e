//! How rules word what they saw: one phrase a fact, the same in every finding.

use std::net::IpAddr;

use crate::model::{
    endpoint::VpcEndpoint,
    finding::Evidence,
    observation::{LookupOutcome, ServerAnswer, SystemOutcome},
    resource::{ResourceKind, ResourceRef},
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
