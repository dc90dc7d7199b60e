//! `check --format ticket`: for every recorded story, what would be pasted into somebody's queue.

#[path = "support/stories.rs"]
mod stories;

use std::{fmt::Write as _, process::Command, sync::Arc};

use stories::{root, stories};
use vpce_doctor::{
    analyze::changes,
    model::{
        facts::Facts,
        inventory::Inventory,
        known::Known,
        report::{Report, TargetVerdict},
    },
    render::ticket,
    rules,
};

fn story(name: &str) -> Facts {
    stories().into_iter().find(|(known, _)| known == name).expect("a story of this name").1
}

fn told(name: &str) -> String {
    ticket::render(&rules::diagnose(story(name)))
}

/// One of each kind of addressee, and of each trouble of a provider. To accept new wording: `INSTA_UPDATE=always`.
#[test]
fn tickets_read_as_agreed() {
    let telling = [
        "healthy",
        "tls-expiring-soon",
        "tls-untrusted-issuer",
        "servfail",
        "provider-silent",
        "provider-az-unhealthy",
        "provider-no-listener",
        "endpoint-pending-acceptance",
        "tls-expired-or-clock",
        "endpoint-expired",
        "route-return-missing",
        "dns-stale-a-record",
        "stacked-groups",
        "nacl-partial-ephemeral",
    ];
    let mut all = String::new();
    for name in telling {
        let mut report = rules::diagnose(story(name));
        changes::since(&story("healthy"), &mut report);
        let _ = writeln!(all, "=== {name}\n{}", ticket::render(&report));
    }
    insta::with_settings!({snapshot_path => root().join("../data"), prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("tickets", all);
    });
}

#[test]
fn lines_fit_everywhere() {
    for (name, facts) in stories() {
        let mut report = rules::diagnose(facts);
        changes::since(&story("healthy"), &mut report);
        for line in ticket::render(&report).lines() {
            // A quoted argument of a command is one word, however long.
            let quoted = line.trim_start().starts_with(['"', '\'']);
            assert!(line.chars().count() <= 100 || quoted, "{name}: {line}");
            assert_eq!(line, line.trim_end(), "{name}");
        }
    }
}

fn is_failing(report: &Report) -> bool {
    matches!(report.targets[0].verdict, TargetVerdict::Down | TargetVerdict::Degraded)
}

/// Ids whole, as in the facts, and the time of the facts: nothing is abbreviated and nothing invented.
#[test]
fn a_ticket_says_where_and_when() {
    let mut tickets = 0;
    for (name, facts) in stories() {
        let report = rules::diagnose(facts);
        let text = ticket::render(&report);
        if !text.starts_with("To: ") {
            assert!(text.lines().count() <= 2, "{name}: one sentence: {text}");
            continue;
        }
        tickets += 1;
        assert!(is_failing(&report), "{name}");
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(&report.facts.now.to_string()), "{name}");
        for row in report.facts.targets[0].used() {
            assert!(flat.contains(&format!("{}", row.ip)), "{name} lacks {}", row.ip);
            assert!(flat.contains(&format!("TCP: {}", row.tcp)), "{name} lacks how {} fared", row.ip);
        }
        for address in report.targets[0].addresses.iter().zip(&report.facts.targets[0].addresses) {
            let (judged, probe) = address;
            let ids = [
                judged.eni.as_ref().map(ToString::to_string),
                judged.endpoint.as_ref().map(ToString::to_string),
                judged.az_id.as_ref().map(ToString::to_string),
            ];
            for id in ids.into_iter().flatten().filter(|_| probe.used) {
                assert!(flat.contains(&id), "{name} lacks {id}");
            }
        }
        assert!(flat.contains(concat!("vpce-doctor ", env!("CARGO_PKG_VERSION"))), "{name}");
    }
    assert!(tickets > 20, "most stories have somebody to write to: {tickets}");
}

#[test]
fn a_provider_is_told_what_was_verified_and_what_it_alone_can_see() {
    let text = told("provider-silent");
    for needed in [
        "To: the provider of com.amazonaws.vpce.us-west-2.vpce-svc-vendor\n",
        "Please find out why your service does not answer on tcp/443",
        "  Region        us-west-2\n",
        "  client        10.0.1.10 in zone usw2-az1\n",
        "    allow tcp/443 to 10.0.2.20,",
        "Zone ids mean the same zone in every account",
        "the load balancer's security group",
        "a listener on tcp/443",
        "healthy targets in zones usw2-az1, usw2-az2",
        "whether vpce-vendor is accepted, and registered in your console",
    ] {
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat(&text).contains(&flat(needed)), "{needed:?} is not in\n{text}");
    }
}

/// What nobody looked at is not told as allowed.
#[test]
fn what_was_not_read_is_not_called_open() {
    let mut facts = story("provider-no-listener");
    facts.inventory = Arc::new(Inventory::none("--inventory none"));
    let text = ticket::render(&rules::diagnose(facts));
    assert!(text.starts_with("To: the provider of api.vendor.example\n"), "{text}");
    assert!(!text.contains(" allow ") && !text.contains("endpoint  "), "{text}");
    assert!(text.contains("could not be told; see below"), "{text}");
    assert!(text.contains("  - the VPC's configuration was not read (--inventory none)\n"), "{text}");
}

#[test]
fn control_characters_are_shown_not_obeyed() {
    let mut facts = story("provider-silent");
    facts.targets[0].target.host = "api\u{1b}[2J.example".to_owned();
    let mut inventory = Inventory::clone(&facts.inventory);
    if let Known::Known(endpoints) = &mut inventory.vpc_endpoints {
        endpoints[0].service = "com.amazonaws.vpce\nTo: somebody else".to_owned();
    }
    facts.inventory = Arc::new(inventory);
    let text = ticket::render(&rules::diagnose(facts));
    assert!(!text.contains('\u{1b}') && text.contains("api\\u{1b}[2J.example"), "{text}");
    assert_eq!(text.matches("\nTo: ").count(), 0, "{text}");
}

#[test]
fn targets_are_kept_apart() {
    let mut facts = story("provider-silent");
    let mut healthy = story("healthy").targets.remove(0);
    healthy.target.name = "the other".to_owned();
    facts.targets.push(healthy);
    let text = ticket::render(&rules::diagnose(facts));
    let (first, second) = text.split_once(&format!("{}\n", "-".repeat(100))).expect("a rule between them");
    assert!(first.starts_with("To: the provider"));
    assert_eq!(second, "the other: healthy, nothing to report.\n");
}

#[test]
fn the_exit_code_is_that_of_check() {
    for (name, code) in [("healthy", 0), ("tls-expiring-soon", 1), ("provider-silent", 2)] {
        let file = root().join(name).join("facts.json");
        let output = Command::new(env!("CARGO_BIN_EXE_vpce-doctor"))
            .args(["check", "--format", "ticket", "--replay"])
            .arg(file)
            .env("CLICOLOR_FORCE", "1")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code), "{name}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains('\u{1b}'), "no colours: {text:?}");
    }
}

#[test]
fn people_are_told_of_it_where_the_provider_must_act() {
    let human = |name: &str| {
        let report = rules::diagnose(story(name));
        vpce_doctor::render::human::render(&report, &vpce_doctor::render::style::Styles::default())
    };
    let line = "  Ticket text: vpce-doctor check … --format ticket\n";
    assert!(human("provider-silent").contains(line));
    assert!(!human("sg-endpoint-wrong-port").contains(line));
}
