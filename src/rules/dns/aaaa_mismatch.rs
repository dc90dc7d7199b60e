//! `dns-aaaa-mismatch`

use std::net::IpAddr;

use crate::model::{
    finding::{Confidence, Evidence, Fix, Severity, Side},
    known::{Known, Unknown},
    name::{Lookup, LookupOutcome, Rcode, ServerAnswer, SystemOutcome},
    report::PathVerdict,
    resource::{ResourceKind, ResourceRef},
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, dns_servers, own_host, words};

declare_finding! {
    /// ## What it means
    /// The name and this host do not agree on IPv4 and IPv6: the name has addresses only of the version that this host does
    /// not have; or it has both and IPv6 does not work; or a DNS server leaves questions for IPv6 addresses (AAAA) without an
    /// answer, or with an error, although the name has IPv4 addresses.
    /// ## How we know
    /// No interface of this host has an address of that version, and connecting fails at once. Or the addresses of one version
    /// connect and those of the other do not. Or the server answered the question for A and not the one for AAAA,
    /// and the lookup of the system, which waits for both, ran out of time.
    /// ## What looks like it
    /// `host-route-blackhole`: this host has an address of that version, and no route.
    /// `sg-ipv6-gap`, `nacl-ipv6-missing`: a group or ACL lets IPv4 pass and not IPv6.
    /// `dns-custom-server-silent`: the server answers neither question.
    /// ## How to confirm it by hand
    ///     dig NAME A; dig NAME AAAA
    ///     ip -brief address
    ///     aws ec2 describe-vpc-endpoints --vpc-endpoint-ids VPCE --query 'VpcEndpoints[].DnsOptions'
    /// ## How to fix it
    /// Give the host and its subnet the version that the name has, or the name the records that this host can use: for an
    /// endpoint its DnsRecordIpType. A DNS server has to answer AAAA with NOERROR and no record where there is none
    /// (RFC 4074).
    static DNS_AAAA_MISMATCH = { title: "IPv4 and IPv6 of the name do not fit this host", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_AAAA_MISMATCH, check);

/// The C library gives a server at least this long (resolv.conf(5): timeout).
const NOTABLE: f64 = 1.0;

fn check(case: &Case<'_>) -> Outcome {
    if let Some(draft) = wrong_family(case)? {
        return Ok(Some(draft));
    }
    Ok(dead_ipv6(case).or_else(|| unanswered(case)).or_else(|| erroneous(case)))
}

/// All that the name gives is of a version that this host does not have.
fn wrong_family(case: &Case<'_>) -> Result<Option<Draft>, Unknown> {
    let mut rows = Vec::new();
    for row in case.failing() {
        if own_host::lacks_family(case, row)? {
            rows.push(row);
        }
    }
    let Some(first) =
        rows.first().filter(|_| rows.len() == case.rows.iter().filter(|row| row.probe.used).count())
    else {
        return Ok(None);
    };
    // The hosts file has its own findings where DNS knows better.
    let servers = case.target.resolution.servers.iter();
    if servers.flat_map(ServerAnswer::addresses).any(|ip| ip.is_ipv6() != first.ip().is_ipv6()) {
        return Ok(None);
    }
    let (has, lacks) = if first.ip().is_ipv6() { ("IPv6", "IPv4") } else { ("IPv4", "IPv6") };
    let own = case.facts.host.interfaces.ok()?.iter().flat_map(|interface| &interface.networks);
    let own = own.map(ipnet::IpNet::addr).filter(|ip| own_host::reaches_out(*ip));
    let host = case.host();
    let fact = format!("addresses of this host beyond its own links: {}", words::list(own));
    Ok(Some(
        Draft::new(
            Confidence::Confirmed,
            format!("{host} has {has} addresses only, and this host has no {has}, only {lacks}."),
        )
        .side(Side::Client)
        .evidence([Evidence::of(fact, ResourceRef::this_host()), words::system(case)])
        .evidence(words::servers(case))
        .evidence(rows.iter().map(|row| words::packets(case, row)))
        .fix(Fix::text(format!(
            "Give this host an {has} address and a route, or let {host} have {lacks} addresses (of an endpoint: its IpAddressType and DnsRecordIpType)"
        )))
        .explains(rows.iter().copied()),
    ))
}

/// The name has both, and of this host's connections only those over IPv4 pass.
fn dead_ipv6(case: &Case<'_>) -> Option<Draft> {
    let passes = case.rows.iter().any(|row| row.probe.used && row.ip().is_ipv4() && row.symptom.is_none());
    let dead: Vec<_> = case.failing().filter(|row| is_dead_ipv6(case, row)).collect();
    if !passes || dead.is_empty() {
        return None;
    }
    let ips = words::list(dead.iter().map(|row| row.ip()));
    let draft = Draft::new(
        Confidence::Possible,
        format!("{} has IPv6 addresses as well, {ips}, where nobody answers; over IPv4 it works.", case.host()),
    )
    .evidence([words::system(case)])
    .evidence(case.rows.iter().filter(|row| row.probe.used).map(|row| words::packets(case, row)))
    .fix(Fix::text(
        "Take the AAAA records away where IPv6 is not meant (of an endpoint: DnsRecordIpType ipv4), or open the way for IPv6",
    ))
    .explains(dead.iter().copied());
    Some(draft)
}

/// No group, ACL or route is known to stop it, and it is no interface of an endpoint, of which other findings speak.
fn is_dead_ipv6(case: &Case<'_>, row: &Row<'_>) -> bool {
    let denied = row.path.verdict() == Known::Known(PathVerdict::Deny);
    let of_endpoint = matches!(row.endpoint, Known::Known(Some(_)));
    row.ip().is_ipv6() && row.is_undelivered() && !denied && !of_endpoint && !own_host::keeps(case, row)
}

/// A server answers for A, and says nothing to AAAA.
fn unanswered(case: &Case<'_>) -> Option<Draft> {
    let system = &case.target.resolution.system;
    let waited = system.seconds.0 >= NOTABLE;
    let server = dns_servers::configured(case).find(|server| dns_servers::mute(server).is_none())?;
    let quick =
        server.a.answer().is_some_and(|a| !a.addresses.is_empty()) && server.a.seconds.0 < NOTABLE / 2.0;
    let silent = matches!(server.aaaa.outcome, LookupOutcome::TimedOut | LookupOutcome::NotAwaited);
    if !quick || !silent || !waited {
        return None;
    }
    let name = words::server_name(&server.server);
    let nothing = case.name_gives_nothing() && system.outcome == SystemOutcome::TimedOut;
    let (says, confidence) = match (nothing, &server.aaaa.outcome) {
        (true, LookupOutcome::TimedOut) => {
            ("this host waits for both and gets nothing in time".to_owned(), Confidence::Confirmed)
        }
        (false, _) if !case.name_gives_nothing() => {
            (format!("every lookup waits for it, {} here", system.seconds), Confidence::Likely)
        }
        _ => return None,
    };
    let host = case.host();
    let draft = Draft::new(
        confidence,
        format!("{name} answers for IPv4 addresses of {host} and never for IPv6 ones (AAAA): {says}."),
    )
    .evidence([
        Evidence::of(
            format!("{name} answers A in {}, and gives no answer to AAAA", server.a.seconds),
            ResourceRef::new(ResourceKind::DnsServer, server.server),
        ),
        words::system(case),
    ])
    .evidence(words::servers(case))
    .evidence(dns_servers::tried(case, server))
    .fix(Fix::text(format!(
        "Let {name}, or the firewall before it, answer AAAA with NOERROR and no record (RFC 4074); until then, glibc asks no AAAA with options no-aaaa in resolv.conf (since 2.36)"
    )));
    Some(if nothing { draft.explains_name() } else { draft.severity(Severity::Warning) })
}

/// A server knows IPv4 addresses, and says of AAAA that there is no such name, or an error.
fn erroneous(case: &Case<'_>) -> Option<Draft> {
    let wrong = |server: &&ServerAnswer| {
        let gives = server
            .a
            .answer()
            .is_some_and(|a| a.addresses.iter().any(|record| matches!(record.ip, IpAddr::V4(_))));
        gives && error_to_aaaa(&server.aaaa).is_some()
    };
    let server = dns_servers::configured(case).find(wrong)?;
    let rcode = error_to_aaaa(&server.aaaa)?.name();
    let name = words::server_name(&server.server);
    Some(
        Draft::new(
            Confidence::Possible,
            format!(
                "{name} answers {rcode} when asked for IPv6 addresses (AAAA) of {}, which has IPv4 ones: some programs take that for the whole name.",
                case.host()
            ),
        )
        .severity(Severity::Info)
        .evidence([Evidence::of(
            format!("{name} gives A records, and {rcode} for AAAA; RFC 4074 section 4 tells what comes of it"),
            ResourceRef::new(ResourceKind::DnsServer, server.server),
        )])
        .fix(Fix::text(format!("Let {name} answer AAAA with NOERROR and no record"))),
    )
}

fn error_to_aaaa(lookup: &Lookup) -> Option<Rcode> {
    lookup.answer().map(|answer| answer.rcode).filter(|rcode| *rcode != Rcode::NoError)
}
