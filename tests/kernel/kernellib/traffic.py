"""Flows, and rules that are meant for them: some let a flow pass, others miss it by a port, a bit or a group."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from .ground import default_rules
from .model import ANY4, ANY6, Acl, Entry, Group, Interface, PrefixList, Rule, World, is_v6

_PORTS = (1, 22, 53, 80, 443, 1024, 3306, 5432, 8443, 19530, 32767, 32768, 50051, 60999, 65535)
_NAMES = {"tcp": "6", "udp": "17"}
_OTHER = {"tcp": "udp", "udp": "tcp"}
#: Of the places that a flow meets, the likelihood that none is made to miss it.
_CLEAR = 0.15


@dataclass(frozen=True)
class Flow:
    """What is asked. `spoken`: how the two ends are named to the program."""

    source: str
    destination: str
    protocol: str
    port: int
    spoken: tuple[str, str]


def flows(world: World, rng: random.Random, count: int) -> list[Flow]:
    ports = [*rng.sample(_PORTS, 4), rng.randint(2, 65534)]
    found: dict[tuple[str, str, str, int], Flow] = {}
    for _ in range(count * 4):
        flow = _flow(world, rng, rng.choice(ports))
        if not any(_in_the_way(flow, other) or _in_the_way(other, flow) for other in found.values()):
            found.setdefault((flow.source, flow.destination, flow.protocol, flow.port), flow)
        if len(found) == count:
            break
    return list(found.values())


def _in_the_way(one: Flow, other: Flow) -> bool:
    """A port that is listened on cannot be tried as a client's, and every client's port may have to be."""
    return one.port >= 32768 and one.destination == other.source


def _flow(world: World, rng: random.Random, port: int) -> Flow:
    while True:
        # An endpoint never begins a connection.
        near = rng.choice([one for one in world.interfaces if not one.endpoint])
        far = rng.choice([one for one in world.interfaces if one is not near])
        if near.subnet.vpc is not far.subnet.vpc and rng.random() < 0.4:
            continue
        source = rng.choice(near.all_addresses())
        same = [ip for ip in far.all_addresses() if is_v6(ip) == is_v6(source)]
        if same:
            destination = rng.choice(same)
            spoken = _spoken(world, rng, near, source), _spoken(world, rng, far, destination)
            return Flow(source, destination, rng.choice(("tcp", "tcp", "tcp", "udp")), port, spoken)


def _spoken(world: World, rng: random.Random, owner: Interface, address: str) -> str:
    """The address, or an id where that can only mean this address."""
    if address != owner.addresses[0] or rng.random() < 0.5:
        return address
    key = owner.endpoint or owner.instance
    alone = sum(key in (one.endpoint, one.instance) for one in world.interfaces) == 1
    return rng.choice((owner.id, key)) if key and alone else owner.id


def shape(world: World, rng: random.Random, flows: list[Flow]) -> None:
    """Writes the rules of all groups and ACLs around the flows."""
    for group in world.groups:
        default_rules(group, rng)
    for flow in flows:
        _Shaper(world, rng, flow).write()
    for group in world.groups:
        group.inbound, group.outbound = _tidy(rng, group.inbound), _tidy(rng, group.outbound)
    if any(not group.inbound + group.outbound for group in world.groups):
        # A list of rules says nothing of a group that has none.
        world.group_rules = "both" if world.group_rules == "rules" else world.group_rules


def _tidy(rng: random.Random, rules: list[Rule]) -> list[Rule]:
    """AWS holds each rule once, and in no order that means anything."""
    unique = list(dict.fromkeys(rules))
    return rng.sample(unique, len(unique))


class _Shaper:
    """The rules around one flow."""

    def __init__(self, world: World, rng: random.Random, flow: Flow) -> None:
        self.world, self.rng, self.flow = world, rng, flow
        self.near, self.far = world.holder(flow.source), world.holder(flow.destination)
        self.v6 = is_v6(flow.source)

    def write(self) -> None:
        """Each place where the flow is judged, with a rule that fits or one that misses."""
        places: list[Callable[[bool], None]] = [self._source_group, self._destination_group]
        if self.near.subnet is not self.far.subnet:
            places += [self._source_out, self._destination_in, self._destination_out, self._source_in]
        missed: set[int] = set()
        if self.rng.random() > _CLEAR:
            missed = set(self.rng.sample(range(len(places)), self.rng.choice((1, 1, 2))))
        for number, place in enumerate(places):
            place(number not in missed)
        if self.near.subnet is not self.far.subnet and self.rng.random() < 0.04:
            self._torn()

    # Groups

    def _source_group(self, fits: bool) -> None:
        group = self.rng.choice(self.near.groups)
        self._group_rule(fits, group.outbound, group.inbound, self.flow.destination, self.far)

    def _destination_group(self, fits: bool) -> None:
        group = self.rng.choice(self.far.groups)
        self._group_rule(fits, group.inbound, group.outbound, self.flow.source, self.near)

    def _group_rule(self, fits: bool, rules: list[Rule], other_way: list[Rule], peer: str, owner: Interface) -> None:
        rule = Rule(*self._group_traffic(), self._peer(peer, owner))
        if fits:
            rules.append(rule)
        elif (near_miss := self._miss(rule, peer, owner)) is not None:
            # The same rule for the opposite direction lets nothing pass either.
            (other_way if self.rng.random() < 0.08 else rules).append(near_miss)

    def _group_traffic(self) -> tuple[str, tuple[int, int] | None]:
        protocol = self.flow.protocol
        kind = self.rng.choices(("name", "number", "all"), (75, 18, 7))[0]
        if kind == "all":
            # Ports that stand beside -1 mean nothing.
            return "-1", None if self.rng.random() < 0.8 else (self.flow.port + 1, self.flow.port + 1)
        return protocol if kind == "name" else _NAMES[protocol], self._ports(self.flow.port)

    def _ports(self, port: int) -> tuple[int, int]:
        kind = self.rng.choices(("one", "range", "edge", "all"), (55, 20, 20, 5))[0]
        if kind == "one":
            return port, port
        if kind == "all":
            return 0, 65535
        low, high = self.rng.randint(max(0, port - 500), port), self.rng.randint(port, min(65535, port + 500))
        return (low, high) if kind == "range" else self.rng.choice(((port, high), (low, port)))

    def _peer(self, address: str, owner: Interface) -> str:
        kind = self.rng.choices(("cidr", "group", "list"), (50, 35, 15))[0]
        if kind == "group":
            return self.rng.choice(owner.groups).id
        cidr = self._block(address)
        return cidr if kind == "cidr" else self._list([cidr, *self._noise()])

    def _block(self, address: str) -> str:
        """A block around an address, from the address itself to its VPC."""
        whole = 128 if self.v6 else 32
        length = self.rng.choice((whole, whole, whole - 1, whole - 4, *((64, 56) if self.v6 else (24, 22, 16))))
        return str(ipaddress.ip_network((address, length), strict=False))

    def _list(self, entries: list[str]) -> str:
        made = PrefixList(f"pl-0{self.rng.getrandbits(64):016x}", list(dict.fromkeys(entries)))
        self.world.prefix_lists.append(made)
        return made.id

    def _noise(self) -> list[str]:
        """Blocks of nobody's, in the flow's family: a prefix list has one family."""
        nobody = ["2001:db8:1::/48", "2001:db8:2::5/128"] if self.v6 else ["192.0.2.0/24", "198.51.100.7/32"]
        return self.rng.sample(nobody, self.rng.randint(0, 2))

    def _miss(self, rule: Rule, peer: str, owner: Interface) -> Rule | None:
        """The rule as somebody wrote it who was nearly right."""
        named = (
            rule if rule.protocol != "-1" else replace(rule, protocol=self.flow.protocol, ports=(self.flow.port,) * 2)
        )
        kind = self.rng.choice(("port", "port", "protocol", "peer", "peer", "peer", "family", "none"))
        if kind == "port":
            return replace(named, ports=self._wrong_ports(self.flow.port))
        if kind == "protocol":
            return self._wrong_protocol(named)
        if kind == "family":
            return replace(rule, peer=ANY4 if self.v6 else ANY6)
        return replace(rule, peer=self._wrong_peer(rule.peer, peer, owner)) if kind == "peer" else None

    def _wrong_protocol(self, rule: Rule) -> Rule:
        kind = self.rng.choice(("other", "other", "icmp", "number"))
        if kind == "other":
            return replace(rule, protocol=_OTHER[self.flow.protocol])
        if kind == "icmp":
            return replace(rule, protocol="icmpv6" if self.v6 else "icmp", ports=(-1, -1))
        return replace(rule, protocol=self.rng.choice(("47", "50", "132")), ports=None)

    def _wrong_ports(self, port: int) -> tuple[int, int]:
        below, above = (max(0, port - 300), port - 1), (port + 1, min(65535, port + 300))
        possible = [one for one in (below, above, (port - 1,) * 2, (port + 1,) * 2) if 0 <= one[0] <= one[1] <= 65535]
        first, last = self.rng.choice(possible)
        return first, last

    def _wrong_peer(self, written: str, address: str, owner: Interface) -> str:
        if written.startswith("sg-"):
            others = [one.id for one in self.world.groups if one not in owner.groups and self._can_name(one)]
            if self.near.subnet.vpc is not self.far.subnet.vpc and self.rng.random() < 0.3:
                # Deleted over there; here the rule stays, and is stale.
                return f"sg-0{self.rng.getrandbits(64):016x}"
            return self.rng.choice(others) if others else self._neighbour(self._block(address))
        wrong = self._neighbour(self._block(address))
        return self._list([wrong, *self._noise()]) if written.startswith("pl-") else wrong

    def _can_name(self, group: Group) -> bool:
        """Groups of VPCs that are not connected cannot be written into a rule."""
        ends = {id(self.near.subnet.vpc), id(self.far.subnet.vpc)}
        return id(group.vpc) in ends

    def _neighbour(self, block: str) -> str:
        """The block beside it: one bit differs, at its very end or further up."""
        net = ipaddress.ip_network(block)
        bits = net.max_prefixlen - net.prefixlen + self.rng.choice((0, 0, 0, 1, 3))
        start = int(net.network_address) ^ (1 << bits)
        return str(ipaddress.ip_network((start, net.prefixlen)))

    # Network ACLs

    def _source_out(self, fits: bool) -> None:
        acl = self.near.subnet.acl
        self._entries(fits, acl, acl.outbound, self.flow.destination)

    def _destination_in(self, fits: bool) -> None:
        acl = self.far.subnet.acl
        self._entries(fits, acl, acl.inbound, self.flow.source)

    def _destination_out(self, fits: bool) -> None:
        acl = self.far.subnet.acl
        self._answers(fits, acl, acl.outbound, self.flow.source)

    def _source_in(self, fits: bool) -> None:
        acl = self.near.subnet.acl
        self._answers(fits, acl, acl.inbound, self.flow.destination)

    def _entries(self, fits: bool, acl: Acl, entries: list[Entry], peer: str) -> None:
        """For the flow itself, by its destination port."""
        if acl.default:
            return
        port = self.flow.port
        if fits:
            self._allow(entries, peer, self._ports(port), spare=self._wrong_ports(port))
        elif self.rng.random() < 0.5:
            self._nearly(entries, peer, self._wrong_ports(port))
        else:
            self._deny_first(entries, peer, self._ports(port))

    def _answers(self, fits: bool, acl: Acl, entries: list[Entry], peer: str) -> None:
        """For its answers, by the client's port, which nobody knows beforehand."""
        if acl.default:
            return
        full = self.rng.choice(((1024, 65535), (32768, 65535), (0, 65535), (32768, 61000), (32768, 60999)))
        if fits and self.rng.random() < 0.7:
            self._allow(entries, peer, full, spare=(1024, 32767))
        elif fits:
            self._part(entries, peer, full)
        elif self.rng.random() < 0.5:
            # Those who think of an ACL as of a group allow the answers by the server's port.
            self._nearly(entries, peer, self.rng.choice(((self.flow.port,) * 2, (1024, 32767), (61000, 65535))))
        else:
            self._deny_first(entries, peer, full)

    def _part(self, entries: list[Entry], peer: str, full: tuple[int, int]) -> None:
        """Some of the client's ports."""
        cut = self.rng.choice((32768, 33000, 40000, 49152, 60000, 60998))
        if self.rng.random() < 0.5:
            self._allow(entries, peer, self.rng.choice(((cut, 65535), (1024, cut))), spare=(1024, 32767))
        else:
            self._deny_first(entries, peer, (cut, cut + self.rng.choice((0, 0, 100, 1000))), allowed=full)

    def _torn(self) -> None:
        """The two ACLs that answers meet have no port in common, and each lets some pass."""
        cut = self.rng.choice((40000, 49152))
        out, into = self.far.subnet.acl, self.near.subnet.acl
        for acl, entries, peer, ports in (
            (out, out.outbound, self.flow.source, (cut, 65535)),
            (into, into.inbound, self.flow.destination, (1024, cut - 1)),
        ):
            if not acl.default:
                wide = str(ipaddress.ip_network((peer, 56 if self.v6 else 16), strict=False))
                self._put(entries, Entry(self.rng.randint(1, 5), False, _NAMES[self.flow.protocol], ports, wide))

    def _allow(self, entries: list[Entry], peer: str, ports: tuple[int, int], spare: tuple[int, int]) -> None:
        number = self._number(entries)
        allow = self._entry(number, True, ports, self._block(peer))
        entries.append(allow)
        kind = self.rng.choice(("plain", "plain", "late deny", "idle deny"))
        if kind == "late deny":
            self._put(entries, replace(allow, number=number + 7, allow=False))
        elif kind == "idle deny":
            idle = replace(allow, number=number - 7, allow=False)
            wrong = replace(idle, protocol=_NAMES[self.flow.protocol], ports=spare)
            missed = replace(idle, cidr=self._neighbour(self._block(peer)))
            self._put(entries, self.rng.choice((wrong, missed)))

    def _nearly(self, entries: list[Entry], peer: str, ports: tuple[int, int]) -> None:
        entry = self._entry(self._number(entries), True, ports, self._block(peer))
        named = replace(entry, protocol=_NAMES[self.flow.protocol], ports=ports)
        kind = self.rng.choice(("port", "port", "protocol", "peer", "none"))
        if kind == "port":
            entries.append(named)
        elif kind == "protocol":
            other = _NAMES[_OTHER[self.flow.protocol]]
            strange = replace(named, protocol=self.rng.choice(("1", "50")), ports=None)
            entries.append(self.rng.choice((replace(named, protocol=other, ports=(0, 65535)), strange)))
        elif kind == "peer":
            entries.append(replace(entry, protocol="-1", ports=None, cidr=self._neighbour(entry.cidr)))

    def _deny_first(
        self, entries: list[Entry], peer: str, ports: tuple[int, int], allowed: tuple[int, int] | None = None
    ) -> None:
        """A deny that is read before the allow it overlaps with."""
        number = self._number(entries)
        allow = self._entry(number, True, allowed or ports, self._block(peer))
        deny = Entry(number - 5, False, _NAMES[self.flow.protocol], ports, self._block(peer))
        entries.append(allow)
        self._put(entries, deny)

    def _entry(self, number: int, allow: bool, ports: tuple[int, int], cidr: str) -> Entry:
        if self.rng.random() < 0.12:
            return Entry(number, allow, "-1", None if self.rng.random() < 0.8 else (1, 1), cidr)
        return Entry(number, allow, _NAMES[self.flow.protocol], ports, cidr)

    def _number(self, entries: list[Entry]) -> int:
        taken = {one.number for one in entries}
        while (number := self.rng.choice((self.rng.randint(10, 400), self.rng.randint(10, 32700)))) in taken:
            pass
        return number

    def _put(self, entries: list[Entry], entry: Entry) -> None:
        """A number is used once in each direction; whoever comes later finds it taken."""
        if entry.number not in {one.number for one in entries}:
            entries.append(entry)
