//! `sg-endpoint-refs-other-group`

use super::{
    Case, Outcome, Rule,
    access::{self, DenialKind},
    declare_finding, words,
};

declare_finding! {
    /// ## What it means
    /// The port is open to members of a security group that this host's interface is not in.
    /// ## How we know
    /// An inbound rule for the port names a group, none of this host's groups is that group, and connections get no
    /// answer.
    /// ## What looks like it
    /// `sg-endpoint-cidr-omits-source`: the rule names addresses.
    /// `sg-ref-stale`: the group that the rule names lies behind a peering connection that is gone.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-security-group-rules --filters Name=group-id,Values=GROUP
    ///     nc -vz -w 3 ADDRESS PORT
    /// ## How to fix it
    /// Add a rule that names this host's group, or give this host's interface the group that the rule names.
    static SG_ENDPOINT_REFS_OTHER_GROUP = { title: "the endpoint's security group admits members of another group", severity: Error, side: ConsumerVpc, layer: EndpointGroup, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&SG_ENDPOINT_REFS_OTHER_GROUP, check);

fn check(case: &Case<'_>) -> Outcome {
    let port = case.target.target.port;
    access::endpoint_group(case, DenialKind::OtherGroup, |denial, source| {
        let named = words::list(
            denial.other_peers().map(|(_, rule)| crate::analyze::security_group::describe_peer(&rule.peer)),
        );
        let own = if source.is_empty() { "other groups".to_owned() } else { words::list(source) };
        format!(
            "{} tcp/{port} to {named}; this host is in {own}.",
            access::groups_verb(&denial.groups, "opens", "open")
        )
    })
}
