//! The same VPC, told by the EC2 API and by a directory of CLI output, is the same inventory.

#[path = "support/cli_output.rs"]
mod cli_output;
#[expect(dead_code, reason = "other tests need its faults")]
#[path = "support/fake_ec2.rs"]
mod fake_ec2;
#[path = "support/unasked.rs"]
mod unasked;

use std::time::Duration;

use fake_ec2::FakeEc2;
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};
use unasked::as_by_api;
use vpce_doctor::{
    adapters::{
        ec2::{ConnectOptions, Identity, connect},
        files,
    },
    model::inventory::Inventory,
    ports::{InventorySource as _, Scope},
};

/// Both ways of reading the records, without what tells them apart: the source and the calls.
async fn both(records: Value, scope: &Scope) -> (Inventory, Inventory) {
    let api = FakeEc2::with_pages(records.clone(), 5).await;
    let client = connect(ConnectOptions {
        region: Some("us-west-2".to_owned()),
        endpoint_url: Some(api.url.clone()),
        identity: Identity::Keys { access_key_id: "AKIATEST".into(), secret_access_key: "secret".into() },
        ..ConnectOptions::default()
    });
    let fetched = client.await.unwrap().fetch(scope, Duration::from_secs(30)).await;
    assert!(fetched.calls.iter().all(|call| call.failure.is_none()), "{:?}", fetched.calls);
    let loaded = as_by_api(files::load(cli_output::directory(records).path()).unwrap());
    assert_eq!(loaded.calls, []);
    (Inventory { source: loaded.source.clone(), calls: Vec::new(), ..fetched }, loaded)
}

#[tokio::test]
async fn of_the_miniature_vpc() {
    let records = serde_json::from_str(include_str!("data/miniature-vpc.json")).unwrap();
    let scope = Scope {
        sources: vec!["10.0.1.10".parse().unwrap()],
        destinations: vec!["10.0.2.20".parse().unwrap(), "10.1.1.5".parse().unwrap()],
        ..Scope::default()
    };
    let (fetched, loaded) = both(records, &scope).await;
    assert_eq!(fetched, loaded);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn of_any_vpc(records in records()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let scope = Scope { vpc: Some("vpc-a".into()), ..Scope::default() };
        let (fetched, loaded) = runtime.block_on(both(records, &scope));
        prop_assert_eq!(fetched, loaded);
    }
}

/// A VPC whose lists are of any length and whose records say anything that EC2 might say.
fn records() -> impl Strategy<Value = Value> {
    let lists = (vec(group_rules(), 0..7), vec(acl_entry(), 0..9), vec(route(), 0..9), vec(endpoint(), 0..7));
    let gateways = (vec(attachment(), 0..7), vec(nat_gateway(), 0..7));
    (lists, vec(addresses(), 0..7), any::<[bool; 2]>(), gateways).prop_map(|((groups, entries, routes, endpoints), enis, dns, gateways)| {
        let leads_to = |field: &str| routes.iter().any(|route: &Value| route.get(field).is_some());
        let behind = [leads_to("TransitGatewayId"), leads_to("NatGatewayId")];
        let mut groups = numbered(groups, |n, rules: [Vec<Value>; 2]| {
            let [ingress, egress] = rules;
            json!({"GroupId": format!("sg-{n}"), "GroupName": "g", "VpcId": "vpc-a", "IpPermissions": ingress, "IpPermissionsEgress": egress})
        });
        let endpoints = numbered(endpoints, |n, mut endpoint: Value| {
            endpoint["VpcEndpointId"] = json!(format!("vpce-{n}"));
            endpoint
        });
        let enis = numbered(enis, |n, mut eni: Value| {
            eni["NetworkInterfaceId"] = json!(format!("eni-{n}"));
            eni
        });
        let table = json!({"RouteTableId": "rtb-a", "VpcId": "vpc-a", "Associations": [{"Main": true}], "Routes": routes});
        let acl = json!({"NetworkAclId": "acl-a", "VpcId": "vpc-a", "IsDefault": dns[0], "Associations": [], "Entries": entries});
        // Every group and table refers to both lists, so that the API asks for what the directory has.
        let uses = json!({"GroupId": "sg-uses", "VpcId": "vpc-a", "IpPermissionsEgress": [], "IpPermissions": [
            {"IpProtocol": "tcp", "PrefixListIds": [{"PrefixListId": "pl-1"}, {"PrefixListId": "pl-2"}]}]});
        groups.push(uses);
        let mut records = json!({
            "Vpcs": [{"VpcId": "vpc-a", "CidrBlock": "10.0.0.0/16", "DhcpOptionsId": "dopt-1"}],
            "Attributes": {"vpc-a": {"EnableDnsSupport": dns[0], "EnableDnsHostnames": dns[1]}},
            "DhcpOptions": [{"DhcpOptionsId": "dopt-1", "DhcpConfigurations": []}],
            "Subnets": [], "VpcPeeringConnections": [],
            "NetworkInterfaces": enis,
            "SecurityGroups": groups,
            "NetworkAcls": [acl],
            "RouteTables": [table],
            "VpcEndpoints": endpoints,
            "ServiceDetails": [{"ServiceName": "com.amazonaws.us-west-2.sts", "AcceptanceRequired": dns[1]}],
            "Entries": {"pl-1": ["10.0.0.0/8", "fd00::/8"], "pl-2": []},
        });
        let [transit, nat] = behind;
        if transit {
            add_transit_gateway(&mut records, gateways.0);
        }
        if nat {
            records["NatGateways"] = numbered(gateways.1, |n, mut gateway: Value| {
                gateway["NatGatewayId"] = json!(format!("nat-{n}"));
                gateway
            }).into();
        }
        records
    })
    // Services are asked for by the names endpoints have; without an endpoint nobody asks.
    .prop_filter("an endpoint names the service", |records| !records["VpcEndpoints"].as_array().unwrap().is_empty())
}

/// Each attachment may have a table of its own; a table that nothing is associated with is nobody's concern.
fn add_transit_gateway(records: &mut Value, attachments: Vec<(Value, Value, Vec<Value>)>) {
    records["TransitGateways"] = json!([{"TransitGatewayId": "tgw-1", "State": "available", "OwnerId": "1",
        "Options": {"SecurityGroupReferencingSupport": "enable"}}]);
    for key in ["TransitGatewayAttachments", "TransitGatewayVpcAttachments", "TransitGatewayRouteTables"] {
        records[key] = json!([]);
    }
    records["TransitGatewayRoutes"] = json!({});
    let push = |list: &mut Value, record: Value| list.as_array_mut().unwrap().push(record);
    for (n, (mut attachment, mut of_vpc, routes)) in attachments.into_iter().enumerate() {
        let (id, table) = (format!("tgw-attach-{n}"), format!("tgw-rtb-{n}"));
        let state = attachment.get("State").cloned();
        attachment["TransitGatewayAttachmentId"] = json!(id);
        if attachment["Association"]["State"] == "associated" {
            attachment["Association"]["TransitGatewayRouteTableId"] = json!(table);
            let described = json!({"TransitGatewayRouteTableId": table, "TransitGatewayId": "tgw-1"});
            push(&mut records["TransitGatewayRouteTables"], described);
            records["TransitGatewayRoutes"][table] = json!(routes);
        }
        if attachment["ResourceType"] == "vpc" {
            of_vpc["TransitGatewayAttachmentId"] = json!(id);
            of_vpc["State"] = json!(state);
            push(&mut records["TransitGatewayVpcAttachments"], of_vpc);
        }
        push(&mut records["TransitGatewayAttachments"], attachment);
    }
}

fn numbered<T>(items: Vec<T>, make: impl Fn(usize, T) -> Value) -> Vec<Value> {
    items.into_iter().enumerate().map(|(n, item)| make(n, item)).collect()
}

fn group_rules() -> impl Strategy<Value = [Vec<Value>; 2]> {
    [vec(permission(), 0..4), vec(permission(), 0..4)]
}

fn permission() -> impl Strategy<Value = Value> {
    let v6 = select(vec!["::/0", "2001:db8::/32"]);
    (protocol(), ports(), vec(cidr(), 0..3), vec(v6, 0..2), vec(select(vec!["active", "deleted"]), 0..2)).prop_map(
        |(protocol, ports, v4, v6, pairs)| {
            let (from, to) = ports.unzip();
            let v4: Vec<Value> = v4.iter().map(|cidr| json!({"CidrIp": cidr})).collect();
            let v6: Vec<Value> = v6.iter().map(|cidr| json!({"CidrIpv6": cidr})).collect();
            let pairs: Vec<Value> = pairs.iter().map(|status| json!({"GroupId": "sg-1", "PeeringStatus": status})).collect();
            json!({"IpProtocol": protocol, "FromPort": from, "ToPort": to, "IpRanges": v4, "Ipv6Ranges": v6, "UserIdGroupPairs": pairs})
        },
    )
}

fn acl_entry() -> impl Strategy<Value = Value> {
    let action = select(vec!["allow", "deny", "consider"]);
    (1..32_767, any::<bool>(), protocol(), action, cidr(), ports()).prop_map(
        |(number, egress, protocol, action, cidr, ports)| {
            let range = ports.map(|(from, to)| json!({"From": from, "To": to}));
            let protocol = if protocol == "tcp" { "6" } else { protocol };
            json!({"RuleNumber": number, "Egress": egress, "Protocol": protocol, "RuleAction": action, "CidrBlock": cidr, "PortRange": range})
        },
    )
}

fn route() -> impl Strategy<Value = Value> {
    let targets = vec![
        ("GatewayId", "local"),
        ("GatewayId", "igw-1"),
        ("GatewayId", "vgw-1"),
        ("GatewayId", "vpce-gwlb"),
        ("NatGatewayId", "nat-1"),
        ("TransitGatewayId", "tgw-1"),
        ("VpcPeeringConnectionId", "pcx-1"),
        ("NetworkInterfaceId", "eni-1"),
        ("CarrierGatewayId", "cagw-1"),
        ("IpAddress", "10.0.0.9"),
        ("CoreNetworkArn", "arn:aws:networkmanager::1:core-network/c"),
    ];
    let destination = prop_oneof![
        cidr().prop_map(|cidr| ("DestinationCidrBlock", cidr)),
        Just(("DestinationIpv6CidrBlock", "::/0")),
        Just(("DestinationPrefixListId", "pl-2")),
    ];
    (destination, select(targets), select(vec!["active", "blackhole", "filtered", "resting"])).prop_map(
        |((field, to), (by, target), state)| json!({field: to, by: target, "State": state, "Origin": "CreateRoute"}),
    )
}

/// A record of either call about one attachment, and the routes of its table.
fn attachment() -> impl Strategy<Value = (Value, Value, Vec<Value>)> {
    let resources = vec![("vpc", "vpc-a"), ("peering", "tgw-1")];
    let states = vec!["available", "pendingAcceptance", "rejected", "teleporting"];
    let associations = vec![
        json!({"State": "associated"}),
        json!({"State": "associating", "TransitGatewayRouteTableId": "tgw-rtb-soon"}),
        json!({"State": "disassociated", "TransitGatewayRouteTableId": "tgw-rtb-old"}),
        Value::Null,
    ];
    let option = || select(vec![json!("enable"), json!("disable"), Value::Null]);
    let of_vpc = (option(), option(), vec(select(vec!["subnet-1", "subnet-2"]), 0..3));
    let told = (select(resources), select(states), select(associations), select(vec!["1", "2"]));
    (told, of_vpc, transit_routes()).prop_map(
        |(((kind, resource), state, association, owner), (appliance, references, subnets), routes)| {
            let attachment = json!({"TransitGatewayId": "tgw-1", "TransitGatewayOwnerId": "1", "ResourceOwnerId": owner,
                "ResourceType": kind, "ResourceId": resource, "State": state, "Association": association});
            let of_vpc = json!({"TransitGatewayId": "tgw-1", "VpcId": "vpc-a", "SubnetIds": subnets,
                "Options": {"ApplianceModeSupport": appliance, "SecurityGroupReferencingSupport": references}});
            (attachment, of_vpc, routes)
        },
    )
}

/// One for each destination, as the API shows only the preferred.
fn transit_routes() -> impl Strategy<Value = Vec<Value>> {
    let attachment =
        select(vec![("vpc", "vpc-b"), ("vpn", "vpn-1"), ("tgw-peering", "tgw-2"), ("warp", "w-1")]);
    let route =
        (select(vec!["static", "propagated"]), select(vec!["active", "blackhole"]), vec(attachment, 0..3));
    vec(route, 0..12).prop_map(|routes| {
        numbered(routes, |n, (kind, state, attachments)| {
            let attachments: Vec<Value> = attachments
                .iter()
                .map(|(kind, resource)| {
                    json!({"ResourceType": kind, "ResourceId": resource, "TransitGatewayAttachmentId": "tgw-attach-x"})
                })
                .collect();
            json!({"DestinationCidrBlock": format!("10.{n}.0.0/16"), "Type": kind, "State": state,
                "TransitGatewayAttachments": attachments})
        })
    })
}

fn nat_gateway() -> impl Strategy<Value = Value> {
    let kind = select(vec![json!("public"), json!("private"), Value::Null]);
    let address = (any::<u8>(), option::of(any::<u8>()), select(vec!["succeeded", "failed", "unassigning"]));
    (kind, select(vec!["available", "pending", "deleted"]), vec(address, 0..3)).prop_map(
        |(kind, state, addresses)| {
            let addresses: Vec<Value> = addresses
                .iter()
                .map(|(inside, outside, status)| {
                    let outside = outside.map(|n| format!("203.0.113.{n}"));
                    json!({"PrivateIp": format!("10.0.0.{inside}"), "PublicIp": outside, "Status": status})
                })
                .collect();
            json!({"VpcId": "vpc-a", "SubnetId": "subnet-1", "State": state, "ConnectivityType": kind,
                "NatGatewayAddresses": addresses})
        },
    )
}

fn endpoint() -> impl Strategy<Value = Value> {
    let states =
        vec!["available", "Available", "pending", "pendingAcceptance", "rejected", "failed", "napping"];
    (select(states), any::<bool>(), option::of(0..4_000_000_000_i64), vec("[a-z]{1,8}\\.example", 0..4)).prop_map(
        |(state, private_dns, created, names)| {
            let names: Vec<Value> = names.iter().map(|name| json!({"DnsName": name})).collect();
            let created = created.map(|second| jiff::Timestamp::from_second(second).unwrap().to_string());
            json!({"VpcEndpointType": "Interface", "VpcId": "vpc-a", "ServiceName": "com.amazonaws.us-west-2.sts", "State": state,
                "PrivateDnsEnabled": private_dns, "DnsEntries": names, "CreationTimestamp": created, "Groups": [{"GroupId": "sg-uses"}]})
        },
    )
}

fn addresses() -> impl Strategy<Value = Value> {
    let told = (option::of(any::<bool>()), select(vec!["attached", "detaching", "tearing"]));
    (vec((any::<[u8; 2]>(), option::of(any::<u8>())), 0..4), vec(any::<u16>(), 0..3), select(vec!["interface", "vpc_endpoint", "lambda", "new_kind"]), told).prop_map(
        |(v4, v6, kind, (check, attached))| {
            let v4: Vec<Value> = v4.iter().map(|([a, b], public)| {
                let association = public.map(|n| json!({"PublicIp": format!("203.0.113.{n}")}));
                json!({"PrivateIpAddress": format!("10.0.{a}.{b}"), "Association": association})
            }).collect();
            let v6: Vec<Value> = v6.iter().map(|n| json!({"Ipv6Address": format!("2001:db8::{n:x}")})).collect();
            json!({"VpcId": "vpc-a", "SubnetId": "subnet-1", "InterfaceType": kind, "Status": "in-use", "Description": "<&>", "SourceDestCheck": check, "Attachment": {"Status": attached},
                "PrivateIpAddresses": v4, "Ipv6Addresses": v6, "Groups": [{"GroupId": "sg-uses"}]})
        },
    )
}

fn protocol() -> impl Strategy<Value = &'static str> {
    select(vec!["-1", "tcp", "udp", "icmp", "icmpv6", "58", "132", "6"])
}

fn ports() -> impl Strategy<Value = Option<(i32, i32)>> {
    option::of(prop_oneof![Just((-1, -1)), (0..=65_535).prop_flat_map(|from| (Just(from), from..=65_535))])
}

fn cidr() -> impl Strategy<Value = &'static str> {
    select(vec!["0.0.0.0/0", "10.0.0.0/8", "10.0.1.0/24", "192.0.2.1/32"])
}
