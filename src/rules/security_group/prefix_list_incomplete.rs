//! `sg-prefix-list-incomplete`

use crate::{
    analyze::path::{Blocker, StepKind},
    model::{finding::Fix, firewall::Peer, id::PrefixListId, net},
};

use super::{
    Case, Draft, Outcome, Rule,
    access::{self, DenialKind},
    declare_finding, words,
};

declare_finding! {
    /// ## What it means
    /// The port is open to a prefix list, and the other end's address is in none of its entries. Lists are kept in one place
    /// for many groups, and a new subnet or address is easily forgotten there.
    /// ## How we know
    /// A rule for the port names a prefix list whose entries were read, none contains the address, and connections get no
    /// answer.
    /// ## What looks like it
    /// `sg-endpoint-cidr-omits-source`: the rule names the addresses itself.
    /// ## How to confirm it by hand
    ///     aws ec2 get-managed-prefix-list-entries --prefix-list-id LIST
    /// ## How to fix it
    /// Add the address or its subnet to the list, which its owner can do and which opens it to every group that names the
    /// list; or add a rule of its own to the group.
    static SG_PREFIX_LIST_INCOMPLETE = { title: "the prefix list that the rule names lacks this address", severity: Error, side: ConsumerVpc, layer: EndpointGroup, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&SG_PREFIX_LIST_INCOMPLETE, check);

fn check(case: &Case<'_>) -> Outcome {
    let port = case.target.target.port;
    let found = access::either_group(case, DenialKind::PrefixList, |denials| {
        let rules = denials.iter().flat_map(|denial| denial.other_peers());
        let mut lists: Vec<&PrefixListId> = rules.filter_map(|(_, rule)| list(&rule.peer)).collect();
        lists.dedup();
        let mut peers: Vec<_> = denials.iter().map(|denial| denial.peer).collect();
        peers.dedup();
        let groups = denials.first().map_or(&[][..], |denial| &denial.groups);
        let verb = if peers.len() == 1 { "is" } else { "are" };
        format!(
            "{} tcp/{port} to {}, and {} {verb} not in there.",
            access::groups_verb(groups, "opens", "open"),
            words::list(lists),
            words::list(peers)
        )
    })?;
    Ok(found.map(|draft| entries(case).into_iter().fold(draft, Draft::fix)))
}

fn list(peer: &Peer) -> Option<&PrefixListId> {
    if let Peer::PrefixList(id) = peer { Some(id) } else { None }
}

/// The entries that the lists lack, beside the rules that do without them.
fn entries(case: &Case<'_>) -> Vec<Fix> {
    let steps = [StepKind::SourceGroupEgress, StepKind::DestinationGroupIngress];
    let denials = case.silent().flat_map(|row| {
        steps.into_iter().filter_map(|step| match row.path.blocker_at(step) {
            Ok(Some((_, Blocker::Group(denial)))) => Some(denial),
            _ => None,
        })
    });
    let of_lists = denials.filter(|denial| denial.kind() == DenialKind::PrefixList);
    of_lists
        .filter_map(|denial| {
            let list = denial.other_peers().find_map(|(_, rule)| list(&rule.peer))?;
            let cidr = net::host_net(denial.peer);
            let add = format!(
                "aws ec2 modify-managed-prefix-list --prefix-list-id {list} --current-version \"$(aws ec2 \
                 describe-managed-prefix-lists --prefix-list-ids {list} --query 'PrefixLists[0].Version' --output text)\" \
                 --add-entries Cidr={cidr}"
            );
            let terraform = format!(
                "resource \"aws_ec2_managed_prefix_list_entry\" \"endpoint\" {{\n  prefix_list_id = \"{list}\"\n  cidr = \
                 \"{cidr}\"\n}}"
            );
            Some(Fix::text(format!("Or add {cidr}, or its subnet, to {list}")).cli(add).terraform(terraform))
        })
        .collect()
}
