"""A world that is up: its network, its servers, its configuration shown in one of several ways."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import debian, ec2, ec2_faults, imds, inventory, listeners, moto, names, network, serve
from .declaration import REGION, World
from .fork import Fork
from .network import Network
from .scenario import Inventory

LAB = Path(__file__).resolve().parent.parent
_FAULTS = "ec2-faults"
_numbers = itertools.count()


@dataclass(frozen=True)
class Plan:
    """What a stage is built of."""

    kind: str
    world: World
    #: The world that the configuration shows.
    shown: World
    inventory: Inventory
    #: Certificates of the listeners.
    pki: Path
    #: A Python that has moto, for the kind of that name.
    moto: Path | None = None


@dataclass(frozen=True)
class Stage:
    plan: Plan
    net: Network
    folder: Path
    mounts: dict[str, Path]
    #: Declared id to the id that the API gave instead.
    ids: dict[str, str] = field(default_factory=dict)

    def options(self) -> list[str]:
        """How the binary is told where the configuration is."""
        # With the EC2 API the default is put to the test: credentials in the environment and no option at all.
        known = {"directory": ["--inventory", str(self.folder / "inventory")], "none": ["--inventory", "none"]}
        return known.get(self.plan.kind, [])

    def environment(self) -> dict[str, str]:
        if self.plan.kind not in ("ec2", "moto", "ec2-unreachable"):
            return {}
        api = network.NOBODY if self.plan.kind == "ec2-unreachable" else network.API
        credentials = {"AWS_ACCESS_KEY_ID": "lab", "AWS_SECRET_ACCESS_KEY": "lab"}
        return credentials | {"AWS_REGION": REGION, "AWS_ENDPOINT_URL": f"http://{api}"}

    def unused_faults(self) -> list[str]:
        """Misbehaviour of the API that was declared and not met."""
        return ec2_faults.unused(self.plan.inventory, self.folder / _FAULTS) if self.plan.kind == "ec2" else []

    def declared(self, text: str) -> str:
        """A text with the API's ids as the scenario declares them."""
        return substitute(text, {given: own for own, given in self.ids.items()})


def substitute(text: str, ids: dict[str, str]) -> str:
    """Replaces whole ids: `vpce-a` is not part of `vpce-a-2`, and `vpce-a-lab12345` is an endpoint's DNS name."""
    if not ids:
        return text
    longest_first = "|".join(re.escape(one) for one in sorted(ids, key=len, reverse=True))
    return re.sub(rf"(?<![\w-])({longest_first})(?!\w|-(?!lab12345))", lambda match: ids[match[1]], text)


@contextlib.contextmanager
def stage(plan: Plan, folder: Path) -> Iterator[Stage]:
    """Builds everything; takes it down at the end, whatever happened in between."""
    net = network.build(plan.world, f"lab{next(_numbers)}")
    servers: list[Fork] = []
    others: list[subprocess.Popen[str]] = []
    try:
        ids = _serve_configuration(plan, net, folder, others)
        router: dict[str, Any] = {
            "dns": names.tables(plan.world),
            "imds": imds.plan(plan.world) if plan.world.host.imds else None,
        }
        if plan.kind == "ec2":
            router["ec2"] = ec2.plan(plan.shown, ec2_faults.plan(plan.inventory, folder / _FAULTS))
        far = {"listeners": listeners.plan(plan.world), "pki": str(plan.pki)}
        servers.append(_serve(net.router, substitute(json.dumps(router), ids)))
        servers.append(_serve(net.far, json.dumps(far)))
        if stubs := listeners.stubs(plan.world):
            servers.append(_serve(net.client, json.dumps({"listeners": stubs, "pki": str(plan.pki)})))
        if any(one.line() != "ready\n" for one in servers):
            raise RuntimeError("a server of the world did not start")
        others.extend(debian.start(plan.world, net, folder))
        yield Stage(plan, net, folder, network.resolver_files(plan.world, folder), ids)
    finally:
        for server in servers:
            server.end()
        for other in others:
            other.kill()
            other.communicate()
        network.destroy(net)


def _serve_configuration(plan: Plan, net: Network, folder: Path, others: list[subprocess.Popen[str]]) -> dict[str, str]:
    if plan.kind == "directory":
        inventory.write(plan.shown, plan.inventory.denied, folder / "inventory")
    if plan.kind != "moto":
        return {}
    assert plan.moto
    server, ids = moto.serve(plan.shown, net, plan.moto, folder / "moto.log")
    others.append(server)
    return ids


def _serve(namespace: str, plan: str) -> Fork:
    return Fork(Path("/run/netns") / namespace, plan + "\n", serve.main)
