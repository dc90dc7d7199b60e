"""What the kernel says of a flow: once with every refusal carried out, and once with refusals only written down.

The first round is the verdict. The second lets every packet reach every place, so it tells all places that refuse, not
only the first. Answers go to whatever port the client had, so each range of client ports that the ACLs tell apart is
tried by a port of its own; lengths of ranges then make the share that is blocked.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .inventory import Inventory
from .packets import Broken, Probe, exchange
from .traffic import Flow
from .world import STEPS, World, inside

#: Linux's default, which is what a client has of which nothing else is known.
EPHEMERAL = (32768, 60999)

#: What lies behind a missing route was not reached even in observation.
_BEHIND = {
    "forward-route": {
        "destination-nacl-ingress",
        "destination-sg-ingress",
        "return-nacl-egress",
        "return-route",
        "return-nacl-ingress",
    },
    "return-route": {"return-nacl-ingress"},
}


@dataclass(frozen=True)
class Range:
    """Client ports that no ACL tells apart; one of them for each round."""

    first: int
    last: int
    probes: tuple[Probe, Probe]

    @property
    def length(self) -> int:
        return self.last - self.first + 1


@dataclass
class Outcome:
    """Of one range of client ports."""

    range: Range
    passes: bool
    #: Every step that refuses, whether a packet would get that far or not.
    refused: set[str]


@dataclass(frozen=True)
class Verdict:
    allow: bool
    #: Step → the share of the client's ports that it blocks; steps that block none are left out.
    shares: dict[str, float]
    #: Steps of which the packets say nothing.
    unseen: set[str] = field(default_factory=set)


def verdict(outcomes: list[Outcome]) -> Verdict:
    whole = sum(one.range.length for one in outcomes)
    shares = {
        step: sum(one.range.length for one in outcomes if step in one.refused) / whole
        for step in set(STEPS.values())
        if any(step in one.refused for one in outcomes)
    }
    unseen = {behind for step in shares for behind in _BEHIND.get(step, ())}
    return Verdict(any(one.passes for one in outcomes), shares, unseen)


def ask(world: World, flows: list[Flow], rng: random.Random, more: dict[Flow, set[int]] | None = None) -> dict[Flow, list[Outcome]]:
    """All flows at once, every port range of each."""
    taken = {(one.destination, one.protocol, one.port) for one in flows}
    ranges = {one: _ranges(world.plan.inventory, one, rng, taken, (more or {}).get(one, set())) for one in flows}
    every = [one for own in ranges.values() for one in own]
    passed = _carried_out(world, [one.probes[0] for one in every])
    world.observe()
    seen = _observed(world, [one.probes[1] for one in every])
    return {
        flow: [_outcome(one, one.probes[0] in passed, seen[one.probes[1]]) for one in own]
        for flow, own in ranges.items()
    }


def _outcome(range: Range, passes: bool, refused: set[str]) -> Outcome:
    if passes == bool(refused):
        raise Broken(f"{range.probes}: answered is {passes}, but refused by {sorted(refused) or 'nobody'}")
    return Outcome(range, passes, refused)


def _ranges(
    inventory: Inventory, flow: Flow, rng: random.Random, taken: set[tuple[str, str, int]], more: set[int]
) -> list[Range]:
    cuts = _cuts(inventory, flow)
    first, last = EPHEMERAL
    starts = sorted({first, *(cut for cut in cuts if first < cut <= last)})
    spans = list(zip(starts, [*(start - 1 for start in starts[1:]), last]))
    spans += [(port, port) for port in more if not first <= port <= last]
    return [Range(one, other, _two(flow, one, other, rng, taken)) for one, other in spans]


def _cuts(inventory: Inventory, flow: Flow) -> set[int]:
    """Where an entry of either subnet's ACL begins, or is over."""
    found: set[int] = set()
    for address in (flow.source, flow.destination):
        for entry in inventory.acl_of(inventory.holder(address)["SubnetId"])["Entries"]:
            if "PortRange" in entry:
                found |= {entry["PortRange"]["From"], entry["PortRange"]["To"] + 1}
    return found


def _two(
    flow: Flow, first: int, last: int, rng: random.Random, taken: set[tuple[str, str, int]]
) -> tuple[Probe, Probe]:
    """Its edges: that is where mistakes are. A port that is listened on at the same address is no client's."""
    free = [port for port in _candidates(first, last, rng) if (flow.source, flow.protocol, port) not in taken]
    if not free:
        raise Broken(f"no client port is free in {first}-{last} of {flow.source}")
    ports = free[0], free[-1]
    one, other = (Probe(flow.source, port, flow.destination, flow.port, flow.protocol) for port in ports)
    return one, other


def _candidates(first: int, last: int, rng: random.Random) -> list[int]:
    edges = [first, last] if rng.random() < 0.5 else [last, first]
    return list(dict.fromkeys([edges[0], *(rng.randint(first, last) for _ in range(4)), edges[1]]))


def _carried_out(world: World, probes: list[Probe]) -> set[Probe]:
    refusals: dict[Probe, set[str]] = {}
    with exchange(_entering(world)) as one:
        passed = one.run(probes, _refused(world, probes, refusals))
    for probe in passed:
        if probe in refusals:
            raise Broken(f"{probe}: answered, though refused by {sorted(refusals[probe])}")
    return passed


def _observed(world: World, probes: list[Probe]) -> dict[Probe, set[str]]:
    """Answers come now unless no route leads there; then the refusal is all there is to wait for."""
    refusals: dict[Probe, set[str]] = {}

    def lost() -> set[Probe]:
        _refused(world, probes, refusals)()
        return {probe for probe, steps in refusals.items() if steps & _BEHIND.keys()}

    with exchange(_entering(world)) as one:
        one.run(probes, lost)
    _refused(world, probes, refusals)()
    return {probe: refusals.get(probe, set()) for probe in probes}


def _refused(world: World, probes: Iterable[Probe], refusals: dict[Probe, set[str]]) -> Callable[[], set[Probe]]:
    """Reads what was written down, as steps of the probes' paths."""
    forward = set(probes)
    back = {one.back(): one for one in forward}

    def read() -> set[Probe]:
        for place, packet in world.refusals():
            probe, ahead = (packet, True) if packet in forward else (back.get(packet), False)
            if probe is None:
                continue
            if (place, ahead) not in STEPS:
                raise Broken(f"{packet}: a group refused the answer to what it had let pass")
            refusals.setdefault(probe, set()).add(STEPS[place, ahead])
        return set(refusals)

    return read


def _entering(world: World) -> Callable[[str], contextlib.AbstractContextManager[None]]:
    return lambda address: inside(world.namespace_of(address))
