//! What could not be checked, and what it would take.

use crate::{
    model::{
        finding::Undecided,
        inventory::{Inventory, InventorySource},
        known::Reason,
    },
    render::{
        style::{Styles, paint},
        wrap,
    },
};

use super::prose::clean;

/// As many codes are told by name; more of them say nothing to a reader.
const BY_NAME: usize = 3;

pub(super) fn write(out: &mut String, gaps: &[String]) {
    if !gaps.is_empty() {
        out.push('\n');
    }
    for gap in gaps {
        wrap::text(out, "  ", "    ", gap);
    }
}

/// One paragraph each.
pub(super) fn told(inventory: &Inventory, undecided: &[Undecided], styles: &Styles) -> Vec<String> {
    let not_checked = paint(styles.doubtful, "Not checked:");
    let mut all = Vec::new();
    if let InventorySource::None { why } = &inventory.source {
        all.push(format!("{not_checked} the VPC's configuration was not read ({})", clean(why)));
    }
    for call in &inventory.calls {
        if let Some(Reason::Failed { message }) = &call.failure {
            let label = paint(styles.doubtful, "Not read:");
            all.push(format!("{label} {}: {}", call.action, clean(message)));
        }
    }
    let gaps = by_gap(inventory, undecided);
    if all.is_empty() && gaps.is_empty() && inventory.calls.iter().all(|call| call.failure.is_none()) {
        all.extend(nothing_hidden(&inventory.source).map(|text| paint(styles.faint, text)));
    }
    for (gap, codes) in gaps {
        let what = if codes.len() <= BY_NAME {
            codes.join(", ")
        } else {
            format!("{} findings (--format json lists them)", codes.len())
        };
        all.push(format!("{not_checked} {what}: needs {}", clean(&gap)));
    }
    all
}

/// Never that nothing is hidden: what the program does not ask for, it cannot know of.
fn nothing_hidden(source: &InventorySource) -> Option<&'static str> {
    match source {
        InventorySource::Ec2 { .. } => Some("Every call to the EC2 API was answered."),
        InventorySource::Directory { .. } => Some("Every list that was needed was among what was given."),
        InventorySource::None { .. } => None,
    }
}

/// What is missing, with the findings that need it. What was never asked for needs no reason, and is told together.
fn by_gap<'a>(inventory: &Inventory, undecided: &'a [Undecided]) -> Vec<(String, Vec<&'a str>)> {
    let unread = matches!(inventory.source, InventorySource::None { .. });
    let mut missing: Vec<&str> = Vec::new();
    let mut codes: Vec<&str> = Vec::new();
    let mut gaps: Vec<(String, Vec<&str>)> = Vec::new();
    for one in undecided {
        let why = &one.why;
        if unread && why.reason == Reason::NotAsked {
            codes.push(&one.code);
            missing.push(&why.missing);
            continue;
        }
        let gap = format!("{} ({})", why.missing, why.reason.describe());
        match gaps.iter_mut().find(|(known, _)| *known == gap) {
            Some((_, codes)) => codes.push(&one.code),
            None => gaps.push((gap, vec![&one.code])),
        }
    }
    if !missing.is_empty() {
        missing.sort_unstable();
        missing.dedup();
        gaps.insert(0, (missing.join(", "), codes));
    }
    gaps
}
