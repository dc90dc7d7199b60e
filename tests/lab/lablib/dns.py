"""A name server for one world, over UDP and TCP: right answers, and on request every wrong one that has been seen.

Debian's servers cannot be made to refuse, drop and answer name by name, and start ten times slower than this.
"""

from __future__ import annotations

import ipaddress
import itertools
import os
import socket
import socketserver
import struct
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

A, CNAME, SOA, AAAA, OPT = 1, 5, 6, 28, 41
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, BADVERS = 0, 1, 2, 3, 4, 5, 16
RCODES = {
    "nodata": NOERROR,
    "formerr": FORMERR,
    "servfail": SERVFAIL,
    "nxdomain": NXDOMAIN,
    "notimp": NOTIMP,
    "refused": REFUSED,
    "badvers": BADVERS,
}
_TTL = 60
#: Among the flags (RFC 1035 section 4.1.1).
_AA, _TC, _RA = 0x0400, 0x0200, 0x0080
#: What fits into a datagram for those who do not speak EDNS.
_PLAIN = 512
#: Of EDNS: extended errors (RFC 8914).
_EXTENDED_ERROR = 15


@dataclass(frozen=True)
class Question:
    name: str
    kind: int
    #: The whole query, and the part that an answer repeats.
    message: bytes
    section: bytes
    #: What EDNS says fits into a datagram; None without EDNS.
    payload: int | None
    datagram: bool

    @classmethod
    def read(cls, message: bytes, datagram: bool) -> Question:
        labels, at = [], 12
        while message[at]:
            labels.append(message[at + 1 : at + 1 + message[at]].decode("ascii", "replace").lower())
            at += 1 + message[at]
        kind = struct.unpack_from(">H", message, at + 1)[0]
        more = message[at + 5 :]
        # The root's name, then type, and in place of the class the size (RFC 6891 section 6.1.2).
        payload = struct.unpack_from(">HH", more, 1)[1] if more[:3] == b"\0\0\x29" else None
        return cls(".".join(labels), kind, message, message[12 : at + 5], payload, datagram)


class Zones:
    """Looks names up as the VPC's resolver does: the most specific private zone wins, and hides what lies outside."""

    def __init__(self, tables: dict[str, Any]) -> None:
        self._tables = tables
        self._overrides: dict[str, Any] = tables["overrides"]
        self._private: dict[str, dict[str, Any]] = tables["zones"]
        self._public: dict[str, Any] = tables["public"]
        self._turns: dict[tuple[str, int], Any] = defaultdict(itertools.count)
        self._lock = threading.Lock()
        self._began = time.monotonic()

    def answers(self, message: bytes, datagram: bool) -> list[bytes]:
        """Every message to send; none is silence."""
        question = Question.read(message, datagram)
        chain, zone, what = self._follow(question)
        time.sleep(self._tables["delay"] + (what or {}).get("delay", 0))
        silent = self._tables["silent"] or self._tables["udp" if datagram else "tcp"] == "silent"
        edns = "answered" if question.payload is None else self._tables["edns"]
        if silent or edns == "dropped" or what and what.get("silent"):
            return []
        if edns in RCODES:
            return [self._response(question, RCODES[edns], [], [], {})]
        right = self._right(question, chain, zone, what)
        says = (what or {}).get("says", self._tables["says"])
        return [right if one == "right" else _WRONG[one](question, right) for one in says]

    def _right(self, question: Question, chain: list[tuple[str, Any]], zone: str, what: Any) -> bytes:
        last = chain[-1][1]["cname"] if chain else question.name
        found = self._addresses(last, question.kind, what) if what else []
        rcode = RCODES[what.get("rcode", "nodata")] if what else NXDOMAIN
        soa = (what or {}).get("soa", True)
        denies = rcode in (NOERROR, NXDOMAIN) and not found and soa
        denial = [self._soa({"zone": zone} | (soa if isinstance(soa, dict) else {}))] if denies else []
        aliases = [self._record(owner, CNAME, _name(one["cname"]), one) for owner, one in chain]
        whole = self._response(question, rcode, aliases + found, denial, what)
        fits = len(whole) <= max(question.payload or 0, _PLAIN) and not self._tables["truncates"]
        return whole if fits or not question.datagram else self._response(question, rcode, [], [], what, cut=True)

    def _follow(self, question: Question) -> tuple[list[tuple[str, Any]], str, Any]:
        """The CNAMEs from a name onwards, and what the last of them leads to in which zone."""
        chain: list[tuple[str, Any]] = []
        name = question.name
        zone, what = self._lookup(name, question)
        while what and "cname" in what and name not in [owner for owner, _ in chain]:
            chain.append((name, what))
            name = what["cname"]
            zone, what = self._lookup(name, question)
        return chain, zone, what

    def _lookup(self, name: str, question: Question) -> tuple[str, Any]:
        zone, what = self._find(name)
        if what and "turns" in what:
            with self._lock:
                turn = next(self._turns[name, question.kind])
            what = what["turns"][turn % len(what["turns"])]
        if what and ("a" in what or "aaaa" in what):
            what = what.get("a" if question.kind == A else "aaaa", {})
        return zone, what

    def _find(self, name: str) -> tuple[str, Any]:
        suffixes = _suffixes(name)
        parent = suffixes[1] if len(suffixes) > 1 else ""
        if what := _find(self._overrides, suffixes):
            return parent, what
        for zone in suffixes:
            if zone in self._private:
                return zone, _find(self._private[zone], suffixes)
        return parent, _find(self._public, suffixes)

    def _response(
        self, question: Question, rcode: int, answers: list[bytes], authority: list[bytes], what: Any, cut: bool = False
    ) -> bytes:
        manners = self._tables["edns"]
        speaks = question.payload is not None and (rcode == BADVERS or manners == "answered")
        edns = [_edns(rcode, (what or {}).get("errors", []))] if speaks else []
        # QR, RD as asked; the upper bits of a large code are in the OPT record.
        flags = 0x8000 | (question.message[2] & 0x01) << 8 | rcode & 0xF | (_TC if cut else 0)
        flags |= (_RA if self._tables["recursion"] else 0) | (_AA if self._tables["authoritative"] else 0)
        header = struct.pack(">HHHHH", flags, 1, len(answers), len(authority), len(edns))
        return question.message[:2] + header + question.section + b"".join(answers + authority + edns)

    def _addresses(self, name: str, kind: int, what: dict[str, Any]) -> list[bytes]:
        parsed = [ipaddress.ip_address(value) for value in what.get("addresses", [])]
        fitting = [one.packed for one in parsed if kind == (A if one.version == 4 else AAAA)]
        return [self._record(what.get("owner", name), kind, data, what) for data in fitting]

    def _soa(self, soa: dict[str, Any]) -> bytes:
        zone = soa["zone"]
        numbers = struct.pack(">IIIII", soa.get("serial", 1), 7200, 900, 1209600, soa.get("minimum", _TTL))
        return self._record(zone, SOA, _name("ns." + zone) + _name("hostmaster." + zone) + numbers, soa)

    def _record(self, name: str, kind: int, data: bytes, what: dict[str, Any]) -> bytes:
        ttl: int = what.get("ttl", _TTL)
        if self._tables["caches"] and ttl:
            # As if fetched when the world was built, and again whenever it is used up.
            ttl -= int(time.monotonic() - self._began) % ttl
        return _name(name) + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


def _edns(rcode: int, errors: list[dict[str, Any]]) -> bytes:
    options = b""
    for error in errors:
        data = struct.pack(">H", error["code"]) + error.get("text", "").encode()
        options += struct.pack(">HH", _EXTENDED_ERROR, len(data)) + data
    return b"\0" + struct.pack(">HHIH", OPT, 1232, rcode >> 4 << 24, len(options)) + options


#: What is said in place of the right answer, or before or after it.
_WRONG = {
    "wrong-id": lambda question, right: bytes(byte ^ 0x55 for byte in right[:2]) + right[2:],
    "other-question": lambda question, right: (
        right[:4] + struct.pack(">HHHH", 1, 0, 0, 0) + _name("other.example") + question.section[-4:]
    ),
    "echo": lambda question, right: question.message,
    "garbage": lambda question, right: right[:2] + os.urandom(1) + b"\xff" * 9,
    "text": lambda question, right: b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


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


def _name(name: str) -> bytes:
    labels = [label.encode() for label in name.strip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


class _Udp(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, sock = self.request
        for response in self.server.zones.answers(data, datagram=True):  # type: ignore[attr-defined]
            sock.sendto(response, self.client_address)


class _Tcp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while len(size := self.rfile.read(2)) == 2:
            query = self.rfile.read(int.from_bytes(size))
            for response in self.server.zones.answers(query, datagram=False):  # type: ignore[attr-defined]
                self.wfile.write(len(response).to_bytes(2) + response)


class _Closes(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(512)


class _Garbage(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(512)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


_TCP = {True: _Tcp, "silent": _Tcp, "closes": _Closes, "garbage": _Garbage}


def servers(addresses: list[str], tables: dict[str, Any]) -> list[socketserver.BaseServer]:
    zones = Zones(tables)
    made: list[socketserver.BaseServer] = []
    for address in addresses:
        if tables["udp"]:
            made.append(_UdpServer((address, 53), _Udp))
        if tables["tcp"]:
            made.append(_TcpServer((address, 53), _TCP[tables["tcp"]]))
    for server in made:
        setattr(server, "zones", zones)
    return made


class _UdpServer(socketserver.ThreadingUDPServer):
    daemon_threads = True


class _TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    address_family = socket.AF_INET
    daemon_threads = True
