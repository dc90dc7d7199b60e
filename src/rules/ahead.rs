//! Causes stack: what would stop the packets once the name is mended. Whoever mends the name should not have to
//! come back for the group.
//!
//! The same rules look at a target that does not exist yet: the name leads to the endpoint's addresses, and nobody
//! answers there. What they find in the configuration is true already; it fails nothing yet, so it is a warning.

use std::net::IpAddr;

use crate::model::{
    endpoint::VpcEndpoint,
    facts::TargetFacts,
    finding::{Confidence, Finding, Layer, Severity},
    known::Known,
    name::{Resolution, SystemLookup, SystemOutcome},
    observation::{AddressProbe, TcpOutcome, TcpProbe},
    resource::ResourceKind,
    time::Seconds,
};

use super::{
    Case, Row,
    diagnose::{Disproved, Judgement},
};

/// What is next in the way when the first cause, on this host or in DNS, is gone.
pub(super) fn ahead(case: &Case<'_>, first: Option<&Finding>, disproved: &[Disproved]) -> Judgement {
    let Some(first) = first.filter(|first| first.confidence > Confidence::Possible) else {
        return Judgement::default();
    };
    let addresses = match first.layer {
        Layer::Host => kept_back(case, first),
        Layer::Dns => not_led_to(case),
        _ => Vec::new(),
    };
    let Some(target) = mended(case, addresses) else { return Judgement::default() };
    let mut judgement = Judgement::of(&Case::new(case.facts, &target), disproved);
    judgement
        .findings
        .retain(|finding| finding.severity == Severity::Error && finding.layer.is_configuration());
    for finding in &mut judgement.findings {
        demote(finding, first);
    }
    judgement
}

/// The endpoint's addresses to which this host lets no packet go.
fn kept_back(case: &Case<'_>, first: &Finding) -> Vec<IpAddr> {
    let explained =
        |row: &&Row<'_>| row.symptom.as_ref().is_some_and(|symptom| first.explains.contains(symptom));
    let rows = case.rows.iter().filter(|row| matches!(row.endpoint, Known::Known(Some(_)))).filter(explained);
    rows.map(Row::ip).collect()
}

/// The addresses of the endpoint that the name should lead to, and does not.
fn not_led_to(case: &Case<'_>) -> Vec<IpAddr> {
    let led_to =
        |endpoint: &&VpcEndpoint| case.rows.iter().any(|row| row.endpoint == Known::Known(Some(*endpoint)));
    let endpoint = case.likely_endpoint().filter(|endpoint| !led_to(endpoint));
    endpoint.map(|endpoint| addresses(case, endpoint)).unwrap_or_default()
}

fn addresses(case: &Case<'_>, endpoint: &VpcEndpoint) -> Vec<IpAddr> {
    let interfaces = endpoint.network_interfaces.iter().filter_map(|id| case.facts.inventory.interface(id));
    interfaces.filter_map(|eni| eni.addresses.first().copied()).collect()
}

/// The configuration lets this host's packets through to every address of the endpoint.
pub(super) fn nothing_stops(case: &Case<'_>, endpoint: &VpcEndpoint) -> bool {
    mended(case, addresses(case, endpoint)).is_some_and(|target| {
        Case::new(case.facts, &target).rows.iter().all(|row| row.path.blockers().next().is_none())
    })
}

/// The target as it will be, except that nobody answers.
fn mended(case: &Case<'_>, addresses: Vec<IpAddr>) -> Option<TargetFacts> {
    if addresses.is_empty() {
        return None;
    }
    let source_ip = source(case);
    let row = |ip: &IpAddr| AddressProbe {
        ip: *ip,
        used: true,
        source_ip: source_ip.clone(),
        tcp: TcpProbe { outcome: TcpOutcome::TimedOut { syns: None, unsent: false }, seconds: Seconds(0.0) },
        tls: None,
        http: None,
    };
    Some(TargetFacts {
        target: case.target.target.clone(),
        addresses: addresses.iter().map(row).collect(),
        resolution: Resolution {
            system: SystemLookup { outcome: SystemOutcome::Addresses(addresses), seconds: Seconds(0.0) },
            servers: Vec::new(),
            hosts_file: Vec::new(),
            expansions: Vec::new(),
            endpoint_names: Vec::new(),
        },
    })
}

/// Where this host has no route, the kernel names no source, and the address of its first interface will be it.
fn source(case: &Case<'_>) -> Known<IpAddr> {
    let first = || {
        let interface = case.facts.host.metadata.known()?.interfaces.first()?;
        interface.addresses.first().copied()
    };
    match &case.facts.vantage.source_ip {
        Known::Known(ip) => Known::Known(*ip),
        Known::Unknown(why) => first().ok_or_else(|| why.clone()).into(),
    }
}

/// No packet was sent there: what is left is the configuration's word.
fn demote(finding: &mut Finding, first: &Finding) {
    let is_of_packets = |kind: Option<ResourceKind>| matches!(kind, Some(ResourceKind::Address));
    finding
        .evidence
        .retain(|evidence| !is_of_packets(evidence.reference.as_ref().map(|reference| reference.kind)));
    finding.severity = Severity::Warning;
    finding.confidence = finding.confidence.min(Confidence::Likely);
    finding.explains.clear();
    finding.after = Some(first.code.clone());
}
