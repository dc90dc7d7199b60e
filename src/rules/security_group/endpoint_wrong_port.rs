//! `sg-endpoint-wrong-port`

use super::{
    Case, Outcome, Rule,
    access::{self, DenialKind},
    declare_finding, words,
};

declare_finding! {
    /// ## What it means
    /// The endpoint's security groups admit this host, but not on the port that the service uses.
    /// ## How we know
    /// An inbound rule matches this host's address or groups, on other ports; none matches the port; connections get no
    /// answer.
    /// ## What looks like it
    /// `sg-endpoint-ingress-missing`: no rule admits this host on any port.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-security-group-rules --filters Name=group-id,Values=GROUP
    ///     nc -vz -w 3 ADDRESS PORT
    /// ## How to fix it
    /// Open the service's port to the same peer. With vendors it is the one suffixed to the private link.
    static SG_ENDPOINT_WRONG_PORT = { title: "the endpoint's security group admits this client on other ports only", severity: Error, side: ConsumerVpc, layer: EndpointGroup, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&SG_ENDPOINT_WRONG_PORT, check);

fn check(case: &Case<'_>) -> Outcome {
    let port = case.target.target.port;
    access::endpoint_group(case, DenialKind::WrongPort, |denial, _| {
        let ports =
            words::list(denial.other_ports().map(|(_, rule)| format!("{}/{}", rule.protocol, rule.ports)));
        format!(
            "{} this host on {ports} only; the port asked for is {port}.",
            access::groups_verb(&denial.groups, "admits", "admit")
        )
    })
}
