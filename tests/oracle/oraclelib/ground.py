"""Networks, routes, filters and interfaces of a world under construction."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from .inventory import Object

ACCOUNT = "111122223333"
REGION = "us-west-2"
_NUMBERS = {"-1": "-1", "tcp": "6", "udp": "17", "icmp": "1"}


def rule(protocol: str, ports: Any = None, **to: Any) -> Object:
    """One rule of a group; `to` is one of cidr, prefix_list, group, with pair= for what else the reference says."""
    low, high = (ports, ports) if isinstance(ports, int) else ports or (None, None)
    return {"protocol": protocol, "low": low, "high": high, **to}


def entry(
    number: int, action: str, cidr: str, ports: Any = None, protocol: str = "tcp", egress: bool = False
) -> Object:
    """One entry of a network ACL."""
    found: Object = {"RuleNumber": number, "RuleAction": action, "Egress": egress, "Protocol": _NUMBERS[protocol]}
    found["Ipv6CidrBlock" if ":" in cidr else "CidrBlock"] = cidr
    if ports is not None and protocol in ("tcp", "udp"):
        low, high = (ports, ports) if isinstance(ports, int) else ports
        found["PortRange"] = {"From": low, "To": high}
    return found


def both(number: int, action: str, cidr: str, ports: Any = None, protocol: str = "tcp") -> list[Object]:
    return [entry(number, action, cidr, ports, protocol, egress) for egress in (False, True)]


OPEN = both(100, "allow", "0.0.0.0/0", protocol="-1") + both(101, "allow", "::/0", protocol="-1")


class Ground:
    def __init__(self) -> None:
        self.lists: dict[str, list[Object]] = defaultdict(list)
        self.entries: dict[str, list[str] | None] = {}
        self.tgw_routes: dict[str, list[Object]] = {}
        self.more_routes: set[str] = set()
        self.associations: dict[str, list[Object]] = {}
        self.propagations: dict[str, list[Object]] = {}
        #: Whether rules are told in the groups, in a list of their own, or both.
        self.rules_in = "groups"
        self._rules: list[Object] = []
        self._regions: dict[str, str] = {}
        self._next: dict[str, int] = defaultdict(int)

    def id(self, prefix: str) -> str:
        self._next[prefix] += 1
        return f"{prefix}-0{self._next[prefix]:016x}"

    def get(self, key: str, field: str, value: str) -> Object:
        return next(one for one in self.lists[key] if one[field] == value)

    # Networks

    def vpc(self, *cidrs: str, v6: str | None = None, owner: str = ACCOUNT, region: str = REGION) -> str:
        vpc = self.id("vpc")
        self._regions[vpc] = region
        item: Object = {
            "CidrBlock": cidrs[0],
            "DhcpOptionsId": "dopt-00000000000000001",
            "State": "available",
            "VpcId": vpc,
            "OwnerId": owner,
            "InstanceTenancy": "default",
            "CidrBlockAssociationSet": [
                {
                    "AssociationId": self.id("vpc-cidr-assoc"),
                    "CidrBlock": cidr,
                    "CidrBlockState": {"State": "associated"},
                }
                for cidr in cidrs
            ],
            "IsDefault": False,
            "Tags": [],
        }
        if v6:
            item["Ipv6CidrBlockAssociationSet"] = [
                {
                    "AssociationId": self.id("vpc-cidr-assoc"),
                    "Ipv6CidrBlock": v6,
                    "Ipv6CidrBlockState": {"State": "associated"},
                    "NetworkBorderGroup": REGION,
                    "Ipv6Pool": "Amazon",
                }
            ]
        self.lists["Vpcs"].append(item)
        self.table(vpc, main=True)
        self.acl(vpc, OPEN, default=True)
        return vpc

    def region(self, vpc: str) -> str:
        return self._regions[vpc]

    def cidrs(self, vpc: str) -> list[str]:
        item = self.get("Vpcs", "VpcId", vpc)
        return [one["CidrBlock"] for one in item["CidrBlockAssociationSet"]] + [
            one["Ipv6CidrBlock"] for one in item.get("Ipv6CidrBlockAssociationSet", [])
        ]

    def owner(self, vpc: str) -> str:
        return self.get("Vpcs", "VpcId", vpc)["OwnerId"]

    def subnet(self, vpc: str, cidr: str, zone: int = 1, v6: str | None = None) -> str:
        subnet = self.id("subnet")
        region = self._regions[vpc]
        short = "usw2" if region == REGION else "euw1"
        item: Object = {
            "AvailabilityZone": f"{region}{'abcd'[zone - 1]}",
            "AvailabilityZoneId": f"{short}-az{zone}",
            "AvailableIpAddressCount": 200,
            "CidrBlock": cidr,
            "DefaultForAz": False,
            "MapPublicIpOnLaunch": False,
            "State": "available",
            "SubnetId": subnet,
            "VpcId": vpc,
            "OwnerId": self.owner(vpc),
            "AssignIpv6AddressOnCreation": False,
            "Ipv6CidrBlockAssociationSet": [],
            "Tags": [],
        }
        if v6:
            item["Ipv6CidrBlockAssociationSet"] = [
                {
                    "AssociationId": self.id("subnet-cidr-assoc"),
                    "Ipv6CidrBlock": v6,
                    "Ipv6CidrBlockState": {"State": "associated"},
                }
            ]
        self.lists["Subnets"].append(item)
        default = next(one for one in self.lists["NetworkAcls"] if one["VpcId"] == vpc and one["IsDefault"])
        self._associate_acl(default, subnet)
        return subnet

    # Routes

    def table(self, vpc: str, *subnets: str, main: bool = False) -> str:
        table = self.id("rtb")
        associations = [
            {
                "Main": False,
                "RouteTableAssociationId": self.id("rtbassoc"),
                "RouteTableId": table,
                "SubnetId": subnet,
                "AssociationState": {"State": "associated"},
            }
            for subnet in subnets
        ]
        if main:
            associations.append(
                {
                    "Main": True,
                    "RouteTableAssociationId": self.id("rtbassoc"),
                    "RouteTableId": table,
                    "AssociationState": {"State": "associated"},
                }
            )
        self.lists["RouteTables"].append(
            {
                "Associations": associations,
                "PropagatingVgws": [],
                "RouteTableId": table,
                "Routes": [],
                "Tags": [],
                "VpcId": vpc,
                "OwnerId": self.owner(vpc),
            }
        )
        for cidr in self.cidrs(vpc):
            self.route(table, cidr, "local", Origin="CreateRouteTable")
        return table

    def edge_table(self, vpc: str, gateway: str) -> str:
        """A gateway route table: it steers what comes in through the gateway, and no subnet uses it."""
        table = self.table(vpc)
        self.get("RouteTables", "RouteTableId", table)["Associations"].append(
            {
                "Main": False,
                "RouteTableAssociationId": self.id("rtbassoc"),
                "RouteTableId": table,
                "GatewayId": gateway,
                "AssociationState": {"State": "associated"},
            }
        )
        return table

    def main_table(self, vpc: str) -> str:
        for one in self.lists["RouteTables"]:
            if one["VpcId"] == vpc and any(each["Main"] for each in one["Associations"]):
                return one["RouteTableId"]
        raise KeyError(vpc)

    def route(self, table: str, to: str, target: str, state: str = "active", **more: Any) -> Object:
        kinds = {
            "nat": "NatGatewayId",
            "tgw": "TransitGatewayId",
            "pcx": "VpcPeeringConnectionId",
            "eni": "NetworkInterfaceId",
            "eigw": "EgressOnlyInternetGatewayId",
        }
        item: Object = {kinds.get(target.split("-")[0], "GatewayId"): target, "Origin": "CreateRoute", "State": state}
        if to.startswith("pl-"):
            item["DestinationPrefixListId"] = to
        else:
            item["DestinationIpv6CidrBlock" if ":" in to else "DestinationCidrBlock"] = to
        if target.startswith("eni-"):
            eni = self.get("NetworkInterfaces", "NetworkInterfaceId", target)
            if instance := eni.get("Attachment", {}).get("InstanceId"):
                item |= {"InstanceId": instance, "InstanceOwnerId": eni["OwnerId"]}
        item.update(more)
        self.get("RouteTables", "RouteTableId", table)["Routes"].append(item)
        return item

    # Filters

    def acl(self, vpc: str, entries: list[Object], *subnets: str, default: bool = False) -> str:
        acl = self.id("acl")
        last = [entry(32767, "deny", "0.0.0.0/0", protocol="-1", egress=egress) for egress in (False, True)]
        last += [entry(32768, "deny", "::/0", protocol="-1", egress=egress) for egress in (False, True)]
        item = {
            "Associations": [],
            "Entries": [dict(one) for one in entries] + last,
            "IsDefault": default,
            "NetworkAclId": acl,
            "Tags": [],
            "VpcId": vpc,
            "OwnerId": self.owner(vpc),
        }
        self.lists["NetworkAcls"].append(item)
        for subnet in subnets:
            self._associate_acl(item, subnet)
        return acl

    def _associate_acl(self, acl: Object, subnet: str) -> None:
        for one in self.lists["NetworkAcls"]:
            one["Associations"] = [each for each in one["Associations"] if each["SubnetId"] != subnet]
        acl["Associations"].append(
            {
                "NetworkAclAssociationId": self.id("aclassoc"),
                "NetworkAclId": acl["NetworkAclId"],
                "SubnetId": subnet,
            }
        )

    def group(self, vpc: str, ingress: list[Object] = (), egress: list[Object] | None = None, name: str = "") -> str:
        group = self.id("sg")
        self.lists["SecurityGroups"].append(
            {
                "Description": name or group,
                "GroupName": name or group,
                "IpPermissions": [],
                "OwnerId": self.owner(vpc),
                "GroupId": group,
                "IpPermissionsEgress": [],
                "VpcId": vpc,
            }
        )
        if egress is None:
            egress = [rule("-1", cidr="0.0.0.0/0"), rule("-1", cidr="::/0")]
        for one in ingress:
            self.allow(group, one)
        for one in egress:
            self.allow(group, one, egress=True)
        return group

    def allow(self, group: str, one: Object, egress: bool = False) -> None:
        item = self.get("SecurityGroups", "GroupId", group)
        permission: Object = {
            "IpProtocol": one["protocol"],
            "IpRanges": [],
            "Ipv6Ranges": [],
            "PrefixListIds": [],
            "UserIdGroupPairs": [],
        }
        if one["low"] is not None:
            permission["FromPort"], permission["ToPort"] = one["low"], one["high"]
        flat: Object = {
            "SecurityGroupRuleId": self.id("sgr"),
            "GroupId": group,
            "GroupOwnerId": item["OwnerId"],
            "IsEgress": egress,
            "IpProtocol": one["protocol"],
            "FromPort": -1 if one["low"] is None else one["low"],
            "ToPort": -1 if one["high"] is None else one["high"],
            "Tags": [],
        }
        if "cidr" in one and ":" in one["cidr"]:
            permission["Ipv6Ranges"].append({"CidrIpv6": one["cidr"]})
            flat["CidrIpv6"] = one["cidr"]
        elif "cidr" in one:
            permission["IpRanges"].append({"CidrIp": one["cidr"]})
            flat["CidrIpv4"] = one["cidr"]
        elif "prefix_list" in one:
            permission["PrefixListIds"].append({"PrefixListId": one["prefix_list"]})
            flat["PrefixListId"] = one["prefix_list"]
        else:
            pair = {"GroupId": one["group"], "UserId": ACCOUNT, **one.get("pair", {})}
            permission["UserIdGroupPairs"].append(pair)
            flat["ReferencedGroupInfo"] = dict(pair)
        item["IpPermissionsEgress" if egress else "IpPermissions"].append(permission)
        self._rules.append(flat)

    def prefix_list(self, *cidrs: str, known: bool = True, name: str = "list", owner: str = ACCOUNT) -> str:
        list_id = self.id("pl")
        self.lists["ManagedPrefixLists"].append(
            {
                "PrefixListId": list_id,
                "AddressFamily": "IPv6" if any(":" in one for one in cidrs) else "IPv4",
                "State": "create-complete",
                "PrefixListName": name,
                "MaxEntries": 10,
                "Version": 1,
                "Tags": [],
                "OwnerId": owner,
            }
        )
        self.entries[list_id] = list(cidrs) if known else None
        return list_id

    # Interfaces

    def eni(
        self,
        subnet: str,
        ip: str,
        *groups: str,
        secondary: list[str] = (),
        prefixes: list[str] = (),
        v6: str | None = None,
        public: dict[str, str] | None = None,
        instance: str | None = None,
        kind: str = "interface",
        status: str = "in-use",
        check: bool = True,
    ) -> str:
        eni = self.id("eni")
        home = self.get("Subnets", "SubnetId", subnet)
        names = {one["GroupId"]: one["GroupName"] for one in self.lists["SecurityGroups"]}
        managed = kind in ("vpc_endpoint", "nat_gateway", "transit_gateway", "lambda", "network_load_balancer")
        item: Object = {
            "AvailabilityZone": home["AvailabilityZone"],
            "AvailabilityZoneId": home["AvailabilityZoneId"],
            "Description": kind,
            "Groups": [{"GroupName": names.get(one, one), "GroupId": one} for one in groups],
            "InterfaceType": kind,
            "Ipv6Addresses": [{"Ipv6Address": v6}] if v6 else [],
            "MacAddress": "02:00:00:00:00:01",
            "NetworkInterfaceId": eni,
            "OwnerId": home["OwnerId"],
            "PrivateIpAddress": ip,
            "PrivateIpAddresses": [{"Primary": one == ip, "PrivateIpAddress": one} for one in [ip, *secondary]],
            "RequesterManaged": managed,
            "SourceDestCheck": check,
            "Status": status,
            "SubnetId": subnet,
            "TagSet": [],
            "VpcId": home["VpcId"],
        }
        four = [one for one in prefixes if ":" not in one]
        six = [one for one in prefixes if ":" in one]
        if four:
            item["Ipv4Prefixes"] = [{"Ipv4Prefix": one} for one in four]
        if six:
            item["Ipv6Prefixes"] = [{"Ipv6Prefix": one} for one in six]
        for private, outside in (public or {}).items():
            association = {"IpOwnerId": "amazon", "PublicDnsName": "", "PublicIp": outside}
            for one in item["PrivateIpAddresses"]:
                if one["PrivateIpAddress"] == private:
                    one["Association"] = association
            if private == ip:
                item["Association"] = association
        if status == "in-use":
            item["Attachment"] = {
                "AttachmentId": self.id("eni-attach"),
                "DeleteOnTermination": True,
                "DeviceIndex": 1 if managed else 0,
                "InstanceOwnerId": "amazon-aws" if managed else home["OwnerId"],
                "Status": "attached",
            }
            if instance:
                item["Attachment"]["InstanceId"] = instance
        self.lists["NetworkInterfaces"].append(item)
        return eni

    def instance(self, state: str = "running", platform: str | None = None) -> str:
        instance = self.id("i")
        item: Object = {
            "InstanceId": instance,
            "InstanceType": "t3.micro",
            "State": {"Code": {"running": 16, "stopped": 80}.get(state, 0), "Name": state},
        }
        if platform:
            item["Platform"] = platform
        self.lists["Reservations"].append(
            {"Groups": [], "Instances": [item], "OwnerId": ACCOUNT, "ReservationId": self.id("r")}
        )
        return instance

    def host(
        self, subnet: str, ip: str, *groups: str, state: str = "running", platform: str | None = None, **more: Any
    ) -> str:
        """An instance with one interface."""
        return self.eni(subnet, ip, *groups, instance=self.instance(state, platform), **more)
