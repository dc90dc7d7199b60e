//! Facts as phrases: who asked, what the name led to, whose the cause is.

use std::fmt::Write as _;

use crate::model::{
    facts::TargetFacts,
    finding::{Finding, Side},
    host::{Vantage, VantageSource},
    observation::{AddressProbe, DnsAnswer, SystemOutcome},
};

/// Commands longer than this are folded before an option.
const WIDTH: usize = 100;

/// A command over several lines, as a shell takes it.
pub(super) fn folded(command: &str) -> String {
    let mut lines = vec![String::new()];
    for word in command.split(" --") {
        let option = if lines == [""] { word.to_owned() } else { format!(" --{word}") };
        match lines.last_mut() {
            Some(last) if last.len() + option.len() <= WIDTH || last.is_empty() => last.push_str(&option),
            _ => lines.push(format!("       {option}")),
        }
    }
    lines.join(" \\\n")
}

pub(super) fn total_seconds(row: &AddressProbe) -> f64 {
    let tls = row.tls.as_ref().map_or(0.0, |tls| tls.seconds.0);
    let http = row.http.as_ref().map_or(0.0, |http| http.seconds.0);
    row.tcp.seconds.0 + tls + http
}

/// Who has to act, with the thing to act on.
pub(super) fn owner(finding: &Finding) -> String {
    use crate::model::resource::ResourceKind as Kind;
    let owned =
        [Kind::SecurityGroup, Kind::NetworkAcl, Kind::RouteTable, Kind::VpcEndpoint, Kind::Vpc, Kind::File];
    let references = finding.evidence.iter().filter_map(|evidence| evidence.reference.as_ref());
    let thing =
        references.into_iter().find(|reference| owned.contains(&reference.kind)).map(|r| r.id.as_str());
    match (finding.side, thing) {
        (Side::Provider, _) => "the provider".to_owned(),
        (Side::Tool, _) => "this run".to_owned(),
        (Side::Client, None) => "you: owner of this host".to_owned(),
        (Side::ConsumerVpc, None) => "you: owner of this VPC".to_owned(),
        (Side::Endpoint, None) => "you: owner of the endpoint".to_owned(),
        (_, Some(thing)) => format!("you: owner of {thing}"),
    }
}

pub(super) fn who(vantage: &Vantage) -> String {
    let mut parts = Vec::new();
    parts.push(vantage.source_ip.known().map_or("unknown address".to_owned(), ToString::to_string));
    parts.extend(vantage.eni.known().map(|eni| format!("on interface {eni}")));
    if let Some(subnet) = vantage.subnet.known() {
        let az = vantage.az_id.known().map(|az| format!(" ({az})")).unwrap_or_default();
        parts.push(format!("{subnet}{az}"));
    }
    let groups: Vec<_> =
        vantage.security_groups.known().into_iter().flatten().map(ToString::to_string).collect();
    if !groups.is_empty() {
        parts.push(groups.join(" "));
    }
    let how = match vantage.how {
        VantageSource::Imds => "from instance metadata",
        VantageSource::Inventory => "from the inventory",
        VantageSource::Kernel if !vantage.source_ip.is_known() => "this host has no route towards the target",
        VantageSource::Kernel => "from the kernel's routes; its place in the VPC is not known",
    };
    format!("{}   {how}", parts.join("  "))
}

/// The chain from the name to its addresses, and who told.
pub(super) fn name(target: &TargetFacts) -> String {
    let system = &target.resolution.system;
    let outcome = match &system.outcome {
        SystemOutcome::Literal(_) => return "an address, nothing to resolve".to_owned(),
        SystemOutcome::Addresses(all) => all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        SystemOutcome::Failed { message } => message.clone(),
        SystemOutcome::TimedOut => "no answer".to_owned(),
    };
    let answers = target.resolution.servers.iter().filter_map(|server| Some((server, server.a.answer()?)));
    let told = answers.into_iter().find(|(_, answer)| gives(answer, system.addresses()));
    let Some((server, answer)) = told else {
        let silent = target.resolution.servers.iter().filter(|server| server.gives_no_answer());
        let silent: Vec<_> = silent.map(|server| server.server.ip().to_string()).collect();
        let who = match silent.as_slice() {
            [] => "this host's resolver".to_owned(),
            silent => format!("this host's resolver; no answer from {}", silent.join(", ")),
        };
        return format!("{} → {outcome}   {who}, {}", target.target.host, system.seconds);
    };
    let mut chain = String::new();
    for cname in &answer.cnames {
        let _ = write!(chain, " → {}", cname.target);
    }
    let ttl = answer.addresses.first().map(|record| format!(", TTL {}", record.ttl)).unwrap_or_default();
    format!("{}{chain} → {outcome}   {}, {}{ttl}", target.target.host, server.server.ip(), server.a.seconds)
}

fn gives(answer: &DnsAnswer, used: &[std::net::IpAddr]) -> bool {
    !used.is_empty() && used.iter().any(|ip| answer.addresses.iter().any(|record| record.ip == *ip))
}

/// Certificates, DNS answers and inventories are other people's text: control characters in it must not reach
/// the terminal.
pub(super) fn clean(text: &str) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_default().collect() } else { c.to_string() };
    text.chars().map(escaped).collect()
}
