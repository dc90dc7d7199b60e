//! The latest state as metrics in Prometheus' text format 0.0.4.
//!
//! Only what accumulates is kept, in [`Counters`]. Everything else is built anew for every scrape, so that an
//! address or a finding that is gone leaves no series behind. Label values are closed enumerations, names from
//! the configuration, or ids from the inventory: never an error's text.

mod counters;
mod family;

use std::collections::BTreeMap;

use crate::model::{
    endpoint::EndpointState,
    facts::TargetFacts,
    id::EndpointId,
    inventory::Inventory,
    observation::AddressProbe,
    report::{AddressReport, PathVerdict, SummaryEntry, TargetReport, TargetVerdict},
    target::Target,
    time::Timestamp,
};

pub use counters::Counters;
use family::Family;

/// Of the text this module writes.
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// A metric that cannot be declared: an error in this module, never the user's.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct DeclarationError(#[from] prometheus::Error);

/// All that a scrape shows.
pub struct State<'a> {
    pub counters: &'a Counters,
    pub targets: Vec<TargetState<'a>>,
    /// One entry a cause, over all targets.
    pub causes: Vec<SummaryEntry>,
    /// And when it was fetched. Absent until the first fetch ended.
    pub inventory: Option<(&'a Inventory, Timestamp)>,
    /// When the configuration in use was read.
    pub config_loaded: Timestamp,
}

pub struct TargetState<'a> {
    pub target: &'a Target,
    /// The last cycle and when it ended. Absent until the first one ended.
    pub latest: Option<(&'a TargetFacts, &'a TargetReport, Timestamp)>,
}

impl<'a> State<'a> {
    fn reports(&self) -> impl Iterator<Item = (&'a str, &'a TargetFacts, &'a TargetReport, Timestamp)> {
        self.targets.iter().filter_map(|state| {
            let (facts, report, at) = state.latest?;
            Some((state.target.name.as_str(), facts, report, at))
        })
    }

    /// Rows that an application on this host would use.
    fn rows(&self) -> impl Iterator<Item = (&'a str, &'a AddressProbe, &'a AddressReport)> {
        self.reports().flat_map(|(name, facts, report, _)| {
            let rows = facts.addresses.iter().zip(&report.addresses);
            rows.filter(|(probe, _)| probe.used).map(move |(probe, row)| (name, probe, row))
        })
    }
}

pub fn render(state: &State<'_>) -> String {
    let mut text = String::new();
    about_us(state, &mut text);
    targets(state, &mut text);
    addresses(state, &mut text);
    certificates(state, &mut text);
    findings(state, &mut text);
    causes(state, &mut text);
    endpoints(state, &mut text);
    state.counters.write(&mut text);
    text
}

fn about_us(state: &State<'_>, text: &mut String) {
    Family::gauge("vpce_doctor_build_info", "Always 1, with the version of the program as a label.")
        .with(&[("version", env!("CARGO_PKG_VERSION"))], 1.0)
        .write(text);
    // A configuration that cannot be read keeps the daemon from starting; a reload will be able to fail.
    Family::gauge(
        "vpce_doctor_config_last_load_successful",
        "Whether the configuration was read without error when last asked.",
    )
    .with(&[], 1.0)
    .write(text);
    Family::gauge(
        "vpce_doctor_config_last_load_success_timestamp_seconds",
        "When the configuration in use was read, in Unix time.",
    )
    .with(&[], seconds(state.config_loaded))
    .write(text);
    if let Some((_, fetched)) = state.inventory {
        Family::gauge(
            "vpce_doctor_inventory_fetch_timestamp_seconds",
            "When the configuration of the VPC in use was read, in Unix time.",
        )
        .with(&[], seconds(fetched))
        .write(text);
    }
}

fn targets(state: &State<'_>, text: &mut String) {
    let mut info = Family::gauge("vpce_doctor_target_info", "Always 1, with the target's address as labels.");
    let mut verdicts = Family::gauge(
        "vpce_doctor_target_verdict",
        "1 for the verdict of the target's last cycle, 0 for the others.",
    );
    for TargetState { target, latest } in &state.targets {
        let (port, protocol) = (target.port.to_string(), target.protocol.as_str());
        let place =
            [("target", &*target.name), ("host", &target.host), ("port", &port), ("protocol", protocol)];
        info.add(&place, 1.0);
        let last = latest.map_or(TargetVerdict::Unknown, |(_, report, _)| report.verdict);
        for verdict in TargetVerdict::ALL {
            verdicts.add(&[("target", &target.name), ("verdict", verdict.as_str())], truth(verdict == last));
        }
    }
    info.write(text);
    verdicts.write(text);
    let mut cycles = Family::gauge(
        "vpce_doctor_target_last_cycle_timestamp_seconds",
        "When the target's last cycle ended, in Unix time.",
    );
    for (name, _, _, at) in state.reports() {
        cycles.add(&[("target", name)], seconds(at));
    }
    cycles.write(text);
}

fn addresses(state: &State<'_>, text: &mut String) {
    let mut success = Family::gauge(
        "vpce_doctor_address_success",
        "Whether the address passed every phase its target expects in the last cycle.",
    );
    let mut paths = Family::gauge(
        "vpce_doctor_address_path_verdict",
        "1 for what the VPC's configuration says of the path to the address, 0 for the others.",
    );
    for (name, _, row) in state.rows() {
        let address = row.ip.to_string();
        let (eni, endpoint) = (row.eni.as_ref(), row.endpoint.as_ref());
        let labels = [
            ("target", name),
            ("address", &*address),
            ("eni_id", eni.map_or("", |id| id.as_str())),
            ("vpc_endpoint_id", endpoint.map_or("", |id| id.as_str())),
            ("endpoint_az_id", row.az_id.as_ref().map_or("", |id| id.as_str())),
        ];
        success.add(&labels, truth(row.healthy));
        let last = PathVerdict::word(&row.path);
        for verdict in ["allow", "deny", "undecided"] {
            paths.add(
                &[("target", name), ("address", &address), ("verdict", verdict)],
                truth(verdict == last),
            );
        }
    }
    success.write(text);
    paths.write(text);
}

fn certificates(state: &State<'_>, text: &mut String) {
    let mut expiry = Family::gauge(
        "vpce_doctor_certificate_expiry_timestamp_seconds",
        "When the certificate that the address presents expires, in Unix time, also when it did not verify.",
    );
    for (name, probe, row) in state.rows() {
        if let Some(leaf) = probe.tls.as_ref().and_then(|tls| tls.leaf()) {
            expiry.add(&[("target", name), ("address", &row.ip.to_string())], seconds(leaf.not_after));
        }
    }
    expiry.write(text);
}

fn findings(state: &State<'_>, text: &mut String) {
    let mut active = Family::gauge("vpce_doctor_finding", "Always 1, for every finding of the last cycle.");
    let mut since = Family::gauge(
        "vpce_doctor_finding_since_timestamp_seconds",
        "When a finding of the last cycle began, in Unix time.",
    );
    let mut undecided = Family::gauge(
        "vpce_doctor_undecided_rules",
        "How many rules could not decide in the last cycle because a fact is missing.",
    );
    for (name, _, report, _) in state.reports() {
        for finding in &report.findings {
            let (target, code) = (("target", name), ("code", &*finding.code));
            active.add(&[target, code, ("severity", finding.severity.as_str())], 1.0);
            if let Some(begin) = finding.since {
                since.add(&[target, code], seconds(begin));
            }
        }
        undecided.add(&[("target", name)], count(report.undecided.len()));
    }
    active.write(text);
    since.write(text);
    undecided.write(text);
}

/// What an alert should fire on: forty targets that one group stops are one series.
fn causes(state: &State<'_>, text: &mut String) {
    let mut causes = Family::gauge(
        "vpce_doctor_cause_targets",
        "How many targets have the same finding about the same resource in their last cycle.",
    );
    // Findings without a resource are told apart by their words, which are no label: they are one series a code.
    let mut counts: BTreeMap<[&str; 4], usize> = BTreeMap::new();
    for entry in &state.causes {
        let resource = entry.subject.as_ref().map_or("", |subject| subject.id.as_str());
        let labels = [entry.code.as_str(), entry.severity.as_str(), entry.side.as_str(), resource];
        *counts.entry(labels).or_default() += entry.targets.len();
    }
    for ([code, severity, side, resource], number) in counts {
        let labels = [("code", code), ("severity", severity), ("side", side), ("resource_id", resource)];
        causes.add(&labels, count(number));
    }
    causes.write(text);
}

/// Of the endpoints that targets lead to or name, however many the account has.
fn endpoints(state: &State<'_>, text: &mut String) {
    let Some((inventory, _)) = state.inventory else { return };
    let led_to = state.rows().filter_map(|(_, _, row)| row.endpoint.as_ref());
    let named = state.targets.iter().filter_map(|state| state.target.endpoint.as_ref());
    let mut ids: Vec<&EndpointId> = led_to.chain(named).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut states = Family::gauge(
        "vpce_doctor_endpoint_state",
        "1 for the state of an endpoint that targets lead to, 0 for the others.",
    );
    for endpoint in ids.into_iter().filter_map(|id| inventory.endpoint(id)) {
        let last = state_word(&endpoint.state);
        for state in ENDPOINT_STATES {
            let labels = [("vpc_endpoint_id", endpoint.id.as_str()), ("state", state)];
            states.add(&labels, truth(state == last));
        }
    }
    states.write(text);
}

const ENDPOINT_STATES: [&str; 10] = [
    "available",
    "deleted",
    "deleting",
    "expired",
    "failed",
    "other",
    "partial",
    "pending",
    "pending-acceptance",
    "rejected",
];

/// States that AWS may add are one word, so that the label stays closed.
fn state_word(state: &EndpointState) -> &'static str {
    match state {
        EndpointState::Available => "available",
        EndpointState::Deleted => "deleted",
        EndpointState::Deleting => "deleting",
        EndpointState::Expired => "expired",
        EndpointState::Failed => "failed",
        EndpointState::Partial => "partial",
        EndpointState::Pending => "pending",
        EndpointState::PendingAcceptance => "pending-acceptance",
        EndpointState::Rejected => "rejected",
        EndpointState::Other(_) => "other",
    }
}

fn truth(value: bool) -> f64 {
    f64::from(u8::from(value))
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[expect(clippy::cast_precision_loss, reason = "exact until the year 285 million")]
fn seconds(time: Timestamp) -> f64 {
    time.0 as f64
}
