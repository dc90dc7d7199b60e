"""What one walk along a path found, and the walks that make up an answer when something is open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Iterable, TypeVar

T = TypeVar("T")

ANY = "*"


@dataclass(frozen=True)
class Block:
    """One cause that stops the flow, under every name that a truthful report may give it."""

    why: str
    #: Pairs of step and resource id; `*` stands for any resource.
    names: frozenset[tuple[str, str]]
    #: The Reachability Analyzer codes that fit; empty where none is certain.
    codes: frozenset[str] = frozenset()

    def admits(self, step: str, resource: str) -> bool:
        return (step, resource) in self.names or (step, ANY) in self.names


def block(why: str, step: str, *resources: str, codes: Iterable[str] = ()) -> Block:
    return Block(why, frozenset((step, one) for one in resources), frozenset(codes))


@dataclass
class Trace:
    """The findings of one walk. Where AWS picks, or a fact is hidden, `choose` makes one walk for each possibility."""

    script: list[int] = field(default_factory=list)
    taken: list[tuple[int, int]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    #: Causes that stop the flow only if something undocumented or unseen is as it seems: a report may name them or not.
    soft: list[Block] = field(default_factory=list)
    #: Causes that stop the flow once a blocker before them is gone.
    further: list[Block] = field(default_factory=list)
    unknowns: list[str] = field(default_factory=list)
    #: Facts without which a report may be undecided or go on.
    doubts: list[str] = field(default_factory=list)
    #: The edge at a service of AWS: nothing of a VPC's configuration lies beyond, and a report may call that allowed.
    unseen: list[str] = field(default_factory=list)
    shares: dict[tuple[str, str], float] = field(default_factory=dict)
    #: Where AWS's pages contradict each other: no verdict is compared.
    moot: bool = False
    #: Whether something unseen was weighed, or crossed: whatever the walks agree on, undecided is as right.
    hidden: bool = False
    #: From outside nothing tells which of several holders of the destination's address is meant.
    ambiguous: bool = False
    hops: list[str] = field(default_factory=list)

    def choose(self, options: list[T]) -> T:
        if len(options) == 1:
            return options[0]
        at = len(self.taken)
        pick = self.script[at] if at < len(self.script) else 0
        self.taken.append((pick, len(options)))
        return options[pick]

    def unknown(self, why: object) -> None:
        self.unknowns.append(str(why))


def walks(walk: Callable[[Trace], None], limit: int = 64) -> list[Trace]:
    """Every walk that the choices on the way allow."""
    done: list[Trace] = []
    script: list[int] = []
    while len(done) < limit:
        trace = Trace(script=script)
        walk(trace)
        done.append(trace)
        taken = trace.taken
        while taken and taken[-1][0] + 1 == taken[-1][1]:
            taken.pop()
        if not taken:
            return done
        script = [pick for pick, _ in taken[:-1]] + [taken[-1][0] + 1]
    raise RuntimeError("too many possibilities: the world is too open")
