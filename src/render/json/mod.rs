//! JSON by the contract `vpce-doctor/report/v1`.
//!
//! View types of its own, so that the model may move without breaking other people's scripts. The schema is
//! `config/report-v1.schema.json`.

mod resolution;

use resolution::{JsonResolution, resolution};
use serde::Serialize;

use crate::model::{
    difference::Difference,
    facts::TargetFacts,
    finding::{Evidence, Finding, Fix, Undecided},
    host::Vantage,
    id::{AzId, EndpointId, NetworkInterfaceId, SecurityGroupId, SubnetId, VpcId},
    inventory::InventorySource,
    observation::{
        AddressProbe, HttpOutcome, HttpProbe, TcpOutcome, TcpProbe, TlsOutcome, TlsProbe, Verdict,
    },
    report::{AddressReport, Cell, PathVerdict, Report, SummaryEntry, TargetReport, Unexplained},
    resource::ResourceRef,
};

/// The name and version of the contract.
pub const SCHEMA: &str = "vpce-doctor/report/v1";

/// The report as indented JSON, with a newline at its end.
pub fn render(report: &Report) -> String {
    // The view has string keys and finite numbers only, so it always serializes.
    let mut text = serde_json::to_string_pretty(&view(report)).unwrap_or_default();
    text.push('\n');
    text
}

fn view(report: &Report) -> JsonReport<'_> {
    let targets = report.facts.targets.iter().zip(&report.targets);
    JsonReport {
        schema: SCHEMA,
        time: report.facts.now.to_string(),
        vantage: vantage(&report.facts.vantage),
        inventory: inventory(&report.facts.inventory.source),
        targets: targets.map(|(facts, report)| target(facts, report)).collect(),
        summary: report.summary.iter().map(summary).collect(),
    }
}

#[derive(Serialize)]
struct JsonReport<'a> {
    schema: &'static str,
    time: String,
    vantage: JsonVantage<'a>,
    inventory: JsonInventory<'a>,
    targets: Vec<JsonTarget<'a>>,
    summary: Vec<JsonSummary<'a>>,
}

#[derive(Serialize)]
struct JsonVantage<'a> {
    source_ip: Option<String>,
    eni: Option<&'a str>,
    subnet: Option<&'a str>,
    vpc: Option<&'a str>,
    az_id: Option<&'a str>,
    security_groups: Vec<&'a str>,
    how: &'static str,
}

/// Where the configuration was read: `ec2` with its Region, `directory` with its path, or `none` and why.
#[derive(Serialize)]
struct JsonInventory<'a> {
    source: &'static str,
    detail: &'a str,
}

#[derive(Serialize)]
struct JsonTarget<'a> {
    name: &'a str,
    host: &'a str,
    port: u16,
    protocol: &'static str,
    verdict: &'static str,
    primary: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution: Option<JsonResolution<'a>>,
    addresses: Vec<JsonAddress<'a>>,
    findings: Vec<JsonFinding<'a>>,
    undecided: Vec<JsonUndecided<'a>>,
    unexplained: Vec<JsonUnexplained<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compared_with: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<JsonChange<'a>>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    not_compared: &'a [String],
}

/// What no finding accounts for.
#[derive(Serialize)]
struct JsonUnexplained<'a> {
    text: String,
    left: &'a str,
    settle: &'a [String],
}

/// What is not as the earlier record has it.
#[derive(Serialize)]
struct JsonChange<'a> {
    kind: &'static str,
    fact: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<JsonRef<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

#[derive(Serialize)]
struct JsonAddress<'a> {
    ip: String,
    /// Whether an application on this host would use it.
    used: bool,
    eni: Option<&'a str>,
    endpoint: Option<&'a str>,
    az_id: Option<&'a str>,
    path: &'static str,
    /// Configuration × packets; absent when one of them has nothing to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<&'static str>,
    tcp: JsonTcp<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<JsonTls<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<JsonHttp<'a>>,
}

#[derive(Serialize)]
struct JsonTcp<'a> {
    outcome: &'static str,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    syns: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errno: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icmp: Option<JsonIcmp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonIcmp {
    r#type: u8,
    code: u8,
    from: Option<String>,
}

#[derive(Serialize)]
struct JsonTls<'a> {
    outcome: &'static str,
    seconds: f64,
    server_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    version: Option<&'a str>,
    /// `passed`, `failed`, or absent when no certificate came.
    #[serde(skip_serializing_if = "Option::is_none")]
    verification: Option<JsonVerification<'a>>,
    certificates: Vec<JsonCertificate<'a>>,
}

#[derive(Serialize)]
struct JsonVerification<'a> {
    name: JsonVerdict<'a>,
    validity: JsonVerdict<'a>,
    trust: JsonVerdict<'a>,
}

#[derive(Serialize)]
struct JsonVerdict<'a> {
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonCertificate<'a> {
    subject: &'a str,
    issuer: &'a str,
    names: &'a [String],
    not_before: String,
    not_after: String,
    sha256: &'a str,
}

#[derive(Serialize)]
struct JsonHttp<'a> {
    outcome: &'static str,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    code: &'a str,
    severity: &'static str,
    confidence: &'static str,
    side: &'static str,
    summary: &'a str,
    /// Only where cycles are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// Only for what fails nothing before another cause is mended: that cause's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
    evidence: Vec<JsonEvidence<'a>>,
    fixes: Vec<JsonFix<'a>>,
}

#[derive(Serialize)]
struct JsonEvidence<'a> {
    fact: &'a str,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<JsonRef<'a>>,
}

#[derive(Serialize)]
struct JsonRef<'a> {
    kind: &'static str,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonFix<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cli: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terraform: Option<&'a str>,
    verified: bool,
}

#[derive(Serialize)]
struct JsonUndecided<'a> {
    code: &'a str,
    missing: &'a str,
    why: String,
}

#[derive(Serialize)]
struct JsonSummary<'a> {
    code: &'a str,
    severity: &'static str,
    side: &'static str,
    /// The thing to change, where there is one.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<JsonRef<'a>>,
    targets: &'a [String],
    text: &'a str,
}

fn vantage(vantage: &Vantage) -> JsonVantage<'_> {
    JsonVantage {
        source_ip: vantage.source_ip.known().map(ToString::to_string),
        eni: vantage.eni.known().map(NetworkInterfaceId::as_str),
        subnet: vantage.subnet.known().map(SubnetId::as_str),
        vpc: vantage.vpc.known().map(VpcId::as_str),
        az_id: vantage.az_id.known().map(AzId::as_str),
        security_groups: vantage
            .security_groups
            .known()
            .into_iter()
            .flatten()
            .map(SecurityGroupId::as_str)
            .collect(),
        how: vantage.how.as_str(),
    }
}

fn inventory(source: &InventorySource) -> JsonInventory<'_> {
    match source {
        InventorySource::Ec2 { region } => JsonInventory { source: "ec2", detail: region },
        InventorySource::Directory { path } => JsonInventory { source: "directory", detail: path },
        InventorySource::None { why } => JsonInventory { source: "none", detail: why },
    }
}

fn target<'a>(facts: &'a TargetFacts, report: &'a TargetReport) -> JsonTarget<'a> {
    let rows = facts.addresses.iter().zip(&report.addresses);
    JsonTarget {
        name: &facts.target.name,
        host: &facts.target.host,
        port: facts.target.port,
        protocol: facts.target.protocol.as_str(),
        verdict: report.verdict.as_str(),
        primary: report.primary.as_deref(),
        resolution: resolution(facts, &report.views),
        addresses: rows.map(|(probe, row)| address(probe, row)).collect(),
        findings: report.findings.iter().map(finding).collect(),
        undecided: report.undecided.iter().map(undecided).collect(),
        unexplained: report.unexplained.iter().map(unexplained).collect(),
        compared_with: report.comparison.as_ref().map(|comparison| comparison.with.to_string()),
        changes: report.comparison.as_ref().map(|all| all.differences.iter().map(change).collect()),
        not_compared: report.comparison.as_ref().map_or(&[], |comparison| &comparison.not_compared),
    }
}

fn change(difference: &Difference) -> JsonChange<'_> {
    JsonChange {
        kind: difference.kind.as_str(),
        fact: &difference.fact,
        before: difference.before.as_deref(),
        after: difference.after.as_deref(),
        reference: difference.reference.as_ref().map(reference),
        since: difference.since.map(|since| since.to_string()),
    }
}

fn address<'a>(probe: &'a AddressProbe, row: &'a AddressReport) -> JsonAddress<'a> {
    JsonAddress {
        ip: row.ip.to_string(),
        used: probe.used,
        eni: row.eni.as_ref().map(NetworkInterfaceId::as_str),
        endpoint: row.endpoint.as_ref().map(EndpointId::as_str),
        az_id: row.az_id.as_ref().map(AzId::as_str),
        path: PathVerdict::word(&row.path),
        cell: row.cell.map(Cell::as_str),
        tcp: tcp(&probe.tcp),
        tls: probe.tls.as_ref().map(tls),
        http: probe.http.as_ref().map(http),
    }
}

fn tcp(probe: &TcpProbe) -> JsonTcp<'_> {
    let (mut syns, mut errno, mut icmp, mut message) = (None, None, None, None);
    match &probe.outcome {
        TcpOutcome::Connected { .. } => {}
        TcpOutcome::Refused { icmp: error } => icmp = *error,
        TcpOutcome::TimedOut { syns: sent, .. } => syns = *sent,
        TcpOutcome::Unreachable { icmp: error, errno: number } => (icmp, errno) = (*error, Some(*number)),
        TcpOutcome::LocalError { errno: number, message: text } => {
            (errno, message) = (Some(*number), Some(text.as_str()));
        }
    }
    let icmp = icmp.map(|error| JsonIcmp {
        r#type: error.kind,
        code: error.code,
        from: error.from.map(|ip| ip.to_string()),
    });
    JsonTcp { outcome: probe.outcome.as_str(), seconds: probe.seconds.0, syns, errno, icmp, message }
}

fn tls(probe: &TlsProbe) -> JsonTls<'_> {
    JsonTls {
        outcome: probe.outcome.as_str(),
        seconds: probe.seconds.0,
        server_name: &probe.server_name,
        detail: match &probe.outcome {
            TlsOutcome::Alert { description } => Some(description),
            TlsOutcome::NotTls { head } => Some(head),
            TlsOutcome::Failed { message } => Some(message),
            _ => None,
        },
        version: probe.version.as_deref(),
        verification: probe.verification.known().map(|verification| JsonVerification {
            name: verdict(&verification.name),
            validity: verdict(&verification.validity),
            trust: verdict(&verification.trust),
        }),
        certificates: probe
            .chain
            .iter()
            .map(|certificate| JsonCertificate {
                subject: &certificate.subject,
                issuer: &certificate.issuer,
                names: &certificate.names,
                not_before: certificate.not_before.to_string(),
                not_after: certificate.not_after.to_string(),
                sha256: &certificate.fingerprint,
            })
            .collect(),
    }
}

fn verdict(verdict: &Verdict) -> JsonVerdict<'_> {
    match verdict {
        Verdict::Passed => JsonVerdict { verdict: "passed", reason: None },
        Verdict::Failed { reason } => JsonVerdict { verdict: "failed", reason: Some(reason) },
        Verdict::NotAsked => JsonVerdict { verdict: "not-asked", reason: None },
    }
}

fn http(probe: &HttpProbe) -> JsonHttp<'_> {
    let (status, message) = match &probe.outcome {
        HttpOutcome::Answered { status } => (Some(*status), None),
        HttpOutcome::Failed { message } => (None, Some(message.as_str())),
        HttpOutcome::NotTried | HttpOutcome::TimedOut => (None, None),
    };
    JsonHttp { outcome: probe.outcome.as_str(), seconds: probe.seconds.0, status, message }
}

fn finding(finding: &Finding) -> JsonFinding<'_> {
    JsonFinding {
        code: &finding.code,
        severity: finding.severity.as_str(),
        confidence: finding.confidence.as_str(),
        side: finding.side.as_str(),
        summary: &finding.summary,
        since: finding.since.map(|since| since.to_string()),
        after: finding.after.as_deref(),
        evidence: finding.evidence.iter().map(evidence).collect(),
        fixes: finding.fixes.iter().map(fix).collect(),
    }
}

fn evidence(evidence: &Evidence) -> JsonEvidence<'_> {
    JsonEvidence { fact: &evidence.fact, reference: evidence.reference.as_ref().map(reference) }
}

fn reference(reference: &ResourceRef) -> JsonRef<'_> {
    JsonRef { kind: reference.kind.as_str(), id: &reference.id, position: reference.position.as_deref() }
}

fn fix(fix: &Fix) -> JsonFix<'_> {
    JsonFix {
        text: &fix.text,
        cli: fix.cli.as_deref(),
        terraform: fix.terraform.as_deref(),
        verified: fix.verified,
    }
}

fn summary(entry: &SummaryEntry) -> JsonSummary<'_> {
    JsonSummary {
        code: &entry.code,
        severity: entry.severity.as_str(),
        side: entry.side.as_str(),
        reference: entry.subject.as_ref().map(reference),
        targets: &entry.targets,
        text: &entry.text,
    }
}

fn unexplained(unexplained: &Unexplained) -> JsonUnexplained<'_> {
    JsonUnexplained {
        text: unexplained.symptom.to_string(),
        left: &unexplained.left,
        settle: &unexplained.settle,
    }
}

fn undecided(undecided: &Undecided) -> JsonUndecided<'_> {
    JsonUndecided {
        code: &undecided.code,
        missing: &undecided.why.missing,
        why: undecided.why.reason.describe(),
    }
}
