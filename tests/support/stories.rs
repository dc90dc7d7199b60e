//! The stories under `tests/scenarios`.
#![expect(clippy::disallowed_methods, reason = "tests read their own files")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use vpce_doctor::model::facts::Facts;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// Every folder's name and its recorded facts, in order of the names.
pub(crate) fn stories() -> Vec<(String, Facts)> {
    let mut stories: Vec<_> = fs::read_dir(root())
        .expect("tests/scenarios exists")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.is_dir())
        .map(|path| {
            let name = path.file_name().expect("a folder has a name").to_string_lossy().into_owned();
            let text = fs::read_to_string(path.join("facts.json"));
            let text = text.unwrap_or_else(|error| panic!("{name} has no facts.json: {error}"));
            let facts = serde_json::from_str(&text);
            (name.clone(), facts.unwrap_or_else(|error| panic!("{name} is no recording: {error}")))
        })
        .collect();
    stories.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(!stories.is_empty(), "there are stories");
    stories
}
