//! What every finding owes: a code of its own, an explanation in all sections, a rule that emits it and a
//! scenario that shows it.

#[path = "support/stories.rs"]
mod stories;

use std::collections::BTreeSet;

use stories::stories;
use vpce_doctor::{
    model::finding::Severity,
    rules::{self, RULES, SECTIONS},
};

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
                "http-",
                "egress-",
            ]
            .iter()
            .any(|family| word.starts_with(family))
                && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            assert!(!looks_like_code || rules::find(word).is_some(), "{} names {word}", rule.meta.code);
        }
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
