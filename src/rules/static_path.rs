//! The answer of `vpce-doctor path`: one flow's path in the findings' words, with the changes that mend it.

mod mend;
mod sentence;
mod supply;

use std::net::IpAddr;

use crate::{
    analyze::{
        path::{self, Blocker, End, Ground, Path, Question, RouteBlocker, Step, StepKind, StepOutcome},
        place::Place,
        remedy, security_group,
    },
    model::{
        finding::{Change, Fix, Side},
        firewall::Direction,
        id::SecurityGroupId,
        inventory::Inventory,
        path::{
            BlockerReport, EndReport, GroupReport, PartReport, PathReport, SeenReport, StepReport,
            StepVerdict, UndecidedStep,
        },
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{access, find, words};

/// A function of its arguments: the same inventory gives the same report.
pub fn explain_path(inventory: &Inventory, question: &Question, path: &Path) -> PathReport {
    let changes = remedy::whole(inventory, path);
    let verified = !changes.is_empty();
    let fixes: Vec<Fix> = changes.iter().map(|change| fix(inventory, path, change, verified)).collect();
    let blocker = |step: &Step, code, aws_code, summary: String| BlockerReport {
        step: step.kind.as_str(),
        code,
        aws_code,
        who: who(path, step, code),
        resource: step.resource(),
        direction: direction(step),
        rule: step.rule(),
        because: because(step, &summary),
        summary,
        blocked_share: step.blocked_share(),
        fixes: own_fixes(inventory, path, step, code, &fixes),
    };
    let blockers = path.blockers().map(|(step, what)| {
        let aws_code = path::reachability_code(path, step, what).map(path::ReachabilityCode::as_str);
        blocker(step, path::code(path, step, what), aws_code, sentence::of(path, step, what))
    });
    let mut blockers: Vec<BlockerReport> = blockers.collect();
    hand_out(&fixes, &mut blockers);
    let passes = |step: &&Step| step.outcome == StepOutcome::Allow;
    let partly = path.steps.iter().filter(passes).filter(|step| step.blocked_share() > 0.0);
    PathReport {
        verdict: path.verdict(),
        from: end(inventory, &question.from, &path.source, path.flow.source),
        to: end(inventory, &question.to, &path.destination, path.flow.destination),
        protocol: path.flow.protocol,
        port: path.flow.destination_port,
        source_ports: path.flow.source_ports,
        seen: SeenReport { ip: path.seen.ip, ports: path.seen.ports },
        steps: StepKind::ALL.into_iter().map(|kind| step(path, kind)).collect(),
        blockers,
        warnings: partly
            .map(|step| {
                let aws_code = path::ReachabilityCode::SubnetAclRestriction.as_str();
                blocker(step, PARTIAL, Some(aws_code), sentence::of_part(step))
            })
            .collect(),
        undecided: undecided(inventory, path),
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

/// What no step of this path asks for lies behind a route that stops the packets now.
fn fix(inventory: &Inventory, path: &Path, change: &Change, verified: bool) -> Fix {
    let own = path.steps.iter().filter_map(|step| remedy::alone(inventory, path, step));
    let met = own.into_iter().any(|own| is_about_same(change, &own));
    let fix = Fix { verified, ..access::fix(change.clone()) };
    if met { fix } else { Fix { text: format!("{} (met once the routes lead on)", fix.text), ..fix } }
}

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
        unplaced: place.eni.ok().err(),
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
        direction: direction(step),
        rule: step.rule(),
        admits: admits(step),
        blocked_share: step.blocked_share(),
    }
}

/// Of groups and ACLs, also of those that could not be read.
fn direction(step: &Step) -> Option<Direction> {
    let at_end = !matches!(
        step.kind,
        StepKind::SourceInterface
            | StepKind::ForwardRoute
            | StepKind::DestinationInterface
            | StepKind::ReturnRoute
    );
    step.acl().map(|asked| asked.direction).or_else(|| at_end.then(|| step.kind.direction()))
}

/// As many rules of a group show why none fits.
const TOLD: usize = 4;

fn admits(step: &Step) -> Vec<GroupReport> {
    let StepOutcome::Deny(Blocker::Group(denial)) = &step.outcome else { return Vec::new() };
    let nearest = denial.misses().map(|(group, _)| group);
    let groups = words::distinct(nearest.chain(&denial.groups));
    let of = |group: &SecurityGroupId| {
        let own = denial.misses().filter(|(other, _)| *other == group);
        let mut rules: Vec<_> = own.map(|(_, rule)| security_group::describe(rule)).collect();
        let more = rules.len().saturating_sub(TOLD);
        if more > 1 {
            rules.truncate(TOLD);
            rules.push(format!("and {more} more"));
        }
        match rules.first_mut() {
            Some(first) => first.insert_str(0, "only "),
            None => rules.push(format!("no {} rule at all", step.kind.direction().as_str())),
        }
        GroupReport { group: group.clone(), rules }
    };
    groups.into_iter().map(of).collect()
}

/// `sg-1 inbound: only tcp/443 from sg-2`. Where no group or ACL decides, the summary says all.
fn because(step: &Step, summary: &str) -> Vec<String> {
    let filters = matches!(&step.ground, Ground::Groups(_) | Ground::Acl { .. });
    let (Some(resource), Some(direction)) = (step.resource(), direction(step).filter(|_| filters)) else {
        return Vec::new();
    };
    let mut told: Vec<(String, String)> = Vec::new();
    for GroupReport { group, rules } in admits(step) {
        told.push((group.0, rules.join("; ")));
    }
    if told.is_empty() {
        told.push((resource.id, step.rule()));
    }
    let new = told.into_iter().filter(|(_, rule)| !summary.contains(rule));
    new.map(|(id, rule)| format!("{id} {}: {rule}", direction.as_str())).collect()
}

/// Whoever may change what decides: in a shared or peered VPC that is somebody else than who asks.
fn who(path: &Path, step: &Step, code: &str) -> String {
    let owner = |id: &str| format!("the owner of {id}");
    match &step.outcome {
        StepOutcome::Deny(Blocker::Route(RouteBlocker::PeeringInactive { .. })) => {
            if let Some(target) = mend::target(step) {
                return format!("the owners of {}", target.id());
            }
        }
        StepOutcome::Deny(Blocker::Route(RouteBlocker::NoPublicAddress)) => {
            if let Some(eni) = path.source.eni.known() {
                return owner(eni.as_str());
            }
        }
        // Nobody has to: the question is the wrong way round.
        StepOutcome::Deny(Blocker::CannotInitiate) => return "whoever asks".to_owned(),
        _ => {}
    }
    match (step.resource(), find(code).map(|meta| meta.side)) {
        (_, Some(Side::Provider)) => "the provider".to_owned(),
        (Some(resource), _) => owner(&resource.id),
        (None, _) => "whoever owns these routes".to_owned(),
    }
}

/// Every fact that is missing, once for each step that misses it.
fn undecided(inventory: &Inventory, path: &Path) -> Vec<UndecidedStep> {
    let mut all: Vec<UndecidedStep> = Vec::new();
    for step in &path.steps {
        if let StepOutcome::Undecided(why) = &step.outcome {
            let supply = supply::command(inventory, why);
            let one = UndecidedStep { step: step.kind.as_str(), why: why.clone(), supply };
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
    let StepOutcome::Deny(blocker) = &step.outcome else { return Vec::new() };
    let advice = || find(code).map(|meta| advice(meta.documentation)).filter(|text| !text.is_empty());
    mend::of(inventory, path, step, blocker).or_else(|| advice().map(Fix::text)).into_iter().collect()
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
