//! What every path tells, whatever it comes to.

use proptest::prelude::*;
use vpce_doctor::{
    analyze::path::{self, Path, StepKind},
    model::{known::Known, report::PathVerdict},
    rules,
};

use crate::{dice::numbers, world::World};

proptest! {
    #![proptest_config(crate::cases(200))]

    #[test]
    fn has_every_step_and_a_code_for_every_blocker(numbers in numbers()) {
        let (world, _) = World::of(&numbers);
        for (question, path) in world.paths() {
            check(&path)?;
            let report = rules::explain_path(&world.inventory, question, &path);
            prop_assert_eq!(report.steps.len(), StepKind::ALL.len());
            prop_assert_eq!(report.blockers.len(), path.blockers().count());
        }
    }
}

/// True of any path, also of an account that nobody could have.
pub(crate) fn check(path: &Path) -> Result<(), TestCaseError> {
    for kind in StepKind::ALL {
        prop_assert!(path.parts(kind).next().is_some(), "no step {}", kind.as_str());
    }
    let denied = path.verdict() == Known::Known(PathVerdict::Deny);
    prop_assert_eq!(denied, path.blockers().next().is_some());
    for (step, what) in path.blockers() {
        prop_assert!(!path::code(path, step, what).is_empty(), "{:?}", what);
        prop_assert!(!step.rule().is_empty(), "{:?}", what);
    }
    Ok(())
}
