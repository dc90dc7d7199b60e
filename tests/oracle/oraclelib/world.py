"""A VPC world under construction, and its telling as AWS CLI output."""

from __future__ import annotations

import json
from collections import defaultdict
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from .inventory import Object

ACCOUNT = "111122223333"
REGION = "us-west-2"
_NUMBERS = {"-1": "-1", "tcp": "6", "udp": "17", "icmp": "1"}


def rule(protocol: str, ports: Any = None, **to: Any) -> Object:
    """One rule of a group; `to` is one of cidr, prefix_list, group, with pair= for what else the reference says."""
    low, high = (ports, ports) if isinstance(ports, int) else ports or (None, None)
    return {"protocol": protocol, "low": low, "high": high, **to}


def entry(number: int, action: str, cidr: str, ports: Any = None, protocol: str = "tcp", egress: bool = False) -> Object:
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


class World:
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
        managed = kind in ("vpc_endpoint", "nat_gateway", "transit_gateway", "lambda")
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
            "PrivateIpAddresses": [
                {"Primary": one == ip, "PrivateIpAddress": one} for one in [ip, *secondary]
            ],
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

    def host(self, subnet: str, ip: str, *groups: str, state: str = "running", platform: str | None = None, **more: Any) -> str:
        """An instance with one interface."""
        return self.eni(subnet, ip, *groups, instance=self.instance(state, platform), **more)

    # Endpoints

    def endpoint(self, vpc: str, *enis: str, state: str = "available", service: str = "", **more: Any) -> str:
        endpoint = self.id("vpce")
        interfaces = [self.get("NetworkInterfaces", "NetworkInterfaceId", one) for one in enis]
        service = service or self.service(1, 2, 3)
        for one in interfaces:
            one["Description"] = f"VPC Endpoint Interface {endpoint}"
        item: Object = {
            "VpcEndpointId": endpoint,
            "VpcEndpointType": "Interface",
            "VpcId": vpc,
            "ServiceName": service,
            "State": state,
            "RouteTableIds": [],
            "SubnetIds": [one["SubnetId"] for one in interfaces],
            "Groups": interfaces[0]["Groups"] if interfaces else [],
            "IpAddressType": "ipv4",
            "PrivateDnsEnabled": False,
            "RequesterManaged": False,
            "NetworkInterfaceIds": list(enis),
            "DnsEntries": [],
            "CreationTimestamp": "2026-01-01T00:00:00+00:00",
            "Tags": [],
            "OwnerId": self.owner(vpc),
        }
        item.update(more)
        self.lists["VpcEndpoints"].append(item)
        return endpoint

    def service(self, *zones: int) -> str:
        service_id = self.id("vpce-svc")
        name = f"com.amazonaws.vpce.{REGION}.{service_id}"
        self.lists["ServiceDetails"].append(
            {
                "ServiceName": name,
                "ServiceId": service_id,
                "ServiceType": [{"ServiceType": "Interface"}],
                "AvailabilityZoneIds": [f"usw2-az{zone}" for zone in zones],
                "AvailabilityZones": [f"{REGION}{'abcd'[zone - 1]}" for zone in zones],
                "Owner": "999999999999",
                "BaseEndpointDnsNames": [f"{service_id}.{REGION}.vpce.amazonaws.com"],
                "VpcEndpointPolicySupported": True,
                "AcceptanceRequired": True,
                "ManagesVpcEndpoints": False,
                "Tags": [],
            }
        )
        return name

    def gateway_endpoint(self, vpc: str, list_id: str, *tables: str, state: str = "available") -> str:
        endpoint = self.endpoint(
            vpc, state=state, service=f"com.amazonaws.{REGION}.s3", VpcEndpointType="Gateway", RouteTableIds=list(tables)
        )
        for table in tables:
            self.route(table, list_id, endpoint)
        return endpoint

    # Connections

    def peering(self, requester: str, accepter: str, status: str = "active") -> str:
        peering = self.id("pcx")
        self.lists["VpcPeeringConnections"].append(
            {
                "AccepterVpcInfo": self._side(accepter, status),
                "RequesterVpcInfo": self._side(requester, status),
                "Status": {"Code": status, "Message": status},
                "Tags": [],
                "VpcPeeringConnectionId": peering,
            }
        )
        return peering

    def _side(self, vpc: str, status: str) -> Object:
        cidrs = self.cidrs(vpc)
        side: Object = {"OwnerId": self.owner(vpc), "VpcId": vpc, "Region": self._regions[vpc]}
        if status == "active":
            side["CidrBlock"] = cidrs[0]
            side["CidrBlockSet"] = [{"CidrBlock": one} for one in cidrs if ":" not in one]
            side["Ipv6CidrBlockSet"] = [{"Ipv6CidrBlock": one} for one in cidrs if ":" in one]
        return side

    def igw(self, *vpcs: str) -> str:
        igw = self.id("igw")
        self.lists["InternetGateways"].append(
            {
                "Attachments": [{"State": "available", "VpcId": one} for one in vpcs],
                "InternetGatewayId": igw,
                "OwnerId": ACCOUNT,
                "Tags": [],
            }
        )
        return igw

    def eigw(self, *vpcs: str) -> str:
        eigw = self.id("eigw")
        self.lists["EgressOnlyInternetGateways"].append(
            {
                "Attachments": [{"State": "attached", "VpcId": one} for one in vpcs],
                "EgressOnlyInternetGatewayId": eigw,
                "Tags": [],
            }
        )
        return eigw

    def vgw(self, *vpcs: str, state: str = "attached") -> str:
        vgw = self.id("vgw")
        self.lists["VpnGateways"].append(
            {
                "State": "available",
                "Type": "ipsec.1",
                "VpcAttachments": [{"State": state, "VpcId": one} for one in vpcs],
                "VpnGatewayId": vgw,
                "AmazonSideAsn": 64512,
                "Tags": [],
            }
        )
        return vgw

    def nat(self, subnet: str, ip: str, public: str | None = None, state: str = "available") -> str:
        nat = self.id("nat")
        outside = {ip: public} if public else {}
        item = {"NetworkInterfaceId": self.eni(subnet, ip, kind="nat_gateway", check=False, public=outside), "PrivateIp": ip}
        if public:
            item.update({"PublicIp": public, "AllocationId": self.id("eipalloc")})
        item.update({"IsPrimary": True, "Status": "succeeded"})
        self.lists["NatGateways"].append(
            {
                "CreateTime": "2026-01-01T00:00:00+00:00",
                "NatGatewayAddresses": [item],
                "NatGatewayId": nat,
                "State": state,
                "SubnetId": subnet,
                "VpcId": self.get("Subnets", "SubnetId", subnet)["VpcId"],
                "Tags": [],
                "ConnectivityType": "public" if public else "private",
            }
        )
        return nat

    def tgw(self, referencing: str = "disable", state: str = "available") -> str:
        tgw = self.id("tgw")
        self.lists["TransitGateways"].append(
            {
                "TransitGatewayId": tgw,
                "TransitGatewayArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:transit-gateway/{tgw}",
                "State": state,
                "OwnerId": ACCOUNT,
                "Description": "",
                "CreationTime": "2026-01-01T00:00:00+00:00",
                "Options": {
                    "AmazonSideAsn": 64512,
                    "AutoAcceptSharedAttachments": "disable",
                    "DefaultRouteTableAssociation": "disable",
                    "DefaultRouteTablePropagation": "disable",
                    "VpnEcmpSupport": "enable",
                    "DnsSupport": "enable",
                    "SecurityGroupReferencingSupport": referencing,
                    "MulticastSupport": "disable",
                },
                "Tags": [],
            }
        )
        return tgw

    def tgw_table(self, tgw: str) -> str:
        table = self.id("tgw-rtb")
        self.lists["TransitGatewayRouteTables"].append(
            {
                "TransitGatewayRouteTableId": table,
                "TransitGatewayId": tgw,
                "State": "available",
                "DefaultAssociationRouteTable": False,
                "DefaultPropagationRouteTable": False,
                "CreationTime": "2026-01-01T00:00:00+00:00",
                "Tags": [],
            }
        )
        self.tgw_routes[table] = []
        self.associations[table] = []
        self.propagations[table] = []
        return table

    def attach(
        self,
        tgw: str,
        vpc: str,
        *subnets: str,
        table: str | None = None,
        state: str = "available",
        referencing: str = "enable",
        appliance: str = "disable",
    ) -> str:
        attachment = self.id("tgw-attach")
        self.lists["TransitGatewayVpcAttachments"].append(
            {
                "TransitGatewayAttachmentId": attachment,
                "TransitGatewayId": tgw,
                "VpcId": vpc,
                "VpcOwnerId": self.owner(vpc),
                "State": state,
                "SubnetIds": list(subnets),
                "CreationTime": "2026-01-01T00:00:00+00:00",
                "Options": {
                    "DnsSupport": "enable",
                    "SecurityGroupReferencingSupport": referencing,
                    "Ipv6Support": "enable",
                    "ApplianceModeSupport": appliance,
                },
                "Tags": [],
            }
        )
        self._attachment(attachment, tgw, "vpc", vpc, table, state)
        for subnet in subnets:
            cidr = ip_network(self.get("Subnets", "SubnetId", subnet)["CidrBlock"])
            eni = self.eni(subnet, str(cidr[-3]), kind="transit_gateway", check=False)
            self.get("NetworkInterfaces", "NetworkInterfaceId", eni)["Description"] = (
                f"Network Interface for Transit Gateway Attachment {attachment}"
            )
        return attachment

    def attach_other(self, tgw: str, kind: str, table: str | None = None) -> str:
        attachment = self.id("tgw-attach")
        self._attachment(attachment, tgw, kind, self.id("vpn"), table, "available")
        return attachment

    def _attachment(self, attachment: str, tgw: str, kind: str, resource: str, table: str | None, state: str) -> None:
        item: Object = {
            "TransitGatewayAttachmentId": attachment,
            "TransitGatewayId": tgw,
            "TransitGatewayOwnerId": ACCOUNT,
            "ResourceOwnerId": ACCOUNT,
            "ResourceType": kind,
            "ResourceId": resource,
            "State": state,
            "CreationTime": "2026-01-01T00:00:00+00:00",
            "Tags": [],
        }
        if table:
            item["Association"] = {"TransitGatewayRouteTableId": table, "State": "associated"}
            self.associations[table].append(
                {
                    "TransitGatewayAttachmentId": attachment,
                    "ResourceId": resource,
                    "ResourceType": kind,
                    "State": "associated",
                }
            )
        self.lists["TransitGatewayAttachments"].append(item)

    def tgw_route(self, table: str, cidr: str, attachment: str | None, kind: str = "static", state: str = "active", **more: Any) -> None:
        item: Object = {"DestinationCidrBlock": cidr, "Type": kind, "State": state, **more}
        if attachment:
            found = self.get("TransitGatewayAttachments", "TransitGatewayAttachmentId", attachment)
            target = {key: found[key] for key in ("ResourceId", "TransitGatewayAttachmentId", "ResourceType")}
            item["TransitGatewayAttachments"] = [target]
        self.tgw_routes[table].append(item)

    def propagate(self, table: str, attachment: str, cidrs: list[str]) -> None:
        found = self.get("TransitGatewayAttachments", "TransitGatewayAttachmentId", attachment)
        self.propagations[table].append(
            {
                "TransitGatewayAttachmentId": attachment,
                "ResourceId": found["ResourceId"],
                "ResourceType": found["ResourceType"],
                "State": "enabled",
            }
        )
        for cidr in cidrs:
            self.tgw_route(table, cidr, attachment, "propagated")

    # Telling

    KEYS = (
        "Vpcs",
        "Subnets",
        "SecurityGroups",
        "NetworkAcls",
        "RouteTables",
        "NetworkInterfaces",
        "VpcEndpoints",
        "ServiceDetails",
        "VpcPeeringConnections",
        "TransitGateways",
        "TransitGatewayVpcAttachments",
        "TransitGatewayAttachments",
        "TransitGatewayRouteTables",
        "NatGateways",
        "InternetGateways",
        "EgressOnlyInternetGateways",
        "VpnGateways",
        "ManagedPrefixLists",
        "Reservations",
    )

    def hide(self, vpc: str) -> None:
        """Forget what only the VPC's owner can describe."""
        for key in ("Vpcs", "Subnets", "NetworkAcls", "RouteTables", "SecurityGroups", "NetworkInterfaces", "VpcEndpoints"):
            self.lists[key] = [one for one in self.lists[key] if one["VpcId"] != vpc]
        for key in ("NatGateways", "TransitGatewayVpcAttachments"):
            self.lists[key] = [one for one in self.lists[key] if one["VpcId"] != vpc]
        seen = {one["GroupId"] for one in self.lists["SecurityGroups"]}
        self._rules = [one for one in self._rules if one["GroupId"] in seen]

    def files(self) -> dict[str, Object]:
        """Every file of the inventory, by name; an empty list is told as one."""
        found: dict[str, Object] = {f"{_file_name(key)}.json": {key: self.lists[key]} for key in self.KEYS}
        if self.rules_in != "groups":
            found["describe-security-group-rules.json"] = {"SecurityGroupRules": self._rules}
        if self.rules_in == "rules":
            del found["describe-security-groups.json"]
        for list_id, cidrs in self.entries.items():
            if cidrs is not None:
                found[f"get-managed-prefix-list-entries-{list_id}.json"] = {"Entries": [{"Cidr": one} for one in cidrs]}
        for table, routes in self.tgw_routes.items():
            found[f"search-transit-gateway-routes-{table}.json"] = {
                "Routes": routes,
                "AdditionalRoutesAvailable": table in self.more_routes,
            }
            found[f"get-transit-gateway-route-table-associations-{table}.json"] = {
                "Associations": self.associations[table]
            }
            found[f"get-transit-gateway-route-table-propagations-{table}.json"] = {
                "TransitGatewayRouteTablePropagations": self.propagations[table]
            }
        return json.loads(json.dumps(found))

    def write(self, folder: Path) -> None:
        write_files(self.files(), folder)


def write_files(files: dict[str, Object], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(document, indent=1) + "\n")


def _file_name(key: str) -> str:
    special = {"ServiceDetails": "vpc-endpoint-services", "Reservations": "instances"}
    if key in special:
        return f"describe-{special[key]}"
    dashed = "".join(f"-{one.lower()}" if one.isupper() else one for one in key)
    return f"describe{dashed}"


def nth(cidr: str, index: int) -> str:
    return str(ip_network(cidr)[index])


def overlap(left: str, right: str) -> bool:
    one, other = ip_network(left), ip_network(right)
    return one.version == other.version and one.overlaps(other)


__all__ = ["ACCOUNT", "OPEN", "REGION", "World", "both", "entry", "ip_address", "nth", "overlap", "rule", "write_files"]
