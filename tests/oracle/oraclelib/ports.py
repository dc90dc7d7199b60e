"""Sets of ports as sorted, disjoint, inclusive ranges."""

from __future__ import annotations

Ports = tuple[tuple[int, int], ...]

ALL: Ports = ((0, 65535),)
#: The kernel's ip_local_port_range.
LINUX: Ports = ((32768, 60999),)
#: Windows Server 2008 and later.
WINDOWS: Ports = ((49152, 65535),)
#: NAT gateways, load balancers and Lambda.
MANAGED: Ports = ((1024, 65535),)


def one(port: int) -> Ports:
    return ((port, port),)


def intersect(left: Ports, right: Ports) -> Ports:
    return tuple((max(a, c), min(b, d)) for a, b in left for c, d in right if max(a, c) <= min(b, d))


def subtract(left: Ports, right: Ports) -> Ports:
    for low, high in right:
        rest = []
        for a, b in left:
            if a < low:
                rest.append((a, min(b, low - 1)))
            if b > high:
                rest.append((max(a, high + 1), b))
        left = tuple(rest)
    return left


def union(left: Ports, right: Ports) -> Ports:
    merged: list[tuple[int, int]] = []
    for a, b in sorted(left + right):
        if merged and a <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(b, merged[-1][1]))
        else:
            merged.append((a, b))
    return tuple(merged)


def size(ports: Ports) -> int:
    return sum(b - a + 1 for a, b in ports)
