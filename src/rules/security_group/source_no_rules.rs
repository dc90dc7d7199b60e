//! `sg-source-no-rules`

use crate::analyze::path::{Blocker, StepKind};

use super::{Case, Outcome, Rule, access, declare_finding};

declare_finding! {
    /// ## What it means
    /// The security groups of this host have no outbound rule at all: no connection of any kind leaves it. Lookups still
    /// work, since no group filters the VPC's resolver. A template that sets the outbound rules to an empty list, or
    /// removes the one that every new group has, does this.
    /// ## How we know
    /// The union of the groups on this host's interface has no outbound rule, and connections get no answer.
    /// ## What looks like it
    /// `sg-source-egress-missing`: there are outbound rules, none for this.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-security-group-rules --filters Name=group-id,Values=GROUP --query 'SecurityGroupRules[?IsEgress]'
    /// ## How to fix it
    /// Add an outbound rule for the port that names the endpoint's group, or restore the rule that allows everything.
    static SG_SOURCE_NO_RULES = { title: "this host's security groups let nothing out", severity: Error, side: Client, layer: SourceGroup, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&SG_SOURCE_NO_RULES, check);

fn check(case: &Case<'_>) -> Outcome {
    access::group(
        case,
        StepKind::SourceGroupEgress,
        |one| matches!(one.blocker, Blocker::Group(denial) if denial.rules == 0),
        |denial, _| {
            let groups = access::groups_verb(&denial.groups, "has", "have");
            format!("{groups} no outbound rule at all: nothing leaves this host.")
        },
    )
}
