//! `sg-quota-truncated`

use crate::{
    analyze::{path::StepKind, security_group::Denial},
    model::{
        finding::{Confidence, Evidence, Fix, Severity},
        firewall::{Direction, Peer, SecurityGroup},
        inventory::Inventory,
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Rule, access, declare_finding};

declare_finding! {
    /// ## What it means
    /// The security group that lacks the rule is full: it has as many as an account may have by default in one direction, for
    /// one family of addresses. A rule that was to be added may have been refused, and the one that is missing will be.
    /// ## How we know
    /// The group denies, and has 60 rules of that direction that count for the family: one for each block and each group, and
    /// for a prefix list as many as it has room for, of which only the entries can be seen. Whether a rule was ever refused
    /// cannot be seen from here, nor whether the quota was raised.
    /// ## What looks like it
    /// `sg-endpoint-ingress-missing` and its siblings say which rule is missing.
    /// ## How to confirm it by hand
    ///     aws service-quotas get-service-quota --service-code vpc --quota-code L-0EA8095F
    ///     aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=AuthorizeSecurityGroupIngress \
    ///       --query 'Events[].CloudTrailEvent' | grep RulesPerSecurityGroupLimitExceeded
    /// ## How to fix it
    /// Merge rules: wider blocks, one group for many clients; or have the quota raised. Then add the rule.
    static SG_QUOTA_TRUNCATED = { title: "the security group that lacks the rule is full", severity: Warning, side: ConsumerVpc, layer: EndpointGroup, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&SG_QUOTA_TRUNCATED, check);

/// Rules of one direction and family in a group, by default.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>
const QUOTA: usize = 60;

fn check(case: &Case<'_>) -> Outcome {
    for kind in [StepKind::DestinationGroupIngress, StepKind::SourceGroupEgress] {
        // What this step cannot tell, the findings about its groups say.
        let blocked = access::blocked(case, kind, |_| true).unwrap_or_default();
        let denials = blocked.iter().flat_map(|b| access::denials(b.row));
        let mut of_step = denials.filter(|denial| is_of(case, denial, kind));
        if let Some(draft) = of_step.find_map(|denial| full(case, denial, kind)) {
            return Ok(Some(draft));
        }
    }
    Ok(None)
}

fn is_of(case: &Case<'_>, denial: &Denial, kind: StepKind) -> bool {
    access::is_outbound(case, &[denial]) == (kind == StepKind::SourceGroupEgress)
}

fn full(case: &Case<'_>, denial: &Denial, kind: StepKind) -> Option<Draft> {
    let inventory = &case.facts.inventory;
    let groups = denial.groups.iter().filter_map(|id| inventory.security_group(id));
    let ipv6 = denial.peer.is_ipv6();
    let direction = kind.direction();
    let group = groups.into_iter().find(|group| counted(inventory, group, direction, ipv6) == QUOTA)?;
    let (id, way) = (&group.id, direction.as_str());
    let family = if ipv6 { "IPv6" } else { "IPv4" };
    let draft = Draft::new(
        Confidence::Possible,
        format!("{id} is full: {QUOTA} {way} rules for {family}; another may have been refused, and the next will be."),
    )
    .severity(Severity::Warning)
    .evidence([Evidence::of(
        format!("{id} has {QUOTA} {way} rules for {family}, as many as the default quota allows"),
        ResourceRef::new(ResourceKind::SecurityGroup, id),
    )])
    .fix(Fix::text(format!(
        "Before another rule is added to {id}: merge some of its rules ({})",
        narrow(group, direction, ipv6)
    )))
    .fix(Fix::text("Or have the quota raised; times the number of groups that an interface may have it comes to 1000 at most").cli(
        format!(
            "aws service-quotas request-service-quota-increase --service-code vpc --quota-code L-0EA8095F --desired-value {}",
            QUOTA * 2
        ),
    ));
    Some(draft)
}

/// Blocks and references count as one each, the latter for both families; a list counts as all of it.
fn counted(inventory: &Inventory, group: &SecurityGroup, direction: Direction, ipv6: bool) -> usize {
    let weight = |peer: &Peer| match peer {
        Peer::Cidr(cidr) => usize::from(cidr.addr().is_ipv6() == ipv6),
        Peer::Group { .. } | Peer::Other(_) => 1,
        Peer::PrefixList(id) => {
            let entries = inventory.prefix_list(id).and_then(|list| list.entries.known());
            entries.map_or(1, |entries| entries.len().max(1))
        }
    };
    group.rules.iter().filter(|rule| rule.direction == direction).map(|rule| weight(&rule.peer)).sum()
}

/// What a wider block might cover.
fn narrow(group: &SecurityGroup, direction: Direction, ipv6: bool) -> String {
    let rules = group.rules.iter().filter(|rule| rule.direction == direction);
    let blocks = rules.filter_map(|rule| rule.peer.cidr()).filter(|cidr| cidr.addr().is_ipv6() == ipv6);
    let single = blocks.clone().filter(|cidr| cidr.prefix_len() == cidr.max_prefix_len()).count();
    format!("{} name blocks, {single} of those a single address", blocks.count())
}
