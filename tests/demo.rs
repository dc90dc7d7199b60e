//! The demo as a stranger runs it: the built binary, without arguments, on a machine without AWS.

use std::{
    net::TcpListener,
    process::{Command, Output},
    sync::LazyLock,
    thread,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

/// Each target, its verdict and its cause.
const TOLD: [(&str, &str, Option<&str>); 12] = [
    ("vectors", "healthy", None),
    ("vectors-staging", "down", Some("sg-endpoint-wrong-port")),
    ("ledger", "down", Some("sg-endpoint-ingress-missing")),
    ("search", "degraded", Some("nacl-endpoint-ingress")),
    ("mail", "down", Some("endpoint-pending-acceptance")),
    ("payments", "down", Some("provider-silent")),
    ("queue", "down", Some("provider-no-listener")),
    ("archive", "down", Some("dns-stale-a-record")),
    ("embeddings", "down", Some("dns-nxdomain-no-record")),
    ("reports", "down", Some("tls-hostname-mismatch")),
    ("identity", "down", Some("tls-expired-or-clock")),
    ("telemetry", "down", Some("tls-plaintext-port")),
];

const AS_TOLD: &str = "demo: 12 of 12 diagnoses came out as told\n";

/// Runs in an empty environment and an empty directory, and leaves the directory as empty as it was.
fn demo(arguments: &[&str]) -> Output {
    let directory = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_vpce-doctor"))
        .arg("demo")
        .args(arguments)
        .env_clear()
        .env("HOME", directory.path())
        .env("TMPDIR", directory.path())
        .current_dir(directory.path())
        .output()
        .unwrap();
    let left: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    output
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

/// The report that most tests look at, made once.
static REPORT: LazyLock<Value> = LazyLock::new(|| report(&demo(&["--format", "json"])));

fn report(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_person_reads_every_cause_and_that_the_demo_held() {
    let started = Instant::now();
    let output = demo(&[]);
    let took = started.elapsed();
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{said}\n{complained}");
    assert_eq!(complained, "");
    assert!(said.starts_with("A miniature VPC on this machine's loopback"), "{said}");
    assert!(said.ends_with(AS_TOLD), "{said}");
    for (name, verdict, primary) in TOLD {
        let (_, section) =
            said.split_once(&format!(" {name} · ")).unwrap_or_else(|| panic!("no {name}: {said}"));
        assert!(section.lines().next().unwrap().contains(verdict), "{name}: {section}");
        if let Some(code) = primary {
            let (_, explained) = section.split_once("vpce-doctor explain ").unwrap();
            assert_eq!(explained.lines().next(), Some(code), "{name}: {section}");
        }
    }
    // Two seconds for the addresses that never answer; one after the other they would take twelve.
    assert!((Duration::from_secs(2)..Duration::from_secs(10)).contains(&took), "{took:?}");
}

#[test]
fn a_program_reads_the_report_alone() {
    let output = demo(&["--format", "json"]);
    let report = report(&output);
    assert_eq!(text(&output.stderr), AS_TOLD);
    assert_eq!(report["schema"], "vpce-doctor/report/v1");
    let came: Vec<_> = report["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| (t["name"].as_str().unwrap(), t["verdict"].as_str().unwrap(), t["primary"].as_str()))
        .collect();
    assert_eq!(came, TOLD);
}

/// One cause each, found in full sight: nothing else is blamed or warned of, and nothing was left undecided.
#[test]
fn nothing_beyond_the_story_is_claimed() {
    for target in REPORT["targets"].as_array().unwrap() {
        let findings = target["findings"].as_array().unwrap();
        let blamed = findings.iter().filter(|finding| finding["severity"] != "info");
        let codes: Vec<_> = blamed.filter_map(|finding| finding["code"].as_str()).collect();
        assert_eq!(codes, Vec::from_iter(target["primary"].as_str()), "{}", target["name"]);
        assert_eq!(target["undecided"], Value::Array(Vec::new()), "{}", target["name"]);
    }
}

/// The inventory places the client by the address that the kernel chose.
#[test]
fn the_vantage_comes_from_the_inventory() {
    let vantage = &REPORT["vantage"];
    assert_eq!((&vantage["source_ip"], &vantage["how"]), (&"127.0.0.1".into(), &"inventory".into()));
    assert_eq!(vantage["az_id"], "usw2-az1");
}

/// Proposed rules and entries are proved on the demo's inventory.
#[test]
fn fixes_that_change_the_configuration_are_verified() {
    for name in ["vectors-staging", "ledger", "search"] {
        let target = REPORT["targets"].as_array().unwrap().iter().find(|t| t["name"] == name).unwrap();
        assert_eq!(target["findings"][0]["fixes"][0]["verified"], true, "{name}");
    }
}

/// A vector database of one's own on this machine, say.
#[test]
fn ports_that_others_hold_are_avoided() {
    let _taken = take("127.0.10.10:19530");
    let report = report(&demo(&["--format", "json"]));
    let port = report["targets"][0]["port"].as_u64().unwrap();
    assert!(port > 19_530, "{port}");
}

/// The other tests' demos hold it for a few seconds at a time.
fn take(address: &str) -> TcpListener {
    let started = Instant::now();
    loop {
        match TcpListener::bind(address) {
            Ok(listener) => return listener,
            Err(error) => assert!(started.elapsed() < Duration::from_mins(1), "{address}: {error}"),
        }
        thread::sleep(Duration::from_millis(20));
    }
}
