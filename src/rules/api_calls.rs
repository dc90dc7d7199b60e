//! What the findings about the EC2 API itself share.

use crate::model::{
    finding::{Confidence, Evidence, Fix, Severity},
    inventory::ApiCall,
    known::Reason,
    resource::{ResourceKind, ResourceRef},
};

use super::{Case, Draft, words};

/// Calls that failed in this way.
pub(super) fn failed<'a>(case: &Case<'a>, is: impl Fn(&Reason) -> bool) -> Vec<&'a ApiCall> {
    case.facts.inventory.calls.iter().filter(|call| call.failure.as_ref().is_some_and(&is)).collect()
}

/// As many as a sentence bears; the evidence names them all.
const FEW: usize = 3;

/// A fault of our own sight explains nothing that fails; it matters where something fails.
pub(super) fn draft(
    case: &Case<'_>,
    failed: &[&ApiCall],
    summary: impl Fn(&str) -> String,
    fix: impl Fn(&str) -> Fix,
) -> Option<Draft> {
    let mut actions: Vec<&str> = Vec::new();
    for call in failed {
        if !actions.contains(&call.action.as_str()) {
            actions.push(&call.action);
        }
    }
    if actions.is_empty() {
        return None;
    }
    let short = if actions.len() > FEW { format!("{} calls", actions.len()) } else { words::list(&actions) };
    let actions = words::list(actions);
    let severity = if case.symptoms.is_empty() { Severity::Info } else { Severity::Warning };
    let draft = Draft::new(Confidence::Confirmed, summary(&short))
        .severity(severity)
        .evidence(failed.iter().map(|call| {
            let why = match &call.failure {
                Some(Reason::Denied { code, message }) if !message.is_empty() => format!("{code}: {message}"),
                Some(reason) => reason.describe(),
                None => "succeeded".to_owned(),
            };
            Evidence::of(
                format!("{}: {why} (after {})", call.action, call.seconds),
                ResourceRef::new(ResourceKind::ApiCall, &call.action),
            )
        }))
        .fix(fix(&actions));
    Some(draft)
}
