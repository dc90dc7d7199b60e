//! Observations become symptoms: what of this target is broken, as an application would notice it.

use std::net::IpAddr;

use super::dns;
use crate::model::{
    facts::TargetFacts,
    finding::{Failure, Phase, Symptom},
    known::Known,
    net,
    observation::{
        AddressProbe, HttpDenial, HttpOutcome, HttpProbe, TcpOutcome, TlsOutcome, TlsProbe, Verdict,
    },
    report::{Cell, PathVerdict, TargetVerdict},
    target::Target,
};

/// Everything that is broken, in the order of the addresses.
pub fn symptoms(facts: &TargetFacts) -> Vec<Symptom> {
    if facts.used().next().is_none() {
        return vec![Symptom::NameGivesNothing];
    }
    facts.used().filter_map(|row| of_row(&facts.target, row)).collect()
}

/// What fails at this address, whether or not an application would use it.
pub fn of_row(target: &Target, row: &AddressProbe) -> Option<Symptom> {
    failure(target, row).map(|(phase, failure)| Symptom::AddressFails { ip: row.ip, phase, failure })
}

/// The first expected phase that this address does not pass, and how it fails.
pub fn failure(target: &Target, row: &AddressProbe) -> Option<(Phase, Failure)> {
    if let Some(how) = tcp_failure(&row.tcp.outcome) {
        return Some((Phase::Connect, how));
    }
    let tls = || row.tls.as_ref().map_or(Some(Failure::NotTried), tls_failure);
    if target.protocol.uses_tls()
        && let Some(how) = tls()
    {
        return Some((Phase::Tls, how));
    }
    let http =
        || row.http.as_ref().map_or(Some(Failure::NotTried), |http| http_failure(target, row.ip, http));
    let how = if target.protocol.uses_http() { http() } else { None };
    how.map(|how| (Phase::Http, how))
}

/// What became of the SYN, held against what the configuration says of its path. A local error sent none.
pub fn cell(path: &Known<PathVerdict>, tcp: &TcpOutcome) -> Option<Cell> {
    let answered = match tcp {
        TcpOutcome::Connected { .. } | TcpOutcome::Refused { .. } => true,
        TcpOutcome::LocalError { .. } | TcpOutcome::TimedOut { unsent: true, .. } => return None,
        TcpOutcome::TimedOut { .. } | TcpOutcome::Unreachable { .. } => false,
    };
    Some(match (path.known()?, answered) {
        (PathVerdict::Allow, true) => Cell::AllowedAnswered,
        (PathVerdict::Allow, false) => Cell::AllowedDropped,
        (PathVerdict::Deny, true) => Cell::DeniedAnswered,
        (PathVerdict::Deny, false) => Cell::DeniedDropped,
    })
}

fn tcp_failure(outcome: &TcpOutcome) -> Option<Failure> {
    match outcome {
        TcpOutcome::Connected { .. } => None,
        TcpOutcome::Refused { .. } => Some(Failure::Refused),
        TcpOutcome::LocalError { .. } | TcpOutcome::TimedOut { unsent: true, .. } => {
            Some(Failure::LocalError)
        }
        TcpOutcome::TimedOut { .. } => Some(Failure::TimedOut),
        TcpOutcome::Unreachable { .. } => Some(Failure::Unreachable),
    }
}

/// A handshake that completed fails by its certificate.
fn tls_failure(tls: &TlsProbe) -> Option<Failure> {
    let failed = |verdict: &Verdict| matches!(verdict, Verdict::Failed { .. });
    match &tls.outcome {
        TlsOutcome::Completed if tls.passed() => None,
        TlsOutcome::Completed => Some(match tls.verification.known() {
            Some(v) if failed(&v.validity) => Failure::CertificateValidity,
            Some(v) if failed(&v.trust) => Failure::CertificateTrust,
            Some(v) if failed(&v.name) => Failure::CertificateName,
            _ => Failure::CertificateUnknown,
        }),
        TlsOutcome::NotTried => Some(Failure::NotTried),
        TlsOutcome::Alert { .. } => Some(Failure::Alert),
        TlsOutcome::NotTls { .. } => Some(Failure::NotTls),
        TlsOutcome::UnexpectedEof => Some(Failure::UnexpectedEof),
        TlsOutcome::Reset => Some(Failure::Reset),
        TlsOutcome::TimedOut => Some(Failure::TimedOut),
        TlsOutcome::Failed { .. } => Some(Failure::Failed),
    }
}

fn http_failure(target: &Target, ip: IpAddr, http: &HttpProbe) -> Option<Failure> {
    match &http.outcome {
        outcome if http_passes(target, outcome) && !denies_the_way(target, ip, http) => None,
        HttpOutcome::Answered { .. } => Some(Failure::Status),
        HttpOutcome::NotTried => Some(Failure::NotTried),
        HttpOutcome::TimedOut => Some(Failure::TimedOut),
        HttpOutcome::Failed { .. } => Some(Failure::Failed),
    }
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

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;
    use crate::model::{
        known::{Reason, Unknown},
        observation::{Certificate, Verification},
        time::Seconds,
    };

    const CONNECTED: TcpOutcome = TcpOutcome::Connected { source_port: 40_000 };
    const SILENT: TcpOutcome = TcpOutcome::TimedOut { syns: Some(3), unsent: false };
    const REFUSED: TcpOutcome = TcpOutcome::Refused { icmp: None };

    #[test_case(Some(PathVerdict::Allow), &CONNECTED => Some(Cell::AllowedAnswered); "both say yes")]
    #[test_case(Some(PathVerdict::Deny), &SILENT => Some(Cell::DeniedDropped); "both say no")]
    #[test_case(Some(PathVerdict::Deny), &CONNECTED => Some(Cell::DeniedAnswered); "denied and passing")]
    #[test_case(Some(PathVerdict::Deny), &REFUSED => Some(Cell::DeniedAnswered); "a refusal came back over a denied path")]
    #[test_case(Some(PathVerdict::Allow), &REFUSED => Some(Cell::AllowedAnswered); "a refusal is no fault of the path")]
    #[test_case(Some(PathVerdict::Allow), &SILENT => Some(Cell::AllowedDropped); "allowed and silent")]
    #[test_case(None, &SILENT => None; "nothing known")]
    #[test_case(Some(PathVerdict::Allow), &TcpOutcome::LocalError { errno: 99, message: String::new() } => None; "no packet was sent")]
    fn planes(path: Option<PathVerdict>, tcp: &TcpOutcome) -> Option<Cell> {
        let path = path.ok_or_else(|| Unknown::new("ec2:DescribeNetworkAcls", Reason::NotAsked)).into();
        cell(&path, tcp)
    }

    fn handshake(outcome: TlsOutcome, verification: Option<[bool; 3]>) -> TlsProbe {
        let failed = || Verdict::Failed { reason: "in the verifier's words".to_owned() };
        let verdict = |passed| if passed { Verdict::Passed } else { failed() };
        let verification = verification.map(|[name, validity, trust]| Verification {
            name: verdict(name),
            validity: verdict(validity),
            trust: verdict(trust),
        });
        TlsProbe {
            outcome,
            seconds: Seconds(0.01),
            server_name: "service.example".to_owned(),
            chain: Vec::<Certificate>::new(),
            verification: verification.ok_or_else(|| Unknown::new("a chain", Reason::Absent)).into(),
            version: None,
            client_certificate_requested: false,
        }
    }

    #[test_case(TlsOutcome::Completed, Some([true, true, true]) => None)]
    #[test_case(TlsOutcome::Completed, Some([true, false, true]) => Some(Failure::CertificateValidity))]
    #[test_case(TlsOutcome::Completed, Some([true, true, false]) => Some(Failure::CertificateTrust))]
    #[test_case(TlsOutcome::Completed, Some([false, true, true]) => Some(Failure::CertificateName))]
    #[test_case(TlsOutcome::Completed, None => Some(Failure::CertificateUnknown))]
    #[test_case(TlsOutcome::Alert { description: "any text at all".to_owned() }, None => Some(Failure::Alert))]
    #[test_case(TlsOutcome::NotTls { head: "SSH-2.0".to_owned() }, None => Some(Failure::NotTls))]
    fn tls_fails_by(outcome: TlsOutcome, verification: Option<[bool; 3]>) -> Option<Failure> {
        tls_failure(&handshake(outcome, verification))
    }
}
