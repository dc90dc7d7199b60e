"""What a generated or hand-written world declares, before it is written down as AWS CLI JSON (`describe.py`)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field

ANY4, ANY6 = "0.0.0.0/0", "::/0"


def is_v6(text: str) -> bool:
    return ":" in text


def holds(cidr: str, address: str) -> bool:
    """Whether a CIDR block covers an address; never across families."""
    return is_v6(cidr) == is_v6(address) and ipaddress.ip_address(address) in ipaddress.ip_network(cidr)


@dataclass(frozen=True)
class Rule:
    """Of a security group. `protocol` as AWS writes it, `ports` None for all (-1), `peer` a CIDR, `sg-…` or `pl-…`."""

    protocol: str
    ports: tuple[int, int] | None
    peer: str


@dataclass(frozen=True)
class Entry:
    """Of a network ACL; `protocol` is a number, or -1."""

    number: int
    allow: bool
    protocol: str
    ports: tuple[int, int] | None
    cidr: str


@dataclass
class Vpc:
    id: str
    cidrs: list[str]
    cidr6: str | None = None

    def blocks(self) -> list[str]:
        return [*self.cidrs, *([self.cidr6] if self.cidr6 else [])]


@dataclass
class Group:
    id: str
    vpc: Vpc
    name: str
    inbound: list[Rule] = field(default_factory=list)
    outbound: list[Rule] = field(default_factory=list)


@dataclass
class Acl:
    id: str
    vpc: Vpc
    default: bool = False
    inbound: list[Entry] = field(default_factory=list)
    outbound: list[Entry] = field(default_factory=list)


@dataclass(frozen=True)
class Route:
    """Besides the local ones, which every table has. `destination` is a CIDR or `pl-…`."""

    destination: str
    target: str
    blackhole: bool = False


@dataclass
class Table:
    id: str
    vpc: Vpc
    main: bool = False
    routes: list[Route] = field(default_factory=list)


@dataclass
class Subnet:
    id: str
    vpc: Vpc
    cidr: str
    zone: str
    acl: Acl
    #: None: the main table, by default and not by an association.
    table: Table | None = None
    cidr6: str | None = None


@dataclass
class Interface:
    id: str
    subnet: Subnet
    #: IPv4, the primary one first.
    addresses: list[str]
    groups: list[Group]
    addresses6: list[str] = field(default_factory=list)
    #: Delegated IPv4 prefixes, and the addresses in them that somebody uses.
    prefixes: dict[str, list[str]] = field(default_factory=dict)
    instance: str | None = None
    endpoint: str | None = None

    def all_addresses(self) -> list[str]:
        return [*self.addresses, *(ip for used in self.prefixes.values() for ip in used), *self.addresses6]


@dataclass
class PrefixList:
    id: str
    entries: list[str]

    @property
    def family(self) -> str:
        return "IPv6" if any(map(is_v6, self.entries)) else "IPv4"


@dataclass
class Peering:
    id: str
    requester: Vpc
    accepter: Vpc
    status: str = "active"


@dataclass
class World:
    vpcs: list[Vpc] = field(default_factory=list)
    subnets: list[Subnet] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    acls: list[Acl] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    interfaces: list[Interface] = field(default_factory=list)
    prefix_lists: list[PrefixList] = field(default_factory=list)
    peerings: list[Peering] = field(default_factory=list)
    #: Where group rules are told: "permissions" (SecurityGroups), "rules" (SecurityGroupRules) or "both".
    group_rules: str = "permissions"
    #: Whether describe-instances was saved too.
    reservations: bool = True

    def holder(self, address: str) -> Interface:
        return next(one for one in self.interfaces if address in one.all_addresses())

    def group(self, id: str) -> Group:
        return next(one for one in self.groups if one.id == id)

    def vpc_of(self, group: str) -> Vpc | None:
        """None: that group is deleted."""
        return next((one.vpc for one in self.groups if one.id == group), None)

    def in_vpc(self, vpc: Vpc) -> Iterator[Group]:
        return (one for one in self.groups if one.vpc is vpc)

    def endpoints(self) -> dict[str, list[Interface]]:
        found: dict[str, list[Interface]] = {}
        for one in self.interfaces:
            if one.endpoint:
                found.setdefault(one.endpoint, []).append(one)
        return found
