//! What must hold for every account, however it was put together. `PROPTEST_CASES=10000` tries other ones and more of
//! them; `ANALYZER_NUMBERS` repeats one, from the numbers that a failure prints.

mod answer;
mod balance;
#[path = "../support/cli_json.rs"]
mod cli_json;
mod dice;
mod files;
mod ignorance;
mod mirror;
mod order;
mod remedy;
mod rules;
mod shape;
mod world;
mod wreck;

use proptest::test_runner::{Config, RngSeed};

/// As many as a test can pay for and always the same ones; or as many as somebody wants, others each time.
fn cases(own: u32) -> Config {
    let default = Config::default();
    let (cases, rng_seed) =
        if default.cases == CASES { (own, RngSeed::Fixed(4)) } else { (default.cases, default.rng_seed) };
    Config {
        cases,
        rng_seed,
        max_shrink_time: 60_000,
        max_shrink_iters: 20_000,
        failure_persistence: None,
        ..default
    }
}

/// Where the environment says nothing.
const CASES: u32 = 256;
