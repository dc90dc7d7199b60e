"""The command line: worlds two at a time, and one line for all of them."""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import multiprocessing.pool
import os
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from lablib import sandbox

from . import describe, selftest, trial, verdict, world
from .inventory import Inventory
from .trial import Result, Settings

_HERE = Path(__file__).resolve().parent.parent
#: Whoever is wrong about one rule is wrong about many flows; more of them help nobody.
_SHOWN = 25


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


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run", description="Compares `vpce-doctor path` with what packets do.")
    add = parser.add_argument
    add("--bin", type=Path, help="the binary (default: the debug build)")
    add("--inventories", type=_count, default=100, metavar="N", help="random inventories (default: %(default)s)")
    add("--flows", type=_count, default=2000, metavar="N", help="flows in all of them together (default: %(default)s)")
    add("--fixes", type=int, default=1, metavar="N", help="fixes to carry out per inventory (default: %(default)s)")
    add("--seed", type=int, default=1, help="of the first inventory; the others count on (default: %(default)s)")
    add("--jobs", type=_count, default=min(2, os.cpu_count() or 1), help="worlds at a time (default: %(default)s)")
    add("--keep", type=Path, metavar="FOLDER", help="where inventories of disagreements go (default: a temporary one)")
    add("--replay", type=Path, metavar="FOLDER", help=f"judge the flows of its {trial.FLOWS} on the inventory in it")
    add("--self-test", action="store_true", help="only the hand-written worlds; needs no binary")
    return parser.parse_args()


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _binary(given: Path | None) -> Path | None:
    target = Path(os.environ.get("CARGO_TARGET_DIR", _HERE.parent.parent / "target"))
    binary = (given or target / "debug" / "vpce-doctor").resolve()
    if os.access(binary, os.X_OK):
        return binary
    print(f"kernel: no binary at {binary}: run cargo build, or give --bin", file=sys.stderr)
    return None


@contextlib.contextmanager
def _pool(jobs: int) -> Iterator[multiprocessing.pool.Pool]:
    with multiprocessing.get_context("fork").Pool(jobs, _start) as pool:
        yield pool
        pool.close()
        pool.join()


def _start() -> None:
    # The parent's handler would raise in the middle of whatever a worker does; a terminal's ^C is the parent's, too.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _self_test(number: int) -> list[str]:
    case = selftest.CASES[number]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "inventory"
        describe.write(case.world(), folder, selftest.RNG)
        try:
            with world.up(Inventory(folder), f"w{os.getpid()}") as up:
                outcomes = verdict.ask(up, dict.fromkeys(case.questions(), set()), selftest.RNG)
        except trial.UNJUDGED as error:
            return [f"{case.title}: {error!r}"]
    return selftest.wrong(case, {flow: verdict.verdict(one).shares for flow, one in outcomes.items()})


def _judge(pool: multiprocessing.pool.Pool, binary: Path, arguments: argparse.Namespace) -> int:
    started = time.monotonic()
    counts: Counter[str] = Counter()
    for result in _results(pool, binary, arguments):
        shown = result.disagreements[: max(0, _SHOWN - counts["disagreements"])]
        counts += result.counts
        if result.problem:
            counts["problems"] += 1
            print(f"kernel: {result.name}: could not be judged: {result.problem}", file=sys.stderr, flush=True)
        print("".join(f"{text}\n" for text in shown), end="", flush=True)
    if (hidden := counts["disagreements"] - _SHOWN) > 0:
        print(f"… and {hidden} more; all are in the {trial.FLOWS} of their inventories")
    print(_summary(counts, time.monotonic() - started))
    return 1 if counts["disagreements"] else 2 if counts["problems"] or _lopsided(counts) else 0


def _results(pool: multiprocessing.pool.Pool, binary: Path, arguments: argparse.Namespace) -> Iterable[Result]:
    if arguments.replay:
        return [trial.replayed(binary, arguments.replay)]
    each = -(-arguments.flows // arguments.inventories)
    settings = Settings(binary, arguments.keep or Path(tempfile.mkdtemp(prefix="kernel-")), each, arguments.fixes)
    seeds = range(arguments.seed, arguments.seed + arguments.inventories)
    return pool.imap_unordered(partial(trial.drawn, settings), seeds)


def _summary(counts: Counter[str], seconds: float) -> str:
    flows = max(1, counts["flows"])
    return (
        f"kernel: {counts['flows']} flows ({counts['questions']} questions) over {counts['inventories']} inventories: "
        f"{counts['allow'] / flows:.0%} pass, {counts['part'] / flows:.0%} by some client ports only; "
        f"{counts['probes']} probes, {counts['fixes']} fixes carried out; "
        f"{counts['disagreements']} disagreements, {seconds:.0f} s"
    )


def _lopsided(counts: Counter[str]) -> bool:
    """A judge who always says the same has not tried anybody."""
    if counts["flows"] < 500 or 0.35 <= counts["allow"] / counts["flows"] <= 0.65:
        return False
    print("kernel: the flows are lopsided: between 35 % and 65 % should pass", file=sys.stderr)
    return True
