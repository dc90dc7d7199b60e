"""Carries out the fixes that a report calls verified: reads their AWS CLI commands and changes the world by them.

The product proves a fix on the inventory in memory. Here the same command line, as a user would paste it, changes the
packet filters, and real packets must then pass.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
from types import SimpleNamespace
from typing import Any

from .declaration import World
from .rules import AclEntry, GroupRule, Route, Traffic


def verified(targets: list[dict[str, Any]]) -> list[str]:
    """The commands of all verified fixes of a report's targets. A cause that several share has one fix."""
    findings = [one for target in targets for one in target["findings"]]
    commands = [fix["cli"] for one in findings for fix in one["fixes"] if fix.get("verified") and fix.get("cli")]
    return list(dict.fromkeys(commands))


def apply(world: World, command: str) -> World:
    """Raises `ValueError` for what the AWS CLI would not understand, or the lab does not know."""
    words = shlex.split(command.replace("\\\n", " "))
    if words[:2] != ["aws", "ec2"] or len(words) < 3 or words[2] not in _COMMANDS:
        raise ValueError(f"the lab knows no '{' '.join(words[:3])}'")
    changed: World = _COMMANDS[words[2]](world, words[3:])
    return changed


def _authorize(world: World, way: str, words: list[str]) -> World:
    if "--port" in words:
        peer = "source-group" if "--source-group" in words else "cidr"
        given = _options(words, "group-id", "protocol", "port", peer)
        port = int(given.port)
        rule = GroupRule(Traffic(given.protocol, (port, port)), vars(given)[peer.replace("-", "_")])
    else:
        given = _options(words, "group-id", "ip-permissions")
        rule = _permission(given.ip_permissions)
    group = world.groups[given.group_id]
    rules: dict[str, Any] = {way: (*getattr(group, way), rule)}
    changed = dataclasses.replace(group, **rules)
    return dataclasses.replace(world, groups={**world.groups, group.id: changed})


def _create_entry(world: World, words: list[str]) -> World:
    flags = {"--ingress": "inbound", "--egress": "outbound"}
    (way,) = [flags[word] for word in words if word in flags]
    rest = [word for word in words if word not in flags]
    names = ("network-acl-id", "rule-number", "protocol", "port-range", "cidr-block", "rule-action")
    given = _options(rest, *names)
    ports = _shorthand(given.port_range)
    traffic = Traffic(given.protocol, (int(ports["From"]), int(ports["To"])))
    entry = AclEntry(int(given.rule_number), given.rule_action == "allow", traffic, given.cidr_block)
    acl = world.acls[given.network_acl_id]
    if any(entry.number == one.number for one in getattr(acl, way)):
        raise ValueError(f"{acl.id} has an {way} rule {entry.number} already: EC2 would refuse")
    entries: dict[str, Any] = {way: (*getattr(acl, way), entry)}
    changed = dataclasses.replace(acl, **entries)
    return dataclasses.replace(world, acls={**world.acls, acl.id: changed})


def _route(world: World, words: list[str], *, there: bool, leads: bool = True) -> World:
    """`there`: whether the table must have a route for the destination already."""
    names = ("route-table-id", "destination-cidr-block", *(("vpc-peering-connection-id",) if leads else ()))
    given = _options(words, *names)
    table = world.route_tables[given.route_table_id]
    rest = tuple(one for one in table.routes if one.destination != given.destination_cidr_block)
    if (len(rest) < len(table.routes)) != there:
        raise ValueError(f"{table.id} has {'no' if there else 'a'} route for {given.destination_cidr_block}: refused")
    if leads:
        peering = world.peerings[given.vpc_peering_connection_id]
        rest = (*rest, Route(given.destination_cidr_block, peering.id, blackhole=False))
    changed = dataclasses.replace(table, routes=rest)
    return dataclasses.replace(world, route_tables={**world.route_tables, table.id: changed})


_COMMANDS: dict[str, Any] = {
    "authorize-security-group-ingress": lambda world, words: _authorize(world, "inbound", words),
    "authorize-security-group-egress": lambda world, words: _authorize(world, "outbound", words),
    "create-network-acl-entry": _create_entry,
    "create-route": lambda world, words: _route(world, words, there=False),
    "replace-route": lambda world, words: _route(world, words, there=True),
    "delete-route": lambda world, words: _route(world, words, there=True, leads=False),
}


def _options(words: list[str], *names: str) -> SimpleNamespace:
    given = dict(zip(words[::2], words[1::2], strict=True))
    if set(given) != {f"--{name}" for name in names}:
        raise ValueError(f"options {sorted(given)}, where the AWS CLI needs {sorted(names)}")
    return SimpleNamespace(**{option[2:].replace("-", "_"): value for option, value in given.items()})


def _permission(text: str) -> GroupRule:
    """`IpProtocol=tcp,FromPort=443,ToPort=443,UserIdGroupPairs=[{GroupId=sg-app}]`, the CLI's shorthand."""
    peers = r"UserIdGroupPairs=\[\{GroupId=|IpRanges=\[\{CidrIp=|PrefixListIds=\[\{PrefixListId="
    match = re.fullmatch(rf"(.*),(?:{peers})([^,}}]+)(?:,[^}}]*)?\}}\]", text)
    if match is None:
        raise ValueError(f"'{text}' is no permission that the lab can read")
    fields = _shorthand(match[1])
    return GroupRule(Traffic(fields["IpProtocol"], (int(fields["FromPort"]), int(fields["ToPort"]))), match[2])


def _shorthand(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.split(","))
