//! The long text of a finding, and the list of all, from the registry alone: there may be no web at 3 a.m.

use std::fmt::Write as _;

use crate::{model::finding::FindingMeta, rules};

use super::{
    glossary::{self, Term},
    style::{Styles, paint},
};

/// The documentation of one code.
pub fn one(meta: &FindingMeta, styles: &Styles) -> String {
    let mut text = format!(
        "{}\n{}\n\n{} · {} · since {}\n",
        paint(styles.heading, meta.code),
        meta.title,
        meta.severity.as_str(),
        meta.side.as_str(),
        meta.since,
    );
    for line in meta.documentation.lines() {
        // A doc comment's line begins with one space; indented commands keep the rest of theirs.
        let line = line.strip_prefix(' ').unwrap_or(line);
        let line = match line.strip_prefix("## ") {
            Some(heading) => format!("\n{}", paint(styles.heading, heading)),
            None => format!("  {line}"),
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }
    words(&mut text, meta, styles);
    text
}

/// The text of a finding without its commands.
pub fn prose(meta: &FindingMeta) -> String {
    let lines = meta.documentation.lines().filter(|line| !line.starts_with("     "));
    std::iter::once(meta.title).chain(lines).collect::<Vec<_>>().join("\n")
}

/// The terms that the text uses, explained.
fn words(text: &mut String, meta: &FindingMeta, styles: &Styles) {
    let terms = glossary::of(&prose(meta));
    let width = terms.iter().map(|term| term.word.len()).max().unwrap_or(0);
    // Writing to a string cannot fail.
    if !terms.is_empty() {
        let _ = writeln!(text, "\n{}", paint(styles.heading, "Words"));
    }
    for Term { word, meaning } in terms {
        let _ = writeln!(text, "  {word:width$}  {meaning}");
    }
}

/// Every code with its title.
pub fn list(styles: &Styles) -> String {
    let mut metas: Vec<_> = rules::documented().collect();
    let width = metas.iter().map(|meta| meta.code.len()).max().unwrap_or(0);
    metas.sort_by_key(|meta| meta.code);
    let line = |meta: &&FindingMeta| {
        format!("{}  {}\n", paint(styles.heading, format!("{:width$}", meta.code)), meta.title)
    };
    metas.iter().map(line).collect()
}
