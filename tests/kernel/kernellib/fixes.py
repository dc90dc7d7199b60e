"""The changes that the program calls a verified fix, carried out: their AWS CLI commands change the inventory.

What EC2 would refuse is refused here as well: a fix is worth what its commands do.
"""

from __future__ import annotations

import copy
import re
import shlex
from collections.abc import Callable

from .inventory import Inventory, Json

_SHORTHAND = re.compile(r"(?P<fields>.*),(?P<list>[A-Z]\w+)=\[\{(?P<key>\w+)=(?P<peer>[^,}]+)\}\]")


def applied(inventory: Inventory, commands: list[str]) -> Inventory:
    """Raises `ValueError` for a command that the AWS CLI would not read or EC2 would not do."""
    changed = copy.deepcopy(inventory)
    for command in commands:
        words = shlex.split(command.replace("\\\n", " "))
        if words[:2] != ["aws", "ec2"] or words[2] not in _COMMANDS:
            raise ValueError(f"no command that is known here: {command}")
        _COMMANDS[words[2]](changed, _options(words[3:]))
    return changed


def _options(words: list[str]) -> dict[str, str]:
    """Flags have no value of their own."""
    found: dict[str, str] = {}
    while words:
        flag = words[0] in ("--ingress", "--egress")
        found[words[0].removeprefix("--")] = "" if flag else words[1]
        words = words[1 if flag else 2 :]
    return found


def _authorize(egress: bool) -> Callable[[Inventory, dict[str, str]], None]:
    def change(inventory: Inventory, given: dict[str, str]) -> None:
        group = given.pop("group-id")
        permission = _permission(given)
        for pair in permission.get("UserIdGroupPairs", []):
            _may_name(inventory, group, pair["GroupId"])
        if permission in inventory.permissions(group, egress):
            raise ValueError(f"{group}: that rule exists, EC2 says InvalidPermission.Duplicate")
        inventory.add_permission(group, egress, permission)

    return change


def _permission(given: dict[str, str]) -> Json:
    if text := given.pop("ip-permissions", None):
        _all_read(given)
        return _shorthand(text)
    first, _, last = given.pop("port").partition("-")
    permission: Json = {"IpProtocol": given.pop("protocol"), "FromPort": int(first), "ToPort": int(last or first)}
    if (peer := given.pop("source-group", None)) is not None:
        permission["UserIdGroupPairs"] = [{"GroupId": peer}]
    else:
        permission["IpRanges"] = [{"CidrIp": given.pop("cidr")}]
    _all_read(given)
    return permission


def _shorthand(text: str) -> Json:
    read = _SHORTHAND.fullmatch(text)
    if read is None:
        raise ValueError(f"no permission that is known here: {text}")
    fields = _fields(read["fields"])
    ports: Json = {key: int(fields.pop(key)) for key in ("FromPort", "ToPort") if key in fields}
    return {**fields, **ports, read["list"]: [{read["key"]: read["peer"]}]}


def _fields(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.split(","))


def _may_name(inventory: Inventory, group: str, other: str) -> None:
    """A rule may name groups of its own VPC, and of one that is peered with it."""
    homes = {inventory.vpc_of_group(one) for one in (group, other)} - {None}
    ends = [
        {one["RequesterVpcInfo"]["VpcId"], one["AccepterVpcInfo"]["VpcId"]}
        for one in inventory.all("VpcPeeringConnections")
        if one["Status"]["Code"] == "active"
    ]
    if len(homes) == 2 and homes not in ends:
        raise ValueError(f"{group} cannot name {other}: another VPC, and no active peering connection")


def _create_entry(inventory: Inventory, given: dict[str, str]) -> None:
    egress = "egress" in given
    given.pop("egress" if egress else "ingress")
    acl = _only(inventory, "NetworkAcls", "NetworkAclId", given.pop("network-acl-id"))
    entry: Json = {"Egress": egress, "Protocol": given.pop("protocol"), "RuleAction": given.pop("rule-action")}
    entry["Protocol"] = {"tcp": "6", "udp": "17"}.get(entry["Protocol"], entry["Protocol"])
    entry["RuleNumber"] = int(given.pop("rule-number"))
    if ports := given.pop("port-range", None):
        entry["PortRange"] = {key: int(value) for key, value in _fields(ports).items()}
    for option, key in (("cidr-block", "CidrBlock"), ("ipv6-cidr-block", "Ipv6CidrBlock")):
        if option in given:
            entry[key] = given.pop(option)
    _all_read(given)
    taken = {one["RuleNumber"] for one in acl["Entries"] if one["Egress"] == egress}
    if entry["RuleNumber"] in taken or not 1 <= entry["RuleNumber"] <= 32766:
        raise ValueError(f"{acl['NetworkAclId']}: no entry {entry['RuleNumber']} can be made")
    acl["Entries"].append(entry)


def _route(*, there: bool) -> Callable[[Inventory, dict[str, str]], None]:
    """`there`: whether the table must have a route for that destination, or must have none."""

    def change(inventory: Inventory, given: dict[str, str]) -> None:
        table = _only(inventory, "RouteTables", "RouteTableId", given.pop("route-table-id"))
        option = next(one for one in given if one.startswith("destination-"))
        key = {
            "destination-cidr-block": "DestinationCidrBlock",
            "destination-ipv6-cidr-block": "DestinationIpv6CidrBlock",
        }
        route: Json = {key[option]: given.pop(option), "Origin": "CreateRoute", "State": "active"}
        route["VpcPeeringConnectionId"] = given.pop("vpc-peering-connection-id")
        _all_read(given)
        same = [one for one in table["Routes"] if one.get(key[option]) == route[key[option]]]
        if bool(same) != there:
            raise ValueError(f"{table['RouteTableId']} has {'no' if there else 'a'} route for {route[key[option]]}")
        table["Routes"] = [*(one for one in table["Routes"] if one not in same), route]

    return change


def _only(inventory: Inventory, key: str, id_key: str, id: str) -> Json:
    (found,) = (one for one in inventory.all(key) if one[id_key] == id)
    return found


def _all_read(given: dict[str, str]) -> None:
    if given:
        raise ValueError(f"options that are not known here: {', '.join(given)}")


_COMMANDS: dict[str, Callable[[Inventory, dict[str, str]], None]] = {
    "authorize-security-group-ingress": _authorize(egress=False),
    "authorize-security-group-egress": _authorize(egress=True),
    "create-network-acl-entry": _create_entry,
    "create-route": _route(there=False),
    "replace-route": _route(there=True),
}
