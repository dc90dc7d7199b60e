"""Which route of a table a packet takes.

docs.aws.amazon.com: vpc/latest/userguide/route-tables-priority.html, vpc/latest/userguide/subnet-route-tables.html,
vpn/latest/s2svpn/vpn-route-priority.html, vpc/latest/tgw/how-transit-gateways-work.html (route evaluation order).
"""

from __future__ import annotations

from dataclasses import dataclass

from .inventory import Inventory, Object, Unknown, address, inside, network
from .trace import Trace

_TARGETS = (
    "NatGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "NetworkInterfaceId",
    "InstanceId",
    "EgressOnlyInternetGatewayId",
    "GatewayId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
)

_STATIC, _LISTED, _PROPAGATED = 0, 1, 2


@dataclass(frozen=True)
class Hop:
    """The route that was taken."""

    table: str
    kind: str
    target: str
    state: str | None


def table_of(inventory: Inventory, subnet: str, vpc: str) -> Object:
    main = None
    for table in inventory.all("RouteTables"):
        for association in table.get("Associations", []):
            if association.get("SubnetId") == subnet:
                return table
            if association.get("Main") and table.get("VpcId") == vpc:
                main = table
    if main is None:
        raise Unknown(f"main route table of {vpc}")
    return main


def select(inventory: Inventory, table: Object, ip: str, trace: Trace) -> Hop | None:
    """The longest prefix, then static before prefix list before propagated. None: no route matches."""
    ranked: list[tuple[int, int, Object]] = []
    hidden: list[Object] = []
    for route in table.get("Routes", []):
        try:
            found = _matches(inventory, route, ip)
        except Unknown:
            hidden.append(route)
            continue
        if found is not None:
            ranked.append((*found, route))
    local = [one for one in ranked if one[2].get("GatewayId") == "local"]
    if local:
        # No propagated route takes traffic away from the local route, and of the others only those that lead to an
        # interface, a NAT gateway or a Gateway Load Balancer endpoint: AWS refuses the rest.
        longest = max(one[0] for one in local)
        ranked = [one for one in ranked if one[0] <= longest or one[1] != _PROPAGATED and _may_redirect(one[2])]
        hidden = [route for route in hidden if _may_redirect(route)]
    if _private(ip):
        # The entries of a service behind a gateway endpoint are public, even when they are not seen.
        hidden = [route for route in hidden if not route.get("GatewayId", "").startswith("vpce-")]
    best: list[Object] = []
    if ranked:
        key = min((-length, rank) for length, rank, _ in ranked)
        best = [route for length, rank, route in ranked if (-length, rank) == key]
        # Lists that overlap with different targets: AWS picks one at random and stays with it.
        best = [trace.choose(best)]
    trace.hidden |= bool(hidden)
    chosen = trace.choose(best + hidden if best else [None, *hidden])
    return None if chosen is None else _hop(table, chosen)


def _may_redirect(route: Object) -> bool:
    return any(
        key in route for key in ("NetworkInterfaceId", "InstanceId", "NatGatewayId", "VpcEndpointId")
    ) or route.get("GatewayId", "").startswith("vpce-")


def _private(ip: str) -> bool:
    return any(inside(ip, block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))


def _matches(inventory: Inventory, route: Object, ip: str) -> tuple[int, int] | None:
    """Prefix length and rank of a route that covers the address."""
    cidr = route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")
    if cidr is not None:
        if not inside(ip, cidr):
            return None
        propagated = route.get("Origin") == "EnableVgwRoutePropagation"
        return network(cidr).prefixlen, _PROPAGATED if propagated else _STATIC
    if "DestinationPrefixListId" in route:
        covering = inventory.prefix_list(route["DestinationPrefixListId"], ip)
        return (max(network(one).prefixlen for one in covering), _LISTED) if covering else None
    return None


def _hop(table: Object, route: Object) -> Hop:
    for field in _TARGETS:
        target = route.get(field)
        if target:
            break
    else:
        raise Unknown(f"target of a route in {table['RouteTableId']}")
    if field == "GatewayId":
        kind = "local" if target == "local" else target.split("-")[0]
    else:
        kind = {
            "NatGatewayId": "nat",
            "TransitGatewayId": "tgw",
            "VpcPeeringConnectionId": "pcx",
            "NetworkInterfaceId": "eni",
            "InstanceId": "instance",
            "EgressOnlyInternetGatewayId": "eigw",
        }.get(field, "other")
    return Hop(table["RouteTableId"], kind, target, route.get("State"))


def select_tgw(inventory: Inventory, table: str, ip: str, trace: Trace) -> Object | None:
    """The route of a transit gateway's table; its prefix list references are printed entry by entry."""
    if table not in inventory.tgw_routes:
        raise Unknown(f"routes of {table}")
    routes, more = inventory.tgw_routes[table]
    if more:
        raise Unknown(f"further routes of {table}")
    ranked = []
    for route in routes:
        cidr = route.get("DestinationCidrBlock")
        if cidr is None or not inside(ip, cidr) or address(ip).version != network(cidr).version:
            continue
        if route.get("State") not in ("active", "blackhole"):
            raise Unknown(f"state {route.get('State')} of a route in {table}")
        rank = _LISTED if "PrefixListId" in route else _STATIC if route.get("Type") == "static" else _PROPAGATED
        ranked.append((-network(cidr).prefixlen, rank, route))
    if not ranked:
        return None
    key = min((length, rank) for length, rank, _ in ranked)
    return trace.choose([route for length, rank, route in ranked if (length, rank) == key])
