//! `sg-endpoint-cidr-omits-source`

use super::{
    Case, Outcome, Rule,
    access::{self, DenialKind},
    declare_finding, words,
};

declare_finding! {
    /// ## What it means
    /// The port is open to a range of addresses that this host's address is not in: often the VPC's primary CIDR block,
    /// while this host lives in a secondary one.
    /// ## How we know
    /// An inbound rule for the port names CIDR blocks, none contains this host's address, and connections
    /// get no answer.
    /// ## What looks like it
    /// `sg-endpoint-refs-other-group`: the rule names a group.
    /// `sg-prefix-list-incomplete`: the rule names a list of blocks.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-security-group-rules --filters Name=group-id,Values=GROUP
    ///     nc -vz -w 3 ADDRESS PORT
    /// ## How to fix it
    /// Add a rule that names this host's group, or its address.
    static SG_ENDPOINT_CIDR_OMITS_SOURCE = { title: "the endpoint's security group admits other addresses", severity: Error, side: ConsumerVpc, layer: EndpointGroup, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&SG_ENDPOINT_CIDR_OMITS_SOURCE, check);

/// How many blocks a sentence can bear.
const TOLD: usize = 4;

fn check(case: &Case<'_>) -> Outcome {
    let port = case.target.target.port;
    access::endpoint_group(case, DenialKind::OtherAddresses, |denial, _| {
        let peers = denial.other_peers();
        let mut named: Vec<String> =
            peers.map(|(_, rule)| crate::analyze::security_group::describe_peer(&rule.peer)).collect();
        let more = named.len().saturating_sub(TOLD);
        if more > 1 {
            named.truncate(TOLD);
            named.push(format!("{more} more"));
        }
        let named = words::list(named);
        format!(
            "{} tcp/{port} to {named}, and this host's address is not in there.",
            access::groups_verb(&denial.groups, "opens", "open")
        )
    })
}
