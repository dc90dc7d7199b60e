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

#: Where the client's port decides.
ANSWERS = {"return-nacl-egress", "return-nacl-ingress"}
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
    #: One port that is asked for by name, besides those that cover the client's range.
    single: bool = False

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
    #: The ACLs that answers meet leave no client port, each alone or both together.
    no_answer: bool = False


def verdict(outcomes: list[Outcome], source_port: int | None = None) -> Verdict:
    """Of whatever port the client takes, or of the one that was asked for."""
    if source_port is None:
        return of([one for one in outcomes if not one.range.single])
    return of([one for one in outcomes if one.range.single and one.range.first == source_port])


def of(outcomes: list[Outcome]) -> Verdict:
    whole = sum(one.range.length for one in outcomes)
    shares = {
        step: sum(one.range.length for one in outcomes if step in one.refused) / whole
        for step in set(STEPS.values())
        if any(step in one.refused for one in outcomes)
    }
    unseen = {behind for step in shares for behind in _BEHIND.get(step, ())}
    no_answer = all(one.refused & ANSWERS for one in outcomes)
    return Verdict(any(one.passes for one in outcomes), shares, unseen, no_answer)


def ask(world: World, flows: dict[Flow, set[int]], rng: random.Random) -> dict[Flow, list[Outcome]]:
    """All flows at once, each with every range of client ports and with the single ports that are asked for."""
    plan = {flow: ranges(world.plan.inventory, flow, singles, flows, rng) for flow, singles in flows.items()}
    every = [one for own in plan.values() for one in own]
    passed = _carried_out(world, [one.probes[0] for one in every])
    world.observe()
    seen = _observed(world, [one.probes[1] for one in every])
    return {
        flow: [_outcome(one, one.probes[0] in passed, seen[one.probes[1]]) for one in own] for flow, own in plan.items()
    }


def _outcome(range: Range, passes: bool, refused: set[str]) -> Outcome:
    if passes == bool(refused):
        raise Broken(f"{range.probes}: answered is {passes}, but refused by {sorted(refused) or 'nobody'}")
    return Outcome(range, passes, refused)


def ranges(
    inventory: Inventory, flow: Flow, singles: Iterable[int], flows: Iterable[Flow], rng: random.Random
) -> list[Range]:
    first, last = EPHEMERAL
    starts = sorted({first, *(cut for cut in _cuts(inventory, flow) if first < cut <= last)})
    ends = [*(start - 1 for start in starts[1:]), last]
    # At the same address, a port that is listened on is no client's.
    taken = {one.port for one in flows if (one.destination, one.protocol) == (flow.source, flow.protocol)}
    spans = [Range(one, other, _probes(flow, one, other, taken, rng)) for one, other in zip(starts, ends)]
    return [*spans, *(Range(port, port, _probes(flow, port, port, taken, rng), single=True) for port in singles)]


def _cuts(inventory: Inventory, flow: Flow) -> set[int]:
    """Where an entry of either subnet's ACL begins, or is over."""
    found: set[int] = set()
    for address in (flow.source, flow.destination):
        for entry in inventory.acl_of(inventory.holder(address)["SubnetId"])["Entries"]:
            if "PortRange" in entry:
                found |= {entry["PortRange"]["From"], entry["PortRange"]["To"] + 1}
    return found


def _probes(flow: Flow, first: int, last: int, taken: set[int], rng: random.Random) -> tuple[Probe, Probe]:
    """By its two edges, where mistakes are; by what is near where an edge is taken."""
    drawn = (rng.randint(first, last) for _ in range(4))
    free = [port for port in dict.fromkeys((first, *drawn, last)) if port not in taken]
    if not free:
        raise Broken(f"no client port is free in {first}-{last} of {flow.source}")
    first, last = rng.sample((free[0], free[-1]), 2)
    one, other = (Probe(flow.source, port, flow.destination, flow.port, flow.protocol) for port in (first, last))
    return one, other


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
