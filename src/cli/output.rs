//! Standard output, its colours, and files.

use std::{
    fs::OpenOptions,
    io::{self, IsTerminal, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use crate::render::style::Styles;

use super::error::CliError;

/// Writes everything or says why not. A reader that went away has seen enough, and changes no verdict.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    let seen_enough = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    written
        .or_else(|error| if seen_enough(&error) { Ok(()) } else { Err(error) })
        .map_err(|source| CliError::Write { path: "standard output".into(), source })
}

/// Says it on standard error. When nobody can hear it, that is no reason to end differently.
pub(super) fn remark(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// For the user's own eyes: a recording tells a network's layout.
pub(super) fn write_file(path: &Path, text: &str) -> Result<(), CliError> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| CliError::Write { path: path.to_owned(), source })
}

#[expect(clippy::disallowed_methods, reason = "commands read the files that the user names")]
pub(super) fn read_file(path: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|source| CliError::Read { path: path.to_owned(), source })
}

/// Colours on a terminal only, and not where the user asked for none (<https://no-color.org>).
#[expect(clippy::disallowed_methods, reason = "the environment is read here and passed on as a value")]
pub(super) fn styles() -> Styles {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let forced = set("CLICOLOR_FORCE");
    if !set("NO_COLOR") && (forced || io::stdout().is_terminal()) {
        Styles::colored()
    } else {
        Styles::default()
    }
}
