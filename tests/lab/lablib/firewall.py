"""Security groups, network ACLs and routes as one nftables ruleset for the router namespace.

nftables does the deciding, so the lab shares no evaluator with the product. The order is AWS's: routes, then
the stateless ACLs whenever a packet leaves or enters a subnet, then the stateful groups of both interfaces.
Nothing here applies to the resolver, the metadata service and the EC2 API: they are local to the router, as the
VPC's own services are beyond the reach of groups and ACLs.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from itertools import chain

from .declaration import Interface, World
from .rules import AclEntry, GroupRule, Traffic

DROP = "counter drop"


def ruleset(world: World) -> str:
    """What `nft -f` reads."""
    body = chain(_routes(world), _acls(world), _groups(world))
    return "\n".join(["table ip lab {", *(f"  {line}" for line in body), "}", ""])


def provider_ruleset(world: World) -> str:
    """The far namespace: what the provider, not the consumer's VPC, swallows."""
    lines = ["table ip provider {", "  chain provider {", "    type filter hook input priority 0; policy accept;"]
    for endpoint in world.endpoints.values():
        if not endpoint.lets_packets_through:
            lines += [f"    ip daddr {ip} {DROP}" for ip in endpoint.addresses.values()]
    # One address's own listener wins over the port's, so it is written first and ends the chain.
    for where, listener in sorted(world.listeners.items(), key=lambda item: ":" not in item[0]):
        ip, _, port = where.rpartition(":")
        match = f"ip daddr {ip} tcp dport {port}" if ip else f"tcp dport {port}"
        lines.append(f"    {match} {DROP if listener.kind == 'silent' else 'accept'}")
    return "\n".join([*lines, "  }", "}", ""])


def _routes(world: World) -> Iterator[str]:
    """Drops what the route tables of either side do not carry."""
    yield "chain routes {"
    yield "  type filter hook forward priority -20; policy accept;"
    client = world.client
    for other in world.others():
        if not carries(world, client, other.ip):
            yield f"  ip saddr {client.ip} ip daddr {other.ip} {DROP}"
        if not carries(world, other, client.ip):
            yield f"  ip saddr {other.ip} ip daddr {client.ip} {DROP}"
    for ip in world.internet:
        if not carries(world, client, ip):
            yield f"  ip daddr {ip} {DROP}"
    yield "}"


def carries(world: World, source: Interface, destination: str) -> bool:
    """Whether the route table of the source's subnet leads to an address: longest prefix, blackholes included."""
    subnet = world.subnets[source.subnet]
    address = ipaddress.ip_address(destination)
    matching = [
        route
        for route in world.route_tables[subnet.route_table].routes
        if address in ipaddress.ip_network(route.destination)
    ]
    if not matching:
        return False
    best = max(matching, key=lambda route: ipaddress.ip_network(route.destination).prefixlen)
    return not best.blackhole and _delivers(world, subnet.vpc, best.target, destination)


def _delivers(world: World, vpc: str, target: str, destination: str) -> bool:
    holders = {world.vpc_of(one).id for one in world.interfaces.values() if one.ip == destination}
    if target == "local":
        return vpc in holders
    if target.startswith("pcx-"):
        peering = world.peerings.get(target)
        return peering is not None and any(world.peered(vpc, holder) for holder in holders)
    if target.startswith(("nat-", "igw-")):
        return destination in world.internet
    raise ValueError(f"the lab has no route target like {target}")


def _acls(world: World) -> Iterator[str]:
    for acl in world.acls.values():
        yield from _acl_chain(_chain_name(acl.id, "out"), acl.outbound, "daddr")
        yield from _acl_chain(_chain_name(acl.id, "in"), acl.inbound, "saddr")
    yield "chain acls {"
    yield "  type filter hook forward priority -10; policy accept;"
    # An ACL sees what crosses its subnet's edge, never what stays inside.
    for subnet in world.subnets.values():
        yield f"  ip saddr {subnet.cidr} ip daddr != {subnet.cidr} jump {_chain_name(subnet.acl, 'out')}"
    for subnet in world.subnets.values():
        yield f"  ip daddr {subnet.cidr} ip saddr != {subnet.cidr} jump {_chain_name(subnet.acl, 'in')}"
    yield "}"


def _acl_chain(name: str, entries: tuple[AclEntry, ...], peer: str) -> Iterator[str]:
    yield f"chain {name} {{"
    for entry in sorted(entries, key=lambda entry: entry.number):
        yield f"  ip {peer} {entry.peer} {_traffic(entry.traffic)} {'return' if entry.allow else DROP}"
    yield f"  {DROP}"  # rule *, 32767
    yield "}"


def _groups(world: World) -> Iterator[str]:
    for interface in world.interfaces.values():
        groups = [world.groups[id] for id in interface.groups]
        outbound = [rule for group in groups for rule in group.outbound]
        inbound = [rule for group in groups for rule in group.inbound]
        yield from _group_chain(world, interface, "out", outbound)
        yield from _group_chain(world, interface, "in", inbound)
    yield "chain groups {"
    yield "  type filter hook forward priority 0; policy accept;"
    yield "  ct state established,related accept"
    for interface in world.interfaces.values():
        yield f"  ip saddr {interface.ip} jump {_chain_name(interface.id, 'out')}"
    for interface in world.interfaces.values():
        yield f"  ip daddr {interface.ip} jump {_chain_name(interface.id, 'in')}"
    yield "}"


def _group_chain(world: World, owner: Interface, way: str, rules: list[GroupRule]) -> Iterator[str]:
    peer = "daddr" if way == "out" else "saddr"
    yield f"chain {_chain_name(owner.id, way)} {{"
    for rule in rules:
        if addresses := _peer_addresses(world, owner, rule.peer):
            yield f"  ip {peer} {{ {', '.join(addresses)} }} {_traffic(rule.traffic)} return"
    yield f"  {DROP}"
    yield "}"


def _peer_addresses(world: World, owner: Interface, peer: str) -> list[str]:
    """A group stands for the interfaces in it, as far as the group can be referred to from here."""
    if peer.startswith("pl-"):
        return list(world.prefix_lists[peer])
    if not peer.startswith("sg-"):
        return [peer]
    home = world.vpc_of(owner).id
    members = [one for one in world.interfaces.values() if peer in one.groups]
    return [one.ip for one in members if world.vpc_of(one).id == home or world.peered(home, world.vpc_of(one).id)]


def _traffic(traffic: Traffic) -> str:
    if traffic.ports is not None:
        first, last = traffic.ports
        return f"{traffic.protocol} dport {first}-{last}" if first != last else f"{traffic.protocol} dport {first}"
    return "" if traffic.protocol == "all" else f"ip protocol {traffic.protocol}"


def _chain_name(id: str, way: str) -> str:
    # Some short words (fwd, dup) are keywords of nft; ids with a prefix and a suffix never are.
    return f"{id.replace('-', '_')}_{way}"
