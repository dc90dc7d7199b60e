//! Rules that lie on request: `tests/lab/mutate` switches one off, or makes it always find, and sees whether the
//! scenarios notice. Only in builds with the `mutation` feature, which nobody ships.

use crate::model::finding::{Confidence, Severity};

use super::{Draft, Outcome, Rule};

const WITHOUT: &str = "VPCE_DOCTOR_MUTATE_WITHOUT";
const ALWAYS: &str = "VPCE_DOCTOR_MUTATE_ALWAYS";

/// What the rule says instead of what it would say.
pub(super) fn instead_of(rule: &Rule) -> Option<Outcome> {
    if is_named(WITHOUT, rule) {
        return Some(Ok(None));
    }
    let invented = || Draft::new(Confidence::Confirmed, "invented by a mutation").severity(Severity::Error);
    is_named(ALWAYS, rule).then(|| Ok(Some(invented())))
}

#[expect(clippy::disallowed_methods, reason = "a build for the lab alone; users have configuration instead")]
fn is_named(variable: &str, rule: &Rule) -> bool {
    std::env::var(variable).is_ok_and(|code| code == rule.meta.code)
}
