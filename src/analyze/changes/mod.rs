//! What changed since all was well: an earlier record of a target beside today's, as far as both sides know.
//!
//! Only what bears on the target's way is compared: its name, this host's place, the interfaces at both ends with
//! their groups, the ACLs and route tables of their subnets, the endpoint, the certificate. What one side does not
//! know has not changed; it is listed as not compared.

mod endpoint;
mod evidence;
mod firewall;
mod gaps;
mod name;
mod route;
mod side;
mod tls;
mod vantage;

use crate::model::{
    difference::{Comparison, Difference, DifferenceKind},
    facts::{Facts, TargetFacts},
    report::{Report, TargetVerdict},
    resource::ResourceRef,
    target::Target,
};

use super::symptom;
use side::Side;

pub use evidence::mark;

/// Compares every failing target with the earlier record, and tells the findings which of their evidence changed.
pub fn since(then: &Facts, report: &mut Report) {
    for (target, judged) in report.facts.targets.iter().zip(&mut report.targets) {
        if is_failing(judged.verdict) {
            judged.comparison = Some(compare(then, &report.facts, target));
            mark(judged);
        }
    }
}

pub fn is_failing(verdict: TargetVerdict) -> bool {
    matches!(verdict, TargetVerdict::Down | TargetVerdict::Degraded)
}

/// The differences that matter to one of `now`'s targets.
pub fn compare(then: &Facts, now: &Facts, target: &TargetFacts) -> Comparison {
    let Some(record) = recorded(then, &target.target) else {
        let not_compared =
            vec![format!("{}: the earlier record does not have it", target.target.authority())];
        return Comparison { with: then.now, verdict: None, differences: Vec::new(), not_compared };
    };
    let (then_side, now_side) = (Side::new(then, record), Side::new(now, target));
    let both = Both { then: then_side.standing_like(&now_side), now: now_side.standing_like(&then_side) };
    let verdict = symptom::verdict(record, &symptom::symptoms(record));
    let mut comparison = Comparison {
        with: then.now,
        verdict: Some(verdict),
        differences: both.differences(),
        not_compared: gaps::not_compared(&both),
    };
    comparison.sort();
    comparison
}

/// The same host and port; where several are recorded, the one of the same name or else protocol.
fn recorded<'a>(then: &'a Facts, target: &Target) -> Option<&'a TargetFacts> {
    let host = |target: &Target| target.host.trim_end_matches('.').to_ascii_lowercase();
    let same =
        |record: &&TargetFacts| record.target.port == target.port && host(&record.target) == host(target);
    let likeness = |record: &&TargetFacts| {
        (record.target.name == target.name, record.target.protocol == target.protocol)
    };
    // Of equals the first, which `max_by_key` would not give.
    then.targets.iter().filter(same).rev().max_by_key(likeness)
}

struct Both<'a> {
    then: Side<'a>,
    now: Side<'a>,
}

impl<'a> Both<'a> {
    /// In the order of the way from the host to the provider.
    fn differences(&self) -> Vec<Difference> {
        let mut all: Vec<Difference> = vantage::differences(self).into_iter().collect();
        all.extend(name::differences(self));
        all.extend(firewall::at_source(self));
        all.extend(route::at_source(self));
        all.extend(route::peerings(self));
        all.extend(firewall::at_endpoint(self));
        all.extend(route::at_endpoint(self));
        all.extend(firewall::prefix_lists(self));
        all.extend(endpoint::differences(self));
        all.extend(tls::differences(self));
        // One ACL may serve both ends.
        let mut told: Vec<Difference> = Vec::new();
        for difference in all {
            if !told.contains(&difference) {
                told.push(difference);
            }
        }
        told
    }

    /// What either side has, in the order then, now, each once.
    fn either<T: PartialEq>(&self, of: impl Fn(&Side<'a>) -> Vec<T>) -> Vec<T> {
        let mut all: Vec<T> = Vec::new();
        for item in of(&self.then).into_iter().chain(of(&self.now)) {
            if !all.contains(&item) {
                all.push(item);
            }
        }
        all
    }
}

/// What only the one has, and what only the other.
fn apart<T: PartialEq + Clone>(then: &[T], now: &[T]) -> (Vec<T>, Vec<T>) {
    let without = |these: &[T], those: &[T]| -> Vec<T> {
        these.iter().filter(|item| !those.contains(item)).cloned().collect()
    };
    (without(then, now), without(now, then))
}

/// A part that a resource lost, gained, or has in another form.
fn part(
    kind: DifferenceKind,
    place: &str,
    reference: ResourceRef,
    before: Option<String>,
    after: Option<String>,
) -> Difference {
    let fact = match (&before, &after) {
        (Some(before), None) => format!("{place} lost {before}"),
        (None, Some(after)) => format!("{place} gained {after}"),
        (Some(before), Some(after)) => format!("{place} has {after}, formerly {before}"),
        (None, None) => place.to_owned(),
    };
    Difference { before, after, ..Difference::new(kind, fact).at(reference) }
}

/// `b, no longer a`; `no longer a`; `also b`.
fn turn<T: ToString>(lost: &[T], gained: &[T]) -> String {
    match (lost.is_empty(), gained.is_empty()) {
        (false, false) => format!("{}, no longer {}", list(gained), list(lost)),
        (false, true) => format!("no longer {}", list(lost)),
        _ => format!("also {}", list(gained)),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn list<T: ToString>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    match items.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
