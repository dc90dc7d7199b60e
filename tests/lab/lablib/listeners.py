"""The provider's side: what answers, or does not, behind each address of an endpoint."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import time
from pathlib import Path
from typing import Any

from .declaration import World
from .network import far_addresses

#: Longer than any probe waits, short enough that a forgotten thread ends by itself.
_PATIENCE = 15.0


def plan(world: World) -> list[dict[str, Any]]:
    """Every socket to open. `none` and `silent` open none: a RST and, by the provider's nftables, silence."""
    sockets: dict[tuple[str, int], Any] = {}
    for where, listener in sorted(world.listeners.items(), key=lambda item: ":" in item[0]):
        ip, _, port = where.rpartition(":")
        for address in [ip] if ip else far_addresses(world):
            sockets[address, int(port)] = listener
    return [
        {"ip": ip, "port": port, "kind": one.kind, "certificate": one.certificate, "status": one.status}
        for (ip, port), one in sockets.items()
        if one.kind not in ("none", "silent")
    ]


def servers(sockets: list[dict[str, Any]], pki: Path) -> list[socketserver.BaseServer]:
    return [_server(one, pki) for one in sockets]


def _server(what: dict[str, Any], pki: Path) -> socketserver.BaseServer:
    server = _Server((what["ip"], what["port"]), _HANDLERS[what["kind"]])
    server.status = what["status"]
    if what["kind"] == "tls":
        server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.tls.load_cert_chain(pki / f"{what['certificate']}.chain", pki / f"{what['certificate']}.key")
    return server


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64
    status: int
    tls: ssl.SSLContext


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.settimeout(_PATIENCE)
        with contextlib.suppress(OSError):
            while data := self.request.recv(4096):
                self.request.sendall(data)


class _Mute(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        time.sleep(_PATIENCE)


class _Http(socketserver.BaseRequestHandler):
    """Answers whatever arrives, a ClientHello too, as web servers do on a port without TLS."""

    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self.serve(self.request)

    def serve(self, stream: socket.socket) -> None:
        stream.settimeout(_PATIENCE)
        request = stream.recv(4096)
        if request:
            status = self.server.status if request[:1].isalpha() else 400
            body = b"lab\n"
            head = f"HTTP/1.1 {status} Lab\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            stream.sendall(head.encode() + body)


class _Tls(_Http):
    def serve(self, stream: socket.socket) -> None:
        stream.settimeout(_PATIENCE)
        with self.server.tls.wrap_socket(stream, server_side=True) as secure:
            super().serve(secure)


_HANDLERS: dict[str, type[socketserver.BaseRequestHandler]] = {"http": _Http, "mute": _Mute, "tcp": _Echo, "tls": _Tls}
