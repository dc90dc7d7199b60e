"""Namespaces and cables for an inventory: a router for a VPC, a bridge in it for a subnet, a host for an interface.

    host eth0 ──┐
                ├─ bridge (subnet) ─ router (VPC) ── peering ── router (the other VPC) ─ bridge ─ …
    host eth0 ──┘

Each subnet's route table is a routing table of the kernel, looked up by the bridge that a packet came from. `local`
leads on to the table that knows the subnets; what no route carries goes to a device that leads nowhere.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from .inventory import Inventory, Json, blocks
from .rulesets import VOID

_FIRST_TABLE = 100


@dataclass(frozen=True)
class Router:
    namespace: str
    vpc: Json
    #: Subnet → bridge.
    bridges: dict[str, str]


@dataclass(frozen=True)
class Host:
    namespace: str
    interface: Json
    #: The other end of its cable, in the router.
    port: str
    router: Router


@dataclass(frozen=True)
class Plan:
    inventory: Inventory
    routers: list[Router]
    hosts: list[Host]

    def namespaces(self) -> list[str]:
        return [*(one.namespace for one in self.routers), *(one.namespace for one in self.hosts)]


def plan(inventory: Inventory, prefix: str) -> Plan:
    routers = [
        Router(f"{prefix}-v{number}", vpc, _bridges(inventory, vpc["VpcId"]))
        for number, vpc in enumerate(inventory.all("Vpcs"))
    ]
    by_vpc = {one.vpc["VpcId"]: one for one in routers}
    hosts = [
        Host(f"{prefix}-h{number}", interface, f"p{number}", by_vpc[interface["VpcId"]])
        for number, interface in enumerate(inventory.all("NetworkInterfaces"))
    ]
    return Plan(inventory, routers, hosts)


def _bridges(inventory: Inventory, vpc: str) -> dict[str, str]:
    return {one["SubnetId"]: f"s{number}" for number, one in enumerate(inventory.of_vpc("Subnets", vpc))}


def cables(plan: Plan) -> Iterator[str]:
    """What joins the namespaces."""
    for host in plan.hosts:
        router = host.router.namespace
        yield f"link add {host.port} netns {router} type veth peer name eth0 netns {host.namespace}"
    for name, (near, far) in _peerings(plan).items():
        yield f"link add {name} netns {near.namespace} type veth peer name {name} netns {far.namespace}"


def _peerings(plan: Plan) -> dict[str, tuple[Router, Router]]:
    """Active connections between VPCs of the inventory, by the name of their cable."""
    by_vpc = {one.vpc["VpcId"]: one for one in plan.routers}
    found = {}
    for number, one in enumerate(plan.inventory.all("VpcPeeringConnections")):
        ends = one["RequesterVpcInfo"]["VpcId"], one["AccepterVpcInfo"]["VpcId"]
        if one["Status"]["Code"] == "active" and all(end in by_vpc for end in ends):
            found[f"x{number}"] = by_vpc[ends[0]], by_vpc[ends[1]]
    return found


def host_commands(plan: Plan, host: Host) -> Iterator[str]:
    subnet = _subnet(plan, host.interface["SubnetId"])
    yield "link set lo up"
    yield "link set eth0 up"
    # A subnet's first address is the VPC's router.
    for block in _subnet_blocks(subnet):
        length = block.prefixlen
        for address in _own_addresses(host.interface, block.version):
            yield f"addr add {address}/{length} dev eth0{' nodad' if block.version == 6 else ''}"
        if any(_own_addresses(host.interface, block.version)):
            yield f"-{block.version} route add default via {block[1]} dev eth0"


def _own_addresses(interface: Json, version: int) -> list[str]:
    """A delegated prefix is taken whole: any address in it may be asked for."""
    nets = [ipaddress.ip_network(one) for one in blocks(interface)]
    return [str(address) for net in nets if net.version == version for address in net]


def _subnet(plan: Plan, id: str) -> Json:
    return next(one for one in plan.inventory.all("Subnets") if one["SubnetId"] == id)


def _subnet_blocks(subnet: Json) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    six = [one["Ipv6CidrBlock"] for one in subnet.get("Ipv6CidrBlockAssociationSet", [])]
    return [ipaddress.ip_network(one) for one in (subnet["CidrBlock"], *six)]


def router_commands(plan: Plan, router: Router) -> Iterator[str]:
    yield "link set lo up"
    # A cable that ends in the same namespace: nothing gets as far as its other end.
    yield f"link add {VOID} type veth peer name {VOID}-end"
    yield f"link set {VOID} up"
    yield f"link set {VOID}-end up"
    for bridge in router.bridges.values():
        yield f"link add {bridge} type bridge mcast_snooping 0"
        yield f"link set {bridge} up"
    for host in plan.hosts:
        if host.router is router:
            yield f"link set {host.port} master {router.bridges[host.interface['SubnetId']]} up"
    for cable, ends in _peerings(plan).items():
        if router in ends:
            yield from _peering_commands(cable, ends.index(router) + 1)
    for number, (id, bridge) in enumerate(router.bridges.items()):
        yield from _subnet_commands(plan, router, _subnet(plan, id), bridge, _FIRST_TABLE + number)
    for version in (4, 6):
        yield f"-{version} route add default dev {VOID} metric 9000"


def _peering_commands(cable: str, end: int) -> Iterator[str]:
    yield f"link set {cable} up"
    yield f"addr add 169.254.77.{end}/30 dev {cable}"
    yield f"addr add fd00:77::{end}/126 dev {cable} nodad"


def _subnet_commands(plan: Plan, router: Router, subnet: Json, bridge: str, table: int) -> Iterator[str]:
    for block in _subnet_blocks(subnet):
        yield f"addr add {block[1]}/{block.prefixlen} dev {bridge}{' nodad' if block.version == 6 else ''}"
    for version in (4, 6):
        yield f"-{version} rule add iif {bridge} lookup {table} priority {table}"
        yield f"-{version} route add default dev {VOID} metric 9000 table {table}"
    for route in plan.inventory.table_of(subnet)["Routes"]:
        yield from _route_commands(plan, router, route, table)


def _route_commands(plan: Plan, router: Router, route: Json, table: int) -> Iterator[str]:
    """Longest prefix, and at the same length a route of its own before one by a prefix list."""
    id = route.get("DestinationPrefixListId")
    metric = 20 if id else 10
    own = [route[key] for key in ("DestinationCidrBlock", "DestinationIpv6CidrBlock") if route.get(key)]
    for block in plan.inventory.prefix_list(id) if id else own:
        version = ipaddress.ip_network(block).version
        if route.get("GatewayId") == "local":
            yield f"-{version} route add throw {block} metric {metric} table {table}"
        else:
            hop = _next_hop(plan, router, route, version)
            yield f"-{version} route add {block} {hop} metric {metric} table {table}"


def _next_hop(plan: Plan, router: Router, route: Json, version: int) -> str:
    """A peering connection delivers; whatever else a table may name leads out of what is built here."""
    cable = _cable(plan, route.get("VpcPeeringConnectionId"))
    if route["State"] != "active" or cable is None:
        return f"dev {VOID}"
    ends = _peerings(plan)[cable]
    far = 2 if ends[0] is router else 1
    return f"via {'169.254.77.' if version == 4 else 'fd00:77::'}{far} dev {cable}"


def _cable(plan: Plan, id: str | None) -> str | None:
    for number, one in enumerate(plan.inventory.all("VpcPeeringConnections")):
        if one["VpcPeeringConnectionId"] == id and f"x{number}" in _peerings(plan):
            return f"x{number}"
    return None
