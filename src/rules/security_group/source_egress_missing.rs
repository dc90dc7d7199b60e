//! `sg-source-egress-missing`

use crate::analyze::path::StepKind;

use super::{Case, Outcome, Rule, access, declare_finding};

declare_finding! {
    /// ## What it means
    /// No outbound rule of this host's security groups matches the endpoint and the port, so the packets never leave.
    /// ## How we know
    /// The union of the groups on this host's interface has no outbound rule for the endpoint's address or groups and the
    /// port, and connections get no answer.
    /// ## What looks like it
    /// `sg-endpoint-ingress-missing`: the packets leave, the endpoint's group drops them.
    /// `nacl-client-egress`: the subnet's ACL stops them.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-security-group-rules --filters Name=group-id,Values=GROUP --query 'SecurityGroupRules[?IsEgress]'
    /// ## How to fix it
    /// Add an outbound rule for the port that names the endpoint's group.
    static SG_SOURCE_EGRESS_MISSING = { title: "this host's own security group does not let the packets out", severity: Error, side: Client, layer: SourceGroup, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&SG_SOURCE_EGRESS_MISSING, check);

fn check(case: &Case<'_>) -> Outcome {
    let port = case.target.target.port;
    access::group(
        case,
        StepKind::SourceGroupEgress,
        |_| true,
        |denial, _| {
            let groups = access::groups_verb(&denial.groups, "does", "do");
            format!("{groups} not let this host send to the endpoint on tcp/{port}.")
        },
    )
}
