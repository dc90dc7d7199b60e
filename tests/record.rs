//! A recording made by the built program: it tells the same story again, byte for byte, and no secrets.
#![expect(clippy::disallowed_methods, reason = "tests read what the program wrote")]

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;
use test_case::test_case;

/// Without AWS, and without anything of this machine's environment.
fn check(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vpce-doctor"))
        .arg("check")
        .args(arguments)
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// A listener that is connected to and never answers, and an address where none is.
fn loopback() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    (listener, gone)
}

#[test_case("human", "none"; "for people, packets only")]
#[test_case("json", "none"; "as JSON, packets only")]
#[test_case("human", "tests/data/aws-cli-output"; "for people, with an inventory")]
#[test_case("json", "tests/data/aws-cli-output"; "as JSON, with an inventory")]
fn a_recording_tells_the_same_story(format: &str, inventory: &str) {
    let (listener, gone) = loopback();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("facts.json");
    let file = path.to_str().unwrap();
    let up = listener.local_addr().unwrap().to_string();
    let down = format!("tcp://{gone}");
    let live = check(&[
        &format!("tcp://{up}"),
        &down,
        "--inventory",
        inventory,
        "--format",
        format,
        "--record",
        file,
    ]);
    assert_eq!(live.status.code(), Some(2), "one of two is down: {}", text(live.stderr));
    assert!(text(live.stdout.clone()).contains(&up), "it speaks of the target");
    // Nobody listens any more: only the recording can know.
    drop(listener);
    let again = check(&["--replay", file, "--format", format]);
    assert_eq!(again.status.code(), live.status.code());
    assert_eq!(text(again.stdout), text(live.stdout));
}

fn recorded_with_a_header(folder: &Path) -> String {
    let (listener, _) = loopback();
    let config = folder.join("config.yaml");
    let yaml = format!(
        "targets:\n  - name: api\n    host: 127.0.0.1\n    port: {}\n    protocol: http\n    timeout: 100ms\n    \
         http:\n      headers: {{Authorization: Bearer c2VjcmV0}}\n",
        listener.local_addr().unwrap().port()
    );
    fs::write(&config, yaml).unwrap();
    let path = folder.join("facts.json");
    let (config, file) = (config.to_str().unwrap(), path.to_str().unwrap());
    let output = check(&["--config", config, "--inventory", "none", "--record", file]);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{error}: {}", text(output.stderr)))
}

#[test]
fn a_recording_keeps_credentials_to_itself_and_itself_to_its_owner() {
    let folder = TempDir::new().unwrap();
    let recording = recorded_with_a_header(folder.path());
    assert!(recording.contains("Authorization") && !recording.contains("c2VjcmV0"), "{recording}");
    let mode = fs::metadata(folder.path().join("facts.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
