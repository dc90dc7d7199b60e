//! What the rules about security groups and network ACLs share: find the rows that a step blocks, tell why,
//! and propose the entry that is missing.

use crate::{
    analyze::{
        commands, network_acl,
        path::{self, Blocker, Step, StepKind, StepOutcome},
        remedy::{self, AclEntries},
        security_group::Denial,
    },
    model::{
        finding::{Change, Confidence, Evidence, FindingMeta, Fix},
        firewall::Direction,
        id::SecurityGroupId,
        inventory::actions,
        known::{Known, Reason, Unknown},
    },
};

pub(super) use crate::analyze::path::DenialKind;

use super::{Case, Draft, Outcome, Row, pod, route_rows, words};

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
    blocked_by(case, kind, |one| accept(one.blocker))
}

/// The same, by all that is known of the denial. A step of several parts may deny in several.
fn blocked_by<'c, 'a>(
    case: &'c Case<'a>,
    kind: StepKind,
    accept: impl Fn(&Blocked<'c, 'a>) -> bool,
) -> Result<Vec<Blocked<'c, 'a>>, Unknown> {
    let mut found = Vec::new();
    let mut undecided = None;
    // An address that no interface holds has no group or subnet to ask about; and what does not exist needs no rule.
    let held = |row: &&Row<'_>| {
        let nobody = matches!(
            row.path.blocker_at(StepKind::DestinationInterface),
            Ok(Some((_, Blocker::Unheld | Blocker::Overlapped { .. })))
        );
        !nobody && (kind.is_at_source() || row.eni != Known::Known(None))
    };
    for row in case.silent().filter(held) {
        for (step, blocker) in row.path.blockers().filter(|(step, _)| step.kind == kind) {
            let one = Blocked { row, step, blocker };
            if is_disproved(case, step) {
                undecided = Some(disproved(step));
            } else if accept(&one) {
                found.push(one);
            }
        }
        match row.path.blocker_at(kind) {
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
        .any(|row| row.path.blockers().any(|(other, _)| other.kind == step.kind && same(other)))
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
    let wanted = |one: &Blocked<'_, '_>| match one.blocker {
        // What shuts out a pod alone is told as that.
        Blocker::Group(denial) => denial.kind() == kind && pod::left_out(case, one.row, denial).is_none(),
        _ => false,
    };
    group(case, StepKind::DestinationGroupIngress, wanted, |denial, row| {
        summary(denial, row.path.source.groups.known().map_or(&[][..], Vec::as_slice))
    })
}

/// Denials by the groups of one end. `summary` gets the first, and its row.
pub(super) fn group<'c>(
    case: &'c Case<'c>,
    kind: StepKind,
    accept: impl Fn(&Blocked<'c, 'c>) -> bool,
    summary: impl Fn(&Denial, &Row<'_>) -> String,
) -> Outcome {
    let blocked = blocked_by(case, kind, accept)?;
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
    let kinds = [StepKind::SourceGroupEgress, StepKind::DestinationGroupIngress];
    let blocked = at_any(&kinds, |kind| blocked(case, kind, wanted))?;
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

/// What the groups of both ends deny on a row's way.
pub(super) fn denials<'r>(row: &'r Row<'_>) -> impl Iterator<Item = &'r Denial> {
    row.path.blockers().filter_map(|(_, blocker)| match blocker {
        Blocker::Group(denial) => Some(denial),
        _ => None,
    })
}

/// The first of them is this host's own groups', which ask about the endpoint's address.
pub(super) fn is_outbound(case: &Case<'_>, denials: &[&Denial]) -> bool {
    denials.first().is_some_and(|denial| case.rows.iter().any(|row| row.ip() == denial.peer))
}

/// What blocks at any of several steps.
fn at_any<'c, 'a>(
    kinds: &[StepKind],
    blocked: impl Fn(StepKind) -> Result<Vec<Blocked<'c, 'a>>, Unknown>,
) -> Result<Vec<Blocked<'c, 'a>>, Unknown> {
    let mut found = Vec::new();
    let mut undecided = None;
    for kind in kinds {
        match blocked(*kind) {
            Ok(some) => found.extend(some),
            Err(why) => undecided = Some(why),
        }
    }
    match undecided {
        Some(why) if found.is_empty() => Err(why),
        _ => Ok(found),
    }
}

/// Every step at which an ACL may be met: those of the two ends' subnets, and those of subnets on the way.
pub(super) const ACL_STEPS: [StepKind; 6] = [
    StepKind::SourceAclEgress,
    StepKind::ForwardRoute,
    StepKind::DestinationAclIngress,
    StepKind::ReturnAclEgress,
    StepKind::ReturnRoute,
    StepKind::ReturnAclIngress,
];

/// Rows that an ACL denies at this step.
pub(super) fn denied_by_acl<'c, 'a>(
    case: &'c Case<'a>,
    kind: StepKind,
    accept: impl Fn(&Blocked<'c, 'a>) -> bool,
) -> Result<Vec<Blocked<'c, 'a>>, Unknown> {
    let is_route = matches!(kind, StepKind::ForwardRoute | StepKind::ReturnRoute);
    let unread = |step: &Step| matches!(&step.outcome, StepOutcome::Undecided(why) if why.missing == actions::NETWORK_ACLS);
    let meets_one = |row: &Row<'_>| row.path.parts(kind).any(|step| step.acl().is_some() || unread(step));
    // What else is unknown of a way is no question about ACLs.
    if is_route && !case.silent().any(meets_one) {
        return Ok(Vec::new());
    }
    blocked_by(case, kind, |one| matches!(one.blocker, Blocker::Acl { .. }) && accept(one))
}

/// ACLs that have no entry for IPv6 at all, wherever they are met.
pub(super) fn acls_without_ipv6(case: &Case<'_>, summary: impl Fn(&[&Step]) -> String) -> Outcome {
    let blocked = at_any(&ACL_STEPS, |kind| denied_by_acl(case, kind, |one| is_ipv6_forgotten(one.blocker)))?;
    if blocked.is_empty() {
        return Ok(None);
    }
    let steps: Vec<&Step> = blocked.iter().map(|b| b.step).collect();
    let entries = entries(case, &blocked, &ACL_STEPS);
    Ok(Some(draft(case, &blocked, summary(&steps), entries.changes)))
}

fn is_ipv6_forgotten(blocker: &Blocker) -> bool {
    matches!(blocker, Blocker::Acl { decision } if decision.ipv6_forgotten)
}

/// Denials by the ACL of one end, or by one on the way that counts to that end. One without any entry for IPv6 is a
/// finding of its own.
pub(super) fn acl(
    case: &Case<'_>,
    meta: &FindingMeta,
    kind: StepKind,
    summary: impl Fn(&Step) -> String,
) -> Outcome {
    let on_the_way = if kind.is_return() { StepKind::ReturnRoute } else { StepKind::ForwardRoute };
    let kinds = [kind, on_the_way];
    let own = |one: &Blocked<'_, '_>| path::code(&one.row.path, one.step, one.blocker) == meta.code;
    let blocked = at_any(&kinds, |kind| denied_by_acl(case, kind, own))?;
    let Some(first) = blocked.first() else {
        return Ok(None);
    };
    let entries = entries(case, &blocked, &kinds);
    let told = if first.step.kind == kind { summary(first.step) } else { crossed(case, first.step) };
    let draft = draft(case, &blocked, told, entries.changes);
    let draft = if entries.enough { draft } else { draft.fix(renumber(first.step)) };
    Ok(Some(blocked.iter().filter_map(without).fold(draft, Draft::fix)))
}

/// What an ACL between the two ends' subnets does: of a transit gateway's attachment, or of a NAT gateway.
fn crossed(case: &Case<'_>, step: &Step) -> String {
    let acl = step.id_or("an ACL");
    let asked = step.acl();
    let way =
        if asked.is_some_and(|asked| asked.direction == Direction::Ingress) { "into" } else { "out of" };
    let place = match asked.map_or(&[][..], |asked| &asked.acl.subnets) {
        [subnet] => format!("{subnet}, which is on their way"),
        _ => "a subnet on their way".to_owned(),
    };
    let what = if step.kind.is_return() {
        "the endpoint's replies".to_owned()
    } else {
        format!("packets for tcp/{}", case.target.target.port)
    };
    format!("{acl} does not let {what} {way} {place}{}.", rule(step))
}

/// The entries that these rows lack, in the ACLs that deny them.
fn entries(case: &Case<'_>, blocked: &[Blocked<'_, '_>], kinds: &[StepKind]) -> AclEntries {
    let mut all = AclEntries { changes: Vec::new(), enough: true };
    for kind in kinds {
        let denied = || blocked.iter().filter(|b| b.step.kind == *kind);
        let paths: Vec<_> = denied().map(|b| &b.row.path).collect();
        let of_kind = remedy::acl_entries(&case.facts.inventory, &paths, *kind);
        let missing = |change: &Change| {
            let Change::AddAclEntry { acl, entry } = change else { return false };
            denied().any(|b| {
                b.step.acl().is_some_and(|asked| asked.acl.id == *acl && asked.direction == entry.direction)
            })
        };
        all.changes.extend(of_kind.changes.into_iter().filter(missing));
        all.enough &= of_kind.enough;
    }
    all
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

/// In which direction the packets meet what decides.
pub(super) fn direction(step: &Step) -> &'static str {
    step.acl().map_or(step.kind.direction(), |asked| asked.direction).as_str()
}

fn decided_by(step: &Step) -> Evidence {
    let direction = direction(step);
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
