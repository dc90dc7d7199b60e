"""Real sockets: a SYN or a datagram for each probe, and whether the handshake, or the answer, came back.

A missing answer alone says nothing on a busy machine. A probe is decided when it is complete or when a place has
written down that it refused it; until then it is waited for, and what stays undecided is a fault of the world.
"""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

#: No answer for so long means that it is time to read what was refused.
_QUIET = 0.04
_PATIENCE = 15.0
_ABORT = struct.pack("ii", 1, 0)


class Probe(NamedTuple):
    source: str
    source_port: int
    destination: str
    port: int
    protocol: str

    def back(self) -> Probe:
        """The five-tuple of its answer."""
        return Probe(self.destination, self.port, self.source, self.source_port, self.protocol)


class Broken(Exception):
    """The world did something that no rule explains: it is no judge of anybody."""


class Exchange:
    """Servers and clients of one round. `enter` gives the context of the namespace that holds an address."""

    def __init__(self, enter: Callable[[str], contextlib.AbstractContextManager[None]]) -> None:
        self._enter = enter
        self._poll = select.epoll()
        self._servers: dict[int, socket.socket] = {}
        self._clients: dict[int, tuple[socket.socket, Probe]] = {}
        self._done: set[Probe] = set()

    def run(self, probes: Iterable[Probe], refused: Callable[[], set[Probe]]) -> set[Probe]:
        """The probes that were answered. `refused`: those that have been refused by now, in either direction."""
        wanted = set(probes)
        for address, protocol, port in {(one.destination, one.protocol, one.port) for one in wanted}:
            self._serve(address, protocol, port)
        for probe in wanted:
            self._start(probe)
        self._wait(wanted, refused)
        return self._done

    def _serve(self, address: str, protocol: str, port: int) -> None:
        with self._enter(address):
            server = _socket(address, protocol)
            server.bind((address, port))
        if protocol == "tcp":
            # The kernel completes handshakes by itself; nobody needs to accept.
            server.listen(4096)
        else:
            self._poll.register(server, select.EPOLLIN)
        self._servers[server.fileno()] = server

    def _start(self, probe: Probe) -> None:
        with self._enter(probe.source):
            client = _socket(probe.source, probe.protocol)
            client.bind((probe.source, probe.source_port))
        self._clients[client.fileno()] = client, probe
        with contextlib.suppress(BlockingIOError):
            client.connect((probe.destination, probe.port))
        self._poll.register(client, select.EPOLLOUT if probe.protocol == "tcp" else select.EPOLLIN)
        if probe.protocol == "udp":
            _ask(client)

    def _wait(self, wanted: set[Probe], refused: Callable[[], set[Probe]]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while pending := wanted - self._done:
            events = self._poll.poll(_QUIET)
            for descriptor, _ in events:
                self._event(descriptor)
            if events:
                continue
            pending -= refused()
            if not pending:
                return
            if time.monotonic() > deadline:
                raise Broken(f"neither answered nor refused: {sorted(pending)[:5]}")
            self._ask_again(pending)

    def _ask_again(self, pending: set[Probe]) -> None:
        """TCP does so by itself."""
        for client, probe in self._clients.values():
            if probe in pending and probe.protocol == "udp":
                _ask(client)

    def _event(self, descriptor: int) -> None:
        if server := self._servers.get(descriptor):
            _answer(server)
            return
        client, probe = self._clients[descriptor]
        if problem := client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise Broken(f"{probe}: {errno.errorcode.get(problem, problem)}")
        self._poll.unregister(client)
        self._done.add(probe)

    def close(self) -> None:
        """Clients first, and with a reset: what conntrack then remembers does not outlive the next SYN."""
        for client, _ in self._clients.values():
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
            client.close()
        for server in self._servers.values():
            server.close()
        self._poll.close()


@contextlib.contextmanager
def exchange(enter: Callable[[str], contextlib.AbstractContextManager[None]]) -> Iterator[Exchange]:
    one = Exchange(enter)
    try:
        yield one
    finally:
        one.close()


def _socket(address: str, protocol: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    one.setblocking(False)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return one


def _ask(client: socket.socket) -> None:
    # What the own host's group refuses, the kernel tells the sender at once.
    with contextlib.suppress(PermissionError, BlockingIOError):
        client.send(b"?")


def _answer(server: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while True:
            _, peer = server.recvfrom(16)
            with contextlib.suppress(PermissionError):
                server.sendto(b"!", peer)
