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
    observation::{AddressProbe, Resolution, SystemLookup, SystemOutcome, TcpOutcome, TcpProbe},
    resource::ResourceKind,
    time::Seconds,
};

use super::{Case, diagnose::Judgement};

/// What is next in the way when the first cause, which lies in DNS, is gone.
pub(super) fn ahead(case: &Case<'_>, first: Option<&Finding>) -> Judgement {
    let nothing = Judgement::default();
    let Some(first) =
        first.filter(|first| first.layer == Layer::Dns && first.confidence > Confidence::Possible)
    else {
        return nothing;
    };
    let Some(endpoint) = case.likely_endpoint() else { return nothing };
    let led_to =
        |endpoint: &VpcEndpoint| case.rows.iter().any(|row| row.endpoint == Known::Known(Some(endpoint)));
    if led_to(endpoint) {
        return nothing;
    }
    let Some(target) = mended(case, endpoint) else { return nothing };
    let mut judgement = Judgement::of(&Case::new(case.facts, &target));
    judgement
        .findings
        .retain(|finding| finding.severity == Severity::Error && finding.layer.is_configuration());
    for finding in &mut judgement.findings {
        demote(finding, first);
    }
    judgement
}

/// The configuration lets this host's packets through to every address of the endpoint.
pub(super) fn nothing_stops(case: &Case<'_>, endpoint: &VpcEndpoint) -> bool {
    mended(case, endpoint).is_some_and(|target| {
        Case::new(case.facts, &target).rows.iter().all(|row| row.path.blockers().next().is_none())
    })
}

/// The target as it will be, except that nobody answers.
fn mended(case: &Case<'_>, endpoint: &VpcEndpoint) -> Option<TargetFacts> {
    let inventory = &case.facts.inventory;
    let interfaces = endpoint.network_interfaces.iter().filter_map(|id| inventory.interface(id));
    let addresses: Vec<IpAddr> = interfaces.filter_map(|eni| eni.addresses.first().copied()).collect();
    if addresses.is_empty() {
        return None;
    }
    let source_ip = &case.facts.vantage.source_ip;
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
        },
    })
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
