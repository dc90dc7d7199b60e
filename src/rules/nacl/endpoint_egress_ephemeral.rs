//! `nacl-endpoint-egress-ephemeral`

use crate::analyze::path::StepKind;

use super::{Case, Outcome, Rule, access, declare_finding};

declare_finding! {
    /// ## What it means
    /// Network ACLs keep no state: the endpoint's replies need an outbound entry of their own, on the client's ephemeral
    /// ports. The ACL of the endpoint's subnet has none that lets them out; or that of the transit gateway attachment's subnet
    /// through which they leave its VPC.
    /// ## How we know
    /// The outbound entries deny the whole range of this host's ephemeral ports to its address, and connections get no
    /// answer.
    /// ## What looks like it
    /// `nacl-client-ingress-ephemeral`: the replies are stopped where they enter this host's subnet.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-network-acls --filters Name=association.subnet-id,Values=SUBNET
    /// ## How to fix it
    /// Add an outbound entry that allows the ephemeral ports, numbered before the one that denies.
    static NACL_ENDPOINT_EGRESS_EPHEMERAL = { title: "the network ACL of the endpoint's subnet stops the replies", severity: Error, side: ConsumerVpc, layer: EndpointAcl, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&NACL_ENDPOINT_EGRESS_EPHEMERAL, check);

fn check(case: &Case<'_>) -> Outcome {
    access::acl(case, &NACL_ENDPOINT_EGRESS_EPHEMERAL, StepKind::ReturnAclEgress, |step| {
        let acl = step.id_or("the ACL");
        format!("{acl} does not let the endpoint's replies out of its subnet{}.", access::rule(step))
    })
}
