"""The ground of a random world: VPCs, subnets, interfaces and empty groups and ACLs, all from one seed."""

from __future__ import annotations

import ipaddress
import itertools
import random
from collections.abc import Callable

from .model import ANY4, ANY6, Acl, Entry, Group, Interface, Peering, PrefixList, Route, Rule, Subnet, Table, Vpc, World

_ZONES = ("usw2-az1", "usw2-az2", "usw2-az3")


def world(rng: random.Random) -> World:
    made = World(
        group_rules=rng.choice(("permissions", "permissions", "both", "rules")), reservations=rng.random() < 0.5
    )
    new = _ids(rng)
    dual = rng.random() < 0.5
    for number in range(2 if rng.random() < 0.4 else 1):
        _vpc(made, rng, new, number, dual)
    _prefix_lists(made, rng, new)
    if len(made.vpcs) == 2:
        _peer(made, rng, new)
    return made


def _ids(rng: random.Random) -> Callable[[str], str]:
    return lambda kind: f"{kind}-0{rng.getrandbits(64):016x}"


def _vpc(world: World, rng: random.Random, new: Callable[[str], str], number: int, dual: bool) -> None:
    vpc = Vpc(
        new("vpc"),
        _blocks(rng, number),
        f"2600:1f14:{0xA00 + number:x}:{rng.randrange(256):x}00::/56" if dual else None,
    )
    world.vpcs.append(vpc)
    acls = [Acl(new("acl"), vpc, default=True), *(Acl(new("acl"), vpc) for _ in range(rng.randint(1, 3)))]
    _open(acls[0])
    tables = [Table(new("rtb"), vpc, main=True), *(Table(new("rtb"), vpc) for _ in range(rng.randint(0, 2)))]
    world.acls += acls
    world.tables += tables
    names = ["default", "web", "db", "vpce", "batch"]
    world.groups += [Group(new("sg"), vpc, name) for name in names[: rng.randint(2, 5)]]
    _subnets(world, rng, new, vpc, acls, tables)
    _interfaces(world, rng, new, vpc)


def _blocks(rng: random.Random, number: int) -> list[str]:
    """One block or two, never the other VPC's: overlapping VPCs cannot be peered."""
    first = f"10.{rng.randrange(100) * 2 + number}.0.0/16"
    others = (f"100.{64 + rng.randrange(30) * 2 + number}.0.0/18", f"172.{16 + number}.{rng.randrange(16) * 16}.0/20")
    return [first, *([rng.choice(others)] if rng.random() < 0.3 else [])]


def _open(acl: Acl) -> None:
    """As AWS makes a default ACL."""
    entries = [Entry(100, True, "-1", None, ANY4), *([Entry(101, True, "-1", None, ANY6)] if acl.vpc.cidr6 else [])]
    acl.inbound, acl.outbound = list(entries), list(entries)


def _subnets(
    world: World, rng: random.Random, new: Callable[[str], str], vpc: Vpc, acls: list[Acl], tables: list[Table]
) -> None:
    taken: list[ipaddress.IPv4Network] = []
    for number in range(rng.randint(2, 4)):
        cidr = _room(rng, rng.choice(vpc.cidrs), rng.choice((20, 22, 24, 24, 26, 28)), taken)
        subnet = Subnet(new("subnet"), vpc, str(cidr), rng.choice(_ZONES), rng.choice([*acls, *acls[1:]]))
        # A table that is the main one may also be named by an association.
        subnet.table = rng.choice([None, *tables])
        if vpc.cidr6:
            subnet.cidr6 = str(list(ipaddress.ip_network(vpc.cidr6).subnets(new_prefix=64))[number * 7 + 1])
        world.subnets.append(subnet)


def _room(rng: random.Random, block: str, length: int, taken: list[ipaddress.IPv4Network]) -> ipaddress.IPv4Network:
    whole = ipaddress.IPv4Network(block)
    spots = whole.subnets(new_prefix=max(length, whole.prefixlen + 1))
    # Neighbours are likely: their addresses differ in few bits.
    free = list(itertools.islice((one for one in spots if not any(map(one.overlaps, taken))), 16))
    if not free:
        return _room(rng, block, length + 2, taken)
    taken.append(rng.choice(free))
    return taken[-1]


def _interfaces(world: World, rng: random.Random, new: Callable[[str], str], vpc: Vpc) -> None:
    groups = list(world.in_vpc(vpc))
    subnets = [one for one in world.subnets if one.vpc is vpc]
    alone = sum(one is not vpc for one in world.vpcs) == 0
    count = rng.randint(5, 7) if alone else rng.randint(3, 5)
    for number in range(count):
        subnet = subnets[number] if number < len(subnets) else rng.choice(subnets)
        one = _interface(rng, new, subnet, groups, world)
        one.instance = new("i")
        # A second interface of the same instance has addresses and groups of its own.
        own = [
            other
            for other in world.interfaces
            if other.instance and other.subnet.zone == subnet.zone and other.subnet.vpc is vpc
        ]
        if own and rng.random() < 0.15:
            one.instance = rng.choice(own).instance
    if rng.random() < 0.6:
        _endpoint(world, rng, new, subnets, groups)


def _interface(
    rng: random.Random, new: Callable[[str], str], subnet: Subnet, groups: list[Group], world: World
) -> Interface:
    member = rng.sample(groups, min(len(groups), rng.choice((1, 1, 1, 2, 2, 3))))
    count = rng.choice((1, 1, 1, 2, 3))
    one = Interface(new("eni"), subnet, _free(rng, world, subnet, count), member)
    world.interfaces.append(one)
    if subnet.cidr6 and rng.random() < 0.8:
        base = ipaddress.IPv6Network(subnet.cidr6)
        one.addresses6 = [str(base[rng.randrange(16, 1 << 62)]) for _ in range(rng.choice((1, 1, 2)))]
    if rng.random() < 0.15:
        _delegate(rng, world, one)
    return one


def _free(rng: random.Random, world: World, subnet: Subnet, count: int) -> list[str]:
    """AWS keeps the first four addresses of a subnet and the last."""
    net = ipaddress.IPv4Network(subnet.cidr)
    taken = {ip for one in world.interfaces for ip in one.all_addresses()}
    prefixes = [ipaddress.ip_network(cidr) for one in world.interfaces for cidr in one.prefixes]
    last = min(net.num_addresses - 1, 250)
    free = [net[n] for n in range(4, last) if str(net[n]) not in taken and not any(net[n] in one for one in prefixes)]
    return [str(ip) for ip in rng.sample(free, min(count, len(free)))]


def _delegate(rng: random.Random, world: World, one: Interface) -> None:
    """A /28, as a container platform takes it; two of its addresses are used."""
    net = ipaddress.IPv4Network(one.subnet.cidr)
    if net.prefixlen > 24:
        return
    block = ipaddress.IPv4Network((int(net.network_address) + 16 * rng.randrange(1, 15), 28))
    taken = [ip for other in world.interfaces for ip in other.all_addresses()]
    if not any(ipaddress.ip_address(ip) in block for ip in taken if ":" not in ip):
        one.prefixes[str(block)] = [str(block[n]) for n in rng.sample(range(16), 2)]


def _endpoint(
    world: World, rng: random.Random, new: Callable[[str], str], subnets: list[Subnet], groups: list[Group]
) -> None:
    """One interface in each chosen subnet, one subnet in a zone, the endpoint's groups on all of them."""
    by_zone = {one.zone: one for one in subnets}
    chosen = rng.sample(sorted(by_zone), rng.randint(1, min(2, len(by_zone))))
    id, member = new("vpce"), rng.sample(groups, rng.choice((1, 1, 2)))
    for zone in chosen:
        one = Interface(new("eni"), by_zone[zone], _free(rng, world, by_zone[zone], 1), member, endpoint=id)
        if one.subnet.cidr6:
            one.addresses6 = [str(ipaddress.IPv6Network(one.subnet.cidr6)[rng.randrange(16, 1 << 62)])]
        world.interfaces.append(one)


def _prefix_lists(world: World, rng: random.Random, new: Callable[[str], str]) -> None:
    """Empty ones too: they match nothing. More are made where rules want them."""
    if rng.random() < 0.3:
        world.prefix_lists.append(PrefixList(new("pl"), []))


def _peer(world: World, rng: random.Random, new: Callable[[str], str]) -> None:
    near, far = rng.sample(world.vpcs, 2)
    peering = Peering(new("pcx"), near, far, "deleted" if rng.random() < 0.05 else "active")
    world.peerings.append(peering)
    for table in world.tables:
        other = far if table.vpc is near else near
        for block in other.blocks():
            table.routes += _routes(world, rng, new, block, peering)
        if rng.random() < 0.3:
            table.routes.append(Route(ANY4, new("igw")))


def _routes(world: World, rng: random.Random, new: Callable[[str], str], block: str, peering: Peering) -> list[Route]:
    """To the peer: mostly whole, sometimes missing, by a list, or with a hole that a longer prefix cuts."""
    dead = peering.status != "active"
    kind = rng.choices(("whole", "list", "none", "hole", "narrow", "twice"), (66, 10, 6, 8, 6, 4))[0]
    if kind == "none":
        return []
    if kind == "list":
        world.prefix_lists.append(PrefixList(new("pl"), [block]))
        return [Route(world.prefix_lists[-1].id, peering.id, dead)]
    if kind == "twice":
        # The same block by a route of its own, which goes before the list's.
        world.prefix_lists.append(PrefixList(new("pl"), [block]))
        listed, own = rng.choice(((peering.id, new("pcx")), (new("pcx"), peering.id)))
        return [
            Route(world.prefix_lists[-1].id, listed, dead or listed != peering.id),
            Route(block, own, dead or own != peering.id),
        ]
    narrow = [
        one.cidr6 if ":" in block else one.cidr
        for one in world.subnets
        if one.vpc in (peering.requester, peering.accepter)
    ]
    inside = [one for one in narrow if one and _within(one, block)]
    if kind == "narrow" and inside:
        return [Route(rng.choice(inside), peering.id, dead)]
    if kind == "hole" and inside:
        return [Route(block, peering.id, dead), Route(rng.choice(inside), new("pcx"), True)]
    return [Route(block, peering.id, dead)]


def _within(inner: str, outer: str) -> bool:
    one, other = ipaddress.ip_network(inner), ipaddress.ip_network(outer)
    return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type]


def default_rules(group: Group, rng: random.Random) -> None:
    """As AWS makes a group: all out; the default group also lets its own members in. Often edited since."""
    if rng.random() < 0.3:
        group.outbound.append(Rule("-1", None, ANY4))
        if group.vpc.cidr6 and rng.random() < 0.7:
            group.outbound.append(Rule("-1", None, ANY6))
    if group.name == "default" and rng.random() < 0.6:
        group.inbound.append(Rule("-1", None, group.id))
