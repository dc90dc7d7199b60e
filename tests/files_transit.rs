//! Transit gateways, other gateways and instances in a directory of AWS CLI output.

#[path = "support/dump.rs"]
mod dump;

use dump::{failures, missing, read};
use serde_json::{Value, json};
use test_case::test_case;
use vpce_doctor::model::{
    gateway::NatGatewayAddress,
    id::{SubnetId, TransitGatewayRouteTableId},
    inventory::{Inventory, actions},
    known::{Known, Reason},
    route::{RouteDestination, RouteTarget},
    transit::{AttachmentKind, TransitGatewayAttachment, TransitGatewayRouteTable},
};

fn text(value: &Value) -> String {
    value.to_string()
}

fn load(files: &[(&str, Value)]) -> Inventory {
    let texts: Vec<(&str, String)> = files.iter().map(|(name, value)| (*name, text(value))).collect();
    read(&texts.iter().map(|(name, text)| (*name, text.as_str())).collect::<Vec<_>>())
}

fn attachment(inventory: &Inventory) -> &TransitGatewayAttachment {
    &inventory.transit_gateway_attachments.known().unwrap()[0]
}

fn table(inventory: &Inventory) -> &TransitGatewayRouteTable {
    &inventory.transit_gateway_route_tables.known().unwrap()[0]
}

fn of_every_kind() -> Value {
    json!({"TransitGatewayAttachments": [{"TransitGatewayAttachmentId": "tgw-attach-1", "TransitGatewayId": "tgw-1",
        "TransitGatewayOwnerId": "1", "ResourceOwnerId": "1", "ResourceType": "vpc", "ResourceId": "vpc-1", "State": "available",
        "Association": {"TransitGatewayRouteTableId": "tgw-rtb-1", "State": "associated"}}]})
}

fn of_vpcs() -> Value {
    json!({"TransitGatewayVpcAttachments": [{"TransitGatewayAttachmentId": "tgw-attach-1", "TransitGatewayId": "tgw-1",
        "VpcId": "vpc-1", "VpcOwnerId": "1", "State": "available", "SubnetIds": ["subnet-2", "subnet-1"],
        "Options": {"DnsSupport": "enable", "SecurityGroupReferencingSupport": "disable", "ApplianceModeSupport": "enable"}}]})
}

fn tables() -> Value {
    json!({"TransitGatewayRouteTables": [{"TransitGatewayRouteTableId": "tgw-rtb-1", "TransitGatewayId": "tgw-1",
        "State": "available", "DefaultAssociationRouteTable": true}]})
}

fn routes() -> Value {
    json!({"Routes": [
        {"DestinationCidrBlock": "10.1.0.0/16", "Type": "propagated", "State": "active", "TransitGatewayAttachments": [
            {"ResourceId": "vpc-1", "TransitGatewayAttachmentId": "tgw-attach-1", "ResourceType": "vpc"}]},
        {"DestinationCidrBlock": "10.2.0.0/16", "Type": "static", "State": "blackhole"},
        {"DestinationCidrBlock": "10.3.0.0/16", "PrefixListId": "pl-1", "Type": "static", "TransitGatewayAttachments": [
            {"ResourceId": "vpn-1", "TransitGatewayAttachmentId": "tgw-attach-2", "ResourceType": "vpn"},
            {"ResourceId": "tgw-2", "TransitGatewayAttachmentId": "tgw-attach-3", "ResourceType": "peering"}]}],
        "AdditionalRoutesAvailable": false})
}

#[test_case(["1.json", "2.json"]; "one order")]
#[test_case(["2.json", "1.json"]; "the other order")]
fn two_calls_tell_of_one_attachment(names: [&str; 2]) {
    let inventory = load(&[(names[0], of_every_kind()), (names[1], of_vpcs())]);
    let attachment = attachment(&inventory);
    assert_eq!(attachment.kind, AttachmentKind::Vpc("vpc-1".into()));
    assert_eq!(attachment.subnets, Known::Known(vec!["subnet-1".into(), "subnet-2".into()]));
    assert_eq!((attachment.appliance_mode, attachment.security_group_referencing), (Some(true), Some(false)));
    assert_eq!(attachment.association, Known::Known(Some("tgw-rtb-1".into())));
    assert_eq!(inventory.transit_gateway_attachments.known().unwrap().len(), 1);
    assert_eq!(failures(&inventory), [""; 0]);
}

#[test]
fn what_one_call_alone_does_not_tell_is_unknown() {
    let inventory = load(&[("a.json", of_every_kind())]);
    let (call, reason) = missing(&attachment(&inventory).subnets);
    assert_eq!((call, reason), (actions::TRANSIT_GATEWAY_VPC_ATTACHMENTS, &Reason::Absent));
    let inventory = load(&[("v.json", of_vpcs())]);
    let (call, reason) = missing(&attachment(&inventory).association);
    assert_eq!((call, reason), (actions::TRANSIT_GATEWAY_ATTACHMENTS, &Reason::Absent));
    assert_eq!(missing(&inventory.transit_gateway_route_tables).1, &Reason::Absent);
}

#[test]
fn attachments_that_contradict_one_another_are_unknown() {
    let mut moved = of_vpcs();
    moved["TransitGatewayVpcAttachments"][0]["VpcId"] = json!("vpc-2");
    let inventory = load(&[("1.json", of_every_kind()), ("2.json", moved)]);
    let message = "2.json: TransitGatewayVpcAttachments[0]: tgw-attach-1 was already described, differently";
    assert_eq!(failures(&inventory), [message]);
    assert_eq!(
        missing(&inventory.transit_gateway_attachments),
        (actions::TRANSIT_GATEWAY_ATTACHMENTS, &Reason::Failed { message: message.to_owned() })
    );
}

#[test_case(json!({"TransitGatewayRouteTableId": "tgw-rtb-1"}) => Known::Known(Some("tgw-rtb-1".into())); "no state")]
#[test_case(json!({"TransitGatewayRouteTableId": "tgw-rtb-1", "State": "disassociated"}) => Known::Known(None); "let go")]
#[test_case(json!({"TransitGatewayRouteTableId": "tgw-rtb-1", "State": "associating"})
    => failed("tgw-attach-1 is associating with tgw-rtb-1"); "on its way")]
#[test_case(json!({"TransitGatewayPolicyTableId": "tgw-ptb-1", "State": "associated"})
    => failed("tgw-attach-1 is associated with the policy table tgw-ptb-1"); "a policy table")]
#[test_case(json!(null) => Known::Known(None); "none")]
fn association_of(association: Value) -> Known<Option<TransitGatewayRouteTableId>> {
    let mut records = of_every_kind();
    records["TransitGatewayAttachments"][0]["Association"] = association;
    attachment(&load(&[("a.json", records)])).association.clone()
}

fn failed<T>(message: &str) -> Known<T> {
    Known::unknown(actions::TRANSIT_GATEWAY_ATTACHMENTS, Reason::Failed { message: message.to_owned() })
}

/// Its owner may be told of no association, though there is one.
#[test]
fn an_attachment_to_another_accounts_gateway_without_association_says_nothing_of_it() {
    let mut records = of_every_kind();
    records["TransitGatewayAttachments"][0]["Association"] = json!(null);
    records["TransitGatewayAttachments"][0]["TransitGatewayOwnerId"] = json!("2");
    assert!(!attachment(&load(&[("a.json", records)])).association.is_known());
}

fn associations(state: &str) -> Value {
    json!({"Associations": [{"TransitGatewayAttachmentId": "tgw-attach-1", "ResourceId": "vpc-1", "ResourceType": "vpc", "State": state}]})
}

#[test]
fn a_table_tells_of_associations_too() {
    let name = "get-transit-gateway-route-table-associations-tgw-rtb-1.json";
    let inventory = load(&[("v.json", of_vpcs()), ("t.json", tables()), (name, associations("associated"))]);
    assert_eq!(attachment(&inventory).association, Known::Known(Some("tgw-rtb-1".into())));
    assert_eq!(table(&inventory).associations, Known::Known(vec!["tgw-attach-1".into()]));

    let inventory = load(&[("v.json", of_vpcs()), (name, associations("disassociated"))]);
    assert!(!attachment(&inventory).association.is_known());
    assert_eq!(table(&inventory).associations, Known::Known(vec![]));

    let other = "get-transit-gateway-route-table-associations-tgw-rtb-2.json";
    let inventory = load(&[("a.json", of_every_kind()), (other, associations("associated"))]);
    let candidates = vec!["tgw-rtb-1".to_owned(), "tgw-rtb-2".to_owned()];
    assert_eq!(missing(&attachment(&inventory).association).1, &Reason::Ambiguous { candidates });
}

#[test]
fn routes_find_their_table() {
    let mut told = routes();
    told["TransitGatewayRouteTableId"] = json!("tgw-rtb-1");
    for (name, routes) in [("search-transit-gateway-routes-tgw-rtb-1.json", routes()), ("r.json", told)] {
        let inventory = load(&[("t.json", tables()), (name, routes)]);
        let table = table(&inventory);
        assert_eq!(table.transit_gateway.as_str(), "tgw-1");
        let routes = table.routes.known().unwrap();
        assert_eq!(routes[0].attachments[0].kind, AttachmentKind::Vpc("vpc-1".into()));
        assert_eq!((routes[0].is_static(), routes[0].is_blackhole()), (false, false));
        assert!(routes[1].is_static() && routes[1].is_blackhole() && routes[1].attachments.is_empty());
        assert_eq!(routes[2].destination, RouteDestination::Cidr("10.3.0.0/16".parse().unwrap()));
        assert_eq!(routes[2].state, "active", "a route that does not say is one that works");
        let vpn = AttachmentKind::Other { kind: "vpn".to_owned(), resource: "vpn-1".to_owned() };
        assert_eq!(routes[2].attachments[0].kind, vpn);
        assert_eq!(routes[2].attachments[1].kind, AttachmentKind::Peering("tgw-2".to_owned()));
        assert_eq!(failures(&inventory), [""; 0]);
    }
}

#[test]
fn a_route_that_is_not_in_force_is_none() {
    let mut routes = routes();
    for state in ["pending", "deleting", "deleted"] {
        let gone = json!({"DestinationCidrBlock": "10.1.2.0/24", "Type": "static", "State": state});
        routes["Routes"].as_array_mut().unwrap().push(gone);
    }
    assert_eq!(table(&load(&[("tgw-rtb-1.json", routes)])).routes.known().unwrap().len(), 3);
}

#[test]
fn a_table_whose_routes_nobody_gave_has_unknown_routes() {
    let inventory = load(&[("t.json", tables())]);
    assert_eq!(missing(&table(&inventory).routes), (actions::TRANSIT_GATEWAY_ROUTES, &Reason::Absent));
    let missing_associations = missing(&table(&inventory).associations);
    assert_eq!(missing_associations, (actions::TRANSIT_GATEWAY_ASSOCIATIONS, &Reason::Absent));
}

/// As of a gateway that another account shares: attachments name the table, and nobody may describe it.
#[test]
fn a_table_that_only_an_attachment_names_is_there_without_routes() {
    let inventory =
        load(&[("a.json", of_every_kind()), ("t.json", json!({"TransitGatewayRouteTables": []}))]);
    let table = table(&inventory);
    assert_eq!((table.id.as_str(), table.transit_gateway.as_str()), ("tgw-rtb-1", "tgw-1"));
    assert_eq!(missing(&table.routes), (actions::TRANSIT_GATEWAY_ROUTES, &Reason::Absent));

    let inventory = load(&[("a.json", of_every_kind()), ("tgw-rtb-1.json", routes())]);
    assert_eq!(self::table(&inventory).transit_gateway.as_str(), "tgw-1", "the attachment tells the gateway");
}

#[test]
fn routes_that_are_not_all_of_them_are_unknown() {
    let mut cut = routes();
    cut["AdditionalRoutesAvailable"] = json!(true);
    let inventory = load(&[("t.json", tables()), ("tgw-rtb-1.json", cut), ("tgw-rtb-1.2.json", routes())]);
    let message = "tgw-rtb-1.json: Routes of tgw-rtb-1: AdditionalRoutesAvailable, so some are missing";
    assert_eq!(failures(&inventory), [message]);
    assert_eq!(missing(&table(&inventory).routes).1, &Reason::Failed { message: message.to_owned() });
}

#[test]
fn pages_of_routes_are_one_list() {
    let page = |cidr: &str, token: Option<&str>| {
        json!({"Routes": [{"DestinationCidrBlock": cidr, "Type": "static", "State": "blackhole"}],
            "AdditionalRoutesAvailable": token.is_some(), "NextToken": token})
    };
    let first = page("10.0.0.0/8", Some("x"));
    let inventory =
        load(&[("tgw-rtb-1.json", first.clone()), ("tgw-rtb-1.2.json", page("11.0.0.0/8", None))]);
    assert_eq!(table(&inventory).routes.known().unwrap().len(), 2);

    let inventory = load(&[("tgw-rtb-1.json", first), ("tgw-rtb-2.json", page("11.0.0.0/8", None))]);
    assert!(!table(&inventory).routes.is_known(), "another table's last page completes nothing");
    let message = "Routes of tgw-rtb-1: every page has a NextToken, so the last one is missing";
    assert_eq!(failures(&inventory), [message]);
}

#[test]
fn a_route_that_cannot_be_read_makes_its_table_unknown_and_no_other() {
    let broken = json!({"Routes": [{"DestinationCidrBlock": "everywhere", "State": "active"}]});
    let inventory = load(&[("tgw-rtb-1.json", broken), ("tgw-rtb-2.json", routes())]);
    let tables = inventory.transit_gateway_route_tables.known().unwrap();
    assert!(!tables[0].routes.is_known() && tables[1].routes.is_known());
    assert_eq!(failures(&inventory), ["tgw-rtb-1.json: Routes of tgw-rtb-1: \"everywhere\" is not a CIDR"]);
}

#[test]
fn routes_and_associations_of_nobody_knows_what_are_reported() {
    let inventory =
        load(&[("t.json", tables()), ("a.json", routes()), ("b.json", associations("associated"))]);
    assert_eq!(
        failures(&inventory),
        [
            "a.json: Routes of an unnamed table; put the table's id into the file name",
            "b.json: Associations of an unnamed table; put the table's id into the file name"
        ]
    );
    assert!(!table(&inventory).routes.is_known());
}

#[test]
fn both_ends_of_a_peering_attachment_are_attachments_of_their_own() {
    let of_gateway = |gateway: &str, peer: &str| {
        json!({"TransitGatewayAttachmentId": "tgw-attach-1", "TransitGatewayId": gateway, "ResourceType": "peering",
            "ResourceId": peer, "State": "available", "Association": {"TransitGatewayRouteTableId": format!("tgw-rtb-of-{gateway}")}})
    };
    let peerings = json!({"TransitGatewayPeeringAttachments": [{"TransitGatewayAttachmentId": "tgw-attach-1", "State": "available",
        "RequesterTgwInfo": {"TransitGatewayId": "tgw-1", "Region": "us-west-2"}, "AccepterTgwInfo": {"TransitGatewayId": "tgw-2"}}]});
    let ends = |inventory: &Inventory| -> Vec<_> {
        let all = inventory.transit_gateway_attachments.known().unwrap();
        all.iter()
            .map(|it| (it.transit_gateway.to_string(), it.kind.clone(), it.association.clone()))
            .collect()
    };
    let end = |gateway: &str, peer: &str, table: Known<Option<TransitGatewayRouteTableId>>| {
        (gateway.to_owned(), AttachmentKind::Peering(peer.to_owned()), table)
    };
    let table = |id: &str| Known::Known(Some(TransitGatewayRouteTableId::new(id)));
    let untold = || Known::unknown(actions::TRANSIT_GATEWAY_ATTACHMENTS, Reason::Absent);

    let west = json!({"TransitGatewayAttachments": [of_gateway("tgw-1", "tgw-2")]});
    let east = json!({"TransitGatewayAttachments": [of_gateway("tgw-2", "tgw-1")]});
    let ours = end("tgw-1", "tgw-2", table("tgw-rtb-of-tgw-1"));
    let inventory = load(&[("west.json", west.clone()), ("p.json", peerings.clone())]);
    assert_eq!(ends(&inventory), [ours.clone(), end("tgw-2", "tgw-1", untold())]);
    let inventory = load(&[("west.json", west), ("east.json", east), ("p.json", peerings)]);
    assert_eq!(ends(&inventory), [ours, end("tgw-2", "tgw-1", table("tgw-rtb-of-tgw-2"))]);
    assert_eq!(failures(&inventory), [""; 0]);

    let core = json!({"TransitGatewayPeeringAttachments": [{"TransitGatewayAttachmentId": "tgw-attach-1", "State": "available",
        "RequesterTgwInfo": {"CoreNetworkId": "core-network-1"}, "AccepterTgwInfo": {"TransitGatewayId": "tgw-1"}}]});
    assert_eq!(ends(&load(&[("p.json", core)])), [end("tgw-1", "", untold())]);
}

#[test]
fn a_transit_gateway_says_whether_it_carries_group_references() {
    let gateway = |id: &str, support: Value| json!({"TransitGatewayId": id, "State": "available", "OwnerId": "1", "Options": support});
    let inventory = load(&[(
        "t.json",
        json!({"TransitGateways": [
            gateway("tgw-1", json!({"SecurityGroupReferencingSupport": "enable"})),
            gateway("tgw-2", json!({"SecurityGroupReferencingSupport": "disable"})),
            gateway("tgw-3", json!({"AmazonSideAsn": 64512}))]}),
    )]);
    let said: Vec<_> =
        inventory.transit_gateways.known().unwrap().iter().map(|it| it.security_group_referencing).collect();
    assert_eq!(said, [Some(true), Some(false), None]);
}

#[test]
fn nat_gateways_say_where_they_stand_and_what_packets_look_like_behind_them() {
    let inventory = load(&[(
        "n.json",
        json!({"NatGateways": [
            {"NatGatewayId": "nat-1", "VpcId": "vpc-1", "SubnetId": "subnet-1", "State": "available", "NatGatewayAddresses": [
                {"NetworkInterfaceId": "eni-1", "PrivateIp": "10.0.0.5", "PublicIp": "203.0.113.7", "AllocationId": "eipalloc-1"},
                {"PublicIp": "203.0.113.8", "Status": "failed"}]},
            {"NatGatewayId": "nat-2", "VpcId": "vpc-1", "State": "deleted", "ConnectivityType": "private"}]}),
    )]);
    let gateways = inventory.nat_gateways.known().unwrap();
    assert!(gateways[0].is_available() && !gateways[0].is_private);
    assert_eq!(gateways[0].subnet, Some(SubnetId::new("subnet-1")));
    let address = NatGatewayAddress {
        eni: Some("eni-1".into()),
        private_ip: "10.0.0.5".parse().ok(),
        public_ip: "203.0.113.7".parse().ok(),
    };
    assert_eq!(gateways[0].addresses, [address]);
    assert!(gateways[1].is_private && !gateways[1].is_available());
}

#[test]
fn an_internet_gateway_counts_where_it_is_attached() {
    let attachments = json!([{"State": "available", "VpcId": "vpc-1"}, {"State": "attached", "VpcId": "vpc-2"},
        {"State": "detaching", "VpcId": "vpc-3"}, {"VpcId": "vpc-4"}]);
    let inventory = load(&[(
        "i.json",
        json!({"InternetGateways": [{"InternetGatewayId": "igw-1", "Attachments": attachments}]}),
    )]);
    let vpcs: Vec<_> = inventory.gateways.known().unwrap()[0].vpcs.iter().map(ToString::to_string).collect();
    assert_eq!(vpcs, ["vpc-1", "vpc-2", "vpc-4"]);
}

#[test]
fn instances_come_in_reservations() {
    let instance = |id: &str, state: &str, more: (&str, &str)| json!({"InstanceId": id, "State": {"Code": 16, "Name": state}, more.0: more.1});
    let inventory = load(&[(
        "i.json",
        json!({"Reservations": [
            {"ReservationId": "r-1", "Instances": [instance("i-1", "running", ("Platform", "windows"))]},
            {"ReservationId": "r-2", "Instances": [
                instance("i-2", "stopped", ("PlatformDetails", "Windows with SQL Server Web")),
                instance("i-3", "terminated", ("PlatformDetails", "Linux/UNIX"))]}]}),
    )]);
    let all = inventory.instances.known().unwrap();
    let said: Vec<_> = all.iter().map(|it| (it.id.as_str(), it.is_running(), it.is_windows)).collect();
    assert_eq!(said, [("i-1", true, true), ("i-2", false, true), ("i-3", false, false)]);
}

/// Taken at its word, each would be down, detached or held by nobody.
#[test_case("Reservations", &json!({"ReservationId": "r-1"}) => "a.json: Reservations[0]: missing field `Instances`; the record was left out")]
#[test_case("Reservations", &json!({"Instances": [{"InstanceId": "i-1"}]}) => "a.json: Reservations[0]: the record has no State and was left out"; "an instance")]
#[test_case("NatGateways", &json!({"NatGatewayId": "nat-1"}) => "a.json: NatGateways[0]: the record has no State and was left out")]
#[test_case("InternetGateways", &json!({"InternetGatewayId": "igw-1"}) => "a.json: InternetGateways[0]: the record has no Attachments and was left out")]
#[test_case("TransitGatewayAttachments", &json!({"TransitGatewayAttachmentId": "tgw-attach-1", "TransitGatewayId": "tgw-1", "ResourceType": "vpc", "State": "available"})
    => "a.json: TransitGatewayAttachments[0]: the record has no ResourceId and was left out")]
#[test_case("TransitGatewayRouteTables", &json!({"TransitGatewayRouteTableId": "tgw-rtb-1"})
    => "a.json: TransitGatewayRouteTables[0]: the record has no TransitGatewayId and was left out")]
#[test_case("TransitGateways", &json!(7) => "a.json: TransitGateways[0]: invalid type: integer `7`, expected struct TransitGateway; the record was left out"; "a number")]
fn what_says_too_little_makes_its_list_unknown(key: &str, record: &Value) -> String {
    let inventory = load(&[("a.json", json!({ key: [record] }))]);
    let reason = match key {
        "Reservations" => missing(&inventory.instances).1,
        "NatGateways" => missing(&inventory.nat_gateways).1,
        "InternetGateways" => missing(&inventory.gateways).1,
        "TransitGatewayAttachments" => missing(&inventory.transit_gateway_attachments).1,
        "TransitGatewayRouteTables" => missing(&inventory.transit_gateway_route_tables).1,
        _ => missing(&inventory.transit_gateways).1,
    };
    reason.describe()
}

#[test]
fn what_a_path_does_not_need_is_left_alone() {
    let inventory = load(&[(
        "a.json",
        json!({"TransitGateways": [], "TransitGatewayRouteTablePropagations": [{"State": "enabled"}],
            "CarrierGateways": [{}], "CustomerGateways": 7}),
    )]);
    assert_eq!(inventory.transit_gateways.known().unwrap().len(), 0);
    assert_eq!(missing(&inventory.transit_gateway_route_tables).1, &Reason::Absent);
    assert_eq!(failures(&inventory), [""; 0]);
}

#[test]
fn interfaces_tables_and_services_say_what_a_path_needs() {
    let inventory = load(&[(
        "a.json",
        json!({
            "NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "VpcId": "vpc-1", "SubnetId": "subnet-1", "Groups": [],
                "SourceDestCheck": false, "Attachment": {"InstanceId": "i-1", "Status": "detaching"},
                "PrivateIpAddress": "10.0.0.5", "Association": {"PublicIp": "203.0.113.7"}, "PrivateIpAddresses": [
                    {"PrivateIpAddress": "10.0.0.5", "Primary": true, "Association": {"PublicIp": "203.0.113.7"}},
                    {"PrivateIpAddress": "10.0.0.6", "Association": {"PublicIp": "203.0.113.8"}},
                    {"PrivateIpAddress": "10.0.0.7", "Association": {"CarrierIp": "203.0.113.9"}}]}],
            "RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1",
                "Associations": [{"GatewayId": "igw-1"}, {"GatewayId": "vgw-1", "AssociationState": {"State": "disassociated"}}],
                "Routes": [{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"},
                    {"DestinationCidrBlock": "10.1.0.0/16", "CarrierGatewayId": "cagw-1", "State": "active"}]}],
            "ServiceDetails": [{"ServiceName": "s", "AvailabilityZones": ["us-west-2a"], "AvailabilityZoneIds": ["usw2-az1"]}],
        }),
    )]);
    let eni = &inventory.network_interfaces.known().unwrap()[0];
    let public: Vec<_> =
        eni.public_addresses.iter().map(|it| format!("{} {}", it.public_ip, it.private_ip)).collect();
    assert_eq!(public, ["203.0.113.7 10.0.0.5", "203.0.113.8 10.0.0.6"]);
    assert_eq!((eni.source_dest_check, eni.attachment_status.as_deref()), (Some(false), Some("detaching")));
    let table = &inventory.route_tables.known().unwrap()[0];
    assert_eq!(
        (table.gateways.as_slice(), table.routes[0].state.as_str()),
        (["igw-1".to_owned()].as_slice(), "active")
    );
    assert_eq!(table.routes[1].target, RouteTarget::Other("cagw-1".to_owned()));
    assert_eq!(inventory.service("s").unwrap().availability_zones, ["us-west-2a", "usw2-az1"]);
}
