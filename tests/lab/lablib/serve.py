"""A process that serves one namespace: reads what to serve as one line of JSON, says `ready`, ends with its input.

Ending with the input means that no server outlives the lab, however the lab ends.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from . import dns, ec2, imds, listeners, network


def main() -> None:
    plan = json.loads(sys.stdin.readline())
    for server in _servers(plan):
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 5}, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()
    # Handlers may sit in a read for seconds; nothing here needs an orderly end.
    os._exit(0)


def _servers(plan: dict[str, Any]) -> list[Any]:
    servers: list[Any] = []
    if "dns" in plan:
        servers += dns.servers(list(network.RESOLVERS), plan["dns"])
    if plan.get("imds"):
        servers.append(imds.server(network.METADATA, plan["imds"]))
    if "ec2" in plan:
        servers.append(ec2.server(network.API, plan["ec2"]))
    if "listeners" in plan:
        servers += listeners.servers(plan["listeners"], Path(plan["pki"]))
    return servers


if __name__ == "__main__":
    main()
