//! The generated accounts are worth asking: some flows pass, and the others fail in every way.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};

use crate::{
    answer::{Answer, Verdict},
    dice::numbers,
    world::World,
};

const WORLDS: usize = 400;

#[test]
fn about_half_of_all_flows_pass_and_the_others_fail_in_many_ways() {
    let mut runner = TestRunner::deterministic();
    let mut verdicts: BTreeMap<Verdict, usize> = BTreeMap::new();
    let mut codes = BTreeSet::new();
    for _ in 0..WORLDS {
        let numbers = numbers().new_tree(&mut runner).expect("numbers").current();
        let (world, _) = World::of(&numbers);
        for (_, path) in world.paths() {
            let answer = Answer::of(&path);
            *verdicts.entry(answer.verdict).or_default() += 1;
            codes.extend(answer.blockers.into_iter().map(|(kind, code, _)| (kind, code)));
        }
    }
    let all: usize = verdicts.values().sum();
    let percent = 100 * verdicts[&Verdict::Allow] / all;
    assert!((30..=60).contains(&percent), "{percent} % of {all} flows pass: {verdicts:?}");
    assert!(verdicts[&Verdict::Undecided] > 0);
    assert!(codes.len() >= 40, "{codes:#?}");
}
