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
from .rules import AclEntry, GroupRule, Route, Traffic

DROP = "counter drop"


def ruleset(world: World) -> str:
    """What `nft -f` reads."""
    body = chain(_routes(world), _acls(world), _groups(world))
    return "\n".join(["table ip lab {", *(f"  {line}" for line in body), "}", ""])


def host_ruleset(world: World) -> str:
    """The client's namespace: the host's own firewall."""
    chains: dict[str, list[str]] = {"input": [], "output": []}
    for rule in world.host.firewall:
        hook, _, text = rule.partition(" ")
        chains[hook].append(text)
    lines = ["table inet host {"]
    for hook, rules in chains.items():
        head = f"type filter hook {hook} priority 0; policy accept;"
        lines += [f"  chain host_{hook} {{", f"    {head}", *(f"    {rule}" for rule in rules), "  }"]
    return "\n".join([*lines, "}", ""])


def provider_ruleset(world: World) -> str:
    """The far namespace: what the provider, not the consumer's VPC, swallows."""
    lines = ["table ip provider {", f"  {_SEEN}", "  chain provider {"]
    lines.append("    type filter hook input priority 0; policy accept;")
    for endpoint in world.endpoints.values():
        lines += [f"    ip daddr {ip} {DROP}" for ip in endpoint.addresses.values() if not endpoint.carries(ip)]
    # One address's own listener wins over the port's, so it is written first and ends the chain.
    for where, listener in sorted(world.listeners.items(), key=lambda item: ":" not in item[0]):
        ip, _, port = where.rpartition(":")
        match = f"ip daddr {ip} tcp dport {port}" if ip else f"tcp dport {port}"
        if listener.first_syn_lost:
            lines.append(f"    {match} {_FIRST_SYN} {DROP}")
        lines.append(f"    {match} {_VERDICTS.get(listener.kind, 'accept')}")
    return "\n".join([*lines, "  }", "}", ""])


_VERDICTS = {"silent": DROP, "prohibited": "counter reject with icmp type admin-prohibited"}
_SEEN = "set seen { type ipv4_addr . inet_service; flags dynamic; timeout 60s; }"
_FIRST_SYN = (
    "tcp flags & (syn | ack) == syn ip daddr . tcp sport != @seen add @seen { ip daddr . tcp sport timeout 60s }"
)


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
    """Whether the route table of the source's subnet leads to an address."""
    best = route_to(world, source, destination)
    vpc = world.subnets[source.subnet].vpc
    return best is not None and not best.blackhole and _delivers(world, vpc, best, destination)


def route_to(world: World, source: Interface, destination: str) -> Route | None:
    """Longest prefix, blackholes included."""
    address = ipaddress.ip_address(destination)
    best: tuple[int, Route] | None = None
    for route in world.route_tables[world.subnets[source.subnet].route_table].routes:
        nets = map(ipaddress.ip_network, world.prefix_lists.get(route.destination, (route.destination,)))
        for length in (net.prefixlen for net in nets if address in net):
            if best is None or length > best[0]:
                best = length, route
    return best[1] if best else None


def _delivers(world: World, vpc: str, route: Route, destination: str) -> bool:
    target = route.target
    holders = {world.vpc_of(one).id for one in world.interfaces.values() if one.ip == destination}
    if target == "local":
        return vpc in holders
    if target.startswith("pcx-"):
        # A peering connection leads to its other end and no further.
        peering = world.peerings.get(target)
        ends = {peering.requester, peering.accepter} if peering and peering.status == "active" else set()
        return vpc in ends and bool(holders & (ends - {vpc}))
    if target.startswith("eni-"):
        return world.interfaces[target].forwards
    if target.startswith(("nat-", "igw-", "vpce-")):
        return destination in world.internet
    # The far end of a VPN or a transit gateway is no part of the lab: nothing comes back from there.
    if target.startswith(("tgw-", "vgw-")):
        return False
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
    near = [one for one in members if world.vpc_of(one).id == home or world.peered(home, world.vpc_of(one).id)]
    return [one.ip for one in near if not _through_appliance(world, one, owner)]


def _through_appliance(world: World, source: Interface, destination: Interface) -> bool:
    route = route_to(world, source, destination.ip)
    return route is not None and route.target.startswith("eni-")


def _traffic(traffic: Traffic) -> str:
    if traffic.ports is not None:
        first, last = traffic.ports
        return f"{traffic.protocol} dport {first}-{last}" if first != last else f"{traffic.protocol} dport {first}"
    return "" if traffic.protocol == "all" else f"ip protocol {traffic.protocol}"


def _chain_name(id: str, way: str) -> str:
    # Some short words (fwd, dup) are keywords of nft; ids with a prefix and a suffix never are.
    return f"{id.replace('-', '_')}_{way}"
