//! What a path comes to, without the order in which anything was told.

use std::{collections::BTreeSet, fmt::Write as _};

use vpce_doctor::{
    analyze::path::{self, Blocker, Path, Question, Step, StepKind, StepOutcome, between},
    model::{inventory::Inventory, known::Known, report::PathVerdict},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Allow,
    Undecided,
    Deny,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    /// Where, what and whose.
    pub(crate) blockers: BTreeSet<(StepKind, &'static str, String)>,
    undecided: BTreeSet<StepKind>,
    /// Parts per million of the client's ports.
    partly: BTreeSet<(StepKind, i64)>,
}

/// None for a question that names no end, or several.
pub(crate) fn ask(inventory: &Inventory, question: &Question) -> Option<Answer> {
    between(inventory, question).ok().map(|path| Answer::of(&path))
}

impl Verdict {
    pub(crate) fn of(path: &Path) -> Self {
        match path.verdict() {
            Known::Known(PathVerdict::Allow) => Self::Allow,
            Known::Known(PathVerdict::Deny) => Self::Deny,
            Known::Unknown(_) => Self::Undecided,
        }
    }
}

impl Answer {
    pub(crate) fn of(path: &Path) -> Self {
        let blockers = path.blockers();
        let undecided = path.steps.iter().filter(|step| matches!(step.outcome, StepOutcome::Undecided(_)));
        #[expect(clippy::cast_possible_truncation, reason = "a share is at most one")]
        let parts = |step: &Step| (step.kind, (step.blocked_share() * 1e6) as i64);
        Self {
            verdict: Verdict::of(path),
            blockers: blockers
                .map(|(step, what)| (step.kind, path::code(path, step, what), whose(step, what)))
                .collect(),
            undecided: undecided.map(|step| step.kind).collect(),
            partly: path.steps.iter().map(parts).filter(|(_, share)| *share > 0).collect(),
        }
    }
}

/// The whole way, for whoever reads of a failure.
pub(crate) fn told(path: &Path) -> String {
    let mut told = format!("{:?}\n", path.flow);
    for step in &path.steps {
        let outcome = match &step.outcome {
            StepOutcome::Allow => "allows",
            StepOutcome::Undecided(_) => "undecided",
            StepOutcome::Deny(_) => "DENIES",
        };
        let _ =
            writeln!(told, "{:24} {outcome:10} {:16} {}", step.kind.as_str(), step.id_or("-"), step.rule());
    }
    told
}

/// Of several groups that deny together, which one is named is a matter of taste.
fn whose(step: &Step, what: &Blocker) -> String {
    if let Blocker::Group(denial) = what {
        let mut groups: Vec<_> = denial.groups.iter().map(ToString::to_string).collect();
        groups.sort();
        return groups.join(" ");
    }
    step.resource().map(|resource| format!("{} {:?}", resource.id, resource.position)).unwrap_or_default()
}
