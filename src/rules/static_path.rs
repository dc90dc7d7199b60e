//! The answer of `vpce-doctor path`: one flow's path in the findings' words, with the changes that mend it.

use std::net::IpAddr;

use crate::{
    analyze::{
        path::{self, End, Path, Question, Step, StepKind, StepOutcome},
        place::Place,
        remedy,
    },
    model::{
        finding::{Change, Fix},
        inventory::Inventory,
        path::{BlockerReport, EndReport, PartReport, PathReport, StepReport, StepVerdict, UndecidedStep},
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{access, find};

/// A function of its arguments: the same inventory gives the same report.
pub fn explain_path(inventory: &Inventory, question: &Question, path: &Path) -> PathReport {
    let changes = remedy::whole(inventory, path);
    let verified = !changes.is_empty();
    let fixes: Vec<Fix> =
        changes.iter().map(|change| Fix { verified, ..access::fix(change.clone()) }).collect();
    let blocker = |step: &Step, code, aws_code| BlockerReport {
        step: step.kind.as_str(),
        code,
        aws_code,
        resource: step.resource(),
        rule: step.rule(),
        blocked_share: step.blocked_share(),
        fixes: own_fixes(inventory, path, step, code, &fixes),
    };
    let blockers = path.blockers().map(|(step, what)| {
        let aws_code = path::reachability_code(path, step, what).map(path::ReachabilityCode::as_str);
        blocker(step, path::code(path, step, what), aws_code)
    });
    let mut blockers: Vec<BlockerReport> = blockers.collect();
    hand_out(&fixes, &mut blockers);
    let partly = path.steps.iter().filter(|step| step.blocked_share() > 0.0);
    PathReport {
        verdict: path.verdict(),
        from: end(inventory, &question.from, &path.source, path.flow.source),
        to: end(inventory, &question.to, &path.destination, path.flow.destination),
        protocol: path.flow.protocol,
        port: path.flow.destination_port,
        source_ports: path.flow.source_ports,
        steps: StepKind::ALL.into_iter().map(|kind| step(path, kind)).collect(),
        blockers,
        warnings: partly
            .map(|step| {
                let aws_code = path::ReachabilityCode::SubnetAclRestriction.as_str();
                blocker(step, PARTIAL, Some(aws_code))
            })
            .collect(),
        undecided: undecided(path),
        fixes,
        verified,
    }
}

/// What only comes to be needed once others of the set are made belongs to the blocker that hides it: the first about
/// routes.
fn hand_out(fixes: &[Fix], blockers: &mut [BlockerReport]) {
    let handed = |fix: &Fix| blockers.iter().any(|blocker| blocker.fixes.contains(fix));
    let left: Vec<Fix> = fixes.iter().filter(|fix| !handed(fix)).cloned().collect();
    let route = blockers.iter().position(|blocker| blocker.step.ends_with("-route"));
    if let Some(blocker) = blockers.get_mut(route.unwrap_or_default()) {
        blocker.fixes.extend(left);
    }
}

const PARTIAL: &str = "nacl-partial-ephemeral";

fn end(inventory: &Inventory, named: &End, place: &Place, ip: IpAddr) -> EndReport {
    let eni = place.eni.known().and_then(|id| inventory.interface(id));
    let endpoint = eni.and_then(|eni| inventory.endpoint_of(eni).known().copied().flatten());
    let instance = || eni.and_then(|eni| eni.instance.as_ref());
    let owner = match endpoint {
        Some(endpoint) => Some(ResourceRef::new(ResourceKind::VpcEndpoint, &endpoint.id)),
        None => instance().map(|id| ResourceRef::new(ResourceKind::Instance, id)),
    };
    EndReport {
        named: named.to_string(),
        ip,
        eni: place.eni.known().cloned(),
        subnet: place.subnet.known().cloned(),
        vpc: place.vpc.known().cloned(),
        az_id: eni.and_then(|eni| inventory.az_id_of(eni)),
        owner,
    }
}

fn step(path: &Path, kind: StepKind) -> StepReport {
    let parts: Vec<PartReport> = path.parts(kind).map(part).collect();
    // Where no part has anything to say there was nothing to meet.
    let verdict = parts.iter().map(|part| part.verdict).max().unwrap_or(StepVerdict::Allow);
    StepReport { step: kind.as_str(), verdict, parts }
}

fn part(step: &Step) -> PartReport {
    PartReport {
        verdict: match &step.outcome {
            StepOutcome::Allow => StepVerdict::Allow,
            StepOutcome::Deny(_) => StepVerdict::Deny,
            StepOutcome::Undecided(_) => StepVerdict::Undecided,
        },
        resource: step.resource(),
        rule: step.rule(),
        blocked_share: step.blocked_share(),
    }
}

/// Every fact that is missing, once for each step that misses it.
fn undecided(path: &Path) -> Vec<UndecidedStep> {
    let mut all: Vec<UndecidedStep> = Vec::new();
    for step in &path.steps {
        if let StepOutcome::Undecided(why) = &step.outcome {
            let one = UndecidedStep { step: step.kind.as_str(), why: why.clone() };
            if !all.contains(&one) {
                all.push(one);
            }
        }
    }
    all
}

/// What of the whole set is about this blocker; alone and unproved, where there is no whole; otherwise what its
/// finding says.
fn own_fixes(inventory: &Inventory, path: &Path, step: &Step, code: &str, fixes: &[Fix]) -> Vec<Fix> {
    let own = remedy::alone(inventory, path, step);
    if let Some(own) = own {
        let about = |fix: &&Fix| fix.change.as_ref().is_some_and(|change| is_about_same(change, &own));
        let of_set: Vec<Fix> = fixes.iter().filter(about).cloned().collect();
        return if of_set.is_empty() { vec![access::fix(own)] } else { of_set };
    }
    let advice = find(code).map(|meta| advice(meta.documentation)).filter(|text| !text.is_empty());
    advice.map(Fix::text).into_iter().collect()
}

/// The same resource, in the same direction.
fn is_about_same(one: &Change, other: &Change) -> bool {
    match (one, other) {
        (Change::AddGroupRule { group: a, rule: r }, Change::AddGroupRule { group: b, rule: s }) => {
            a == b && r.direction == s.direction
        }
        (Change::AddAclEntry { acl: a, entry: e }, Change::AddAclEntry { acl: b, entry: f }) => {
            a == b && e.direction == f.direction && e.cidr == f.cidr && e.ports == f.ports
        }
        (one, other) => route_table(one).is_some() && route_table(one) == route_table(other),
    }
}

fn route_table(change: &Change) -> Option<&str> {
    match change {
        Change::AddRoute { table, .. }
        | Change::ReplaceRoute { table, .. }
        | Change::DeleteRoute { table, .. } => Some(table.as_str()),
        Change::AddTransitGatewayRoute { table, .. }
        | Change::AssociateTransitGatewayRouteTable { table, .. } => Some(table.as_str()),
        Change::AddGroupRule { .. } | Change::AddAclEntry { .. } => None,
    }
}

/// The last section of an explanation, as one paragraph without its commands.
fn advice(documentation: &str) -> String {
    let section = documentation.split("## How to fix it").nth(1).unwrap_or_default();
    let prose = section.lines().filter(|line| !line.starts_with("     "));
    prose.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
