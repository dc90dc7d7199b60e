//! No path is denied without a finding that says so: every way in which a configuration can stop packets, one at a
//! time and in pairs.

#[path = "support/stories.rs"]
mod stories;

use std::{collections::BTreeSet, sync::LazyLock};

use serde_json::{Value, json};
use stories::stories;
use vpce_doctor::{
    analyze::path::{self, Blocker, RouteBlocker, Step, StepKind},
    model::{
        facts::Facts,
        finding::{Confidence, Severity, Symptom},
        known::Known,
        net,
        report::{PathVerdict, Report, TargetReport},
    },
    rules::{self, Case, RULES},
};

static STORIES: LazyLock<Vec<(String, Facts)>> = LazyLock::new(stories);

fn story(name: &str) -> Value {
    let found = STORIES.iter().find(|(story, _)| story == name);
    let (_, facts) = found.unwrap_or_else(|| panic!("there is no story {name}"));
    serde_json::to_value(facts).unwrap()
}

fn list<'w>(world: &'w mut Value, name: &str) -> &'w mut Vec<Value> {
    let list = &mut world["inventory"][name];
    if list["known"].is_null() {
        *list = json!({"known": []});
    }
    list["known"].as_array_mut().unwrap()
}

fn one<'w>(world: &'w mut Value, name: &str, id: &str) -> &'w mut Value {
    let found = list(world, name).iter_mut().find(|one| one["id"] == id);
    found.unwrap_or_else(|| panic!("no {id} in {name}"))
}

fn route(world: &mut Value, table: &str, destination: &str, target: &Value) {
    let routes = one(world, "route_tables", table)["routes"].as_array_mut().unwrap();
    routes.retain(|route| route["destination"]["cidr"] != destination);
    let destination = json!({"cidr": destination});
    routes.push(
        json!({"destination": destination, "target": target, "state": "active", "origin": "CreateRoute"}),
    );
}

/// Every address of the target is another, and nothing answers there.
fn lead_to(world: &mut Value, ip: &str) {
    let target = &mut world["targets"][0];
    target["resolution"]["system"]["outcome"] = json!({"addresses": [ip]});
    for server in target["resolution"]["servers"].as_array_mut().unwrap() {
        server["a"]["outcome"]["answered"]["addresses"] = json!([{"ip": ip, "ttl": 60}]);
    }
    target["addresses"].as_array_mut().unwrap().truncate(1);
    target["addresses"][0]["ip"] = json!(ip);
}

fn vpc(world: &mut Value, id: &str, cidr: &str) {
    let on = json!({"known": true});
    list(world, "vpcs").push(
        json!({"id": id, "cidrs": [cidr], "dhcp_options": null, "dns_support": on, "dns_hostnames": on}),
    );
}

fn subnet(world: &mut Value, id: &str, vpc: &str, cidr: &str, acl: &str) {
    list(world, "subnets")
        .push(json!({"id": id, "vpc": vpc, "cidrs": [cidr], "az": "us-west-2a", "az_id": "usw2-az1"}));
    one(world, "network_acls", acl)["subnets"].as_array_mut().unwrap().push(json!(id));
}

fn table(world: &mut Value, id: &str, vpc: &str, local: &str) {
    list(world, "route_tables")
        .push(json!({"id": id, "vpc": vpc, "main": true, "subnets": [], "routes": []}));
    route(world, id, local, &json!("local"));
}

/// Of the hub behind a transit gateway, where all is well.
fn transit() -> Value {
    let mut world = story("tgw-route-missing");
    let routes = &mut one(&mut world, "transit_gateway_route_tables", "tgw-rtb-core")["routes"]["known"];
    routes.as_array_mut().unwrap().push(leads("10.1.0.0/16", "tgw-attach-hub", "vpc-hub"));
    world
}

fn leads(destination: &str, attachment: &str, vpc: &str) -> Value {
    let attachments = json!([{"id": attachment, "kind": {"vpc": vpc}}]);
    json!({"destination": {"cidr": destination}, "state": "active", "kind": "propagated", "attachments": attachments})
}

fn transit_routes(world: &mut Value) -> &mut Vec<Value> {
    one(world, "transit_gateway_route_tables", "tgw-rtb-core")["routes"]["known"].as_array_mut().unwrap()
}

fn attachment<'w>(world: &'w mut Value, id: &str) -> &'w mut Value {
    one(world, "transit_gateway_attachments", id)
}

/// Of the hub behind a peering connection, where all is well.
fn peered() -> Value {
    let mut world = story("route-return-missing");
    route(&mut world, "rtb-hub", "10.0.0.0/16", &json!({"peering": "pcx-hub"}));
    world
}

/// Of the own VPC, where all is well, except that nobody answers.
fn own() -> Value {
    story("provider-silent")
}

type World = fn() -> Value;
type Harm = fn(&mut Value);

/// What goes wrong with the transit gateway, what stops the packets then, and what has to be said.
const TRANSIT: [(&str, Harm, &str); 17] = [
    (
        "not accepted here",
        |w| attachment(w, "tgw-attach-app")["state"] = json!("pendingAcceptance"),
        "tgw-route-missing",
    ),
    ("failed there", |w| attachment(w, "tgw-attach-hub")["state"] = json!("failed"), "tgw-route-missing"),
    (
        "zone not attached here",
        |w| attachment(w, "tgw-attach-app")["subnets"] = json!({"known": ["subnet-tgw-app-2"]}),
        "tgw-az-missing",
    ),
    (
        "zone not attached there",
        |w| attachment(w, "tgw-attach-hub")["subnets"] = json!({"known": ["subnet-tgw-hub-1"]}),
        "tgw-az-missing",
    ),
    (
        "no table here",
        |w| attachment(w, "tgw-attach-app")["association"] = json!({"known": null}),
        "tgw-route-missing",
    ),
    (
        "no table there",
        |w| attachment(w, "tgw-attach-hub")["association"] = json!({"known": null}),
        "tgw-route-missing",
    ),
    (
        "no way there",
        |w| transit_routes(w).retain(|route| route["destination"]["cidr"] != "10.1.0.0/16"),
        "tgw-route-missing",
    ),
    (
        "no way back",
        |w| transit_routes(w).retain(|route| route["destination"]["cidr"] != "10.0.0.0/16"),
        "tgw-route-missing",
    ),
    (
        "blackhole there",
        |w| {
            let mut ways = transit_routes(w).iter_mut();
            let Some(way) = ways.find(|route| route["destination"]["cidr"] == "10.1.0.0/16") else { return };
            (way["state"], way["attachments"]) = (json!("blackhole"), json!([]));
        },
        "tgw-route-missing",
    ),
    ("entrance's ACL", |w| crossing(w, "subnet-tgw-app-1", "ingress"), "nacl-client-egress"),
    ("exit's ACL", |w| crossing(w, "subnet-tgw-hub-1", "egress"), "nacl-endpoint-ingress"),
    (
        "replies' entrance's ACL",
        |w| crossing(w, "subnet-tgw-hub-1", "ingress"),
        "nacl-endpoint-egress-ephemeral",
    ),
    ("replies' exit's ACL", |w| crossing(w, "subnet-tgw-app-1", "egress"), "nacl-client-ingress-ephemeral"),
    (
        "group by reference",
        |w| one(w, "security_groups", "sg-hub")["rules"][0]["peer"] = json!({"group": {"id": "sg-app"}}),
        "sg-ref-over-tgw",
    ),
    (
        "hub's subnet has no way back",
        |w| one(w, "route_tables", "rtb-hub")["routes"].as_array_mut().unwrap().truncate(1),
        "route-return-missing",
    ),
    (
        "hub's group lets nobody in",
        |w| one(w, "security_groups", "sg-hub")["rules"].as_array_mut().unwrap().clear(),
        "sg-endpoint-ingress-missing",
    ),
    (
        "no attachment here",
        |w| list(w, "transit_gateway_attachments").retain(|a| a["id"] != "tgw-attach-app"),
        "tgw-route-missing",
    ),
];

/// An ACL of its own, which denies one direction, for a subnet on the way.
fn crossing(world: &mut Value, subnet: &str, denies: &str) {
    let acls = list(world, "network_acls");
    let old =
        acls.iter_mut().find(|acl| acl["subnets"].as_array().unwrap().contains(&json!(subnet))).unwrap();
    let mut new = old.clone();
    old["subnets"].as_array_mut().unwrap().retain(|other| other != subnet);
    (new["id"], new["subnets"]) = (json!(format!("acl-of-{subnet}")), json!([subnet]));
    new["entries"]
        .as_array_mut()
        .unwrap()
        .retain(|entry| entry["direction"] != denies || entry["action"] == "deny");
    acls.push(new);
}

/// What goes wrong with other ways, in the world where all is well otherwise.
const OTHERS: [(&str, World, Harm, &str); 22] = [
    (
        "no route to the peer",
        peered,
        |w| one(w, "route_tables", "rtb-main")["routes"].as_array_mut().unwrap().truncate(1),
        "route-missing",
    ),
    (
        "a private address towards the internet",
        peered,
        |w| {
            one(w, "route_tables", "rtb-main")["routes"].as_array_mut().unwrap().truncate(1);
            route(w, "rtb-main", "0.0.0.0/0", &json!({"internet-gateway": "igw-1"}));
        },
        "route-missing",
    ),
    (
        "a peer that nothing joins",
        peered,
        |w| {
            one(w, "route_tables", "rtb-main")["routes"].as_array_mut().unwrap().truncate(1);
            list(w, "peering_connections").clear();
        },
        "endpoint-in-other-vpc",
    ),
    ("nobody's address, and no route", peered, |w| lead_to(w, "10.9.9.9"), "route-missing"),
    (
        "a transit VPC that leads no further",
        transit,
        |w| {
            through_another_vpc(w);
            attachment(w, "tgw-attach-hub")["association"] = json!({"known": "tgw-rtb-core"});
        },
        "route-missing",
    ),
    ("transit VPCs that lead in a circle", transit, circle, "route-missing"),
    ("an internet gateway of another VPC", own, |w| towards_the_internet(w, "vpc-other"), "route-missing"),
    ("no public address", own, |w| towards_the_internet(w, "vpc-app"), "route-missing"),
    ("a NAT gateway that failed", peered, |w| through_nat(w, "failed"), "route-blackhole"),
    ("a NAT gateway that is going", peered, |w| through_nat(w, "deleting"), "route-blackhole"),
    (
        "a blackhole there",
        peered,
        |w| {
            let routes = one(w, "route_tables", "rtb-main")["routes"].as_array_mut().unwrap();
            routes.last_mut().unwrap()["state"] = json!("blackhole");
        },
        "route-blackhole",
    ),
    (
        "a blackhole back",
        peered,
        |w| {
            let routes = one(w, "route_tables", "rtb-hub")["routes"].as_array_mut().unwrap();
            routes.last_mut().unwrap()["state"] = json!("blackhole");
        },
        "route-blackhole",
    ),
    (
        "a peering connection that was deleted",
        peered,
        |w| one(w, "peering_connections", "pcx-hub")["status"] = json!("deleted"),
        "route-peering-inactive",
    ),
    (
        "replies towards the internet",
        peered,
        |w| {
            one(w, "route_tables", "rtb-hub")["routes"].as_array_mut().unwrap().truncate(1);
            route(w, "rtb-hub", "0.0.0.0/0", &json!({"internet-gateway": "igw-1"}));
        },
        "route-return-missing",
    ),
    (
        "replies led astray",
        peered,
        |w| {
            vpc(w, "vpc-twin", "10.0.0.0/16");
            let side = |vpc: &str, cidr: &str| json!({"vpc": vpc, "cidrs": [cidr], "region": "us-west-2"});
            let (hub, twin) = (side("vpc-hub", "10.1.0.0/16"), side("vpc-twin", "10.0.0.0/16"));
            list(w, "peering_connections")
                .push(json!({"id": "pcx-twin", "requester": hub, "accepter": twin, "status": "active"}));
            route(w, "rtb-hub", "10.0.0.0/16", &json!({"peering": "pcx-twin"}));
        },
        "route-return-missing",
    ),
    (
        "an appliance that forwards nothing",
        || story("route-more-specific-middlebox"),
        |w| {
            one(w, "network_interfaces", "eni-appliance")["source_dest_check"] = json!(true);
        },
        "route-more-specific-middlebox",
    ),
    ("a third VPC behind the peer", || story("route-edge-to-edge"), |_| {}, "route-edge-to-edge"),
    (
        "the routes lead where nobody holds it",
        peered,
        |w| {
            vpc(w, "vpc-twin", "10.1.0.0/16");
            let side = |vpc: &str, cidr: &str| json!({"vpc": vpc, "cidrs": [cidr], "region": "us-west-2"});
            let (app, twin) = (side("vpc-app", "10.0.0.0/16"), side("vpc-twin", "10.1.0.0/16"));
            list(w, "peering_connections")
                .push(json!({"id": "pcx-twin", "requester": app, "accepter": twin, "status": "active"}));
            route(w, "rtb-main", "10.1.0.0/16", &json!({"peering": "pcx-twin"}));
        },
        "route-overlap-local",
    ),
    ("nobody there holds it", peered, |w| lead_to(w, "10.1.2.99"), "dns-stale-a-record"),
    ("nobody here holds it", own, |w| lead_to(w, "10.0.2.99"), "dns-stale-a-record"),
    (
        "the endpoint is not accepted",
        transit,
        |w| one(w, "vpc_endpoints", "vpce-hub")["state"] = json!("pending-acceptance"),
        "endpoint-pending-acceptance",
    ),
    (
        "no service in this zone",
        transit,
        |w| {
            let service = list(w, "endpoint_services").first_mut().unwrap();
            service["availability_zones"] = json!(["us-west-2c"]);
        },
        "endpoint-service-az-gap",
    ),
];

/// To the hub by an inspection VPC, as `tgw-rtb-core` has it; what that VPC does is another question.
fn through_another_vpc(world: &mut Value) {
    vpc(world, "vpc-inspect", "10.2.0.0/16");
    subnet(world, "subnet-inspect", "vpc-inspect", "10.2.1.0/24", "acl-hub");
    table(world, "rtb-inspect", "vpc-inspect", "10.2.0.0/16");
    let mut inspect = attachment(world, "tgw-attach-hub").clone();
    inspect["id"] = json!("tgw-attach-inspect");
    inspect["kind"] = json!({"vpc": "vpc-inspect"});
    inspect["subnets"] = json!({"known": ["subnet-inspect"]});
    list(world, "transit_gateway_attachments").push(inspect);
    transit_routes(world).retain(|route| route["destination"]["cidr"] != "10.1.0.0/16");
    transit_routes(world).push(leads("10.1.0.0/16", "tgw-attach-inspect", "vpc-inspect"));
}

/// Two inspection VPCs, each of which sends on to the other.
fn circle(world: &mut Value) {
    through_another_vpc(world);
    route(world, "rtb-inspect", "10.1.0.0/16", &json!({"transit-gateway": "tgw-core"}));
    vpc(world, "vpc-second", "10.3.0.0/16");
    subnet(world, "subnet-second", "vpc-second", "10.3.1.0/24", "acl-hub");
    table(world, "rtb-second", "vpc-second", "10.3.0.0/16");
    route(world, "rtb-second", "10.1.0.0/16", &json!({"transit-gateway": "tgw-core"}));
    let mut second = attachment(world, "tgw-attach-inspect").clone();
    second["id"] = json!("tgw-attach-second");
    second["kind"] = json!({"vpc": "vpc-second"});
    second["subnets"] = json!({"known": ["subnet-second"]});
    list(world, "transit_gateway_attachments").push(second);
    let mut from_inspect = one(world, "transit_gateway_route_tables", "tgw-rtb-core").clone();
    from_inspect["id"] = json!("tgw-rtb-inspect");
    from_inspect["associations"] = json!({"known": ["tgw-attach-inspect"]});
    from_inspect["routes"]["known"] = json!([leads("10.1.0.0/16", "tgw-attach-second", "vpc-second")]);
    list(world, "transit_gateway_route_tables").push(from_inspect);
    attachment(world, "tgw-attach-inspect")["association"] = json!({"known": "tgw-rtb-inspect"});
}

/// The name gives a public address, which the internet gateway would carry, were it for it.
fn towards_the_internet(world: &mut Value, attached: &str) {
    lead_to(world, "198.51.100.20");
    route(world, "rtb-main", "0.0.0.0/0", &json!({"internet-gateway": "igw-1"}));
    list(world, "internet_gateways").push(json!({"id": "igw-1", "vpcs": [attached]}));
}

fn through_nat(world: &mut Value, state: &str) {
    route(world, "rtb-main", "10.1.0.0/16", &json!({"nat-gateway": "nat-1"}));
    let address = json!({"eni": null, "private_ip": "10.0.7.5", "public_ip": null});
    list(world, "nat_gateways").push(
        json!({"id": "nat-1", "vpc": "vpc-app", "subnet": "subnet-nat", "state": state, "is_private": true, "addresses": [address]}),
    );
}

fn facts(world: Value) -> Facts {
    serde_json::from_value(world).unwrap()
}

fn only(report: &Report) -> &TargetReport {
    let [target] = report.targets.as_slice() else { panic!("one target") };
    target
}

/// The codes of what stops packets that nobody answers, as the path has them. What is wrong with the way back is said
/// only once the way there is right.
fn owed(facts: &Facts) -> BTreeSet<&'static str> {
    let case = Case::new(facts, &facts.targets[0]);
    let mut owed = BTreeSet::new();
    for row in case.silent() {
        let routed = |blocker: &Blocker| matches!(blocker, Blocker::Route(_));
        let there = row.path.blockers().any(|(step, one)| step.kind == StepKind::ForwardRoute && routed(one));
        // Nothing says of a public address that it should be reached from here.
        let unmet = |blocker: &Blocker| {
            let unmet = matches!(blocker, Blocker::Route(RouteBlocker::Missing | RouteBlocker::NotCarried));
            unmet && !net::is_private(row.ip())
        };
        let waits = |(step, blocker): &(&Step, &Blocker)| {
            there && step.kind == StepKind::ReturnRoute && routed(blocker)
        };
        let told = row.path.blockers().filter(|one| !waits(one) && !unmet(one.1));
        owed.extend(told.map(|(step, blocker)| path::code(&row.path, step, blocker)));
    }
    owed.retain(|code| RULES.iter().any(|rule| rule.meta.code == *code));
    owed
}

/// Every blocker has its finding, and every denied address an error that explains it.
fn assert_told(what: &str, facts: &Facts) {
    let report = rules::diagnose(facts.clone());
    let target = only(&report);
    let codes: BTreeSet<_> = target.findings.iter().map(|finding| finding.code.as_str()).collect();
    for code in owed(facts) {
        // What tells more than the code of the path: that nothing joins the VPCs, or that a pod is left out.
        let other = match code {
            "route-missing" => "endpoint-in-other-vpc",
            code if code.starts_with("sg-endpoint-") => "sg-pod-branch-eni",
            code => code,
        };
        assert!(codes.contains(code) || codes.contains(other), "{what}: no {code} among {codes:?}");
    }
    let unmet = facts.targets[0].addresses.iter().zip(&target.addresses);
    for (probe, address) in unmet.filter(|(probe, _)| !probe.tcp.outcome.is_connected()) {
        if address.path != Known::Known(PathVerdict::Deny) {
            continue;
        }
        let mut explained = target.findings.iter().flat_map(|finding| &finding.explains);
        let is_it =
            |symptom: &Symptom| matches!(symptom, Symptom::AddressFails { ip, .. } if *ip == probe.ip);
        assert!(explained.any(is_it), "{what}: nothing explains {} ({codes:?})", probe.ip);
    }
    for finding in &target.findings {
        assert!(!finding.evidence.is_empty() && !finding.fixes.is_empty(), "{what}: {}", finding.code);
    }
}

fn assert_found(what: &str, facts: &Facts, code: &str) {
    let report = rules::diagnose(facts.clone());
    let found = only(&report).findings.iter().find(|finding| finding.code == code);
    let codes: Vec<_> = only(&report).findings.iter().map(|finding| &finding.code).collect();
    let found = found.unwrap_or_else(|| panic!("{what}: no {code} among {codes:?}"));
    assert_eq!(found.severity, Severity::Error, "{what}");
    assert!(only(&report).addresses.iter().any(|row| row.path == Known::Known(PathVerdict::Deny)), "{what}");
}

#[test]
fn the_worlds_are_well_without_harm() {
    for (what, world) in [("transit", transit()), ("peered", peered()), ("own", own())] {
        let report = rules::diagnose(facts(world));
        let allowed =
            |row: &vpce_doctor::model::report::AddressReport| row.path == Known::Known(PathVerdict::Allow);
        assert!(only(&report).addresses.iter().all(allowed), "{what}: {:?}", only(&report).addresses);
    }
}

#[test]
fn every_harm_to_a_transit_gateway_is_told() {
    for (what, harm, code) in TRANSIT {
        let mut world = transit();
        harm(&mut world);
        let facts = facts(world);
        assert_found(what, &facts, code);
        assert_told(what, &facts);
    }
}

#[test]
fn every_other_harm_is_told() {
    for (what, world, harm, code) in OTHERS {
        let mut world = world();
        harm(&mut world);
        let facts = facts(world);
        assert_found(what, &facts, code);
        assert_told(what, &facts);
    }
}

#[test]
fn two_harms_are_both_told() {
    for (at, (first, harm, _)) in TRANSIT.iter().enumerate() {
        for (second, other, _) in &TRANSIT[at + 1..] {
            let mut world = transit();
            harm(&mut world);
            other(&mut world);
            assert_told(&format!("{first}, {second}"), &facts(world));
        }
    }
}

#[test]
fn every_denied_story_is_told() {
    for (name, facts) in STORIES.iter().filter(|(_, facts)| facts.targets.len() == 1) {
        assert_told(name, facts);
    }
}

/// That replies need the zone, too, follows and is documented nowhere.
#[test]
fn the_zone_of_replies_is_likely() {
    let (_, harm, _) = TRANSIT.iter().find(|(name, ..)| *name == "zone not attached there").unwrap();
    let mut world = transit();
    harm(&mut world);
    let report = rules::diagnose(facts(world));
    let found = only(&report).findings.iter().find(|finding| finding.code == "tgw-az-missing").unwrap();
    assert_eq!(found.confidence, Confidence::Likely);
}
