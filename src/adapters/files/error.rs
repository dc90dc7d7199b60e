//! Why a directory is no inventory.

use std::{
    io,
    path::{Path, PathBuf},
};

#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    #[error("{}: not a directory; expected a directory of JSON files as `aws ec2 describe-…` prints them", .path.display())]
    NotADirectory { path: PathBuf },

    #[error("{}: cannot be read: {source}", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },

    /// Line and column count from 1, as editors do.
    #[error("{}:{line}:{column}: {problem}; expected JSON as `aws ec2 describe-…` prints it", .path.display())]
    NotJson { path: PathBuf, line: usize, column: usize, problem: String },

    #[error(
        "{}: nothing in {files} JSON file(s) is output of `aws ec2 describe-…`; expected at least one of the \
         top-level keys {keys}",
        .path.display()
    )]
    NothingUsable { path: PathBuf, files: usize, keys: String },
}

impl FilesError {
    pub(super) fn not_json(path: &Path, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        Self::NotJson {
            path: path.to_owned(),
            line: error.line(),
            // serde_json counts the characters before the place where it noticed the end.
            column: error.column().max(1),
            problem: text.strip_suffix(&place).unwrap_or(&text).to_owned(),
        }
    }
}
