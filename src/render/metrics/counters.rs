//! What accumulates over the life of the daemon.

use std::time::Duration;

use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

use super::{DeclarationError, family::encode};
use crate::{
    analyze::symptom,
    model::{
        facts::TargetFacts,
        finding::Phase,
        inventory::Inventory,
        known::Reason,
        name::SystemOutcome,
        observation::{AddressProbe, HttpOutcome, TlsOutcome},
        report::{Cell, TargetReport},
        target::Target,
        time::Seconds,
    },
};

/// Seconds. A lost SYN shows between 1 and 2.5 s: it is sent again after one second (RFC 6298 section 2.1).
const PHASE_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// Seconds. A timer wakes within a millisecond or two; a throttled host is late by tenths.
const LATENESS_BUCKETS: [f64; 8] = [0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0];

pub struct Counters {
    registry: Registry,
    probes: IntCounterVec,
    failures: IntCounterVec,
    phases: HistogramVec,
    disagreements: IntCounterVec,
    lateness: Histogram,
    calls: IntCounterVec,
    call_failures: IntCounterVec,
}

impl Counters {
    /// All at zero.
    ///
    /// # Errors
    /// A name that Prometheus does not allow, or one that is taken.
    pub fn new() -> Result<Self, DeclarationError> {
        let counter =
            |name: &str, help: &str, labels: &[&str]| IntCounterVec::new(Opts::new(name, help), labels);
        let counters = Self {
            registry: Registry::new(),
            probes: counter(
                "vpce_doctor_probes_total",
                "Probes of an address, and lookups that gave no address to probe.",
                &["target"],
            )?,
            failures: counter(
                "vpce_doctor_probe_failures_total",
                "Probes that failed, by the phase and how it failed.",
                &["target", "phase", "reason"],
            )?,
            phases: HistogramVec::new(
                HistogramOpts::new(
                    "vpce_doctor_probe_phase_duration_seconds",
                    "How long the phases of a probe took that succeeded.",
                )
                .buckets(PHASE_BUCKETS.to_vec()),
                &["target", "phase"],
            )?,
            disagreements: counter(
                "vpce_doctor_path_disagreements_total",
                "Probes whose packets contradict what the configuration says of the path: it denies and they \
                 pass, or it allows and nothing comes back.",
                &["target", "path_verdict"],
            )?,
            lateness: Histogram::with_opts(
                HistogramOpts::new(
                    "vpce_doctor_schedule_lateness_seconds",
                    "How much later than planned the cycles of targets started.",
                )
                .buckets(LATENESS_BUCKETS.to_vec()),
            )?,
            calls: counter("vpce_doctor_api_calls_total", "Calls of the EC2 API.", &["call"])?,
            call_failures: counter(
                "vpce_doctor_api_call_failures_total",
                "Calls of the EC2 API that failed, by error code.",
                &["call", "code"],
            )?,
        };
        counters.register()?;
        Ok(counters)
    }

    fn register(&self) -> prometheus::Result<()> {
        let vectors = [&self.probes, &self.failures, &self.disagreements, &self.calls, &self.call_failures];
        vectors.into_iter().try_for_each(|vector| self.registry.register(Box::new(vector.clone())))?;
        self.registry.register(Box::new(self.phases.clone()))?;
        self.registry.register(Box::new(self.lateness.clone()))
    }

    pub(super) fn write(&self, text: &mut String) {
        encode(&self.registry.gather(), text);
    }

    pub fn late(&self, lateness: Duration) {
        self.lateness.observe(lateness.as_secs_f64());
    }

    /// One cycle of a target.
    pub fn cycle(&self, facts: &TargetFacts, report: &TargetReport) {
        let target = &facts.target;
        let rows = || facts.addresses.iter().zip(&report.addresses).filter(|(probe, _)| probe.used);
        let probes = u64::try_from(rows().count()).unwrap_or(u64::MAX);
        self.probes.with_label_values(&[&target.name]).inc_by(probes.max(1));
        if probes == 0 {
            self.fail(target, Phase::Resolve, lookup_reason(&facts.resolution.system.outcome));
        } else if !matches!(facts.resolution.system.outcome, SystemOutcome::Literal(_)) {
            self.took(target, Phase::Resolve, facts.resolution.system.seconds);
        }
        for (probe, row) in rows() {
            self.probe(target, probe);
            if let Some(path) = row.cell.and_then(disagreement) {
                self.disagreements.with_label_values(&[target.name.as_str(), path]).inc();
            }
        }
    }

    fn probe(&self, target: &Target, probe: &AddressProbe) {
        if let Some((phase, failure)) = symptom::failure(target, probe) {
            self.fail(target, phase, failure.as_str());
        }
        if probe.tcp.outcome.is_connected() {
            self.took(target, Phase::Connect, probe.tcp.seconds);
        }
        if let Some(tls) = probe.tls.as_ref().filter(|tls| tls.outcome == TlsOutcome::Completed) {
            self.took(target, Phase::Tls, tls.seconds);
        }
        if let Some(http) = &probe.http
            && matches!(http.outcome, HttpOutcome::Answered { .. })
        {
            self.took(target, Phase::Http, http.seconds);
        }
    }

    fn fail(&self, target: &Target, phase: Phase, reason: &str) {
        self.failures.with_label_values(&[target.name.as_str(), phase.as_str(), reason]).inc();
    }

    fn took(&self, target: &Target, phase: Phase, seconds: Seconds) {
        self.phases.with_label_values(&[target.name.as_str(), phase.as_str()]).observe(seconds.0);
    }

    /// One fetch of the inventory.
    pub fn fetched(&self, inventory: &Inventory) {
        for call in &inventory.calls {
            self.calls.with_label_values(&[&call.action]).inc();
            if let Some(failure) = &call.failure {
                self.call_failures.with_label_values(&[call.action.as_str(), code(failure)]).inc();
            }
        }
    }
}

fn lookup_reason(outcome: &SystemOutcome) -> &'static str {
    match outcome {
        SystemOutcome::TimedOut => "timed-out",
        SystemOutcome::Failed { .. } => "failed",
        SystemOutcome::Addresses(_) | SystemOutcome::Literal(_) => "no-address",
    }
}

fn disagreement(cell: Cell) -> Option<&'static str> {
    match cell {
        Cell::DeniedAnswered => Some("deny"),
        Cell::AllowedDropped => Some("allow"),
        Cell::AllowedAnswered | Cell::DeniedDropped => None,
    }
}

/// AWS's own codes are words (`UnauthorizedOperation`, `Client.RequestLimitExceeded`); anything else that claims
/// to be one is no label.
fn code(failure: &Reason) -> &str {
    match failure {
        Reason::Denied { code, .. } | Reason::Throttled { code } => {
            let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            if code.len() <= 64 && code.chars().all(is_word) { code } else { "other" }
        }
        Reason::Unreachable { .. } => "unreachable",
        Reason::TimedOut => "timed-out",
        Reason::Failed { .. } => "failed",
        Reason::Absent | Reason::Unheld | Reason::Ambiguous { .. } | Reason::NotAsked => "other",
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;
    use crate::model::inventory::ApiCall;

    #[test_case("UnauthorizedOperation" => "UnauthorizedOperation")]
    #[test_case("Client.RequestLimitExceeded" => "Client.RequestLimitExceeded")]
    #[test_case("<html> 502 Bad Gateway" => "other"; "what a proxy said")]
    fn api_code(text: &str) -> String {
        code(&Reason::Denied { code: text.to_owned(), message: String::new() }).to_owned()
    }

    #[test]
    fn failed_calls_are_counted_beside_all_calls() {
        let counters = Counters::new().unwrap();
        let mut inventory = Inventory::none("a test");
        let call =
            |failure| ApiCall { action: "ec2:DescribeVpcs".to_owned(), seconds: Seconds(0.1), failure };
        inventory.calls = vec![call(None), call(Some(Reason::TimedOut))];
        counters.fetched(&inventory);
        let mut text = String::new();
        counters.write(&mut text);
        assert!(text.contains("vpce_doctor_api_calls_total{call=\"ec2:DescribeVpcs\"} 2\n"), "{text}");
        let failed = "vpce_doctor_api_call_failures_total{call=\"ec2:DescribeVpcs\",code=\"timed-out\"} 1\n";
        assert!(text.contains(failed), "{text}");
    }
}
