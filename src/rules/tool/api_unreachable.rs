//! `api-unreachable`

use crate::model::{finding::Fix, known::Reason};

use super::{Case, Outcome, Rule, api_calls, declare_finding};

declare_finding! {
    /// ## What it means
    /// The EC2 API did not answer, so the VPC's configuration was not read. In a VPC without a way to the internet the API
    /// needs an interface endpoint of its own (`com.amazonaws.REGION.ec2`), with a group that admits this host.
    /// ## How we know
    /// Calls to the API ended without an answer: the name did not resolve, the connection failed, or the deadline passed.
    /// ## What looks like it
    /// `api-unauthorized`: the API answers, and refuses.
    /// ## How to confirm it by hand
    ///     curl -sS -m 5 -o /dev/null -w '%{http_code}\n' https://ec2.REGION.amazonaws.com/
    ///     vpce-doctor check ec2.REGION.amazonaws.com:443 --inventory none
    /// ## How to fix it
    /// Give the VPC a way to the API (interface endpoint, NAT), or run against a copy of the configuration made elsewhere:
    /// `vpce-doctor check --inventory DIR`, with a directory of `aws ec2 describe-*` output.
    static API_UNREACHABLE = { title: "the EC2 API could not be reached", severity: Warning, side: Tool, layer: Tool, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&API_UNREACHABLE, check);

fn check(case: &Case<'_>) -> Outcome {
    // An API that throttles is reached; what timed out beside that waited in vain.
    let throttled = !api_calls::failed(case, |reason| matches!(reason, Reason::Throttled { .. })).is_empty();
    let unanswered = |reason: &Reason| match reason {
        Reason::Unreachable { .. } => true,
        Reason::TimedOut => !throttled,
        _ => false,
    };
    let failed = api_calls::failed(case, unanswered);
    Ok(api_calls::draft(
        case,
        &failed,
        |actions| format!("The EC2 API did not answer {actions}; what depends on that was not judged."),
        |_| {
            let region = case.facts.host.region.as_deref().unwrap_or("REGION");
            Fix::text(format!(
                "Give this VPC an endpoint for com.amazonaws.{region}.ec2 or another way to the EC2 API, or pass --inventory \
                 with a directory of AWS CLI output"
            ))
        },
    ))
}
