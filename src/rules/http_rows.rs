//! What the findings about HTTP answers share.

use crate::model::{
    finding::{Evidence, Phase, Symptom},
    known::Unknown,
    observation::{HttpDenial, HttpOutcome},
};

use super::{Case, Row, tls_rows, words};

/// A row that fails in no phase before HTTP, and the status that it was answered with.
pub(super) fn answered<'c, 'a>(case: &'c Case<'a>) -> impl Iterator<Item = (&'c Row<'a>, u16)> {
    let status = |row: &'c Row<'a>| match row.probe.http.as_ref()?.outcome {
        HttpOutcome::Answered { status } => Some((row, status)),
        _ => None,
    };
    let in_http =
        |row: &&Row<'_>| matches!(row.symptom, Some(Symptom::AddressFails { phase: Phase::Http, .. }));
    case.failing().filter(in_http).filter_map(status)
}

pub(super) fn denial<'a>(row: &Row<'a>) -> Option<&'a HttpDenial> {
    row.probe.http.as_ref()?.denial.as_ref()
}

/// The endpoint's policy is to blame, in the answer's own words.
pub(super) fn endpoint_policy<'a>(row: &Row<'a>) -> Option<&'a str> {
    denial(row)?.endpoint_policy.as_deref()
}

/// API Gateway refuses at an endpoint of its own whose private DNS takes every API's name.
pub(super) fn is_captured(row: &Row<'_>) -> Result<bool, Unknown> {
    let refuses =
        denial(row).is_some_and(|denial| denial.endpoint_policy.is_none() && denial.is_of_api_gateway());
    if !refuses {
        return Ok(false);
    }
    let endpoint = *row.endpoint.ok()?;
    Ok(endpoint
        .is_some_and(|endpoint| endpoint.private_dns_enabled && endpoint.service.ends_with(".execute-api")))
}

/// The answers, as evidence.
pub(super) fn answers(case: &Case<'_>, rows: &[(&Row<'_>, u16)]) -> Vec<Evidence> {
    let path = &case.target.target.http.path;
    tls_rows::said(rows.iter().map(|(row, status)| {
        let error = denial(row).and_then(|denial| denial.error_type.as_ref());
        let error = error.map(|error| format!(" ({error})")).unwrap_or_default();
        (*row, format!("answered {status}{error} to GET {path}"))
    }))
}

/// Endpoints behind these rows, without repetition.
pub(super) fn endpoints(rows: &[(&Row<'_>, u16)]) -> Vec<Evidence> {
    let endpoints = rows.iter().filter_map(|(row, _)| row.endpoint.known().copied().flatten());
    words::distinct(endpoints.map(words::endpoint))
}
