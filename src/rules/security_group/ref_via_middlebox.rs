//! `sg-ref-via-middlebox`

use crate::{
    analyze::path::StepKind,
    model::{
        finding::{Change, Confidence, Evidence, Fix},
        firewall::{Direction, Peer, SecurityGroupRule},
        net::{self, PortRange, ProtocolMatch},
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{
    Case, Draft, Outcome, Row, Rule, access, declare_finding,
    route_rows::{self, Middlebox},
    words,
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
    let mut rows: Vec<(&Row<'_>, Middlebox<'_>)> = Vec::new();
    let mut undecided = None;
    for row in case.silent() {
        let middlebox = route_rows::middlebox(case, row);
        let Some(middlebox) = middlebox.filter(|middlebox| middlebox.kind == StepKind::ForwardRoute) else {
            continue;
        };
        match route_rows::admitted_by_reference(case, row) {
            Ok(true) => rows.push((row, middlebox)),
            Ok(false) => {}
            Err(why) => undecided = Some(why),
        }
    }
    let Some((first, Middlebox { route, .. })) = rows.first() else {
        return undecided.map_or(Ok(None), Err);
    };
    let step = first.path.step(StepKind::DestinationGroupIngress);
    let group = step
        .and_then(|step| step.resource.as_ref())
        .map_or("the endpoint's group", |group| group.id.as_str());
    let target = route.target.id();
    let draft = Draft::new(
        Confidence::Likely,
        format!(
            "{group} admits this host by its group, and packets that come through {target} are no member's."
        ),
    )
    .evidence(step.map(|step| {
        Evidence::of(
            format!("{group} inbound: {}", step.rule),
            ResourceRef::new(ResourceKind::SecurityGroup, group),
        )
    }))
    .evidence(words::distinct(rows.iter().map(|(row, middlebox)| {
        route_rows::says(middlebox.table, Some(middlebox.route), row, middlebox.kind)
    })))
    .evidence(rows.iter().map(|(row, _)| words::packets(case, row)))
    .explains(rows.iter().map(|(row, _)| *row));
    let draft = draft.fix(match by_address(first) {
        Some(change) => access::fix(change),
        None => Fix::text(format!("Admit this host's address on {group} by a CIDR block")),
    });
    Ok(Some(draft.fix(Fix::text(format!("Or take {target} out of the way to the endpoint")))))
}

fn by_address(row: &Row<'_>) -> Option<Change> {
    let path = &row.path;
    let group = path.destination.groups.known()?.first()?.clone();
    let rule = SecurityGroupRule {
        id: None,
        direction: Direction::Ingress,
        protocol: ProtocolMatch::Number(path.flow.protocol),
        ports: PortRange::single(path.flow.destination_port),
        peer: Peer::Cidr(net::host_net(path.source.ip)),
    };
    Some(Change::AddGroupRule { group, rule })
}
