//! `vpce-doctor path`, end to end: small VPCs as the AWS CLI describes them, and what is said of flows in them. To
//! accept new wording, run with `INSTA_UPDATE=always` and read the difference as a tired engineer would.
#![expect(clippy::disallowed_methods, reason = "tests read their own files and run the program")]

mod cases;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use cases::{CASES, Case, ERRORS, INVENTORIES};
use serde_json::Value;
use tempfile::TempDir;
use vpce_doctor::{
    analyze::path::{Coverage, ReachabilityCode, StepKind},
    rules::RULES,
};

/// What one run of the program printed, and how it ended.
struct Answer {
    stdout: String,
    stderr: String,
    exit: i32,
}

fn run(directory: &Path, args: &[String]) -> Answer {
    ask(&mut Command::new(env!("CARGO_BIN_EXE_vpce-doctor")), directory, args)
}

fn ask(command: &mut Command, directory: &Path, args: &[String]) -> Answer {
    let output = command
        .arg("path")
        .args(args)
        .current_dir(directory)
        .env_remove("VPCE_DOCTOR_INVENTORY")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .expect("the program runs");
    Answer {
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        exit: output.status.code().expect("it ends by itself"),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/path")
}

impl Case {
    /// The inventory, without the files that somebody forgot to make.
    fn directory(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        let there = root().join("inventories").join(self.inventory);
        let mut left_out = 0;
        for entry in fs::read_dir(there).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if self.without.contains(&name.as_str()) {
                left_out += 1;
            } else {
                fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
            }
        }
        assert_eq!(left_out, self.without.len(), "{}: a file to leave out is not there", self.name);
        copy
    }

    fn answer(&self, format: &str) -> Answer {
        let mut args = arguments(self.args);
        args.extend(["--inventory", ".", "--format", format].map(str::to_owned));
        run(self.directory().path(), &args)
    }
}

/// A case with what the program says of it.
struct Told {
    case: &'static Case,
    human: Answer,
    json: Answer,
}

static TOLD: LazyLock<Vec<Told>> = LazyLock::new(|| {
    let tell = |case: &'static Case| Told { case, human: case.answer("human"), json: case.answer("json") };
    CASES.iter().map(tell).collect()
});

impl Told {
    fn value(&self) -> Value {
        serde_json::from_str(&self.json.stdout).unwrap()
    }
}

/// Blockers and what blocks in part.
fn blockers(answer: &Value) -> impl Iterator<Item = &Value> {
    ["blockers", "findings"].into_iter().flat_map(|list| answer[list].as_array().unwrap())
}

/// `i-app` stands for an id as long as AWS's are.
fn arguments(text: &str) -> Vec<String> {
    let expanded = |word: &str| match word.split_once('-') {
        Some((kind @ ("i" | "eni" | "vpce"), name)) if !name.starts_with("svc-") => {
            format!("{kind}-0{name:0<16}")
        }
        _ => word.to_owned(),
    };
    text.split_whitespace().map(expanded).collect()
}

fn in_snapshots(assertions: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root().join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(assertions);
}

#[test]
fn answers_read_as_agreed() {
    for Told { case, human, json } in TOLD.iter() {
        assert_eq!((human.stderr.as_str(), json.stderr.as_str()), ("", ""), "{}", case.name);
        assert_eq!((human.exit, json.exit), (case.exit, case.exit), "{}:\n{}", case.name, human.stdout);
        in_snapshots(|| {
            insta::assert_snapshot!(format!("{}.human", case.name), &human.stdout);
            insta::assert_snapshot!(format!("{}.json", case.name), &json.stdout);
        });
    }
}

#[test]
fn what_cannot_be_answered_says_why() {
    for (name, args) in ERRORS {
        let answer = run(&root().join("inventories"), &arguments(args));
        assert_eq!((answer.exit, answer.stdout.as_str()), (3, ""), "{name}");
        in_snapshots(|| insta::assert_snapshot!(format!("error.{name}"), answer.stderr));
    }
}

#[test]
fn every_inventory_is_asked_about() {
    let asked: BTreeSet<_> = CASES.iter().map(|case| case.inventory).collect();
    assert_eq!(asked, INVENTORIES.iter().copied().collect());
}

#[test]
fn no_line_is_wider_than_a_hundred_columns() {
    for Told { case, human, .. } in TOLD.iter() {
        let text = &human.stdout;
        // A word is never cut, however long.
        let word = |line: &str| !line.trim().contains(' ');
        let wide: Vec<_> = text.lines().filter(|line| line.chars().count() > 100 && !word(line)).collect();
        assert!(wide.is_empty(), "{}: {wide:#?}", case.name);
    }
}

/// Beside the signs of a check, everything can be typed on any terminal.
#[test]
fn the_picture_is_drawn_with_plain_characters() {
    for Told { case, human, .. } in TOLD.iter() {
        let text = &human.stdout;
        let odd: BTreeSet<char> = text.chars().filter(|c| !c.is_ascii() && !"✓✗→·".contains(*c)).collect();
        assert!(odd.is_empty(), "{}: {odd:?}", case.name);
    }
}

#[test]
fn colours_change_nothing_but_the_colours() {
    for Told { case, human, .. } in TOLD.iter() {
        let directory = case.directory();
        let mut args = arguments(case.args);
        args.extend(["--inventory".to_owned(), ".".to_owned()]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_vpce-doctor"));
        let painted = ask(command.env("CLICOLOR_FORCE", "1").env_remove("NO_COLOR"), directory.path(), &args);
        assert!(painted.stdout.contains("\u{1b}["), "{}: no colour at all", case.name);
        assert_eq!(without_styles(&painted.stdout), human.stdout, "{}", case.name);
    }
}

fn without_styles(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// Half an id is none: whatever a program is told of, a person can copy.
#[test]
fn every_resource_stands_whole_in_the_picture() {
    for told in TOLD.iter() {
        let (case, human, json) = (told.case, &told.human.stdout, told.value());
        let parts = json["steps"].as_array().unwrap().iter().flat_map(|step| match &step["parts"] {
            Value::Array(parts) => parts.iter().collect(),
            _ => vec![step],
        });
        for id in parts.filter_map(|part| part["resource"]["id"].as_str()) {
            assert!(human.split(|c: char| c.is_whitespace()).any(|word| word == id), "{}: {id}", case.name);
        }
    }
}

#[test]
fn a_proof_is_told_where_there_is_one_and_nowhere_else() {
    let mut proofs = 0;
    for told in TOLD.iter() {
        let (case, human, json) = (told.case, &told.human.stdout, told.value());
        let verified = json["fix"]["verified"].as_bool().unwrap();
        proofs += usize::from(verified);
        assert_eq!(human.contains("proved on this inventory"), verified, "{}", case.name);
        // A path that passes needs nothing; one that a change mends says all that it takes.
        let changes = json["fix"]["changes"].as_array().unwrap();
        assert_eq!(verified, !changes.is_empty(), "{}", case.name);
        for (at, change) in changes.iter().enumerate().filter(|_| changes.len() > 1) {
            let numbered = format!("\n  {}. {}", at + 1, &change["text"].as_str().unwrap()[..20]);
            assert!(human.contains(&numbered), "{}: {numbered}", case.name);
        }
    }
    assert!(proofs > 10, "{proofs}");
}

#[test]
fn every_blocker_is_told_with_its_code_and_its_explanation() {
    for told in TOLD.iter() {
        let (case, human, json) = (told.case, &told.human.stdout, told.value());
        for blocker in json["blockers"].as_array().unwrap().iter().chain(json["findings"].as_array().unwrap())
        {
            let code = blocker["code"].as_str().unwrap();
            assert!(human.contains(&format!("\n  {code} ")), "{}: {code}", case.name);
            assert!(human.contains(&format!("\n  vpce-doctor explain {code}\n")), "{}: {code}", case.name);
            assert!(
                !blocker["fixes"].as_array().unwrap().is_empty(),
                "{}: {code} proposes nothing",
                case.name
            );
        }
    }
}

#[test]
fn the_readme_shows_what_is_printed() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let shown = TOLD.iter().find(|told| told.case.name == "peering-no-route-back").expect("the case");
    let example = format!(
        "$ vpce-doctor path --inventory dump/ {}\n{}```\n",
        arguments(shown.case.args).join(" "),
        shown.human.stdout
    );
    assert!(readme.contains(&example), "README.md lacks:\n{example}");
}

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/path-v1.schema.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn listed(schema: &Value, name: &str) -> Vec<String> {
    let listed = schema["$defs"][name]["enum"].as_array().unwrap().iter();
    listed.map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_answer_fits_the_schema() {
    let validator = jsonschema::validator_for(&schema()).expect("a JSON Schema");
    for told in TOLD.iter() {
        let (case, answer) = (told.case, told.value());
        let errors: Vec<_> =
            validator.iter_errors(&answer).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{}:\n{}", case.name, errors.join("\n"));
    }
}

/// The schema must refuse something, or fitting it means nothing.
#[test]
fn the_schema_refuses_what_breaks_the_contract() {
    let validator = jsonschema::validator_for(&schema()).expect("a JSON Schema");
    let told = TOLD.iter().find(|told| told.case.name == "several-blockers").expect("a case with everything");
    let answer = told.value();
    assert!(validator.is_valid(&answer));
    for (pointer, wrong) in [
        ("/schema", Value::from("vpce-doctor/path/v2")),
        ("/verdict", Value::from("allowed")),
        ("/port", Value::from("443")),
        ("/steps/0/step", Value::from("source-sg-egress")),
        ("/steps/0/verdict", Value::Null),
        ("/blockers/0/code", Value::from("sg-missing")),
        ("/blockers/0/aws_code", Value::from("SG_MISSING")),
        ("/fix/verified", Value::from("yes")),
        ("/to", serde_json::json!({"ip": "10.0.0.1", "eni": null})),
    ] {
        let mut broken = answer.clone();
        *broken.pointer_mut(pointer).expect("the contract has this field") = wrong;
        assert!(!validator.is_valid(&broken), "{pointer} may be anything");
    }
    let mut shortened = answer.clone();
    shortened["steps"].as_array_mut().unwrap().pop();
    assert!(!validator.is_valid(&shortened), "nine steps will do");
    let mut extended = answer;
    extended["note"] = Value::from("more");
    assert!(!validator.is_valid(&extended), "unknown fields will do");
}

#[test]
fn the_schema_lists_exactly_what_there_is() {
    let schema = schema();
    let steps: Vec<_> = StepKind::ALL.into_iter().map(StepKind::as_str).collect();
    assert_eq!(listed(&schema, "step_name"), steps);
    let produced = ReachabilityCode::ALL.iter().filter(|code| code.coverage() == Coverage::Produced);
    assert_eq!(listed(&schema, "aws_code"), produced.map(|code| code.as_str()).collect::<Vec<_>>());
    // What a path says, and what anything else says: a reader of both reports needs one list.
    let mut codes: BTreeSet<String> = RULES.iter().map(|rule| rule.meta.code.to_owned()).collect();
    for answer in TOLD.iter().map(Told::value) {
        codes.extend(blockers(&answer).map(|blocker| blocker["code"].as_str().unwrap().to_owned()));
    }
    assert_eq!(listed(&schema, "code"), codes.into_iter().collect::<Vec<_>>());
}
