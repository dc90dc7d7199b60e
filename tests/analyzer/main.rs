//! What must hold for every account, however it was put together. `PROPTEST_CASES` tries more of them.

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

use proptest::test_runner::Config;

/// As many as a test can pay for, or as many as it is told.
fn cases(own: u32) -> Config {
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    let cases = if asked { Config::default().cases } else { own };
    Config { cases, max_shrink_iters: 20_000, failure_persistence: None, ..Config::default() }
}
