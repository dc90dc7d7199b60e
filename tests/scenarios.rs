//! Every story under `tests/scenarios`: recorded facts, and what is said of them. To accept new wording,
//! run with `INSTA_UPDATE=always` and read the difference.
#![expect(clippy::disallowed_methods, reason = "tests read their own files")]

#[path = "support/stories.rs"]
mod stories;

use std::{fs, path::Path};

use serde_json::Value;
use stories::{root, stories};
use vpce_doctor::{
    model::facts::Facts,
    render::{human, json, style::Styles},
    rules::{self, RULES},
};

#[test]
fn reports_read_as_agreed() {
    for (name, facts) in stories() {
        let report = rules::diagnose(facts);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(root().join(&name));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| {
            insta::assert_snapshot!("human", human::render(&report, &Styles::default()));
            insta::assert_snapshot!("json", json::render(&report));
        });
    }
}

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/report-v1.schema.json");
    serde_json::from_str(&fs::read_to_string(path).expect("the schema file exists"))
        .expect("the schema is JSON")
}

#[test]
fn every_report_fits_the_schema() {
    let validator = jsonschema::validator_for(&schema()).expect("the schema is a JSON Schema");
    for (name, facts) in stories() {
        let report: Value =
            serde_json::from_str(&json::render(&rules::diagnose(facts))).expect("a report is JSON");
        let errors: Vec<_> =
            validator.iter_errors(&report).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{name}:\n{}", errors.join("\n"));
    }
}

/// The schema must refuse something, or fitting it means nothing.
#[test]
fn the_schema_refuses_what_breaks_the_contract() {
    let validator = jsonschema::validator_for(&schema()).expect("the schema is a JSON Schema");
    let (_, facts) = stories().remove(0);
    let report: Value =
        serde_json::from_str(&json::render(&rules::diagnose(facts))).expect("a report is JSON");
    for (pointer, wrong) in [
        ("/schema", Value::from("vpce-doctor/report/v2")),
        ("/targets/0/verdict", Value::from("fine")),
        ("/targets/0/port", Value::from("443")),
        ("/vantage/how", Value::Null),
    ] {
        let mut broken = report.clone();
        *broken.pointer_mut(pointer).expect("the contract has this field") = wrong;
        assert!(!validator.is_valid(&broken), "{pointer} may be anything");
    }
}

#[test]
fn the_schema_lists_exactly_the_codes_there_are() {
    let schema = schema();
    let listed: Vec<_> = schema["$defs"]["code"]["enum"]
        .as_array()
        .expect("an enum")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let mut codes: Vec<_> = RULES.iter().map(|rule| rule.meta.code).collect();
    codes.sort_unstable();
    assert_eq!(listed, codes, "config/report-v1.schema.json, $defs.code.enum");
}

#[test]
fn a_recording_gives_the_same_report_byte_for_byte() {
    for (name, facts) in stories() {
        let text = serde_json::to_string_pretty(&facts).expect("facts serialize");
        let again: Facts = serde_json::from_str(&text).expect("facts come back");
        assert_eq!(json::render(&rules::diagnose(facts)), json::render(&rules::diagnose(again)), "{name}");
    }
}
