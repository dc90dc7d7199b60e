//! JSON by the contract `vpce-doctor/path/v1`. The schema is `config/path-v1.schema.json`.

use serde::Serialize;

use crate::model::{
    finding::Fix,
    firewall::Direction,
    id::{AzId, NetworkInterfaceId, SubnetId, VpcId},
    known::Known,
    net::{self, PortRange},
    path::{BlockerReport, EndReport, PartReport, PathReport, StepReport, UndecidedStep},
    report::PathVerdict,
    resource::ResourceRef,
};

/// The name and version of the contract.
pub const SCHEMA: &str = "vpce-doctor/path/v1";

/// The report as indented JSON, with a newline at its end.
pub fn render(report: &PathReport) -> String {
    // The view has string keys and finite numbers only, so it always serializes.
    let mut text = serde_json::to_string_pretty(&view(report)).unwrap_or_default();
    text.push('\n');
    text
}

#[derive(Serialize)]
struct JsonPath<'a> {
    schema: &'static str,
    verdict: &'static str,
    from: JsonEnd<'a>,
    to: JsonEnd<'a>,
    protocol: &'static str,
    port: u16,
    source_ports: JsonPorts,
    /// The client as the far end sees it.
    seen: JsonSeen,
    steps: Vec<JsonStep<'a>>,
    blockers: Vec<JsonBlocker<'a>>,
    findings: Vec<JsonBlocker<'a>>,
    undecided: Vec<JsonUndecided<'a>>,
    /// One ordered set.
    fix: JsonFixSet<'a>,
}

#[derive(Serialize)]
struct JsonEnd<'a> {
    named: &'a str,
    ip: String,
    eni: Option<&'a str>,
    subnet: Option<&'a str>,
    vpc: Option<&'a str>,
    az_id: Option<&'a str>,
    /// The endpoint or instance that the interface belongs to.
    owner: Option<JsonRef<'a>>,
}

#[derive(Serialize)]
struct JsonSeen {
    ip: String,
    ports: JsonPorts,
}

#[derive(Serialize)]
struct JsonPorts {
    from: u16,
    to: u16,
}

#[derive(Serialize)]
struct JsonStep<'a> {
    step: &'static str,
    verdict: &'static str,
    resource: Option<JsonRef<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
    rule: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_share: Option<f64>,
    /// Every table, gateway and subnet on the way, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<JsonPart<'a>>,
}

#[derive(Serialize)]
struct JsonPart<'a> {
    verdict: &'static str,
    resource: Option<JsonRef<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
    rule: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_share: Option<f64>,
}

#[derive(Serialize)]
struct JsonBlocker<'a> {
    step: &'static str,
    code: &'static str,
    summary: &'a str,
    who: &'a str,
    resource: Option<JsonRef<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
    rule: &'a str,
    aws_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_share: Option<f64>,
    fixes: Vec<JsonFix<'a>>,
}

#[derive(Serialize)]
struct JsonUndecided<'a> {
    step: &'static str,
    missing: &'a str,
    why: String,
    /// The command whose output the directory lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    supply: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonFixSet<'a> {
    /// With all of them made, the path passes on this inventory.
    verified: bool,
    changes: Vec<JsonFix<'a>>,
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
struct JsonRef<'a> {
    kind: &'static str,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<&'a str>,
}

fn view(report: &PathReport) -> JsonPath<'_> {
    JsonPath {
        schema: SCHEMA,
        verdict: match &report.verdict {
            Known::Known(PathVerdict::Allow) => "allow",
            Known::Known(PathVerdict::Deny) => "deny",
            Known::Unknown(_) => "undecided",
        },
        from: end(&report.from),
        to: end(&report.to),
        protocol: if report.protocol == net::UDP { "udp" } else { "tcp" },
        port: report.port,
        source_ports: ports(report.source_ports),
        seen: JsonSeen { ip: report.seen.ip.to_string(), ports: ports(report.seen.ports) },
        steps: report.steps.iter().map(step).collect(),
        blockers: report.blockers.iter().map(blocker).collect(),
        findings: report.warnings.iter().map(blocker).collect(),
        undecided: report.undecided.iter().map(undecided).collect(),
        fix: JsonFixSet { verified: report.verified, changes: report.fixes.iter().map(fix).collect() },
    }
}

fn ports(ports: PortRange) -> JsonPorts {
    JsonPorts { from: ports.from, to: ports.to }
}

fn end(end: &EndReport) -> JsonEnd<'_> {
    JsonEnd {
        named: &end.named,
        ip: end.ip.to_string(),
        eni: end.eni.as_ref().map(NetworkInterfaceId::as_str),
        subnet: end.subnet.as_ref().map(SubnetId::as_str),
        vpc: end.vpc.as_ref().map(VpcId::as_str),
        az_id: end.az_id.as_ref().map(AzId::as_str),
        owner: end.owner.as_ref().map(reference),
    }
}

fn step(step: &StepReport) -> JsonStep<'_> {
    let deciding = step.deciding();
    let several = if step.parts.len() > 1 { step.parts.as_slice() } else { &[] };
    JsonStep {
        step: step.step,
        verdict: step.verdict.as_str(),
        resource: deciding.and_then(|part| part.resource.as_ref()).map(reference),
        direction: deciding.and_then(|part| part.direction).map(Direction::as_str),
        rule: deciding.map_or("", |part| &part.rule),
        blocked_share: deciding.and_then(|part| share(part.blocked_share)),
        parts: several.iter().map(part).collect(),
    }
}

fn part(part: &PartReport) -> JsonPart<'_> {
    JsonPart {
        verdict: part.verdict.as_str(),
        resource: part.resource.as_ref().map(reference),
        direction: part.direction.map(Direction::as_str),
        rule: &part.rule,
        blocked_share: share(part.blocked_share),
    }
}

fn share(share: f64) -> Option<f64> {
    (share > 0.0).then_some(share)
}

fn blocker(blocker: &BlockerReport) -> JsonBlocker<'_> {
    JsonBlocker {
        step: blocker.step,
        code: blocker.code,
        summary: &blocker.summary,
        who: &blocker.who,
        resource: blocker.resource.as_ref().map(reference),
        direction: blocker.direction.map(Direction::as_str),
        rule: &blocker.rule,
        aws_code: blocker.aws_code,
        blocked_share: share(blocker.blocked_share),
        fixes: blocker.fixes.iter().map(fix).collect(),
    }
}

fn undecided(undecided: &UndecidedStep) -> JsonUndecided<'_> {
    JsonUndecided {
        step: undecided.step,
        missing: &undecided.why.missing,
        why: undecided.why.reason.describe(),
        supply: undecided.supply.as_deref(),
    }
}

fn fix(fix: &Fix) -> JsonFix<'_> {
    JsonFix {
        text: &fix.text,
        cli: fix.cli.as_deref(),
        terraform: fix.terraform.as_deref(),
        verified: fix.verified,
    }
}

fn reference(reference: &ResourceRef) -> JsonRef<'_> {
    JsonRef { kind: reference.kind.as_str(), id: &reference.id, position: reference.position.as_deref() }
}
