//! `dns-pps-limit`

use std::net::SocketAddr;

use crate::model::{
    finding::{Confidence, Evidence, Fix, Severity},
    name::{Lookup, LookupOutcome},
    resource::{ResourceKind, ResourceRef},
};

use super::{Case, Draft, Outcome, Rule, declare_finding, dns_servers, words};

declare_finding! {
    /// ## What it means
    /// The VPC's resolver takes 1024 packets per second from each network interface and drops the rest. A host that asks
    /// more, or a DNS server for many others behind one interface, loses questions at random.
    /// ## How we know
    /// Within one run the VPC's resolver answered some questions and left others without an answer, and neither the name nor
    /// the type of record tells them apart. No more than a possibility: other losses look the same, and the counter of
    /// the network driver that would settle it is not read.
    /// ## What looks like it
    /// `dns-aaaa-mismatch`: all questions of one type are left without an answer, and no others.
    /// `dns-resolver-rule-wrong-target`: all questions about one name are.
    /// `dns-support-disabled`: all are.
    /// ## How to confirm it by hand
    ///     ethtool -S eth0 | grep linklocal_allowance_exceeded      # twice, some seconds apart
    ///     sudo tcpdump -ni any -c 2000 udp port 53
    /// ## How to fix it
    /// Keep answers on the host (a caching stub; in Kubernetes `NodeLocal DNSCache`), spread DNS servers over interfaces, and
    /// ask fewer names: a lower ndots, names with a final dot.
    static DNS_PPS_LIMIT = { title: "the VPC's resolver may drop questions beyond its limit", severity: Error, side: Client, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_PPS_LIMIT, check);

/// One question and whether an answer came.
struct Asked<'a> {
    name: &'a str,
    is_ipv6: bool,
    is_answered: bool,
}

fn check(case: &Case<'_>) -> Outcome {
    let resolvers = words::distinct(dns_servers::resolver(case).map(|server| server.server));
    let own = case.host().trim_end_matches('.');
    let found = resolvers.iter().map(|server| (server, questions(case, *server))).find(|(_, asked)| {
        let concerns = asked.iter().any(|one| !one.is_answered && one.name.eq_ignore_ascii_case(own));
        concerns && is_random(asked)
    });
    let Some((server, asked)) = found else {
        return Ok(None);
    };
    let lost: Vec<_> = asked.iter().filter(|one| !one.is_answered).collect();
    let name = words::server_name(server);
    let told = lost.iter().map(|one| format!("{} {}", one.name, if one.is_ipv6 { "AAAA" } else { "A" }));
    let evidence = Evidence::of(
        format!(
            "{name} answered {} of {} questions, and not: {}",
            asked.len() - lost.len(),
            asked.len(),
            words::list(told)
        ),
        ResourceRef::new(ResourceKind::DnsServer, server),
    );
    let draft = Draft::new(
        Confidence::Possible,
        format!(
            "The VPC's resolver left {} of {} questions without an answer, of no one name or type: this host may ask more \
             than the 1024 packets per second that it takes from one interface.",
            lost.len(),
            asked.len()
        ),
    )
    .evidence([evidence, words::system(case)])
    .fix(
        Fix::text("See whether the driver counts packets beyond the limit; if so, cache answers on the host and ask less")
            .cli("ethtool -S eth0 | grep linklocal_allowance_exceeded"),
    );
    Ok(Some(if case.name_gives_nothing() {
        draft.explains_name()
    } else {
        draft.severity(Severity::Warning)
    }))
}

fn questions<'a>(case: &Case<'a>, server: SocketAddr) -> Vec<Asked<'a>> {
    let ended = |lookup: &Lookup| match lookup.outcome {
        LookupOutcome::Answered(_) => Some(true),
        LookupOutcome::TimedOut => Some(false),
        _ => None,
    };
    let asked = dns_servers::asked_of(case, server).flat_map(|(name, said)| {
        let name = name.trim_end_matches('.');
        [(&said.a, false), (&said.aaaa, true)]
            .into_iter()
            .filter_map(move |(lookup, is_ipv6)| Some(Asked { name, is_ipv6, is_answered: ended(lookup)? }))
    });
    asked.collect()
}

/// Neither a name nor a type explains which questions are lost: of a name that is lost the other type is answered,
/// and of a type that is lost another name.
fn is_random(asked: &[Asked<'_>]) -> bool {
    asked.iter().filter(|one| !one.is_answered).any(|lost| {
        let answered = || asked.iter().filter(|one| one.is_answered);
        answered().any(|one| one.name == lost.name && one.is_ipv6 != lost.is_ipv6)
            && answered().any(|one| one.name != lost.name && one.is_ipv6 == lost.is_ipv6)
    })
}
