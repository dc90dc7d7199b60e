//! `endpoint-failed`

use crate::model::endpoint::EndpointState;

use super::{Case, Outcome, Rule, declare_finding, endpoint_state};

declare_finding! {
    /// ## What it means
    /// AWS could not make the endpoint available. The reason is in its LastError.
    /// ## How we know
    /// The endpoint's state is failed.
    /// ## What looks like it
    /// `endpoint-pending-acceptance`: a state that can still become available.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoints --vpc-endpoint-ids VPCE --query 'VpcEndpoints[].[State,LastError,FailureReason]'
    /// ## How to fix it
    /// Repair what LastError says (no free addresses in a subnet, a zone the service does not serve), then create it again.
    static ENDPOINT_FAILED = { title: "the endpoint could not be made available", severity: Error, side: Endpoint, layer: Endpoint, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_FAILED, check);

fn check(case: &Case<'_>) -> Outcome {
    endpoint_state::found(
        case,
        &[EndpointState::Failed],
        "could not be made available by AWS (state failed), and nothing passes through it",
        |endpoint| {
            let why = endpoint.last_error.as_deref().unwrap_or("AWS gave no reason");
            let text = format!("Repair what stopped {} ({why}), then delete it", endpoint.id);
            vec![endpoint_state::delete(endpoint, &text), endpoint_state::create(case, endpoint)]
        },
    )
}
