"""Flows through a generated world: near misses first, and about as many that pass as that do not."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from .evaluator import Answer, Flow, evaluate
from .generator import ON_PREMISES, PORTS, Generator, Net
from .inventory import Inventory, Object, addresses, groups, prefixes
from .world import nth, overlap

#: How many of each verdict are wanted; what a world does not have is made up by the others.
_SHARES = {"allow": 0.45, "deny": 0.38, "undecided": 0.15, "error": 0.02}

_MOST_PASSING = 0.6


def choose(generator: Generator, inventory: Inventory, count: int) -> list[tuple[Flow, Answer]]:
    """The most telling of many candidates."""
    asked: dict[Flow, Answer] = {}
    for _ in range(count * 5):
        flow = _candidate(generator)
        if flow is None or flow in asked:
            continue
        asked[flow] = evaluate(inventory, flow)
        if asked[flow].moot:
            continue
        if asked[flow].verdict == "deny" and generator.chance(0.5):
            # Rarely does a port picked blindly pass both ends' groups.
            for port in PORTS:
                other = replace(flow, port=port)
                asked[other] = evaluate(inventory, other)
                if asked[other].verdict != "deny":
                    break
    by_verdict: dict[str, list[tuple[Flow, Answer]]] = defaultdict(list)
    for flow, answer in asked.items():
        if not answer.moot:
            by_verdict[answer.verdict].append((flow, answer))
    chosen: list[tuple[Flow, Answer]] = []
    for verdict, share in _SHARES.items():
        chosen += _telling(by_verdict[verdict], round(count * share))
    passing = _telling(by_verdict["allow"], round(count * _MOST_PASSING))
    chosen += [one for one in passing if one not in chosen]
    rest = [one for found in by_verdict.values() for one in found if one not in chosen]
    generator.rng.shuffle(rest)
    return (chosen + rest)[:count]


def _telling(found: list[tuple[Flow, Answer]], count: int) -> list[tuple[Flow, Answer]]:
    """Few causes first, and each set of causes before it comes a second time."""
    seen: dict[object, int] = defaultdict(int)
    ranked = []
    for order, (flow, answer) in enumerate(found):
        signature = (
            frozenset(step for one in answer.blocks for step, _ in one.names),
            tuple(h.split()[1] for h in answer.hops),
        )
        ranked.append((seen[signature], len(answer.blocks), order, (flow, answer)))
        seen[signature] += 1
    return [one[3] for one in sorted(ranked, key=lambda one: one[:3])][:count]


def _candidate(g: Generator) -> Flow | None:
    near = g.rng.choice([net for net in g.nets if not net.hidden])
    if not near.enis:
        return None
    protocol = g.pick((88, "tcp"), (12, "udp"))
    source_port = g.rng.choice((1024, 32768, 40000, 50000, 60999, 61000)) if g.chance(0.15) else None
    eni = _eni(g, g.rng.choice(near.enis))
    if g.chance(0.06):
        target, port = _outside(g), g.rng.choice(PORTS)
        source = _name(g, eni, 6 if ":" in target else 4)
        return Flow(source, target, port, protocol, source_port) if source else None
    far = near if g.chance(0.3) else g.rng.choice(g.nets)
    if not far.enis:
        return None
    if far.hidden:
        cidr = g.rng.choice(far.cidrs)
        return Flow(_name(g, eni, 4) or "", nth(cidr, 256 + 10), g.rng.choice(PORTS), protocol, source_port)
    server = _eni(g, g.rng.choice(far.enis))
    if server is eni:
        return None
    family = 6 if eni["Ipv6Addresses"] and server["Ipv6Addresses"] and g.chance(0.4) else 4
    source = _outside_source(g) if g.chance(0.03) else _name(g, eni, family, True)
    destination = _name(g, server, family, endpoint=True)
    if g.chance(0.02):
        destination = nth(g.rng.choice(far.cidrs), 256 + 200)
    if source is None or destination is None or (":" in source) != (":" in destination) and family == 6:
        return None
    return Flow(source, destination, _port(g, server, protocol), protocol, source_port)


def _eni(g: Generator, eni: str) -> Object:
    return g.world.get("NetworkInterfaces", "NetworkInterfaceId", eni)


def _name(g: Generator, eni: Object, family: int, source: bool = False, endpoint: bool = False) -> str | None:
    """An address of the interface, or, for IPv4, one of the ids that mean it."""
    if family == 6:
        found = [one["Ipv6Address"] for one in eni["Ipv6Addresses"]]
        return g.rng.choice(found) if found else None
    if source and eni["InterfaceType"] == "vpc_endpoint" and g.chance(0.93):
        return None
    four = [one for one in addresses(eni) if ":" not in one]
    four += [nth(one, 3) for one in prefixes(eni) if ":" not in one]
    ids = [eni["NetworkInterfaceId"]]
    if instance := eni.get("Attachment", {}).get("InstanceId"):
        ids.append(instance)
    if endpoint:
        ids += [
            one["VpcEndpointId"]
            for one in g.world.lists["VpcEndpoints"]
            if eni["NetworkInterfaceId"] in one["NetworkInterfaceIds"]
        ]
    return g.rng.choice(four) if g.chance(0.6) else g.rng.choice(ids)


def _outside(g: Generator) -> str:
    return g.pick(
        (3, "203.0.113.9"), (2, _public(g)), (3, "52.218.1.1"), (1, "3.5.76.9"), (2, nth(ON_PREMISES, 9)),
        (1, "172.20.0.9"), (1, "10.77.0.9"), (1, "2a00:1450:4001::9"),
    )  # fmt: skip


def _public(g: Generator) -> str:
    """The public address of an interface: reached over the internet, if at all."""
    found = [one["Association"]["PublicIp"] for one in g.world.lists["NetworkInterfaces"] if "Association" in one]
    return g.rng.choice(found) if found else "203.0.113.9"


def _outside_source(g: Generator) -> str:
    return g.pick((2, nth(ON_PREMISES, 9)), (1, "203.0.113.9"), (1, "10.77.0.9"))


def _port(g: Generator, server: Object, protocol: str) -> int:
    """A port that some rule of the server names, or the one beside it."""
    named = []
    for one in g.world._rules:
        if one["GroupId"] in groups(server) and not one["IsEgress"]:
            if one["IpProtocol"] == "-1":
                named += list(PORTS)
            elif one["IpProtocol"] in (("tcp", "6") if protocol == "tcp" else ("udp", "17")):
                named += [one["FromPort"], one["ToPort"]]
    port = g.rng.choice(named) if named and g.chance(0.85) else g.rng.choice(PORTS)
    port += g.pick((9, 0), (0.5, 1), (0.5, -1))
    return min(max(port, 1), 65535)


__all__ = ["Net", "choose", "overlap"]
