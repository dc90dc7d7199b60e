//! `nacl-client-egress`

use crate::analyze::path::StepKind;

use super::{Case, Outcome, Rule, access, declare_finding};

declare_finding! {
    /// ## What it means
    /// The network ACL of this host's subnet denies packets to the endpoint on this port, so they never leave the subnet. Or
    /// that of a subnet through which they leave the VPC does: a NAT gateway's, or a transit gateway attachment's.
    /// ## How we know
    /// The first outbound entry that matches the endpoint's address and the port denies (or none matches), and
    /// connections get no answer. An ACL judges only what crosses the subnet's border.
    /// ## What looks like it
    /// `sg-source-egress-missing`: the host's group stops them.
    /// `nacl-client-ingress-ephemeral`: the packets leave, the replies are stopped.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-network-acls --filters Name=association.subnet-id,Values=SUBNET
    /// ## How to fix it
    /// Add an outbound entry that allows the port, numbered before the one that denies.
    static NACL_CLIENT_EGRESS = { title: "the network ACL of this host's subnet stops the packets on the way out", severity: Error, side: ConsumerVpc, layer: SourceAcl, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&NACL_CLIENT_EGRESS, check);

fn check(case: &Case<'_>) -> Outcome {
    let port = case.target.target.port;
    access::acl(case, &NACL_CLIENT_EGRESS, StepKind::SourceAclEgress, |step| {
        let acl = step.id_or("the ACL");
        format!("{acl} does not let packets for tcp/{port} leave this host's subnet{}.", access::rule(step))
    })
}
