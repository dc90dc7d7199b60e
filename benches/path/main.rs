//! What reading an account and asking it costs. `cargo bench` prints times; what is worth quoting are the ratios:
//! reading beside the parsing of the same JSON, and a question in a large account beside one in a small one.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads what it wrote")]

mod account;
#[expect(dead_code, reason = "tests tell an account in more ways")]
#[path = "../../tests/support/cli_json.rs"]
mod cli_json;

use std::{fs, hint::black_box, path::Path};

use account::{PORT, VPCS, account, is_closed};
use cli_json::{Told, documents};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tempfile::TempDir;
use vpce_doctor::{
    adapters::files,
    analyze::{
        path::{Aim, LINUX_PORTS, analyze},
        place::Place,
    },
    model::{
        endpoint::NetworkInterface,
        facts::Facts,
        inventory::Inventory,
        known::Known,
        listing::{Indexed, Listing},
        net::{Flow, TCP},
        report::PathVerdict,
    },
    rules,
};

const INTERFACES: usize = 10_000;

criterion_group! {
    name = benches;
    config = Criterion::default();
    targets = load, index, one_question, any_size, many_targets
}
criterion_main!(benches);

/// The directory as the adapter reads it, and the same files as JSON alone.
fn load(criterion: &mut Criterion) {
    let directory = written(&account(INTERFACES));
    let files: Vec<_> =
        fs::read_dir(&directory).expect("a directory").map(|file| file.expect("a file").path()).collect();
    let bytes = files.iter().map(|file| fs::metadata(file).expect("a file").len()).sum();
    let mut group = criterion.benchmark_group("load");
    group.sample_size(10).throughput(Throughput::Bytes(bytes));
    group.bench_function("as JSON", |bencher| {
        bencher.iter_with_large_drop(|| files.iter().map(|file| parsed(file)).collect::<Vec<_>>());
    });
    group.bench_function("as an inventory", |bencher| {
        bencher.iter_with_large_drop(|| files::load(directory.path()).expect("an inventory"));
    });
    group.finish();
}

fn parsed(file: &Path) -> serde_json::Value {
    let bytes = fs::read(file).expect("a file");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// Indented, as the AWS CLI prints.
fn written(inventory: &Inventory) -> TempDir {
    let directory = TempDir::new().expect("a directory");
    for (at, document) in documents(inventory, Told::InGroups).iter().enumerate() {
        let text = serde_json::to_vec_pretty(document).expect("JSON");
        fs::write(directory.path().join(format!("{at}.json")), text).expect("a file");
    }
    directory
}

/// Every list of the account, by all that it is asked for.
fn index(criterion: &mut Criterion) {
    let whole = account(INTERFACES);
    criterion.bench_function("index", |bencher| {
        let bare = || {
            let mut bare = whole.clone();
            unindex(&mut bare.network_interfaces);
            unindex(&mut bare.security_groups);
            unindex(&mut bare.route_tables);
            unindex(&mut bare.network_acls);
            unindex(&mut bare.subnets);
            bare
        };
        bencher.iter_batched_ref(bare, |inventory| ask_each(inventory), BatchSize::LargeInput);
    });
}

fn unindex<T: Clone>(known: &mut Known<Listing<T>>) {
    if let Known::Known(list) = known {
        *list = list.iter().cloned().collect();
    }
}

fn ask_each(inventory: &Inventory) {
    fn ask<T: Indexed>(known: &Known<Listing<T>>) {
        black_box(known.known().and_then(|list| list.get("none")));
    }
    ask(&inventory.network_interfaces);
    ask(&inventory.security_groups);
    ask(&inventory.route_tables);
    ask(&inventory.network_acls);
    ask(&inventory.subnets);
}

/// From the first interface to one with open groups or closed ones, in its VPC or beyond a peering connection.
fn one_question(criterion: &mut Criterion) {
    let inventory = account(INTERFACES);
    let mut group = criterion.benchmark_group("question");
    group.throughput(Throughput::Elements(1));
    for (name, vpc, closed, expected) in [
        ("allowed", 0, false, PathVerdict::Allow),
        ("denied by groups of 60 rules", 0, true, PathVerdict::Deny),
        ("allowed over peering", 1, false, PathVerdict::Allow),
        ("denied over peering", 1, true, PathVerdict::Deny),
    ] {
        let question = Question::to(&inventory, vpc, closed);
        assert_eq!(question.ask(&inventory), Known::Known(expected), "{name}");
        group.bench_function(name, |bencher| bencher.iter(|| question.ask(black_box(&inventory))));
    }
    group.finish();
}

/// The same question in accounts of all sizes.
fn any_size(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("question by size of the account");
    for interfaces in [100, 1_000, 10_000] {
        let inventory = account(interfaces);
        let question = Question::to(&inventory, 0, false);
        assert_eq!(question.ask(&inventory), Known::Known(PathVerdict::Allow));
        group.bench_with_input(BenchmarkId::from_parameter(interfaces), &inventory, |bencher, inventory| {
            bencher.iter(|| question.ask(inventory));
        });
    }
    group.finish();
}

struct Question {
    flow: Flow,
    source: Place,
}

impl Question {
    /// To the interface in this VPC that stands farthest from the first.
    fn to(inventory: &Inventory, vpc: usize, closed: bool) -> Self {
        let all = inventory.network_interfaces.known().expect("interfaces");
        let (first, to) = (&all[0], &all[destination(all.len(), vpc, closed)]);
        let flow = Flow {
            source: first.addresses[0],
            source_ports: LINUX_PORTS,
            destination: to.addresses[0],
            destination_port: PORT,
            protocol: TCP,
        };
        Self { source: Place::of_interface(flow.source, first), flow }
    }

    fn ask(&self, inventory: &Inventory) -> Known<PathVerdict> {
        analyze(inventory, &self.flow, self.source.clone(), Aim::Address).verdict()
    }
}

/// The last interface of a VPC whose groups are of this kind.
fn destination(interfaces: usize, vpc: usize, closed: bool) -> usize {
    let fits = |number: &usize| {
        let place = number / VPCS;
        number % VPCS == vpc && is_closed(place) == closed && is_closed(place + 1) == closed
    };
    (1..interfaces).rev().find(fits).expect("an interface of this kind")
}

const TARGETS: usize = 1_000;

/// A daemon's cycle after the packets came back: a report on 1,000 targets of three addresses each.
fn many_targets(criterion: &mut Criterion) {
    let facts = facts(account(INTERFACES));
    let mut group = criterion.benchmark_group("diagnose");
    group.sample_size(10).throughput(Throughput::Elements(TARGETS as u64));
    group.bench_function("1,000 targets of 3 addresses", |bencher| {
        bencher.iter_batched(|| facts.clone(), rules::diagnose, BatchSize::LargeInput);
    });
    group.finish();
}

/// A recorded target again and again, each time with other addresses, as seen from the first interface.
fn facts(inventory: Inventory) -> Facts {
    let recorded = include_str!("../../tests/scenarios/sg-endpoint-wrong-port/facts.json");
    let mut facts: Facts = serde_json::from_str(recorded).expect("recorded facts");
    let enis: Vec<NetworkInterface> =
        inventory.network_interfaces.known().expect("interfaces").iter().cloned().collect();
    let first = &enis[0];
    facts.vantage.source_ip = Known::Known(first.addresses[0]);
    facts.vantage.eni = Known::Known(first.id.clone());
    facts.vantage.subnet = Known::Known(first.subnet.clone());
    facts.vantage.vpc = Known::Known(first.vpc.clone());
    facts.vantage.security_groups = Known::Known(first.groups.clone());
    let pattern = facts.targets[0].clone();
    let others = || enis.iter().skip(1).filter(|eni| eni.vpc == first.vpc).cycle();
    let mut others = others();
    let target = |number: usize| {
        let mut target = pattern.clone();
        target.target.name = format!("target-{number}");
        let row = target.addresses[0].clone();
        target.addresses = others
            .by_ref()
            .take(3)
            .map(|eni| {
                let mut row = row.clone();
                row.ip = eni.addresses[0];
                row.source_ip = Known::Known(first.addresses[0]);
                row
            })
            .collect();
        target
    };
    facts.targets = (0..TARGETS).map(target).collect();
    facts.inventory = inventory.into();
    facts
}
