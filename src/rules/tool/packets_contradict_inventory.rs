//! `packets-contradict-inventory`

use std::collections::BTreeSet;

use crate::model::{
    finding::{Confidence, Evidence, Fix},
    known::Known,
    report::PathVerdict,
};

use super::{Case, Draft, Outcome, Rule, declare_finding, words};

declare_finding! {
    /// ## What it means
    /// An answer came over a path that the configuration, as read, denies. Groups and ACLs drop and never answer, so what
    /// we read is old or incomplete, or there is a way that we do not model. Findings about this path are trusted less.
    /// ## How we know
    /// The path analysis denies, and the TCP handshake completed or was refused.
    /// ## What looks like it
    /// A firewall on this host that rejects with a RST answers before the VPC sees the packet.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-security-group-rules --filters Name=group-id,Values=GROUP
    ///     vpce-doctor check TARGET --inventory ec2
    /// ## How to fix it
    /// Read the configuration again. If it still contradicts, report the case with `--record`.
    static PACKETS_CONTRADICT_INVENTORY = { title: "packets pass where the configuration says they cannot", severity: Info, side: Tool, layer: Tool, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&PACKETS_CONTRADICT_INVENTORY, check);

fn check(case: &Case<'_>) -> Outcome {
    let mut rows = Vec::new();
    let mut undecided = None;
    for row in case.rows.iter().filter(|row| row.is_answered() && !row.is_this_host()) {
        match row.path.verdict() {
            Known::Known(PathVerdict::Deny) => rows.push(row),
            Known::Known(PathVerdict::Allow) => {}
            Known::Unknown(why) => undecided = Some(why),
        }
    }
    if rows.is_empty() {
        return undecided.map_or(Ok(None), Err);
    }
    let ips = words::list(rows.iter().map(|row| row.ip()));
    let blockers = rows.iter().flat_map(|row| row.path.blockers().map(move |(step, _)| (row, step)));
    let denied = rows.iter().flat_map(|row| row.path.blockers()).map(|(step, _)| match step.resource() {
        Some(resource) => resource.id,
        None => step.kind.as_str().to_owned(),
    });
    let denied = words::list(denied.collect::<BTreeSet<_>>());
    let draft = Draft::new(
        Confidence::Confirmed,
        format!(
            "{ips} can be reached although the configuration, as read, denies it ({denied}): what was read is old or incomplete."
        ),
    )
    .evidence(blockers.map(|(row, step)| match step.resource() {
        Some(resource) => {
            Evidence::of(format!("{} for {}: {}", resource.id, row.ip(), step.rule()), resource)
        }
        None => Evidence::new(format!("{} for {}: {}", step.kind.as_str(), row.ip(), step.rule())),
    }))
    .evidence(rows.iter().map(|row| words::packets(case, row)))
    .fix(Fix::text("Read the configuration again; if it still contradicts, report the case with --record"));
    Ok(Some(draft))
}
