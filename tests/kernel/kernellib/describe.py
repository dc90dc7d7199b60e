"""A world as a directory of what `aws ec2 describe-…` prints."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from .model import (
    ANY4,
    ANY6,
    Acl,
    Entry,
    Group,
    Interface,
    Peering,
    PrefixList,
    Route,
    Rule,
    Subnet,
    Table,
    Vpc,
    World,
    is_v6,
)

Json = dict[str, Any]
ACCOUNT = "123456789012"
REGION = "us-west-2"


def write(world: World, folder: Path, rng: random.Random) -> None:
    """Order says nothing in these lists, and one list may come in several files: both are drawn."""
    folder.mkdir(parents=True)
    for call, (key, items) in _documents(world).items():
        items = rng.sample(items, len(items))
        if len(items) > 1 and rng.random() < 0.25:
            cut = rng.randrange(1, len(items))
            _save(folder / "more" / f"{call}.json", {key: items[:cut]})
            items = items[cut:]
        _save(folder / f"{call}.json", {key: items})
    for one in world.prefix_lists:
        _save_entries(one, folder, named=rng.random() < 0.7)


def _save_entries(one: PrefixList, folder: Path, *, named: bool) -> None:
    """The output itself does not say which list it is of: either the file's name does, or a key that was added."""
    document: Json = {"Entries": [{"Cidr": cidr} for cidr in one.entries]}
    if named:
        _save(folder / f"get-managed-prefix-list-entries-{one.id}.json", document)
    else:
        number = sum(1 for _ in folder.glob("entries-*"))
        _save(folder / f"entries-{number}.json", {"PrefixListId": one.id, **document})


def _save(file: Path, document: Json) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(document, indent=4) + "\n")


def _documents(world: World) -> dict[str, tuple[str, list[Json]]]:
    documents = {
        "describe-vpcs": ("Vpcs", [_vpc(one) for one in world.vpcs]),
        "describe-subnets": ("Subnets", [_subnet(one) for one in world.subnets]),
        "describe-network-acls": ("NetworkAcls", [_acl(world, one) for one in world.acls]),
        "describe-route-tables": ("RouteTables", [_table(world, one) for one in world.tables]),
        "describe-network-interfaces": ("NetworkInterfaces", [_interface(one) for one in world.interfaces]),
        "describe-vpc-endpoints": ("VpcEndpoints", [_endpoint(id, all) for id, all in world.endpoints().items()]),
        "describe-managed-prefix-lists": ("PrefixLists", [_prefix_list(one) for one in world.prefix_lists]),
        "describe-vpc-peering-connections": ("VpcPeeringConnections", [_peering(one) for one in world.peerings]),
    }
    if world.group_rules != "rules":
        documents["describe-security-groups"] = ("SecurityGroups", [_group(world, one) for one in world.groups])
    if world.group_rules != "permissions":
        rules = [rule for group in world.groups for rule in _group_rules(world, group)]
        documents["describe-security-group-rules"] = ("SecurityGroupRules", rules)
    if world.reservations:
        documents["describe-instances"] = ("Reservations", _reservations(world))
    return documents


def _vpc(vpc: Vpc) -> Json:
    described: Json = {
        "CidrBlock": vpc.cidrs[0],
        "DhcpOptionsId": "dopt-0123456789abcdef0",
        "State": "available",
        "VpcId": vpc.id,
        "OwnerId": ACCOUNT,
        "InstanceTenancy": "default",
        "CidrBlockAssociationSet": [
            {"AssociationId": f"vpc-cidr-assoc-{n}", "CidrBlock": cidr, "CidrBlockState": {"State": "associated"}}
            for n, cidr in enumerate(vpc.cidrs)
        ],
        "IsDefault": False,
    }
    if vpc.cidr6:
        block: Json = {"AssociationId": "vpc-cidr-assoc-6", "Ipv6CidrBlock": vpc.cidr6, "Ipv6Pool": "Amazon"}
        block |= {"Ipv6CidrBlockState": {"State": "associated"}, "NetworkBorderGroup": REGION}
        described["Ipv6CidrBlockAssociationSet"] = [block]
    return described


def _subnet(subnet: Subnet) -> Json:
    blocks = []
    if subnet.cidr6:
        state = {"State": "associated"}
        blocks = [{"AssociationId": "subnet-cidr-6", "Ipv6CidrBlock": subnet.cidr6, "Ipv6CidrBlockState": state}]
    return {
        "AvailabilityZone": REGION + "abc"[int(subnet.zone[-1]) - 1],
        "AvailabilityZoneId": subnet.zone,
        "AvailableIpAddressCount": 100,
        "CidrBlock": subnet.cidr,
        "DefaultForAz": False,
        "MapPublicIpOnLaunch": False,
        "State": "available",
        "SubnetId": subnet.id,
        "VpcId": subnet.vpc.id,
        "OwnerId": ACCOUNT,
        "AssignIpv6AddressOnCreation": False,
        "Ipv6CidrBlockAssociationSet": blocks,
        "SubnetArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:subnet/{subnet.id}",
        "Ipv6Native": False,
    }


def _group(world: World, group: Group) -> Json:
    return {
        "Description": group.name,
        "GroupName": group.name,
        "IpPermissions": _permissions(world, group, group.inbound),
        "OwnerId": ACCOUNT,
        "GroupId": group.id,
        "IpPermissionsEgress": _permissions(world, group, group.outbound),
        "VpcId": group.vpc.id,
    }


def _permissions(world: World, group: Group, rules: list[Rule]) -> list[Json]:
    """AWS prints one permission for each protocol and port range, with all its peers in it."""
    found: dict[tuple[str, tuple[int, int] | None], Json] = {}
    for rule in rules:
        key = rule.protocol, rule.ports
        ports = {} if rule.ports is None else {"FromPort": rule.ports[0], "ToPort": rule.ports[1]}
        lists: Json = {"IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}
        permission = found.setdefault(key, {"IpProtocol": rule.protocol, **ports, **lists})
        if rule.peer.startswith("sg-"):
            permission["UserIdGroupPairs"].append(_reference(world, group, rule.peer))
        elif rule.peer.startswith("pl-"):
            permission["PrefixListIds"].append({"PrefixListId": rule.peer})
        elif is_v6(rule.peer):
            permission["Ipv6Ranges"].append({"CidrIpv6": rule.peer})
        else:
            permission["IpRanges"].append({"CidrIp": rule.peer})
    return list(found.values())


def _reference(world: World, group: Group, id: str) -> Json:
    """A group of the peer's VPC is named with its VPC and the connection that leads there, also when it is deleted."""
    reference: Json = {"GroupId": id}
    far = world.vpc_of(id)
    if far is not None:
        reference["UserId"] = ACCOUNT
    for peering in world.peerings if far is not group.vpc else []:
        other = peering.accepter if peering.requester is group.vpc else peering.requester
        state = {"VpcPeeringConnectionId": peering.id, "PeeringStatus": peering.status}
        reference |= {"VpcId": other.id, **state}
    return reference


def _group_rules(world: World, group: Group) -> list[Json]:
    every = [(rule, False) for rule in group.inbound] + [(rule, True) for rule in group.outbound]
    return [_group_rule(world, group, rule, egress, number) for number, (rule, egress) in enumerate(every)]


def _group_rule(world: World, group: Group, rule: Rule, egress: bool, number: int) -> Json:
    first, last = (-1, -1) if rule.ports is None else rule.ports
    described = {
        "SecurityGroupRuleId": f"sgr-{group.id[3:-2]}{number:02x}",
        "GroupId": group.id,
        "GroupOwnerId": ACCOUNT,
        "IsEgress": egress,
        "IpProtocol": rule.protocol,
        "FromPort": first,
        "ToPort": last,
        "Tags": [],
    }
    if rule.peer.startswith("sg-"):
        return described | {"ReferencedGroupInfo": _reference(world, group, rule.peer)}
    key = "PrefixListId" if rule.peer.startswith("pl-") else "CidrIpv6" if is_v6(rule.peer) else "CidrIpv4"
    return described | {key: rule.peer}


def _acl(world: World, acl: Acl) -> Json:
    subnets = [one.id for one in world.subnets if one.acl is acl]
    entries = [
        *(_entry(one, True) for one in [*acl.outbound, *_last(acl)]),
        *(_entry(one, False) for one in [*acl.inbound, *_last(acl)]),
    ]
    return {
        "Associations": [
            {"NetworkAclAssociationId": f"aclassoc-{id[7:]}", "NetworkAclId": acl.id, "SubnetId": id} for id in subnets
        ],
        "Entries": entries,
        "IsDefault": acl.default,
        "NetworkAclId": acl.id,
        "Tags": [],
        "VpcId": acl.vpc.id,
        "OwnerId": ACCOUNT,
    }


def _last(acl: Acl) -> list[Entry]:
    """The rules that the console shows as `*`."""
    v6 = [Entry(32768, False, "-1", None, ANY6)] if acl.vpc.cidr6 else []
    return [Entry(32767, False, "-1", None, ANY4), *v6]


def _entry(entry: Entry, egress: bool) -> Json:
    described: Json = {
        "Ipv6CidrBlock" if is_v6(entry.cidr) else "CidrBlock": entry.cidr,
        "Egress": egress,
        "Protocol": entry.protocol,
        "RuleAction": "allow" if entry.allow else "deny",
        "RuleNumber": entry.number,
    }
    if entry.protocol in ("1", "58"):
        described["IcmpTypeCode"] = {"Code": -1, "Type": -1}
    elif entry.ports is not None:
        described["PortRange"] = {"From": entry.ports[0], "To": entry.ports[1]}
    return described


def _table(world: World, table: Table) -> Json:
    explicit = [one.id for one in world.subnets if one.table is table]
    associations: list[Json] = [
        {"Main": False, "RouteTableAssociationId": f"rtbassoc-{id[7:]}", "RouteTableId": table.id, "SubnetId": id}
        for id in explicit
    ]
    if table.main:
        associations.append({"Main": True, "RouteTableAssociationId": "rtbassoc-main", "RouteTableId": table.id})
    for one in associations:
        one["AssociationState"] = {"State": "associated"}
    local = [Route(cidr, "local") for cidr in table.vpc.blocks()]
    return {
        "Associations": associations,
        "PropagatingVgws": [],
        "RouteTableId": table.id,
        "Routes": [_route(one) for one in [*local, *table.routes]],
        "Tags": [],
        "VpcId": table.vpc.id,
        "OwnerId": ACCOUNT,
    }


def _route(route: Route) -> Json:
    to = route.destination
    key = "DestinationPrefixListId" if to.startswith("pl-") else "DestinationIpv6CidrBlock" if is_v6(to) else None
    return {
        key or "DestinationCidrBlock": to,
        "VpcPeeringConnectionId" if route.target.startswith("pcx-") else "GatewayId": route.target,
        "Origin": "CreateRouteTable" if route.target == "local" else "CreateRoute",
        "State": "blackhole" if route.blackhole else "active",
    }


def _interface(one: Interface) -> Json:
    vpc = one.subnet.vpc
    described: Json = {
        "Attachment": _attachment(one),
        "AvailabilityZone": _subnet(one.subnet)["AvailabilityZone"],
        "AvailabilityZoneId": one.subnet.zone,
        "Description": f"VPC Endpoint Interface {one.endpoint}" if one.endpoint else "",
        "Groups": [{"GroupId": group.id, "GroupName": group.name} for group in one.groups],
        "InterfaceType": "vpc_endpoint" if one.endpoint else "interface",
        "Ipv6Addresses": [{"Ipv6Address": ip, "IsPrimaryIpv6": False} for ip in one.addresses6],
        "MacAddress": "02:" + ":".join(one.id[-10:][i : i + 2] for i in range(0, 10, 2)),
        "NetworkInterfaceId": one.id,
        "OwnerId": ACCOUNT,
        "PrivateIpAddress": one.addresses[0],
        "PrivateIpAddresses": [{"Primary": n == 0, "PrivateIpAddress": ip} for n, ip in enumerate(one.addresses)],
        "RequesterManaged": one.endpoint is not None,
        "SourceDestCheck": True,
        "Status": "in-use",
        "SubnetId": one.subnet.id,
        "TagSet": [],
        "VpcId": vpc.id,
    }
    if one.prefixes:
        described["Ipv4Prefixes"] = [{"Ipv4Prefix": cidr} for cidr in one.prefixes]
    return described


def _attachment(one: Interface) -> Json:
    attachment: Json = {
        "AttachmentId": f"eni-attach-{one.id[4:]}",
        "DeleteOnTermination": one.endpoint is None,
        "DeviceIndex": 1 if one.endpoint else 0,
        "Status": "attached",
    }
    if one.endpoint:
        return attachment | {"InstanceOwnerId": "amazon-aws"}
    return attachment | {"InstanceOwnerId": ACCOUNT, "InstanceId": one.instance}


def _endpoint(id: str, interfaces: list[Interface]) -> Json:
    first = interfaces[0]
    dual = any(one.addresses6 for one in interfaces)
    service = f"com.amazonaws.vpce.{REGION}.vpce-svc-{id[5:]}"
    return {
        "VpcEndpointId": id,
        "VpcEndpointType": "Interface",
        "VpcId": first.subnet.vpc.id,
        "ServiceName": service,
        "State": "available",
        "RouteTableIds": [],
        "SubnetIds": [one.subnet.id for one in interfaces],
        "Groups": [{"GroupId": group.id, "GroupName": group.name} for group in first.groups],
        "IpAddressType": "dualstack" if dual else "ipv4",
        "DnsOptions": {"DnsRecordIpType": "dualstack" if dual else "ipv4"},
        "PrivateDnsEnabled": False,
        "RequesterManaged": False,
        "NetworkInterfaceIds": [one.id for one in interfaces],
        "DnsEntries": [
            {"DnsName": f"{id}-abcdefgh.{service[18:]}.{REGION}.vpce.amazonaws.com", "HostedZoneId": "Z1YSA3EXCYUU9Z"}
        ],
        "CreationTimestamp": "2026-03-02T08:15:00.000Z",
        "Tags": [],
        "OwnerId": ACCOUNT,
    }


def _prefix_list(one: PrefixList) -> Json:
    return {
        "PrefixListId": one.id,
        "AddressFamily": one.family,
        "State": "create-complete",
        "PrefixListArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:prefix-list/{one.id}",
        "PrefixListName": one.id,
        "MaxEntries": 20,
        "Version": 1,
        "Tags": [],
        "OwnerId": ACCOUNT,
    }


def _peering(one: Peering) -> Json:
    return {
        "VpcPeeringConnectionId": one.id,
        "RequesterVpcInfo": _peer(one.requester),
        "AccepterVpcInfo": _peer(one.accepter),
        "Status": {"Code": one.status, "Message": one.status.capitalize()},
        "Tags": [],
    }


def _peer(vpc: Vpc) -> Json:
    blocks = [{"CidrBlock": cidr} for cidr in vpc.cidrs]
    info: Json = {"CidrBlock": vpc.cidrs[0], "CidrBlockSet": blocks, "OwnerId": ACCOUNT, "VpcId": vpc.id}
    if vpc.cidr6:
        info["Ipv6CidrBlockSet"] = [{"Ipv6CidrBlock": vpc.cidr6}]
    return info | {"Region": REGION}


def _reservations(world: World) -> list[Json]:
    instances: dict[str, list[Interface]] = {}
    for one in world.interfaces:
        if one.instance:
            instances.setdefault(one.instance, []).append(one)
    return [_reservation(id, interfaces) for id, interfaces in instances.items()]


def _reservation(id: str, interfaces: list[Interface]) -> Json:
    first = interfaces[0]
    instance = {
        "InstanceId": id,
        "State": {"Code": 16, "Name": "running"},
        "PrivateIpAddress": first.addresses[0],
        "SubnetId": first.subnet.id,
        "VpcId": first.subnet.vpc.id,
        "SecurityGroups": [{"GroupId": group.id, "GroupName": group.name} for group in first.groups],
        "NetworkInterfaces": [_interface(one) for one in interfaces],
        "SourceDestCheck": True,
    }
    return {"ReservationId": f"r-{id[2:]}", "OwnerId": ACCOUNT, "Instances": [instance]}
