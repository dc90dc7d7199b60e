//! What every finding owes: a code of its own, an explanation in all sections, a rule that emits it and a
//! scenario that shows it.
#![expect(clippy::disallowed_methods, reason = "tests read their own files")]

use std::{collections::BTreeSet, fs, path::Path};

use vpce_doctor::{
    model::{facts::Facts, finding::Severity},
    rules::{self, RULES, SECTIONS},
};

fn scenarios() -> Vec<(String, Facts)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut all: Vec<_> = fs::read_dir(&root)
        .expect("tests/scenarios exists")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.is_dir())
        .map(|path| {
            let name = path.file_name().expect("a folder has a name").to_string_lossy().into_owned();
            let text = fs::read_to_string(path.join("facts.json")).expect("a scenario has facts.json");
            (name, serde_json::from_str(&text).expect("facts.json is a recording"))
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn codes_are_unique_kebab_case_words() {
    let mut seen = BTreeSet::new();
    for rule in RULES {
        let code = rule.meta.code;
        assert!(seen.insert(code), "{code} is declared twice");
        assert!(code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{code}");
    }
}

#[test]
fn every_finding_is_documented_in_all_sections_in_order() {
    for rule in RULES {
        let text = rule.meta.documentation;
        let headings: Vec<_> = text.lines().filter_map(|line| line.trim().strip_prefix("## ")).collect();
        assert_eq!(headings, SECTIONS, "{}", rule.meta.code);
        let empty = text
            .split("## ")
            .skip(1)
            .any(|section| section.lines().skip(1).all(|line| line.trim().is_empty()));
        assert!(!empty, "{} has an empty section", rule.meta.code);
        assert!(!rule.meta.title.is_empty() && !rule.meta.title.ends_with('.'), "{}", rule.meta.code);
    }
}

/// References in the texts lead somewhere.
#[test]
fn codes_named_in_explanations_exist() {
    for rule in RULES {
        for word in rule.meta.documentation.split('`') {
            let looks_like_code =
                ["dns-", "endpoint-", "sg-", "nacl-", "route-", "provider-", "tls-", "api-"]
                    .iter()
                    .any(|family| word.starts_with(family))
                    && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            assert!(!looks_like_code || rules::find(word).is_some(), "{} names {word}", rule.meta.code);
        }
    }
}

#[test]
fn every_finding_is_shown_by_a_scenario_of_its_name() {
    let scenarios = scenarios();
    for rule in RULES {
        let code = rule.meta.code;
        let Some((_, facts)) = scenarios.iter().find(|(name, _)| name == code) else {
            panic!("no folder tests/scenarios/{code}");
        };
        let report = rules::diagnose(facts.clone());
        let shown =
            report.targets.iter().flat_map(|target| &target.findings).find(|finding| finding.code == code);
        let shown = shown.unwrap_or_else(|| panic!("tests/scenarios/{code} does not show {code}"));
        if shown.severity == Severity::Error {
            let primary = report.targets.iter().any(|target| target.primary.as_deref() == Some(code));
            assert!(primary, "{code} is not the primary of its own scenario");
        }
    }
}

#[test]
fn findings_are_true_to_their_word_in_every_scenario() {
    for (name, facts) in scenarios() {
        let report = rules::diagnose(facts);
        for finding in report.targets.iter().flat_map(|target| &target.findings) {
            let code = &finding.code;
            assert!(!finding.evidence.is_empty(), "{name}: {code} shows no evidence");
            assert!(!finding.fixes.is_empty(), "{name}: {code} proposes nothing");
            assert_eq!(
                finding.severity == Severity::Error,
                !finding.explains.is_empty(),
                "{name}: {code}: an error explains something that fails, nothing else does"
            );
            for fix in finding.fixes.iter().filter(|fix| fix.verified) {
                assert!(fix.change.is_some(), "{name}: {code} claims a proof without a change");
            }
        }
    }
}
