//! `sg-ref-stale`

use crate::{analyze::security_group, model::firewall::Peer};

use super::{
    Case, Outcome, Rule,
    access::{self, DenialKind},
    declare_finding, words,
};

declare_finding! {
    /// ## What it means
    /// A rule opens the port to a security group on the other side of a peering connection, and that connection is gone or
    /// not active. The rule stays in the list and admits nobody; deleting the peering or the group leaves such rules behind.
    /// ## How we know
    /// A rule for the port names a group whose PeeringStatus is not active, no other rule admits this host, and connections
    /// get no answer.
    /// ## What looks like it
    /// `sg-endpoint-refs-other-group`: the reference is alive, and this host is not in that group.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-stale-security-groups --vpc-id VPC
    ///     aws ec2 describe-security-groups --group-ids GROUP --query 'SecurityGroups[].IpPermissions[].UserIdGroupPairs'
    /// ## How to fix it
    /// Replace the rule by one that names this host's group, or its addresses where no active peering lies between the two; then
    /// revoke the dead one (aws ec2 revoke-security-group-ingress).
    static SG_REF_STALE = { title: "a security group rule names a group that is out of reach", severity: Error, side: ConsumerVpc, layer: EndpointGroup, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&SG_REF_STALE, check);

fn check(case: &Case<'_>) -> Outcome {
    let port = case.target.target.port;
    access::either_group(case, DenialKind::StaleReference, |denials| {
        let peers = denials.iter().flat_map(|denial| denial.other_peers()).map(|(_, rule)| &rule.peer);
        let mut stale: Vec<String> = Vec::new();
        for peer in peers.filter(|peer| peer.is_stale_reference()) {
            let status =
                if let Peer::Group { peering_status: Some(status), .. } = peer { status } else { "gone" };
            let told = format!("{} (peering {status})", security_group::describe_peer(peer));
            if !stale.contains(&told) {
                stale.push(told);
            }
        }
        let groups = denials.first().map_or(&[][..], |denial| &denial.groups);
        format!(
            "{} tcp/{port} to {}, which nobody can be a member of.",
            access::groups_verb(groups, "opens", "open"),
            words::list(stale)
        )
    })
}
