//! `dns-negative-cache`

use crate::model::{
    finding::{Confidence, Evidence, Fix, Side},
    name::ServerAnswer,
    resource::{ResourceKind, ResourceRef},
};

use super::{
    Case, Draft, Outcome, Rule, declare_finding,
    dns_servers::{self, Denial},
    words,
};

declare_finding! {
    /// ## What it means
    /// The name exists, and a DNS server between this host and its zone still says that it does not: it asked before the
    /// record was made, and may keep the denial for as long as the zone's SOA record says. It ends by itself.
    /// ## How we know
    /// The configured server denies the name with a time that has run down (RFC 2308 section 5: the lesser of the SOA
    /// record's TTL and its MINIMUM field), while another server has addresses for it. It is likely where the denying server
    /// is on this host itself.
    /// ## What looks like it
    /// `dns-custom-server-no-forward`: the server denies what it will never know; its denial is renewed when it ends.
    /// `dns-nxdomain-no-record`: no server has the name.
    /// ## How to confirm it by hand
    ///     dig NAME @SERVER               # twice: the TTL of the SOA record runs down
    ///     dig NAME @169.254.169.253
    /// ## How to fix it
    /// Wait until the time that is told, or empty the cache. Make records before the first question is asked, and keep the
    /// SOA record's TTL and MINIMUM low in zones where names appear.
    static DNS_NEGATIVE_CACHE = { title: "a DNS cache still denies the name", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_NEGATIVE_CACHE, check);

fn check(case: &Case<'_>) -> Outcome {
    if !case.name_gives_nothing() {
        return Ok(None);
    }
    let kept = dns_servers::configured(case).find_map(|server| Some((server, cached(server)?)));
    let right = case.target.resolution.servers.iter().find(|server| dns_servers::gives_addresses(server));
    let (Some((server, denial)), Some(right)) = (kept, right) else {
        return Ok(None);
    };
    let here = dns_servers::is_stub(server);
    let name = words::server_name(&server.server);
    let host = case.host();
    let ends = denial.ends(case.facts.now);
    let whose = dns_servers::called(case, right);
    let evidence = Evidence::of(
        format!("{name} may deny {host} for {} s more, until {ends}", denial.seconds),
        ResourceRef::new(ResourceKind::DnsServer, server.server),
    );
    let wait = Fix::text(format!("Wait until {ends}, or empty the cache of {name}"));
    let draft = Draft::new(
        if here && denial.is_cached { Confidence::Likely } else { Confidence::Possible },
        format!("{name} keeps an earlier denial of {host}, which ends by {ends}; {whose} has the name."),
    )
    .evidence([evidence])
    .evidence(words::servers(case))
    .evidence([words::system(case)])
    .evidence(dns_servers::tried(case, right))
    .fix(if dns_servers::is_systemd_resolved(server) {
        wait.cli("sudo resolvectl flush-caches")
    } else {
        wait
    })
    .explains_name();
    Ok(Some(if here { draft.side(Side::Client) } else { draft }))
}

/// A denial that has been kept for a while; by a server on this host it may have been, as it has no zones.
fn cached(server: &ServerAnswer) -> Option<Denial> {
    dns_servers::denial(server).filter(|denial| denial.is_cached || dns_servers::is_stub(server))
}
