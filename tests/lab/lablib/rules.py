"""The one-line grammar of firewall rules and routes in a scenario.

A scenario is read by people more often than by this program, so its rules are sentences
(`tcp 443 from sg-app`, `90 deny tcp 1024-65535 to 10.0.1.0/24`) and this module is their only reader.
Packets (`firewall`) and configuration (`inventory`) are both made from what it returns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Direction = Literal["inbound", "outbound"]
PROTOCOL_NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17}

_TRAFFIC = r"(?P<protocol>all|icmp|tcp|udp)(?: (?P<first>\d+)(?:-(?P<last>\d+))?)?"
_PEER = r"(?P<word>from|to) (?P<peer>\S+)"
_GROUP_RULE = re.compile(rf"{_TRAFFIC} {_PEER}")
_ACL_ENTRY = re.compile(rf"(?P<number>\d+) (?P<action>allow|deny) {_TRAFFIC} {_PEER}")
_ROUTE = re.compile(r"(?P<destination>\S+) (?P<target>\S+)(?P<state> blackhole)?")


@dataclass(frozen=True)
class Traffic:
    """A protocol and, for TCP and UDP, the destination ports (all of them when `ports` is None)."""

    protocol: str
    ports: tuple[int, int] | None


@dataclass(frozen=True)
class GroupRule:
    traffic: Traffic
    #: A CIDR, a security group (`sg-…`) or a prefix list (`pl-…`).
    peer: str


@dataclass(frozen=True)
class AclEntry:
    number: int
    allow: bool
    traffic: Traffic
    #: A CIDR: network ACLs know nothing else.
    peer: str


@dataclass(frozen=True)
class Route:
    destination: str
    #: `local`, or the id of a peering connection, NAT or internet gateway.
    target: str
    blackhole: bool


def group_rule(text: str, direction: Direction) -> GroupRule:
    match = _match(_GROUP_RULE, text, "a group rule such as 'tcp 443 from sg-app'")
    return GroupRule(_traffic(match), _peer(match, direction))


def acl_entry(text: str, direction: Direction) -> AclEntry:
    match = _match(_ACL_ENTRY, text, "an ACL entry such as '100 allow tcp 443 from 0.0.0.0/0'")
    return AclEntry(int(match["number"]), match["action"] == "allow", _traffic(match), _peer(match, direction))


def route(text: str) -> Route:
    match = _match(_ROUTE, text, "a route such as '10.1.0.0/16 pcx-hub'")
    return Route(match["destination"], match["target"], match["state"] is not None)


def _match(pattern: re.Pattern[str], text: str, wanted: str) -> re.Match[str]:
    match = pattern.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is not {wanted}")
    return match


def _traffic(match: re.Match[str]) -> Traffic:
    if match["first"] is None:
        return Traffic(match["protocol"], None)
    if match["protocol"] not in ("tcp", "udp"):
        raise ValueError(f"'{match[0]}': only tcp and udp have ports")
    return Traffic(match["protocol"], (int(match["first"]), int(match["last"] or match["first"])))


def _peer(match: re.Match[str], direction: Direction) -> str:
    # `from` in an outbound list is a slip that would silently mean the opposite.
    if match["word"] != ("from" if direction == "inbound" else "to"):
        raise ValueError(f"'{match[0]}' says '{match['word']}' in a list of {direction} rules")
    return match["peer"]
