//! `dns-ndots-search-leak`

use crate::model::{
    finding::{Confidence, Evidence, Fix, Severity},
    name::{NamedAnswers, Resolution, ServerAnswer, SystemOutcome},
    resource::{ResourceKind, ResourceRef},
    time::Seconds,
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, dns_servers, words};

declare_finding! {
    /// ## What it means
    /// Before the name itself, this host asks the name with each suffix of its search list behind it, as the name has fewer
    /// dots than `ndots` says. Where a domain of the list answers for every name, that answer is taken, and it is wrong;
    /// where it does not, each suffix costs a question and an answer.
    /// ## How we know
    /// The names that the search list makes were asked as well: applications get the addresses of one of them, and not those
    /// of the name itself. Or the questions before the right one took as long as is told.
    /// ## What looks like it
    /// `dns-stale-a-record`: the name itself leads to the wrong address.
    /// `dns-hosts-override`: the hosts file does.
    /// `dns-custom-server-silent`: the time is lost on a server that does not answer.
    /// ## How to confirm it by hand
    ///     grep -E 'search|ndots' /etc/resolv.conf
    ///     getent ahosts NAME; getent ahosts NAME.      # with a final dot: the name alone
    /// ## How to fix it
    /// Write the name with a final dot where the application allows it, or lower `ndots` (in Kubernetes: `dnsConfig` of the
    /// pod), or take the domain out of the search list.
    static DNS_NDOTS_SEARCH_LEAK = { title: "the search list is asked before the name itself", severity: Error, side: Client, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_NDOTS_SEARCH_LEAK, check);

/// What a lookup may lose to the search list before it is worth a word.
const NOTABLE: f64 = 0.5;

fn check(case: &Case<'_>) -> Outcome {
    Ok(leak(case).or_else(|| loss(case)))
}

/// Applications get the addresses of another name.
fn leak(case: &Case<'_>) -> Option<Draft> {
    let resolution = &case.target.resolution;
    let (other, rows) = resolution.expansions.iter().find_map(|named| Some((named, leaked(case, named)?)))?;
    let failing: Vec<_> = rows.iter().copied().filter(|row| row.symptom.is_some()).collect();
    let known = resolution.servers.iter().any(dns_servers::gives_addresses);
    // A name of one label is meant to be completed, and so is what works and exists in no other way.
    let host = case.host();
    if !known && (failing.is_empty() || !host.trim_end_matches('.').contains('.')) {
        return None;
    }
    let ips = words::list(rows.iter().map(|row| row.ip()));
    let name = &other.name;
    let dotted = host.trim_end_matches('.');
    let draft = Draft::new(
        if known { Confidence::Confirmed } else { Confidence::Possible },
        format!("This host asks for {name} where {host} is meant, by its search list, and takes that answer: {ips}."),
    )
    .evidence([
        words::system(case),
        Evidence::of(format!("{name} leads to {ips}"), ResourceRef::new(ResourceKind::DnsName, name)),
    ])
    .evidence(words::servers(case))
    .evidence(settings(case))
    .evidence(rows.iter().map(|row| words::packets(case, row)))
    .fix(Fix::text(format!("Ask for {dotted}. with a final dot, or set ndots to 1 (options ndots:1 in resolv.conf; in Kubernetes dnsConfig)")))
    .fix(Fix::text("Or take the record for all names out of that domain, or the domain out of the search list"))
    .explains(failing.iter().copied());
    Some(if failing.is_empty() { draft.severity(Severity::Warning) } else { draft })
}

/// Rows of this other name's addresses, which neither the name itself nor the hosts file gives.
fn leaked<'c, 'a>(case: &'c Case<'a>, named: &NamedAnswers) -> Option<Vec<&'c Row<'a>>> {
    let Resolution { hosts_file, .. } = &case.target.resolution;
    let own = |row: &Row<'_>| case.dns_gives(row.ip()) || hosts_file.iter().any(|entry| entry.ip == row.ip());
    let gives =
        |row: &Row<'_>| named.servers.iter().any(|server| server.addresses().any(|ip| ip == row.ip()));
    let rows: Vec<_> = case.rows.iter().filter(|row| row.probe.used && gives(row) && !own(row)).collect();
    (!is_the_name(case, named) && !rows.is_empty()).then_some(rows)
}

/// Questions asked in vain before the name itself.
fn loss(case: &Case<'_>) -> Option<Draft> {
    let Resolution { system, expansions, servers, .. } = &case.target.resolution;
    let at = expansions.iter().position(|named| is_the_name(case, named))?;
    let vain = expansions.get(..at)?;
    let lost: f64 = vain.iter().filter_map(took).sum();
    let resolves = servers.iter().any(dns_servers::gives_addresses);
    let is_denied = |named: &NamedAnswers| !named.servers.iter().any(dns_servers::gives_addresses);
    if lost < NOTABLE || !resolves || !vain.iter().all(is_denied) {
        return None;
    }
    let broken = case.name_gives_nothing() && system.outcome == SystemOutcome::TimedOut;
    if case.name_gives_nothing() && !broken {
        return None;
    }
    let host = case.host();
    let names = words::list(vain.iter().map(|named| &named.name));
    let draft = Draft::new(
        if broken { Confidence::Likely } else { Confidence::Confirmed },
        format!(
            "This host asks for {} before {host}, by its search list, and loses {} with each lookup.",
            if vain.len() == 1 { "1 other name".to_owned() } else { format!("{} other names", vain.len()) },
            Seconds(lost)
        ),
    )
    .evidence([
        Evidence::of(format!("asked in vain before: {names}"), ResourceRef::new(ResourceKind::DnsName, host)),
        words::system(case),
    ])
    .evidence(settings(case))
    .evidence(words::servers(case))
    .fix(Fix::text(format!(
        "Ask for {}. with a final dot, or set ndots to 1 (options ndots:1 in resolv.conf; in Kubernetes dnsConfig)",
        host.trim_end_matches('.')
    )));
    Some(if broken { draft.explains_name() } else { draft.severity(Severity::Warning) })
}

fn is_the_name(case: &Case<'_>, named: &NamedAnswers) -> bool {
    named.name.trim_end_matches('.').eq_ignore_ascii_case(case.host().trim_end_matches('.'))
}

/// The C library asks for both kinds of addresses at once, and goes on when it has both answers.
fn took(named: &NamedAnswers) -> Option<f64> {
    let answered = |server: &&ServerAnswer| dns_servers::answers(server);
    let server = named.servers.iter().find(answered)?;
    Some(server.a.seconds.0.max(server.aaaa.seconds.0))
}

fn settings(case: &Case<'_>) -> Option<Evidence> {
    let resolver = case.facts.host.resolver.known()?;
    let fact = format!("resolv.conf: search {}; options ndots:{}", resolver.search.join(" "), resolver.ndots);
    Some(Evidence::of(fact, ResourceRef::new(ResourceKind::File, "/etc/resolv.conf")))
}
