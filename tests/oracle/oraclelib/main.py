"""The command line: see README.md one folder up."""

from __future__ import annotations

import argparse
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path

from . import trial
from .compare import KINDS
from .trial import Outcome, Plan

_FAILING = {*KINDS, "order", "missing"}


def main() -> int:
    options = _options()
    binary = Path(options.bin).resolve()
    if not binary.is_file():
        print(f"oracle: no program at {binary}: build it, or say --bin PATH", file=sys.stderr)
        return 3
    if subprocess.run([binary, "path", "--help"], capture_output=True, check=False).returncode != 0:
        print(f"oracle: {binary} has no command `path`", file=sys.stderr)
        return 3
    if options.replay:
        return _replay(binary, Path(options.replay))
    seeds = [options.seed] if options.seed is not None else list(range(options.first, options.first + options.seeds))
    keep = Path(options.keep or Path(tempfile.gettempdir()) / "oracle-disagreements")
    plan = Plan(binary, options.flows, 1 if options.seed is not None else options.every, keep)
    began = time.monotonic()
    outcomes = _all(plan, seeds, options.jobs, options.limit)
    return _summary(outcomes, time.monotonic() - began, options.every_blocker)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tests/oracle/run", description="Compare `vpce-doctor path` with an independent evaluator."
    )
    parser.add_argument(
        "--bin", default="target/debug/vpce-doctor", metavar="PATH", help="the program (default: %(default)s)"
    )
    parser.add_argument("--seeds", type=int, default=80, metavar="N", help="worlds (default: %(default)s)")
    parser.add_argument("--flows", type=int, default=20, metavar="N", help="flows in each (default: %(default)s)")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first seed (default: %(default)s)")
    parser.add_argument("--seed", type=int, metavar="SEED", help="only this world, with every check")
    parser.add_argument(
        "--every",
        type=int,
        default=10,
        metavar="N",
        help="metamorphic checks on every Nth world; 0: none (default: %(default)s)",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=multiprocessing.cpu_count(),
        metavar="N",
        help="worlds at a time (default: %(default)s)",
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of it")
    parser.add_argument(
        "--limit", type=int, default=20, metavar="N", help="disagreements printed in full (default: %(default)s)"
    )
    parser.add_argument("--keep", metavar="DIR", help="where the inventories of disagreements are kept")
    parser.add_argument("--every-blocker", action="store_true", help="a blocker left unnamed fails the run, too")
    parser.add_argument("--replay", metavar="DIR", help="ask again about a kept inventory")
    options = parser.parse_args()
    if options.quick:
        options.seeds = max(1, options.seeds // 10)
    return options


def _all(plan: Plan, seeds: list[int], jobs: int, limit: int) -> list[Outcome]:
    outcomes = []
    printed: Counter[str] = Counter()
    with multiprocessing.Pool(min(jobs, len(seeds))) as pool:
        for outcome in pool.imap(partial(trial.run, plan), seeds):
            outcomes.append(outcome)
            for kind, text in outcome.found:
                printed[kind] += 1
                if kind != "missed" and sum(printed.values()) - printed["missed"] <= limit:
                    print(text, end="\n\n", flush=True)
    return outcomes


def _summary(outcomes: list[Outcome], seconds: float, every_blocker: bool) -> int:
    verdicts = sum((one.verdicts for one in outcomes), Counter())
    found = Counter(kind for one in outcomes for kind, _ in one.found)
    failing = _FAILING | ({"missed"} if every_blocker else set())
    bad = sum(count for kind, count in found.items() if kind in failing)
    total = max(1, sum(verdicts.values()))
    shares = ", ".join(f"{100 * verdicts[one] // total} % {one}" for one in ("allow", "deny", "undecided", "error"))
    kinds = ", ".join(f"{count} {kind}" for kind, count in found.most_common())
    print(
        f"oracle: {len(outcomes)} worlds, {total} flows ({shares}; {sum(one.open for one in outcomes)} open),"
        f" {sum(one.asked for one in outcomes)} runs,"
        f" {bad} disagreements{f' ({kinds})' if kinds else ''}, {seconds:.0f} s"
    )
    return 1 if bad else 0


def _replay(binary: Path, place: Path) -> int:
    answer, reply, found = trial.replay(binary, place)
    print(reply.out or reply.err)
    for one in found:
        print(f"{one.kind}: {one.text}")
    for one in answer.blocks:
        print(f"evaluator: {one.why}")
    for why in sorted(set(answer.unknowns)):
        print(f"evaluator: unknown: {why}")
    print(f"oracle: evaluator {answer.verdict}, program {reply.verdict}, {len(found)} complaints")
    return 1 if any(one.kind in _FAILING for one in found) else 0
