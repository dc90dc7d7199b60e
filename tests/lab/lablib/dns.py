"""A name server for one world, over UDP and TCP: A and AAAA, negative answers with their SOA, silence on request.

Debian's servers cannot be made to refuse, drop and answer name by name, and start ten times slower than this.
"""

from __future__ import annotations

import ipaddress
import socket
import socketserver
import struct
import time
from typing import Any

A, CNAME, SOA, AAAA = 1, 5, 6, 28
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
_RCODES = {"nodata": NOERROR, "nxdomain": NXDOMAIN, "servfail": SERVFAIL, "refused": REFUSED}
_TTL = 60
#: The truncation bit, among the flags.
_TC = 0x0200


class Zones:
    """Looks names up as the VPC's resolver does: the most specific private zone wins, and hides what lies outside."""

    def __init__(self, tables: dict[str, Any]) -> None:
        self.silent: bool = tables["silent"]
        self.delay: float = tables["delay"]
        self.truncates: bool = tables["truncates"]
        self._overrides: dict[str, Any] = tables["overrides"]
        self._private: dict[str, dict[str, Any]] = tables["zones"]
        self._public: dict[str, Any] = tables["public"]

    def answer(self, query: bytes, datagram: bool) -> bytes | None:
        """A whole response, or None for silence."""
        name, kind, question = _question(query)
        chain, zone, what = self._follow(name)
        time.sleep(self.delay)
        if self.silent or what and what.get("silent"):
            return None
        if datagram and self.truncates:
            return _response(query, question, NOERROR | _TC, [], [])
        last = chain[-1][1]["cname"] if chain else name
        found = _addresses(last, kind, what) if what else []
        rcode = _RCODES[what.get("rcode", "nodata")] if what else NXDOMAIN
        denial = [] if found or rcode in (SERVFAIL, REFUSED) or what and not what.get("soa", True) else [_soa(zone)]
        aliases = [_record(owner, CNAME, _name(one["cname"]), one.get("ttl", _TTL)) for owner, one in chain]
        return _response(query, question, rcode, aliases + found, denial)

    def _follow(self, name: str) -> tuple[list[tuple[str, Any]], str, Any]:
        """The CNAMEs from a name onwards, and what the last of them leads to in which zone."""
        chain: list[tuple[str, Any]] = []
        zone, what = self._lookup(name)
        while what and "cname" in what and len(chain) < 8:
            chain.append((name, what))
            name = what["cname"]
            zone, what = self._lookup(name)
        return chain, zone, what

    def _lookup(self, name: str) -> tuple[str, Any]:
        suffixes = _suffixes(name)
        parent = suffixes[1] if len(suffixes) > 1 else ""
        if what := _find(self._overrides, suffixes):
            return parent, what
        for zone in suffixes:
            if zone in self._private:
                return zone, _find(self._private[zone], suffixes)
        return parent, _find(self._public, suffixes)


def _find(records: dict[str, Any], suffixes: list[str]) -> Any:
    for number, suffix in enumerate(suffixes):
        key = suffix if number == 0 else f"*.{suffix}"
        if key in records:
            return records[key]
    return None


def _suffixes(name: str) -> list[str]:
    """`a.b.c` → `a.b.c`, `b.c`, `c`."""
    labels = name.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


def _question(query: bytes) -> tuple[str, int, bytes]:
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("ascii", "replace").lower())
        at += 1 + query[at]
    kind = struct.unpack_from(">H", query, at + 1)[0]
    return ".".join(labels), kind, query[12 : at + 5]


def _response(query: bytes, question: bytes, rcode: int, answers: list[bytes], authority: list[bytes]) -> bytes:
    # QR, RD as asked, RA: a recursive resolver's reply (RFC 1035 section 4.1.1).
    flags = 0x8080 | (query[2] & 0x01) << 8 | rcode
    header = query[:2] + struct.pack(">HHHHH", flags, 1, len(answers), len(authority), 0)
    return header + question + b"".join(answers) + b"".join(authority)


def _addresses(name: str, kind: int, what: dict[str, Any]) -> list[bytes]:
    parsed = [ipaddress.ip_address(value) for value in what.get("addresses", [])]
    fitting = [one.packed for one in parsed if kind == (A if one.version == 4 else AAAA)]
    return [_record(name, kind, data, what.get("ttl", _TTL)) for data in fitting]


def _soa(zone: str) -> bytes:
    data = _name("ns." + zone) + _name("hostmaster." + zone) + struct.pack(">IIIII", 1, 7200, 900, 1209600, _TTL)
    return _record(zone, SOA, data, _TTL)


def _record(name: str, kind: int, data: bytes, ttl: int) -> bytes:
    return _name(name) + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


def _name(name: str) -> bytes:
    labels = [label.encode() for label in name.strip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


class _Udp(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, sock = self.request
        if response := self.server.zones.answer(data, datagram=True):  # type: ignore[attr-defined]
            sock.sendto(response, self.client_address)


class _Tcp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while len(size := self.rfile.read(2)) == 2:
            query = self.rfile.read(int.from_bytes(size))
            if response := self.server.zones.answer(query, datagram=False):  # type: ignore[attr-defined]
                self.wfile.write(len(response).to_bytes(2) + response)


def servers(addresses: list[str], tables: dict[str, Any]) -> list[socketserver.BaseServer]:
    zones = Zones(tables)
    made: list[socketserver.BaseServer] = []
    for address in addresses:
        for kind, handler in ((_UdpServer, _Udp), (_TcpServer, _Tcp)):
            if handler is _Tcp and not tables["tcp"]:
                continue
            server = kind((address, 53), handler)
            setattr(server, "zones", zones)
            made.append(server)
    return made


class _UdpServer(socketserver.ThreadingUDPServer):
    daemon_threads = True


class _TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    address_family = socket.AF_INET
    daemon_threads = True
