//! `endpoint-expired`

use crate::model::endpoint::EndpointState;

use super::{Case, Outcome, Rule, declare_finding, endpoint_state};

declare_finding! {
    /// ## What it means
    /// Nobody accepted the connection request in time. The endpoint will not come up by itself.
    /// ## How we know
    /// The endpoint's state is expired, and connections to its interfaces get no answer.
    /// ## What looks like it
    /// `endpoint-rejected`: the provider answered, with no.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoints --vpc-endpoint-ids VPCE --query 'VpcEndpoints[].State'
    /// ## How to fix it
    /// Delete the endpoint, create it again and have the provider accept it.
    static ENDPOINT_EXPIRED = { title: "the endpoint's request expired before it was accepted", severity: Error, side: Endpoint, layer: Endpoint, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_EXPIRED, check);

fn check(case: &Case<'_>) -> Outcome {
    endpoint_state::found(
        case,
        &[EndpointState::Expired],
        "expired before the provider accepted it, and nothing will pass through it",
        |endpoint| {
            let what =
                format!("{}, which stays expired; tell the provider before you create it again", endpoint.id);
            vec![
                endpoint_state::delete(endpoint, &format!("Delete {what}")),
                endpoint_state::create(case, endpoint),
            ]
        },
    )
}
