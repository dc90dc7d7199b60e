"""The instance metadata service, version 2 only: a token first, then the host's interface."""

from __future__ import annotations

import http.server
from typing import Any

from .declaration import REGION, ZONES, World
from .inventory import mac

_TOKEN = "lab-token"


def plan(world: World) -> dict[str, str]:
    """Every path below `/latest/` and its text."""
    client = world.client
    subnet, vpc, address = world.subnets[client.subnet], world.client_vpc, mac(client)
    interface = f"meta-data/network/interfaces/macs/{address}"
    fields = {
        "device-number": "0",
        "interface-id": client.id,
        "local-ipv4s": client.ip,
        "security-group-ids": "\n".join(client.groups),
        "security-groups": "\n".join(world.groups[id].name for id in client.groups),
        "subnet-id": subnet.id,
        "subnet-ipv4-cidr-block": subnet.cidr,
        "vpc-id": vpc.id,
        "vpc-ipv4-cidr-block": vpc.cidr,
        "vpc-ipv4-cidr-blocks": vpc.cidr,
    }
    return {
        "meta-data/instance-id": client.instance or "",
        "meta-data/local-ipv4": client.ip,
        "meta-data/mac": address,
        "meta-data/network/interfaces/macs/": f"{address}/",
        "meta-data/placement/availability-zone": ZONES[subnet.zone],
        "meta-data/placement/availability-zone-id": subnet.zone,
        "meta-data/placement/region": REGION,
        **{f"{interface}/{name}": value for name, value in fields.items()},
        f"{interface}/": "\n".join(fields),
    }


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        asked = self.path == "/latest/api/token" and "X-aws-ec2-metadata-token-ttl-seconds" in self.headers
        self._send(*((200, _TOKEN) if asked else (400, "")))

    def do_GET(self) -> None:
        if self.headers.get("X-aws-ec2-metadata-token") != _TOKEN:
            return self._send(401, "")
        paths: dict[str, str] = self.server.plan  # type: ignore[attr-defined]
        path = self.path.removeprefix("/latest/")
        text = paths.get(path, paths.get(f"{path}/"))
        self._send(*((404, "") if text is None else (200, text)))

    def _send(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: a run's output is its table."""


def server(address: str, plan: dict[str, str]) -> http.server.ThreadingHTTPServer:
    made = http.server.ThreadingHTTPServer((address, 80), Handler)
    made.plan = plan  # type: ignore[attr-defined]
    return made
