"""The world's configuration shown by moto, an EC2 API that is not ours and gives ids of its own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from . import ec2, network
from .declaration import REGION, World
from .network import Network

_SCRIPT = Path(__file__).resolve().parents[2] / "moto" / "lab.py"


def serve(world: World, net: Network, python: Path, log: Path) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """The server's process, and moto's id for every declared one. It ends with its input, like every server here."""
    plan = {**ec2.documents(world), "region": REGION, "address": network.API, "port": 80}
    command = net.inside(net.router, str(python), "-B", str(_SCRIPT))
    with log.open("w") as errors:
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert server.stdin and server.stdout
    server.stdin.write(json.dumps(plan) + "\n")
    server.stdin.flush()
    line = server.stdout.readline()
    if not line:
        raise RuntimeError(f"moto cannot be given this world: {log.read_text().strip()[-300:]}")
    ids: dict[str, str] = json.loads(line)
    return server, ids
