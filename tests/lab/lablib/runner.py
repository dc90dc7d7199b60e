"""Runs one scenario: builds its world, starts the binary in it as a user would, compares, tears down."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import ec2, expect, fixes, imds, inventory, listeners, names, network
from .declaration import REGION, Scenario
from .expect import Outcome
from .network import Network

#: A check with `--timeout 2s` that has not ended by then never will.
HANG = 20.0
PASSES = "passes now: take `awaits` out of the scenario"
_LAB = Path(__file__).resolve().parent.parent
_numbers = itertools.count()


@dataclass(frozen=True)
class Job:
    scenario: Scenario
    #: Which of the scenario's inventories.
    kind: str

    @property
    def name(self) -> str:
        many = len(self.scenario.inventory.kinds) > 1
        return f"{self.scenario.name} ({self.kind})" if many else self.scenario.name


@dataclass(frozen=True)
class Result:
    job: Job
    #: The world did not do what the scenario claims: no verdict on the product.
    lab: list[str]
    #: The product did not say what the scenario claims.
    product: list[str]
    outcome: Outcome | None
    #: Seconds to build the world, servers included.
    built: float
    drops: list[str]

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
    #: Where the collected facts are kept, for `tests/scenarios`.
    record: Path | None = None


def run(job: Job, settings: Settings) -> Result:
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="lab-") as name, _world(job, settings, Path(name)) as net:
            return _check(job, settings, Path(name), net, time.monotonic() - started)
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        return Result(job, [f"the world could not be built: {error}"], [], None, 0.0, [])


def _check(job: Job, settings: Settings, folder: Path, net: Network, built: float) -> Result:
    mounts = network.resolver_files(job.scenario.world, folder)
    probe = _start(net, mounts, _probe(job.scenario), {"PYTHONPATH": str(_LAB)})
    outcome = None
    if settings.binary:
        command = [*_command(job, settings.binary, folder), *_recording(job, settings)]
        outcome = _finish(*_start(net, mounts, command, _environment(job, settings, folder)))
    lab = _lab_differences(job.scenario, _finish(*probe))
    product = expect.differences(job.scenario.expect, outcome) if outcome else []
    if outcome and not lab and not product and job.scenario.expect.verified_fix:
        product = _cure(job, settings, outcome)
    drops = network.drops(net) if lab or product else []
    if job.scenario.awaits and outcome and not product:
        return Result(job, lab, [PASSES], outcome, built, drops)
    return Result(job, lab, product, outcome, built, drops)


def _cure(job: Job, settings: Settings, outcome: Outcome) -> list[str]:
    """Builds the world anew with the verified fixes carried out: every connection must now be made."""
    world = job.scenario.world
    try:
        for command in fixes.verified(outcome.stdout):
            world = fixes.apply(world, command)
    except (ValueError, KeyError) as error:
        return [f"a verified fix cannot be carried out: {error}"]
    cured = Job(dataclasses.replace(job.scenario, world=world), "none")
    with tempfile.TemporaryDirectory(prefix="lab-") as name, _world(cured, settings, Path(name)) as net:
        mounts = network.resolver_files(world, Path(name))
        seen = json.loads(_finish(*_start(net, mounts, _probe(job.scenario), {"PYTHONPATH": str(_LAB)})).stdout)
    failing = {ip: what for ip, what in seen.items() if what != "connected"}
    return [f"with the verified fixes carried out, packets still fail: {failing}"] if failing else []


@contextlib.contextmanager
def _world(job: Job, settings: Settings, folder: Path) -> Iterator[Network]:
    scenario = job.scenario
    net = network.build(scenario.world, f"lab{next(_numbers)}")
    router: dict[str, Any] = {
        "dns": names.tables(scenario.world),
        "imds": imds.plan(scenario.world) if scenario.world.host.imds else None,
    }
    if job.kind == "ec2":
        router["ec2"] = ec2.plan(scenario.shown, scenario.inventory.denied)
    if job.kind == "directory":
        inventory.write(scenario.shown, scenario.inventory.denied, folder / "inventory")
    far = {"listeners": listeners.plan(scenario.world), "pki": str(settings.pki)}
    servers = [_serve(net, net.router, router), _serve(net, net.far, far)]
    try:
        for server in servers:
            assert server.stdout
            if server.stdout.readline() != "ready\n":
                raise RuntimeError(f"{job.name}: a server of the world did not start")
        yield net
    finally:
        for server in servers:
            server.kill()
            server.communicate()
        network.destroy(net)


def _serve(net: Network, namespace: str, plan: dict[str, Any]) -> subprocess.Popen[str]:
    command = net.inside(namespace, sys.executable, "-m", "lablib.serve")
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_LAB)
    assert server.stdin
    server.stdin.write(json.dumps(plan) + "\n")
    server.stdin.flush()
    return server


def _command(job: Job, binary: Path, folder: Path) -> list[str]:
    # With the EC2 API the default is put to the test: credentials in the environment and no option at all.
    option = {"directory": ["--inventory", str(folder / "inventory")], "none": ["--inventory", "none"]}
    fixed = ["--format", "json", "--timeout", "2s"]
    return [str(binary), "check", job.scenario.target, *option.get(job.kind, []), *fixed, *job.scenario.args]


def _recording(job: Job, settings: Settings) -> list[str]:
    if settings.record is None:
        return []
    file = settings.record / f"{job.name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    return ["--record", str(file)]


def _environment(job: Job, settings: Settings, folder: Path) -> dict[str, str]:
    environment = {"SSL_CERT_FILE": str(settings.root_certificate), "HOME": str(folder), "NO_COLOR": "1"}
    environment |= job.scenario.world.host.environment
    if not job.kind.startswith("ec2"):
        return environment
    api = network.API if job.kind == "ec2" else network.NOBODY
    credentials = {"AWS_ACCESS_KEY_ID": "lab", "AWS_SECRET_ACCESS_KEY": "lab"}
    return environment | credentials | {"AWS_REGION": REGION, "AWS_ENDPOINT_URL": f"http://{api}"}


def _probe(scenario: Scenario) -> list[str]:
    host, port = scenario.endpoint
    return [sys.executable, "-m", "lablib.probe", host, str(port)]


#: Runs `$@` with files of ours over the machine's, in mounts of its own.
_MOUNT_OVER = 'while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit 125; shift 2; done; shift; exec "$@"'


def _start(
    net: Network, mounts: dict[str, Path], command: list[str], environment: dict[str, str]
) -> tuple[subprocess.Popen[str], list[str], float]:
    pairs = [text for path, file in mounts.items() if Path(path).exists() for text in (str(file), path)]
    shell = ["unshare", "--mount", "--propagation", "slave", "sh", "-c", _MOUNT_OVER, "sh", *pairs, "--", *command]
    process = subprocess.Popen(
        net.inside(net.client, *shell),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], **environment},
        start_new_session=True,
    )
    return process, command, time.monotonic()


def _finish(process: subprocess.Popen[str], command: list[str], started: float) -> Outcome:
    hung = False
    try:
        stdout, stderr = process.communicate(timeout=HANG)
    except subprocess.TimeoutExpired:
        hung = True
        os.killpg(process.pid, signal.SIGKILL)
        stdout, stderr = process.communicate()
    return Outcome(command, process.returncode, stdout, stderr, time.monotonic() - started, hung)


def _lab_differences(scenario: Scenario, probe: Outcome) -> list[str]:
    try:
        seen = json.loads(probe.stdout)
    except ValueError:
        return [f"the lab's probe failed: {probe.stderr[-300:]}"]
    return [] if seen == scenario.packets else [f"packets: {seen}, the scenario says {scenario.packets}"]
