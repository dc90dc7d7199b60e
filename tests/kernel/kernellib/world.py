"""An inventory as namespaces of this machine, for as long as packets are sent through them."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from . import rulesets, wiring
from .inventory import Inventory
from .packets import Probe
from .wiring import Plan

_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)

#: Where a refusal was written down and which way the packet went → the step of the path, as the program calls it.
#: Groups are stateful: a reply that one of them refuses would be a fault of the world.
STEPS = {
    ("egress", True): "source-sg-egress",
    ("leaving", True): "source-nacl-egress",
    ("nowhere", True): "forward-route",
    ("entering", True): "destination-nacl-ingress",
    ("ingress", True): "destination-sg-ingress",
    ("leaving", False): "return-nacl-egress",
    ("nowhere", False): "return-route",
    ("entering", False): "return-nacl-ingress",
}


class World:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._places = {
            **{one.namespace: rulesets.ROUTER_PLACES for one in plan.routers},
            **{one.namespace: rulesets.HOST_PLACES for one in plan.hosts},
        }

    def namespace_of(self, address: str) -> str:
        """Where the host lives that holds an address."""
        holder = self.plan.inventory.holder(address)
        return next(one.namespace for one in self.plan.hosts if one.interface is holder)

    def observe(self) -> None:
        for namespace, places in self._places.items():
            _nft(namespace, rulesets.observe(places))

    def refusals(self) -> Iterator[tuple[str, Probe]]:
        """Every refused five-tuple, as the packet had it, and the place that refused it."""
        for namespace in self._places:
            with inside(namespace):
                command = ["nft", "--json", "--numeric", "list", "sets"]
                listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            for item in json.loads(listed)["nftables"]:
                for element in item.get("set", {}).get("elem", []):
                    # Some versions of nft wrap an element.
                    bare = element["elem"]["val"] if "elem" in element else element
                    source, destination, protocol, source_port, port = bare["concat"]
                    name = "tcp" if protocol in ("tcp", 6) else "udp"
                    place = item["set"]["name"].rpartition("_")[0]
                    yield place, Probe(source, int(source_port), destination, int(port), name)


@contextlib.contextmanager
def up(inventory: Inventory, prefix: str) -> Iterator[World]:
    plan = wiring.plan(inventory, prefix)
    try:
        _ip([], [f"netns add {name}" for name in plan.namespaces()])
        # Before there is a device: addresses that are still being tried for duplicates answer nobody.
        for name in plan.namespaces():
            _settle(name)
        _ip([], list(wiring.cables(plan)))
        for router in plan.routers:
            _ip(["-n", router.namespace], list(wiring.router_commands(plan, router)))
            _nft(router.namespace, rulesets.router(inventory, router.bridges))
        for host in plan.hosts:
            _ip(["-n", host.namespace], list(wiring.host_commands(plan, host)))
            _nft(host.namespace, rulesets.host(inventory, host.interface))
        yield World(plan)
    finally:
        lines = "\n".join(f"netns del {name}" for name in plan.namespaces())
        # What was not made cannot be deleted, and need not be.
        subprocess.run(["ip", "-force", "-batch", "-"], input=lines, text=True, stderr=subprocess.DEVNULL)


_SETTINGS = {
    "ipv4/ip_forward": "1",
    "ipv6/conf/all/forwarding": "1",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    "ipv6/conf/default/accept_dad": "0",
    # Where these exist, they would show the ACLs what stays inside a subnet.
    "bridge/bridge-nf-call-iptables": "0",
    "bridge/bridge-nf-call-ip6tables": "0",
}


def _settle(namespace: str) -> None:
    with inside(namespace):
        for name, value in _SETTINGS.items():
            with contextlib.suppress(FileNotFoundError):
                Path("/proc/sys/net", name).write_text(value)


def _ip(where: list[str], lines: list[str]) -> None:
    """A batch has one family, so the lines that must be IPv6 make a batch of their own."""
    six = [line.removeprefix("-6 ") for line in lines if line.startswith("-6 ")]
    rest = [line.removeprefix("-4 ") for line in lines if not line.startswith("-6 ")]
    for family, batch in (([], rest), (["-6"], six)):
        if batch:
            _run(["ip", *where, *family, "-batch", "-"], "\n".join(batch))


def _nft(namespace: str, text: str) -> None:
    with inside(namespace):
        _run(["nft", "-f", "-"], text)


def _run(command: list[str], text: str) -> None:
    done = subprocess.run(command, input=text, text=True, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()[:2000]}")


@contextlib.contextmanager
def inside(namespace: str) -> Iterator[None]:
    """This process is in another network namespace for a while; sockets made there stay there."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        _enter(there)
        yield
    finally:
        _enter(home)
        os.close(there)
        os.close(home)


def _enter(descriptor: int) -> None:
    if _LIBC.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
