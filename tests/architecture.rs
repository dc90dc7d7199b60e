//! The house's rules, held by reading its sources: which floor may use which, who may print, who may name a
//! library's types.
#![expect(clippy::disallowed_methods, reason = "tests read their own files")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Modules by floor, as the crate's documentation tells. A module uses floors below its own, never a neighbour.
const FLOORS: [(&str, u8); 10] = [
    ("model", 0),
    ("analyze", 1),
    ("ports", 1),
    ("adapters", 2),
    ("rules", 2),
    ("render", 2),
    ("config", 2),
    ("runtime", 3),
    ("cli", 4),
    ("demo", 4),
];

/// Uses between neighbours that are meant, and why.
const NEIGHBOURS: [(&str, &str, &str); 2] = [
    (
        "render",
        "rules",
        "explain and the metrics print the registry of findings, which is a table and no logic",
    ),
    ("cli", "demo", "the demo is a command"),
];

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).expect("the source tree can be read") {
            let path = entry.expect("the source tree can be read").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a source file is UTF-8");
            (path.strip_prefix(&root).expect("found below the root").to_owned(), code_only(&text))
        })
        .collect()
}

/// Comments name other modules freely.
fn code_only(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn module_of(path: &Path) -> String {
    let first = path.iter().next().expect("a path has a first part").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// `crate::model::…` directly, and `crate::{model::…, ports::…}` in groups.
fn used_modules(text: &str) -> Vec<String> {
    let mut used = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => used.push(identifier(rest)),
            Some(group) => used.extend(top_level_items(group)),
        }
    }
    used.retain(|module| FLOORS.iter().any(|(known, _)| known == module));
    used
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn top_level_items(group: &str) -> Vec<String> {
    let (mut depth, mut items, mut item) = (0_u32, Vec::new(), String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => items.push(identifier(std::mem::take(&mut item).trim())),
            _ if depth == 0 => item.push(c),
            _ => {}
        }
    }
    items.push(identifier(item.trim()));
    items
}

#[test]
fn floors_use_only_floors_below() {
    let floors: BTreeMap<_, _> = FLOORS.into_iter().collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        let Some(floor) = floors.get(module.as_str()) else { continue };
        for used in used_modules(&text) {
            let meant = NEIGHBOURS.iter().any(|(from, to, _)| *from == module && *to == used);
            if used != module && floors[used.as_str()] >= *floor && !meant {
                wrong.push(format!("{} uses {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "against the arrows:\n{}", wrong.join("\n"));
}

/// Two steps up may leave a floor without naming it, where the test above does not look.
#[test]
fn paths_do_not_climb() {
    let climbing: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| text.contains("super::super::"))
        .map(|(path, _)| path)
        .collect();
    assert!(climbing.is_empty(), "use crate:: instead: {climbing:?}");
}

#[test]
fn every_module_has_a_floor() {
    let unknown: Vec<_> = sources()
        .iter()
        .map(|(path, _)| module_of(path))
        .filter(|module| !["lib", "main"].contains(&module.as_str()))
        .filter(|module| FLOORS.iter().all(|(known, _)| known != module))
        .collect();
    assert!(unknown.is_empty(), "without a floor: {unknown:?}");
}

/// A library's types stay behind the adapter that speaks to it.
#[test]
fn foreign_types_stay_in_their_adapters() {
    let confined = [
        ("aws_", &["adapters/ec2"][..]),
        ("hickory_", &["adapters/dns", "demo/servers"][..]),
        ("rustls", &["adapters/tls", "adapters/http", "demo"][..]),
        ("reqwest", &["adapters/"][..]),
        ("x509_parser", &["adapters/tls"][..]),
        ("socket2", &["adapters/", "demo/servers"][..]),
        ("serde_yaml", &["config/"][..]),
        ("prometheus", &["render/metrics", "runtime/"][..]),
        ("axum", &["runtime/http"][..]),
        ("clap", &["cli/"][..]),
    ];
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let path = path.to_string_lossy().into_owned();
        for (library, homes) in confined {
            let named = text.lines().any(|line| names_library(line, library));
            if named && !homes.iter().any(|home| path.starts_with(home)) {
                wrong.push(format!("{path} names {library}"));
            }
        }
    }
    assert!(wrong.is_empty(), "library types out of their adapters:\n{}", wrong.join("\n"));
}

/// `use library…` or a path `library::…`, as a whole word.
fn names_library(line: &str, library: &str) -> bool {
    line.match_indices(library).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let rest = &line[at + library.len()..];
        let rest =
            rest.trim_start_matches(|c: char| library.ends_with('_') && (c.is_alphanumeric() || c == '_'));
        let whole = before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':');
        whole && (rest.starts_with("::") || (line.trim_start().starts_with("use ") && rest.starts_with(';')))
    })
}

#[test]
fn main_is_short() {
    let main =
        sources().into_iter().find(|(path, _)| path == Path::new("main.rs")).expect("there is a main.rs");
    assert!(main.1.lines().count() < 30);
}

#[test]
fn lints_are_expected_with_a_reason_and_never_allowed() {
    let wrong: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| {
            text.contains("#[allow(")
                || text.contains("#![allow(")
                || text.match_indices("expect(clippy").any(|(at, _)| {
                    let end = text[at..].find(']').map_or(text.len(), |end| at + end);
                    !text[at..end].contains("reason =")
                })
        })
        .map(|(path, _)| path)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}
