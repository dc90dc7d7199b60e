//! `http-endpoint-policy-deny`

use crate::model::{
    finding::{Confidence, Fix},
    known::Known,
};

use super::{Case, Draft, Outcome, Rule, declare_finding, http_rows, tls_rows};

declare_finding! {
    /// ## What it means
    /// The network is fine. The service received the request and refuses it, because the policy of the VPC endpoint that it
    /// came through does not allow the action, the principal or the resource.
    /// ## How we know
    /// The answer is 403, and its message names a VPC endpoint policy.
    /// ## What looks like it
    /// `http-unexpected-status`: the answer does not say why.
    /// `dns-private-dns-captures-public-api`: API Gateway refuses a name that should not have led to this endpoint.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoints --vpc-endpoint-ids VPCE --query 'VpcEndpoints[].PolicyDocument' --output text
    ///     curl -i https://NAME/PATH
    /// ## How to fix it
    /// Allow the action for this principal and resource in the endpoint's policy. A change takes some minutes.
    static HTTP_ENDPOINT_POLICY_DENY = { title: "the VPC endpoint's policy denies the request", severity: Error, side: ConsumerVpc, layer: Http, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&HTTP_ENDPOINT_POLICY_DENY, check);

/// The action of AWS's sentence: `... no VPC endpoint policy allows the secretsmanager:GetSecretValue action`.
fn action(says: &str) -> Option<&str> {
    let words: Vec<&str> = says.split_whitespace().collect();
    let named = words
        .iter()
        .zip(words.iter().skip(1))
        .find(|(word, next)| word.contains(':') && next.starts_with("action"));
    named.map(|(word, _)| *word)
}

fn refuses(says: &str) -> String {
    match action(says) {
        Some(action) if says.contains("explicit deny") => format!("denies {action}"),
        Some(action) => format!("does not allow {action}"),
        None => "denies the request".to_owned(),
    }
}

fn check(case: &Case<'_>) -> Outcome {
    let rows: Vec<_> =
        http_rows::answered(case).filter(|(row, _)| http_rows::endpoint_policy(row).is_some()).collect();
    let Some(says) = rows.first().and_then(|(row, _)| http_rows::endpoint_policy(row)) else {
        return Ok(None);
    };
    let endpoint = rows.iter().find_map(|(row, _)| match &row.endpoint {
        Known::Known(Some(endpoint)) => Some(*endpoint),
        _ => None,
    });
    let id = endpoint.map_or("VPCE", |endpoint| endpoint.id.as_str());
    let which = endpoint.map_or("the VPC endpoint".to_owned(), |endpoint| endpoint.id.to_string());
    let draft = Draft::new(
        Confidence::Confirmed,
        format!("The policy of {which} {}: the network is fine.", refuses(says)),
    )
    .evidence(http_rows::answers(case, &rows))
    .evidence(tls_rows::said(rows.iter().filter_map(|(row, _)| {
        let says = http_rows::endpoint_policy(row)?;
        Some((*row, format!("said: {says}")))
    })))
    .evidence(http_rows::endpoints(&rows))
    .fix(
        Fix::text(format!("Read the policy of {which}")).cli(format!(
            "aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {id} --query 'VpcEndpoints[0].PolicyDocument' --output \
             text > policy.json"
        )),
    )
    .fix(
        Fix::text(format!(
            "Allow {} in policy.json, for this principal and resource, and put it back whole",
            action(says).unwrap_or("the action")
        ))
            .cli(format!("aws ec2 modify-vpc-endpoint --vpc-endpoint-id {id} --policy-document file://policy.json"))
            .terraform(format!(
                "resource \"aws_vpc_endpoint_policy\" \"endpoint\" {{\n  vpc_endpoint_id = \"{id}\"\n  policy = \
                 file(\"policy.json\")\n}}"
            )),
    )
    .explains(rows.iter().map(|(row, _)| *row));
    Ok(Some(draft))
}
