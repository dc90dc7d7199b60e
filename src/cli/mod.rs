//! F4, the commands: what the user typed becomes a call of the runtime, and its outcome an exit code.

mod args;
mod commands;
pub mod error;
pub mod exit;
mod logging;
mod output;
mod plan;
mod recording;
mod wire;

use std::process::ExitCode;

use clap::{Parser, error::ErrorKind};

use args::{Arguments, Command};
use error::CliError;
use exit::Exit;

/// Parses, runs, and says how it ended. Help and version are answers, not errors.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A reader that went away has seen enough.
            let _ = error.print();
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if asked { Exit::Healthy } else { Exit::Unknown }.into();
        }
    };
    run(arguments).unwrap_or_else(|error| error.report()).into()
}

fn run(arguments: Arguments) -> Result<Exit, CliError> {
    match arguments.command {
        Command::Check(check) => commands::check::run(&check),
        Command::Config(config) => commands::config::run(&config),
        Command::Demo(demo) => commands::demo::run(&demo),
        Command::Explain(explain) => commands::explain::run(&explain),
        Command::Healthcheck(healthcheck) => commands::healthcheck::run(&healthcheck),
        Command::Path(path) => commands::path::run(&path),
        Command::Run(run) => commands::run::run(&run),
    }
}
