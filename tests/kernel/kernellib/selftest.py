"""Worlds written by hand, with what AWS documents of them: a judge that gets these wrong judges nobody.

client  10.0.1.10, .11, 2600:…:1::10, pods 10.0.1.32/28   sg-client
idle    10.0.1.20, 2600:…:1::20                           sg-idle      same subnet
server  10.0.2.20, 2600:…:2::20                           sg-server    the other subnet
far     10.9.1.10                                         sg-far       the other VPC, peered
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .model import ANY4, ANY6, Acl, Entry, Group, Interface, Peering, PrefixList, Route, Rule, Subnet, Table, Vpc, World
from .traffic import Flow

_SIX = "2600:1f14:a00:12"
CLIENT, SECOND, CLIENT6, POD = "10.0.1.10", "10.0.1.11", f"{_SIX}01::10", "10.0.1.40"
IDLE, SERVER, SERVER6, FAR = "10.0.1.20", "10.0.2.20", f"{_SIX}02::20", "10.9.1.10"

#: Step → share of the client's ports that it refuses; nothing: the flow passes.
Wanted = dict[str, float]
_PORTS = 60999 - 32768 + 1


@dataclass
class Case:
    title: str
    change: Callable[[World], None]
    flows: dict[tuple[str, str, str, int], Wanted] = field(default_factory=dict)

    def world(self) -> World:
        world = _world()
        self.change(world)
        return world

    def questions(self) -> dict[Flow, Wanted]:
        return {Flow(a, b, protocol, port, (a, b)): wanted for (a, b, protocol, port), wanted in self.flows.items()}


def _world() -> World:
    near, far = Vpc("vpc-near", ["10.0.0.0/16"], f"{_SIX}00::/56"), Vpc("vpc-far", ["10.9.0.0/16"])
    acls = [Acl(f"acl-{name}", vpc) for name, vpc in (("client", near), ("server", near), ("far", far))]
    tables = [Table(f"rtb-{name}", vpc, main=True) for name, vpc in (("near", near), ("far", far))]
    tables[0].routes, tables[1].routes = [Route("10.9.0.0/16", "pcx-1")], [Route("10.0.0.0/16", "pcx-1")]
    groups = [Group(f"sg-{name}", near, name) for name in ("client", "idle", "server")] + [Group("sg-far", far, "far")]
    world = World([near, far], [], groups, acls, tables, [], [], [Peering("pcx-1", near, far)])
    for acl in acls:
        _open(acl)
    client, server, away = (
        Subnet("subnet-client", near, "10.0.1.0/24", "usw2-az1", acls[0], cidr6=f"{_SIX}01::/64"),
        Subnet("subnet-server", near, "10.0.2.0/24", "usw2-az2", acls[1], cidr6=f"{_SIX}02::/64"),
        Subnet("subnet-far", far, "10.9.1.0/24", "usw2-az1", acls[2]),
    )
    world.subnets += [client, server, away]
    world.interfaces += [
        Interface("eni-client", client, [CLIENT, SECOND], [groups[0]], [CLIENT6], {"10.0.1.32/28": [POD]}, "i-1"),
        Interface("eni-idle", client, [IDLE], [groups[1]], [f"{_SIX}01::20"], instance="i-2"),
        Interface("eni-server", server, [SERVER], [groups[2]], [SERVER6], instance="i-3"),
        Interface("eni-far", away, [FAR], [groups[3]], instance="i-4"),
    ]
    for group in groups[:2] + groups[3:]:
        group.outbound = [Rule("-1", None, ANY4), Rule("-1", None, ANY6)]
    groups[2].inbound = [Rule("tcp", (443, 443), "sg-client")]
    return world


def _open(acl: Acl) -> None:
    every = [Entry(100, True, "-1", None, ANY4), Entry(101, True, "-1", None, ANY6)]
    acl.inbound, acl.outbound = list(every), list(every)


def _unchanged(_: World) -> None:
    pass


def _admits(*rules: Rule) -> Callable[[World], None]:
    return lambda world: setattr(world.group("sg-server"), "inbound", list(rules))


def _lets_out(*rules: Rule) -> Callable[[World], None]:
    return lambda world: setattr(world.group("sg-client"), "outbound", list(rules))


def _acl(name: str, way: str, *entries: Entry) -> Callable[[World], None]:
    def change(world: World) -> None:
        setattr(next(one for one in world.acls if one.id == f"acl-{name}"), way, list(entries))

    return change


def _both(*changes: Callable[[World], None]) -> Callable[[World], None]:
    def change(world: World) -> None:
        for one in changes:
            one(world)

    return change


def _routes(name: str, *routes: Route) -> Callable[[World], None]:
    return lambda world: setattr(next(one for one in world.tables if one.id == f"rtb-{name}"), "routes", list(routes))


def _list(*entries: str) -> Callable[[World], None]:
    return lambda world: world.prefix_lists.append(PrefixList("pl-1", list(entries)))


def _as_rules(world: World) -> None:
    world.group_rules = "rules"


def _second_group(world: World) -> None:
    group = Group("sg-more", world.vpcs[0], "more", [Rule("tcp", (80, 90), "10.0.1.0/28")])
    world.groups.append(group)
    world.holder(SERVER).groups.append(group)


def _table_of_its_own(world: World) -> None:
    world.tables.append(Table("rtb-own", world.vpcs[0]))
    world.subnets[0].table = world.tables[-1]


def _peering_deleted(world: World) -> None:
    world.peerings[0].status = "deleted"
    for table in world.tables:
        table.routes = [replace(one, blackhole=True) for one in table.routes]


_IN, _OUT = {"destination-sg-ingress": 1.0}, {"source-sg-egress": 1.0}
_FROM_FAR = _admits(Rule("tcp", (443, 443), "sg-far"))
_HTTPS = (CLIENT, SERVER, "tcp", 443)
_ALL = Entry(100, True, "-1", None, ANY4)

CASES = [
    Case(
        "a reference stands for every private address of its members, and a group without outbound rules answers",
        _unchanged,
        {
            _HTTPS: {},
            (SECOND, SERVER, "tcp", 443): {},
            (POD, SERVER, "tcp", 443): {},
            (CLIENT6, SERVER6, "tcp", 443): {},
            (IDLE, SERVER, "tcp", 443): _IN,
            (CLIENT, SERVER, "tcp", 444): _IN,
            (CLIENT, SERVER, "tcp", 442): _IN,
            (CLIENT, SERVER, "udp", 443): _IN,
            (SERVER, CLIENT, "tcp", 443): _OUT | _IN,
            (CLIENT, IDLE, "tcp", 443): _IN,
        },
    ),
    Case("the rules of SecurityGroupRules", _as_rules, {_HTTPS: {}, (IDLE, SERVER, "tcp", 443): _IN}),
    Case(
        "groups are one union",
        _second_group,
        {_HTTPS: {}, (CLIENT, SERVER, "tcp", 85): {}, (IDLE, SERVER, "tcp", 85): _IN, (CLIENT, SERVER, "tcp", 91): _IN},
    ),
    Case(
        "protocols by number; ports count for TCP and UDP only",
        _admits(
            Rule("6", (443, 443), ANY4),
            Rule("17", (53, 54), ANY4),
            Rule("50", None, ANY4),
            Rule("icmp", (-1, -1), ANY4),
        ),
        {
            _HTTPS: {},
            (CLIENT, SERVER, "udp", 54): {},
            (CLIENT, SERVER, "udp", 443): _IN,
            (CLIENT, SERVER, "tcp", 53): _IN,
        },
    ),
    Case(
        "-1 is every protocol and port; IPv4 rules say nothing of IPv6",
        _both(_admits(Rule("-1", None, ANY4)), _lets_out(Rule("tcp", (0, 65535), ANY6), Rule("udp", (0, 65535), ANY4))),
        {(CLIENT, SERVER, "udp", 9): {}, _HTTPS: _OUT, (CLIENT6, SERVER6, "tcp", 443): _IN},
    ),
    Case(
        "blocks end where their bits end",
        _admits(Rule("tcp", (443, 443), "10.0.1.10/31"), Rule("tcp", (80, 80), "10.0.1.16/28")),
        {_HTTPS: {}, (SECOND, SERVER, "tcp", 443): {}, (IDLE, SERVER, "tcp", 443): _IN, (IDLE, SERVER, "tcp", 80): {}},
    ),
    Case(
        "a prefix list is its entries",
        _both(_list("10.0.1.11/32", "192.0.2.0/24"), _admits(Rule("tcp", (443, 443), "pl-1"))),
        {_HTTPS: _IN, (SECOND, SERVER, "tcp", 443): {}},
    ),
    Case(
        "a prefix list without entries matches nothing",
        _both(_list(), _lets_out(Rule("-1", None, "pl-1"))),
        {_HTTPS: _OUT},
    ),
    Case(
        "the lowest number that fits decides, by value and not by spelling; same-subnet traffic meets no ACL",
        _acl("server", "inbound", replace(_ALL, number=1000), Entry(95, False, "6", (443, 443), "10.0.1.10/32")),
        {_HTTPS: {"destination-nacl-ingress": 1.0}, (SECOND, SERVER, "tcp", 443): {}, (CLIENT, SERVER, "tcp", 80): _IN},
    ),
    Case(
        "a deny after the allow is not read",
        _acl("client", "outbound", Entry(9, True, "6", (443, 443), "10.0.2.0/24"), Entry(10, False, "-1", None, ANY4)),
        {_HTTPS: {}, (CLIENT, SERVER, "udp", 443): _IN | {"source-nacl-egress": 1.0}},
    ),
    Case(
        "without entries nothing passes the subnet's edge, either way; inside nothing is held",
        _both(
            _acl("client", "inbound"),
            _acl("client", "outbound"),
            lambda world: setattr(world.group("sg-idle"), "inbound", [Rule("-1", None, "sg-client")]),
        ),
        {_HTTPS: {"source-nacl-egress": 1.0, "return-nacl-ingress": 1.0}, (CLIENT, IDLE, "tcp", 443): {}},
    ),
    Case(
        "answers go to the client's port, of which an ACL may admit a part",
        _acl("server", "outbound", Entry(1, True, "6", (1024, 49151), ANY4), Entry(2, False, "6", (0, 65535), ANY4)),
        {
            _HTTPS: {"return-nacl-egress": (60999 - 49152 + 1) / _PORTS},
            (CLIENT6, SERVER6, "tcp", 443): {"return-nacl-egress": 1.0},
        },
    ),
    Case(
        "an ACL that knows answers by the server's port admits none",
        _acl("client", "inbound", Entry(1, True, "6", (443, 443), ANY4), Entry(2, True, "17", (0, 65535), ANY4)),
        {_HTTPS: {"return-nacl-ingress": 1.0}},
    ),
    Case(
        "two ACLs that have no client port in common",
        _both(
            _acl("server", "outbound", Entry(1, True, "6", (32768, 39999), ANY4)),
            _acl("client", "inbound", Entry(1, False, "6", (32768, 39999), ANY4), Entry(2, True, "-1", None, ANY4)),
        ),
        {_HTTPS: {"return-nacl-egress": 21000 / _PORTS, "return-nacl-ingress": 7232 / _PORTS}},
    ),
    Case(
        "across a peering connection, by a reference to a group over there",
        _FROM_FAR,
        {(FAR, SERVER, "tcp", 443): {}, _HTTPS: _IN, (FAR, SERVER, "tcp", 80): _IN},
    ),
    Case(
        "a group over there that is deleted",
        _admits(Rule("tcp", (443, 443), "sg-gone"), Rule("tcp", (80, 80), "sg-far")),
        {(FAR, SERVER, "tcp", 443): _IN, (FAR, SERVER, "tcp", 80): {}},
    ),
    Case(
        "a block's own route goes before a prefix list's",
        _both(
            _FROM_FAR,
            _list("10.0.0.0/16"),
            _routes("far", Route("pl-1", "pcx-gone", True), Route("10.0.0.0/16", "pcx-1")),
        ),
        {(FAR, SERVER, "tcp", 443): {}},
    ),
    Case("no route there", _both(_FROM_FAR, _routes("far")), {(FAR, SERVER, "tcp", 443): {"forward-route": 1.0}}),
    Case("no route back", _both(_FROM_FAR, _routes("near")), {(FAR, SERVER, "tcp", 443): {"return-route": 1.0}}),
    Case(
        "the longest prefix wins, a blackhole too; inside the VPC local does",
        _both(_FROM_FAR, _routes("far", Route("10.0.0.0/16", "pcx-1"), Route("10.0.2.0/24", "pcx-1", True))),
        {(FAR, SERVER, "tcp", 443): {"forward-route": 1.0}, (FAR, CLIENT, "tcp", 443): _IN},
    ),
    Case(
        "a subnet's own table in place of the main one",
        _both(_table_of_its_own, lambda world: setattr(world.group("sg-far"), "inbound", [Rule("-1", None, ANY4)])),
        {(SERVER, FAR, "tcp", 443): _OUT, (CLIENT, FAR, "tcp", 443): {"forward-route": 1.0}, _HTTPS: {}},
    ),
    Case(
        "a peering connection that is gone, and references across it with it",
        _both(_FROM_FAR, _peering_deleted, _lets_out(Rule("-1", None, "sg-far"))),
        {(FAR, SERVER, "tcp", 443): {"forward-route": 1.0}, (CLIENT, FAR, "tcp", 443): _OUT | {"forward-route": 1.0}},
    ),
]


def wrong(case: Case, shares: dict[Flow, dict[str, float]]) -> list[str]:
    """What the judge says otherwise than it must."""
    found = []
    for flow, wanted in case.questions().items():
        seen = shares[flow]
        if seen.keys() != wanted.keys() or any(abs(seen[step] - share) > 1e-9 for step, share in wanted.items()):
            found.append(
                f"{case.title}: {flow.source} to {flow.destination} {flow.protocol}/{flow.port}: {seen}, not {wanted}"
            )
    return found


#: Draws nothing that matters here.
RNG = random.Random(0)
