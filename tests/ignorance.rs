//! What we do not know must never accuse anybody, and never acquit anybody either: every story is told again
//! with parts of the configuration hidden.

#[path = "support/stories.rs"]
mod stories;

use std::{collections::BTreeSet, sync::Arc};

use stories::stories;
use vpce_doctor::{
    model::{
        facts::Facts,
        finding::{Confidence, Severity},
        inventory::{Inventory, actions},
        known::{Known, Reason, Unknown},
        report::{Report, TargetVerdict},
    },
    rules,
};

type Hide = fn(&mut Inventory, Unknown);

/// Every list, and the call that supplies it.
const LISTS: [(&str, Hide); 9] = [
    (actions::NETWORK_ACLS, |inventory, why| inventory.network_acls = Known::Unknown(why)),
    (actions::NETWORK_INTERFACES, |inventory, why| inventory.network_interfaces = Known::Unknown(why)),
    (actions::PEERING_CONNECTIONS, |inventory, why| inventory.peering_connections = Known::Unknown(why)),
    (actions::PREFIX_LIST_ENTRIES, |inventory, why| inventory.prefix_lists = Known::Unknown(why)),
    (actions::ROUTE_TABLES, |inventory, why| inventory.route_tables = Known::Unknown(why)),
    (actions::SECURITY_GROUPS, |inventory, why| inventory.security_groups = Known::Unknown(why)),
    (actions::SUBNETS, |inventory, why| inventory.subnets = Known::Unknown(why)),
    (actions::VPC_ENDPOINTS, |inventory, why| inventory.vpc_endpoints = Known::Unknown(why)),
    (actions::VPCS, |inventory, why| inventory.vpcs = Known::Unknown(why)),
];

fn hidden(facts: &Facts, lists: &[usize]) -> Facts {
    let mut inventory = Inventory::clone(&facts.inventory);
    for index in lists {
        let (action, hide) = LISTS[*index];
        let reason = Reason::Denied { code: "UnauthorizedOperation".to_owned(), message: String::new() };
        hide(&mut inventory, Unknown::new(action, reason));
    }
    Facts { inventory: Arc::new(inventory), ..facts.clone() }
}

fn accused(report: &Report) -> BTreeSet<(usize, String)> {
    let of = |(index, target): (usize, &vpce_doctor::model::report::TargetReport)| {
        let errors = target.findings.iter().filter(|finding| finding.severity == Severity::Error);
        let errors = errors.filter(|finding| finding.confidence > Confidence::Possible);
        errors.map(|finding| (index, finding.code.clone())).collect::<Vec<_>>()
    };
    report.targets.iter().enumerate().flat_map(of).collect()
}

fn verdicts(report: &Report) -> Vec<TargetVerdict> {
    report.targets.iter().map(|target| target.verdict).collect()
}

/// Hiding may leave a cause unfound, or leave a mere possibility in its place; it never moves the blame with any
/// conviction to somebody whom the whole truth does not accuse.
#[test]
fn hiding_a_list_accuses_nobody_new() {
    for (name, facts) in stories() {
        let whole = rules::diagnose(facts.clone());
        for (index, (action, _)) in LISTS.iter().enumerate() {
            let part = rules::diagnose(hidden(&facts, &[index]));
            assert_eq!(verdicts(&whole), verdicts(&part), "{name}: the verdict is about packets");
            let new: Vec<_> = accused(&part).difference(&accused(&whole)).cloned().collect();
            assert!(new.is_empty(), "{name} without {action}: {new:?}");
        }
    }
}

/// Where a cause is lost with a list, the report says so: the list's call is named as missing.
#[test]
fn what_is_lost_is_listed_as_undecided() {
    for (name, facts) in stories() {
        let whole = rules::diagnose(facts.clone());
        for (index, (action, _)) in LISTS.iter().enumerate() {
            let part = rules::diagnose(hidden(&facts, &[index]));
            for (before, after) in whole.targets.iter().zip(&part.targets) {
                let lost = before.primary.is_some() && after.primary.is_none();
                assert!(!lost || !after.undecided.is_empty(), "{name} without {action}");
                assert!(!lost || !after.unexplained.is_empty(), "{name} without {action}");
            }
        }
    }
}

#[test]
fn hiding_everything_leaves_the_packets_word() {
    let all: Vec<_> = (0..LISTS.len()).collect();
    for (name, facts) in stories() {
        let whole = rules::diagnose(facts.clone());
        let blind = rules::diagnose(hidden(&facts, &all));
        assert_eq!(verdicts(&whole), verdicts(&blind), "{name}");
        for finding in blind.targets.iter().flat_map(|target| &target.findings) {
            // The networks of the host itself are no configuration of the VPC.
            let of_configuration = finding.code != "route-overlap-local"
                && ["sg-", "nacl-", "route-"].iter().any(|family| finding.code.starts_with(family));
            assert!(!of_configuration, "{name}: {} without having read anything", finding.code);
        }
    }
}
