//! `http-unexpected-status`

use crate::model::finding::{Confidence, Fix};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, http_rows, words};

declare_finding! {
    /// ## What it means
    /// Name, network and TLS are fine: an answer came over HTTP, and it is not one of those that mean healthy. With 502, 503
    /// and 504 a load balancer or proxy answers for targets that it cannot reach or has not.
    /// ## How we know
    /// The status is one of the server errors (RFC 9110 section 15.6), or none of those that the target's `http.status`
    /// names. Without that setting, 400, 401, 403 and 404 count as healthy: so many services answer a bare request.
    /// ## What looks like it
    /// `http-endpoint-policy-deny`, `dns-private-dns-captures-public-api`: a 403 that says why.
    /// ## How to confirm it by hand
    ///     curl -i --resolve NAME:PORT:ADDRESS https://NAME:PORT/PATH
    /// ## How to fix it
    /// Tell the owner of the service the status, the address, the zone id and the time. If the status is right for this
    /// request, name it in `http.status`.
    static HTTP_UNEXPECTED_STATUS = { title: "the service answers, with a status that does not mean healthy", severity: Error, side: Provider, layer: Http, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&HTTP_UNEXPECTED_STATUS, check);

fn check(case: &Case<'_>) -> Outcome {
    let mut rows: Vec<(&Row<'_>, u16)> = Vec::new();
    let mut undecided = None;
    for (row, status) in
        http_rows::answered(case).filter(|(row, _)| http_rows::endpoint_policy(row).is_none())
    {
        match http_rows::is_captured(row) {
            Ok(true) => {}
            Ok(false) => rows.push((row, status)),
            Err(why) => undecided = Some(why),
        }
    }
    if rows.is_empty() {
        return undecided.map_or(Ok(None), Err);
    }
    let mut statuses: Vec<u16> = rows.iter().map(|(_, status)| *status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    let target = &case.target.target;
    let wanted = match target.http.status.as_slice() {
        [] => String::new(),
        wanted => format!(", and {} is expected", words::list(wanted)),
    };
    let said = words::list(&statuses);
    let zones = words::list(rows.iter().filter_map(|(row, _)| {
        let zone = case.facts.inventory.az_id_of(row.eni.known().copied().flatten()?)?;
        Some(format!("zone {zone}"))
    }));
    let zones = if zones.is_empty() { String::new() } else { format!(", {zones}") };
    let draft = Draft::new(
        Confidence::Confirmed,
        format!("The service answers {said}{wanted}: the network carried the request and the answer."),
    )
    .evidence(http_rows::answers(case, &rows))
    .evidence(rows.iter().map(|(row, _)| words::packets(case, row)))
    .evidence(http_rows::endpoints(&rows))
    .fix(Fix::text(format!(
        "Ask the provider about {said} for GET {} at {}{zones} ({}); if it is expected, list it in the target's http.status",
        target.http.path,
        words::list(rows.iter().map(|(row, _)| row.ip())),
        case.facts.now
    )))
    .explains(rows.iter().map(|(row, _)| *row));
    Ok(Some(draft))
}
