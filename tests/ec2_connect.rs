//! Finding credentials, Region and endpoint in a real environment: this test binary runs itself again with
//! the environment under test, because a process has only one.

#[expect(dead_code, reason = "other tests need its faults")]
#[path = "support/fake_ec2.rs"]
mod fake_ec2;

use std::{path::Path, time::Duration};

use fake_ec2::{FakeEc2, Fault};
use serde_json::json;
use tokio::{process::Command, time::Instant};
use vpce_doctor::{
    adapters::ec2::{ConnectOptions, Identity, connect},
    ports::{InventorySource as _, Scope},
};

/// Not a test of its own: what the others run in an environment of their making.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the child's environment is its argument"
)]
#[tokio::test]
#[ignore = "run by the other tests of this file"]
async fn child() {
    let options = ConnectOptions {
        imds_region: std::env::var("TEST_IMDS_REGION").ok(),
        assume_role: std::env::var("TEST_ROLE").ok(),
        identity: Identity::Chain { imds: std::env::var("TEST_IMDS").is_ok() },
        ..ConnectOptions::default()
    };
    match connect(options).await {
        Err(error) => println!("outcome: {error}"),
        Ok(client) => {
            let inventory = client.fetch(&Scope::default(), Duration::from_secs(5)).await;
            println!("outcome: {}, vpcs known: {}", client.region(), inventory.vpcs.is_known());
        }
    }
}

/// The outcome that a child in this environment prints.
async fn outcome(home: &Path, environment: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--ignored", "--nocapture"])
        .env_clear()
        .env("HOME", home)
        .envs(environment.iter().copied())
        .output()
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.split_once("outcome: "));
    line.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr))).1.to_owned()
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIATEST"), ("AWS_SECRET_ACCESS_KEY", "secret")];

#[tokio::test]
async fn no_credentials_is_an_outcome_of_its_own_and_quick() {
    let home = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let said = outcome(home.path(), &[("AWS_REGION", "us-west-2")]).await;
    assert_eq!(said, "no AWS credentials found in environment, profile, web identity token and container");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test]
async fn credentials_without_a_region() {
    let home = tempfile::tempdir().unwrap();
    let said = outcome(home.path(), &KEYS).await;
    assert_eq!(said, "no AWS Region found in AWS_REGION, the profile or the instance metadata");
}

#[tokio::test]
async fn keys_region_and_endpoint_from_the_environment() {
    let home = tempfile::tempdir().unwrap();
    let api = FakeEc2::start(json!({"Vpcs": []})).await;
    for url in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2"] {
        let environment = [KEYS[0], KEYS[1], (url, &api.url), ("TEST_IMDS_REGION", "eu-central-1")];
        assert_eq!(outcome(home.path(), &environment).await, "eu-central-1, vpcs known: true", "{url}");
    }
    assert_eq!(api.requests("DescribeVpcs").len(), 2);
}

#[tokio::test]
async fn everything_from_a_profile() {
    let home = tempfile::tempdir().unwrap();
    let api = FakeEc2::start(json!({"Vpcs": []})).await;
    let config = format!(
        "[profile ops]\nregion = eu-west-1\nendpoint_url = {}\naws_access_key_id = A\naws_secret_access_key = S\n",
        api.url
    );
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    std::fs::write(home.path().join(".aws/config"), config).unwrap();
    let said = outcome(home.path(), &[("AWS_PROFILE", "ops")]).await;
    assert_eq!(said, "eu-west-1, vpcs known: true");
}

#[tokio::test]
async fn a_role_is_assumed_first() {
    let home = tempfile::tempdir().unwrap();
    let api = FakeEc2::start(json!({"Vpcs": []})).await;
    let environment = [
        KEYS[0],
        KEYS[1],
        ("AWS_REGION", "us-west-2"),
        ("AWS_ENDPOINT_URL", api.url.as_str()),
        ("TEST_ROLE", "arn:aws:iam::111122223333:role/reader"),
    ];
    assert_eq!(outcome(home.path(), &environment).await, "us-west-2, vpcs known: true");
    assert_eq!(api.requests("AssumeRole")[0]["RoleArn"], "arn:aws:iam::111122223333:role/reader");

    let denied = Fault::Error { status: 403, code: "AccessDenied", message: "not you", times: usize::MAX };
    api.misbehave("AssumeRole", denied);
    let said = outcome(home.path(), &environment).await;
    assert_eq!(said, "AWS credentials could not be had: AccessDenied: not you");
}

#[tokio::test]
async fn a_proxy_is_used_for_the_api_and_not_for_its_exceptions() {
    let home = tempfile::tempdir().unwrap();
    let api = FakeEc2::start(json!({"Vpcs": []})).await;
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = format!("http://{dead}");
    let mut environment =
        vec![KEYS[0], KEYS[1], ("AWS_REGION", "us-west-2"), ("AWS_ENDPOINT_URL", api.url.as_str())];
    environment.push(("HTTP_PROXY", &proxy));
    assert_eq!(outcome(home.path(), &environment).await, "us-west-2, vpcs known: false");
    environment.push(("NO_PROXY", "127.0.0.1"));
    assert_eq!(outcome(home.path(), &environment).await, "us-west-2, vpcs known: true");
}

#[tokio::test]
async fn the_metadata_service_gives_credentials_when_it_is_there() {
    let home = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", listener.local_addr().unwrap());
    let began = Instant::now();
    let environment =
        [("AWS_REGION", "us-west-2"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &silent), ("TEST_IMDS", "1")];
    let said = outcome(home.path(), &environment).await;
    assert!(began.elapsed() < Duration::from_secs(8), "a silent service costs {:?}: {said}", began.elapsed());
    assert!(said.contains("credentials"), "{said}");
}
