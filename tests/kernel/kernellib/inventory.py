"""A directory of AWS CLI JSON as the judge reads it: nothing but what was saved, and none of the program's code."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class Inventory:
    def __init__(self, folder: Path) -> None:
        self._lists: dict[str, list[Json]] = {}
        self._entries: dict[str, list[str]] = {}
        for file in sorted(folder.rglob("*.json")):
            document = json.loads(file.read_text())
            if "Entries" in document:
                id = document.get("PrefixListId") or file.stem.removeprefix("get-managed-prefix-list-entries-")
                self._entries.setdefault(id, []).extend(one["Cidr"] for one in document["Entries"])
            else:
                for key, items in document.items():
                    self._lists.setdefault(key, []).extend(items)

    def all(self, key: str) -> list[Json]:
        return self._lists.get(key, [])

    def of_vpc(self, key: str, vpc: str) -> list[Json]:
        return [one for one in self.all(key) if one["VpcId"] == vpc]

    def prefix_list(self, id: str) -> list[str]:
        return self._entries[id]

    def acl_of(self, subnet: str) -> Json:
        return self._associated("NetworkAcls", subnet)

    def table_of(self, subnet: Json) -> Json:
        """The table that names the subnet, else its VPC's main one."""
        try:
            return self._associated("RouteTables", subnet["SubnetId"])
        except LookupError:
            tables = self.of_vpc("RouteTables", subnet["VpcId"])
            return next(one for one in tables if any(link.get("Main") for link in one["Associations"]))

    def _associated(self, key: str, subnet: str) -> Json:
        for one in self.all(key):
            if any(link.get("SubnetId") == subnet for link in one["Associations"]):
                return one
        raise LookupError(f"nothing in {key} names {subnet}")

    def members(self, group: str) -> Iterator[Json]:
        return (one for one in self.all("NetworkInterfaces") if any(g["GroupId"] == group for g in one["Groups"]))

    def permissions(self, group: str, egress: bool) -> list[Json]:
        """As `SecurityGroups` has them; from `SecurityGroupRules` where that is all there is."""
        for one in self.all("SecurityGroups"):
            if one["GroupId"] == group:
                found: list[Json] = one["IpPermissionsEgress" if egress else "IpPermissions"]
                return found
        rules = self.all("SecurityGroupRules")
        return [_permission(one) for one in rules if one["GroupId"] == group and one["IsEgress"] == egress]

    def add_permission(self, group: str, egress: bool, permission: Json) -> None:
        """To a copy, never to what was read."""
        for one in self.all("SecurityGroups"):
            if one["GroupId"] == group:
                one["IpPermissionsEgress" if egress else "IpPermissions"].append(permission)
                return
        self._lists["SecurityGroupRules"] += _rules(group, egress, permission)

    def vpc_of_group(self, group: str) -> str | None:
        """By its members, where groups themselves were not saved."""
        own = (one for one in self.all("SecurityGroups") if one["GroupId"] == group)
        found = next(own, None) or next(self.members(group), None)
        return found["VpcId"] if found else None

    def peering(self, id: str) -> Json:
        return next(one for one in self.all("VpcPeeringConnections") if one["VpcPeeringConnectionId"] == id)

    def holder(self, address: str) -> Json:
        """The interface an address belongs to."""
        for one in self.all("NetworkInterfaces"):
            if any(covers(block, address) for block in blocks(one)):
                return one
        raise LookupError(f"no interface holds {address}")

    def address(self, spoken: str) -> str:
        """The address that is meant by an address, an interface, an instance or an endpoint."""
        key = spoken.partition("-")[0]
        owner = {
            "eni": lambda one: one["NetworkInterfaceId"],
            "i": lambda one: one["Attachment"].get("InstanceId"),
            "vpce": lambda one: one["Description"].rpartition(" ")[2],
        }.get(key)
        if owner is None:
            return spoken
        (found,) = (one for one in self.all("NetworkInterfaces") if owner(one) == spoken)
        return str(found["PrivateIpAddress"])


def blocks(interface: Json) -> list[str]:
    """Everything an interface answers to: private addresses, delegated prefixes, IPv6. Never its public address."""
    return [
        *(one["PrivateIpAddress"] for one in interface["PrivateIpAddresses"]),
        *(one["Ipv4Prefix"] for one in interface.get("Ipv4Prefixes", [])),
        *(one["Ipv6Address"] for one in interface["Ipv6Addresses"]),
    ]


def covers(block: str, address: str) -> bool:
    one, other = ipaddress.ip_network(block), ipaddress.ip_address(address)
    return one.version == other.version and other in one


def _rules(group: str, egress: bool, permission: Json) -> list[Json]:
    rule = {key: permission[key] for key in ("IpProtocol", "FromPort", "ToPort")}
    rule |= {"GroupId": group, "IsEgress": egress}
    return [
        *({**rule, "CidrIpv4": one["CidrIp"]} for one in permission.get("IpRanges", [])),
        *({**rule, "CidrIpv6": one["CidrIpv6"]} for one in permission.get("Ipv6Ranges", [])),
        *({**rule, "ReferencedGroupInfo": one} for one in permission.get("UserIdGroupPairs", [])),
    ]


def _permission(rule: Json) -> Json:
    permission: Json = {"IpProtocol": rule["IpProtocol"], "FromPort": rule["FromPort"], "ToPort": rule["ToPort"]}
    if "CidrIpv4" in rule:
        permission["IpRanges"] = [{"CidrIp": rule["CidrIpv4"]}]
    if "CidrIpv6" in rule:
        permission["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"]}]
    if "PrefixListId" in rule:
        permission["PrefixListIds"] = [{"PrefixListId": rule["PrefixListId"]}]
    if "ReferencedGroupInfo" in rule:
        permission["UserIdGroupPairs"] = [rule["ReferencedGroupInfo"]]
    return permission
