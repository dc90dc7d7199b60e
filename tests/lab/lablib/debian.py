"""Name servers as Debian ships them, in place of the lab's own: for what only real software does.

knot serves its records with authority; dnsmasq and unbound ask others, and keep what they hear.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import names
from .declaration import DnsServer, World, on_this_host
from .network import Network

#: The program and the package of each software.
PROGRAMS = {"dnsmasq": ("dnsmasq", "dnsmasq-base"), "knot": ("knotd", "knot"), "unbound": ("unbound", "unbound")}
_PATIENCE = 5.0


def servers(world: World) -> dict[str, DnsServer]:
    """By address."""
    return {ip: one for ip, one in world.dns.servers.items() if one.software != "lab"}


def missing(world: World) -> set[str]:
    """The packages that the world wants and this machine lacks."""
    wanted = (PROGRAMS[one.software] for one in servers(world).values())
    return {package for program, package in wanted if shutil.which(program) is None}


def start(world: World, net: Network, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Each answers before the next is started."""
    for number, (ip, server) in enumerate(servers(world).items()):
        home = folder / f"dns-{number}"
        home.mkdir()
        namespace = net.client if on_this_host(ip) else net.far
        with (home / "log").open("w") as log:
            yield subprocess.Popen(
                net.inside(namespace, *_COMMANDS[server.software](world, ip, server, home)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )
        _wait(net, namespace, ip, home / "log")


def _wait(net: Network, namespace: str, ip: str, log: Path) -> None:
    command = net.inside(namespace, "ss", "--no-header", "--listening", "--tcp", "--numeric", f"src {ip}:53")
    end = time.monotonic() + _PATIENCE
    while not subprocess.run(command, capture_output=True, check=True).stdout:
        if time.monotonic() > end:
            raise RuntimeError(f"the name server at {ip} did not start: {log.read_text()[-300:]}")
        time.sleep(0.02)


def _dnsmasq(world: World, ip: str, server: DnsServer, home: Path) -> list[str]:
    lines = [f"listen-address={ip}", "bind-interfaces", "no-resolv", "no-hosts", "user=root", "pid-file="]
    lines += [*(f"server={upstream}" for upstream in server.upstreams), *server.settings]
    return ["dnsmasq", "--keep-in-foreground", "--log-facility=-", f"--conf-file={_written(home / 'conf', lines)}"]


def _unbound(world: World, ip: str, server: DnsServer, home: Path) -> list[str]:
    lines = ["server:", f"interface: {ip}", "access-control: 0.0.0.0/0 allow", "do-ip6: no", "do-daemonize: no"]
    lines += [f'directory: "{home}"', 'chroot: ""', 'username: ""', 'pidfile: ""', "use-syslog: no"]
    # Nothing in the lab is signed, and the root's keys are out of reach.
    lines += ['module-config: "iterator"', "ede: yes", "do-not-query-localhost: no", *server.settings]
    lines += ["remote-control:", "control-enable: no", "forward-zone:", 'name: "."']
    lines += [f"forward-addr: {upstream}" for upstream in server.upstreams]
    return ["unbound", "-d", "-c", _written(home / "conf", lines)]


def _knot(world: World, ip: str, server: DnsServer, home: Path) -> list[str]:
    zones: dict[str, list[str]] = defaultdict(list)
    records = names.records(world, server.records)
    parents = {name.partition(".")[2] for name in records}
    for name, what in records.items():
        # The widest, so that an alias does not leave it.
        zone = min((one for one in parents if name.endswith(f".{one}")), key=len)
        zones[zone] += _zone_lines(name, what)
    lines = ["server:", f"  listen: {ip}@53", f'  rundir: "{home}"', *(f"  {line}" for line in server.settings)]
    lines += ["database:", f'  storage: "{home}"', "log:", "  - target: stderr", "    any: warning", "zone:"]
    for zone, entries in zones.items():
        start = [f"{zone}. 60 SOA ns.{zone}. hostmaster.{zone}. 1 7200 900 1209600 60", f"{zone}. 60 NS ns.{zone}."]
        file = _written(home / f"{zone}.zone", [*start, *entries])
        lines += [f"  - domain: {zone}", f'    file: "{file}"']
    return ["knotd", "-c", _written(home / "conf", lines)]


def _zone_lines(name: str, what: dict[str, Any]) -> list[str]:
    ttl = what.get("ttl", 60)
    if "cname" in what:
        return [f"{name}. {ttl} CNAME {what['cname']}."]
    if "addresses" not in what:
        raise ValueError(f"dns: knot cannot say {what} of {name}")
    return [f"{name}. {ttl} {'AAAA' if ':' in ip else 'A'} {ip}" for ip in what["addresses"]]


def _written(file: Path, lines: list[str]) -> str:
    file.write_text("\n".join([*lines, ""]))
    return str(file)


_COMMANDS = {"dnsmasq": _dnsmasq, "knot": _knot, "unbound": _unbound}
