//! F2, what the user asks for: the configuration file and the targets of a command line.
//!
//! [`parse`] turns the text of a file into a [`Plan`] and [`target::parse`] turns one word of a command
//! line into a target. Both are pure functions: who reads the file, and from where, is the caller's business.
//!
//! The text passes three stages, and each knows only its own:
//! `yaml` turns it into a tree and finds the line of a fault, `file` says which keys exist and what their
//! values look like, `plan` fills in defaults and refuses what makes no sense together.

mod duration;
mod error;
mod file;
mod host;
mod plan;
mod services;
mod spelling;
pub mod target;
mod value;
mod yaml;

pub use self::{
    error::{ConfigError, KeyPath, Place, Problem, Step},
    file::SECTIONS,
    host::HostError,
    plan::{AwsSettings, InventoryChoice, Plan},
    services::Unspoken,
    spelling::Near,
};

/// Reads a configuration file's text. `file_name` only stands in messages.
///
/// Relative paths in the file are kept as they are, so they start at the process's working directory.
///
/// # Errors
/// The first mistake found, with its line, its column, the key it is at and what was expected there.
pub fn parse(text: &str, file_name: &str) -> Result<Plan, ConfigError> {
    yaml::read(text)
        .and_then(|tree| Ok(value::root::<file::File>(tree).and_then(Plan::try_from)?))
        .map_err(|fault| fault.in_file(text, file_name))
}

/// Reads a span of time as the file writes it: `500ms`, `15s`, `1h30m`. For options of the command line.
///
/// # Errors
/// What was expected and found.
pub fn duration(text: &str) -> Result<std::time::Duration, Problem> {
    match duration::parse(text) {
        Some(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(Problem::Expected {
            expected: "a duration like 500ms, 15s or 2m",
            found: format!("{text:?}"),
        }),
    }
}
