//! `sg-endpoint-ingress-missing`

use super::{
    Case, Outcome, Rule,
    access::{self, DenialKind},
    declare_finding, words,
};

declare_finding! {
    /// ## What it means
    /// No inbound rule of the endpoint's security groups admits this host on this port, so its packets are dropped
    /// without an answer.
    /// ## How we know
    /// The union of the groups on the endpoint's interface has no inbound rule that matches this host's address or groups
    /// and the port, none comes near, and connections get no answer.
    /// ## What looks like it
    /// `sg-endpoint-wrong-port`: this host is admitted, on another port.
    /// `sg-source-egress-missing`: this host's own group does not let the packets out.
    /// `nacl-endpoint-ingress`: the group admits them, the subnet's ACL does not.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-security-group-rules --filters Name=group-id,Values=GROUP
    ///     nc -vz -w 3 ADDRESS PORT
    /// ## How to fix it
    /// Add an inbound rule for the port that names this host's security group.
    static SG_ENDPOINT_INGRESS_MISSING = { title: "the endpoint's security group has no rule for this client", severity: Error, side: ConsumerVpc, layer: EndpointGroup, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&SG_ENDPOINT_INGRESS_MISSING, check);

fn check(case: &Case<'_>) -> Outcome {
    let port = case.target.target.port;
    access::endpoint_group(case, DenialKind::NoRule, |denial, source| {
        let who = if source.is_empty() {
            "this host".to_owned()
        } else {
            format!("members of {}", words::list(source))
        };
        format!(
            "{} no inbound rule that lets {who} reach tcp/{port} on the endpoint.",
            access::groups_verb(&denial.groups, "has", "have")
        )
    })
}
