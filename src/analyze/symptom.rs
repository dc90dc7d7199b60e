//! Observations become symptoms: what of this target is broken, as an application would notice it.

use std::net::IpAddr;

use super::dns;
use crate::model::{
    facts::TargetFacts,
    finding::{Phase, Symptom},
    net,
    observation::{AddressProbe, HttpDenial, HttpOutcome, HttpProbe, TcpOutcome, TlsProbe},
    report::TargetVerdict,
    target::Target,
};

/// Everything that is broken, in the order of the addresses.
pub fn symptoms(facts: &TargetFacts) -> Vec<Symptom> {
    if facts.used().next().is_none() {
        return vec![Symptom::NameGivesNothing];
    }
    let fails = |row: &AddressProbe| {
        failing_phase(&facts.target, row).map(|phase| Symptom::AddressFails { ip: row.ip, phase })
    };
    facts.used().filter_map(fails).collect()
}

/// The first expected phase that this address does not pass.
pub fn failing_phase(target: &Target, row: &AddressProbe) -> Option<Phase> {
    if !row.tcp.outcome.is_connected() {
        return Some(Phase::Connect);
    }
    if target.protocol.uses_tls() && !row.tls.as_ref().is_some_and(TlsProbe::passed) {
        return Some(Phase::Tls);
    }
    let http_fails = target.protocol.uses_http()
        && !row
            .http
            .as_ref()
            .is_some_and(|http| http_passes(target, &http.outcome) && !denies_the_way(target, row.ip, http));
    http_fails.then_some(Phase::Http)
}

/// Any answer proves the network. Outside the target's own expectation only server errors fail
/// (RFC 9110 section 15.6): 400, 401 and 404 are what many services say to a bare request.
fn http_passes(target: &Target, outcome: &HttpOutcome) -> bool {
    match outcome {
        HttpOutcome::Answered { status } if target.http.status.is_empty() => *status < 500,
        HttpOutcome::Answered { status } => target.http.status.contains(status),
        HttpOutcome::NotTried | HttpOutcome::TimedOut | HttpOutcome::Failed { .. } => false,
    }
}

/// A 403 about the way taken and not about the request: the endpoint's policy forbids it, or API Gateway does,
/// asked by an API's own name at a private address. Not so where the user expects the status.
fn denies_the_way(target: &Target, ip: IpAddr, http: &HttpProbe) -> bool {
    let refuses = |denial: &HttpDenial| {
        let by_gateway = dns::is_api_name(&target.host) && net::is_private(ip) && denial.is_of_api_gateway();
        denial.endpoint_policy.is_some() || by_gateway
    };
    target.http.status.is_empty() && http.denial.as_ref().is_some_and(refuses)
}

pub fn verdict(facts: &TargetFacts, symptoms: &[Symptom]) -> TargetVerdict {
    let used = facts.used().count();
    if used > 0 && facts.used().all(|row| could_not_try(&row.tcp.outcome)) {
        return TargetVerdict::Unknown;
    }
    match symptoms.len() {
        0 => TargetVerdict::Healthy,
        broken if broken < used => TargetVerdict::Degraded,
        _ => TargetVerdict::Down,
    }
}

/// This program ran out of something before a packet could be sent, which says nothing of the network:
/// EMFILE and ENFILE (descriptors), ENOMEM and ENOBUFS (memory), by their Linux numbers.
fn could_not_try(outcome: &TcpOutcome) -> bool {
    matches!(outcome, TcpOutcome::LocalError { errno: 12 | 23 | 24 | 105, .. })
}
