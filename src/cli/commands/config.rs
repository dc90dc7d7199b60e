//! `vpce-doctor config check FILE`

use crate::{
    cli::{args::ConfigCommand, error::CliError, exit::Exit, output, plan},
    render::plural,
};

pub(in crate::cli) fn run(command: &ConfigCommand) -> Result<Exit, CliError> {
    let ConfigCommand::Check { file } = command;
    let plan = plan::of_file(file)?;
    let targets = plural::count(plan.targets.len(), "target", "targets");
    output::print(&format!("{}: {targets}, no mistakes\n", file.display()))?;
    Ok(Exit::Healthy)
}
