//! `sg-ipv6-gap`

use super::{
    Case, Outcome, Rule,
    access::{self, DenialKind},
    declare_finding, words,
};

declare_finding! {
    /// ## What it means
    /// The port is open to IPv4 addresses, and the connection is made over IPv6. A rule for `0.0.0.0/0` admits no IPv6
    /// address: that takes a rule of its own.
    /// ## How we know
    /// The address is an IPv6 address, rules for the port name IPv4 blocks and none names an IPv6 block, and connections
    /// get no answer.
    /// ## What looks like it
    /// `nacl-ipv6-missing`: the ACL has no entry for IPv6.
    /// `sg-endpoint-cidr-omits-source`: rules of the right family name other addresses.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-security-group-rules --filters Name=group-id,Values=GROUP --query 'SecurityGroupRules[].CidrIpv6'
    ///     nc -6 -vz -w 3 NAME PORT; nc -4 -vz -w 3 NAME PORT
    /// ## How to fix it
    /// Add a rule for the port that names the IPv6 block, or the other end's security group, which covers both families.
    static SG_IPV6_GAP = { title: "the security group's rules for the port are about IPv4 alone", severity: Error, side: ConsumerVpc, layer: EndpointGroup, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&SG_IPV6_GAP, check);

fn check(case: &Case<'_>) -> Outcome {
    if !case.silent().any(|row| row.ip().is_ipv6()) {
        return Ok(None);
    }
    let port = case.target.target.port;
    access::either_group(case, DenialKind::Ipv6Gap, |denials| {
        let mut groups = denials.iter().flat_map(|denial| denial.groups.clone()).collect::<Vec<_>>();
        groups.sort();
        groups.dedup();
        let peer = denials.first().map(|denial| denial.peer);
        let ours = |ip| case.silent().any(|row| row.probe.source_ip.known() == Some(&ip));
        let whose = if peer.is_some_and(ours) { "this host asks from" } else { "the endpoint's address is" };
        format!(
            "{} tcp/{port} for IPv4 addresses only; {whose} {}.",
            access::groups_verb(&groups, "opens", "open"),
            words::list(peer)
        )
    })
}
