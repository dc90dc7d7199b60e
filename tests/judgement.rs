//! How findings are weighed, ranked and merged: by what they explain and how well, never by their names.

#[path = "support/stories.rs"]
mod stories;

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use stories::stories;
use vpce_doctor::{
    model::{
        facts::Facts,
        finding::{Change, Confidence, Finding, Severity},
        known::{Known, Unknown},
        observation::{AddressProbe, TcpOutcome},
        report::{Cell, Report, TargetReport},
    },
    rules,
};

fn story(name: &str) -> Facts {
    let found = stories().into_iter().find(|(story, _)| story == name);
    found.unwrap_or_else(|| panic!("there is no story {name}")).1
}

fn only(report: &Report) -> &TargetReport {
    let [target] = report.targets.as_slice() else { panic!("one target") };
    target
}

fn finding<'r>(target: &'r TargetReport, code: &str) -> &'r Finding {
    let found = target.findings.iter().find(|finding| finding.code == code);
    found.unwrap_or_else(|| panic!("{code} is not among {:?}", codes(target)))
}

fn codes(target: &TargetReport) -> Vec<&str> {
    target.findings.iter().map(|finding| finding.code.as_str()).collect()
}

fn connect(row: &mut AddressProbe) {
    row.tcp.outcome = TcpOutcome::Connected { source_port: 40_000 };
    row.tls = None;
}

const WRONG_PORT: &str = "sg-endpoint-wrong-port";

#[test]
fn every_address_is_placed_in_one_of_the_four_cells() {
    for (name, cell) in [
        (WRONG_PORT, Cell::DeniedDropped),
        ("provider-silent", Cell::AllowedDropped),
        ("packets-contradict-inventory", Cell::DeniedAnswered),
        ("tls-expired-or-clock", Cell::AllowedAnswered),
    ] {
        let report = rules::diagnose(story(name));
        for row in &only(&report).addresses {
            assert_eq!(row.cell, Some(cell), "{name}, {}", row.ip);
        }
    }
}

#[test]
fn rules_that_an_answer_disproves_explain_no_silence() {
    let mut facts = story(WRONG_PORT);
    let before = rules::diagnose(facts.clone());
    assert_eq!(finding(only(&before), WRONG_PORT).confidence, Confidence::Confirmed);
    // The same group, as read, denies both addresses, and one of them answers.
    connect(&mut facts.targets[0].addresses[0]);
    let after = rules::diagnose(facts);
    let target = only(&after);
    assert_eq!(target.primary, None, "{:?}", codes(target));
    let undecided = target.undecided.iter().find(|one| one.code == WRONG_PORT).map(|one| &one.why);
    let says_why = |why: &Unknown| why.reason.describe().contains("old or incomplete");
    assert!(undecided.is_some_and(says_why), "{:?}", target.undecided);
    finding(target, "packets-contradict-inventory");
}

/// The other group is not disproved; but who read one wrong may have read the other wrong.
#[test]
fn an_answer_over_a_denied_path_takes_the_certainty_from_what_denies_the_others() {
    let mut facts = story("one-zone-acl");
    let mut inventory = (*facts.inventory).clone();
    if let Known::Known(interfaces) = &mut inventory.network_interfaces {
        let answering = facts.targets[0].addresses.iter().find(|row| row.tcp.outcome.is_connected());
        let ip = answering.map(|row| row.ip).unwrap();
        for eni in interfaces.iter_mut().filter(|eni| eni.addresses.contains(&ip)) {
            eni.groups = vec![vpce_doctor::model::id::SecurityGroupId::new("sg-app")];
        }
    }
    facts.inventory = Arc::new(inventory);
    let report = rules::diagnose(facts);
    let doubted = finding(only(&report), "nacl-endpoint-ingress");
    assert_eq!(doubted.confidence, Confidence::Likely);
    let says_why = |fact: &str| fact.contains("10.0.2.20 answers") && fact.contains("old or incomplete");
    assert!(doubted.evidence.iter().any(|evidence| says_why(&evidence.fact)), "{:?}", doubted.evidence);
}

/// One port passes through a group that, as read, admits nobody: of the other port it is no longer sure either.
#[test]
fn another_targets_packets_count_too() {
    let mut facts = story("sg-endpoint-ingress-missing");
    let mut passing = facts.targets[0].clone();
    passing.target.name = "passing".to_owned();
    passing.target.port += 1;
    passing.addresses.iter_mut().for_each(connect);
    facts.targets.push(passing);
    let report = rules::diagnose(facts);
    let doubted = finding(&report.targets[0], "sg-endpoint-ingress-missing");
    assert_eq!(doubted.confidence, Confidence::Possible);
    assert_eq!(
        report.targets[0].primary.as_deref(),
        Some("sg-endpoint-ingress-missing"),
        "still all there is"
    );
}

#[test]
fn what_the_provider_is_blamed_for_by_exclusion_rests_on_the_configuration_too() {
    // One address is silent though allowed, another answers though denied: who read the groups wrong?
    let mut facts = story("provider-az-unhealthy");
    let dead: Vec<IpAddr> = facts.targets[0]
        .addresses
        .iter()
        .filter(|row| !row.tcp.outcome.is_connected())
        .map(|row| row.ip)
        .collect();
    let mut inventory = (*facts.inventory).clone();
    if let Known::Known(interfaces) = &mut inventory.network_interfaces {
        for eni in interfaces.iter_mut().filter(|eni| eni.is_endpoint()) {
            if !eni.addresses.iter().any(|ip| dead.contains(ip)) {
                eni.groups = vec![vpce_doctor::model::id::SecurityGroupId::new("sg-app")];
            }
        }
    }
    facts.inventory = Arc::new(inventory);
    let report = rules::diagnose(facts);
    let blamed = finding(only(&report), "provider-az-unhealthy");
    assert_eq!(blamed.confidence, Confidence::Possible);
    assert!(blamed.evidence.iter().any(|evidence| evidence.fact.contains("old or incomplete")), "{blamed:?}");
}

/// The same group stops four targets on two ports: told in different words, and one cause all the same.
#[test]
fn one_cause_of_many_targets_is_one_entry() {
    let mut facts = story(WRONG_PORT);
    let first = facts.targets[0].clone();
    facts.targets = (0..4)
        .map(|number| {
            let mut target = first.clone();
            target.target.name = format!("t{number}");
            target.target.port += number % 2;
            target
        })
        .collect();
    let report = rules::diagnose(facts);
    let texts: Vec<_> = report.targets.iter().map(|target| &finding(target, WRONG_PORT).summary).collect();
    assert_ne!(texts[0], texts[1], "otherwise this proves nothing");
    let [entry] = report.summary.as_slice() else { panic!("{:?}", report.summary) };
    assert_eq!(entry.targets, ["t0", "t1", "t2", "t3"]);
    assert_eq!(entry.subject.as_ref().map(|subject| subject.id.as_str()), Some("sg-vpce"));
    assert!(entry.text.contains("sg-vpce"), "{}", entry.text);
}

/// Whoever carries out the fixes of all targets meets no number of an ACL twice, but for the same entry.
#[test]
fn entries_of_one_acl_have_numbers_of_their_own_across_targets() {
    let mut facts = story("nacl-client-egress");
    let mut other = facts.targets[0].clone();
    other.target.name = "other".to_owned();
    other.target.port += 1;
    facts.targets.push(other);
    let report = rules::diagnose(facts);
    let fixes = report.targets.iter().flat_map(|target| &finding(target, "nacl-client-egress").fixes);
    let mut numbers: Vec<u32> = Vec::new();
    for fix in fixes {
        let Some(Change::AddAclEntry { entry, .. }) = &fix.change else { continue };
        assert!(fix.verified, "{}", fix.text);
        assert!(fix.text.contains(&entry.number.to_string()), "{}", fix.text);
        numbers.push(entry.number);
    }
    assert_eq!(numbers.len(), 4);
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 4);
}

/// Two groups that fail in the same way are two causes: one change does not mend both.
#[test]
fn the_same_fault_of_another_group_is_another_entry() {
    let mut facts = story(WRONG_PORT);
    let text = serde_json::to_string(&facts).expect("facts serialize").replace("sg-vpce", "sg-other");
    let other: Facts = serde_json::from_str(&text).expect("facts come back");
    let here = rules::diagnose(facts.clone());
    facts.targets[0].target.name = "another".to_owned();
    let there = rules::diagnose(Facts { targets: facts.targets, ..other });
    let both = [("one", only(&here)), ("another", only(&there))];
    assert_eq!(rules::summarize(both).len(), 2);
}

/// Whoever carries a report out carries all of it out: entries of one ACL never claim one number for two things.
#[test]
fn fixes_of_several_targets_go_together() {
    let mut facts = story("nacl-endpoint-ingress");
    let first = facts.targets[0].clone();
    facts.targets = [443, 443, 8443]
        .into_iter()
        .enumerate()
        .map(|(number, port)| {
            let mut target = first.clone();
            target.target.name = format!("t{number}");
            target.target.port = port;
            target
        })
        .collect();
    let report = rules::diagnose(facts);
    let mut claims = std::collections::BTreeMap::new();
    let fixes = report.targets.iter().flat_map(|target| &target.findings).flat_map(|finding| &finding.fixes);
    for fix in fixes.filter(|fix| fix.verified) {
        let Some(Change::AddAclEntry { acl, entry }) = &fix.change else { continue };
        let place = (acl.to_string(), entry.direction, entry.number);
        let other = claims.entry(place).or_insert_with(|| entry.clone());
        assert_eq!(other, entry, "two entries for one number");
        assert!(
            fix.cli.as_ref().is_some_and(|cli| cli.contains(&format!("--rule-number {} ", entry.number)))
        );
    }
    let ports: BTreeSet<_> = claims.values().map(|entry| entry.ports.from).collect();
    assert_eq!(ports, BTreeSet::from([443, 8443]), "the same entry is proposed once, another one beside it");
    assert_eq!(claims.len(), 2);
}

/// Whatever fails is either explained or said to be left over, in every story and with either half of the inventory.
#[test]
fn nothing_that_fails_is_passed_over() {
    for (name, facts) in stories() {
        let report = rules::diagnose(facts);
        for (target, facts) in report.targets.iter().zip(&report.facts.targets) {
            let failing = target
                .addresses
                .iter()
                .zip(&facts.addresses)
                .filter(|(row, probe)| probe.used && !row.healthy);
            for (row, _) in failing {
                let ip = row.ip.to_string();
                let told =
                    |symptom: &vpce_doctor::model::finding::Symptom| symptom.to_string().starts_with(&ip);
                let explained = target.findings.iter().any(|finding| finding.explains.iter().any(told));
                let left = target.unexplained.iter().find(|one| told(&one.symptom));
                assert!(explained != left.is_some(), "{name}: {ip}");
                assert!(
                    left.is_none_or(|one| !one.left.is_empty() && !one.settle.is_empty()),
                    "{name}: {ip}"
                );
            }
        }
    }
}

/// The first finding explains at least as much, weighed by confidence, as any other error.
#[test]
fn the_primary_explains_the_most_with_the_strongest_evidence() {
    let weight = |finding: &Finding| {
        let confidence = match finding.confidence {
            Confidence::Confirmed => 4,
            Confidence::Likely => 2,
            Confidence::Possible => 1,
        };
        finding.explains.len() * confidence
    };
    for (name, facts) in stories() {
        let report = rules::diagnose(facts);
        for target in &report.targets {
            let errors: Vec<_> =
                target.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
            let best = errors.iter().map(|finding| weight(finding)).max();
            assert_eq!(errors.first().map(|finding| weight(finding)), best, "{name}");
            assert_eq!(
                target.primary.as_deref(),
                errors.first().map(|finding| finding.code.as_str()),
                "{name}"
            );
        }
    }
}
