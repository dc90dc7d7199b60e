//! What every finding owes: a code of its own, an explanation in all sections, a rule that emits it and a
//! scenario that shows it.

#[path = "support/blockers.rs"]
mod blockers;
#[path = "support/stories.rs"]
mod stories;

use std::collections::BTreeSet;

use stories::stories;
use vpce_doctor::{
    analyze::path::{self, Step, StepKind, StepOutcome},
    model::finding::Severity,
    render::{explain, glossary, style::Styles},
    rules::{self, PATH_ONLY, RULES, SECTIONS},
};

#[test]
fn codes_are_unique_kebab_case_words() {
    let mut seen = BTreeSet::new();
    for meta in rules::documented() {
        let code = meta.code;
        assert!(seen.insert(code), "{code} is declared twice");
        assert!(code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{code}");
    }
}

#[test]
fn every_finding_is_documented_in_all_sections_in_order() {
    for meta in rules::documented() {
        let text = meta.documentation;
        let headings: Vec<_> = text.lines().filter_map(|line| line.trim().strip_prefix("## ")).collect();
        assert_eq!(headings, SECTIONS, "{}", meta.code);
        let empty = text
            .split("## ")
            .skip(1)
            .any(|section| section.lines().skip(1).all(|line| line.trim().is_empty()));
        assert!(!empty, "{} has an empty section", meta.code);
        assert!(!meta.title.is_empty() && !meta.title.ends_with('.'), "{}", meta.code);
    }
}

/// References in the texts lead somewhere.
#[test]
fn codes_named_in_explanations_exist() {
    for meta in rules::documented() {
        for word in meta.documentation.split('`') {
            let looks_like_code = [
                "dns-",
                "endpoint-",
                "sg-",
                "nacl-",
                "route-",
                "provider-",
                "tls-",
                "api-",
                "host-",
                "address-",
                "instance-",
                "interface-",
                "tgw-",
                "http-",
                "egress-",
            ]
            .iter()
            .any(|family| word.starts_with(family))
                && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            assert!(!looks_like_code || rules::find(word).is_some(), "{} names {word}", meta.code);
        }
    }
}

/// Known to everybody who runs the program, or proper names.
const KNOWN: [&str; 8] = ["API", "AWS", "CLI", "DNSSEC", "MongoDB", "PATH", "TDengine", "UTC"];

/// Words with two capitals in a row, without the plural's s and a version behind them.
fn abbreviations(text: &str) -> BTreeSet<String> {
    let plain: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    // `NO_PROXY` is a variable's name, no term.
    let words = plain.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.contains('_'));
    let words = words.map(str::to_owned);
    let capitals = |word: &String| {
        let pairs = word.as_bytes().windows(2);
        pairs.into_iter().any(|pair| pair.iter().all(u8::is_ascii_uppercase))
    };
    let core = |word: String| match word.split_once('v') {
        Some((word, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => word.to_owned(),
        _ => word.strip_suffix('s').unwrap_or(&word).to_owned(),
    };
    words.filter(capitals).map(core).collect()
}

fn explained(word: &str) -> bool {
    KNOWN.contains(&word) || glossary::GLOSSARY.iter().any(|term| term.word == word)
}

const ADVICE: &str = "write the words out, or add a line to GLOSSARY in src/render/glossary.rs";

#[test]
fn no_text_uses_a_term_that_explain_does_not_explain() {
    for meta in rules::documented() {
        let prose = explain::prose(meta);
        let unknown: Vec<_> = abbreviations(&prose).into_iter().filter(|word| !explained(word)).collect();
        assert!(unknown.is_empty(), "{} uses {unknown:?}: {ADVICE}", meta.code);
    }
    for term in glossary::GLOSSARY {
        let unknown: Vec<_> =
            abbreviations(term.meaning).into_iter().filter(|word| !explained(word)).collect();
        let shouts = term.word == "PEM"; // BEGIN and END stand in such files.
        assert!(unknown.is_empty() || shouts, "the meaning of {} uses {unknown:?}: {ADVICE}", term.word);
        assert!(!term.meaning.contains('\n') && !term.meaning.ends_with('.'), "{}: one line", term.word);
    }
}

#[test]
fn no_summary_uses_a_term_that_explain_does_not_explain() {
    for (name, facts) in stories() {
        let report = rules::diagnose(facts);
        for finding in report.targets.iter().flat_map(|target| &target.findings) {
            for text in std::iter::once(&finding.summary).chain(finding.fixes.iter().map(|fix| &fix.text)) {
                let unknown: Vec<_> =
                    abbreviations(text).into_iter().filter(|word| !explained(word)).collect();
                assert!(unknown.is_empty(), "{name}: {} says {unknown:?}: {ADVICE}", finding.code);
            }
        }
    }
}

#[test]
fn words_are_explained_where_they_are_used_and_only_there() {
    let mut terms = 0;
    for meta in rules::documented() {
        let text = explain::one(meta, &Styles::default());
        let (before, words) = text.split_once("\nWords\n").unwrap_or((&text, ""));
        let told: BTreeSet<&str> =
            words.lines().map(|line| line.trim_start().split("  ").next().unwrap_or_default()).collect();
        terms += told.len();
        let used: BTreeSet<&str> = glossary::of(&explain::prose(meta)).iter().map(|term| term.word).collect();
        assert_eq!(told, used, "{}", meta.code);
        for word in abbreviations(&explain::prose(meta)) {
            assert!(told.contains(word.as_str()) || KNOWN.contains(&word.as_str()), "{}: {word}", meta.code);
        }
        assert!(before.contains("\nHow to fix it\n"), "{}", meta.code);
    }
    assert!(terms > RULES.len(), "most texts use some: {terms}");
}

/// What only a question of the `path` command can meet has no rule: no report of `check` can have it.
#[test]
fn codes_of_paths_alone_have_no_rule() {
    for meta in PATH_ONLY {
        assert!(RULES.iter().all(|rule| rule.meta.code != meta.code), "{}", meta.code);
        assert!(explain::list(&Styles::default()).contains(meta.code), "{}", meta.code);
    }
}

#[test]
fn every_blocker_has_a_code_that_is_documented() {
    let mut shown = BTreeSet::new();
    for blocker in blockers::all() {
        for kind in StepKind::ALL {
            let ground = blockers::ground(&blocker);
            let step = Step { kind, outcome: StepOutcome::Deny(blocker.clone()), ground };
            let code = path::code(&blockers::nowhere(), &step, &blocker);
            assert!(rules::find(code).is_some(), "{code} of {blocker:?} at {kind:?}");
            shown.insert(code);
        }
    }
    for meta in PATH_ONLY {
        assert!(shown.contains(meta.code), "no blocker is {}", meta.code);
    }
}

#[test]
fn every_finding_is_shown_by_a_scenario_of_its_name() {
    let stories = stories();
    for rule in RULES {
        let code = rule.meta.code;
        let Some((_, facts)) = stories.iter().find(|(name, _)| name == code) else {
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
    for (name, facts) in stories() {
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

/// A command that goes on says so: pasted, its first line would be run without the rest.
#[test]
fn no_command_in_an_explanation_is_broken_in_its_middle() {
    let mut commands = 0;
    for meta in rules::documented() {
        let lines: Vec<_> = meta.documentation.lines().collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("     ")) {
            commands += 1;
            let last = line.split_whitespace().next_back().unwrap_or_default();
            assert!(last != "--query" && last != "--filters", "{}: {line}", meta.code);
            let goes_on = at > 0 && lines[at - 1].ends_with('\\');
            assert!(goes_on || !line.trim_start().starts_with(['\'', '"']), "{}: {line}", meta.code);
        }
    }
    assert!(commands > RULES.len() / 2, "{commands}");
}
