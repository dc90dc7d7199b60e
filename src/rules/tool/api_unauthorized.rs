//! `api-unauthorized`

use crate::model::{finding::Fix, inventory::ApiCall, known::Reason};

use super::{Case, Outcome, Rule, api_calls, declare_finding};

declare_finding! {
    /// ## What it means
    /// The credentials of this run may not read part of the VPC's configuration, so the questions that need it stay open.
    /// ## How we know
    /// The EC2 API answered with UnauthorizedOperation, or refused the credentials altogether (AuthFailure, an expired
    /// token, a clock more than 15 minutes off).
    /// ## What looks like it
    /// `api-unreachable`: no answer from the API at all.
    /// ## How to confirm it by hand
    ///     aws sts get-caller-identity
    ///     aws ec2 describe-network-acls --dry-run
    /// ## How to fix it
    /// Attach a policy that allows the actions named. They are all read-only; EC2's Describe actions take no resource
    /// restriction, so the resource is `*`.
    static API_UNAUTHORIZED = { title: "the EC2 API refused to show part of the configuration", severity: Warning, side: Tool, layer: Tool, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&API_UNAUTHORIZED, check);

fn check(case: &Case<'_>) -> Outcome {
    let failed = api_calls::failed(case, |reason| matches!(reason, Reason::Denied { .. }));
    let codes: Vec<_> = failed.iter().filter_map(|call| code(call)).collect();
    Ok(api_calls::draft(
        case,
        &failed,
        |actions| match codes.first() {
            Some(&("NoCredentials" | "NoRegion" | "CredentialsUnavailable")) => {
                "The EC2 API was not asked: this run lacks what it takes.".to_owned()
            }
            _ => format!("The EC2 API refused {actions}; what depends on that was not judged."),
        },
        |actions| Fix::text(advice(codes.first().copied().unwrap_or_default(), actions)),
    ))
}

fn code(call: &ApiCall) -> Option<&str> {
    match call.failure.as_ref()? {
        Reason::Denied { code, .. } => Some(code),
        _ => None,
    }
}

/// What each refusal asks for.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>
fn advice(code: &str, actions: &str) -> String {
    match code {
        "NoRegion" => "Name the Region: --region, AWS_REGION or aws.region".to_owned(),
        "NoCredentials" | "CredentialsUnavailable" => {
            "Give this run credentials, or a copy of the configuration: --inventory DIR".to_owned()
        }
        "AuthFailure"
        | "ExpiredToken"
        | "InvalidClientTokenId"
        | "RequestExpired"
        | "SignatureDoesNotMatch" => {
            "Check the credentials, that they are of this Region's partition, and this host's clock"
                .to_owned()
        }
        "OptInRequired" | "Blocked" => "Look after the account: it may not use this API or Region".to_owned(),
        _ => format!("Allow {actions} to the role of this host"),
    }
}
