//! `sg-ref-via-middlebox`

use crate::{
    analyze::path::{Blocker, Loss, StepKind},
    model::finding::{Confidence, Fix},
};

use super::{
    Case, Draft, Outcome, Row, Rule,
    access::{self, DenialKind},
    declare_finding, route_rows, words,
};

declare_finding! {
    /// ## What it means
    /// The endpoint's security group admits this host by naming its group, and a route sends the packets through a middlebox.
    /// What the middlebox passes on is no longer traffic of a member of that group, so the rule does not match it.
    /// ## How we know
    /// The route that decides names an appliance's interface, a Gateway Load Balancer endpoint or a NAT gateway; without the
    /// reference no rule of the endpoint's groups admits this host's address; and connections get no answer. That the middlebox
    /// forwards at all cannot be seen from here.
    /// ## What looks like it
    /// `route-more-specific-middlebox`: the group admits by address, and the middlebox itself is in question.
    /// `sg-endpoint-refs-other-group`: the way is straight, and this host is not in the group.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-route-tables --filters Name=association.subnet-id,Values=SUBNET --query 'RouteTables[].Routes'
    ///     aws ec2 describe-security-group-rules --filters Name=group-id,Values=GROUP
    /// ## How to fix it
    /// Admit this host's addresses by a CIDR block (with a NAT gateway in the way: the gateway's address); or take the
    /// middlebox out of the way to the endpoint.
    static SG_REF_VIA_MIDDLEBOX = { title: "a group reference does not survive the middlebox on the way", severity: Error, side: ConsumerVpc, layer: EndpointGroup, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&SG_REF_VIA_MIDDLEBOX, check);

fn check(case: &Case<'_>) -> Outcome {
    let draft = access::either_group(case, DenialKind::ViaMiddlebox, |denials| {
        let groups = denials.first().map_or(&[][..], |denial| &denial.groups);
        let through = denials.first().and_then(|denial| denial.lost.as_ref()).map_or("a middlebox", through);
        if access::is_outbound(case, denials) {
            let verb = access::groups_verb(groups, "lets out", "let out");
            return format!("{verb} by group, and what lies behind {through} is no member of any.");
        }
        format!(
            "{} by group, and packets that come through {through} are no member's.",
            access::groups_verb(groups, "admits", "admit")
        )
    })?;
    Ok(draft.map(|draft| complete(case, draft)))
}

fn through(loss: &Loss) -> &str {
    match loss {
        Loss::Middlebox(id) | Loss::Translated(id) => id,
        Loss::OtherRegion(id) => id.as_str(),
        Loss::TransitGateway => "a transit gateway",
    }
}

/// That the middlebox forwards at all cannot be seen from here.
fn complete(case: &Case<'_>, draft: Draft) -> Draft {
    let blocked = |row: &&Row<'_>| {
        let lost = |blocker: &Blocker| matches!(blocker, Blocker::Group(denial) if denial.kind() == DenialKind::ViaMiddlebox);
        row.path.blockers().any(|(_, blocker)| lost(blocker))
    };
    let rows: Vec<_> = case.silent().filter(blocked).collect();
    let routes = words::distinct(rows.iter().filter_map(|row| {
        let (table, route) = route_rows::deciding(case, row, StepKind::ForwardRoute)?;
        Some(route_rows::says(table, route, row, StepKind::ForwardRoute))
    }));
    let target = rows.first().and_then(|row| {
        let (_, route) = route_rows::deciding(case, row, StepKind::ForwardRoute)?;
        Some(route?.target.id().to_owned())
    });
    let mut draft = draft.evidence(routes);
    draft.confidence = Confidence::Likely;
    match target {
        Some(target) => draft.fix(Fix::text(format!("Or take {target} out of the way to the endpoint"))),
        None => draft,
    }
}
