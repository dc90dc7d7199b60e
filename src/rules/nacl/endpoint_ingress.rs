//! `nacl-endpoint-ingress`

use crate::analyze::path::StepKind;

use super::{Case, Outcome, Rule, access, declare_finding};

declare_finding! {
    /// ## What it means
    /// The network ACL of the subnet that the endpoint's interface lives in denies this host's packets on this port; or that of
    /// the transit gateway attachment's subnet by which they come into its VPC does.
    /// ## How we know
    /// The first inbound entry that matches this host's address and the port denies (or none matches), and connections
    /// get no answer. Often one zone only: every subnet may have another ACL.
    /// ## What looks like it
    /// `sg-endpoint-ingress-missing`: the ACL lets them in, the group drops them.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-network-acls --filters Name=association.subnet-id,Values=SUBNET
    /// ## How to fix it
    /// Add an inbound entry that allows the port, numbered before the one that denies.
    static NACL_ENDPOINT_INGRESS = { title: "the network ACL of the endpoint's subnet stops the packets", severity: Error, side: ConsumerVpc, layer: EndpointAcl, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&NACL_ENDPOINT_INGRESS, check);

fn check(case: &Case<'_>) -> Outcome {
    let port = case.target.target.port;
    access::acl(case, &NACL_ENDPOINT_INGRESS, StepKind::DestinationAclIngress, |step| {
        let acl = step.id_or("the ACL");
        format!("{acl} does not let packets for tcp/{port} into the endpoint's subnet{}.", access::rule(step))
    })
}
