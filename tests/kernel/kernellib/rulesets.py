"""Security groups and network ACLs as nftables rulesets: from what AWS documents, not from the analyser.

A group acts at the interface, so its rules stand in the host's namespace, with conntrack in the part of AWS's
tracking. An ACL acts where packets enter or leave a subnet, so its rules stand in the router, without conntrack;
what stays inside a subnet is switched by a bridge and never gets there.

Nothing is dropped unrecorded: each place writes down the five-tuple it refuses, so that a missing answer has a cause.
"""

from __future__ import annotations

from collections.abc import Iterator

from .inventory import Inventory, Json, blocks

TABLE = "judge"
#: Where no route leads; see `wiring.py`.
VOID = "void"

_NUMBERS = {"tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58"}
_WITH_PORTS = {"6": "tcp", "17": "udp"}
# An IPv6 host is not reachable without these; AWS's own neighbour discovery is beyond the reach of groups.
_NEIGHBOURS = "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept"


def _ruleset(places: tuple[str, ...], body: Iterator[str]) -> str:
    lines = [f"table inet {TABLE} {{", *_verdict(), *(line for place in places for line in _refusal(place)), *body, "}"]
    return "\n".join([*lines, ""])


def _verdict() -> list[str]:
    return ["chain verdict {", "drop", "}"]


def observe(places: tuple[str, ...]) -> str:
    """From now on refusals are still written down, but no longer carried out."""
    flush = [f"flush set inet {TABLE} {name}" for place in places for name in record_names(place)]
    return "\n".join([f"flush chain inet {TABLE} verdict", f"add rule inet {TABLE} verdict accept", *flush, ""])


def record_names(place: str) -> tuple[str, str]:
    return f"{place}_ip", f"{place}_ip6"


def _refusal(place: str) -> Iterator[str]:
    for family, name in zip(("ip", "ip6"), record_names(place)):
        address = "ipv4_addr" if family == "ip" else "ipv6_addr"
        kind = f"{address} . {address} . inet_proto . inet_service . inet_service"
        yield f"set {name} {{ type {kind}; flags dynamic; size 65535; }}"
    yield f"chain refuse_{place} {{"
    for family, name in zip(("ip", "ip6"), record_names(place)):
        key = f"{family} saddr . {family} daddr . meta l4proto . th sport . th dport"
        yield f"meta l4proto {{ tcp, udp }} add @{name} {{ {key} }} goto verdict"
    yield "drop"
    yield "}"


HOST_PLACES = ("egress", "ingress")


def host(inventory: Inventory, interface: Json) -> str:
    """The union of the interface's groups, each way."""
    groups = [one["GroupId"] for one in interface["Groups"]]
    return _ruleset(HOST_PLACES, _host_chains(inventory, groups))


def _host_chains(inventory: Inventory, groups: list[str]) -> Iterator[str]:
    for place, hook, device in (("egress", "output", "oifname"), ("ingress", "input", "iifname")):
        yield f"chain {place} {{"
        yield f"type filter hook {hook} priority 0; policy accept;"
        yield f"{device} lo accept"
        yield _NEIGHBOURS
        yield "ct state established,related accept"
        for group in groups:
            for permission in inventory.permissions(group, place == "egress"):
                yield from _permission(inventory, permission, "daddr" if place == "egress" else "saddr")
        yield f"goto refuse_{place}"
        yield "}"


def _permission(inventory: Inventory, permission: Json, side: str) -> Iterator[str]:
    name: str = permission["IpProtocol"]
    ports = (permission["FromPort"], permission["ToPort"]) if "FromPort" in permission else None
    traffic = _traffic(_NUMBERS.get(name, name), ports)
    for peer in dict.fromkeys(_peers(inventory, permission)):
        yield f"{_address(peer, side)} {traffic} accept"


def _peers(inventory: Inventory, permission: Json) -> Iterator[str]:
    """A reference stands for the private addresses of the interfaces in the group, not for the group's rules.

    One across a peering connection is stale, and means nobody, when the connection is gone.
    """
    yield from (one["CidrIp"] for one in permission.get("IpRanges", []))
    yield from (one["CidrIpv6"] for one in permission.get("Ipv6Ranges", []))
    for one in permission.get("PrefixListIds", []):
        yield from inventory.prefix_list(one["PrefixListId"])
    for one in permission.get("UserIdGroupPairs", []):
        if _leads_somewhere(inventory, one):
            for member in inventory.members(one["GroupId"]):
                yield from blocks(member)


def _leads_somewhere(inventory: Inventory, reference: Json) -> bool:
    id = reference.get("VpcPeeringConnectionId")
    return id is None or inventory.peering(id)["Status"]["Code"] == "active"


ROUTER_PLACES = ("leaving", "entering", "nowhere")


def router(inventory: Inventory, bridges: dict[str, str]) -> str:
    """`bridges`: subnet → its device in the router."""
    return _ruleset(ROUTER_PLACES, _router_chains(inventory, bridges))


def _router_chains(inventory: Inventory, bridges: dict[str, str]) -> Iterator[str]:
    for subnet, bridge in bridges.items():
        entries = inventory.acl_of(subnet)["Entries"]
        yield from _acl(f"{bridge}_leaving", [one for one in entries if one["Egress"]], "leaving")
        yield from _acl(f"{bridge}_entering", [one for one in entries if not one["Egress"]], "entering")
    # Chains of their own: in observation an `accept` must not spare a packet the next place.
    for priority, place, device in ((0, "leaving", "iifname"), (1, "entering", "oifname")):
        yield f"chain {place} {{"
        yield f"type filter hook forward priority {priority}; policy accept;"
        yield from (f"{device} {bridge} goto {bridge}_{place}" for bridge in bridges.values())
        yield "}"
    yield "chain nowhere {"
    yield "type filter hook forward priority 2; policy accept;"
    yield f"oifname {VOID} goto refuse_nowhere"
    yield "}"


def _acl(chain: str, entries: list[Json], place: str) -> Iterator[str]:
    """Ascending rule numbers, the first that fits decides."""
    side = "daddr" if place == "leaving" else "saddr"
    yield f"chain {chain} {{"
    for entry in sorted(entries, key=lambda one: one["RuleNumber"]):
        block = entry["CidrBlock"] if "CidrBlock" in entry else entry["Ipv6CidrBlock"]
        ports = (entry["PortRange"]["From"], entry["PortRange"]["To"]) if "PortRange" in entry else None
        verdict = "accept" if entry["RuleAction"] == "allow" else f"goto refuse_{place}"
        yield f"{_address(block, side)} {_traffic(entry['Protocol'], ports)} {verdict}"
    yield f"goto refuse_{place}"
    yield "}"


def _address(block: str, side: str) -> str:
    return f"ip6 {side} {block}" if ":" in block else f"ip {side} {block}"


def _traffic(protocol: str, ports: tuple[int, int] | None) -> str:
    """Ports count for TCP and UDP only; with any other number, and with -1, every port is meant."""
    if protocol == "-1":
        return ""
    if protocol not in _WITH_PORTS or ports is None:
        return f"meta l4proto {protocol}"
    return f"{_WITH_PORTS[protocol]} dport {ports[0]}-{ports[1]}"
