"""What the VPC's resolver and the public internet say about each name.

Derived from the endpoints and VPC attributes as Route 53 does it, so that "private DNS is off" in the configuration
*is* a public answer on the wire. A record is one of: a list of addresses; `{cname = "…"}`; `{alias = "vpce-…"}`;
`"servfail"`, `"refused"` or `"silent"`.
"""

from __future__ import annotations

from typing import Any

from .declaration import REGION, ZONES, Endpoint, World


def tables(world: World) -> dict[str, Any]:
    """The name server's data: private zones (when the VPC has them at all), public names, and whether it speaks."""
    return {
        "silent": not world.client_vpc.dns_support,
        "zones": _resolve_aliases(world, _private_zones(world)),
        "public": _resolve_aliases(world, {"": _public(world)})[""],
    }


def endpoint_names(world: World, endpoint: Endpoint) -> dict[str, list[str]]:
    """The names AWS gives an endpoint, regional first, then zonal: public names of private addresses."""
    label = f"{endpoint.id}-lab12345"
    service = endpoint.service.rpartition(".")[2]
    domain = f"{service}.{REGION}.vpce.amazonaws.com"
    zonal = {f"{label}-{ZONES[world.subnets[subnet].zone]}.{domain}": [ip] for subnet, ip in endpoint.addresses.items()}
    return {f"{label}.{domain}": list(endpoint.addresses.values()), **zonal}


def private_name(world: World, endpoint: Endpoint) -> str | None:
    """The name that private DNS answers, when it is switched on and the service has one."""
    service = world.services.get(endpoint.service)
    return service.private_name if service and endpoint.private_dns else None


def _private_zones(world: World) -> dict[str, dict[str, Any]]:
    vpc = world.client_vpc
    if not (vpc.dns_support and vpc.dns_hostnames):
        return {}
    zones = dict(world.dns.zones)
    for endpoint in world.endpoints.values():
        name = private_name(world, endpoint)
        if name and endpoint.vpc == vpc.id:
            zones[name] = {name: {"alias": endpoint.id}}
    return zones


def _public(world: World) -> dict[str, Any]:
    names: dict[str, Any] = dict(world.dns.public)
    for endpoint in world.endpoints.values():
        names |= endpoint_names(world, endpoint)
    return names


def _resolve_aliases(world: World, zones: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {zone: {name: _record(world, what) for name, what in names.items()} for zone, names in zones.items()}


def _record(world: World, what: Any) -> Any:
    if isinstance(what, dict) and "alias" in what:
        return list(world.endpoints[what["alias"]].addresses.values())
    return what
