"""A flow there and back, once.

docs.aws.amazon.com: vpc/latest/privatelink/concepts.html (states), vpc/latest/userguide/custom-network-acl.html
(ephemeral ports), vpc/latest/userguide/security-group-rules.html (middleboxes).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Iterator

from . import filters
from . import ports as P
from .filters import Peer, Truth
from .inventory import Inventory, Object, Unknown, groups, public_ip
from .packet import Arrival, Nat, Packet, Place
from .trace import ANY, Block, Trace, block, walks
from .walk import Walk

_DEAD_ENDPOINT = {"pendingacceptance", "rejected", "expired", "failed", "deleting", "deleted"}


#: AWS's own interfaces that no group filters; nobody answers there, either.
_WITHOUT_GROUPS = ("nat_gateway", "transit_gateway", "gateway_load_balancer_endpoint")


@dataclass(frozen=True)
class Flow:
    source: str
    destination: str
    port: int
    protocol: str = "tcp"
    source_port: int | None = None

    def arguments(self) -> list[str]:
        found = ["--from", self.source, "--to", self.destination, "--port", str(self.port)]
        if self.protocol != "tcp":
            found += ["--protocol", self.protocol]
        if self.source_port is not None:
            found += ["--source-port", str(self.source_port)]
        return found


@dataclass(frozen=True)
class End:
    ip: str
    eni: Object | None = field(default=None, hash=False, compare=False)
    #: The id that was asked for, when it was no address.
    named: bool = False


class Path:
    def __init__(self, inventory: Inventory, flow: Flow, source: End, destination: End, trace: Trace) -> None:
        self.inventory = inventory
        self.flow = flow
        self.source = source
        self.destination = destination
        self.trace = trace
        self.there = Walk(inventory, trace, forward=True)
        self.back = Walk(inventory, trace, forward=False)

    def go(self) -> None:
        if self.source.eni is None:
            self._from_outside()
        else:
            self._from_interface(self.source.eni)

    # From an interface

    def _from_interface(self, eni: Object) -> None:
        self._may_initiate(eni)
        place = Place(eni["VpcId"], eni["SubnetId"], "interface", eni)
        packet = Packet(self.source.ip, self.destination.ip, self.flow.protocol, P.one(self.flow.port))
        arrival = self.there.leave(place, packet, "source-nacl-egress")
        if arrival.kind == "eni" and not self._meant(arrival.eni):
            self.trace.blocks.append(block("the route leads to another holder of that address", "forward-route", ANY))
            self.trace.blocks[-1] = _also(self.trace.blocks[-1], "destination-interface")
            arrival = Arrival("lost")
        if arrival.vpc and self.destination.eni and self.destination.eni["VpcId"] != arrival.vpc:
            self.trace.blocks.append(block(f"the route leads into {arrival.vpc}", "forward-route", ANY))
            self.trace.blocks[-1] = _also(self.trace.blocks[-1], "destination-interface")
            arrival = Arrival("lost")
        self._source_groups(eni, packet, arrival)
        if arrival.kind == "eni":
            self._deliver(arrival, packet, place)
        else:
            self._client_replies(eni, packet, arrival)
            self._if_it_got_there(eni, place, arrival, packet)

    def _meant(self, eni: Object) -> bool:
        wanted = self.destination.eni
        return wanted is None or wanted["NetworkInterfaceId"] == eni["NetworkInterfaceId"]

    def _may_initiate(self, eni: Object) -> None:
        if eni.get("InterfaceType") in ("vpc_endpoint", "gateway_load_balancer_endpoint"):
            ids = [eni["NetworkInterfaceId"], *_endpoints_of(self.inventory, eni)]
            self.trace.blocks.append(
                block("an endpoint starts no connections", "source-interface", *ids, codes=["VPCE_INTRA_VPC_TRAFFIC"])
            )
        for why, resource in self.there.broken(eni):
            ids = {resource, eni["NetworkInterfaceId"]}
            self.trace.blocks.append(block(why, "source-interface", *ids, codes=["BAD_STATE"]))

    def _source_groups(self, eni: Object, packet: Packet, arrival: Arrival) -> None:
        peer = _peer(self.destination.ip, packet, arrival)
        self._groups("source-sg-egress", eni, True, peer, certain=arrival.kind != "dark" or packet.kept_by is not None)

    def _groups(self, step: str, eni: Object, egress: bool, peer: Peer, certain: bool = True) -> None:
        ids = groups(eni)
        if eni.get("InterfaceType") in _WITHOUT_GROUPS:
            return
        if not ids and eni.get("InterfaceType") == "network_load_balancer":
            # One that was made without groups takes everything.
            self.trace.doubts.append(f"what lies behind {eni['NetworkInterfaceId']}")
            return
        answer = filters.admits(self.inventory, ids, egress, peer, self.flow.protocol, self.flow.port)
        if answer == Truth.MAYBE:
            self.trace.unknown(f"{step}: groups of {eni['NetworkInterfaceId']}")
            self._unseen_members(step, ids, egress, peer)
        if answer == Truth.NO:
            found = block(
                f"groups of {eni['NetworkInterfaceId']} admit no {self.flow.protocol}/{self.flow.port} {peer.ip}",
                step,
                *ids,
                eni["NetworkInterfaceId"],
                codes=_group_codes(self.inventory, ids, egress),
            )
            # Through an appliance a reference to the other end's group may or may not count on the way out.
            bare = filters.admits(
                self.inventory, ids, egress, Peer(peer.ip, None, "vpc"), self.flow.protocol, self.flow.port
            )
            if filters.silent(self.inventory, ids):
                self.trace.soft.append(found)
                self.trace.unknown(f"{step}: whether a group has no rules or is not seen")
            elif certain or bare == Truth.NO:
                self.trace.blocks.append(found)
            else:
                self.trace.soft.append(found)
                self.trace.unknown(f"{step}: references through an appliance")

    def _unseen_members(self, step: str, ids: list[str], egress: bool, peer: Peer) -> None:
        """An interface that is not seen hardly belongs to a group that is; but groups can be shared between VPCs."""
        if peer.groups is None:
            alone = Peer(peer.ip, frozenset(), peer.kept_by)
            if filters.admits(self.inventory, ids, egress, alone, self.flow.protocol, self.flow.port) == Truth.NO:
                self.trace.soft.append(block(f"{step}: references to groups that are seen", step, *ids))

    def _client_ports(self, eni: Object | None) -> P.Ports:
        if self.flow.source_port is not None:
            return P.one(self.flow.source_port)
        if eni is None:
            return P.MANAGED
        if eni.get("InterfaceType") in ("lambda", "network_load_balancer"):
            return P.MANAGED
        try:
            instance = self.inventory.instance(eni.get("Attachment", {}).get("InstanceId") or "")
        except Unknown:
            return P.LINUX
        return P.WINDOWS if (instance or {}).get("Platform") == "windows" else P.LINUX

    # At the destination

    def _deliver(self, arrival: Arrival, packet: Packet, client: Place) -> None:
        eni = arrival.eni
        assert eni is not None
        self._receiver(eni)
        if not arrival.exempt:
            self.there.cross(eni["SubnetId"], False, packet, "destination-nacl-ingress")
        self._groups("destination-sg-ingress", eni, False, self._as_seen(packet, eni))
        self._replies(eni, packet, client)

    def _as_seen(self, packet: Packet, eni: Object) -> Peer:
        kept_by = packet.kept_by
        if kept_by == "tgw" and eni.get("InterfaceType") == "vpc_endpoint":
            kept_by = None
        source = self.source.eni
        return Peer(packet.src, frozenset(groups(source)) if source else None, kept_by, packet.peering, packet.over_tgw)

    def _receiver(self, eni: Object) -> None:
        for why, resource in self.there.broken(eni):
            ids = {resource, eni["NetworkInterfaceId"]}
            self.trace.blocks.append(block(why, "destination-interface", *ids, codes=["BAD_STATE"]))
        kind = eni.get("InterfaceType", "interface")
        if kind == "vpc_endpoint":
            self._endpoint(eni)
        elif kind in _WITHOUT_GROUPS:
            self.trace.unknown(f"what answers behind a {kind}")

    def _endpoint(self, eni: Object) -> None:
        eni_id = eni["NetworkInterfaceId"]
        try:
            owners = [one for one in self.inventory.all("VpcEndpoints") if eni_id in one.get("NetworkInterfaceIds", [])]
        except Unknown as why:
            self.trace.unknown(why)
            return
        if not owners:
            self.trace.unknown(f"no endpoint claims {eni_id}")
            return
        endpoint = owners[0]
        endpoint_id, state = endpoint["VpcEndpointId"], endpoint.get("State", "").lower()
        if state in _DEAD_ENDPOINT:
            self.trace.blocks.append(
                block(f"{endpoint_id} is {state}", "destination-interface", endpoint_id, eni_id, codes=["BAD_STATE"])
            )
        elif state == "pending":
            # "Times out", says one page; every change of a working endpoint passes through it, says another.
            self.trace.unknown(f"{endpoint_id} is {state}")
            self.trace.soft.append(block("pending", "destination-interface", endpoint_id, eni_id, codes=["BAD_STATE"]))
        elif state != "available":
            self.trace.unknown(f"{endpoint_id} is {state}")
        self._service_zone(endpoint, eni)

    def _service_zone(self, endpoint: Object, eni: Object) -> None:
        if endpoint.get("ServiceRegion") not in (None, eni["AvailabilityZone"][:-1]):
            return
        try:
            service = self.inventory.find("ServiceDetails", "ServiceName", endpoint["ServiceName"])
        except Unknown as why:
            self.trace.doubts.append(str(why))
            return
        if eni["AvailabilityZone"] not in service.get("AvailabilityZones", []):
            self.trace.blocks.append(
                block(
                    f"{endpoint['ServiceName']} is not offered in {eni['AvailabilityZone']}",
                    "destination-interface",
                    endpoint["VpcEndpointId"],
                    eni["NetworkInterfaceId"],
                    eni["SubnetId"],
                    codes=["VPCE_SERVICE_NOT_INSTALLED_IN_AZ"],
                )
            )

    # And back

    def _replies(self, server: Object, packet: Packet, client: Place) -> None:
        translated = packet.nats[-1] if packet.nats else None
        ports = P.MANAGED if translated else self._client_ports(client.eni)
        reply = Packet(packet.dst, packet.src, self.flow.protocol, ports)
        place = Place(server["VpcId"], server["SubnetId"], "interface", server)
        arrival = self.back.leave(place, reply, "return-nacl-egress")
        if arrival.vpc not in (None, translated.place.vpc if translated else client.vpc):
            self.trace.blocks.append(block(f"replies end in {arrival.vpc}", "return-route", ANY))
        if arrival.kind != "eni":
            self._last_filter(client, packet, reply, arrival)
            return
        if translated is None:
            if arrival.eni is not client.eni:
                self._astray(arrival)
            elif not arrival.exempt:
                self.back.cross(client.subnet, False, reply, "return-nacl-ingress")
            return
        if arrival.eni["VpcId"] != translated.place.vpc:  # type: ignore[index]
            self._astray(arrival)
            return
        if not arrival.exempt:
            self.back.cross(translated.place.subnet, False, reply)
        self._untranslate(packet, self._client_ports(client.eni))

    def _astray(self, arrival: Arrival) -> None:
        assert arrival.eni is not None
        self.trace.blocks.append(block(f"replies end at {arrival.eni['NetworkInterfaceId']}", "return-route", ANY))

    def _untranslate(self, packet: Packet, ports: P.Ports) -> None:
        """From the NAT gateway to its client, with the server's address as source."""
        nat = packet.nats[0]
        if len(packet.nats) > 1:
            self.trace.unknown("two NAT gateways")
        if nat.place.subnet == nat.client.subnet:
            return
        inner = Packet(self.destination.ip, nat.client_ip, self.flow.protocol, ports)
        self.back.cross(nat.place.subnet, True, inner)
        self.back.cross(nat.client.subnet, False, inner, "return-nacl-ingress")

    def _last_filter(self, client: Place, packet: Packet, reply: Packet, arrival: Arrival) -> None:
        """However the replies come: into the client's subnet they come from outside."""
        if client.eni is None:
            return
        if packet.nats:
            aside = self._aside()
            aside._untranslate(packet, self._client_ports(client.eni))
            self.trace.further += aside.trace.blocks
            return
        before = len(self.trace.blocks)
        self.back.cross(client.subnet, False, reply, "return-nacl-ingress")
        found = self.trace.blocks[before:]
        if arrival.kind == "lost":
            del self.trace.blocks[before:]
            self.trace.further += found
        elif arrival.appliance or self._attached(client.subnet):
            del self.trace.blocks[before:]
            self.trace.soft += found

    def _attached(self, subnet: str) -> bool:
        return any(
            subnet in one.get("SubnetIds", []) for one in self.inventory.lists.get("TransitGatewayVpcAttachments", [])
        )

    # Where the way there is not seen to its end

    def _client_replies(self, eni: Object, packet: Packet, arrival: Arrival) -> None:
        """The last filters before the client apply to replies from anywhere."""
        ports = self._client_ports(eni)
        client = Place(eni["VpcId"], eni["SubnetId"], "interface", eni)
        if packet.nats:
            before = len(self.trace.blocks)
            outer = Packet(self.destination.ip, packet.nats[-1].ip, self.flow.protocol, P.MANAGED)
            self.back.cross(packet.nats[-1].place.subnet, False, outer)
            self._untranslate(packet, ports)
            if arrival.kind == "lost":
                self.trace.further += self.trace.blocks[before:]
                del self.trace.blocks[before:]
            return
        reply = Packet(self.destination.ip, self.source.ip, self.flow.protocol, ports)
        self._last_filter(client, packet, reply, arrival)

    def _if_it_got_there(self, eni: Object, client: Place, arrival: Arrival, packet: Packet) -> None:
        """What would stop the flow at the destination if the way there were mended."""
        if self.destination.eni is not None:
            found = [self.destination.eni]
        else:
            try:
                public = self.inventory.public_holder(self.destination.ip)
                found = [public[0]] if public else self.inventory.holders(self.destination.ip)
            except Unknown:
                return
        lost = arrival.kind == "lost"
        if lost and not found:
            self._groups_aside(eni, Peer(self.destination.ip, None, None))
        for server in found:
            for there in self._as_sent(eni, packet):
                for aside in walks(
                    lambda trace, s=server, p=there: self._aside(trace)._as_if(s, replace(p), eni, client)
                ):
                    if aside.moot:
                        aside.soft.append(block("AWS's pages contradict each other", "return-route", ANY))
                    if lost:
                        self.trace.further += aside.blocks + aside.soft + aside.further
                    else:
                        self.trace.soft += aside.blocks + aside.soft

    def _as_sent(self, eni: Object, packet: Packet) -> Iterator[Packet]:
        """The packet as the destination may see it: with the client's addresses or a NAT gateway's."""
        outside = public_ip(eni, self.source.ip)
        sources = [(self.source.ip, None, "vpc"), (self.source.ip, None, None)] + [(outside, None, None)] * bool(
            outside
        )
        for nat in packet.nats:
            sources += [(nat.ip, nat, None)] + [(one, nat, None) for one in self._outside(nat)]
        for ip, nat, kept_by in sources:
            sent = Packet(ip, self.destination.ip, self.flow.protocol, P.one(self.flow.port), kept_by)
            sent.nats = [nat] if nat else []
            yield sent

    def _outside(self, nat: Nat) -> list[str]:
        gateway = self.inventory.find("NatGateways", "NatGatewayId", nat.gateway)
        return [one["PublicIp"] for one in gateway["NatGatewayAddresses"] if "PublicIp" in one]

    def _as_if(self, server: Object, packet: Packet, eni: Object, client: Place) -> None:
        self._deliver(Arrival("eni", server), packet, client)
        self._filters(server, packet, client)
        self._groups("source-sg-egress", eni, True, Peer(packet.dst, frozenset(groups(server)), packet.kept_by))

    def _aside(self, trace: Trace | None = None) -> Path:
        return Path(self.inventory, self.flow, self.source, self.destination, trace or Trace())

    def _groups_aside(self, eni: Object, peer: Peer) -> None:
        aside = self._aside()
        aside._groups("source-sg-egress", eni, True, peer)
        self.trace.further += aside.trace.blocks

    def _filters(self, server: Object, packet: Packet, client: Place) -> None:
        """The network ACLs at both ends, whichever way the packets take between them."""
        ports = P.MANAGED if packet.nats else self._client_ports(client.eni)
        reply = Packet(self.destination.ip, packet.src, self.flow.protocol, ports)
        self.there.cross(client.subnet, True, packet, "source-nacl-egress")
        self.there.cross(server["SubnetId"], False, packet, "destination-nacl-ingress")
        self.back.cross(server["SubnetId"], True, reply, "return-nacl-egress")
        self.back.cross(client.subnet, False, reply, "return-nacl-ingress")

    # From outside

    def _from_outside(self) -> None:
        """Some host that is not in the inventory: its side is unseen, the destination's is not."""
        self.trace.unknown(f"{self.source.ip} is no interface of the inventory")
        if self.destination.eni is not None:
            found = [self.destination.eni]
        else:
            try:
                found = self.inventory.holders(self.destination.ip)
            except Unknown as why:
                self.trace.unknown(why)
                return
        if len(found) != 1:
            self.trace.ambiguous = len(found) > 1
            return
        server = found[0]
        self._receiver(server)
        packet = Packet(self.source.ip, self.destination.ip, self.flow.protocol, P.one(self.flow.port), kept_by=None)
        before = len(self.trace.blocks)
        self.there.cross(server["SubnetId"], False, packet, "destination-nacl-ingress")
        if self._attached(server["SubnetId"]):
            self.trace.soft += self.trace.blocks[before:]
            del self.trace.blocks[before:]
        self._groups("destination-sg-ingress", server, False, Peer(self.source.ip, None, None))
        reply = Packet(self.destination.ip, self.source.ip, self.flow.protocol, self._client_ports(None))
        place = Place(server["VpcId"], server["SubnetId"], "interface", server)
        self._as_if_linux(server, reply)
        self.back.leave(place, reply, "return-nacl-egress")

    def _as_if_linux(self, server: Object, reply: Packet) -> None:
        """Nobody knows an outsider's ephemeral ports; a report may take them for Linux's."""
        if self.flow.source_port is None:
            aside = self._aside()
            usual = Packet(reply.src, reply.dst, reply.protocol, P.LINUX)
            aside.back.cross(server["SubnetId"], True, usual, "return-nacl-egress")
            self.trace.soft += aside.trace.blocks


def _also(one: Block, step: str) -> Block:
    return Block(one.why, one.names | {(step, resource) for _, resource in one.names}, one.codes)


def _peer(ip: str, packet: Packet, arrival: Arrival) -> Peer:
    """The destination as the source's groups see it."""
    if arrival.kind == "eni":
        return Peer(ip, frozenset(groups(arrival.eni or {})), packet.kept_by, packet.peering, packet.over_tgw)
    if arrival.kind == "dark" and not arrival.appliance:
        return Peer(ip, None, packet.kept_by)
    if arrival.kind == "lost":
        return Peer(ip, None, packet.kept_by)
    return Peer(ip, None, None)


def _group_codes(inventory: Inventory, ids: list[str], egress: bool) -> list[str]:
    if filters.no_rules(inventory, ids, egress):
        return ["SG_HAS_NO_RULES", "ENI_SG_RULES_MISMATCH"]
    return ["ENI_SG_RULES_MISMATCH", "SG_REFERENCES_NOT_PRESERVED", "SG_REFERENCING_SUPPORT", "UNKNOWN_PEERED_SGS"]


def _endpoints_of(inventory: Inventory, eni: Object) -> list[str]:
    return [
        one["VpcEndpointId"]
        for one in inventory.lists.get("VpcEndpoints", [])
        if eni["NetworkInterfaceId"] in one.get("NetworkInterfaceIds", [])
    ]
