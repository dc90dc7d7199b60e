//! `sg-source-egress-missing`

use crate::{
    analyze::{
        path::{Blocker, StepKind},
        route,
        security_group::Denial,
    },
    model::known::Known,
};

use super::{
    Case, Outcome, Row, Rule,
    access::{self, DenialKind},
    declare_finding,
};

declare_finding! {
    /// ## What it means
    /// No outbound rule of this host's security groups matches the endpoint and the port, so the packets never leave.
    /// ## How we know
    /// The union of the groups on this host's interface has no outbound rule for the endpoint's address or groups and the
    /// port, and connections get no answer.
    /// ## What looks like it
    /// `sg-endpoint-ingress-missing`: the packets leave, the endpoint's group drops them.
    /// `nacl-client-egress`: the subnet's ACL stops them.
    /// `sg-source-no-rules`: there is no outbound rule at all.
    /// `sg-prefix-list-incomplete`, `sg-ipv6-gap`, `sg-ref-stale`: a rule for the port comes near.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-security-group-rules --filters Name=group-id,Values=GROUP --query 'SecurityGroupRules[?IsEgress]'
    /// ## How to fix it
    /// Add an outbound rule for the port that names the endpoint's group; with a gateway endpoint, the prefix list of its
    /// route.
    static SG_SOURCE_EGRESS_MISSING = { title: "this host's own security group does not let the packets out", severity: Error, side: Client, layer: SourceGroup, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&SG_SOURCE_EGRESS_MISSING, check);

fn check(case: &Case<'_>) -> Outcome {
    let port = case.target.target.port;
    access::group(
        case,
        StepKind::SourceGroupEgress,
        |one| matches!(one.blocker, Blocker::Group(denial) if !is_another_finding(denial)),
        |denial, row| {
            let groups = access::groups_verb(&denial.groups, "does", "do");
            format!("{groups} not let this host send to {} on tcp/{port}.", destination(case, row))
        },
    )
}

fn destination(case: &Case<'_>, row: &Row<'_>) -> String {
    let gateway = route::gateway_endpoint(&case.facts.inventory, &row.path.source, row.ip());
    match (gateway, &row.endpoint) {
        (Some((list, endpoint)), _) => format!("{} ({list}, through {})", endpoint.service, endpoint.id),
        (None, Known::Known(Some(_))) => "the endpoint".to_owned(),
        (None, _) => row.ip().to_string(),
    }
}

fn is_another_finding(denial: &Denial) -> bool {
    use DenialKind::{CrossRegion, Ipv6Gap, OverTransitGateway, PrefixList, StaleReference, ViaMiddlebox};
    let kind = denial.kind();
    let lost = matches!(kind, ViaMiddlebox | OverTransitGateway | CrossRegion);
    denial.rules == 0 || lost || matches!(kind, StaleReference | Ipv6Gap | PrefixList)
}
