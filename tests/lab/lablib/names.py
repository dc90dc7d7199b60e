"""What the VPC's resolver and the public internet say about each name.

Derived from the endpoints and VPC attributes as Route 53 does it, so that "private DNS is off" in the configuration
*is* a public answer on the wire. A record is one of: a list of addresses; `{cname = "…"}`, also with a `ttl`;
`{alias = "vpce-…"}`, of one zone with `zone = "usw2-az1"`; `"servfail"`, `"refused"`, `"formerr"`, `"notimp"`,
`"nxdomain"`, `"nodata"` or `"silent"`; `{first = "10.9.0.1", count = 300}`; `{turns = […]}`, a record for each question
in turn; `{a = …, aaaa = …}`, one for each type. A table may say more: `ttl`; `soa = false` for a denial without its SOA
record, or that record's `zone`, `ttl`, `minimum` and `serial`; `owner`, under which name the addresses stand; `errors`
(`{code, text}`, RFC 8914); `delay` in seconds; `says`, as for a whole server.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import typing
from typing import Any

from . import dns
from .declaration import REGION, ZONES, DnsServer, Endpoint, Said, World
from .tables import one_of


def tables(world: World) -> dict[str, Any]:
    """The VPC resolver's data: rules that come first, private zones (when the VPC has them at all), public names."""
    own = world.dns.servers.get("10.0.0.2", DnsServer())
    return {
        "silent": not world.client_vpc.dns_support,
        "overrides": records(world, {**world.dns.overrides, **own.records}),
        "zones": {zone: records(world, names) for zone, names in _private_zones(world).items()},
        "public": records(world, _public(world)),
        **_manners(own),
    }


def own_server(world: World, server: DnsServer) -> dict[str, Any]:
    """The same for a server of the user's own, which knows private zones only from the VPC's resolver."""
    internet = {"overrides": {}, "zones": {}, "public": records(world, _public(world))}
    known = tables(world) if server.forwards else internet
    own = {**known["overrides"], **records(world, server.records)}
    return {**known, "silent": False, "overrides": own, **_manners(server)}


def _manners(server: DnsServer) -> dict[str, Any]:
    """Everything of a server but what it knows."""
    own = dataclasses.asdict(server)
    return {key: value for key, value in own.items() if key not in ("records", "forwards", "upstreams", "settings")}


def regional_name(endpoint: Endpoint) -> str:
    return f"{endpoint.id}-lab12345.{_domain(endpoint)}"


def endpoint_names(world: World, endpoint: Endpoint) -> dict[str, list[str]]:
    """The names AWS gives an endpoint, regional first, then zonal: public names of private addresses."""
    if not endpoint.addresses or not endpoint.exists:
        return {}
    zonal = {zonal_name(world, endpoint, subnet): [ip] for subnet, ip in endpoint.addresses.items()}
    return {regional_name(endpoint): endpoint.regional_addresses(), **zonal}


def zonal_name(world: World, endpoint: Endpoint, subnet: str) -> str:
    return f"{endpoint.id}-lab12345-{ZONES[world.subnets[subnet].zone]}.{_domain(endpoint)}"


def _domain(endpoint: Endpoint) -> str:
    return f"{endpoint.service.rpartition('.')[2]}.{REGION}.vpce.amazonaws.com"


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
        verified = name and world.services[endpoint.service].verification == "verified"
        if name and verified and endpoint.vpc == vpc.id and endpoint.exists and not endpoint.inbound_only:
            zones[name.removeprefix("*.")] = _managed_zone(world, endpoint, name)
    return zones


def _managed_zone(world: World, endpoint: Endpoint, name: str) -> dict[str, Any]:
    """AWS keeps addresses in it for its own services, and an alias of the regional name for everybody else's."""
    amazon = world.services[endpoint.service].owner == "amazon"
    record = {"alias": endpoint.id} if amazon else {"cname": regional_name(endpoint)}
    return {name: record, name.removeprefix("*."): record}


def _public(world: World) -> dict[str, Any]:
    names: dict[str, Any] = dict(world.dns.public)
    for endpoint in world.endpoints.values():
        names |= endpoint_names(world, endpoint)
    return names


def records(world: World, names: dict[str, Any]) -> dict[str, Any]:
    return {name: _record(world, what) for name, what in names.items()}


def _record(world: World, what: Any) -> dict[str, Any]:
    """One form for all: `addresses`, `cname`, `rcode` or `silent`, with what stands beside it."""
    if isinstance(what, (list, tuple)):
        return {"addresses": list(what)}
    if isinstance(what, str):
        return {"silent": True} if what == "silent" else {"rcode": _rcode(what)}
    if "turns" in what:
        return {"turns": [_record(world, one) for one in what["turns"]]}
    if "a" in what or "aaaa" in what:
        return {kind: _record(world, what.get(kind, "nodata")) for kind in ("a", "aaaa")}
    if "first" in what:
        first = ipaddress.ip_address(what["first"])
        return {**what, "addresses": [str(first + number) for number in range(what["count"])]}
    for key in what:
        one_of(key, _KEYS, "a DNS record")
    for one in what.get("says", ()):
        one_of(one, typing.get_args(Said), "says")
    if "rcode" in what:
        _rcode(what["rcode"])
    if "alias" not in what:
        return dict(what)
    endpoint = world.endpoints[what["alias"]]
    in_zone = [ip for subnet, ip in endpoint.addresses.items() if world.subnets[subnet].zone == what.get("zone")]
    return {"addresses": in_zone if "zone" in what else endpoint.regional_addresses() if endpoint.exists else []}


#: Of a record's table.
_KEYS = {"addresses", "alias", "cname", "delay", "errors", "owner", "rcode", "says", "silent", "soa", "ttl", "zone"}


def _rcode(name: str) -> str:
    return one_of(name, dns.RCODES, "a DNS record")
