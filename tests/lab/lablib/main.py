"""The command line: which scenarios, which binary, two at a time, one table."""

from __future__ import annotations

import argparse
import fnmatch
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import declaration, pki, report, sandbox
from .runner import Job, Result, Settings, run

_LAB = Path(__file__).resolve().parent.parent
_SCENARIOS = _LAB / "scenarios"


def main() -> int:
    arguments = _arguments()
    try:
        jobs = _jobs(arguments)
        binary = None if arguments.packets_only else _binary(arguments.bin)
    except (OSError, ValueError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2
    sandbox.enter(_LAB / "run", sys.argv[1:])
    started = time.monotonic()
    results = _run(jobs, binary, arguments)
    print(report.figures(results, time.monotonic() - started))
    if arguments.junit:
        report.junit(results, arguments.junit)
    return 0 if all(one.ok for one in results) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run", description="Puts the built binary into worlds of real packets.")
    add = parser.add_argument
    add("paths", nargs="*", type=Path, metavar="FILE-OR-FOLDER", help="scenarios to run (default: all)")
    add("--bin", type=Path, help="the binary (default: the debug build)")
    add("--only", default="*", metavar="GLOB", help="scenarios whose FAMILY/NAME fits")
    add("--junit", type=Path, metavar="FILE", help="also write the result as JUnit XML")
    add("--reports", type=Path, metavar="FOLDER", help="keep every JSON report there")
    add("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="worlds at a time (default: %(default)s)")
    add("--packets-only", action="store_true", help="check the worlds themselves; needs no binary")
    add("--record", type=Path, metavar="FOLDER", help="keep the facts that each run collects")
    add("--verbose", action="store_true", help="print standard output and error of what fails")
    return parser.parse_args()


def _jobs(arguments: argparse.Namespace) -> list[Job]:
    found: list[Path] = []
    for path in arguments.paths or [_SCENARIOS]:
        found += sorted(path.resolve().rglob("*.toml")) if path.is_dir() else [path.resolve()]
    scenarios = [declaration.load(file, _LAB) for file in found]
    chosen = [one for one in scenarios if fnmatch.fnmatchcase(one.name, arguments.only)]
    if not chosen:
        raise ValueError("no scenario fits")
    return [Job(one, kind) for one in chosen for kind in one.inventory.kinds]


def _binary(given: Path | None) -> Path:
    target = Path(os.environ.get("CARGO_TARGET_DIR", _LAB.parent.parent / "target"))
    binary = (given or target / "debug" / "vpce-doctor").resolve()
    if not os.access(binary, os.X_OK):
        raise ValueError(f"no binary at {binary}: run cargo build, or give --bin")
    return binary


def _run(jobs: list[Job], binary: Path | None, arguments: argparse.Namespace) -> list[Result]:
    results = []
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        keys = Path(folder) / "pki"
        record = arguments.record.resolve() if arguments.record else None
        settings = Settings(binary, keys, pki.make(keys), record)
        with ThreadPoolExecutor(max_workers=arguments.jobs) as pool:
            for result in pool.map(lambda job: run(job, settings), jobs):
                results.append(result)
                print("\n".join(report.lines(result)), flush=True)
                if arguments.reports and result.outcome:
                    report.keep(result.job.name, result.outcome, arguments.reports)
                if arguments.verbose and not result.ok and result.outcome:
                    print(result.outcome.stdout, result.outcome.stderr, sep="\n", flush=True)
    return results
