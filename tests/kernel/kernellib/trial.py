"""One inventory: its world, what packets and program say of each flow, and what the program's fixes are worth."""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shlex
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from . import compare, describe, fixes, ground, program, traffic, verdict, world
from .inventory import Inventory
from .packets import Broken
from .program import Question
from .traffic import Flow

#: Beside an inventory that is to be judged again: the options of `vpce-doctor path`, a flow on each line.
FLOWS = "flows.txt"
#: An inventory that cannot be built, or a world that misbehaves, is one inventory's trouble.
UNJUDGED = (Broken, LookupError, OSError, RuntimeError, ValueError)
#: Client ports that no client draws, and that can be asked for all the same.
_OTHER_PORTS = {20, 1023, 1024, 32767, 61000, 65535}


@dataclass
class Result:
    """Of one inventory."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    disagreements: list[str] = field(default_factory=list)
    #: Why it could not be judged.
    problem: str = ""


@dataclass(frozen=True)
class Settings:
    binary: Path
    #: Where inventories are written; those of disagreements stay.
    keep: Path
    #: Of each inventory: flows, and fixes that are carried out.
    flows: int
    fixes: int


def drawn(settings: Settings, seed: int) -> Result:
    """A random inventory, all of it from the seed."""
    rng = random.Random(seed)
    made = ground.world(rng)
    flows = traffic.flows(made, rng, settings.flows)
    traffic.shape(made, rng, flows)
    folder = settings.keep / f"seed-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    describe.write(made, folder, rng)
    others = sorted(_OTHER_PORTS - {one.port for one in flows})
    wanted = {flow: {rng.choice(others)} if rng.random() < 0.15 else set() for flow in flows}
    result = _Trial(settings, folder, Result(f"seed {seed}"), rng).run(wanted)
    if not result.disagreements and not result.problem:
        shutil.rmtree(folder)
        with contextlib.suppress(OSError):
            settings.keep.rmdir()
    return result


def replayed(binary: Path, folder: Path) -> Result:
    """Everything that can be asked of the flows of a folder, their fixes too."""
    wanted: dict[Flow, set[int]] = {}
    try:
        inventory = Inventory(folder)
        for line in (folder / FLOWS).read_text().splitlines():
            flow, port = _read(inventory, line)
            wanted.setdefault(flow, set()).update({port} if port else set())
    except UNJUDGED as error:
        return Result(str(folder), problem=repr(error))
    settings = Settings(binary, folder, len(wanted), len(wanted))
    return _Trial(settings, folder, Result(str(folder)), random.Random(0)).run(wanted)


def _read(inventory: Inventory, line: str) -> tuple[Flow, int | None]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--from", dest="source", required=True)
    parser.add_argument("--to", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--protocol", default="tcp")
    parser.add_argument("--source-port", type=int)
    read = parser.parse_args(shlex.split(line))
    ends = inventory.address(read.source), inventory.address(read.to)
    return Flow(*ends, read.protocol, read.port, (read.source, read.to)), read.source_port


@dataclass
class _Trial:
    settings: Settings
    folder: Path
    result: Result
    rng: random.Random

    def run(self, wanted: dict[Flow, set[int]]) -> Result:
        """`wanted`: the flows, and client ports that are asked for besides."""
        try:
            outcomes = self._packets(Inventory(self.folder), wanted)
        except UNJUDGED as error:
            return Result(self.result.name, problem=f"{error!r}; {self.folder}")
        self.result.counts["inventories"] = 1
        offers = {flow: offer for flow, own in outcomes.items() if (offer := self._compare(flow, own))}
        for flow in self.rng.sample(list(offers), min(self.settings.fixes, len(offers))):
            self._carry_out(flow, offers[flow])
        return self.result

    def _packets(self, inventory: Inventory, wanted: dict[Flow, set[int]]) -> dict[Flow, list[verdict.Outcome]]:
        with world.up(inventory, f"w{os.getpid()}") as up:
            return verdict.ask(up, wanted, self.rng)

    def _compare(self, flow: Flow, outcomes: list[verdict.Outcome]) -> list[str]:
        """The commands of the fix that the program offers for the flow, verified as it says."""
        whole = verdict.verdict(outcomes)
        part = whole.allow and bool(whole.shares)
        self.result.counts.update(flows=1, allow=whole.allow, part=part, probes=2 * len(outcomes))
        offer: list[str] = []
        for port, kernel in _verdicts(outcomes).items():
            self.result.counts["questions"] += 1
            question = Question(flow, port)
            answer = program.ask(self.settings.binary, self.folder, question)
            if differences := compare.differences(question, kernel, (flow.source, flow.destination), answer):
                self._disagree(question, differences)
            elif port is None:
                offer = answer.fix()
        return offer

    def _carry_out(self, flow: Flow, commands: list[str]) -> None:
        """In a world of its own: now every client port must pass."""
        self.result.counts["fixes"] += 1
        try:
            changed = fixes.applied(Inventory(self.folder), commands)
            shares = verdict.verdict(self._packets(changed, {flow: set()})[flow]).shares
            wrong = [f"with the fix carried out, {step} still refuses {share:.2%}" for step, share in shares.items()]
        except UNJUDGED as error:
            wrong = [f"the fix cannot be carried out: {error!r}"]
        if wrong:
            self._disagree(Question(flow), [*wrong, *commands])

    def _disagree(self, question: Question, differences: list[str]) -> None:
        self.result.counts["disagreements"] += 1
        line = shlex.join(question.arguments())
        _note(self.folder / FLOWS, line)
        told = [f"{self.result.name}: {line}", *(f"    {text}" for text in differences), f"    {self.folder}"]
        self.result.disagreements.append("\n".join(told))


def _note(file: Path, line: str) -> None:
    """For `--replay`; what is replayed stands there already."""
    lines = file.read_text().splitlines() if file.exists() else []
    file.write_text("\n".join([*lines, *([] if line in lines else [line]), ""]))


def _verdicts(outcomes: list[verdict.Outcome]) -> dict[int | None, verdict.Verdict]:
    """Of whatever port the client has; of ports asked for; and, where ports matter, of one on either side."""
    ports = {one.range.first for one in outcomes if one.range.single}
    found = {port: verdict.verdict(outcomes, port) for port in (None, *ports)}
    ranges = [one for one in outcomes if not one.range.single]
    for passes in (True, False) if len({one.passes for one in ranges}) > 1 else ():
        one = next(one for one in ranges if one.passes == passes)
        found[one.range.probes[0].source_port] = verdict.of([one])
    return found
