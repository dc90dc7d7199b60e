//! `endpoint-partial`

use crate::model::{
    endpoint::EndpointState,
    finding::{Confidence, Fix},
};

use super::{Case, Outcome, Rule, declare_finding, endpoint_state};

declare_finding! {
    /// ## What it means
    /// AWS calls the endpoint partial, a state that the API has and no documentation explains. The word suggests that some
    /// of its interfaces work and others do not.
    /// ## How we know
    /// The endpoint's state is partial, and connections to some or all of its interfaces get no answer. No more than a
    /// possibility, as nobody says what the state means.
    /// ## What looks like it
    /// `provider-az-unhealthy`: some addresses fail while the endpoint is available.
    /// `endpoint-failed`: nothing of it came up.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoints --vpc-endpoint-ids VPCE --query 'VpcEndpoints[].[State,LastError,SubnetIds]'
    ///     aws ec2 describe-network-interfaces --filters Name=description,Values='VPC Endpoint Interface VPCE'
    /// ## How to fix it
    /// Mend what LastError says, if anything; otherwise take the subnets that fail out of the endpoint and add them again,
    /// or open a case with AWS Support.
    static ENDPOINT_PARTIAL = { title: "AWS calls the endpoint partial", severity: Error, side: Endpoint, layer: Endpoint, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_PARTIAL, check);

fn check(case: &Case<'_>) -> Outcome {
    let found = endpoint_state::found(
        case,
        &[EndpointState::Partial],
        "is partial, a state that AWS does not explain; a part of it may not work",
        |endpoint| {
            let id = &endpoint.id;
            let why = endpoint.last_error.as_deref().unwrap_or("AWS gives no reason");
            vec![Fix::text(format!("Repair what keeps {id} from being whole ({why}), or open a case with AWS Support")).cli(
                format!("aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {id} --query 'VpcEndpoints[].[State,LastError]'"),
            )]
        },
    );
    endpoint_state::at_most(found, Confidence::Possible)
}
