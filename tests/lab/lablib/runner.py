"""Runs one scenario: builds its world, starts the binary in it as a user would, compares, tears down."""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import expect, fixes, network
from .process import HANG, Outcome, Program
from .scenario import Scenario, endpoint
from .stage import LAB, Plan, Stage, stage

PASSES = "passes now: take `awaits` out of the scenario"


@dataclass(frozen=True)
class Job:
    scenario: Scenario
    #: Which of the scenario's inventories.
    kind: str
    #: One of several runs of this scenario.
    one_of_many: bool = False
    #: Further variables of the binary's environment.
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.scenario.name} ({self.kind})" if self.one_of_many else self.scenario.name

    @property
    def patience(self) -> float:
        """How long the binary may take before it is killed."""
        return max(HANG, self.scenario.expect.max_seconds + 5)


@dataclass(frozen=True)
class Result:
    job: Job
    #: The world did not do what the scenario claims: no verdict on the product.
    lab: list[str]
    #: The product did not say what the scenario claims.
    product: list[str]
    outcome: Outcome | None = None
    #: Seconds to build the world, servers included.
    built: float = 0.0
    drops: list[str] = field(default_factory=list)

    @property
    def awaited(self) -> bool:
        """It differs as the scenario foretells."""
        return self.job.scenario.awaits is not None and bool(self.product) and self.product != [PASSES] and not self.lab

    @property
    def ok(self) -> bool:
        return self.awaited or not (self.lab or self.product)


@dataclass(frozen=True)
class Settings:
    #: None: only the packets are checked.
    binary: Path | None
    pki: Path
    root_certificate: Path
    #: For whatever a run needs; removed at the end, also after those that were killed.
    folder: Path
    #: A Python that has moto.
    moto: Path | None = None
    #: Where the collected facts are kept, for `tests/scenarios`.
    record: Path | None = None


def run(job: Job, settings: Settings, say: Callable[[Result], None]) -> None:
    """Says the result before the world is taken down: that, too, may fail."""
    with tempfile.TemporaryDirectory(prefix="world-", dir=settings.folder) as name:
        folder = Path(name)
        since, early = _earlier(job, settings, folder) if settings.binary else ([], [])
        started = time.monotonic()
        with stage(_plan(job, settings), _made(folder / "now")) as up:
            built = time.monotonic() - started
            result = _check(job, settings, up, since)
            product = [*early, *result.product]
            if not (product or result.lab) and result.outcome:
                product = _cure(job, settings, result.outcome, folder)
            if job.scenario.awaits and result.outcome and not product:
                product = [PASSES]
            drops = network.drops(up.net) if result.lab or product else []
            say(dataclasses.replace(result, product=product, built=built, drops=drops))


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _plan(job: Job, settings: Settings) -> Plan:
    scenario = job.scenario
    return Plan(job.kind, scenario.world, scenario.shown, scenario.inventory, settings.pki, settings.moto)


def _check(job: Job, settings: Settings, up: Stage, since: list[str]) -> Result:
    scenario = job.scenario
    probes = {host: _probe(up, host) for host in scenario.packets}
    outcome = None
    if settings.binary:
        outcome = _start(job, settings, up, [*since, *_recording(job, settings)]).finish(job.patience)
        outcome = dataclasses.replace(outcome, stdout=up.declared(outcome.stdout))
    lab = [text for host, probe in probes.items() for text in _lab_differences(scenario, host, probe.finish())]
    if outcome is None:
        return Result(job, lab, [])
    product = expect.differences(scenario.expect, len(scenario.targets), outcome)
    return Result(job, lab if product else [*lab, *up.unused_faults()], product, outcome)


def _earlier(job: Job, settings: Settings, folder: Path) -> tuple[list[str], list[str]]:
    """The run when all was well: the options that point to its record, and what was wrong then."""
    before = job.scenario.before
    if before is None:
        return [], []
    plan = dataclasses.replace(_plan(job, settings), world=before.world, shown=before.world)
    file = folder / "earlier.json"
    with stage(plan, _made(folder / "before")) as up:
        outcome = _start(job, settings, up, ["--record", str(file)]).finish(job.patience)
    verdicts = expect.verdicts(outcome)
    wrong = {name: one for name, one in verdicts.items() if one != before.verdict}
    if wrong or not verdicts or not file.exists():
        said = wrong or expect.said(outcome)
        return [], [f"before: every target must be {before.verdict}, and the facts recorded: {said}"]
    return ["--since", str(file)], []


def _cure(job: Job, settings: Settings, outcome: Outcome, folder: Path) -> list[str]:
    """Builds the world anew with the verified fixes carried out: every connection must now be made."""
    world = job.scenario.world
    targets = [one for wanted, one in expect.pairs(job.scenario.expect, outcome) if wanted.verified_fix]
    if not targets:
        return []
    try:
        for command in fixes.verified(targets):
            world = fixes.apply(world, command)
    except (ValueError, KeyError) as error:
        return [f"a verified fix cannot be carried out: {error}"]
    plan = dataclasses.replace(_plan(job, settings), kind="none", world=world)
    hosts = {f"{one['host']}:{one['port']}" for one in targets} & set(job.scenario.packets)
    with stage(plan, _made(folder / "cured")) as up:
        probes = [_probe(up, host) for host in hosts]
        seen = [json.loads(one.finish().stdout) for one in probes]
    failing = {where: what for one in seen for where, what in one.items() if what != "connected"}
    return [f"with the verified fixes carried out, packets still fail: {failing}"] if failing else []


def _start(job: Job, settings: Settings, up: Stage, more: list[str]) -> Program:
    scenario = job.scenario
    targets = [*scenario.targets]
    if scenario.config is not None:
        (up.folder / "config.yaml").write_text(scenario.config)
        targets = ["--config", str(up.folder / "config.yaml")]
    fixed = ["--format", "json", "--timeout", "2s"]
    command = [str(settings.binary), "check", *targets, *up.options(), *fixed, *scenario.args, *more]
    own = {"SSL_CERT_FILE": str(settings.root_certificate), "HOME": str(up.folder), "NO_COLOR": "1"}
    own |= up.plan.world.host.environment
    return Program(up.net, up.mounts, command, {**own, **up.environment(), **job.environment})


def _recording(job: Job, settings: Settings) -> list[str]:
    if settings.record is None:
        return []
    file = settings.record / f"{job.name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    return ["--record", str(file)]


def _probe(up: Stage, where: str) -> Program:
    host, _, port = where.rpartition(":")
    command = [sys.executable, "-m", "lablib.probe", host, port]
    return Program(up.net, up.mounts, command, {"PYTHONPATH": str(LAB), "PYTHONDONTWRITEBYTECODE": "1"})


def _lab_differences(scenario: Scenario, host: str, probe: Outcome) -> list[str]:
    wanted = scenario.packets[host]
    to = "" if list(map(endpoint, scenario.targets)) == [host] else f" to {host}"
    try:
        seen = json.loads(probe.stdout)
    except ValueError:
        return [f"the lab's probe{to} failed: {probe.stderr[-300:]}"]
    return [] if seen == wanted else [f"packets{to}: {seen}, the scenario says {wanted}"]
