"""The command line: which scenarios, which binary, two at a time, one table."""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import os
import queue
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import debian, pki, report, sandbox, scenario
from .report import Unreadable
from .runner import Job, Result, Settings
from .scenario import Scenario
from .worker import Worker

LAB = Path(__file__).resolve().parent.parent
SCENARIOS = LAB / "scenarios"
#: `--inventory`. The others are what their scenarios are about.
_KINDS = ("ec2", "directory", "moto")


def main() -> int:
    # Ends as an exception does: worlds and temporary files go with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    arguments = _arguments()
    try:
        scenarios, unreadable = load(arguments.paths or [SCENARIOS], arguments.only)
        binary = None if arguments.packets_only else find_binary(arguments.bin)
    except (OSError, ValueError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2
    sandbox.enter(LAB / "run", sys.argv[1:])
    started = time.monotonic()
    for one in unreadable:
        print("\n".join(report.unreadable(one)), flush=True)
    jobs = make_jobs(scenarios, tuple(arguments.inventory))
    moto = _moto()
    possible = [one for one in jobs if not wanted(one, moto)]
    skipped = Counter(why for one in jobs if (why := wanted(one, moto)))
    results = _run(possible, binary, moto, arguments)
    done = report.Run(results, unreadable, skipped, time.monotonic() - started)
    if binary:
        print("\n".join(report.measure(results)))
    print(report.figures(done))
    if arguments.junit:
        report.junit(done, arguments.junit)
    return 0 if done.ok else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run", description="Puts the built binary into worlds of real packets.")
    add = parser.add_argument
    add("paths", nargs="*", type=Path, metavar="FILE-OR-FOLDER", help="scenarios to run, from anywhere (default: all)")
    add("--bin", type=Path, help="the binary (default: the debug build)")
    add("--only", default="*", metavar="GLOB", help="scenarios whose FAMILY/NAME fits")
    how = "show every configuration this way, where it can be shown either way; may be given several times"
    add("--inventory", action="append", default=[], choices=_KINDS, help=how)
    add("--junit", type=Path, metavar="FILE", help="also write the result as JUnit XML")
    add("--reports", type=Path, metavar="FOLDER", help="keep every JSON report there")
    add("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="worlds at a time (default: %(default)s)")
    add("--packets-only", action="store_true", help="check the worlds themselves; needs no binary")
    add("--record", type=Path, metavar="FOLDER", help="keep the facts that each run collects")
    add("--verbose", action="store_true", help="print standard output and error of what fails")
    return parser.parse_args()


def load(paths: list[Path], only: str = "*") -> tuple[list[Scenario], list[Unreadable]]:
    """What can be read, and what cannot: a slip in one file is no reason to leave the others out."""
    files = list(dict.fromkeys(file for path in paths for file in scenario.find(path.resolve(strict=True))))
    scenarios, unreadable = [], []
    for file in files:
        if not fnmatch.fnmatchcase(name := scenario.scenario_name(file), only):
            continue
        try:
            scenarios.append(scenario.load(file, LAB))
        except ValueError as error:
            unreadable.append(Unreadable(name, str(error)))
    if not (scenarios or unreadable):
        raise ValueError("no scenario fits")
    return scenarios, unreadable


def make_jobs(scenarios: list[Scenario], wanted: tuple[str, ...]) -> list[Job]:
    kinds = [(one, one.kinds(wanted)) for one in scenarios]
    return [Job(one, kind, len(own) > 1) for one, own in kinds for kind in own]


def wanted(job: Job, moto: Path | None) -> str | None:
    """What has to be there before this can run."""
    if job.kind == "moto" and not moto:
        return "set VPCE_DOCTOR_MOTO to a Python with moto"
    packages = debian.missing(job.scenario.world)
    return f"apt-get install {' '.join(sorted(packages))}" if packages else None


def find_binary(given: Path | None) -> Path:
    target = Path(os.environ.get("CARGO_TARGET_DIR", LAB.parent.parent / "target"))
    binary = (given or target / "debug" / "vpce-doctor").resolve()
    if not os.access(binary, os.X_OK):
        raise ValueError(f"no binary at {binary}: run cargo build, or give --bin")
    return binary


@contextlib.contextmanager
def workers(count: int, settings: Callable[[Path, Path], Settings]) -> Iterator[Callable[[Job], Result]]:
    """A function that runs a job on whichever worker is free. `settings`: from the root certificate and a folder."""
    with tempfile.TemporaryDirectory(prefix="lab-") as name:
        keys = Path(name) / "pki"
        made = settings(pki.make(keys), Path(name))
        idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        all = [Worker(made) for _ in range(count)]
        for one in all:
            idle.put(one)

        def run(job: Job) -> Result:
            worker = idle.get()
            try:
                return worker.run(job)
            finally:
                idle.put(worker)

        try:
            yield run
        finally:
            for one in all:
                one.close()


def _moto() -> Path | None:
    """The Python that has moto, as `tests/moto.rs` is told of it too."""
    found = shutil.which(os.environ.get("VPCE_DOCTOR_MOTO") or "/nowhere")
    return Path(found).absolute() if found else None


def _run(jobs: list[Job], binary: Path | None, moto: Path | None, arguments: argparse.Namespace) -> list[Result]:
    results = []
    record = arguments.record.resolve() if arguments.record else None

    def settings(root: Path, folder: Path) -> Settings:
        return Settings(binary, root.parent, root, folder, moto, record)

    with workers(arguments.jobs, settings) as run, ThreadPoolExecutor(max_workers=arguments.jobs) as pool:
        for result in pool.map(run, jobs):
            results.append(result)
            print("\n".join(report.lines(result)), flush=True)
            if arguments.reports and result.outcome:
                report.keep(result.job.name, result.outcome, arguments.reports)
            if arguments.verbose and not result.ok and result.outcome:
                print(result.outcome.stdout, result.outcome.stderr, sep="\n", flush=True)
    return results
