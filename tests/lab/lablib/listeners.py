"""The provider's side: what answers, or does not, behind each address of an endpoint."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import socketserver
import ssl
import struct
import time
from pathlib import Path
from typing import Any

from . import dns, names
from .declaration import Listener, World, on_this_host
from .network import far_addresses

#: Longer than any probe waits, short enough that a forgotten thread ends by itself.
_PATIENCE = 15.0


def plan(world: World) -> list[dict[str, Any]]:
    """Every socket to open, name servers of the user's own included. Some kinds open none: nftables does them."""
    sockets: dict[tuple[str, int], Listener] = {}
    for where, listener in sorted(world.listeners.items(), key=lambda item: ":" in item[0]):
        ip, _, port = where.rpartition(":")
        for address in [ip] if ip else far_addresses(world):
            sockets[address, int(port)] = listener
    opened = [
        {"ip": ip, "port": port, **dataclasses.asdict(one)}
        for (ip, port), one in sockets.items()
        if one.kind in _HANDLERS
    ]
    return opened + _name_servers(world, far_addresses(world))


def stubs(world: World) -> list[dict[str, Any]]:
    """The same for the host itself: name servers on its loopback."""
    return _name_servers(world, [ip for ip in world.dns.servers if on_this_host(ip)])


def _name_servers(world: World, addresses: list[str]) -> list[dict[str, Any]]:
    own = {ip: one for ip, one in world.dns.servers.items() if ip in addresses and one.software == "lab"}
    return [{"kind": "dns", "ip": ip, "tables": names.own_server(world, one)} for ip, one in own.items()]


def servers(sockets: list[dict[str, Any]], pki: Path) -> list[socketserver.BaseServer]:
    made: list[socketserver.BaseServer] = []
    for one in sockets:
        made += dns.servers([one["ip"]], one["tables"]) if one["kind"] == "dns" else [_server(one, pki)]
    return made


def _server(what: dict[str, Any], pki: Path) -> socketserver.BaseServer:
    server = _Server((what["ip"], what["port"]), _HANDLERS[what["kind"]])
    server.what = what
    if what["kind"] == "tls":
        server.tls = _context(what, pki)
    return server


def _context(what: dict[str, Any], pki: Path) -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pki / f"{what['certificate']}.chain", pki / f"{what['certificate']}.key")
    if versions := what["versions"]:
        # Level 0, without which OpenSSL refuses its own old versions.
        tls.set_ciphers("ALL:@SECLEVEL=0")
        tls.minimum_version, tls.maximum_version = _VERSIONS[versions[0]], _VERSIONS[versions[-1]]
    if what["client_certificate"]:
        tls.load_verify_locations(pki / "root.crt")
        tls.verify_mode = ssl.CERT_REQUIRED
    if what["sni"]:
        tls.sni_callback = lambda _, name, __: None if name in what["sni"] else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
    return tls


_VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64
    what: dict[str, Any]
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
            what = self.server.what
            time.sleep(what["delay"])
            status = what["status"] if request[:1].isalpha() else 400
            body = what["body"].encode()
            head = f"HTTP/1.1 {status} Lab\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in what["headers"].items())
            stream.sendall(head.encode() + b"\r\n" + body)


class _Tls(_Http):
    def serve(self, stream: socket.socket) -> None:
        stream.settimeout(_PATIENCE)
        with self.server.tls.wrap_socket(stream, server_side=True) as secure:
            super().serve(secure)


class _Banner(socketserver.BaseRequestHandler):
    """Speaks first, as SSH, SMTP and databases do."""

    server: _Server

    def handle(self) -> None:
        self.request.settimeout(_PATIENCE)
        with contextlib.suppress(OSError):
            self.request.sendall(self.server.what["banner"].encode())
            while self.request.recv(4096):
                pass


class _Alert(socketserver.BaseRequestHandler):
    """Answers a ClientHello with one fatal alert (RFC 8446 section 6)."""

    server: _Server

    def handle(self) -> None:
        self.request.settimeout(_PATIENCE)
        with contextlib.suppress(OSError):
            if self.request.recv(4096):
                alert = ssl.AlertDescription[f"ALERT_DESCRIPTION_{self.server.what['alert'].upper()}"]
                self.request.sendall(bytes([21, 3, 3, 0, 2, 2, alert]))


class _Eof(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.settimeout(_PATIENCE)
        with contextlib.suppress(OSError):
            self.request.recv(4096)


class _Reset(_Eof):
    def handle(self) -> None:
        super().handle()
        _reset(self.request)


class _ResetAtAccept(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        # After connect() has returned, or the kernel would report the reset as that call's own failure.
        time.sleep(0.05)
        _reset(self.request)


def _reset(stream: socket.socket) -> None:
    # Lingering for no time at all makes close() send a RST.
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()


_HANDLERS: dict[str, type[socketserver.BaseRequestHandler]] = {
    "alert": _Alert,
    "banner": _Banner,
    "eof": _Eof,
    "http": _Http,
    "mute": _Mute,
    "reset": _Reset,
    "reset-at-accept": _ResetAtAccept,
    "tcp": _Echo,
    "tls": _Tls,
}
