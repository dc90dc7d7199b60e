"""Would the lab notice? Switches rules off, and findings on for good, one at a time; a scenario must then fail.

The binary is one built with the Cargo feature `mutation`, which obeys two variables of its environment.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from . import debian, expect, sandbox
from .main import LAB, SCENARIOS, find_binary, load, workers
from .runner import Job, Result, Settings
from .scenario import Expect, Scenario

SCHEMA = LAB.parent.parent / "config" / "report-v1.schema.json"

#: The rule of this code is switched off.
WITHOUT = "VPCE_DOCTOR_MUTATE_WITHOUT"
#: This finding is always made, as a confirmed error.
ALWAYS = "VPCE_DOCTOR_MUTATE_ALWAYS"


@dataclass(frozen=True)
class Mutant:
    variable: str
    code: str
    #: Scenarios that ought to notice, the most promising first.
    suspects: tuple[Job, ...]

    @property
    def name(self) -> str:
        return f"{'without' if self.variable == WITHOUT else 'always '}  {self.code}"


@dataclass(frozen=True)
class Fate:
    mutant: Mutant
    #: The scenario that failed, and how; None: nobody noticed.
    killer: str | None
    why: str
    ran: int


def main() -> int:
    arguments = _arguments()
    try:
        scenarios, unreadable = load(arguments.paths or [SCENARIOS], arguments.only)
        binary = find_binary(arguments.bin)
        codes = _codes()
    except (OSError, ValueError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2
    sandbox.enter(LAB / "mutate", sys.argv[1:])
    started = time.monotonic()
    for one in unreadable:
        print(f"✗ {one.problem}")
    mutants = _mutants([one for one in scenarios if one.awaits is None], codes)
    fates = _hunt(mutants, binary, arguments.jobs)
    survivors = [one.mutant.name for one in fates if one.killer is None]
    runs = sum(one.ran for one in fates)
    took = time.monotonic() - started
    for name in survivors:
        print(f"survived: {name}")
    for what, variable in (("asks for", WITHOUT), ("forbids", ALWAYS)):
        if idle := sorted(set(codes) - {one.mutant.code for one in fates if one.mutant.variable == variable}):
            print(f"no scenario {what}: {', '.join(idle)}")
    killed = len(fates) - len(survivors)
    print(f"{len(fates)} mutants, {killed} killed, {len(survivors)} survived; {runs} runs, {took:.1f} s")
    return 1 if survivors or unreadable else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mutate", description="Spoils one rule at a time; a scenario must notice.")
    add = parser.add_argument
    add("paths", nargs="*", type=Path, metavar="FILE-OR-FOLDER", help="scenarios to use (default: all)")
    add("--bin", type=Path, required=True, help="a binary built with the feature `mutation`")
    add("--only", default="*", metavar="GLOB", help="scenarios whose FAMILY/NAME fits")
    add("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="worlds at a time (default: %(default)s)")
    return parser.parse_args()


def _codes() -> list[str]:
    """Every code that a report of `check` can hold; `explain` also lists those that `path` alone can meet, which no rule makes."""
    return sorted(json.loads(SCHEMA.read_text())["$defs"]["code"]["enum"])


def _mutants(scenarios: list[Scenario], codes: list[str]) -> list[Mutant]:
    jobs = [Job(one, one.kinds(("directory",))[0]) for one in scenarios if not debian.missing(one.world)]
    made = []
    for code in codes:
        finders = [job for job in jobs if any(_finds(one, code) for one in job.scenario.expect.all())]
        if finders:
            # Whose primary it is notices most surely.
            finders.sort(key=lambda job: not any(code == one.primary for one in job.scenario.expect.all()))
            made.append(Mutant(WITHOUT, code, tuple(finders)))
    for code in codes:
        deniers = [job for job in jobs if any(expect.is_absent(one, code) for one in job.scenario.expect.all())]
        if deniers:
            # One must do. A healthy world answers at once, a broken one after the probe's timeout.
            deniers.sort(key=lambda job: any(one.verdict != "healthy" for one in job.scenario.expect.all()))
            made.append(Mutant(ALWAYS, code, tuple(deniers[:1])))
    return made


def _finds(wanted: Expect, code: str) -> bool:
    return code in wanted.choices or code in wanted.codes


def _hunt(mutants: list[Mutant], binary: Path, count: int) -> list[Fate]:
    def settings(root: Path, folder: Path) -> Settings:
        return Settings(binary, root.parent, root, folder)

    fates = []
    with workers(count, settings) as run, ThreadPoolExecutor(max_workers=count) as pool:
        sane = _Sane(run)
        for fate in pool.map(lambda one: _chase(one, run, sane), mutants):
            fates.append(fate)
            verdict = f"killed by {fate.killer}: {fate.why}" if fate.killer else f"SURVIVED {fate.why}"
            print(f"{'✓' if fate.killer else '✗'} {fate.mutant.name:40}  {verdict}", flush=True)
    return fates


class _Sane:
    """Whether a scenario passes with the rules as they are; asked only about those that seem to have noticed."""

    def __init__(self, run: Callable[[Job], Result]) -> None:
        self._run, self._known, self._lock = run, dict[str, bool](), threading.Lock()

    def __call__(self, job: Job) -> bool:
        with self._lock:
            known = self._known.get(job.name)
        if known is None:
            known = self._run(job).ok
            with self._lock:
                self._known[job.name] = known
        return known


def _chase(mutant: Mutant, run: Callable[[Job], Result], sane: _Sane) -> Fate:
    for number, job in enumerate(mutant.suspects, 1):
        result = run(replace(job, environment={mutant.variable: mutant.code}))
        if result.product and not result.lab and sane(job):
            return Fate(mutant, job.name, result.product[0], number)
    tried = ", ".join(job.name for job in mutant.suspects[:4])
    return Fate(mutant, None, f"{len(mutant.suspects)} scenarios: {tried}", len(mutant.suspects))
