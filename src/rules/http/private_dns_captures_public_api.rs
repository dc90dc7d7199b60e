//! `dns-private-dns-captures-public-api`

use crate::model::{
    finding::{Confidence, Evidence, Fix},
    known::Known,
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, http_rows, words};

declare_finding! {
    /// ## What it means
    /// An endpoint for API Gateway with private DNS takes the names of all APIs of the Region in this VPC, the public ones
    /// as well. Through it only private APIs can be called; a public one answers 403.
    /// ## How we know
    /// The name is one of API Gateway's and leads to an execute-api endpoint with private DNS enabled, the network is fine,
    /// and API Gateway itself answers 403 (ForbiddenException).
    /// ## What looks like it
    /// `http-endpoint-policy-deny`: the answer names the endpoint's policy.
    /// A private API that wants an API key answers the same; one whose resource policy denies says AccessDeniedException.
    /// ## How to confirm it by hand
    ///     curl -i https://API.execute-api.REGION.amazonaws.com/STAGE
    ///     aws apigateway get-rest-api --rest-api-id API --query endpointConfiguration      # PRIVATE, or not?
    /// ## How to fix it
    /// Public API: give it a custom domain name and call that, or turn the endpoint's private DNS off and call private APIs
    /// by the endpoint's own names. Private API: allow the endpoint in its resource policy (`aws:SourceVpce`).
    static DNS_PRIVATE_DNS_CAPTURES_PUBLIC_API = { title: "private DNS leads a public API's name to the endpoint", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_PRIVATE_DNS_CAPTURES_PUBLIC_API, check);

fn check(case: &Case<'_>) -> Outcome {
    let mut rows: Vec<(&Row<'_>, u16)> = Vec::new();
    let mut undecided = None;
    for (row, status) in http_rows::answered(case) {
        match http_rows::is_captured(row) {
            Ok(true) => rows.push((row, status)),
            Ok(false) => {}
            Err(why) => undecided = Some(why),
        }
    }
    let endpoint = rows.iter().find_map(|(row, _)| match &row.endpoint {
        Known::Known(Some(endpoint)) => Some(*endpoint),
        _ => None,
    });
    let Some(endpoint) = endpoint else {
        return undecided.map_or(Ok(None), Err);
    };
    let (host, id) = (case.host(), &endpoint.id);
    let draft = Draft::new(
        Confidence::Likely,
        format!("Private DNS of {id} leads {host} to an endpoint for private APIs, and API Gateway refuses it there."),
    )
    .evidence(http_rows::endpoints(&rows))
    .evidence([
        Evidence::of(
            format!("private DNS of {id} is enabled: it answers for every API of the Region"),
            words::endpoint_ref(endpoint),
        ),
        words::system(case),
    ])
    .evidence(http_rows::answers(case, &rows))
    .fix(Fix::text(
        "Public API: call it by a custom domain name. Private API: allow this endpoint in its resource policy",
    ))
    .fix(
        Fix::text(format!("Or turn private DNS off, and call private APIs by the names of {id}"))
            .cli(format!("aws ec2 modify-vpc-endpoint --vpc-endpoint-id {id} --no-private-dns-enabled")),
    )
    .explains(rows.iter().map(|(row, _)| *row));
    Ok(Some(draft))
}
