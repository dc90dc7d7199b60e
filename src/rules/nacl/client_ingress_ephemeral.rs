//! `nacl-client-ingress-ephemeral`

use crate::analyze::path::StepKind;

use super::{Case, Outcome, Rule, access, declare_finding};

declare_finding! {
    /// ## What it means
    /// Network ACLs keep no state: the replies need an inbound entry of their own, on this host's ephemeral ports. The ACL
    /// of this host's subnet has none that lets them in; or that of a subnet through which they come back into this VPC, a NAT
    /// gateway's or a transit gateway attachment's.
    /// ## How we know
    /// The inbound entries deny the whole range of this host's ephemeral ports from the endpoint's address, and
    /// connections get no answer.
    /// ## What looks like it
    /// `nacl-endpoint-egress-ephemeral`: the replies are stopped where they leave the endpoint's subnet.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-network-acls --filters Name=association.subnet-id,Values=SUBNET
    /// ## How to fix it
    /// Add an inbound entry that allows the ephemeral ports (`cat /proc/sys/net/ipv4/ip_local_port_range`), numbered before
    /// the one that denies.
    static NACL_CLIENT_INGRESS_EPHEMERAL = { title: "the network ACL of this host's subnet stops the replies", severity: Error, side: ConsumerVpc, layer: SourceAcl, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&NACL_CLIENT_INGRESS_EPHEMERAL, check);

fn check(case: &Case<'_>) -> Outcome {
    access::acl(case, &NACL_CLIENT_INGRESS_EPHEMERAL, StepKind::ReturnAclIngress, |step| {
        let acl = step.id_or("the ACL");
        format!("{acl} does not let the endpoint's replies into this host's subnet{}.", access::rule(step))
    })
}
