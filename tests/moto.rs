//! The EC2 adapter against moto, an implementation of the API that is not ours, with boto3's reading of
//! the same VPC as the truth to meet.
//!
//! Needs a Python with `moto[ec2,server]==5.2.5` and `boto3`, named by the variable `VPCE_DOCTOR_MOTO`:
//! ```sh
//! python3 -m venv moto && moto/bin/pip install 'moto[ec2,server]==5.2.5' boto3
//! VPCE_DOCTOR_MOTO=moto/bin/python cargo test --test moto -- --nocapture
//! ```

#[path = "support/unasked.rs"]
mod unasked;

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use unasked::as_by_api;
use vpce_doctor::{
    adapters::{
        ec2::{ConnectOptions, Ec2Inventory, Identity, connect},
        files,
    },
    model::{
        inventory::{Inventory, actions},
        known::{Known, Reason},
    },
    ports::{InventorySource as _, Scope},
};

const PATIENCE: Duration = Duration::from_mins(1);

struct Moto {
    process: Child,
    ids: Value,
}

impl Moto {
    /// moto with its VPC, and boto3's answers in the directory. `None` when nobody gave us a moto.
    #[expect(
        clippy::disallowed_methods,
        clippy::explicit_write,
        reason = "says past the harness why it does nothing"
    )]
    fn start(directory: &Path) -> Option<Self> {
        let Some(python) = std::env::var_os("VPCE_DOCTOR_MOTO") else {
            // Past the test harness, which swallows what a passing test prints.
            writeln!(std::io::stderr(), "SKIPPED: set VPCE_DOCTOR_MOTO to a Python with moto to run this")
                .unwrap();
            return None;
        };
        let mut process = Command::new(python)
            .arg("tests/moto/server.py")
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the Python that VPCE_DOCTOR_MOTO names");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ids = serde_json::from_str(&line)
            .expect("moto's address; run tests/moto/server.py by hand to see why not");
        Some(Self { process, ids })
    }

    fn id(&self, name: &str) -> &str {
        self.ids[name].as_str().unwrap()
    }

    async fn client(&self) -> Ec2Inventory {
        connect(ConnectOptions {
            region: Some(self.id("region").to_owned()),
            endpoint_url: Some(self.id("url").to_owned()),
            identity: Identity::Keys { access_key_id: "test".into(), secret_access_key: "test".into() },
            ..ConnectOptions::default()
        })
        .await
        .unwrap()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ended_before = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// We are 10.0.1.10, and the endpoint's first interface is the first free address of its subnet.
fn scope() -> Scope {
    Scope {
        sources: vec!["10.0.1.10".parse().unwrap()],
        destinations: vec!["10.0.2.20".parse().unwrap()],
        ..Scope::default()
    }
}

#[tokio::test]
async fn moto_is_read_as_boto3_reads_it() {
    let directory = tempfile::tempdir().unwrap();
    let Some(moto) = Moto::start(directory.path()) else { return };
    let fetched = moto.client().await.fetch(&scope(), PATIENCE).await;
    let failures: Vec<_> = fetched.calls.iter().filter(|call| call.failure.is_some()).collect();
    assert!(failures.is_empty(), "{failures:?}");

    let endpoint = fetched.endpoint(&moto.id("endpoint").into()).unwrap();
    let eni = fetched.interface_holding("10.0.2.20".parse().unwrap(), None);
    let eni = eni.known().copied().flatten().unwrap();
    assert!(eni.is_endpoint() && endpoint.network_interfaces.contains(&eni.id));
    assert_eq!(eni.groups, endpoint.groups);
    assert_eq!(fetched.vpcs.known().unwrap()[0].dns_hostnames, Known::Known(true));
    assert_eq!(fetched.prefix_lists.known().unwrap()[0].entries.known().unwrap().len(), 5);
    assert!(fetched.security_groups.known().unwrap().len() > 3, "more than a page");

    let table = &fetched.transit_gateway_route_tables.known().unwrap()[0];
    assert_eq!(table.routes.known().unwrap().len(), 2, "{table:?}");
    let attachment = &fetched.transit_gateway_attachments.known().unwrap()[0];
    assert_eq!(attachment.association, Known::Known(Some(table.id.clone())));
    assert!(fetched.nat_gateways.known().unwrap()[0].is_available());

    let loaded = as_by_api(files::load(directory.path()).unwrap());
    assert_eq!(loaded.calls, []);
    assert_eq!(Inventory { source: loaded.source.clone(), calls: Vec::new(), ..fetched }, loaded);
}

#[tokio::test]
async fn a_service_nobody_has_and_an_endpoint_nobody_has() {
    let directory = tempfile::tempdir().unwrap();
    let Some(moto) = Moto::start(directory.path()) else { return };
    let scope = Scope {
        endpoints: vec!["vpce-0000".into()],
        services: vec!["com.amazonaws.vpce.eu-west-1.vpce-svc-none".to_owned()],
        ..scope()
    };
    let inventory = moto.client().await.fetch(&scope, PATIENCE).await;
    assert_eq!(inventory.vpc_endpoints.known().unwrap().len(), 1);
    assert!(
        inventory.service(moto.id("service")).is_some(),
        "{:?}\n{:?}",
        inventory.endpoint_services,
        inventory.calls
    );
    let failed: Vec<_> = inventory.calls.iter().filter(|call| call.failure.is_some()).collect();
    assert!(failed.iter().all(|call| call.action == actions::ENDPOINT_SERVICES), "{failed:?}");
    assert!(failed.iter().all(|call| matches!(call.failure, Some(Reason::Failed { .. }))), "{failed:?}");
}
