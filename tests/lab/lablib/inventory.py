"""The configuration of a world in the words of AWS: one document per call, as the AWS CLI prints it.

The EC2 API of the lab serves the same documents as XML (`ec2`), so a scenario may show them either way.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .declaration import (
    ACCOUNT,
    DOCUMENTS,
    REGION,
    ZONES,
    Acl,
    Endpoint,
    Group,
    Interface,
    Peering,
    RouteTable,
    Service,
    Subnet,
    Vpc,
    World,
)
from .names import endpoint_names, private_name
from .rules import PROTOCOL_NUMBERS, AclEntry, GroupRule, Route, Traffic

Json = dict[str, Any]
_DHCP_OPTIONS = "dopt-app"


def documents(world: World) -> dict[str, Json]:
    """By action: `DescribeVpcs` → `{"Vpcs": […]}`. What is asked for thing by thing has functions of its own: VPC
    attributes, prefix lists, routes of transit gateways."""
    return {
        "DescribeVpcs": {"Vpcs": [_vpc(one) for one in world.vpcs.values()]},
        "DescribeSubnets": {"Subnets": [_subnet(one) for one in world.subnets.values()]},
        "DescribeSecurityGroups": {"SecurityGroups": [_group(world, one) for one in world.groups.values()]},
        "DescribeNetworkAcls": {"NetworkAcls": [_acl(world, one) for one in world.acls.values()]},
        "DescribeRouteTables": {"RouteTables": [_route_table(world, one) for one in world.route_tables.values()]},
        "DescribeNetworkInterfaces": {
            "NetworkInterfaces": [_interface(world, one) for one in world.interfaces.values()]
        },
        "DescribeVpcEndpoints": {"VpcEndpoints": [_endpoint(world, one) for one in world.endpoints.values()]},
        "DescribeVpcEndpointServices": {
            "ServiceDetails": [_service(one) for one in world.services.values()],
            "ServiceNames": list(world.services),
        },
        "DescribeVpcPeeringConnections": {
            "VpcPeeringConnections": [_peering(world, one) for one in world.peerings.values()]
        },
        "DescribeManagedPrefixLists": {
            "PrefixLists": [
                {"PrefixListId": id, "PrefixListName": id, "AddressFamily": "IPv4", "State": "create-complete"}
                for id in world.prefix_lists
            ]
        },
        "DescribeDhcpOptions": {"DhcpOptions": [_dhcp_options(world)]},
        "DescribeNatGateways": {"NatGateways": _nat_gateways(world)},
        **{action: {key: world.documents[key]} for key, action in _TOLD.items() if key in world.documents},
    }


_ROUTES = "TransitGatewayRoutes"
_TOLD = {key: action for key, action in DOCUMENTS.items() if key != _ROUTES}


def nothing() -> dict[str, Json]:
    """What the API answers where a world declares none; a directory lacks the file."""
    return {action: {key: []} for key, action in _TOLD.items()}


def transit_gateway_routes(world: World) -> dict[str, Json]:
    """By route table."""
    tables = world.documents.get(_ROUTES, {})
    return {id: {"Routes": routes, "AdditionalRoutesAvailable": False} for id, routes in tables.items()}


def vpc_attribute(vpc: Vpc, attribute: str) -> Json:
    """`enableDnsSupport` or `enableDnsHostnames`, the only two that matter to endpoints."""
    value = {"enableDnsSupport": vpc.dns_support, "enableDnsHostnames": vpc.dns_hostnames}[attribute]
    return {"VpcId": vpc.id, attribute[0].upper() + attribute[1:]: {"Value": value}}


VPC_ATTRIBUTES = ("enableDnsSupport", "enableDnsHostnames")


def prefix_list_entries(world: World, id: str) -> Json:
    return {"Entries": [{"Cidr": cidr} for cidr in world.prefix_lists[id]]}


def write(world: World, denied: tuple[str, ...], folder: Path) -> None:
    """A directory as somebody with these permissions would have saved it."""
    folder.mkdir()
    for action, document in documents(world).items():
        if action not in denied:
            _save(folder / f"{_kebab(action)}.json", document)
    if "DescribeVpcAttribute" not in denied:
        for vpc in world.vpcs.values():
            for attribute in VPC_ATTRIBUTES:
                name = f"describe-vpc-attribute-{vpc.id}-{attribute}.json"
                _save(folder / name, vpc_attribute(vpc, attribute))
    if "GetManagedPrefixListEntries" not in denied:
        for id in world.prefix_lists:
            _save(folder / f"get-managed-prefix-list-entries-{id}.json", prefix_list_entries(world, id))
    if DOCUMENTS[_ROUTES] not in denied:
        for id, document in transit_gateway_routes(world).items():
            _save(folder / f"search-transit-gateway-routes-{id}.json", document)


def _save(file: Path, document: Json) -> None:
    file.write_text(json.dumps(document, indent=4) + "\n")


def _kebab(action: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in action).lstrip("-")


def _vpc(vpc: Vpc) -> Json:
    associations = [
        {
            "AssociationId": f"vpc-cidr-assoc-{vpc.id[4:]}-{number}",
            "CidrBlock": cidr,
            "CidrBlockState": {"State": "associated"},
        }
        for number, cidr in enumerate((vpc.cidr, *vpc.secondary))
    ]
    return {
        "CidrBlock": vpc.cidr,
        "DhcpOptionsId": _DHCP_OPTIONS,
        "State": "available",
        "VpcId": vpc.id,
        "OwnerId": vpc.owner,
        "InstanceTenancy": "default",
        "CidrBlockAssociationSet": associations,
        "IsDefault": False,
    }


def _subnet(subnet: Subnet) -> Json:
    return {
        "AvailabilityZone": ZONES[subnet.zone],
        "AvailabilityZoneId": subnet.zone,
        "AvailableIpAddressCount": 249,
        "CidrBlock": subnet.cidr,
        "DefaultForAz": False,
        "MapPublicIpOnLaunch": False,
        "State": "available",
        "SubnetId": subnet.id,
        "VpcId": subnet.vpc,
        "OwnerId": subnet.owner,
        "Ipv6CidrBlockAssociationSet": [],
        "SubnetArn": f"arn:aws:ec2:{REGION}:{subnet.owner}:subnet/{subnet.id}",
    }


def _group(world: World, group: Group) -> Json:
    return {
        "Description": f"{group.name} of the lab",
        "GroupName": group.name,
        "IpPermissions": [_permission(world, rule) for rule in group.inbound],
        "OwnerId": ACCOUNT,
        "GroupId": group.id,
        "IpPermissionsEgress": [_permission(world, rule) for rule in group.outbound],
        "VpcId": group.vpc,
    }


def _permission(world: World, rule: GroupRule) -> Json:
    permission: Json = {"IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}
    permission["IpProtocol"] = "-1" if rule.traffic.protocol == "all" else rule.traffic.protocol
    if rule.traffic.protocol != "all":
        first, last = _ports(rule.traffic)
        permission |= {"FromPort": first, "ToPort": last}
    if rule.peer.startswith("sg-"):
        permission["UserIdGroupPairs"] = [_group_pair(world, rule.peer)]
    elif rule.peer.startswith("pl-"):
        permission["PrefixListIds"] = [{"PrefixListId": rule.peer}]
    else:
        permission["IpRanges"] = [{"CidrIp": rule.peer}]
    return permission


def _group_pair(world: World, group: str) -> Json:
    pair: Json = {"GroupId": group, "UserId": ACCOUNT}
    if group in world.groups and world.groups[group].vpc != world.client_vpc.id:
        pair["VpcId"] = world.groups[group].vpc
    if gone := world.references.get(group):
        pair |= {"VpcId": gone.vpc, "VpcPeeringConnectionId": gone.peering, "PeeringStatus": gone.status}
    return pair


def _ports(traffic: Traffic) -> tuple[int, int]:
    if traffic.ports is not None:
        return traffic.ports
    return (-1, -1) if traffic.protocol == "icmp" else (0, 65535)


def _acl(world: World, acl: Acl) -> Json:
    associations = [
        {"NetworkAclAssociationId": f"aclassoc-{one.id[7:]}", "NetworkAclId": acl.id, "SubnetId": one.id}
        for one in world.subnets.values()
        if one.acl == acl.id
    ]
    return {
        "Associations": associations,
        "Entries": [*_entries(acl.outbound, egress=True), *_entries(acl.inbound, egress=False)],
        "IsDefault": acl.default,
        "NetworkAclId": acl.id,
        "VpcId": acl.vpc,
        "OwnerId": ACCOUNT,
    }


def _entries(entries: tuple[AclEntry, ...], *, egress: bool) -> list[Json]:
    last = {"CidrBlock": "0.0.0.0/0", "Egress": egress, "Protocol": "-1", "RuleAction": "deny", "RuleNumber": 32767}
    return [*(_entry(one, egress) for one in entries), last]


def _entry(entry: AclEntry, egress: bool) -> Json:
    protocol = entry.traffic.protocol
    result: Json = {
        "CidrBlock": entry.peer,
        "Egress": egress,
        "Protocol": "-1" if protocol == "all" else str(PROTOCOL_NUMBERS[protocol]),
        "RuleAction": "allow" if entry.allow else "deny",
        "RuleNumber": entry.number,
    }
    if protocol in ("tcp", "udp"):
        first, last = _ports(entry.traffic)
        result["PortRange"] = {"From": first, "To": last}
    elif protocol == "icmp":
        result["IcmpTypeCode"] = {"Code": -1, "Type": -1}
    return result


def _route_table(world: World, table: RouteTable) -> Json:
    # A subnet that names no table uses the main one, so only other tables list their subnets.
    subnets = [] if table.main else [one.id for one in world.subnets.values() if one.route_table == table.id]
    explicit = [
        {"Main": False, "RouteTableAssociationId": f"rtbassoc-{id[7:]}", "RouteTableId": table.id, "SubnetId": id}
        for id in subnets
    ]
    main = [{"Main": True, "RouteTableAssociationId": f"rtbassoc-{table.id[4:]}", "RouteTableId": table.id}]
    for association in [*explicit, *main]:
        association["AssociationState"] = {"State": "associated"}
    return {
        "Associations": [*(main if table.main else []), *explicit],
        "PropagatingVgws": [],
        "RouteTableId": table.id,
        "Routes": [_route(one) for one in table.routes],
        "VpcId": table.vpc,
        "OwnerId": ACCOUNT,
    }


_ROUTE_TARGETS = {
    "pcx": "VpcPeeringConnectionId",
    "nat": "NatGatewayId",
    "tgw": "TransitGatewayId",
    "eni": "NetworkInterfaceId",
}


def _route(route: Route) -> Json:
    return {
        "DestinationPrefixListId" if route.destination.startswith("pl-") else "DestinationCidrBlock": route.destination,
        _ROUTE_TARGETS.get(route.target.partition("-")[0], "GatewayId"): route.target,
        "Origin": "CreateRouteTable" if route.target == "local" else "CreateRoute",
        "State": "blackhole" if route.blackhole else "active",
    }


def _nat_gateways(world: World) -> list[Json]:
    """Those that routes lead to: regional ones, as no world declares a subnet of theirs. One behind a blackhole is gone."""
    vpcs = {
        route.target: table.vpc
        for table in world.route_tables.values()
        for route in table.routes
        if route.target.startswith("nat-") and not route.blackhole
    }
    return [
        {
            "NatGatewayId": id,
            "VpcId": vpc,
            "State": "available",
            "ConnectivityType": "public",
            "AvailabilityMode": "regional",
            "NatGatewayAddresses": [],
        }
        for id, vpc in vpcs.items()
    ]


def _interface(world: World, interface: Interface) -> Json:
    subnet = world.subnets[interface.subnet]
    address = {"Primary": True, "PrivateIpAddress": interface.ip}
    return {
        "Attachment": _attachment(interface),
        "AvailabilityZone": ZONES[subnet.zone],
        "AvailabilityZoneId": subnet.zone,
        "Description": f"VPC Endpoint Interface {interface.endpoint}" if interface.endpoint else "",
        "Groups": [{"GroupId": id, "GroupName": world.groups[id].name} for id in interface.groups],
        "InterfaceType": "vpc_endpoint" if interface.endpoint else "interface",
        "Ipv6Addresses": [],
        "MacAddress": mac(interface),
        "NetworkInterfaceId": interface.id,
        "OwnerId": ACCOUNT,
        "PrivateIpAddress": interface.ip,
        "PrivateIpAddresses": [address],
        "RequesterManaged": interface.endpoint is not None,
        "SourceDestCheck": interface.source_dest_check,
        "Status": "in-use",
        "SubnetId": interface.subnet,
        "TagSet": [],
        "VpcId": subnet.vpc,
    }


def mac(interface: Interface) -> str:
    return "02:00:" + ":".join(f"{int(part):02x}" for part in interface.ip.split("."))


def _attachment(interface: Interface) -> Json:
    attachment: Json = {
        "AttachmentId": f"eni-attach-{interface.id[4:]}",
        "DeleteOnTermination": interface.endpoint is None,
        "DeviceIndex": 1 if interface.endpoint else 0,
        "Status": "attached",
    }
    if interface.endpoint:
        return attachment | {"InstanceOwnerId": "amazon-aws"}
    return attachment | {"InstanceOwnerId": ACCOUNT, "InstanceId": interface.instance or f"i-{interface.id[4:]}"}


def _endpoint(world: World, endpoint: Endpoint) -> Json:
    names = [*endpoint_names(world, endpoint)]
    if name := private_name(world, endpoint):
        names.append(name)
    described: Json = {
        "VpcEndpointId": endpoint.id,
        "VpcEndpointType": endpoint.kind,
        "VpcId": endpoint.vpc,
        "ServiceName": endpoint.service,
        "State": endpoint.state,
        "RouteTableIds": list(endpoint.route_tables),
        "SubnetIds": list(endpoint.addresses),
        "Groups": [{"GroupId": id, "GroupName": world.groups[id].name} for id in endpoint.groups],
        "IpAddressType": "ipv4",
        "DnsOptions": {"DnsRecordIpType": "ipv4"},
        "PrivateDnsEnabled": endpoint.private_dns,
        "RequesterManaged": False,
        "NetworkInterfaceIds": [one.id for one in world.interfaces.values() if one.endpoint == endpoint.id],
        "DnsEntries": [{"DnsName": one, "HostedZoneId": "Z1YSA3EXCYUU9Z"} for one in names],
        "CreationTimestamp": "2026-03-02T08:15:00.000Z",
        "Tags": [],
        "OwnerId": ACCOUNT,
    }
    if endpoint.inbound_only:
        described["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] = True
    if endpoint.last_error:
        code, _, message = endpoint.last_error.partition(": ")
        described["LastError"] = {"Code": code, "Message": message}
    return described


def _service(service: Service) -> Json:
    detail: Json = {
        "ServiceName": service.name,
        "ServiceId": service.name.rpartition(".")[2],
        "ServiceType": [{"ServiceType": "Interface"}],
        "ServiceRegion": REGION,
        "AvailabilityZoneIds": list(ZONES),
        "AvailabilityZones": list(ZONES.values()),
        "Owner": service.owner,
        "BaseEndpointDnsNames": [f"{service.name.rpartition('.')[2]}.{REGION}.vpce.amazonaws.com"],
        "VpcEndpointPolicySupported": True,
        "AcceptanceRequired": service.acceptance_required,
        "ManagesVpcEndpoints": False,
        "SupportedIpAddressTypes": ["ipv4"],
    }
    if service.private_name:
        detail |= {
            "PrivateDnsName": service.private_name,
            "PrivateDnsNames": [{"PrivateDnsName": service.private_name}],
            "PrivateDnsNameVerificationState": service.verification,
        }
    return detail


def _peering(world: World, peering: Peering) -> Json:
    return {
        "VpcPeeringConnectionId": peering.id,
        "RequesterVpcInfo": _peer(world.vpcs[peering.requester]),
        "AccepterVpcInfo": _peer(world.vpcs[peering.accepter]),
        "Status": {"Code": peering.status, "Message": peering.status},
        "Tags": [],
    }


def _peer(vpc: Vpc) -> Json:
    block = {"CidrBlock": vpc.cidr}
    return {**block, "CidrBlockSet": [block], "OwnerId": ACCOUNT, "VpcId": vpc.id, "Region": REGION}


def _dhcp_options(world: World) -> Json:
    amazon = world.host.nameservers == ("10.0.0.2",)
    servers = ["AmazonProvidedDNS"] if amazon else list(world.host.nameservers)
    settings = {"domain-name": [f"{REGION}.compute.internal"], "domain-name-servers": servers}
    return {
        "DhcpConfigurations": [
            {"Key": key, "Values": [{"Value": value} for value in values]} for key, values in settings.items()
        ],
        "DhcpOptionsId": _DHCP_OPTIONS,
        "OwnerId": ACCOUNT,
    }
