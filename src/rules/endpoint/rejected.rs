//! `endpoint-rejected`

use crate::model::{endpoint::EndpointState, finding::Fix};

use super::{Case, Outcome, Rule, declare_finding, endpoint_state};

declare_finding! {
    /// ## What it means
    /// The owner of the service rejected the connection; this can also happen to an endpoint that worked. Its names still
    /// resolve, and everything sent to them vanishes.
    /// ## How we know
    /// The endpoint's state is rejected, and connections to its interfaces get no answer.
    /// ## What looks like it
    /// `endpoint-pending-acceptance`: not decided yet.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoints --vpc-endpoint-ids VPCE --query 'VpcEndpoints[].[State,LastError]'
    /// ## How to fix it
    /// Ask the provider why (account or endpoint not allowed, subscription ended). The provider can accept it afterwards;
    /// otherwise delete the endpoint and create it anew.
    static ENDPOINT_REJECTED = { title: "the provider rejected the endpoint", severity: Error, side: Provider, layer: Endpoint, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_REJECTED, check);

fn check(case: &Case<'_>) -> Outcome {
    endpoint_state::found(
        case,
        &[EndpointState::Rejected],
        "was rejected by the provider, and nothing passes through it",
        |endpoint| {
            let text = format!("Ask the provider why it rejected {}, and to accept it", endpoint.id);
            let again =
                format!("If it cannot be accepted any more, delete {} and create it again", endpoint.id);
            vec![endpoint_state::accept(endpoint, &text), Fix::text(again)]
        },
    )
}
