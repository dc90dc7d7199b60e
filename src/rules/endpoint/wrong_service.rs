//! `endpoint-wrong-service`

use crate::{
    analyze::dns,
    model::{
        endpoint::VpcEndpoint,
        finding::{Confidence, Fix, Severity},
        known::{Known, Unknown},
    },
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, words};

declare_finding! {
    /// ## What it means
    /// The configuration says which endpoint or service this target must lead to, and its addresses belong to another.
    /// It may even answer, with another service's data.
    /// ## How we know
    /// The address is held by an interface of an endpoint whose id or service name differs from `endpoint` or
    /// `expect.service` of the target.
    /// ## What looks like it
    /// `endpoint-missing`: the endpoint that should be there does not exist.
    /// `dns-private-dns-conflict`: the other endpoint leads to the same service and owns the private DNS name.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=ADDRESS --query \
    ///     'NetworkInterfaces[].Description'
    /// ## How to fix it
    /// Repoint the record (usually an alias in a private hosted zone), or correct the target's `endpoint` and `expect`.
    static ENDPOINT_WRONG_SERVICE = { title: "the name leads to another endpoint or service than it should", severity: Warning, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_WRONG_SERVICE, check);

fn check(case: &Case<'_>) -> Outcome {
    let target = &case.target.target;
    if target.endpoint.is_none() && target.expect.service.is_none() {
        return Ok(None);
    }
    let mut wrong: Vec<(&Row<'_>, &VpcEndpoint)> = Vec::new();
    let mut undecided: Option<Unknown> = None;
    for row in case.rows.iter().filter(|row| row.probe.used) {
        match &row.endpoint {
            Known::Known(Some(endpoint)) if !is_expected(case, endpoint) => wrong.push((row, endpoint)),
            Known::Known(_) => {}
            Known::Unknown(why) => undecided = Some(why.clone()),
        }
    }
    let Some((_, endpoint)) = wrong.first() else {
        return undecided.map_or(Ok(None), Err);
    };
    let expected =
        target.endpoint.as_ref().map(ToString::to_string).or_else(|| target.expect.service.clone());
    let summary = format!(
        "{} leads to {} ({}), not to {} as configured.",
        case.host(),
        endpoint.id,
        endpoint.service,
        expected.unwrap_or_default()
    );
    let failing: Vec<_> = wrong.iter().map(|(row, _)| *row).filter(|row| row.symptom.is_some()).collect();
    let draft = Draft::new(Confidence::Confirmed, summary)
        .evidence([words::endpoint(endpoint), words::system(case)])
        .fix(Fix::text(format!(
            "Repoint the record of {}, or correct the target's endpoint and expect",
            case.host()
        )))
        .explains(failing.iter().copied());
    Ok(Some(if failing.is_empty() { draft } else { draft.severity(Severity::Error) }))
}

fn is_expected(case: &Case<'_>, endpoint: &VpcEndpoint) -> bool {
    let target = &case.target.target;
    let by_id = target.endpoint.as_ref().is_none_or(|id| *id == endpoint.id);
    let by_service = target.expect.service.as_ref().is_none_or(|service| *service == endpoint.service);
    // Which of two endpoints for one service owns the private name is another finding.
    let conflict = |id| dns::owns_name_of(&case.facts.inventory, endpoint, id, case.host());
    (by_id || target.endpoint.as_ref().is_some_and(conflict)) && by_service
}
