"""One seed: its world, its flows, and what is wrong with the program's answers."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .compare import Complaint, compare
from .evaluator import Answer, Flow, evaluate
from .flows import choose
from .generator import Generator
from .inventory import Inventory, Unknown
from .program import Reply, ask, command
from .variants import Files, damaged, missing, retold
from .world import write_files


@dataclass(frozen=True)
class Plan:
    binary: Path
    flows: int
    #: Every how many seeds the metamorphic checks are run.
    every: int
    keep: Path


@dataclass
class Outcome:
    seed: int
    verdicts: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    open: int = 0
    found: list[tuple[str, str]] = field(default_factory=list)


def run(plan: Plan, seed: int) -> Outcome:
    outcome = Outcome(seed)
    generator = Generator(seed)
    world = generator.build()
    files = world.files()
    with tempfile.TemporaryDirectory(prefix="oracle-") as name:
        folder = Path(name) / "inventory"
        write_files(files, folder)
        chosen = choose(generator, Inventory.load(folder), plan.flows)
        replies = []
        for number, (flow, answer) in enumerate(chosen):
            reply = ask(plan.binary, folder, flow)
            replies.append((flow, answer, reply))
            outcome.asked += 1
            outcome.verdicts[answer.verdict] += 1
            outcome.open += len(answer.verdicts) > 1
            _report(plan, outcome, f"{seed}-{number}", files, flow, answer, reply, compare(answer, reply))
        if plan.every and seed % plan.every == 0:
            _metamorphic(plan, outcome, files, replies, Path(name))
    return outcome


def _report(
    plan: Plan,
    outcome: Outcome,
    label: str,
    files: Files,
    flow: Flow,
    answer: Answer | None,
    reply: Reply,
    found: list[Complaint],
) -> None:
    if not found:
        return
    place = plan.keep / label
    keep(plan.binary, place, files, flow, answer, reply)
    for one in found:
        outcome.found.append((one.kind, _told(outcome.seed, flow, one, answer, reply, place)))


def _told(seed: int, flow: Flow, one: Complaint, answer: Answer | None, reply: Reply, place: Path) -> str:
    lines = [f"{one.kind}: seed {seed}  {' '.join(flow.arguments())}", f"  {one.text}"]
    if answer:
        causes = "; ".join(each.why for each in answer.blocks) or "; ".join(sorted(set(answer.unknowns)))
        lines.append(f"  evaluator  {answer.verdict}{': ' if causes else ''}{causes}")
    document = reply.document
    if document:
        named = "; ".join(
            f"{each.get('step')} {each.get('code')} {(each.get('resource') or {}).get('id')}"
            for each in document.get("blockers", [])
        )
        if document["verdict"] == "undecided":
            named = "; ".join(json.dumps(each) if not isinstance(each, str) else each for each in document["undecided"])
        lines.append(f"  program    {document['verdict']}{': ' if named else ''}{named[:600]}")
    elif reply.err:
        lines.append(f"  program    {reply.err.strip().splitlines()[0][:300]}")
    return "\n".join([*lines, f"  kept in    {place}"])


def keep(binary: Path, place: Path, files: Files, flow: Flow, answer: Answer | None, reply: Reply) -> None:
    """All that is needed to see it again."""
    shutil.rmtree(place, ignore_errors=True)
    write_files(files, place / "inventory")
    (place / "flow.json").write_text(json.dumps(asdict(flow)) + "\n")
    (place / "command").write_text(" ".join(command(binary, Path("inventory"), flow)) + "\n")
    (place / "answer.json").write_text(reply.out or reply.err)
    if answer:
        (place / "expected.json").write_text(json.dumps(answer.to_json(), indent=1) + "\n")


def replay(binary: Path, place: Path) -> tuple[Answer, Reply, list[Complaint]]:
    flow = Flow(**json.loads((place / "flow.json").read_text()))
    answer = evaluate(Inventory.load(place / "inventory"), flow)
    reply = ask(binary, place / "inventory", flow)
    return answer, reply, compare(answer, reply)


# Checks that need no verdict of ours to compare with


def _metamorphic(
    plan: Plan, outcome: Outcome, files: Files, replies: list[tuple[Flow, Answer, Reply]], home: Path
) -> None:
    rng = random.Random(f"variants {outcome.seed}")
    sane = [one for one in replies if one[2].broken() is None and one[2].verdict != "error"]
    some = rng.sample(sane, min(3, len(sane)))
    for flow, answer, reply in some:
        for number in range(2):
            told = retold(files, rng)
            again = _ask(plan, outcome, told, flow, home / "retold")
            if again.out != reply.out:
                what = Complaint("order", "the same inventory in other files and another order gives another answer")
                _report(plan, outcome, f"{outcome.seed}-retold-{number}", told, flow, answer, again, [what])
        for name, fewer in missing(files):
            again = _ask(plan, outcome, fewer, flow, home / "fewer")
            found = _without(fewer, home / "fewer", flow, answer, reply, again)
            _report(plan, outcome, f"{outcome.seed}-without-{name}", fewer, flow, answer, again, found)
        for number in range(6):
            told = damaged(files, rng)
            again = _ask(plan, outcome, told, flow, home / "damaged")
            if broken := again.broken():
                label = f"{outcome.seed}-damaged-{number}"
                _report(plan, outcome, label, told, flow, None, again, [Complaint("crash", broken)])


def _ask(plan: Plan, outcome: Outcome, files: Files, flow: Flow, folder: Path) -> Reply:
    shutil.rmtree(folder, ignore_errors=True)
    write_files(files, folder)
    outcome.asked += 1
    return ask(plan.binary, folder, flow)


def _without(files: Files, folder: Path, flow: Flow, answer: Answer, before: Reply, after: Reply) -> list[Complaint]:
    """Knowing less never turns into allowing more, nor into blaming what does not block."""
    if broken := after.broken():
        return [Complaint("crash", broken)]
    if after.verdict == "allow" and before.verdict != "allow":
        return [Complaint("missing", f"{before.verdict} becomes allow")]
    if after.verdict == "deny" and "deny" not in answer.verdicts:
        return [Complaint("missing", f"{answer.verdict} becomes deny")]
    if after.verdict == "allow":
        try:
            now = evaluate(Inventory.load(folder), flow)
        except (Unknown, KeyError):
            return []
        if "allow" not in now.verdicts:
            return [
                Complaint("missing", f"still allows, though it could not look: {'; '.join(sorted(set(now.unknowns)))}")
            ]
    return []
