//! Recorded facts on disk: what `--record` writes, and `--replay` and `--since` read.

use std::path::Path;

use serde::Deserialize;

use crate::{model::facts::Facts, render::json};

use super::{error::CliError, output};

/// Enough of a file to know what it is.
#[derive(Deserialize)]
#[serde(expecting = "a JSON object with a schema")]
struct Head {
    schema: Option<String>,
}

pub(super) fn write(path: &Path, facts: &Facts) -> Result<(), CliError> {
    // Facts have string keys and finite numbers only, so they always serialize.
    let mut text = serde_json::to_string_pretty(facts).unwrap_or_default();
    text.push('\n');
    output::write_file(path, &text)
}

pub(super) fn read(path: &Path) -> Result<Facts, CliError> {
    let text = output::read_file(path)?;
    let not_json = |error: serde_json::Error| {
        // The place is told in front.
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = error.to_string();
        wrong(path, error.line(), error.column(), message.strip_suffix(&place).unwrap_or(&message))
    };
    let head: Head = serde_json::from_str(&text).map_err(not_json)?;
    let message = match head.schema.as_deref() {
        Some(Facts::SCHEMA) => return serde_json::from_str(&text).map_err(not_json),
        Some(json::SCHEMA) => format!("it is a report ({})", json::SCHEMA),
        Some(schema) => format!("its schema is {schema:?}, this version reads {:?}", Facts::SCHEMA),
        None => format!("it has no schema, which would be {:?}", Facts::SCHEMA),
    };
    let (line, column) = place_of(&text, "\"schema\"");
    Err(wrong(path, line, column, &message))
}

fn wrong(path: &Path, line: usize, column: usize, message: &str) -> CliError {
    CliError::Recording { path: path.to_owned(), line, column, message: message.to_owned() }
}

/// Where these words begin, counted from 1; the beginning where they do not occur.
fn place_of(text: &str, words: &str) -> (usize, usize) {
    let before = text.find(words).map_or("", |at| &text[..at]);
    let last = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, last.chars().count() + 1)
}
