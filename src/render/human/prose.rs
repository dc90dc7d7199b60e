//! Facts as phrases: who asked, what the name led to, whose the cause is.

use std::fmt::{self, Write as _};

use crate::model::{
    facts::TargetFacts,
    finding::{Finding, Side},
    host::{Vantage, VantageSource},
    name::{DnsAnswer, SystemOutcome},
    observation::AddressProbe,
    resource::{ResourceKind, ResourceRef},
};

pub(super) fn total_seconds(row: &AddressProbe) -> f64 {
    let tls = row.tls.as_ref().map_or(0.0, |tls| tls.seconds.0);
    let http = row.http.as_ref().map_or(0.0, |http| http.seconds.0);
    row.tcp.seconds.0 + tls + http
}

/// Who has to change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render) enum Actor<'a> {
    Host,
    /// Whoever may change this group, ACL, route table or VPC: in a shared or peered VPC that is somebody else.
    Owner(&'a ResourceRef),
    Vpc,
    Endpoint,
    Provider,
    Run,
}

pub(in crate::render) fn actor(finding: &Finding) -> Actor<'_> {
    let first = |kinds: &[ResourceKind]| {
        let references = finding.evidence.iter().filter_map(|evidence| evidence.reference.as_ref());
        references.into_iter().find(|reference| kinds.contains(&reference.kind))
    };
    let changeable = || {
        first(&[
            ResourceKind::SecurityGroup,
            ResourceKind::NetworkAcl,
            ResourceKind::RouteTable,
            ResourceKind::TransitGateway,
            ResourceKind::TransitGatewayAttachment,
            ResourceKind::TransitGatewayRouteTable,
        ])
    };
    match finding.side {
        Side::Provider => Actor::Provider,
        Side::Tool => Actor::Run,
        Side::Endpoint => Actor::Endpoint,
        // This host's groups are not changed on this host.
        Side::Client => changeable().map_or(Actor::Host, Actor::Owner),
        Side::ConsumerVpc => {
            changeable().or_else(|| first(&[ResourceKind::Vpc])).map_or(Actor::Vpc, Actor::Owner)
        }
    }
}

impl fmt::Display for Actor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("you, on this host"),
            Self::Owner(thing) if thing.kind == ResourceKind::Vpc => write!(f, "whoever owns {}", thing.id),
            Self::Owner(thing) => write!(f, "the owner of {}", thing.id),
            Self::Vpc => f.write_str("whoever owns this VPC"),
            Self::Endpoint => f.write_str("the endpoint's owner"),
            Self::Provider => f.write_str("the provider"),
            Self::Run => f.write_str("this run"),
        }
    }
}

pub(super) fn who(vantage: &Vantage) -> String {
    let mut parts = Vec::new();
    parts.push(vantage.source_ip.known().map_or("unknown address".to_owned(), ToString::to_string));
    parts.extend(vantage.eni.known().map(ToString::to_string));
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
        SystemOutcome::Addresses(all) if target.untried() > 0 => {
            format!("{} addresses, {} tried", all.len(), all.len() - target.untried())
        }
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
pub(in crate::render) fn clean(text: &str) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_default().collect() } else { c.to_string() };
    text.chars().map(escaped).collect()
}
