//! `endpoint-pending-acceptance`

use crate::model::endpoint::EndpointState;

use super::{Case, Outcome, Rule, declare_finding, endpoint_state};

declare_finding! {
    /// ## What it means
    /// The connection request waits for the owner of the service. The endpoint's interfaces and names already exist, and
    /// everything sent to them vanishes.
    /// ## How we know
    /// The endpoint's state is pendingAcceptance, and connections to its interfaces get no answer.
    /// ## What looks like it
    /// `endpoint-rejected`: the provider said no. `sg-endpoint-ingress-missing`: the state is available.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoints --vpc-endpoint-ids VPCE --query 'VpcEndpoints[].State'
    /// ## How to fix it
    /// The provider accepts the connection; with a vendor, register the endpoint's id in its console (Zilliz: authorise the
    /// endpoint, TDengine: Validate and Confirm). It takes some minutes after that.
    static ENDPOINT_PENDING_ACCEPTANCE = { title: "the provider has not accepted the endpoint yet", severity: Error, side: Provider, layer: Endpoint, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_PENDING_ACCEPTANCE, check);

fn check(case: &Case<'_>) -> Outcome {
    endpoint_state::found(
        case,
        &[EndpointState::PendingAcceptance],
        "waits for the provider's acceptance; until then nothing passes through it",
        |endpoint| {
            let id = &endpoint.id;
            let text = format!("Ask the provider to accept {id}, or register {id} in the vendor's console");
            vec![endpoint_state::accept(endpoint, &text)]
        },
    )
}
