"""The verdict on a flow: every walk that the inventory leaves possible, there and back, and what they agree on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .inventory import Inventory, Object, Unknown, address, addresses
from .path import End, Flow, Path
from .trace import Block, Trace, walks


@dataclass
class Answer:
    #: allow, deny, undecided, or error: a name that means nothing, or several things.
    verdict: str
    #: Every verdict that the documentation leaves open, the one above among them.
    verdicts: set[str]
    #: What stops the flow in every walk; a report that denies names at least one.
    blocks: list[Block] = field(default_factory=list)
    #: What a report may name besides.
    others: list[Block] = field(default_factory=list)
    unknowns: list[str] = field(default_factory=list)
    shares: dict[tuple[str, str], float] = field(default_factory=dict)
    hops: list[str] = field(default_factory=list)
    #: Not worth comparing: AWS's pages contradict each other, or nothing leaves the interface.
    moot: bool = False

    def may_name(self, step: str, resource: str) -> bool:
        return any(one.admits(step, resource) for one in self.blocks + self.others)

    def to_json(self) -> Any:
        return {
            "verdict": self.verdict,
            "verdicts": sorted(self.verdicts),
            "blocks": [_block_json(one) for one in self.blocks],
            "may name": [_block_json(one) for one in self.others],
            "unknown": sorted(set(self.unknowns)),
            "hops": self.hops,
        }


def _block_json(one: Block) -> Any:
    return {"why": one.why, "names": [list(name) for name in sorted(one.names)], "codes": sorted(one.codes)}


class Ambiguous(Exception):
    """A name that means nothing, or several things."""


def evaluate(inventory: Inventory, flow: Flow) -> Answer:
    try:
        source, destination = _ends(inventory, flow)
        if source.ip == destination.ip:
            return Answer("error", {"error"}, moot=True)
    except (Ambiguous, Unknown) as why:
        return Answer("error", {"error"}, unknowns=[str(why)])
    traces = walks(lambda trace: Path(inventory, flow, source, destination, trace).go())
    return _agree(traces)


def _agree(traces: list[Trace]) -> Answer:
    verdicts = {_verdict(one) for one in traces}
    soft = {_verdict(one, soft=True) for one in traces}
    verdict = verdicts.pop() if len(verdicts) == 1 else "undecided"
    possible = {verdict} | (soft if len(soft) == 1 else {"undecided"})
    if any(one.hidden for one in traces):
        possible.add("undecided")
    if traces[0].ambiguous:
        possible.add("error")
    if verdict == "allow" and any(one.doubts for one in traces):
        possible.add("undecided")
    if all(one.unseen and not one.unknowns and not one.blocks for one in traces):
        possible.add("allow")
    certain = [found for one in traces[0].blocks if (found := _everywhere(one, traces[1:]))]
    others = [one for trace in traces for one in trace.soft + trace.further]
    others += [one for trace in traces for one in trace.blocks if _always(one, traces)]
    if verdict == "deny" and not certain:
        # Whichever way AWS picks, something stops it, but not the same thing.
        certain = [one for trace in traces for one in trace.blocks]
    return Answer(
        verdict,
        possible,
        certain,
        others,
        [one for trace in traces for one in trace.unknowns + trace.doubts + trace.unseen],
        traces[0].shares if len(traces) == 1 else {},
        traces[0].hops,
        any(one.moot for one in traces),
    )


def _everywhere(one: Block, traces: list[Trace]) -> Block | None:
    """A block by those of its names that it has in every walk."""
    names = one.names
    for trace in traces:
        names = frozenset().union(*(names & other.names for other in trace.blocks))
    return Block(one.why, names, one.codes) if names else None


def _always(one: Block, traces: list[Trace]) -> bool:
    """Whether something stops every walk at that step, if not the same thing."""
    steps = {step for step, _ in one.names}
    return all(any(step in steps for other in trace.blocks for step, _ in other.names) for trace in traces)


def _verdict(trace: Trace, soft: bool = False) -> str:
    if trace.blocks or soft and trace.soft:
        return "deny"
    return "undecided" if trace.unknowns or trace.unseen else "allow"


# Names


def _ends(inventory: Inventory, flow: Flow) -> tuple[End, End]:
    family = next((address(one).version for one in (flow.source, flow.destination) if _is_ip(one)), None)
    source = _resolve(inventory, flow.source, family)
    destination = End(flow.destination) if _is_ip(flow.destination) else _resolve(inventory, flow.destination, family)
    if address(source.ip).version != address(destination.ip).version:
        raise Ambiguous("two families")
    return source, destination


def _is_ip(text: str) -> bool:
    return ":" in text or text.replace(".", "").isdigit()


def _resolve(inventory: Inventory, name: str, family: int | None) -> End:
    if _is_ip(name):
        found = inventory.holders(name)
        if len(found) > 1:
            raise Ambiguous(f"{name} is held {len(found)} times")
        return End(name, found[0] if found else None)
    eni = _interface(inventory, name)
    if family != 6 and eni.get("PrivateIpAddress"):
        return End(eni["PrivateIpAddress"], eni, named=True)
    matching = [one for one in addresses(eni) if family is None or address(one).version == family]
    if not matching:
        raise Ambiguous(f"{name} has no such address")
    return End(matching[0], eni, named=True)


def _interface(inventory: Inventory, name: str) -> Object:
    enis = inventory.all("NetworkInterfaces")
    if name.startswith("eni-"):
        found = [one for one in enis if one["NetworkInterfaceId"] == name]
    elif name.startswith("i-"):
        found = [one for one in enis if one.get("Attachment", {}).get("InstanceId") == name]
    else:
        endpoint = inventory.find("VpcEndpoints", "VpcEndpointId", name)
        found = [one for one in enis if one["NetworkInterfaceId"] in endpoint.get("NetworkInterfaceIds", [])]
    if len(found) != 1:
        raise Ambiguous(f"{name} means {len(found)} interfaces")
    return found[0]
