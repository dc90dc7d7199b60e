//! From what was typed to what is meant: the file's settings with the command line's on top.

use std::path::Path;

use crate::config::{self, Plan};

use super::{args::TargetArgs, error::CliError, output};

/// The plan of a file.
pub(super) fn of_file(path: &Path) -> Result<Plan, CliError> {
    Ok(config::parse(&output::read_file(path)?, &path.display().to_string())?)
}

/// The plan of a command: at least one target, each once.
pub(super) fn of(args: &TargetArgs) -> Result<Plan, CliError> {
    let mut plan = match &args.config {
        Some(path) => of_file(path)?,
        None => Plan::default(),
    };
    for text in &args.targets {
        let target = config::target::parse(text)?;
        // Names are labels of metrics, so they are unique; the same words mean the same target.
        if plan.targets.iter().all(|known| known.name != target.name) {
            plan.targets.push(target);
        }
    }
    if plan.targets.is_empty() {
        return Err(CliError::NoTargets);
    }
    for target in &mut plan.targets {
        target.timeout = args.timeout.unwrap_or(target.timeout);
        // A probe must be over when the next one is due.
        target.interval = target.interval.max(target.timeout);
        if target.protocol.uses_tls() && target.tls.ca_file.is_none() {
            target.tls.ca_file.clone_from(&args.ca_file);
        }
    }
    Ok(plan)
}
