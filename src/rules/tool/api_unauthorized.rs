//! `api-unauthorized`

use crate::model::{finding::Fix, known::Reason};

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
    Ok(api_calls::draft(
        case,
        &failed,
        |actions| format!("The EC2 API refused {actions}; what depends on it was not judged."),
        |actions| Fix::text(format!("Allow {actions} to the role of this host")),
    ))
}
