//! What was observed of a target, as phrases: nothing here is inferred.

use std::net::IpAddr;

use crate::model::{
    facts::{Facts, TargetFacts},
    finding::{Finding, Symptom},
    id::{AzId, EndpointId},
    inventory::InventorySource,
    known::Known,
    observation::{AddressProbe, HttpOutcome, TcpOutcome, TlsOutcome, TlsProbe},
    report::{AddressReport, PathVerdict, TargetReport},
};

/// One target with all that is known of it.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) facts: &'a Facts,
    pub(super) target: &'a TargetFacts,
    pub(super) report: &'a TargetReport,
}

/// An address in use.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) probe: &'a AddressProbe,
    pub(super) judged: &'a AddressReport,
}

impl<'a> Seen<'a> {
    /// The same target of the same report.
    pub(super) fn is_same(&self, other: &Seen<'_>) -> bool {
        std::ptr::eq(self.report, other.report)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'a>> + use<'a> {
        let rows = self.target.addresses.iter().zip(&self.report.addresses);
        rows.map(|(probe, judged)| Row { probe, judged }).filter(|row| row.probe.used)
    }

    /// The rows that a finding explains.
    pub(super) fn explained(&self, finding: &'a Finding) -> impl Iterator<Item = Row<'a>> + use<'a> {
        let explains = |ip: IpAddr| {
            finding
                .explains
                .iter()
                .any(|symptom| matches!(symptom, Symptom::AddressFails { ip: own, .. } if *own == ip))
        };
        self.rows().filter(move |row| explains(row.judged.ip))
    }

    /// The endpoint that the addresses belong to; the configured one where that is not known.
    pub(super) fn endpoint(&self) -> Option<&'a EndpointId> {
        let held = self.rows().find_map(|row| row.judged.endpoint.as_ref());
        held.or(self.target.target.endpoint.as_ref())
    }

    pub(super) fn service(&self) -> Option<&'a str> {
        let endpoint = self.facts.inventory.endpoint(self.endpoint()?)?;
        Some(&endpoint.service)
    }

    pub(super) fn region(&self) -> Option<&'a str> {
        let of_inventory = match &self.facts.inventory.source {
            InventorySource::Ec2 { region } => Some(region.as_str()),
            _ => None,
        };
        self.facts.host.region.as_deref().or(of_inventory)
    }

    /// This host, as the other end sees it: one address a way out.
    pub(super) fn clients(&self) -> Vec<IpAddr> {
        let mut all: Vec<IpAddr> = Vec::new();
        for ip in self.rows().filter_map(|row| row.probe.source_ip.known().copied()) {
            if !all.contains(&ip) {
                all.push(ip);
            }
        }
        if all.is_empty() {
            all.extend(self.facts.vantage.source_ip.known());
        }
        all
    }

    pub(super) fn port(&self) -> String {
        format!("tcp/{}", self.target.target.port)
    }
}

impl<'a> Row<'a> {
    pub(super) fn zone(&self) -> Option<&'a AzId> {
        self.judged.az_id.as_ref()
    }

    /// The configuration lets every packet pass, there and back.
    pub(super) fn is_open(&self) -> bool {
        self.judged.path == Known::Known(PathVerdict::Allow) && self.judged.blocked_share == 0.0
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.judged.path == Known::Known(PathVerdict::Deny)
    }

    pub(super) fn is_undecided(&self) -> bool {
        !self.judged.path.is_known()
    }

    pub(super) fn is_silent(&self) -> bool {
        matches!(self.probe.tcp.outcome, TcpOutcome::TimedOut { .. })
    }

    pub(super) fn is_refused(&self) -> bool {
        matches!(self.probe.tcp.outcome, TcpOutcome::Refused { .. })
    }

    /// How far a connection came, phase by phase.
    pub(super) fn outcome(&self) -> String {
        let mut parts = vec![format!("TCP: {}", self.probe.tcp)];
        parts.extend(self.probe.tls.as_ref().and_then(tls));
        parts.extend(self.probe.http.as_ref().and_then(|http| {
            let seconds = http.seconds;
            Some(match &http.outcome {
                HttpOutcome::NotTried => return None,
                HttpOutcome::Answered { status } => format!("HTTP status {status} in {seconds}"),
                HttpOutcome::TimedOut => format!("no HTTP answer in {seconds}"),
                HttpOutcome::Failed { message } => format!("HTTP failed in {seconds}: {message}"),
            })
        }));
        parts.join("; ")
    }
}

fn tls(probe: &TlsProbe) -> Option<String> {
    let seconds = probe.seconds;
    Some(match &probe.outcome {
        TlsOutcome::NotTried => return None,
        TlsOutcome::Completed if probe.passed() => format!("TLS completed in {seconds}"),
        TlsOutcome::Completed => {
            format!("TLS completed in {seconds}, and the certificate does not verify")
        }
        TlsOutcome::Alert { description } => format!("TLS alert {description} in {seconds}"),
        TlsOutcome::NotTls { .. } => format!("no TLS on this port (in {seconds})"),
        TlsOutcome::UnexpectedEof => format!("closed during the TLS handshake, in {seconds}"),
        TlsOutcome::Reset => format!("reset during the TLS handshake, in {seconds}"),
        TlsOutcome::TimedOut => format!("no answer to the TLS ClientHello in {seconds}"),
        TlsOutcome::Failed { message } => format!("TLS failed in {seconds}: {message}"),
    })
}
