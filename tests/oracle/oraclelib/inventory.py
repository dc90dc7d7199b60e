"""A directory of AWS CLI output, every key merged over all files, absent lists kept apart from empty ones."""

from __future__ import annotations

import ipaddress
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterator

Object = dict[str, Any]

_PREFIX_LIST = re.compile(r"pl-[0-9a-f]+")
_TGW_TABLE = re.compile(r"tgw-rtb-[0-9a-f]+")


class Unknown(Exception):
    """A fact that the inventory does not hold."""


@lru_cache(maxsize=8192)
def address(text: str) -> Any:
    return ipaddress.ip_address(text)


@lru_cache(maxsize=8192)
def network(text: str) -> Any:
    return ipaddress.ip_network(text, strict=False)


def inside(ip: str, cidr: str) -> bool:
    one, net = address(ip), network(cidr)
    return one.version == net.version and one in net


class Inventory:
    """What was described, by key; `KeyError` never leaves it, `Unknown` does."""

    def __init__(self) -> None:
        self.lists: dict[str, list[Object]] = {}
        #: The CIDRs of each prefix list whose entries are known.
        self.entries: dict[str, list[str]] = {}
        #: The routes of each transit gateway route table, and whether there are more than the file shows.
        self.tgw_routes: dict[str, tuple[list[Object], bool]] = {}
        self.associations: dict[str, list[Object]] = {}

    @classmethod
    def load(cls, folder: Path) -> Inventory:
        inventory = cls()
        for path in sorted(folder.rglob("*.json")):
            inventory._take(path.name, json.loads(path.read_text()))
        return inventory

    def _take(self, name: str, document: Object) -> None:
        for key, value in document.items():
            if key == "Entries":
                owner = document.get("PrefixListId") or _found(_PREFIX_LIST, name)
                self.entries.setdefault(owner, []).extend(entry["Cidr"] for entry in value)
            elif key == "Routes":
                owner = document.get("TransitGatewayRouteTableId") or _found(_TGW_TABLE, name)
                routes, more = self.tgw_routes.get(owner, ([], False))
                self.tgw_routes[owner] = (routes + value, more or document.get("AdditionalRoutesAvailable") is True)
            elif key == "Associations":
                owner = document.get("TransitGatewayRouteTableId") or _found(_TGW_TABLE, name)
                self.associations.setdefault(owner, []).extend(value)
            elif isinstance(value, list):
                self.lists.setdefault(key, []).extend(value)

    def has(self, key: str) -> bool:
        return key in self.lists

    def all(self, key: str) -> list[Object]:
        if key not in self.lists:
            raise Unknown(key)
        return self.lists[key]

    def find(self, key: str, field: str, value: str) -> Object:
        """The object with that id; one that a given list does not show is as unknown as a list not given."""
        for item in self.all(key):
            if item.get(field) == value:
                return item
        raise Unknown(f"{value} is not in {key}")

    # Addresses

    def holders(self, ip: str, vpc: str | None = None) -> list[Object]:
        return [eni for eni in self.all("NetworkInterfaces") if (vpc is None or eni["VpcId"] == vpc) and holds(eni, ip)]

    def public_holder(self, ip: str) -> tuple[Object, str] | None:
        """The interface and the private address that a public IPv4 address stands for."""
        for eni in self.all("NetworkInterfaces"):
            for item in eni.get("PrivateIpAddresses", []):
                if item.get("Association", {}).get("PublicIp") == ip:
                    return eni, item["PrivateIpAddress"]
        return None

    def sees(self, vpc: str) -> bool:
        """Whether the inventory was taken where that VPC can be seen."""
        return any(item.get("VpcId") == vpc for key in ("Vpcs", "Subnets") for item in self.lists.get(key, []))

    def vpc_cidrs(self, vpc: str) -> list[str]:
        item = self.find("Vpcs", "VpcId", vpc)
        blocks = [b["CidrBlock"] for b in item.get("CidrBlockAssociationSet", []) if _associated(b, "CidrBlockState")]
        blocks += [
            b["Ipv6CidrBlock"]
            for b in item.get("Ipv6CidrBlockAssociationSet", [])
            if _associated(b, "Ipv6CidrBlockState")
        ]
        return blocks

    def subnet_holds(self, subnet: str, ip: str) -> bool:
        item = self.find("Subnets", "SubnetId", subnet)
        blocks = [item["CidrBlock"]] if "CidrBlock" in item else []
        blocks += [b["Ipv6CidrBlock"] for b in item.get("Ipv6CidrBlockAssociationSet", [])]
        return any(inside(ip, block) for block in blocks)

    def zone(self, subnet: str) -> str:
        """A subnet's zone, from itself or from any interface in it."""
        for item in self.lists.get("Subnets", []) + self.lists.get("NetworkInterfaces", []):
            if item.get("SubnetId") == subnet and "AvailabilityZoneId" in item:
                return item["AvailabilityZoneId"]
        raise Unknown(f"zone of {subnet}")

    # Prefix lists

    def prefix_list(self, list_id: str, ip: str) -> list[str]:
        """The entries of a list that cover the address; a list of the other family has none, seen or not."""
        return [one for one in self._entries(list_id, ip) if inside(ip, one)]

    def _entries(self, list_id: str, ip: str) -> list[str]:
        if list_id in self.entries:
            return self.entries[list_id]
        for item in self.lists.get("ManagedPrefixLists", []) + self.lists.get("PrefixLists", []):
            if item.get("PrefixListId") == list_id and item.get("AddressFamily", "") not in (
                "",
                f"IPv{address(ip).version}",
            ):
                return []
        for item in self.lists.get("PrefixLists", []):
            if item.get("PrefixListId") == list_id and "Cidrs" in item:
                return item["Cidrs"]
        raise Unknown(f"entries of {list_id}")

    # Instances

    def instance(self, instance_id: str) -> Object | None:
        """None when no reservations were given: the contract takes such an instance for running."""
        if not self.has("Reservations"):
            return None
        for reservation in self.all("Reservations"):
            for item in reservation.get("Instances", []):
                if item.get("InstanceId") == instance_id:
                    return item
        raise Unknown(f"{instance_id} is not in Reservations")


def _found(pattern: re.Pattern[str], name: str) -> str:
    match = pattern.search(name)
    return match.group(0) if match else ""


def _associated(block: Object, state: str) -> bool:
    return block.get(state, {}).get("State", "associated") == "associated"


def addresses(eni: Object) -> Iterator[str]:
    for item in eni.get("PrivateIpAddresses", []):
        yield item["PrivateIpAddress"]
    for item in eni.get("Ipv6Addresses", []):
        yield item["Ipv6Address"]


def prefixes(eni: Object) -> Iterator[str]:
    for item in eni.get("Ipv4Prefixes", []):
        yield item["Ipv4Prefix"]
    for item in eni.get("Ipv6Prefixes", []):
        yield item["Ipv6Prefix"]


def holds(eni: Object, ip: str) -> bool:
    return any(address(ip) == address(one) for one in addresses(eni)) or any(
        inside(ip, prefix) for prefix in prefixes(eni)
    )


def public_ip(eni: Object, ip: str) -> str | None:
    """The public IPv4 address associated with exactly that private address."""
    for item in eni.get("PrivateIpAddresses", []):
        if item["PrivateIpAddress"] == ip:
            return item.get("Association", {}).get("PublicIp")
    return None


def groups(eni: Object) -> list[str]:
    return [group["GroupId"] for group in eni.get("Groups", [])]
