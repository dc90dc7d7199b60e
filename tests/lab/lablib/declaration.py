"""A world: what a scenario declares, laid over the default and made into typed values.

The same `World` feeds the packets (namespaces, nftables, name server, listeners) and the configuration
(AWS CLI JSON, EC2 API), so that the two agree unless a scenario says on purpose that they do not.
"""

from __future__ import annotations

import copy
import dataclasses
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from . import rules
from .rules import AclEntry, GroupRule, Route
from .tables import one_of
from .tables import typed as _typed
from .tables import unknown

ACCOUNT = "111122223333"
REGION = "us-west-2"
#: Zone ids, which mean the same in every account, and this account's names for them.
ZONES = {"usw2-az1": "us-west-2a", "usw2-az2": "us-west-2b", "usw2-az3": "us-west-2c"}
#: The keys of `documents`, with the call that prints each. The last is by route table.
DOCUMENTS = {
    "TransitGateways": "DescribeTransitGateways",
    "TransitGatewayAttachments": "DescribeTransitGatewayAttachments",
    "TransitGatewayVpcAttachments": "DescribeTransitGatewayVpcAttachments",
    "TransitGatewayRouteTables": "DescribeTransitGatewayRouteTables",
    "TransitGatewayRoutes": "SearchTransitGatewayRoutes",
}


@dataclass(frozen=True)
class Vpc:
    id: str
    cidr: str
    dns_support: bool = True
    dns_hostnames: bool = True
    #: Further CIDRs, each with a local route of its own.
    secondary: tuple[str, ...] = ()
    owner: str = ACCOUNT


@dataclass(frozen=True)
class Subnet:
    id: str
    vpc: str
    cidr: str
    zone: str
    acl: str
    route_table: str
    #: Another account's, when the subnet is shared with us.
    owner: str = ACCOUNT


@dataclass(frozen=True)
class Group:
    id: str
    vpc: str
    inbound: tuple[GroupRule, ...]
    outbound: tuple[GroupRule, ...]
    name: str


@dataclass(frozen=True)
class Acl:
    id: str
    vpc: str
    inbound: tuple[AclEntry, ...]
    outbound: tuple[AclEntry, ...]
    default: bool = False


@dataclass(frozen=True)
class RouteTable:
    id: str
    vpc: str
    routes: tuple[Route, ...]
    main: bool = False


@dataclass(frozen=True)
class Peering:
    id: str
    requester: str
    accepter: str
    status: str = "active"


@dataclass(frozen=True)
class Reference:
    """A group that rules still name and that is gone: behind a peering connection, as EC2 remembers it."""

    vpc: str
    peering: str
    status: str = "deleted"


@dataclass(frozen=True)
class Interface:
    id: str
    subnet: str
    ip: str
    groups: tuple[str, ...]
    instance: str | None = None
    #: Set when the interface belongs to an endpoint.
    endpoint: str | None = None
    #: An appliance that passes on what routes send to it; group references do not survive it.
    forwards: bool = False
    #: Whether it refuses packets that are neither from it nor for it, as an interface does unless it is told not to.
    source_dest_check: bool = True


@dataclass(frozen=True)
class Endpoint:
    id: str
    vpc: str
    service: str
    state: str = "available"
    private_dns: bool = False
    groups: tuple[str, ...] = ()
    #: Subnet id to address.
    addresses: dict[str, str] = field(default_factory=dict)
    #: `Interface`, `Gateway`, `GatewayLoadBalancer`.
    kind: str = "Interface"
    #: The addresses that carry packets, where state alone does not tell.
    working: tuple[str, ...] | None = None
    #: The addresses that its regional name gives, where it leaves some out.
    regional: tuple[str, ...] = ()
    #: `CODE: message`.
    last_error: str = ""
    #: Private DNS for inbound resolver endpoints only: the VPC itself goes on seeing public answers.
    inbound_only: bool = False
    #: Of a Gateway endpoint.
    route_tables: tuple[str, ...] = ()

    def carries(self, ip: str) -> bool:
        """A request that is not accepted has interfaces and names, and swallows every packet."""
        return ip in self.working if self.working is not None else self.state == "available"

    @property
    def exists(self) -> bool:
        """What is deleted is described for a while, and has neither interfaces nor names."""
        return self.state != "deleted"

    def regional_addresses(self) -> list[str]:
        return list(self.regional or self.addresses.values())


@dataclass(frozen=True)
class Service:
    name: str
    #: What private DNS would answer, if the service has such a name; `*.` covers everything below, and the rest itself.
    private_name: str | None = None
    acceptance_required: bool = False
    owner: str = ACCOUNT
    #: Whether the provider proved that the private name is theirs: without that nobody can use it.
    verification: str = "verified"


@dataclass(frozen=True)
class Listener:
    #: `tls`, `tcp`, `http` (no TLS), `mute` (accepts, says nothing), `banner` (speaks first), `alert`, `eof` and
    #: `reset` (each at the first bytes), `reset-at-accept`; and without any socket: `silent` (packets vanish),
    #: `prohibited` (ICMP), `none` (a RST).
    kind: str
    certificate: str = "valid"
    #: What is answered to an HTTP request, and after how many seconds.
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "lab\n"
    delay: float = 0.0
    #: `1.0` to `1.3`, where TLS is not as usual.
    versions: tuple[str, ...] = ()
    client_certificate: bool = False
    #: An alert for every server name but these.
    sni: tuple[str, ...] = ()
    #: The IANA name of the alert.
    alert: str = "handshake_failure"
    banner: str = ""
    #: The first SYN of every connection vanishes, its repetition does not.
    first_syn_lost: bool = False


#: The right answer, or what stands in its place.
Said = Literal["right", "echo", "garbage", "other-question", "text", "wrong-id"]


@dataclass(frozen=True)
class DnsServer:
    """A server of the user's own, on an address of an interface or, as a stub, of the host's loopback. On the VPC's
    resolver's address: how that behaves.
    """

    #: Whether it asks the VPC's resolver, or the internet, which knows no private zone.
    forwards: bool = False
    #: What it says by itself.
    records: dict[str, Any] = field(default_factory=dict)
    #: Seconds before each answer.
    delay: float = 0.0
    #: Every answer over UDP is cut short, so that the client has to ask over TCP. (Those that do not fit always are.)
    truncates: bool = False
    udp: bool | Literal["silent"] = True
    tcp: bool | Literal["closes", "garbage", "silent"] = True
    #: What becomes of a question with EDNS.
    edns: Literal["answered", "badvers", "dropped", "formerr", "ignored", "notimp"] = "answered"
    #: The messages that each question gets.
    says: tuple[Said, ...] = ("right",)
    #: TTLs count down, as in a cache.
    caches: bool = False
    #: The flags RA and AA.
    recursion: bool = True
    authoritative: bool = False
    #: What Debian ships, in place of the lab's own. Of the keys above only `records` are for it, and only knot's.
    software: Literal["lab", "dnsmasq", "knot", "unbound"] = "lab"
    #: Whom dnsmasq and unbound ask.
    upstreams: tuple[str, ...] = ("10.0.0.2",)
    #: Further lines of its configuration (of unbound's and knot's clause `server`).
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dns:
    #: Private hosted zones associated with the client's VPC: zone, then name to record.
    zones: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: What everybody else on the internet is told.
    public: dict[str, Any] = field(default_factory=dict)
    #: What the VPC resolver's own rules say before any zone is asked: DNS Firewall, forwarding.
    overrides: dict[str, Any] = field(default_factory=dict)
    servers: dict[str, DnsServer] = field(default_factory=dict)


@dataclass(frozen=True)
class Host:
    """The machine that asks."""

    interface: str
    #: Whether the instance metadata service answers, or nobody does.
    imds: bool = True
    #: Further lines of the hosts file.
    hosts: tuple[str, ...] = ()
    nameservers: tuple[str, ...] = ("10.0.0.2",)
    #: Of resolv.conf.
    search: tuple[str, ...] = ("us-west-2.compute.internal",)
    options: str = "timeout:2 attempts:5"
    #: The services of its line `hosts`.
    nsswitch: str = "files dns"
    #: First and last ephemeral port, where they are not the kernel's own.
    ports: tuple[int, ...] = ()
    #: nft rules on the host itself, each after its hook: `output tcp dport 443 drop`.
    firewall: tuple[str, ...] = ()
    #: As `ip route add` takes them: `blackhole 10.0.2.0/24`.
    routes: tuple[str, ...] = ()
    #: Bridges such as Docker makes: name to address and length.
    bridges: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    #: Without one, only the resolver and the metadata service are in reach.
    gateway: bool = True


@dataclass(frozen=True)
class World:
    host: Host
    vpcs: dict[str, Vpc]
    subnets: dict[str, Subnet]
    groups: dict[str, Group]
    acls: dict[str, Acl]
    route_tables: dict[str, RouteTable]
    prefix_lists: dict[str, tuple[str, ...]]
    peerings: dict[str, Peering]
    interfaces: dict[str, Interface]
    endpoints: dict[str, Endpoint]
    services: dict[str, Service]
    dns: Dns
    #: `PORT`, or `IP:PORT` which wins.
    listeners: dict[str, Listener]
    #: Public addresses that exist, behind whatever NAT the routes lead to.
    internet: tuple[str, ...]
    #: Groups that rules name and that are gone.
    references: dict[str, Reference]
    #: What AWS says of things that the lab has no packets for, by key, as the AWS CLI prints it: transit gateways.
    documents: dict[str, Any]

    @property
    def client(self) -> Interface:
        return self.interfaces[self.host.interface]

    @property
    def client_vpc(self) -> Vpc:
        return self.vpc_of(self.client)

    def vpc_of(self, interface: Interface) -> Vpc:
        return self.vpcs[self.subnets[interface.subnet].vpc]

    def others(self) -> list[Interface]:
        """Every interface but the client's: the far side of the lab."""
        return [one for one in self.interfaces.values() if one.id != self.host.interface]

    def peered(self, a: str, b: str) -> bool:
        return any(p.status == "active" and {a, b} == {p.requester, p.accepter} for p in self.peerings.values())


def on_this_host(ip: str) -> bool:
    """A stub's address."""
    return ipaddress.ip_address(ip).is_loopback


def make_world(raw: dict[str, Any], beside: Iterable[str] = ()) -> World:
    """`beside`: keys that stand beside the world's in a scenario, to suggest in place of one that is misspelt."""
    raw = copy.deepcopy(raw)

    def take(key: str) -> dict[str, Any]:
        table: dict[str, Any] = raw.pop(key, {})
        return table

    endpoints = {id: _typed(Endpoint, {"id": id, **table}) for id, table in take("endpoints").items()}
    interfaces = {id: _typed(Interface, {"id": id, **table}) for id, table in take("interfaces").items()}
    for endpoint in endpoints.values():
        interfaces |= {one.id: one for one in _endpoint_interfaces(endpoint)}
    world = World(
        host=_typed(Host, take("host")),
        vpcs={id: _typed(Vpc, {"id": id, **table}) for id, table in take("vpcs").items()},
        subnets={id: _typed(Subnet, {"id": id, **table}) for id, table in take("subnets").items()},
        groups={id: _group(id, table) for id, table in take("groups").items()},
        acls={id: _acl(id, table) for id, table in take("acls").items()},
        route_tables={id: _route_table(id, table) for id, table in take("route_tables").items()},
        prefix_lists={id: tuple(cidrs) for id, cidrs in take("prefix_lists").items()},
        peerings={id: _typed(Peering, {"id": id, **table}) for id, table in take("peerings").items()},
        interfaces=interfaces,
        endpoints=endpoints,
        services={name: _typed(Service, {"name": name, **table}) for name, table in take("services").items()},
        dns=_dns(take("dns")),
        listeners={where: _listener(what) for where, what in take("listeners").items()},
        internet=tuple(raw.pop("internet", ())),
        references={id: _typed(Reference, table) for id, table in take("references").items()},
        documents=take("documents"),
    )
    if raw:
        raise ValueError(unknown(min(raw), [*(one.name for one in dataclasses.fields(World)), *beside]))
    _check(world)
    return world


def _endpoint_interfaces(endpoint: Endpoint) -> list[Interface]:
    return [
        Interface(f"eni-{ip.replace('.', '-')}", subnet, ip, endpoint.groups, endpoint=endpoint.id)
        for subnet, ip in endpoint.addresses.items()
        if endpoint.exists
    ]


def _dns(table: dict[str, Any]) -> Dns:
    servers = {ip: _typed(DnsServer, one) for ip, one in table.get("servers", {}).items()}
    return _typed(Dns, {**table, "servers": servers})


def _group(id: str, table: dict[str, Any]) -> Group:
    parsed: dict[str, Any] = {way: tuple(rules.group_rule(text, way) for text in table.pop(way)) for way in _WAYS}
    return _typed(Group, {"id": id, "name": id, **table, **parsed})


def _acl(id: str, table: dict[str, Any]) -> Acl:
    parsed: dict[str, Any] = {way: tuple(rules.acl_entry(text, way) for text in table.pop(way)) for way in _WAYS}
    return _typed(Acl, {"id": id, **table, **parsed})


_WAYS: tuple[rules.Direction, ...] = ("inbound", "outbound")


def _route_table(id: str, table: dict[str, Any]) -> RouteTable:
    routes = tuple(rules.route(text) for text in table.pop("routes"))
    return _typed(RouteTable, {"id": id, **table, "routes": routes})


def _listener(what: str | dict[str, Any]) -> Listener:
    if isinstance(what, dict):
        return _typed(Listener, what)
    kind, _, certificate = what.partition(" ")
    return Listener(kind, certificate or "valid")


def _check(world: World) -> None:
    """References that lead nowhere would make a scenario pass for the wrong reason."""
    for key in world.documents:
        one_of(key, DOCUMENTS, "documents")
    for interface in world.interfaces.values():
        subnet = world.subnets[interface.subnet]
        if ipaddress.ip_address(interface.ip) not in ipaddress.ip_network(subnet.cidr):
            raise ValueError(f"{interface.id}: {interface.ip} is outside {subnet.id}")
        if unknown := set(interface.groups) - set(world.groups):
            raise ValueError(f"{interface.id}: there is no {', '.join(unknown)}")
    for subnet in world.subnets.values():
        for table, key in (
            (world.vpcs, subnet.vpc),
            (world.acls, subnet.acl),
            (world.route_tables, subnet.route_table),
            (ZONES, subnet.zone),
        ):
            if key not in table:
                raise ValueError(f"{subnet.id}: there is no {key}")
