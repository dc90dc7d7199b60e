//! An inventory as the documents that the AWS CLI would have printed.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Map, Value, json};
use vpce_doctor::model::{
    endpoint::{EndpointService, NetworkInterface, VpcEndpoint},
    firewall::{AclAction, Direction, NetworkAcl, NetworkAclEntry, Peer, SecurityGroup, SecurityGroupRule},
    gateway::NatGateway,
    instance::Instance,
    inventory::{Inventory, Subnet, Vpc},
    known::Known,
    listing::Listing,
    net::{PortRange, ProtocolMatch},
    route::{PeeringConnection, PeeringSide, Route, RouteDestination, RouteTable, RouteTarget},
    transit::{AttachmentKind, TransitGateway, TransitGatewayAttachment, TransitGatewayRoute},
};

/// Which calls told the rules of security groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// `describe-security-groups` alone.
    InGroups,
    /// `describe-security-group-rules` alone.
    Apart,
    Both,
}

/// One document for each call.
pub(crate) fn documents(inventory: &Inventory, told: Told) -> Vec<Value> {
    let mut all = Vec::new();
    let mut put = |key: &str, list: Option<Vec<Value>>| all.extend(list.map(|list| json!({ key: list })));
    put("Vpcs", each(&inventory.vpcs, vpc));
    put("Subnets", each(&inventory.subnets, subnet));
    if told != Told::Apart {
        put("SecurityGroups", each(&inventory.security_groups, group));
    }
    if told != Told::InGroups {
        put("SecurityGroupRules", flat(&inventory.security_groups, rules));
    }
    put("NetworkAcls", each(&inventory.network_acls, acl));
    put("RouteTables", each(&inventory.route_tables, route_table));
    put("NetworkInterfaces", each(&inventory.network_interfaces, interface));
    put("VpcEndpoints", each(&inventory.vpc_endpoints, endpoint));
    put("ServiceDetails", each(&inventory.endpoint_services, service));
    put("VpcPeeringConnections", each(&inventory.peering_connections, peering));
    put(
        "ManagedPrefixLists",
        each(&inventory.prefix_lists, |one| json!({"PrefixListId": one.id, "PrefixListName": one.name})),
    );
    put("Reservations", each(&inventory.instances, instance));
    put(
        "InternetGateways",
        each(&inventory.gateways, |one| {
            let attachments: Vec<_> =
                one.vpcs.iter().map(|vpc| json!({"VpcId": vpc, "State": "available"})).collect();
            json!({"InternetGatewayId": one.id, "Attachments": attachments})
        }),
    );
    put("NatGateways", each(&inventory.nat_gateways, nat_gateway));
    put("TransitGateways", each(&inventory.transit_gateways, transit_gateway));
    put("TransitGatewayAttachments", each(&inventory.transit_gateway_attachments, attachment));
    put("TransitGatewayVpcAttachments", flat(&inventory.transit_gateway_attachments, vpc_attachment));
    put(
        "TransitGatewayRouteTables",
        each(
            &inventory.transit_gateway_route_tables,
            |one| json!({"TransitGatewayRouteTableId": one.id, "TransitGatewayId": one.transit_gateway}),
        ),
    );
    all.extend(parts(inventory));
    all
}

/// What the CLI prints without saying of what; the id beside it is ours.
fn parts(inventory: &Inventory) -> Vec<Value> {
    let mut all = Vec::new();
    for list in inventory.prefix_lists.known().into_iter().flatten() {
        let entries = list.entries.known().map(|entries| entries.iter().map(|net| json!({"Cidr": net})));
        all.extend(
            entries.map(|entries| json!({"PrefixListId": list.id, "Entries": entries.collect::<Vec<_>>()})),
        );
    }
    for table in inventory.transit_gateway_route_tables.known().into_iter().flatten() {
        let id = &table.id;
        let routes = table.routes.known().map(|routes| routes.iter().map(transit_route));
        all.extend(
            routes.map(
                |routes| json!({"TransitGatewayRouteTableId": id, "Routes": routes.collect::<Vec<_>>()}),
            ),
        );
        let associations = table.associations.known().map(|all| {
            all.iter().map(|one| json!({"TransitGatewayAttachmentId": one, "State": "associated"}))
        });
        all.extend(
            associations.map(
                |all| json!({"TransitGatewayRouteTableId": id, "Associations": all.collect::<Vec<_>>()}),
            ),
        );
    }
    all
}

fn each<T>(list: &Known<Listing<T>>, tell: impl Fn(&T) -> Value) -> Option<Vec<Value>> {
    list.known().map(|list| list.iter().map(tell).collect())
}

fn flat<T>(list: &Known<Listing<T>>, tell: impl Fn(&T) -> Vec<Value>) -> Option<Vec<Value>> {
    list.known().map(|list| list.iter().flat_map(tell).collect())
}

/// IPv4 and IPv6.
fn families(nets: &[IpNet]) -> (Vec<IpNet>, Vec<IpNet>) {
    nets.iter().copied().partition(|net| net.addr().is_ipv4())
}

fn vpc(vpc: &Vpc) -> Value {
    let (v4, v6) = families(&vpc.cidrs);
    let state = json!({"State": "associated"});
    let v4: Vec<_> = v4.iter().map(|net| json!({"CidrBlock": net, "CidrBlockState": state})).collect();
    let v6: Vec<_> =
        v6.iter().map(|net| json!({"Ipv6CidrBlock": net, "Ipv6CidrBlockState": state})).collect();
    json!({"VpcId": vpc.id, "CidrBlock": v4.first().map(|first| &first["CidrBlock"]),
        "CidrBlockAssociationSet": v4, "Ipv6CidrBlockAssociationSet": v6})
}

fn subnet(subnet: &Subnet) -> Value {
    let v4 = subnet.cidrs.iter().find(|cidr| cidr.addr().is_ipv4());
    let v6 = subnet.cidrs.iter().filter(|cidr| cidr.addr().is_ipv6());
    let v6: Vec<_> = v6.map(|net| json!({"Ipv6CidrBlock": net})).collect();
    json!({"SubnetId": subnet.id, "VpcId": subnet.vpc, "CidrBlock": v4, "Ipv6CidrBlockAssociationSet": v6,
        "AvailabilityZone": subnet.az, "AvailabilityZoneId": subnet.az_id, "OwnerId": subnet.owner})
}

fn group(group: &SecurityGroup) -> Value {
    let permissions = |direction: Direction| -> Vec<Value> {
        group.rules.iter().filter(|rule| rule.direction == direction).map(permission).collect()
    };
    json!({"GroupId": group.id, "GroupName": group.name, "VpcId": group.vpc,
        "IpPermissions": permissions(Direction::Ingress), "IpPermissionsEgress": permissions(Direction::Egress)})
}

fn permission(rule: &SecurityGroupRule) -> Value {
    let mut record = scope(rule.protocol, rule.ports);
    let (key, peer) = match &rule.peer {
        Peer::Cidr(cidr) if cidr.addr().is_ipv4() => ("IpRanges", json!({"CidrIp": cidr})),
        Peer::Cidr(cidr) => ("Ipv6Ranges", json!({"CidrIpv6": cidr})),
        Peer::Group { id, peering_status } => {
            ("UserIdGroupPairs", json!({"GroupId": id, "PeeringStatus": peering_status}))
        }
        Peer::PrefixList(id) => ("PrefixListIds", json!({"PrefixListId": id})),
        Peer::Other(text) => ("IpRanges", json!({"CidrIp": text})),
    };
    record.insert(key.to_owned(), json!([peer]));
    Value::Object(record)
}

fn rules(group: &SecurityGroup) -> Vec<Value> {
    let tell = |rule: &SecurityGroupRule| {
        let mut record = scope(rule.protocol, rule.ports);
        let (key, peer) = match &rule.peer {
            Peer::Cidr(cidr) if cidr.addr().is_ipv4() => ("CidrIpv4", json!(cidr)),
            Peer::Cidr(cidr) => ("CidrIpv6", json!(cidr)),
            Peer::Group { id, peering_status } => {
                ("ReferencedGroupInfo", json!({"GroupId": id, "PeeringStatus": peering_status}))
            }
            Peer::PrefixList(id) => ("PrefixListId", json!(id)),
            Peer::Other(text) => ("CidrIpv4", json!(text)),
        };
        record.insert(key.to_owned(), peer);
        record.insert("SecurityGroupRuleId".to_owned(), json!(rule.id));
        record.insert("GroupId".to_owned(), json!(group.id));
        record.insert("IsEgress".to_owned(), json!(rule.direction == Direction::Egress));
        Value::Object(record)
    };
    group.rules.iter().map(tell).collect()
}

/// `-1` has no ports, nor has a protocol that knows none.
fn scope(protocol: ProtocolMatch, ports: PortRange) -> Map<String, Value> {
    let mut record = Map::new();
    record.insert("IpProtocol".to_owned(), protocol_word(protocol));
    if ports != PortRange::ALL {
        record.insert("FromPort".to_owned(), json!(ports.from));
        record.insert("ToPort".to_owned(), json!(ports.to));
    }
    record
}

fn protocol_word(protocol: ProtocolMatch) -> Value {
    match protocol {
        ProtocolMatch::All => json!("-1"),
        ProtocolMatch::Number(number) => json!(number.to_string()),
    }
}

fn acl(acl: &NetworkAcl) -> Value {
    let associations: Vec<_> = acl.subnets.iter().map(|subnet| json!({"SubnetId": subnet})).collect();
    let entries: Vec<_> = acl.entries.iter().map(acl_entry).collect();
    json!({"NetworkAclId": acl.id, "VpcId": acl.vpc, "IsDefault": acl.is_default, "Associations": associations,
        "Entries": entries})
}

fn acl_entry(entry: &NetworkAclEntry) -> Value {
    let action = match &entry.action {
        AclAction::Allow => "allow",
        AclAction::Deny => "deny",
        AclAction::Other(word) => word,
    };
    let key = if entry.cidr.addr().is_ipv4() { "CidrBlock" } else { "Ipv6CidrBlock" };
    let range =
        (entry.ports != PortRange::ALL).then(|| json!({"From": entry.ports.from, "To": entry.ports.to}));
    json!({"RuleNumber": entry.number, "Egress": entry.direction == Direction::Egress, key: entry.cidr,
        "Protocol": protocol_word(entry.protocol), "RuleAction": action, "PortRange": range})
}

fn route_table(table: &RouteTable) -> Value {
    let main = table.main.then(|| json!({"Main": true}));
    let subnets = table.subnets.iter().map(|subnet| json!({"Main": false, "SubnetId": subnet}));
    let gateways = table.gateways.iter().map(|gateway| json!({"Main": false, "GatewayId": gateway}));
    let associations: Vec<_> = main.into_iter().chain(subnets).chain(gateways).collect();
    let routes: Vec<_> = table.routes.iter().map(route).collect();
    json!({"RouteTableId": table.id, "VpcId": table.vpc, "Associations": associations, "Routes": routes})
}

fn route(route: &Route) -> Value {
    let mut record = json!({"State": route.state, "Origin": route.origin});
    match &route.destination {
        RouteDestination::Cidr(cidr) if cidr.addr().is_ipv4() => record["DestinationCidrBlock"] = json!(cidr),
        RouteDestination::Cidr(cidr) => record["DestinationIpv6CidrBlock"] = json!(cidr),
        RouteDestination::PrefixList(id) => record["DestinationPrefixListId"] = json!(id),
        RouteDestination::Other(text) => record["DestinationCidrBlock"] = json!(text),
    }
    let key = match &route.target {
        RouteTarget::Peering(_) => "VpcPeeringConnectionId",
        RouteTarget::TransitGateway(_) => "TransitGatewayId",
        RouteTarget::NatGateway(_) => "NatGatewayId",
        RouteTarget::EgressOnlyInternetGateway(_) => "EgressOnlyInternetGatewayId",
        RouteTarget::NetworkInterface(_) => "NetworkInterfaceId",
        _ => "GatewayId",
    };
    record[key] = json!(route.target.id());
    record
}

fn interface(eni: &NetworkInterface) -> Value {
    let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) = eni.addresses.iter().partition(|ip| ip.is_ipv4());
    let public = |ip: IpAddr| {
        let own = eni.public_addresses.iter().find(|one| one.private_ip == ip);
        own.map(|one| json!({"PublicIp": one.public_ip}))
    };
    let addresses: Vec<_> =
        v4.iter().map(|ip| json!({"PrivateIpAddress": ip, "Association": public(*ip)})).collect();
    let v6: Vec<_> = v6.iter().map(|ip| json!({"Ipv6Address": ip})).collect();
    let (p4, p6) = families(&eni.prefixes);
    let p4: Vec<_> = p4.iter().map(|net| json!({"Ipv4Prefix": net})).collect();
    let p6: Vec<_> = p6.iter().map(|net| json!({"Ipv6Prefix": net})).collect();
    let groups: Vec<_> = eni.groups.iter().map(|group| json!({"GroupId": group})).collect();
    let attachment = json!({"InstanceId": eni.instance, "Status": eni.attachment_status});
    json!({"NetworkInterfaceId": eni.id, "VpcId": eni.vpc, "SubnetId": eni.subnet, "AvailabilityZoneId": eni.az_id,
        "InterfaceType": eni.kind, "Status": eni.status, "Description": eni.description, "Groups": groups,
        "PrivateIpAddress": v4.first(), "PrivateIpAddresses": addresses, "Ipv6Addresses": v6, "Ipv4Prefixes": p4,
        "Ipv6Prefixes": p6, "SourceDestCheck": eni.source_dest_check, "Attachment": attachment, "OwnerId": eni.owner})
}

fn endpoint(endpoint: &VpcEndpoint) -> Value {
    let groups: Vec<_> = endpoint.groups.iter().map(|group| json!({"GroupId": group})).collect();
    json!({"VpcEndpointId": endpoint.id, "VpcEndpointType": endpoint.kind.to_string(), "VpcId": endpoint.vpc,
        "ServiceName": endpoint.service, "State": endpoint.state.to_string(), "SubnetIds": endpoint.subnets,
        "NetworkInterfaceIds": endpoint.network_interfaces, "Groups": groups, "PrivateDnsEnabled": endpoint.private_dns_enabled,
        "OwnerId": endpoint.owner, "ServiceRegion": endpoint.service_region})
}

fn service(service: &EndpointService) -> Value {
    json!({"ServiceName": service.name, "AcceptanceRequired": service.acceptance_required,
        "AvailabilityZones": service.availability_zones})
}

fn peering(connection: &PeeringConnection) -> Value {
    let side = |side: &PeeringSide| {
        let (v4, v6) = families(&side.cidrs);
        let v6: Vec<_> = v6.iter().map(|net| json!({"Ipv6CidrBlock": net})).collect();
        let blocks: Vec<_> = v4.iter().map(|net| json!({"CidrBlock": net})).collect();
        json!({"VpcId": side.vpc, "Region": side.region, "CidrBlock": v4.first(), "CidrBlockSet": blocks,
            "Ipv6CidrBlockSet": v6})
    };
    json!({"VpcPeeringConnectionId": connection.id, "RequesterVpcInfo": side(&connection.requester),
        "AccepterVpcInfo": side(&connection.accepter), "Status": {"Code": connection.status}})
}

fn instance(instance: &Instance) -> Value {
    json!({"Instances": [{"InstanceId": instance.id, "State": {"Name": instance.state},
        "Platform": instance.is_windows.then_some("windows")}]})
}

fn nat_gateway(gateway: &NatGateway) -> Value {
    let addresses: Vec<_> = gateway
        .addresses
        .iter()
        .map(|one| json!({"NetworkInterfaceId": one.eni, "PrivateIp": one.private_ip, "PublicIp": one.public_ip}))
        .collect();
    let kind = if gateway.is_private { "private" } else { "public" };
    json!({"NatGatewayId": gateway.id, "VpcId": gateway.vpc, "SubnetId": gateway.subnet, "State": gateway.state,
        "ConnectivityType": kind, "NatGatewayAddresses": addresses})
}

fn transit_gateway(gateway: &TransitGateway) -> Value {
    let referencing = gateway.security_group_referencing.map(switch);
    json!({"TransitGatewayId": gateway.id, "State": gateway.state, "OwnerId": gateway.owner,
        "Options": {"SecurityGroupReferencingSupport": referencing}})
}

fn switch(on: bool) -> &'static str {
    if on { "enable" } else { "disable" }
}

/// Of an attachment whose association is not known the gateway is somebody else's.
fn attachment(attachment: &TransitGatewayAttachment) -> Value {
    let (kind, resource) = attached(&attachment.kind);
    let mut record = json!({"TransitGatewayAttachmentId": attachment.id, "TransitGatewayId": attachment.transit_gateway,
        "TransitGatewayOwnerId": "1", "ResourceOwnerId": "1", "ResourceType": kind, "ResourceId": resource,
        "State": attachment.state});
    match &attachment.association {
        Known::Known(Some(table)) => {
            record["Association"] = json!({"TransitGatewayRouteTableId": table, "State": "associated"});
        }
        Known::Known(None) => {}
        Known::Unknown(_) => record["TransitGatewayOwnerId"] = json!("2"),
    }
    record
}

fn attached(kind: &AttachmentKind) -> (&str, &str) {
    match kind {
        AttachmentKind::Vpc(vpc) => ("vpc", vpc.as_str()),
        AttachmentKind::Peering(gateway) => ("peering", gateway),
        AttachmentKind::Other { kind, resource } => (kind, resource),
    }
}

fn vpc_attachment(attachment: &TransitGatewayAttachment) -> Vec<Value> {
    let (Some(vpc), Known::Known(subnets)) = (attachment.vpc(), &attachment.subnets) else {
        return Vec::new();
    };
    let options = json!({"ApplianceModeSupport": attachment.appliance_mode.map(switch),
        "SecurityGroupReferencingSupport": attachment.security_group_referencing.map(switch)});
    vec![
        json!({"TransitGatewayAttachmentId": attachment.id, "TransitGatewayId": attachment.transit_gateway, "VpcId": vpc,
        "State": attachment.state, "SubnetIds": subnets, "Options": options}),
    ]
}

fn transit_route(route: &TransitGatewayRoute) -> Value {
    let mut record = json!({"Type": route.kind, "State": route.state});
    match &route.destination {
        RouteDestination::PrefixList(id) => record["PrefixListId"] = json!(id),
        RouteDestination::Cidr(cidr) => record["DestinationCidrBlock"] = json!(cidr),
        RouteDestination::Other(text) => record["DestinationCidrBlock"] = json!(text),
    }
    let tell = |id: &str, (kind, resource): (&str, &str)| json!({"TransitGatewayAttachmentId": id, "ResourceType": kind, "ResourceId": resource});
    record["TransitGatewayAttachments"] =
        route.attachments.iter().map(|one| tell(one.id.as_str(), attached(&one.kind))).collect();
    record
}
