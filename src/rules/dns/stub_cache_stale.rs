//! `dns-stub-cache-stale`

use std::net::IpAddr;

use crate::model::{
    finding::{Confidence, Evidence, Fix},
    name::{Lookup, ServerAnswer, ServerRole},
    net,
    resource::{ResourceKind, ResourceRef},
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, dns_servers, words};

declare_finding! {
    /// ## What it means
    /// A DNS server on this host itself, which asks others and keeps their answers, still gives an address that the others
    /// do not give any more. Other hosts are not affected.
    /// ## How we know
    /// The server at a loopback address gives private addresses that do not answer, and the servers behind it, or the VPC's
    /// resolver, give others, which connect or belong to an endpoint. It is likely where the server is systemd-resolved,
    /// which has no records of its own, where its TTL has run down, or where the very servers that it asks know better.
    /// ## What looks like it
    /// `dns-custom-server-no-forward`: the server on this host asks somebody else than the VPC's resolver.
    /// `dns-hosts-override`: the hosts file gives the address.
    /// `dns-stale-a-record`: the VPC's resolver gives it, too.
    /// ## How to confirm it by hand
    ///     dig +noall +answer NAME @127.0.0.53      # twice: the TTL runs down
    ///     dig +noall +answer NAME @169.254.169.253
    /// ## How to fix it
    /// Empty the cache: `resolvectl flush-caches`, or restart the server. If the address stays, it is set there, or comes from
    /// the server that it asks: `resolvectl status`.
    static DNS_STUB_CACHE_STALE = { title: "a DNS cache on this host gives an old address", severity: Error, side: Client, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_STUB_CACHE_STALE, check);

fn check(case: &Case<'_>) -> Outcome {
    let Some((stub, rows)) = dns_servers::configured(case).find_map(|stub| Some((stub, stale(case, stub)?)))
    else {
        return Ok(None);
    };
    let Some(right) = behind(case, stub) else {
        return Ok(None);
    };
    let tried = !dns_servers::rows_of(case, right).is_empty();
    let connects = dns_servers::leads_somewhere(case, right);
    let held = dns_servers::endpoints_by(case, right).map(|held| !held.is_empty());
    if !connects && held != Ok(true) && (tried || held.is_ok()) {
        return Ok(None);
    }
    let ips = words::list(rows.iter().map(|row| row.ip()));
    let address = stub.server.ip();
    let is_resolved = dns_servers::is_systemd_resolved(stub);
    let own = is_resolved || right.role == ServerRole::Upstream || runs_down(stub, right);
    let strong = own && (connects || held == Ok(true));
    let host = case.host();
    let flush = if is_resolved {
        Fix::text(format!("Empty the cache of systemd-resolved; if {ips} stays, see which server it asks (resolvectl status)"))
            .cli("sudo resolvectl flush-caches")
    } else {
        Fix::text(format!(
            "Empty the cache of the DNS server at {address} on this host: restart it; if {ips} stays, it is set there"
        ))
    };
    let draft = Draft::new(
        if strong { Confidence::Likely } else { Confidence::Possible },
        format!(
            "The DNS server on this host, {address}, still gives {ips} for {host}; {} gives {}.",
            whose(case, right),
            words::list(right.addresses())
        ),
    )
    .evidence(ttls(stub, "answers"))
    .evidence(ttls(right, "answers"))
    .evidence([words::system(case)])
    .evidence(rows.iter().map(|row| words::packets(case, row)))
    .evidence(dns_servers::tried(case, right))
    .fix(flush)
    .explains(rows.iter().copied());
    Ok(Some(draft))
}

/// What fails of the private addresses that only a server on this host gives.
fn stale<'c, 'a>(case: &'c Case<'a>, stub: &ServerAnswer) -> Option<Vec<&'c Row<'a>>> {
    let others = || case.target.resolution.servers.iter().filter(|server| server.server != stub.server);
    let elsewhere = |ip: IpAddr| others().any(|server| server.addresses().any(|other| other == ip));
    let failing = |row: &&Row<'_>| {
        let from_stub = stub.addresses().any(|ip| ip == row.ip());
        row.symptom.is_some()
            && from_stub
            && net::is_private(row.ip())
            && !row.ip().is_loopback()
            && !elsewhere(row.ip())
    };
    let rows: Vec<_> = case.rows.iter().filter(failing).collect();
    (dns_servers::is_stub(stub) && !rows.is_empty()).then_some(rows)
}

/// Who knows better: those that the stub asks, before the VPC's resolver, before others.
fn behind<'a>(case: &Case<'a>, stub: &ServerAnswer) -> Option<&'a ServerAnswer> {
    let mut others: Vec<_> = case.target.resolution.servers.iter().collect();
    others.retain(|server| server.server != stub.server && dns_servers::gives_addresses(server));
    others
        .sort_by_key(|server| (server.role != ServerRole::Upstream, !dns_servers::is_resolver(case, server)));
    others.first().copied()
}

fn whose(case: &Case<'_>, server: &ServerAnswer) -> String {
    match server.role {
        ServerRole::Upstream => format!("{}, which it asks,", words::server_name(&server.server)),
        _ => dns_servers::called(case, server),
    }
}

/// What is left of the time that the answer may be kept.
fn ttl(server: &ServerAnswer) -> Option<u32> {
    let answers = server.lookups().into_iter().filter_map(Lookup::answer);
    answers.flat_map(|answer| &answer.addresses).map(|record| record.ttl).min()
}

fn runs_down(stub: &ServerAnswer, right: &ServerAnswer) -> bool {
    ttl(stub).zip(ttl(right)).is_some_and(|(own, other)| own < other)
}

fn ttls(server: &ServerAnswer, verb: &str) -> Option<Evidence> {
    let fact = format!(
        "{} {verb} {} with {} s left to keep it",
        words::server_name(&server.server),
        words::list(server.addresses()),
        ttl(server)?
    );
    Some(Evidence::of(fact, ResourceRef::new(ResourceKind::DnsServer, server.server)))
}
