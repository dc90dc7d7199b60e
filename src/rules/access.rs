//! What the rules about security groups and network ACLs share: find the rows that a step blocks, tell why,
//! and propose the entry that is missing.

use crate::{
    analyze::{
        commands,
        path::{Blocker, Step, StepKind},
        remedy,
        security_group::Denial,
    },
    model::{
        finding::{Change, Confidence, Evidence, Fix},
        id::SecurityGroupId,
        known::{Known, Unknown},
    },
};

use super::{Case, Draft, Outcome, Row, words};

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
    // An address that no interface holds has no group or subnet to ask about.
    let held = |row: &&Row<'_>| kind.is_at_source() || row.eni != Known::Known(None);
    for row in case.silent().filter(held) {
        match row.path.blocker_at(kind) {
            Ok(Some((step, blocker))) if accept(blocker) => found.push(Blocked { row, step, blocker }),
            Ok(_) => {}
            Err(why) => undecided = Some(why),
        }
    }
    match undecided {
        Some(why) if found.is_empty() => Err(why),
        _ => Ok(found),
    }
}

/// The ways in which an endpoint's groups can fail to admit a client, the telling one first: a denial is
/// of exactly one kind, so exactly one finding speaks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DenialKind {
    /// Only the VPC's default group, which admits its own members.
    DefaultGroup,
    /// A rule admits this client, on other ports.
    WrongPort,
    /// A rule admits this port, to members of another group.
    OtherGroup,
    /// A rule admits this port, to addresses that are not the client's.
    OtherAddresses,
    /// Nothing comes near.
    NoRule,
}

pub(super) fn denial_kind(denial: &Denial) -> DenialKind {
    use crate::model::firewall::Peer;
    let names_group =
        |(_, rule): &(_, crate::model::firewall::SecurityGroupRule)| matches!(rule.peer, Peer::Group { .. });
    if denial.default_group {
        DenialKind::DefaultGroup
    } else if !denial.other_ports.is_empty() {
        DenialKind::WrongPort
    } else if denial.other_peers.iter().any(names_group) {
        DenialKind::OtherGroup
    } else if !denial.other_peers.is_empty() {
        DenialKind::OtherAddresses
    } else {
        DenialKind::NoRule
    }
}

/// Denials of this kind at the endpoint's groups.
pub(super) fn endpoint_group(
    case: &Case<'_>,
    kind: DenialKind,
    summary: impl Fn(&Denial, &[SecurityGroupId]) -> String,
) -> Outcome {
    let wanted = |blocker: &Blocker| matches!(blocker, Blocker::Group(denial) if denial_kind(denial) == kind);
    group(case, StepKind::DestinationGroupIngress, wanted, summary)
}

/// Denials by the groups of one end. `summary` gets the denial and the other end's groups.
pub(super) fn group(
    case: &Case<'_>,
    kind: StepKind,
    accept: impl Fn(&Blocker) -> bool,
    summary: impl Fn(&Denial, &[SecurityGroupId]) -> String,
) -> Outcome {
    let blocked = blocked(case, kind, accept)?;
    let Some(Blocked { row, blocker: Blocker::Group(denial), .. }) = blocked.first() else {
        return Ok(None);
    };
    let other = if kind.is_at_source() { &row.path.destination } else { &row.path.source };
    let summary = summary(denial, other.groups.known().map_or(&[][..], Vec::as_slice));
    let changes = blocked.iter().filter_map(|b| remedy::group_rule(&b.row.path, kind));
    Ok(Some(draft(case, &blocked, summary, changes)))
}

/// Denials by the ACL of one end.
pub(super) fn acl(case: &Case<'_>, kind: StepKind, summary: impl Fn(&Step) -> String) -> Outcome {
    let blocked = blocked(case, kind, |_| true)?;
    let Some(first) = blocked.first() else {
        return Ok(None);
    };
    let paths: Vec<_> = blocked.iter().map(|b| &b.row.path).collect();
    let entries = remedy::acl_entries(&case.facts.inventory, &paths, kind);
    let draft = draft(case, &blocked, summary(first.step), entries.changes);
    Ok(Some(if entries.enough { draft } else { draft.fix(renumber(first.step)) }))
}

fn renumber(step: &Step) -> Fix {
    let acl = step.resource.as_ref().map_or("the ACL", |acl| acl.id.as_str());
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
    let mut evidence: Vec<Evidence> = Vec::new();
    for Blocked { step, .. } in blocked {
        let fact = decided_by(step);
        if !evidence.contains(&fact) {
            evidence.push(fact);
        }
    }
    evidence.extend(blocked.iter().map(|b| words::packets(case, b.row)));
    let draft =
        Draft::new(Confidence::Confirmed, summary).evidence(evidence).explains(blocked.iter().map(|b| b.row));
    changes.into_iter().fold(draft, |draft, change| draft.fix(fix(change)))
}

fn decided_by(step: &Step) -> Evidence {
    let direction = step.kind.direction().as_str();
    match &step.resource {
        Some(resource) => {
            Evidence::of(format!("{} {direction}: {}", resource.id, step.rule), resource.clone())
        }
        None => Evidence::new(format!("{direction}: {}", step.rule)),
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
    };
    Fix::text(text).cli(commands::cli(&change)).terraform(commands::terraform(&change)).change(change)
}

/// The groups of a denial, as the subject of a sentence: `sg-1 admits`, `sg-1 and sg-2 admit`.
pub(super) fn groups_verb(groups: &[SecurityGroupId], singular: &str, plural: &str) -> String {
    let verb = if groups.len() == 1 { singular } else { plural };
    format!("{} {verb}", words::list(groups))
}
