//! `dns-hosts-override`

use std::net::IpAddr;

use crate::model::{
    finding::{Confidence, Evidence, Fix, Severity},
    known::Known,
    name::{HostsEntry, ServerAnswer},
    resource::{ResourceKind, ResourceRef},
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, words};

declare_finding! {
    /// ## What it means
    /// A line of this host's hosts file answers for the name before DNS is asked, and the address it gives does not
    /// work. Other hosts are not affected.
    /// ## How we know
    /// The hosts file has a line for the name, applications on this host get its address, the DNS servers give other
    /// addresses (or none), and connections to the address of the file fail.
    /// ## What looks like it
    /// `dns-stale-a-record`: there the wrong address comes from DNS and every host gets it.
    /// ## How to confirm it by hand
    ///     getent ahosts NAME
    ///     dig +short NAME
    ///     grep -n NAME /etc/hosts
    /// ## How to fix it
    /// Remove the line (in Kubernetes: the pod's `hostAliases`; in ECS: `extraHosts`).
    static DNS_HOSTS_OVERRIDE = { title: "the hosts file sends this host elsewhere than DNS", severity: Error, side: Client, layer: Host, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_HOSTS_OVERRIDE, check);

fn check(case: &Case<'_>) -> Outcome {
    let overrides: Vec<_> = case.rows.iter().filter_map(|row| Some((row, overriding(case, row)?))).collect();
    let Some((_, entry)) = overrides.first() else {
        return Ok(None);
    };
    let answered = case.target.resolution.servers.iter().any(|server| server.addresses().next().is_some());
    let failing: Vec<_> = overrides.iter().map(|(row, _)| *row).filter(|row| row.symptom.is_some()).collect();
    let confidence = confidence(case, answered, &failing);
    let summary = format!(
        "{} line {} sends {} to {}; {}.",
        entry.file,
        entry.line,
        case.host(),
        entry.ip,
        if answered { "DNS answers something else" } else { "no DNS server gave an address to compare with" },
    );
    let draft = Draft::new(confidence, summary)
        // The name first: another name of the same file is another line, and another cause.
        .evidence([words::system(case)])
        .evidence(overrides.iter().map(|(_, entry)| line(case, entry)))
        .evidence(words::servers(case))
        .evidence(failing.iter().map(|row| words::packets(case, row)))
        .fix(fix(case, &overrides, entry))
        .explains(failing.iter().copied());
    // An override that works is worth knowing: the day the endpoint moves, it will not follow.
    let draft = if failing.is_empty() { draft.severity(Severity::Info) } else { draft };
    Ok(Some(draft))
}

/// Where no server says anything, the line is all that there is.
fn fix(case: &Case<'_>, overrides: &[(&Row<'_>, &HostsEntry)], entry: &HostsEntry) -> Fix {
    let servers = &case.target.resolution.servers;
    let take = format!("{} out of {} of {}", case.host(), lines(overrides), entry.file);
    if !servers.is_empty() && servers.iter().all(ServerAnswer::gives_no_answer) {
        return Fix::text(format!("Let DNS work on this host first, as no server answers; then take {take}"));
    }
    Fix::text(format!("Take {take}")).cli(without(case, overrides))
}

/// That DNS's own addresses work settles it. An address that leads to an endpoint may fail for other reasons.
fn confidence(case: &Case<'_>, answered: bool, failing: &[&Row<'_>]) -> Confidence {
    let dns_works = case.rows.iter().any(|row| !row.probe.used && row.passes_without_use(case));
    let leads_to_endpoint = failing.iter().any(|row| matches!(row.endpoint, Known::Known(Some(_))));
    match (dns_works, answered) {
        (true, _) => Confidence::Confirmed,
        (false, true) if !leads_to_endpoint => Confidence::Confirmed,
        (false, _) => Confidence::Possible,
    }
}

/// The line that gave this row, where DNS does not give the address. One that leads to an endpoint and works is right,
/// and one that leads to a tunnel on this host and works is meant so.
fn overriding<'c>(case: &'c Case<'_>, row: &Row<'_>) -> Option<&'c HostsEntry> {
    let from_file = |ip: IpAddr| case.target.resolution.hosts_file.iter().find(|entry| entry.ip == ip);
    let is_right = matches!(row.endpoint, Known::Known(Some(_))) && row.symptom.is_none();
    let is_tunnel = row.ip().is_loopback() && row.symptom.is_none();
    let applies = row.probe.used && !case.dns_gives(row.ip()) && !is_right && !is_tunnel;
    from_file(row.ip()).filter(|_| applies)
}

fn line(case: &Case<'_>, entry: &HostsEntry) -> Evidence {
    Evidence::of(
        format!("{}:{}: {} {}", entry.file, entry.line, entry.ip, case.host()),
        ResourceRef::new(ResourceKind::File, &entry.file).at(entry.line),
    )
}

fn lines(overrides: &[(&Row<'_>, &HostsEntry)]) -> String {
    let numbers = words::list(overrides.iter().map(|(_, entry)| entry.line));
    format!("line{} {numbers}", if overrides.len() == 1 { "" } else { "s" })
}

/// The line keeps its other names.
fn without(case: &Case<'_>, overrides: &[(&Row<'_>, &HostsEntry)]) -> String {
    let name = case.host().trim_end_matches('.').replace('.', "\\.");
    let file = overrides.first().map_or("/etc/hosts", |(_, entry)| entry.file.as_str());
    let lines = overrides.iter().filter(|(_, entry)| entry.file == file).map(|(_, entry)| entry.line);
    let edits: Vec<_> = lines.map(|line| format!("{line}s/[[:space:]]{name}([[:space:]]|$)/\\1/I")).collect();
    format!("sudo sed -i -E '{}' {file}", edits.join("; "))
}
