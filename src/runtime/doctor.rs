//! Collect, then judge: the one cycle that `check` runs once and `run` runs for ever.

use crate::{
    model::{report::Report, target::Target},
    rules,
};

use super::collect::{Limits, World, collect};

pub async fn examine(world: &World, targets: &[Target], limits: Limits) -> Report {
    rules::diagnose(collect(world, targets, limits).await)
}
