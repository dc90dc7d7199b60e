//! Names: every view, every answer whole, and where the way is left.

use serde::Serialize;

use crate::model::{
    facts::TargetFacts,
    id::EndpointId,
    name::{Cname, DnsAnswer, Lookup, LookupOutcome, OverTcp, ServerAnswer, Soa, SystemOutcome, Transport},
    views::{Departure, Expected, View, Viewer, Views},
};

#[derive(Serialize)]
pub(super) struct JsonResolution<'a> {
    /// The endpoint that the name should lead to, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<JsonExpected<'a>>,
    /// From the endpoint's own names to the application.
    views: Vec<JsonView<'a>>,
    /// Where an application gets something else than it should.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_at: Option<JsonDeparture<'a>>,
}

#[derive(Serialize)]
struct JsonExpected<'a> {
    endpoint: &'a str,
    addresses: Vec<String>,
}

#[derive(Serialize)]
struct JsonView<'a> {
    view: &'static str,
    /// Where it is another than the target's host.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    addresses: Vec<String>,
    /// Absent where nobody can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    right: Option<bool>,
    said: &'a str,
    by: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<JsonLookup<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aaaa: Option<JsonLookup<'a>>,
}

#[derive(Serialize)]
struct JsonDeparture<'a> {
    /// Position among the views.
    view: usize,
    owner: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonLookup<'a> {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Messages that were meant for no question of ours.
    #[serde(skip_serializing_if = "is_zero")]
    foreign: u32,
    /// What TCP brought, where UDP brought nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    tcp: Option<Box<Self>>,
    #[serde(flatten)]
    answer: Option<JsonAnswer<'a>>,
}

#[derive(Serialize)]
struct JsonAnswer<'a> {
    rcode: String,
    authoritative: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    recursion_available: Option<bool>,
    cnames: Vec<JsonCname<'a>>,
    addresses: Vec<JsonRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    soa: Option<JsonSoa<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    strays: Vec<JsonStray<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extended_errors: Vec<JsonExtendedError<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u32>,
    transport: &'static str,
}

#[derive(Serialize)]
struct JsonCname<'a> {
    name: &'a str,
    target: &'a str,
    ttl: u32,
}

#[derive(Serialize)]
struct JsonRecord {
    ip: String,
    ttl: u32,
}

#[derive(Serialize)]
struct JsonSoa<'a> {
    zone: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<u32>,
}

#[derive(Serialize)]
struct JsonStray<'a> {
    owner: &'a str,
    kind: &'a str,
}

#[derive(Serialize)]
struct JsonExtendedError<'a> {
    code: u16,
    text: &'a str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// None for an address literal: nobody was asked.
pub(super) fn resolution<'a>(facts: &'a TargetFacts, views: &'a Views) -> Option<JsonResolution<'a>> {
    if matches!(facts.resolution.system.outcome, SystemOutcome::Literal(_)) {
        return None;
    }
    Some(JsonResolution {
        expected: views.expected.as_ref().map(expected),
        views: views.rows.iter().map(|row| view(facts, row)).collect(),
        left_at: views.departure.as_ref().map(departure),
    })
}

fn expected(expected: &Expected) -> JsonExpected<'_> {
    JsonExpected {
        endpoint: EndpointId::as_str(&expected.endpoint),
        addresses: expected.addresses.iter().map(ToString::to_string).collect(),
    }
}

fn departure(departure: &Departure) -> JsonDeparture<'_> {
    JsonDeparture { view: departure.at, owner: departure.owner.as_str(), reason: departure.reason.as_deref() }
}

fn view<'a>(facts: &'a TargetFacts, view: &'a View) -> JsonView<'a> {
    let answer = answer_of(facts, &view.viewer);
    JsonView {
        view: view.viewer.as_str(),
        name: if let Viewer::EndpointName { name, .. } = &view.viewer { Some(name) } else { None },
        server: view.viewer.server().map(|server| server.to_string()),
        addresses: view.addresses.iter().map(ToString::to_string).collect(),
        right: view.right,
        said: &view.said,
        by: &view.by,
        a: answer.map(|answer| lookup(&answer.a)),
        aaaa: answer.map(|answer| lookup(&answer.aaaa)),
    }
}

fn answer_of<'a>(facts: &'a TargetFacts, viewer: &Viewer) -> Option<&'a ServerAnswer> {
    let resolution = &facts.resolution;
    let asked = match viewer {
        Viewer::EndpointName { name, .. } => {
            &resolution.endpoint_names.iter().find(|asked| asked.name == *name)?.servers
        }
        _ => &resolution.servers,
    };
    asked.iter().find(|answer| Some(answer.server) == viewer.server())
}

fn lookup(lookup: &Lookup) -> JsonLookup<'_> {
    let (outcome, message) = match &lookup.outcome {
        LookupOutcome::Answered(_) => ("answered", None),
        LookupOutcome::TimedOut => ("timed-out", None),
        LookupOutcome::NotAwaited => ("not-awaited", None),
        LookupOutcome::Truncated { tcp } => ("truncated", Some(tcp.to_string())),
        LookupOutcome::Malformed { message } => ("malformed", Some(message.clone())),
        LookupOutcome::Failed { message } => ("failed", Some(message.clone())),
    };
    let answer = lookup.answer().map(answer);
    let tcp = lookup.tcp.as_ref().map(|tcp| Box::new(over_tcp(tcp)));
    JsonLookup { outcome, seconds: Some(lookup.seconds.0), message, foreign: lookup.foreign, tcp, answer }
}

fn over_tcp(tcp: &OverTcp) -> JsonLookup<'_> {
    let (outcome, message, answer) = match tcp {
        OverTcp::Answered(told) => ("answered", None, Some(answer(told))),
        OverTcp::Trouble(trouble) => ("failed", Some(trouble.to_string()), None),
    };
    JsonLookup { outcome, seconds: None, message, foreign: 0, tcp: None, answer }
}

fn answer(answer: &DnsAnswer) -> JsonAnswer<'_> {
    JsonAnswer {
        rcode: answer.rcode.name(),
        authoritative: answer.authoritative,
        recursion_available: answer.recursion_available,
        cnames: answer.cnames.iter().map(cname).collect(),
        addresses: answer
            .addresses
            .iter()
            .map(|record| JsonRecord { ip: record.ip.to_string(), ttl: record.ttl })
            .collect(),
        soa: answer.soa.as_ref().map(soa),
        strays: answer
            .strays
            .iter()
            .map(|stray| JsonStray { owner: &stray.owner, kind: &stray.kind })
            .collect(),
        extended_errors: answer
            .errors
            .iter()
            .map(|error| JsonExtendedError { code: error.code, text: &error.text })
            .collect(),
        bytes: answer.bytes,
        transport: match answer.transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
        },
    }
}

fn cname(cname: &Cname) -> JsonCname<'_> {
    JsonCname { name: &cname.name, target: &cname.target, ttl: cname.ttl }
}

fn soa(soa: &Soa) -> JsonSoa<'_> {
    JsonSoa { zone: &soa.zone, ttl: soa.ttl, minimum: soa.minimum, serial: soa.serial }
}
