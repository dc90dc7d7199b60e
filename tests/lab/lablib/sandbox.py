"""A private place to build worlds in: own network, own mounts, and own users where we are not root.

The lab runs itself again under `unshare`, also as root. Nothing it makes can then be seen from, or outlive it on,
the machine: no named namespace, no address, no file below `/run`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_INSIDE = "VPCE_DOCTOR_LAB_INSIDE"
_TOOLS = {
    "ip": "iproute2",
    "nft": "nftables",
    "openssl": "openssl",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "mount": "mount",
}


def enter(script: Path, arguments: list[str]) -> None:
    """Returns inside the sandbox, having replaced the process once."""
    # Debian keeps ip and nft where an ordinary user's PATH does not look.
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin"
    if missing := {package for tool, package in _TOOLS.items() if shutil.which(tool) is None}:
        sys.exit(f"lab: missing tools; on Debian: apt-get install {' '.join(sorted(missing))}")
    if os.environ.get(_INSIDE) is None:
        _again(script, arguments)


def _again(script: Path, arguments: list[str]) -> None:
    users = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    isolation = ["unshare", *users, "--net", "--mount", "--propagation", "private"]
    if subprocess.run([*isolation, "true"], stderr=subprocess.DEVNULL).returncode != 0:
        sys.exit("lab: cannot make namespaces: run as root, or allow unprivileged user namespaces")
    os.environ[_INSIDE] = "1"
    os.execvp("unshare", [*isolation, sys.executable, str(script), *arguments])


def prepare() -> None:
    """For each process that builds worlds, in namespaces of its own: a `/run` for the names of theirs."""
    resolv_conf = Path("/etc/resolv.conf").resolve()
    _run("mount", "-t", "tmpfs", "tmpfs", "/run")
    Path("/run/netns").mkdir()
    # Where resolv.conf is a link into /run, its target went away with the real /run: later it is mounted over.
    if not resolv_conf.exists() and resolv_conf.is_relative_to("/run"):
        resolv_conf.parent.mkdir(parents=True, exist_ok=True)
        resolv_conf.touch()
    _run("ip", "link", "set", "lo", "up")


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
