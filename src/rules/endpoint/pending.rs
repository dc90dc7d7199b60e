//! `endpoint-pending`

use crate::model::{
    endpoint::{EndpointState, VpcEndpoint},
    finding::{Confidence, Fix},
    time::Timestamp,
};

use super::{Case, Outcome, Rule, declare_finding, endpoint_state};

declare_finding! {
    /// ## What it means
    /// The endpoint is being made or changed: every change of its subnets, groups or options makes it pending anew. Its
    /// interfaces and names may already be there, or still, and carry nothing.
    /// ## How we know
    /// The endpoint's state is pending, and connections to its interfaces get no answer or its name gives none. Where some
    /// addresses do answer it is a possibility only: an endpoint that is changed can go on working meanwhile.
    /// ## What looks like it
    /// `endpoint-pending-acceptance`: it waits for a person, not for AWS.
    /// `endpoint-failed`: it has ended, without success.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoints --vpc-endpoint-ids VPCE --query 'VpcEndpoints[].[State,CreationTimestamp]'
    /// ## How to fix it
    /// Wait some minutes and check again. One that stays pending for longer than a quarter of an hour is a case for AWS
    /// Support.
    static ENDPOINT_PENDING = { title: "the endpoint is still being made or changed", severity: Error, side: Endpoint, layer: Endpoint, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_PENDING, check);

fn check(case: &Case<'_>) -> Outcome {
    let found = endpoint_state::found(
        case,
        &[EndpointState::Pending],
        "is pending: it is being made or changed, and may pass nothing until that has ended",
        |endpoint| vec![fix(endpoint, case.facts.now)],
    );
    endpoint_state::at_most(found, most(case))
}

/// Where another address answers, being pending does not stop everything; where something else stops the packets as
/// well, it need not be what stops them.
fn most(case: &Case<'_>) -> Confidence {
    if case.rows.iter().any(|row| row.probe.tcp.outcome.is_connected()) {
        Confidence::Possible
    } else if case.failing().any(|row| row.path.blockers().next().is_some()) {
        Confidence::Likely
    } else {
        Confidence::Confirmed
    }
}

/// Making an endpoint takes minutes.
const PATIENCE: i64 = 15 * 60;

fn fix(endpoint: &VpcEndpoint, now: Timestamp) -> Fix {
    let id = &endpoint.id;
    let text = match endpoint.created {
        Some(created) if now.0 - created.0 < PATIENCE => {
            format!("Wait: {id} was created at {created}; check again in some minutes")
        }
        _ => format!(
            "If {id} was changed just now, wait some minutes and check again; otherwise open a case with AWS Support"
        ),
    };
    Fix::text(text).cli(format!(
        "aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {id} --query 'VpcEndpoints[].[State,LastError]'"
    ))
}
