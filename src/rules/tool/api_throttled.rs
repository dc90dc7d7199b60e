//! `api-throttled`

use crate::model::{finding::Fix, known::Reason};

use super::{Case, Outcome, Rule, api_calls, declare_finding};

declare_finding! {
    /// ## What it means
    /// The account asked the EC2 API too much, so part of the configuration was not read in time.
    /// ## How we know
    /// The API kept answering RequestLimitExceeded until the deadline passed, despite retries with growing pauses.
    /// ## What looks like it
    /// `api-unreachable`: no answer at all.
    /// ## How to confirm it by hand
    ///     aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=DescribeNetworkInterfaces
    /// ## How to fix it
    /// Lengthen `aws.refresh`, spread the agents' starts, and look for what else calls the API so often.
    static API_THROTTLED = { title: "the EC2 API throttled this run", severity: Warning, side: Tool, layer: Tool, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&API_THROTTLED, check);

fn check(case: &Case<'_>) -> Outcome {
    let failed = api_calls::failed(case, |reason| matches!(reason, Reason::Throttled { .. }));
    Ok(api_calls::draft(
        case,
        &failed,
        |actions| format!("The EC2 API throttled {actions}; what depends on that was not judged."),
        |actions| Fix::text(format!("Call the API less often: {actions} ran into the account's limit")),
    ))
}
