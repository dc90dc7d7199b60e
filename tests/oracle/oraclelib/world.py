"""A VPC world under construction: endpoints and connections, on the ground that `ground` lays."""

from __future__ import annotations

import json
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from .files import file_name, write_files
from .ground import ACCOUNT, OPEN, REGION, Ground, both, entry, rule
from .inventory import Object


class World(Ground):
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
            vpc,
            state=state,
            service=f"com.amazonaws.{REGION}.s3",
            VpcEndpointType="Gateway",
            RouteTableIds=list(tables),
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
        item = {
            "NetworkInterfaceId": self.eni(subnet, ip, kind="nat_gateway", check=False, public=outside),
            "PrivateIp": ip,
        }
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
            self.get("NetworkInterfaces", "NetworkInterfaceId", eni)[
                "Description"
            ] = f"Network Interface for Transit Gateway Attachment {attachment}"
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

    def tgw_route(
        self, table: str, cidr: str, attachment: str | None, kind: str = "static", state: str = "active", **more: Any
    ) -> None:
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
        for key in (
            "Vpcs",
            "Subnets",
            "NetworkAcls",
            "RouteTables",
            "SecurityGroups",
            "NetworkInterfaces",
            "VpcEndpoints",
        ):
            self.lists[key] = [one for one in self.lists[key] if one["VpcId"] != vpc]
        for key in ("NatGateways", "TransitGatewayVpcAttachments"):
            self.lists[key] = [one for one in self.lists[key] if one["VpcId"] != vpc]
        seen = {one["GroupId"] for one in self.lists["SecurityGroups"]}
        self._rules = [one for one in self._rules if one["GroupId"] in seen]

    def files(self) -> dict[str, Object]:
        """Every file of the inventory, by name; an empty list is told as one."""
        found: dict[str, Object] = {f"{file_name(key)}.json": {key: self.lists[key]} for key in self.KEYS}
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


def nth(cidr: str, index: int) -> str:
    return str(ip_network(cidr)[index])


def overlap(left: str, right: str) -> bool:
    one, other = ip_network(left), ip_network(right)
    return one.version == other.version and one.overlaps(other)


__all__ = ["ACCOUNT", "OPEN", "REGION", "World", "both", "entry", "nth", "overlap", "rule", "write_files"]
