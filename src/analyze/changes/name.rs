//! What the name gives, and who is asked for it.

use std::net::IpAddr;

use crate::model::{
    difference::{Difference, DifferenceKind},
    known::Known,
    name::{Lookup, LookupOutcome, ServerAnswer, SystemOutcome},
    resource::{ResourceKind, ResourceRef},
};

use super::{Both, apart, list, side::Side, turn};

pub(super) fn differences(both: &Both<'_>) -> Vec<Difference> {
    let mut all = hosts_file(both);
    all.extend(name_servers(both));
    all.extend(answering(both));
    all.extend(vpc_dns(both));
    all.extend(private_dns(both));
    all.extend(addresses(both));
    all
}

fn hosts_file(both: &Both<'_>) -> Vec<Difference> {
    let lines = |side: &Side<'_>| {
        let entries = side.target.resolution.hosts_file.iter();
        entries.map(|entry| (entry.file.clone(), entry.line, entry.ip)).collect::<Vec<_>>()
    };
    let host = &both.now.target.target.host;
    let told = |(file, line, ip): &(String, u32, IpAddr), gained: bool| {
        let reference = ResourceRef::new(ResourceKind::File, file).at(line);
        let text = format!("line {line} for {host}: {ip}");
        let (before, after) = if gained { (None, Some(text)) } else { (Some(text), None) };
        super::part(DifferenceKind::HostsFile, file, reference, before, after).about([ip])
    };
    // A line that only moved says what it said.
    let says = |(file, _, ip): &(String, u32, IpAddr)| (file.clone(), *ip);
    let (then, now) = (lines(&both.then), lines(&both.now));
    let missing_in = |other: &[(String, u32, IpAddr)], line: &(String, u32, IpAddr)| {
        !other.iter().any(|known| says(known) == says(line))
    };
    let lost = then.iter().filter(|line| missing_in(&now, line)).map(|line| told(line, false));
    let gained = now.iter().filter(|line| missing_in(&then, line)).map(|line| told(line, true));
    lost.chain(gained).collect()
}

fn name_servers(both: &Both<'_>) -> Option<Difference> {
    let (then, now) = (both.then.facts.host.name_servers.known()?, both.now.facts.host.name_servers.known()?);
    if then == now {
        return None;
    }
    let (lost, gained) = apart(then, now);
    let fact = if lost.is_empty() && gained.is_empty() {
        format!("this host asks its DNS servers in another order: {}", list(now))
    } else {
        format!("this host asks the DNS servers {}", turn(&lost, &gained))
    };
    let told = Difference::new(DifferenceKind::NameServers, fact).from(list(then)).to(list(now));
    Some(told.about(lost.iter().chain(&gained)))
}

/// Servers asked both times that say something else of the name: an answer of another kind, or none.
fn answering(both: &Both<'_>) -> Vec<Difference> {
    let mut all = Vec::new();
    for then in &both.then.target.resolution.servers {
        let now = both.now.target.resolution.servers.iter().find(|now| now.server == then.server);
        let Some((before, after)) = now.and_then(|now| Some((said(then)?, said(now)?))) else { continue };
        if before != after {
            let server = then.server;
            let fact = format!("DNS server {server} {after}, formerly it {before}");
            let reference = ResourceRef::new(ResourceKind::DnsServer, server);
            let told = Difference::new(DifferenceKind::NameServers, fact).at(reference);
            all.push(told.from(before).to(after));
        }
    }
    all
}

/// Nothing is known of a server that was not waited for. Which addresses it gave is told of the name.
fn said(server: &ServerAnswer) -> Option<String> {
    let answer = server.lookups().into_iter().find_map(Lookup::answer);
    let waited = server.lookups().iter().any(|lookup| lookup.outcome != LookupOutcome::NotAwaited);
    let said = answer.map_or("gave no answer".to_owned(), |answer| format!("said {}", answer.rcode.name()));
    waited.then_some(said)
}

fn vpc_dns(both: &Both<'_>) -> Vec<Difference> {
    let vpc = |side: &Side<'_>| side.source.as_ref().and_then(|source| source.vpc.known().cloned());
    let (Some(id), true) = (vpc(&both.now), vpc(&both.then) == vpc(&both.now)) else { return Vec::new() };
    let (Some(then), Some(now)) = (both.then.inventory().vpc(&id), both.now.inventory().vpc(&id)) else {
        return Vec::new();
    };
    let attributes = [
        ("enableDnsSupport", &then.dns_support, &now.dns_support),
        ("enableDnsHostnames", &then.dns_hostnames, &now.dns_hostnames),
    ];
    let told = |(name, then, now): (&str, &Known<bool>, &Known<bool>)| {
        let (then, now) = (then.known()?, now.known()?);
        let fact = format!("{name} of {id} is {now}, formerly {then}");
        let reference = ResourceRef::new(ResourceKind::Vpc, &id).at(name);
        let told = Difference::new(DifferenceKind::VpcDns, fact).at(reference);
        (then != now).then(|| told.from(then.to_string()).to(now.to_string()))
    };
    attributes.into_iter().filter_map(told).collect()
}

fn private_dns(both: &Both<'_>) -> Vec<Difference> {
    let mut all = Vec::new();
    for id in both.either(Side::endpoints) {
        let (Some(then), Some(now)) = (both.then.endpoint(&id), both.now.endpoint(&id)) else { continue };
        if then.private_dns_enabled != now.private_dns_enabled {
            let word = |on: bool| if on { "on" } else { "off" };
            let (before, after) = (word(then.private_dns_enabled), word(now.private_dns_enabled));
            let fact = format!("private DNS of {id} is {after}, formerly {before}");
            let reference = ResourceRef::new(ResourceKind::VpcEndpoint, &id);
            let told = Difference::new(DifferenceKind::PrivateDns, fact).at(reference);
            all.push(told.from(before).to(after));
        }
    }
    all
}

/// A set: answers come in any order.
fn addresses(both: &Both<'_>) -> Option<Difference> {
    let given = |side: &Side<'_>| {
        let system = &side.target.resolution.system;
        let mut all = system.addresses().to_vec();
        all.sort_unstable();
        (!matches!(system.outcome, SystemOutcome::Literal(_))).then_some(all)
    };
    let (then, now) = (given(&both.then)?, given(&both.now)?);
    if then == now {
        return None;
    }
    let host = &both.now.target.target.host;
    let (lost, gained) = apart(&then, &now);
    let fact = if now.is_empty() || then.is_empty() {
        format!("{host} gives {}, formerly {}", list(&now), list(&then))
    } else {
        format!("{host} gives {}", turn(&lost, &gained))
    };
    let told = Difference::new(DifferenceKind::Addresses, fact).from(list(&then)).to(list(&now));
    Some(told.at(ResourceRef::new(ResourceKind::DnsName, host)).about(lost.iter().chain(&gained)))
}
