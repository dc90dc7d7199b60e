//! A directory of AWS CLI output, good and bad.

#[path = "support/dump.rs"]
mod dump;

use std::{fs, path::Path};

use dump::{directory, failures, missing, read};
use test_case::test_case;
use vpce_doctor::{
    adapters::files::{FileInventory, FilesError, load},
    model::{
        endpoint::{EndpointKind, EndpointState},
        firewall::{AclAction, Direction, Peer, SecurityGroupRule},
        inventory::{Inventory, InventorySource, actions},
        known::{Known, Reason},
        net::{self, PortRange, ProtocolMatch},
        route::RouteTarget,
        time::Timestamp,
    },
    ports::{InventorySource as _, Scope},
};

#[test]
fn real_cli_output_reads_without_loss_but_the_unnamed_entries() {
    let inventory = load(Path::new("tests/data/aws-cli-output")).unwrap();
    assert_eq!(
        failures(&inventory),
        [
            "get-managed-prefix-list-entries.1.json: Entries of an unnamed list; put the list's id into the file name"
        ]
    );
    assert_eq!(inventory.source, InventorySource::Directory { path: "tests/data/aws-cli-output".to_owned() });

    let endpoints = inventory.vpc_endpoints.known().unwrap();
    let elb = endpoints.iter().find(|e| e.id.as_str() == "vpce-0f89a33420c1931d7").unwrap();
    assert_eq!((&elb.kind, &elb.state), (&EndpointKind::Interface, &EndpointState::Available));
    assert_eq!(elb.network_interfaces.len(), 2);
    assert!(elb.dns_names[0].starts_with("vpce-0f89a33420c1931d7-bluzidnv.elasticloadbalancing."));
    assert_eq!(elb.created, Some(Timestamp(1_504_634_127)));
    assert_eq!(endpoints.iter().filter(|e| e.kind == EndpointKind::GatewayLoadBalancer).count(), 1);

    let tables = inventory.route_tables.known().unwrap();
    let nat = tables.iter().flat_map(|t| &t.routes).find(|r| r.is_blackhole()).unwrap();
    assert_eq!(nat.target, RouteTarget::NatGateway("nat-06c018cbd8EXAMPLE".to_owned()));
    assert_eq!(tables.iter().filter(|t| t.main).count(), 2);

    let acl = &inventory.network_acls.known().unwrap()[1];
    assert_eq!(acl.id.as_str(), "acl-0ea1f54ca7EXAMPLE");
    assert_eq!((acl.entries[1].number, &acl.entries[1].action), (32767, &AclAction::Deny));

    let lists = inventory.prefix_lists.known().unwrap();
    let s3 = lists.iter().find(|l| l.name == "com.amazonaws.us-east-1.s3").unwrap();
    assert_eq!(s3.entries, Known::Known(vec!["54.231.0.0/17".parse().unwrap()]));
    let managed = lists.iter().find(|l| l.name == "vpc-cidrs").unwrap();
    assert_eq!(missing(&managed.entries), (actions::PREFIX_LIST_ENTRIES, &Reason::Absent));

    assert_eq!(
        inventory.service("com.amazonaws.us-east-1.ssm").unwrap().private_dns_names,
        ["ssm.us-east-1.amazonaws.com"]
    );
    assert_eq!(inventory.dhcp_options.known().unwrap()[0].domain_name_servers, ["AmazonProvidedDNS"]);
    assert_eq!(inventory.peering_connections.known().unwrap()[1].status, "pending-acceptance");
    // Two files describe the same VPC with different owners, which the model does not keep.
    assert_eq!(inventory.vpcs.known().unwrap().len(), 2);
}

#[test]
fn absent_keys_are_unknown_and_empty_lists_are_known() {
    let inventory =
        read(&[("a.json", r#"{"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}], "Subnets": []}"#)]);
    assert_eq!(inventory.subnets, Known::Known(vec![].into()));
    assert_eq!(missing(&inventory.network_acls), (actions::NETWORK_ACLS, &Reason::Absent));
    assert_eq!(missing(&inventory.prefix_lists), (actions::PREFIX_LIST_ENTRIES, &Reason::Absent));
    let vpc = &inventory.vpcs.known().unwrap()[0];
    assert_eq!(missing(&vpc.dns_support), (actions::VPC_ATTRIBUTE, &Reason::Absent));
    assert!(inventory.calls.is_empty());
}

#[test]
fn vpc_attributes_find_their_vpc() {
    let inventory = read(&[
        ("vpcs.json", r#"{"Vpcs": [{"VpcId": "vpc-1"}, {"VpcId": "vpc-2"}]}"#),
        ("1.json", r#"{"VpcId": "vpc-1", "EnableDnsSupport": {"Value": true}}"#),
        ("2.json", r#"{"VpcId": "vpc-1", "EnableDnsHostnames": {"Value": false}}"#),
    ]);
    let vpcs = inventory.vpcs.known().unwrap();
    assert_eq!((&vpcs[0].dns_support, &vpcs[0].dns_hostnames), (&Known::Known(true), &Known::Known(false)));
    assert!(!vpcs[1].dns_support.is_known());
}

#[test]
fn a_vpc_lists_its_primary_cidr_first_and_only_associated_ones() {
    let inventory = read(&[(
        "vpcs.json",
        r#"{"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "CidrBlockAssociationSet": [
            {"CidrBlock": "10.9.0.0/16", "CidrBlockState": {"State": "disassociating"}},
            {"CidrBlock": "10.1.0.0/16", "CidrBlockState": {"State": "associated"}},
            {"CidrBlock": "10.0.0.0/16", "CidrBlockState": {"State": "Associated"}}],
            "Ipv6CidrBlockAssociationSet": [
            {"Ipv6CidrBlock": "2001:db8::/56", "Ipv6CidrBlockState": {"State": "associated"}}]}]}"#,
    )]);
    let cidrs: Vec<String> =
        inventory.vpcs.known().unwrap()[0].cidrs.iter().map(ToString::to_string).collect();
    assert_eq!(cidrs, ["10.0.0.0/16", "10.1.0.0/16", "2001:db8::/56"]);
}

const GROUPS: &str = r#"{"SecurityGroups": [{"GroupId": "sg-1", "GroupName": "db", "VpcId": "vpc-1", "IpPermissions": [
    {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "192.168.0.0/16"}],
     "Ipv6Ranges": [{"CidrIpv6": "fd00::/8"}], "PrefixListIds": [{"PrefixListId": "pl-1"}],
     "UserIdGroupPairs": [{"GroupId": "sg-2", "UserId": "111122223333", "PeeringStatus": "active"}]},
    {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
    "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}]}"#;

const RULES: &str = r#"{"SecurityGroupRules": [
    {"SecurityGroupRuleId": "sgr-1", "GroupId": "sg-1", "IsEgress": false, "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv4": "10.0.0.0/8"},
    {"SecurityGroupRuleId": "sgr-2", "GroupId": "sg-1", "IsEgress": false, "IpProtocol": "tcp", "FromPort": "443", "ToPort": "443", "CidrIpv4": "192.168.0.0/16"},
    {"SecurityGroupRuleId": "sgr-3", "GroupId": "sg-1", "IsEgress": false, "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv6": "fd00::/8"},
    {"SecurityGroupRuleId": "sgr-4", "GroupId": "sg-1", "IsEgress": false, "IpProtocol": "6", "FromPort": 443, "ToPort": 443, "PrefixListId": "pl-1"},
    {"SecurityGroupRuleId": "sgr-5", "GroupId": "sg-1", "IsEgress": false, "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "ReferencedGroupInfo": {"GroupId": "sg-2", "PeeringStatus": "active"}},
    {"SecurityGroupRuleId": "sgr-6", "GroupId": "sg-1", "IsEgress": false, "IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "CidrIpv4": "10.0.0.0/8"},
    {"SecurityGroupRuleId": "sgr-7", "GroupId": "sg-1", "IsEgress": true, "IpProtocol": -1, "FromPort": -1, "ToPort": -1, "CidrIpv4": "0.0.0.0/0"}]}"#;

fn rules(inventory: &Inventory) -> &[SecurityGroupRule] {
    &inventory.security_groups.known().unwrap()[0].rules
}

#[test]
fn both_notations_of_security_group_rules_are_the_same_rules() {
    let strip = |inventory: &Inventory| -> Vec<SecurityGroupRule> {
        rules(inventory).iter().cloned().map(|rule| SecurityGroupRule { id: None, ..rule }).collect()
    };
    let (groups, alone) = (read(&[("g.json", GROUPS)]), read(&[("r.json", RULES)]));
    assert_eq!(strip(&groups), strip(&alone));
    let icmp = rules(&groups).iter().find(|rule| rule.protocol == ProtocolMatch::Number(net::ICMP)).unwrap();
    assert_eq!(icmp.ports, PortRange::ALL, "an icmp type is no port");

    for names in [["a.json", "b.json"], ["b.json", "a.json"]] {
        let both = read(&[(names[0], GROUPS), (names[1], RULES)]);
        assert_eq!(strip(&both), strip(&groups), "{names:?}");
        assert!(rules(&both).iter().all(|rule| rule.id.is_some()), "{names:?}");
        let group = &both.security_groups.known().unwrap()[0];
        assert_eq!((group.name.as_str(), group.vpc.as_ref().unwrap().as_str()), ("db", "vpc-1"));
    }
}

#[test]
fn a_rule_that_cannot_be_read_is_kept_and_reported() {
    let inventory = read(&[(
        "g.json",
        r#"{"SecurityGroups": [{"GroupId": "sg-1", "IpPermissionsEgress": [], "IpPermissions": [
            {"IpProtocol": "quic", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
            {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "nowhere"}]}]}]}"#,
    )]);
    assert_eq!(rules(&inventory)[0].protocol, ProtocolMatch::All);
    assert_eq!(rules(&inventory)[0].peer, Peer::Other("protocol \"quic\" is unknown".to_owned()));
    assert_eq!(rules(&inventory)[1].peer, Peer::Other("\"nowhere\" is not a CIDR".to_owned()));
    assert_eq!(
        failures(&inventory),
        [
            "g.json: SecurityGroups[0]: sg-1: protocol \"quic\" is unknown",
            "g.json: SecurityGroups[0]: sg-1: \"nowhere\" is not a CIDR"
        ]
    );
}

#[test]
fn a_direction_that_was_queried_away_is_not_an_empty_one() {
    let inventory = read(&[("g.json", r#"{"SecurityGroups": [{"GroupId": "sg-1", "IpPermissions": []}]}"#)]);
    let [rule] = rules(&inventory) else { panic!("{:?}", rules(&inventory)) };
    assert_eq!(rule.direction, Direction::Egress);
    assert!(matches!(&rule.peer, Peer::Other(text) if text == "IpPermissionsEgress is not in the record"));
}

#[test]
fn an_acl_entry_that_cannot_be_read_decides_nothing() {
    let inventory = read(&[(
        "acl.json",
        r#"{"NetworkAcls": [{"NetworkAclId": "acl-1", "Entries": [
            {"RuleNumber": 90, "Egress": false, "Protocol": "6", "RuleAction": "deny", "CidrBlock": "10.0.0.0/99", "PortRange": {"From": 1, "To": 2}},
            {"RuleNumber": 100, "Egress": false, "Protocol": "6", "RuleAction": "audit", "Ipv6CidrBlock": "::/0"},
            {"RuleNumber": "110", "Egress": "true", "Protocol": 17, "RuleAction": "allow", "CidrBlock": "10.0.0.0/8", "PortRange": {"From": 53, "To": 53}}]}]}"#,
    )]);
    let entries = &inventory.network_acls.known().unwrap()[0].entries;
    assert_eq!((entries[0].number, entries[0].cidr.to_string().as_str()), (90, "0.0.0.0/0"));
    assert_eq!(
        entries[0].action,
        AclAction::Other("acl-1 rule 90: \"10.0.0.0/99\" is not a CIDR".to_owned())
    );
    assert_eq!(
        (&entries[1].action, entries[1].ports),
        (&AclAction::Other("audit".to_owned()), PortRange::ALL)
    );
    assert_eq!((entries[2].number, entries[2].ports), (110, PortRange::single(53)));
    assert_eq!(
        failures(&inventory),
        ["acl.json: NetworkAcls[0]: acl-1 rule 90: \"10.0.0.0/99\" is not a CIDR"]
    );
}

#[test]
fn a_list_that_lost_a_record_is_unknown() {
    let inventory = read(&[(
        "subnets.json",
        r#"{"Subnets": [{"VpcId": "vpc-1"}, {"SubnetId": "subnet-2", "VpcId": "vpc-1"}, {"SubnetId": {}}, 7]}"#,
    )]);
    let failures = failures(&inventory);
    let reason = Reason::Failed { message: failures[0].clone() };
    assert_eq!(missing(&inventory.subnets), (actions::SUBNETS, &reason), "the first loss is the reason");
    assert_eq!(failures[0], "subnets.json: Subnets[0]: the record has no SubnetId and was left out");
    assert_eq!(
        failures[1],
        "subnets.json: Subnets[2]: expected text, found an object; the record was left out"
    );
    assert!(
        failures[2].starts_with("subnets.json: Subnets[3]: invalid type: integer `7`"),
        "{}",
        failures[2]
    );
    assert!(inventory.calls.iter().all(|call| call.action == actions::SUBNETS));
}

/// Each is a record that is there but says too little: taken at its word, it would deny or hold nothing.
#[test_case("NetworkInterfaces", r#"{"NetworkInterfaceId": "eni-1", "VpcId": "vpc-1", "SubnetId": "subnet-1"}"#
    => "a.json: NetworkInterfaces[0]: the record has no Groups and was left out"; "an interface without Groups")]
#[test_case("NetworkInterfaces",
    r#"{"NetworkInterfaceId": "eni-1", "VpcId": "vpc-1", "SubnetId": "subnet-1", "Groups": [{"GroupName": "db"}]}"#
    => "a.json: NetworkInterfaces[0]: the record has no GroupId and was left out"; "a group without its id")]
#[test_case("NetworkInterfaces",
    r#"{"NetworkInterfaceId": "eni-1", "VpcId": "vpc-1", "SubnetId": "subnet-1", "Groups": [], "PrivateIpAddress": "10.0.0"}"#
    => "a.json: NetworkInterfaces[0]: \"10.0.0\" is not an IP address"; "an address")]
#[test_case("RouteTables", r#"{"RouteTableId": "rtb-1", "VpcId": "vpc-1"}"#
    => "a.json: RouteTables[0]: rtb-1 without its Routes"; "a table without Routes")]
#[test_case("RouteTables", r#"{"RouteTableId": "rtb-1", "Routes": [{"GatewayId": "local", "State": "active"}]}"#
    => "a.json: RouteTables[0]: rtb-1: a route without a destination"; "a route")]
#[test_case("VpcEndpoints", r#"{"VpcEndpointId": "vpce-1", "State": "available"}"#
    => "a.json: VpcEndpoints[0]: the record has no VpcId and was left out"; "an endpoint")]
#[test_case("SecurityGroupRules", r#"{"IsEgress": false, "IpProtocol": "-1", "CidrIpv4": "10.0.0.0/8"}"#
    => "a.json: SecurityGroupRules[0]: the record has no GroupId and was left out"; "a rule of nobody knows whom")]
fn what_says_too_little_makes_its_list_unknown(key: &str, record: &str) -> String {
    let inventory = read(&[("a.json", &format!(r#"{{"{key}": [{record}]}}"#))]);
    let reason = match key {
        "NetworkInterfaces" => missing(&inventory.network_interfaces).1,
        "RouteTables" => missing(&inventory.route_tables).1,
        "VpcEndpoints" => missing(&inventory.vpc_endpoints).1,
        _ => missing(&inventory.security_groups).1,
    };
    assert!(
        inventory.calls.iter().any(|call| call.failure.as_ref() == Some(reason)),
        "{:?}",
        inventory.calls
    );
    reason.describe()
}

#[test]
fn an_interface_may_have_no_group() {
    let eni = r#"{"NetworkInterfaceId": "eni-1", "VpcId": "vpc-1", "SubnetId": "subnet-1", "Groups": []}"#;
    let inventory = read(&[("a.json", &format!(r#"{{"NetworkInterfaces": [{eni}]}}"#))]);
    assert_eq!(inventory.network_interfaces.known().unwrap()[0].groups, []);
}

#[test]
fn interfaces_list_every_address_and_prefix() {
    let inventory = read(&[(
        "eni.json",
        r#"{"NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "VpcId": "vpc-1", "SubnetId": "subnet-1",
            "AvailabilityZoneId": "usw2-az1", "InterfaceType": "nat_gateway", "Status": "in-use",
            "PrivateIpAddress": "10.0.0.5", "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.5"}, {"PrivateIpAddress": "10.0.0.6"}],
            "Ipv6Addresses": [{"Ipv6Address": "2001:db8::5"}], "Ipv4Prefixes": [{"Ipv4Prefix": "10.0.0.16/28"}],
            "Ipv6Prefixes": [{"Ipv6Prefix": "2001:db8:1::/80"}], "Attachment": {"InstanceId": "i-1"}, "Groups": [{"GroupId": "sg-1"}]}]}"#,
    )]);
    let eni = &inventory.network_interfaces.known().unwrap()[0];
    let addresses: Vec<String> = eni.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["10.0.0.5", "10.0.0.6", "2001:db8::5"]);
    assert!(eni.holds("10.0.0.20".parse().unwrap()) && eni.holds("2001:db8:1::1".parse().unwrap()));
    assert_eq!((eni.kind.as_str(), eni.az_id.as_ref().unwrap().as_str()), ("nat_gateway", "usw2-az1"));
}

#[test]
fn states_of_wire_and_sdk_and_of_tomorrow_parse() {
    let endpoint = |id: &str, state: &str| {
        format!(
            r#"{{"VpcEndpointId": "{id}", "VpcId": "vpc-1", "VpcEndpointType": "Interface", "PrivateDnsEnabled": true, "State": "{state}"}}"#
        )
    };
    let text = format!(
        r#"{{"VpcEndpoints": [{}, {}, {}]}}"#,
        endpoint("vpce-1", "pendingAcceptance"),
        endpoint("vpce-2", "PendingAcceptance"),
        endpoint("vpce-3", "hibernating")
    );
    let inventory = read(&[("e.json", &text)]);
    let states: Vec<_> = inventory.vpc_endpoints.known().unwrap().iter().map(|e| &e.state).collect();
    let hibernating = EndpointState::Other("hibernating".to_owned());
    assert_eq!(states, [&EndpointState::PendingAcceptance, &EndpointState::PendingAcceptance, &hibernating]);
}

/// Who is told of the owner's endpoints asks in the owner's name and sees everything.
#[test]
fn owners_tell_a_shared_subnet() {
    let subnet = r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "OwnerId": "111122223333"}]}"#;
    let eni = |owner: &str| {
        format!(
            r#"{{"NetworkInterfaces": [{{"NetworkInterfaceId": "eni-1", "VpcId": "vpc-1", "SubnetId": "subnet-1", "Groups": [],
                "OwnerId": "{owner}"}}]}}"#
        )
    };
    let endpoint = r#"{"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "VpcId": "vpc-1", "VpcEndpointType": "Interface",
        "State": "available", "PrivateDnsEnabled": true, "OwnerId": "111122223333",
        "DnsOptions": {"PrivateDnsOnlyForInboundResolverEndpoint": true}}]}"#;
    let shared = |inventory: &Inventory| inventory.is_shared(&"subnet-1".into(), &"eni-1".into());
    let guest = eni("444455556666");
    assert_eq!(shared(&read(&[("s.json", subnet), ("i.json", &guest)])), Known::Known(true));
    assert_eq!(shared(&read(&[("s.json", subnet), ("i.json", &eni("111122223333"))])), Known::Known(false));
    let owner = read(&[("s.json", subnet), ("i.json", &guest), ("e.json", endpoint)]);
    assert_eq!(shared(&owner), Known::Known(false));
    assert!(owner.vpc_endpoints.known().unwrap()[0].inbound_resolver_only);
    assert!(!shared(&read(&[("i.json", &guest)])).is_known());
}

#[test]
fn pages_and_lists_and_folders_merge() {
    let page = |id: &str| format!(r#"{{"Subnets": [{{"SubnetId": "{id}", "VpcId": "vpc-1"}}]}}"#);
    let paged = page("subnet-3").replace("]}", "], \"NextToken\": \"x\"}");
    let inventory = read(&[
        ("deep/er/1.JSON", &format!("[{}, {}]", page("subnet-1"), page("subnet-2"))),
        ("2.json", &format!("{paged}\n{}", page("subnet-4"))),
        ("3.json", &format!("\u{feff}{}", page("subnet-1"))),
        ("notes.txt", "not JSON, not read"),
    ]);
    let ids: Vec<_> = inventory.subnets.known().unwrap().iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["subnet-1", "subnet-2", "subnet-3", "subnet-4"]);
    assert!(inventory.calls.is_empty(), "{:?}", inventory.calls);
}

#[test]
fn a_list_cut_short_is_not_the_whole_list() {
    let inventory =
        read(&[("s.json", r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}], "NextToken": "x"}"#)]);
    assert!(matches!(missing(&inventory.subnets), (actions::SUBNETS, Reason::Failed { .. })));
}

#[test]
fn prefix_list_entries_find_their_list() {
    let inventory = read(&[
        (
            "describe-managed-prefix-lists.json",
            r#"{"PrefixLists": [{"PrefixListId": "pl-1", "PrefixListName": "corp"}, {"PrefixListId": "pl-3", "PrefixListName": "odd"}]}"#,
        ),
        ("get-managed-prefix-list-entries-pl-1.json", r#"{"Entries": [{"Cidr": "10.0.0.0/8"}]}"#),
        (
            "get-managed-prefix-list-entries-pl-1-2.json",
            r#"{"Entries": [{"Cidr": "10.0.0.0/8"}, {"Cidr": "11.0.0.0/8"}]}"#,
        ),
        ("named.json", r#"{"PrefixListId": "pl-2", "Entries": []}"#),
        ("pl-3.json", r#"{"Entries": [{"Cidr": "10.0.0.0/8"}, {"Cidr": "everywhere"}]}"#),
    ]);
    let lists = inventory.prefix_lists.known().unwrap();
    assert_eq!((lists[0].name.as_str(), lists[0].entries.known().unwrap().len()), ("corp", 2));
    assert_eq!((lists[1].id.as_str(), &lists[1].entries), ("pl-2", &Known::Known(vec![])));
    assert!(matches!(missing(&lists[2].entries).1, Reason::Failed { .. }), "half a list is none");
}

#[test]
fn a_prefix_list_that_is_whole_does_not_complete_another() {
    let page = |cidr: &str, token: &str| format!(r#"{{"Entries": [{{"Cidr": "{cidr}"}}]{token}}}"#);
    let more = r#", "NextToken": "x""#;
    let inventory = read(&[
        ("pl-1.json", &page("10.0.0.0/8", "")),
        ("pl-2.1.json", &page("10.0.0.0/8", more)),
        ("pl-2.2.json", &page("11.0.0.0/8", more)),
        ("pl-3.1.json", &page("10.0.0.0/8", more)),
        ("pl-3.2.json", &page("11.0.0.0/8", "")),
    ]);
    let lists = inventory.prefix_lists.known().unwrap();
    let known: Vec<_> = lists.iter().map(|list| list.entries.known().map(Vec::len)).collect();
    assert_eq!(known, [Some(1), None, Some(2)]);
    assert_eq!(
        failures(&inventory),
        ["Entries of pl-2: every page has a NextToken, so the last one is missing"]
    );
}

#[test]
fn a_list_that_contradicts_itself_is_unknown() {
    let inventory = read(&[
        ("1.json", r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}]}"#),
        ("2.json", r#"{"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-2"}]}"#),
    ]);
    let message = "2.json: Subnets[0]: subnet-1 was already described, differently".to_owned();
    assert_eq!(failures(&inventory), [message.as_str()]);
    assert_eq!(missing(&inventory.subnets), (actions::SUBNETS, &Reason::Failed { message }));
}

#[test]
fn what_is_no_inventory_says_so_and_where() {
    let good = ("a.json", r#"{"Vpcs": []}"#);
    let broken = directory(&[good, ("b.json", "{\n  \"Vpcs\": [,]\n}")]);
    let error = load(broken.path()).unwrap_err();
    assert!(matches!(&error, FilesError::NotJson { line: 2, column: 12, .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .ends_with("b.json:2:12: expected value; expected JSON as `aws ec2 describe-…` prints it"),
        "{error}"
    );

    let empty = load(directory(&[good, ("b.json", "")]).path()).unwrap_err();
    assert!(matches!(&empty, FilesError::NotJson { line: 1, column: 1, .. }), "{empty:?}");

    let binary = tempfile::tempdir().unwrap();
    fs::write(binary.path().join("a.json"), b"{\n\"Vp\xffcs\": []}").unwrap();
    let error = load(binary.path()).unwrap_err();
    assert!(matches!(&error, FilesError::NotJson { line: 2, column: 4, .. }), "{error:?}");

    let useless = load(directory(&[("a.json", r#"{"Volumes": []}"#)]).path()).unwrap_err();
    assert!(matches!(&useless, FilesError::NothingUsable { files: 1, .. }), "{useless:?}");
    assert!(useless.to_string().contains("VpcEndpoints"), "{useless}");

    let file = broken.path().join("a.json");
    assert!(matches!(load(&file).unwrap_err(), FilesError::NotADirectory { .. }));
    assert!(matches!(load(&file.join("x")).unwrap_err(), FilesError::Unreadable { .. }));
}

#[tokio::test]
async fn the_source_answers_with_everything_it_read() {
    let directory = directory(&[("a.json", r#"{"Vpcs": []}"#)]);
    let source = FileInventory::load(directory.path()).unwrap();
    let fetched = source.fetch(&Scope::default(), std::time::Duration::ZERO).await;
    assert_eq!(fetched, load(directory.path()).unwrap());
}
