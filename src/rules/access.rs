//! What the rules about security groups and network ACLs share: find the rows that a step blocks, tell why,
//! and propose the entry that is missing.

use crate::{
    analyze::{
        commands, network_acl,
        path::{Blocker, Step, StepKind},
        remedy,
        security_group::Denial,
    },
    model::{
        finding::{Change, Confidence, Evidence, Fix},
        firewall::Direction,
        id::SecurityGroupId,
        known::{Known, Reason, Unknown},
    },
};

pub(super) use crate::analyze::path::DenialKind;

use super::{Case, Draft, Outcome, Row, route_rows, words};

/// A silent row and the step that denies it.
pub(super) struct Blocked<'c, 'a> {
    pub(super) row: &'c Row<'a>,
    pub(super) step: &'c Step,
    pub(super) blocker: &'c Blocker,
}

/// The silent rows that this step denies in the way `accept` wants. Undecided only when nothing was found.
pub(super) fn blocked<'c, 'a>(
    case: &'c Case<'a>,
    kind: StepKind,
    accept: impl Fn(&Blocker) -> bool,
) -> Result<Vec<Blocked<'c, 'a>>, Unknown> {
    let mut found = Vec::new();
    let mut undecided = None;
    // An address that no interface holds has no group or subnet to ask about; and what does not exist needs no rule.
    let held = |row: &&Row<'_>| {
        let nobody =
            matches!(row.path.blocker_at(StepKind::DestinationInterface), Ok(Some((_, Blocker::Unheld))));
        !nobody && (kind.is_at_source() || row.eni != Known::Known(None))
    };
    for row in case.silent().filter(held) {
        match row.path.blocker_at(kind) {
            Ok(Some((step, _))) if is_disproved(case, step) => undecided = Some(disproved(step)),
            Ok(Some((step, blocker))) if accept(blocker) => found.push(Blocked { row, step, blocker }),
            Ok(_) => {}
            // The route itself is known, only not what lies behind it.
            Err(_) if route_rows::leads_elsewhere(case, row, kind) => {}
            Err(why) => undecided = Some(why),
        }
    }
    match undecided {
        Some(why) if found.is_empty() => Err(why),
        _ => Ok(found),
    }
}

/// The same rules, as read, deny another address of this target, and it answers: they were not read as they are.
fn is_disproved(case: &Case<'_>, step: &Step) -> bool {
    let same = |other: &Step| other.resource() == step.resource() && other.rule() == step.rule();
    case.rows
        .iter()
        .filter(|row| row.contradicts())
        .any(|row| matches!(row.path.blocker_at(step.kind), Ok(Some((other, _))) if same(other)))
}

fn disproved(step: &Step) -> Unknown {
    let missing = step.id_or("the rules");
    let message = "as read, it denies an address that answers: what was read is old or incomplete".to_owned();
    Unknown::new(missing, Reason::Failed { message })
}

/// Denials of this kind at the endpoint's groups. `summary` gets the first, and this host's groups.
pub(super) fn endpoint_group(
    case: &Case<'_>,
    kind: DenialKind,
    summary: impl Fn(&Denial, &[SecurityGroupId]) -> String,
) -> Outcome {
    let wanted = |blocker: &Blocker| matches!(blocker, Blocker::Group(denial) if denial.kind() == kind);
    group(case, StepKind::DestinationGroupIngress, wanted, |denial, row| {
        summary(denial, row.path.source.groups.known().map_or(&[][..], Vec::as_slice))
    })
}

/// Denials by the groups of one end. `summary` gets the first, and its row.
pub(super) fn group(
    case: &Case<'_>,
    kind: StepKind,
    accept: impl Fn(&Blocker) -> bool,
    summary: impl Fn(&Denial, &Row<'_>) -> String,
) -> Outcome {
    let blocked = blocked(case, kind, accept)?;
    let Some(Blocked { row, blocker: Blocker::Group(denial), .. }) = blocked.first() else {
        return Ok(None);
    };
    let summary = summary(denial, row);
    let changes = blocked.iter().filter_map(|b| remedy::group_rule(&case.facts.inventory, &b.row.path, kind));
    Ok(Some(draft(case, &blocked, summary, changes)))
}

/// Denials of this kind at either end's groups. `summary` gets them all.
pub(super) fn either_group(
    case: &Case<'_>,
    kind: DenialKind,
    summary: impl Fn(&[&Denial]) -> String,
) -> Outcome {
    let wanted = |blocker: &Blocker| matches!(blocker, Blocker::Group(denial) if denial.kind() == kind);
    let blocked =
        blocked_at(case, &[StepKind::SourceGroupEgress, StepKind::DestinationGroupIngress], wanted)?;
    let denials: Vec<&Denial> = blocked
        .iter()
        .filter_map(|b| if let Blocker::Group(denial) = b.blocker { Some(denial) } else { None })
        .collect();
    if denials.is_empty() {
        return Ok(None);
    }
    let changes =
        blocked.iter().filter_map(|b| remedy::group_rule(&case.facts.inventory, &b.row.path, b.step.kind));
    Ok(Some(draft(case, &blocked, summary(&denials), changes)))
}

/// [`blocked`] at any of several steps.
fn blocked_at<'c, 'a>(
    case: &'c Case<'a>,
    kinds: &[StepKind],
    accept: impl Fn(&Blocker) -> bool,
) -> Result<Vec<Blocked<'c, 'a>>, Unknown> {
    let mut found = Vec::new();
    let mut undecided = None;
    for kind in kinds {
        match blocked(case, *kind, &accept) {
            Ok(some) => found.extend(some),
            Err(why) => undecided = Some(why),
        }
    }
    match undecided {
        Some(why) if found.is_empty() => Err(why),
        _ => Ok(found),
    }
}

/// ACLs that have no entry for IPv6 at all, at either end and on the way there or back.
pub(super) fn acls_without_ipv6(case: &Case<'_>, summary: impl Fn(&[&Step]) -> String) -> Outcome {
    const STEPS: [StepKind; 4] = [
        StepKind::SourceAclEgress,
        StepKind::DestinationAclIngress,
        StepKind::ReturnAclEgress,
        StepKind::ReturnAclIngress,
    ];
    let blocked = blocked_at(case, &STEPS, is_ipv6_forgotten)?;
    if blocked.is_empty() {
        return Ok(None);
    }
    let steps: Vec<&Step> = blocked.iter().map(|b| b.step).collect();
    let changes = STEPS.iter().flat_map(|kind| {
        let paths: Vec<_> = blocked.iter().filter(|b| b.step.kind == *kind).map(|b| &b.row.path).collect();
        remedy::acl_entries(&case.facts.inventory, &paths, *kind).changes
    });
    Ok(Some(draft(case, &blocked, summary(&steps), changes)))
}

fn is_ipv6_forgotten(blocker: &Blocker) -> bool {
    matches!(blocker, Blocker::Acl { decision } if decision.ipv6_forgotten)
}

/// Denials by the ACL of one end. One without any entry for IPv6 is a finding of its own.
pub(super) fn acl(case: &Case<'_>, kind: StepKind, summary: impl Fn(&Step) -> String) -> Outcome {
    let blocked = blocked(case, kind, |blocker| !is_ipv6_forgotten(blocker))?;
    let Some(first) = blocked.first() else {
        return Ok(None);
    };
    let paths: Vec<_> = blocked.iter().map(|b| &b.row.path).collect();
    let entries = remedy::acl_entries(&case.facts.inventory, &paths, kind);
    let draft = draft(case, &blocked, summary(first.step), entries.changes);
    let draft = if entries.enough { draft } else { draft.fix(renumber(first.step)) };
    Ok(Some(blocked.iter().filter_map(without).fold(draft, Draft::fix)))
}

/// The numbered entry that denies, to follow a sentence. The last entry, which every ACL has, says nothing.
pub(super) fn rule(step: &Step) -> String {
    if number(step).is_some() { format!(": {}", step.rule()) } else { String::new() }
}

fn number(step: &Step) -> Option<u32> {
    let number: u32 = step.resource()?.position.as_ref()?.parse().ok()?;
    (number < network_acl::LAST_ENTRY).then_some(number)
}

/// Where other entries allow all of it behind the one that denies, that one may be the mistake.
fn without(Blocked { row, step, .. }: &Blocked<'_, '_>) -> Option<Fix> {
    let (number, asked) = (number(step)?, step.acl()?);
    let (acl, direction) = (&asked.acl.id, asked.direction);
    let mut without = asked.acl.clone();
    without.entries.retain(|entry| entry.direction != direction || entry.number != number);
    let decision =
        network_acl::evaluate(&without, direction, asked.other, row.path.flow.protocol, asked.ports);
    decision.first_denial().is_none().then(|| {
        let way = if direction == Direction::Egress { "--egress" } else { "--ingress" };
        Fix::text(format!(
            "Or, if rule {number} of {acl} is a mistake: delete it; the rules behind it allow these packets"
        ))
        .cli(format!("aws ec2 delete-network-acl-entry --network-acl-id {acl} {way} --rule-number {number}"))
    })
}

fn renumber(step: &Step) -> Fix {
    let acl = step.id_or("the ACL");
    Fix::text(format!(
        "Too few numbers are free before the entry that denies: renumber the entries of {acl}, then allow these flows"
    ))
}

/// Configuration denies and packets vanish: both planes agree.
fn draft(
    case: &Case<'_>,
    blocked: &[Blocked<'_, '_>],
    summary: String,
    changes: impl IntoIterator<Item = Change>,
) -> Draft {
    let mut evidence = words::distinct(blocked.iter().map(|b| decided_by(b.step)));
    let mut rows: Vec<&Row<'_>> = Vec::new();
    for Blocked { row, .. } in blocked {
        if !rows.iter().any(|seen| seen.ip() == row.ip()) {
            rows.push(row);
        }
    }
    evidence.extend(rows.iter().map(|row| words::packets(case, row)));
    let draft = Draft::new(Confidence::Confirmed, summary).evidence(evidence).explains(rows);
    changes.into_iter().fold(draft, |draft, change| draft.fix(fix(change)))
}

fn decided_by(step: &Step) -> Evidence {
    let direction = step.kind.direction().as_str();
    match step.resource() {
        Some(resource) => Evidence::of(format!("{} {direction}: {}", resource.id, step.rule()), resource),
        None => Evidence::new(format!("{direction}: {}", step.rule())),
    }
}

pub(super) fn fix(change: Change) -> Fix {
    let text = match &change {
        Change::AddGroupRule { group, rule } => {
            format!(
                "Add to {group}, {}: {}",
                rule.direction.as_str(),
                crate::analyze::security_group::describe(rule)
            )
        }
        Change::AddAclEntry { acl, entry } => format!(
            "Add to {acl}, {}, rule {}: allow {}/{} for {}",
            entry.direction.as_str(),
            entry.number,
            entry.protocol,
            entry.ports,
            entry.cidr
        ),
        Change::AddRoute { table, destination, target } => {
            format!("Add a route for {destination} over {} to {table}", target.id())
        }
        Change::ReplaceRoute { table, destination, target } => {
            format!("Replace the route for {destination} in {table} by one over {}", target.id())
        }
        Change::DeleteRoute { table, destination } => {
            format!("Delete the route for {destination} from {table}")
        }
        Change::AddTransitGatewayRoute { table, destination, attachment, replaces } => {
            let verb = if *replaces { "Replace" } else { "Add" };
            format!("{verb} in {table} the route for {destination}: over {attachment}")
        }
        Change::AssociateTransitGatewayRouteTable { table, attachment } => {
            format!("Associate {table} with {attachment}")
        }
    };
    let fix = Fix::text(text).cli(commands::cli(&change));
    let fix = match commands::terraform(&change) {
        Some(source) => fix.terraform(source),
        None => fix,
    };
    fix.change(change)
}

/// The groups of a denial, as the subject of a sentence: `sg-1 admits`, `sg-1 and sg-2 admit`.
pub(super) fn groups_verb(groups: &[SecurityGroupId], singular: &str, plural: &str) -> String {
    let verb = if groups.len() == 1 { singular } else { plural };
    format!("{} {verb}", words::list(groups))
}
