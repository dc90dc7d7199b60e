//! `nacl-ipv6-missing`

use super::{Case, Outcome, Rule, access, declare_finding, words};

declare_finding! {
    /// ## What it means
    /// The network ACL has entries for IPv4 alone. IPv6 packets match none of them and meet the last one, which denies, while
    /// the same connection over IPv4 passes.
    /// ## How we know
    /// The address is an IPv6 address, no numbered entry of the direction names an IPv6 block, and connections get no answer.
    /// ## What looks like it
    /// `sg-ipv6-gap`: the security group's rules are about IPv4 alone.
    /// `nacl-endpoint-ingress` and its siblings: there are entries for IPv6, and they deny.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-network-acls --network-acl-ids ACL --query 'NetworkAcls[].Entries[].Ipv6CidrBlock'
    ///     nc -6 -vz -w 3 NAME PORT; nc -4 -vz -w 3 NAME PORT
    /// ## How to fix it
    /// Add entries for IPv6 as there are for IPv4: there and back, in the ACLs of both subnets.
    static NACL_IPV6_MISSING = { title: "the network ACL has no entry for IPv6", severity: Error, side: ConsumerVpc, layer: SourceAcl, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&NACL_IPV6_MISSING, check);

fn check(case: &Case<'_>) -> Outcome {
    if !case.silent().any(|row| row.ip().is_ipv6()) {
        return Ok(None);
    }
    access::acls_without_ipv6(case, |steps| {
        let mut acls: Vec<(&str, Vec<&str>)> = Vec::new();
        for step in steps {
            let Some(acl) = step.acl().map(|asked| asked.acl.id.as_str()) else { continue };
            let direction = access::direction(step);
            match acls.iter_mut().find(|(id, _)| *id == acl) {
                Some((_, ways)) if ways.contains(&direction) => {}
                Some((_, ways)) => ways.push(direction),
                None => acls.push((acl, vec![direction])),
            }
        }
        let told = acls.iter().map(|(id, ways)| format!("{id} has no {} entry for IPv6", ways.join(" or ")));
        format!("{}: what comes over IPv6 is dropped there.", words::list(told))
    })
}
