//! JSON by the contract `vpce-doctor/path/v1`. The schema is `config/path-v1.schema.json`.

use serde::Serialize;

use crate::model::{
    finding::Fix,
    known::Known,
    net,
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
    rule: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_share: Option<f64>,
}

#[derive(Serialize)]
struct JsonBlocker<'a> {
    step: &'static str,
    code: &'static str,
    resource: Option<JsonRef<'a>>,
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
        source_ports: JsonPorts { from: report.source_ports.from, to: report.source_ports.to },
        steps: report.steps.iter().map(step).collect(),
        blockers: report.blockers.iter().map(blocker).collect(),
        findings: report.warnings.iter().map(blocker).collect(),
        undecided: report.undecided.iter().map(undecided).collect(),
        fix: JsonFixSet { verified: report.verified, changes: report.fixes.iter().map(fix).collect() },
    }
}

fn end(end: &EndReport) -> JsonEnd<'_> {
    JsonEnd {
        named: &end.named,
        ip: end.ip.to_string(),
        eni: end.eni.as_ref().map(crate::model::id::NetworkInterfaceId::as_str),
        subnet: end.subnet.as_ref().map(crate::model::id::SubnetId::as_str),
        vpc: end.vpc.as_ref().map(crate::model::id::VpcId::as_str),
        az_id: end.az_id.as_ref().map(crate::model::id::AzId::as_str),
    }
}

fn step(step: &StepReport) -> JsonStep<'_> {
    let deciding = step.deciding();
    let several = if step.parts.len() > 1 { step.parts.as_slice() } else { &[] };
    JsonStep {
        step: step.step,
        verdict: step.verdict.as_str(),
        resource: deciding.and_then(|part| part.resource.as_ref()).map(reference),
        rule: deciding.map_or("", |part| &part.rule),
        blocked_share: deciding.and_then(|part| share(part.blocked_share)),
        parts: several.iter().map(part).collect(),
    }
}

fn part(part: &PartReport) -> JsonPart<'_> {
    JsonPart {
        verdict: part.verdict.as_str(),
        resource: part.resource.as_ref().map(reference),
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
        resource: blocker.resource.as_ref().map(reference),
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
