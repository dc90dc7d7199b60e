"""The ways out of a VPC: internet gateways, private gateways, gateway endpoints.

docs.aws.amazon.com: vpc/latest/userguide/VPC_Internet_Gateway.html, vpc/latest/privatelink/gateway-endpoints.html,
vpc/latest/userguide/egress-only-internet-gateway.html, vpc/latest/reachability/explanation-codes.html.
"""

from __future__ import annotations

from .inventory import Object, Unknown, address, inside, public_ip
from .packet import EDGE, LOST, Arrival, Packet, Place
from .routes import Hop
from .steps import Steps
from .trace import ANY, Block, block

_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_SHARED = "100.64.0.0/10"
_NO_PUBLIC = ("IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS", "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS")


class Gateways(Steps):
    def _attached(self, key: str, field: str, hop: Hop, vpc: str, good: tuple[str, ...], list_field: str) -> bool:
        """Whether a gateway is attached to the VPC; records what is wrong with it."""
        try:
            gateway = self.inventory.find(key, field, hop.target)
        except Unknown as why:
            self.trace.unknown(why)
            return True
        if gateway.get("State", "available") not in ("available", "pending"):
            self.stop(f"{hop.target} is {gateway['State']}", hop.target, hop.table, codes=["BAD_STATE"])
            return False
        for attachment in gateway.get(list_field, []):
            if attachment.get("VpcId") == vpc:
                if attachment.get("State") in good:
                    return True
                break
        self.stop(f"{hop.target} is not attached to {vpc}", hop.target, hop.table, codes=["BAD_STATE_ATTACHMENT"])
        return False

    def _internet(self, place: Place, packet: Packet, hop: Hop) -> Arrival:
        good = self._attached(
            "InternetGateways", "InternetGatewayId", hop, place.vpc, ("available", "attached"), "Attachments"
        )
        names = (hop.target, hop.table)
        if address(packet.dst).version == 4:
            if any(inside(packet.dst, one) for one in _PRIVATE):
                self.stop(f"{packet.dst} is private", *names, codes=["IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS"])
                return LOST
            if inside(packet.dst, _SHARED):
                self.stop(f"{packet.dst} is shared", *names, codes=["IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS"])
                return LOST
            if not self._has_public(place, packet):
                resources = [place.eni["NetworkInterfaceId"]] if place.eni else []
                resources += [packet.nats[-1].gateway] if packet.nats else []
                self.stop("no public address", *names, *resources, codes=_NO_PUBLIC)
                return LOST
        if not good:
            return LOST
        packet.kept_by = None
        return self._across(place, packet)

    def _across(self, place: Place, packet: Packet) -> Arrival:
        """Out into the internet, and in again where the address is an interface's public one.

        The internet gateways translate at both ends. What lies between is not the inventory's: undecided is as right.
        """
        try:
            found = self._outside(packet.dst)
        except Unknown as why:
            return self.dark(why)
        if found is None:
            self.trace.unknown("the internet")
            return EDGE
        self.trace.doubts.append("the internet")
        self.trace.hidden = True
        eni, packet.dst = found
        packet.src = self._public(place, packet) or packet.src
        if address(packet.dst).version == 6 and not self.forward:
            return Arrival("eni", eni)
        try:
            if not self._open(eni["VpcId"]):
                names = {(step, ANY) for step in ("forward-route", "return-route", "destination-interface")}
                self.trace.blocks.append(Block(f"no internet gateway at {eni['VpcId']}", frozenset(names)))
                return LOST
        except Unknown as why:
            return self.dark(why)
        return Arrival("eni", eni)

    def _outside(self, ip: str) -> tuple[Object, str] | None:
        """Whose address on the internet that is; every IPv6 address is one."""
        if address(ip).version == 4:
            return self.inventory.public_holder(ip)
        found = self.inventory.holders(ip)
        return (found[0], ip) if len(found) == 1 else None

    def _open(self, vpc: str) -> bool:
        return any(
            one.get("VpcId") == vpc and one.get("State") in ("available", "attached")
            for gateway in self.inventory.all("InternetGateways")
            for one in gateway.get("Attachments", [])
        )

    def _public(self, place: Place, packet: Packet) -> str | None:
        if place.kind == "nat":
            nat = self.inventory.find("NatGateways", "NatGatewayId", packet.nats[-1].gateway)
            return nat["NatGatewayAddresses"][0].get("PublicIp")
        return public_ip(place.eni, packet.src) if place.eni else None

    def _has_public(self, place: Place, packet: Packet) -> bool:
        if place.kind == "nat":
            return place.public
        return place.eni is not None and public_ip(place.eni, packet.src) is not None

    def _egress_only(self, place: Place, packet: Packet, hop: Hop) -> Arrival:
        key, field = "EgressOnlyInternetGateways", "EgressOnlyInternetGatewayId"
        if not self._attached(key, field, hop, place.vpc, ("attached", "available"), "Attachments"):
            return LOST
        packet.kept_by = None
        if not self.forward:
            # It lets nobody outside begin; what it does with replies to a connection it has not seen is not said.
            self.trace.unknown("replies through an egress-only gateway")
            self.trace.soft.append(block("replies through an egress-only gateway", self.step, hop.target, hop.table))
        return self._across(place, packet)

    def _private_gateway(self, place: Place, packet: Packet, hop: Hop) -> Arrival:
        if not self._attached("VpnGateways", "VpnGatewayId", hop, place.vpc, ("attached",), "VpcAttachments"):
            return LOST
        packet.kept_by = None
        self.trace.unknown("on-premises")
        return EDGE

    def _gateway_endpoint(self, place: Place, packet: Packet, hop: Hop) -> Arrival:
        try:
            endpoint = self.inventory.find("VpcEndpoints", "VpcEndpointId", hop.target)
        except Unknown as why:
            return self.dark(why)
        state = endpoint.get("State", "").lower()
        if state != "available":
            self._service(f"{hop.target} is {state}", hop, "BAD_STATE")
        if endpoint.get("VpcEndpointType") != "Gateway":
            if state != "available":
                return LOST
            self.trace.unknown(f"{hop.target} leads through an appliance")
            return Arrival("dark", appliance=True)
        packet.kept_by = None
        if packet.protocol != "tcp":
            return self._service("a gateway endpoint carries TCP", hop, "VPCE_GATEWAY_PROTOCOL_RESTRICTION")
        if state != "available":
            return LOST
        self.trace.unseen.append("the service behind a gateway endpoint")
        return EDGE

    def _service(self, why: str, hop: Hop, code: str) -> Arrival:
        """An endpoint that fails is as much the route's matter as the destination's."""
        names = {(step, one) for step in (self.step, "destination-interface") for one in (hop.target, hop.table)}
        self.trace.blocks.append(Block(why, frozenset(names), frozenset({code})))
        return LOST
