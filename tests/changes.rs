//! What changed since all was well: pairs of recorded facts side by side.

#[path = "support/stories.rs"]
mod stories;

use std::{
    fmt::Write as _,
    net::SocketAddr,
    process::{Command, Output},
    sync::{Arc, LazyLock},
};

use proptest::prelude::*;
use serde_json::Value;
use socket2::{Domain, Socket, Type};
use stories::{root, stories};
use test_case::test_case;
use vpce_doctor::{
    analyze::changes,
    model::{
        difference::{Comparison, Difference, DifferenceKind},
        endpoint::{EndpointState, NetworkInterface},
        facts::Facts,
        firewall::{Direction, Peer, PrefixList, SecurityGroupRule},
        inventory::Inventory,
        known::{Known, Reason, Unknown},
        listing::Listing,
        name::SystemOutcome,
        net::{PortRange, ProtocolMatch, TCP},
        observation::Certificate,
        resource::ResourceKind,
        route::{Route, RouteDestination, RouteTarget},
        time::Timestamp,
    },
    rules,
};

static STORIES: LazyLock<Vec<(String, Facts)>> = LazyLock::new(stories);

fn story(name: &str) -> Facts {
    STORIES.iter().find(|(known, _)| known == name).expect("a story of this name").1.clone()
}

fn compared(then: &Facts, now: &Facts) -> Comparison {
    changes::compare(then, now, &now.targets[0])
}

/// The healthy story, and the same with a mutation.
fn changed(mutate: impl FnOnce(&mut Facts, &mut Inventory)) -> (Facts, Facts) {
    let then = story("healthy");
    let mut now = then.clone();
    now.now.0 += 3600;
    let mut inventory = Inventory::clone(&now.inventory);
    mutate(&mut now, &mut inventory);
    now.inventory = Arc::new(inventory);
    (then, now)
}

fn facts_of(comparison: &Comparison) -> Vec<&str> {
    comparison.differences.iter().map(|difference| difference.fact.as_str()).collect()
}

fn list<T>(known: &mut Known<Listing<T>>) -> &mut Listing<T> {
    match known {
        Known::Known(all) => all,
        Known::Unknown(why) => panic!("the healthy story knows it: {why:?}"),
    }
}

fn interface<'i>(inventory: &'i mut Inventory, id: &str) -> &'i mut NetworkInterface {
    list(&mut inventory.network_interfaces)
        .iter_mut()
        .find(|eni| eni.id.as_str() == id)
        .expect("an interface")
}

fn rules<'i>(inventory: &'i mut Inventory, id: &str) -> &'i mut Vec<SecurityGroupRule> {
    let groups = list(&mut inventory.security_groups);
    &mut groups.iter_mut().find(|group| group.id.as_str() == id).expect("a group").rules
}

fn leaf(facts: &mut Facts) -> impl Iterator<Item = &mut Certificate> {
    facts.targets[0].addresses.iter_mut().filter_map(|row| row.tls.as_mut()?.chain.first_mut())
}

/// Beside the healthy one, each shows another kind of change.
const TELLING: [&str; 17] = [
    "api-unauthorized",
    "dns-custom-server-silent",
    "dns-hosts-override",
    "dns-nxdomain-no-record",
    "dns-support-disabled",
    "endpoint-in-other-vpc",
    "endpoint-pending-acceptance",
    "nacl-client-egress",
    "nacl-numbered-deny",
    "one-zone-acl",
    "packets-only",
    "provider-no-listener",
    "provider-silent",
    "route-blackhole",
    "sg-endpoint-default-group",
    "stacked-groups",
    "tls-hostname-mismatch",
];

/// To accept new wording: `INSTA_UPDATE=always`.
#[test]
fn what_changed_reads_as_agreed() {
    let healthy = story("healthy");
    let mut told = String::new();
    for name in TELLING {
        let comparison = compared(&healthy, &story(name));
        let _ = writeln!(told, "{name}");
        for Difference { kind, fact, .. } in &comparison.differences {
            let _ = writeln!(told, "  {}: {fact}", kind.as_str());
        }
        for gap in &comparison.not_compared {
            let _ = writeln!(told, "  ({gap})");
        }
    }
    insta::with_settings!({snapshot_path => root().join("../data"), prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("changes", told);
    });
}

#[test]
fn nothing_differs_from_itself() {
    for (name, facts) in STORIES.iter() {
        assert_eq!(facts_of(&compared(facts, facts)), [""; 0], "{name}");
    }
}

/// What was lost one way was gained the other.
#[test]
fn looking_back_is_the_mirror_image() {
    type Side = (DifferenceKind, Option<String>, Option<String>);
    let sides = |comparison: Comparison, mirrored: bool| -> Vec<Side> {
        let side = |Difference { kind, before, after, .. }: Difference| {
            if mirrored { (kind, after, before) } else { (kind, before, after) }
        };
        let mut sides: Vec<_> = comparison.differences.into_iter().map(side).collect();
        sides.sort();
        sides
    };
    for (then_name, then) in STORIES.iter() {
        for (now_name, now) in STORIES.iter() {
            let (there, back) = (compared(then, now), compared(now, then));
            assert_eq!(sides(there, false), sides(back, true), "{then_name} and {now_name}");
        }
    }
}

/// Whoever cannot look has seen no change; what he cannot see is named.
#[test]
fn what_one_side_does_not_know_has_not_changed() {
    type Hide = fn(&mut Inventory, Unknown);
    let lists: [(&str, Hide); 6] = [
        ("ec2:DescribeNetworkAcls", |inventory, why| inventory.network_acls = Known::Unknown(why)),
        ("ec2:DescribeNetworkInterfaces", |inventory, why| {
            inventory.network_interfaces = Known::Unknown(why);
        }),
        ("ec2:DescribeRouteTables", |inventory, why| inventory.route_tables = Known::Unknown(why)),
        ("ec2:DescribeSecurityGroups", |inventory, why| inventory.security_groups = Known::Unknown(why)),
        ("ec2:DescribeVpcEndpoints", |inventory, why| inventory.vpc_endpoints = Known::Unknown(why)),
        ("ec2:DescribeVpcPeeringConnections", |inventory, why| {
            inventory.peering_connections = Known::Unknown(why);
        }),
    ];
    let healthy = story("healthy");
    for (name, whole) in STORIES.iter() {
        let all = compared(&healthy, whole);
        for (action, hide) in lists {
            let mut inventory = Inventory::clone(&whole.inventory);
            hide(&mut inventory, Unknown::new(action, Reason::TimedOut));
            let part = Facts { inventory: Arc::new(inventory), ..whole.clone() };
            let part = compared(&healthy, &part);
            for difference in &part.differences {
                // Less detail may be left of one, but never one of which nothing was known before.
                let known = |other: &Difference| other.kind == difference.kind;
                assert!(all.differences.iter().any(known), "{name} without {action}: {}", difference.fact);
            }
            let named =
                part.not_compared.iter().any(|gap| gap.contains(action) || gap.contains("the earlier"));
            assert!(named || whole.inventory.is_none(), "{name} without {action}: {:?}", part.not_compared);
        }
    }
}

fn turn<T>(items: &mut [T], by: usize) {
    let by = by.checked_rem(items.len()).unwrap_or_default();
    items.rotate_left(by);
}

proptest! {
    /// Lists come in any order, and rules under any id.
    #[test]
    fn order_and_ids_do_not_matter(seed in any::<usize>(), name in 0..STORIES.len()) {
        let then = STORIES[name].1.clone();
        let mut now = then.clone();
        let mut inventory = Inventory::clone(&now.inventory);
        if let Known::Known(groups) = &mut inventory.security_groups {
            for group in groups.iter_mut() {
                turn(&mut group.rules, seed);
                for rule in &mut group.rules {
                    rule.id = Some(format!("sgr-{seed}"));
                }
            }
        }
        if let Known::Known(acls) = &mut inventory.network_acls {
            for acl in acls.iter_mut() {
                turn(&mut acl.entries, seed);
            }
        }
        if let Known::Known(tables) = &mut inventory.route_tables {
            for table in tables.iter_mut() {
                turn(&mut table.routes, seed);
            }
        }
        if let Known::Known(interfaces) = &mut inventory.network_interfaces {
            let mut all: Vec<_> = interfaces.iter().cloned().collect();
            turn(&mut all, seed);
            *interfaces = all.into();
        }
        now.targets[0].addresses.reverse();
        if let SystemOutcome::Addresses(all) =
            &mut now.targets[0].resolution.system.outcome
        {
            all.reverse();
        }
        now.inventory = Arc::new(inventory);
        let comparison = compared(&then, &now);
        prop_assert!(comparison.differences.is_empty(), "{:?}", facts_of(&comparison));
    }
}

#[test]
fn a_rule_is_known_by_its_id() {
    let rule = |port: u16| SecurityGroupRule {
        id: Some("sgr-7".to_owned()),
        direction: Direction::Ingress,
        protocol: ProtocolMatch::Number(TCP),
        ports: PortRange::single(port),
        peer: Peer::Group { id: "sg-app".into(), peering_status: None },
    };
    let (mut then, mut now) = changed(|_, _| {});
    for (facts, port) in [(&mut then, 443), (&mut now, 4443)] {
        let mut inventory = Inventory::clone(&facts.inventory);
        let rules = rules(&mut inventory, "sg-vpce");
        rules.retain(|rule| rule.direction == Direction::Egress);
        rules.push(rule(port));
        facts.inventory = Arc::new(inventory);
    }
    let comparison = compared(&then, &now);
    assert_eq!(
        facts_of(&comparison),
        ["sg-vpce inbound has tcp/4443 from sg-app, formerly tcp/443 from sg-app"]
    );
    let reference = comparison.differences[0].reference.as_ref().unwrap();
    assert_eq!((reference.kind, reference.position.as_deref()), (ResourceKind::SecurityGroup, Some("sgr-7")));
}

#[test]
fn a_rule_over_a_peering_connection_that_went_away() {
    let (mut then, now) = changed(|_, inventory| {
        let stale = Peer::Group { id: "sg-app".into(), peering_status: Some("deleted".to_owned()) };
        rules(inventory, "sg-vpce")[0].peer = stale;
    });
    assert_eq!(facts_of(&compared(&then, &now)), [""; 0], "what it was before, nobody told");
    let mut inventory = Inventory::clone(&then.inventory);
    rules(&mut inventory, "sg-vpce")[0].peer =
        Peer::Group { id: "sg-app".into(), peering_status: Some("active".to_owned()) };
    then.inventory = Arc::new(inventory);
    let told = ["sg-vpce inbound has tcp/443 from sg-app (peering deleted), formerly tcp/443 from sg-app"];
    assert_eq!(facts_of(&compared(&then, &now)), told);
}

/// Nobody's traffic to this target meets them.
#[test]
fn what_lies_off_the_way_is_not_told() {
    let (then, now) = changed(|_, inventory| {
        // The replies' direction, in which a group that keeps state decides nothing.
        rules(inventory, "sg-vpce").retain(|rule| rule.direction == Direction::Ingress);
        rules(inventory, "sg-app").push(SecurityGroupRule {
            id: None,
            direction: Direction::Ingress,
            protocol: ProtocolMatch::All,
            ports: PortRange::ALL,
            peer: Peer::Cidr("0.0.0.0/0".parse().unwrap()),
        });
        let groups = list(&mut inventory.security_groups);
        let mut foreign = groups[0].clone();
        foreign.id = "sg-foreign".into();
        groups.push(foreign);
        let acls = list(&mut inventory.network_acls);
        let mut foreign = acls[0].clone();
        foreign.id = "acl-foreign".into();
        foreign.subnets = vec!["subnet-foreign".into()];
        acls.push(foreign);
        list(&mut inventory.route_tables)[0].routes.push(Route {
            destination: RouteDestination::Cidr("192.168.0.0/16".parse().unwrap()),
            target: RouteTarget::VirtualPrivateGateway("vgw-1".to_owned()),
            state: "active".to_owned(),
            origin: "EnableVgwRoutePropagation".to_owned(),
        });
    });
    let comparison = compared(&then, &now);
    assert_eq!(facts_of(&comparison), [""; 0]);
    assert_eq!(comparison.not_compared, [""; 0]);
}

#[test]
fn an_interface_is_replaced_by_one_in_its_subnet() {
    let (then, now) = changed(|_, inventory| {
        let eni = interface(inventory, "eni-10-0-2-20");
        eni.id = "eni-new".into();
        eni.addresses = vec!["10.0.2.77".parse().unwrap()];
        list(&mut inventory.vpc_endpoints)[0].network_interfaces =
            vec!["eni-10-0-3-20".into(), "eni-new".into()];
    });
    let comparison = compared(&then, &now);
    let told = ["vpce-vendor in subnet-vpce-1 has eni-new (10.0.2.77), formerly eni-10-0-2-20 (10.0.2.20)"];
    assert_eq!(facts_of(&comparison), told);
    assert!(comparison.differences[0].subjects.iter().any(|subject| subject == "10.0.2.20"));
}

#[test]
fn interfaces_come_and_go() {
    let (then, now) = changed(|_, inventory| {
        list(&mut inventory.network_interfaces).retain(|eni| eni.id.as_str() != "eni-10-0-3-20");
        list(&mut inventory.vpc_endpoints)[0].network_interfaces.pop();
        interface(inventory, "eni-10-0-2-20").addresses = vec!["10.0.2.21".parse().unwrap()];
    });
    let told = [
        "vpce-vendor in subnet-vpce-2 lost eni-10-0-3-20 (10.0.3.20)",
        "eni-10-0-2-20 of vpce-vendor holds 10.0.2.21, no longer 10.0.2.20",
    ];
    assert_eq!(facts_of(&compared(&then, &now)), told);
    let gained = compared(&now, &then);
    assert!(facts_of(&gained).contains(&"vpce-vendor in subnet-vpce-2 gained eni-10-0-3-20 (10.0.3.20)"));
}

#[test]
fn the_endpoint_itself() {
    let (then, now) = changed(|_, inventory| {
        let endpoint = &mut list(&mut inventory.vpc_endpoints)[0];
        endpoint.state = EndpointState::Rejected;
        endpoint.private_dns_enabled = true;
    });
    let told =
        ["private DNS of vpce-vendor is on, formerly off", "vpce-vendor is rejected, formerly available"];
    assert_eq!(facts_of(&compared(&then, &now)), told);
}

/// An inventory of other VPCs does not say that an endpoint is gone.
#[test]
fn gone_is_only_what_was_looked_for() {
    let (then, gone) = changed(|_, inventory| list(&mut inventory.vpc_endpoints).clear());
    let told = ["vpce-vendor for com.amazonaws.vpce.us-west-2.vpce-svc-vendor is gone"];
    assert_eq!(facts_of(&compared(&then, &gone)), told);
    let (then, elsewhere) = changed(|_, inventory| {
        list(&mut inventory.vpc_endpoints).clear();
        list(&mut inventory.vpcs)[0].id = "vpc-other".into();
        for subnet in list(&mut inventory.subnets).iter_mut() {
            subnet.vpc = "vpc-other".into();
        }
    });
    let comparison = compared(&then, &elsewhere);
    assert!(!facts_of(&comparison).contains(&told[0]), "{comparison:?}");
    assert_eq!(comparison.not_compared, ["vpc-app (not known now: it is not among the VPCs that were read)"]);
}

#[test]
fn oldest_first_where_times_are_known() {
    let (then, now) = changed(|now, inventory| {
        list(&mut inventory.vpc_endpoints)[0].state = EndpointState::Failed;
        let issued = Timestamp(now.now.0 - 60);
        for certificate in leaf(now) {
            certificate.fingerprint = "f".repeat(64);
            certificate.issuer = "CN=Another".to_owned();
            certificate.not_before = issued;
        }
        let second = list(&mut inventory.vpc_endpoints)[0].clone();
        let created = Some(Timestamp(now.now.0 - 120));
        let id = "vpce-second".into();
        list(&mut inventory.vpc_endpoints).push(vpce_doctor::model::endpoint::VpcEndpoint {
            id,
            created,
            ..second
        });
        now.targets[0].target.endpoint = Some("vpce-second".into());
    });
    let comparison = compared(&then, &now);
    let kinds: Vec<_> = comparison.differences.iter().map(|d| (d.kind, d.since.is_some())).collect();
    assert_eq!(
        kinds,
        [
            (DifferenceKind::Endpoint, true),
            (DifferenceKind::Certificate, true),
            (DifferenceKind::EndpointState, false)
        ],
        "{comparison:?}"
    );
}

#[test]
fn a_certificate_from_before_the_record_has_no_time() {
    let (then, now) = changed(|now, _| leaf(now).for_each(|leaf| leaf.fingerprint = "f".repeat(64)));
    let comparison = compared(&then, &now);
    assert_eq!(comparison.differences.len(), 1, "the same at both addresses: {comparison:?}");
    assert_eq!(comparison.differences[0].since, None);
}

#[test]
fn an_intermediate_that_is_left_out() {
    let (then, now) = changed(|now, _| {
        for row in &mut now.targets[0].addresses {
            row.tls.as_mut().unwrap().chain.truncate(1);
        }
    });
    assert_eq!(facts_of(&compared(&then, &now)), ["the same certificate in a chain of 1, formerly of 2"]);
}

#[test]
fn the_way_there() {
    let (then, now) = changed(|_, inventory| {
        let tables = list(&mut inventory.route_tables);
        tables[0].routes[0].state = "blackhole".to_owned();
        let mut own = tables[0].clone();
        own.id = "rtb-app".into();
        own.main = false;
        own.subnets = vec!["subnet-app".into()];
        tables.push(own);
        let acl = &mut list(&mut inventory.network_acls)[0];
        acl.entries.retain(|entry| entry.number != 100 || entry.direction == Direction::Egress);
    });
    let told = [
        "acl-app inbound lost rule 100 (allows all traffic from 0.0.0.0/0)",
        "subnet-app has route table rtb-app, no longer rtb-main",
        "rtb-main has 10.0.0.0/16 → local (blackhole), formerly 10.0.0.0/16 → local",
    ];
    assert_eq!(facts_of(&compared(&then, &now)), told);
}

#[test]
fn a_peering_connection_on_the_way() {
    let then = story("route-return-missing");
    let mut now = then.clone();
    let mut inventory = Inventory::clone(&now.inventory);
    list(&mut inventory.peering_connections)[0].status = "deleted".to_owned();
    now.inventory = Arc::new(inventory);
    assert_eq!(facts_of(&compared(&then, &now)), ["peering connection pcx-hub is deleted, formerly active"]);
}

#[test]
fn a_prefix_list_that_a_rule_names() {
    let (mut then, mut now) = changed(|_, _| {});
    for (facts, cidr) in [(&mut then, "10.0.0.0/16"), (&mut now, "10.9.0.0/16")] {
        let mut inventory = Inventory::clone(&facts.inventory);
        rules(&mut inventory, "sg-vpce")[0].peer = Peer::PrefixList("pl-1".into());
        inventory.prefix_lists = Known::Known(
            [PrefixList {
                id: "pl-1".into(),
                name: String::new(),
                ipv6: None,
                entries: Known::Known(vec![cidr.parse().unwrap()]),
            }]
            .into_iter()
            .collect(),
        );
        facts.inventory = Arc::new(inventory);
    }
    let told = ["prefix list pl-1 has 10.9.0.0/16, no longer 10.0.0.0/16"];
    assert_eq!(facts_of(&compared(&then, &now)), told);
}

#[test]
fn a_host_that_moved() {
    let (then, now) = changed(|now, inventory| {
        let eni = interface(inventory, "eni-app");
        eni.id = "eni-moved".into();
        eni.subnet = "subnet-vpce-2".into();
        eni.addresses = vec!["10.0.3.9".parse().unwrap()];
        now.vantage.source_ip = Known::Known("10.0.3.9".parse().unwrap());
        for row in &mut now.targets[0].addresses {
            row.source_ip = Known::Known("10.0.3.9".parse().unwrap());
        }
    });
    let comparison = compared(&then, &now);
    let told = "this host asks from 10.0.3.9, eni-moved, subnet-vpce-2 (usw2-az2), vpc-app, formerly from 10.0.1.10, \
                eni-app, subnet-app (usw2-az1), vpc-app";
    assert_eq!(facts_of(&comparison)[0], told);
    assert!(comparison.differences[0].subjects.iter().any(|subject| subject == "10.0.3.9"));
}

/// Without an address to go to, the kernel's choice is that towards the resolver.
#[test]
fn another_way_out_is_no_move() {
    let nothing = |now: &mut Facts| {
        now.targets[0].addresses.clear();
        now.targets[0].resolution.system.outcome =
            SystemOutcome::Failed { message: "Name or service not known".to_owned() };
        now.vantage.source_ip = Known::Known("10.0.3.9".parse().unwrap());
        now.vantage.eni = Known::Known("eni-second".into());
        now.vantage.security_groups = Known::Known(vec!["sg-second".into()]);
    };
    let told = "api.vendor.example gives nothing, formerly 10.0.2.20 and 10.0.3.20";
    let (then, now) = changed(|now, _| nothing(now));
    assert_eq!(facts_of(&compared(&then, &now)), [told], "the metadata still has the first address");
    let (then, now) = changed(|now, _| {
        nothing(now);
        now.host.metadata = Known::not_asked("instance metadata");
    });
    assert_eq!(facts_of(&compared(&then, &now)), [told], "the first interface is still there");
    let (then, now) = changed(|now, inventory| {
        nothing(now);
        now.host.metadata = Known::not_asked("instance metadata");
        list(&mut inventory.network_interfaces).retain(|eni| eni.id.as_str() != "eni-app");
    });
    assert!(facts_of(&compared(&then, &now))[0].starts_with("this host asks from 10.0.3.9, eni-second"));
}

#[test]
fn a_target_is_known_by_host_and_port() {
    let (then, mut now) = changed(|_, _| {});
    now.targets[0].target.name = "vectors".to_owned();
    now.targets[0].target.host = "API.vendor.example.".to_owned();
    assert!(compared(&then, &now).verdict.is_some());
    now.targets[0].target.port = 444;
    let comparison = compared(&then, &now);
    assert_eq!((comparison.verdict, comparison.differences.len()), (None, 0));
    assert_eq!(comparison.not_compared, ["API.vendor.example.:444: the earlier record does not have it"]);
}

/// The group that the finding is about, and no other's.
#[test]
fn a_finding_that_rests_on_a_change_says_so() {
    let mut report = rules::diagnose(story("stacked-groups"));
    changes::since(&story("healthy"), &mut report);
    let told = |code: &str| -> Vec<String> {
        let finding = report.targets[0].findings.iter().find(|finding| finding.code == code).expect("found");
        let facts = finding.evidence.iter().map(|evidence| evidence.fact.clone());
        facts
            .filter_map(|fact| fact.strip_prefix("changed since 2026-11-20T10:32:47Z: ").map(str::to_owned))
            .collect()
    };
    let sg_app =
        ["sg-app outbound lost all traffic to 0.0.0.0/0", "sg-app outbound gained tcp/80 to 0.0.0.0/0"];
    assert_eq!(told("sg-source-egress-missing"), sg_app);
    assert_eq!(told("sg-endpoint-ingress-missing"), ["sg-vpce inbound lost tcp/443 from sg-app"]);
}

#[test]
fn a_finding_that_rests_on_nothing_new_is_left_alone() {
    let plain = rules::diagnose(story("provider-silent"));
    let mut report = plain.clone();
    changes::since(&story("healthy"), &mut report);
    assert_eq!(report.targets[0].findings, plain.targets[0].findings);
    assert_eq!(report.targets[0].comparison.as_ref().map(|c| c.differences.len()), Some(0));
}

#[test]
fn healthy_targets_are_not_compared() {
    let mut report = rules::diagnose(story("healthy"));
    changes::since(&story("sg-endpoint-ingress-missing"), &mut report);
    assert_eq!(report.targets[0].comparison, None);
}

fn check(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vpce-doctor")).arg("check").args(arguments).env_clear().output().unwrap()
}

fn facts_file(name: &str) -> String {
    root().join(name).join("facts.json").display().to_string()
}

#[test]
fn two_recordings_are_compared_without_a_network() {
    let (now, then) = (facts_file("sg-endpoint-ingress-missing"), facts_file("healthy"));
    let output = check(&["--replay", &now, "--since", &then, "--format", "json"]);
    assert_eq!(output.status.code(), Some(2), "as without it: {}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let target = &report["targets"][0];
    assert_eq!(target["compared_with"], "2026-11-20T10:32:47Z");
    let change = serde_json::json!([{
        "kind": "security-group-rule",
        "fact": "sg-vpce inbound lost tcp/443 from sg-app",
        "before": "tcp/443 from sg-app",
        "ref": {"kind": "security-group", "id": "sg-vpce"},
    }]);
    assert_eq!(target["changes"], change);
    assert!(target.get("not_compared").is_none());
    let schema = include_str!("../config/report-v1.schema.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap().validate(&report).unwrap();
    let human = String::from_utf8(check(&["--replay", &now, "--since", &then]).stdout).unwrap();
    let block = "  Changed since 2026-11-20T10:32:47Z, when all was well\n    \
                 sg-vpce inbound lost tcp/443 from sg-app (sg-endpoint-ingress-missing)\n";
    assert!(human.contains(block), "{human}");
}

/// All reports of pairs fit the schema, whatever kinds they show.
#[test]
fn comparisons_fit_the_schema() {
    let schema = include_str!("../config/report-v1.schema.json");
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    for (name, facts) in STORIES.iter() {
        for then in ["healthy", "packets-only", "route-blackhole"] {
            let mut report = rules::diagnose(facts.clone());
            changes::since(&story(then), &mut report);
            let report = serde_json::from_str(&vpce_doctor::render::json::render(&report)).unwrap();
            let errors: Vec<_> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{name} since {then}: {errors:?}");
        }
    }
}

#[test]
fn a_live_check_is_compared_too() {
    // Bound and never listening, it keeps the port from everybody else once the listener is gone.
    let keeper = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    keeper.set_reuse_address(true).unwrap();
    keeper.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = keeper.local_addr().unwrap().as_socket().unwrap();
    let listener = std::net::TcpListener::bind(address).unwrap();
    let target = format!("tcp://{address}");
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("good.json").display().to_string();
    let good = check(&[&target, "--inventory", "none", "--record", &file]);
    assert_eq!(good.status.code(), Some(0), "{}", String::from_utf8_lossy(&good.stderr));
    drop(listener);
    let bad = check(&[&target, "--inventory", "none", "--since", &file]);
    assert_eq!(bad.status.code(), Some(2));
    let human = String::from_utf8(bad.stdout).unwrap();
    assert!(human.contains("  Nothing that was compared changed since 20"), "{human}");
    let gap = "  Not compared: the VPC's configuration (not known either time: --inventory none)\n";
    assert!(human.contains(gap), "{human}");
}

const NEEDED: &str = "what is needed are the facts that `vpce-doctor check … --record FILE` writes";

#[test_case("{\n  \"schema\": \"vpce-doctor/report/v1\"}", ":2:3: not a recording of vpce-doctor: it is a report (vpce-doctor/report/v1)"; "a report")]
#[test_case("{\"schema\": \"vpce-doctor/facts/v9\"}", ":1:2: not a recording of vpce-doctor: its schema is \"vpce-doctor/facts/v9\", this version reads \"vpce-doctor/facts/v1\""; "another version")]
#[test_case("{}", ":1:1: not a recording of vpce-doctor: it has no schema, which would be \"vpce-doctor/facts/v1\""; "no schema")]
#[test_case("{\n\"schema\": \"vpce-doctor/facts/v1\"\n}", ":3:1: not a recording of vpce-doctor: missing field `now`"; "half a recording")]
#[test_case("\n✗ down\n", ":2:1: not a recording of vpce-doctor: expected value"; "the human report")]
#[test_case("", ":1:0: not a recording of vpce-doctor: EOF while parsing a value"; "an empty file")]
fn a_file_that_is_no_recording_is_refused(content: &str, message: &str) {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("good.json");
    std::fs::write(&path, content).unwrap();
    let (now, path) = (facts_file("healthy"), path.display().to_string());
    for option in ["--since", "--replay"] {
        let output = if option == "--since" {
            check(&["--replay", &now, "--since", &path])
        } else {
            check(&["--replay", &path])
        };
        assert_eq!(output.status.code(), Some(3));
        assert!(output.stdout.is_empty(), "nothing is judged");
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(told, format!("vpce-doctor: {path}{message}; {NEEDED}\n"));
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let output = check(&["--replay", &facts_file("healthy"), "--since", "/nowhere/good.json"]);
    assert_eq!(output.status.code(), Some(3));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("cannot read /nowhere/good.json: No such file"), "{told}");
}
