//! `sg-endpoint-default-group`

use super::{
    Case, Outcome, Rule,
    access::{self, DenialKind},
    declare_finding, words,
};

declare_finding! {
    /// ## What it means
    /// The endpoint was created without a security group, so it got the VPC's default group, whose only inbound rule
    /// admits members of that same group.
    /// ## How we know
    /// The default group is the only one on the endpoint's interface, it has no inbound rule but the one for its own
    /// members, this host is no member, and connections get no answer.
    /// ## What looks like it
    /// `sg-endpoint-refs-other-group`: a group of its own that names somebody else.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-security-group-rules --filters Name=group-id,Values=GROUP
    ///     nc -vz -w 3 ADDRESS PORT
    /// ## How to fix it
    /// Give the endpoint a security group of its own that admits this host's group on the port; or add the rule to the
    /// default group.
    static SG_ENDPOINT_DEFAULT_GROUP = { title: "the endpoint has the default group, which admits its own members only", severity: Error, side: ConsumerVpc, layer: EndpointGroup, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&SG_ENDPOINT_DEFAULT_GROUP, check);

fn check(case: &Case<'_>) -> Outcome {
    let port = case.target.target.port;
    access::endpoint_group(case, DenialKind::DefaultGroup, |denial, _| {
        format!(
            "The endpoint has only the VPC's default group {}, which does not admit this host on tcp/{port}.",
            words::list(&denial.groups)
        )
    })
}
