"""The command line: worlds two at a time, and one line for all of them."""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import multiprocessing.pool
import os
import random
import resource
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from lablib import sandbox

from . import compare, describe, ground, program, selftest, traffic, verdict, world
from .inventory import Inventory
from .packets import Broken
from .program import Question
from .traffic import Flow

_HERE = Path(__file__).resolve().parent.parent
#: Beside an inventory that is to be judged again: the options of `vpce-doctor path`, a flow on each line.
_FLOWS = "flows.txt"
#: Client ports that no client draws, and that can be asked for all the same.
_OTHER_PORTS = {20, 1023, 1024, 32767, 61000, 65535}
#: An inventory that cannot be built, or a world that misbehaves, is one inventory's trouble.
_UNJUDGED = (Broken, LookupError, OSError, RuntimeError, ValueError)
#: Whoever is wrong about one rule is wrong about many flows; more of them help nobody.
_SHOWN = 25


@dataclass
class Result:
    """Of one inventory."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    disagreements: list[str] = field(default_factory=list)
    #: Why it could not be judged.
    problem: str = ""


def main() -> int:
    # Ends as an exception does: worlds and temporary files go with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    arguments = _arguments()
    binary = None if arguments.self_test else _binary(arguments.bin)
    if not arguments.self_test and binary is None:
        return 2
    sandbox.enter(_HERE / "run", sys.argv[1:])
    sandbox.prepare()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with _pool(arguments.jobs) as pool:
        if wrong := [text for texts in pool.imap(_self_test, range(len(selftest.CASES))) for text in texts]:
            print("\n".join(f"kernel: no judge: {text}" for text in wrong), file=sys.stderr)
            return 2
        if binary is None:
            print(f"kernel: {len(selftest.CASES)} hand-written worlds, all as AWS documents them")
            return 0
        return _judge(pool, binary, arguments)


@contextlib.contextmanager
def _pool(jobs: int) -> Iterator[multiprocessing.pool.Pool]:
    def start() -> None:
        # The parent's handler would raise in the middle of whatever a worker does; its ^C is the parent's, too.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    with multiprocessing.get_context("fork").Pool(jobs, start) as pool:
        yield pool
        pool.close()
        pool.join()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run", description="Compares `vpce-doctor path` with what packets do.")
    add = parser.add_argument
    add("--bin", type=Path, help="the binary (default: the debug build)")
    add("--inventories", type=int, default=100, metavar="N", help="random inventories (default: %(default)s)")
    add("--flows", type=int, default=2000, metavar="N", help="flows in all of them together (default: %(default)s)")
    add("--seed", type=int, default=1, help="of the first inventory; the others count on (default: %(default)s)")
    add("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="worlds at a time (default: %(default)s)")
    add("--keep", type=Path, metavar="FOLDER", help="where inventories of disagreements go (default: a temporary one)")
    add("--replay", type=Path, metavar="FOLDER", help=f"judge the flows of its {_FLOWS} on the inventory in it")
    add("--self-test", action="store_true", help="only the hand-written worlds; needs no binary")
    return parser.parse_args()


def _binary(given: Path | None) -> Path | None:
    target = Path(os.environ.get("CARGO_TARGET_DIR", _HERE.parent.parent / "target"))
    binary = (given or target / "debug" / "vpce-doctor").resolve()
    if os.access(binary, os.X_OK):
        return binary
    print(f"kernel: no binary at {binary}: run cargo build, or give --bin", file=sys.stderr)
    return None


def _self_test(number: int) -> list[str]:
    case = selftest.CASES[number]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "inventory"
        describe.write(case.world(), folder, selftest.RNG)
        try:
            with world.up(Inventory(folder), f"w{os.getpid()}") as up:
                outcomes = verdict.ask(up, dict.fromkeys(case.questions(), set()), selftest.RNG)
        except _UNJUDGED as error:
            return [f"{case.title}: {error!r}"]
    return selftest.wrong(case, {flow: verdict.verdict(one).shares for flow, one in outcomes.items()})


def _judge(pool: multiprocessing.pool.Pool, binary: Path, arguments: argparse.Namespace) -> int:
    started = time.monotonic()
    if arguments.replay:
        results: Iterable[Result] = [_replay(binary, arguments.replay)]
    else:
        folder = arguments.keep or Path(tempfile.mkdtemp(prefix="kernel-"))
        each = -(-arguments.flows // arguments.inventories)
        seeds = range(arguments.seed, arguments.seed + arguments.inventories)
        results = pool.imap_unordered(partial(_random, binary, folder, each), seeds)
    counts: Counter[str] = Counter()
    for result in results:
        shown = result.disagreements[: max(0, _SHOWN - counts["disagreements"])]
        counts += result.counts
        if result.problem:
            counts["problems"] += 1
            print(f"kernel: {result.name}: could not be judged: {result.problem}", file=sys.stderr, flush=True)
        print("".join(f"{text}\n" for text in shown), end="", flush=True)
    if (hidden := counts["disagreements"] - _SHOWN) > 0:
        print(f"… and {hidden} more; all are in the {_FLOWS} of their inventories")
    print(_summary(counts, time.monotonic() - started))
    return 1 if counts["disagreements"] else 2 if counts["problems"] or _lopsided(counts) else 0


def _summary(counts: Counter[str], seconds: float) -> str:
    flows = max(1, counts["flows"])
    return (
        f"kernel: {counts['flows']} flows ({counts['questions']} questions) over {counts['inventories']} inventories: "
        f"{counts['allow'] / flows:.0%} pass, {counts['part'] / flows:.0%} by some client ports only, "
        f"{counts['probes']} probes; {counts['disagreements']} disagreements, {seconds:.0f} s"
    )


def _lopsided(counts: Counter[str]) -> bool:
    """A judge who always says the same has not tried anybody."""
    if counts["flows"] < 500 or 0.35 <= counts["allow"] / counts["flows"] <= 0.65:
        return False
    print("kernel: the flows are lopsided: between 35 % and 65 % should pass", file=sys.stderr)
    return True


def _random(binary: Path, keep: Path, count: int, seed: int) -> Result:
    rng = random.Random(seed)
    made = ground.world(rng)
    flows = traffic.flows(made, rng, count)
    traffic.shape(made, rng, flows)
    folder = keep / f"seed-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    describe.write(made, folder, rng)
    others = sorted(_OTHER_PORTS - {one.port for one in flows})
    singles = {flow: {rng.choice(others)} if rng.random() < 0.15 else set() for flow in flows}
    result = _result(binary, folder, f"seed {seed}", singles, rng)
    if not result.disagreements and not result.problem:
        shutil.rmtree(folder)
        with contextlib.suppress(OSError):
            keep.rmdir()
    return result


def _replay(binary: Path, folder: Path) -> Result:
    wanted: dict[Flow, set[int]] = {}
    try:
        inventory = Inventory(folder)
        for line in (folder / _FLOWS).read_text().splitlines():
            flow, port = _read(inventory, line)
            wanted.setdefault(flow, set()).update({port} if port else set())
    except _UNJUDGED as error:
        return Result(str(folder), problem=repr(error))
    return _result(binary, folder, str(folder), wanted, random.Random(0))


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


def _result(binary: Path, folder: Path, name: str, wanted: dict[Flow, set[int]], rng: random.Random) -> Result:
    result = Result(name)
    try:
        inventory = Inventory(folder)
        with world.up(inventory, f"w{os.getpid()}") as up:
            outcomes = verdict.ask(up, wanted, rng)
    except _UNJUDGED as error:
        return Result(name, problem=f"{error!r}; {folder}")
    for flow, own in outcomes.items():
        _compare(result, binary, folder, flow, own)
    result.counts["inventories"] = 1
    return result


def _compare(result: Result, binary: Path, folder: Path, flow: Flow, outcomes: list[verdict.Outcome]) -> None:
    whole = verdict.verdict(outcomes)
    result.counts.update(flows=1, allow=whole.allow, part=whole.allow and bool(whole.shares), probes=2 * len(outcomes))
    for port, one in _verdicts(outcomes).items():
        question = Question(flow, port)
        result.counts["questions"] += 1
        answer = program.ask(binary, folder, question)
        ends = flow.source, flow.destination
        if differences := compare.differences(question, one, ends, answer):
            result.counts["disagreements"] += 1
            line = shlex.join(question.arguments())
            _note(folder / _FLOWS, line)
            told = [f"{result.name}: {line}", *(f"    {text}" for text in differences), f"    {folder}"]
            result.disagreements.append("\n".join(told))


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
