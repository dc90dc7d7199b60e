"""Peering connections, NAT gateways and appliances.

docs.aws.amazon.com: vpc/latest/peering/vpc-peering-basics.html, vpc/latest/userguide/vpc-nat-gateway.html,
vpc/latest/peering/invalid-peering-configurations.html, vpc/latest/userguide/nat-gateway-basics.html,
vpc/latest/userguide/gateway-route-tables.html, vpc/latest/userguide/intra-vpc-route.html.
"""

from __future__ import annotations

from dataclasses import replace

from . import filters
from .filters import Truth
from .inventory import Object, Unknown, address, groups, holds, inside
from .packet import LOST, Arrival, Nat, Packet, Place
from .routes import Hop
from .steps import Steps


class Crossings(Steps):
    def _peering(self, place: Place, packet: Packet, hop: Hop) -> Arrival:
        try:
            peering = self.inventory.find("VpcPeeringConnections", "VpcPeeringConnectionId", hop.target)
        except Unknown as why:
            return self.dark(why)
        names = (hop.target, hop.table)
        status = peering.get("Status", {}).get("Code")
        good = status == "active"
        if not good:
            self.stop(f"{hop.target} is {status}", *names, codes=["BAD_STATE"])
        sides = [peering.get("RequesterVpcInfo", {}), peering.get("AccepterVpcInfo", {})]
        if place.vpc not in (sides[0].get("VpcId"), sides[1].get("VpcId")):
            return self.dark(f"{hop.target} does not belong to {place.vpc}") if good else LOST
        near, far = sides if sides[0].get("VpcId") == place.vpc else sides[::-1]
        if good and place.kind == "attachment":
            return self.stop(f"{packet.src} is not of {place.vpc}", *names, codes=["PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"])
        if good:
            try:
                cidrs = self._far_cidrs(far)
            except Unknown as why:
                return self.dark(why)
            if not any(inside(packet.dst, one) for one in cidrs):
                return self.stop(
                    f"{packet.dst} is not of {far['VpcId']}", *names, codes=["PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"]
                )
        same_region = near.get("Region") == far.get("Region")
        packet.kept_by = "peering" if packet.kept_by == "vpc" and place.kind == "interface" and same_region else None
        packet.peering = hop.target
        if not good:
            return LOST
        arrival = self.reach(far["VpcId"], None, packet)
        return replace(arrival, vpc=far["VpcId"]) if arrival.kind == "dark" else arrival

    def _far_cidrs(self, far: Object) -> list[str]:
        blocks = [one["CidrBlock"] for one in far.get("CidrBlockSet", [])]
        blocks += [one["Ipv6CidrBlock"] for one in far.get("Ipv6CidrBlockSet", [])]
        blocks += [far["CidrBlock"]] if "CidrBlock" in far else []
        try:
            blocks += self.inventory.vpc_cidrs(far["VpcId"])
        except Unknown:
            if not blocks:
                raise
        return blocks

    # NAT

    def _translate(self, place: Place, packet: Packet, hop: Hop) -> Arrival:
        names = (hop.target, hop.table)
        if not self.forward:
            return self.stop(
                f"{hop.target} carries no replies to a connection it did not start",
                *names,
            )
        try:
            nat = self.inventory.find("NatGateways", "NatGatewayId", hop.target)
        except Unknown as why:
            return self.dark(why)
        if nat["State"] != "available":
            return self.stop(f"{hop.target} is {nat['State']}", *names, codes=["BAD_STATE"])
        if place.kind == "attachment" or address(packet.dst).version == 6:
            # One page lets only the NAT gateway's own VPC start connections, another builds central egress on it.
            self.trace.moot = True
            return self.dark(f"what {hop.target} does with such a packet")
        home = nat["SubnetId"]
        if home != place.subnet:
            self.cross(home, False, packet)
        ip = nat["NatGatewayAddresses"][0]["PrivateIp"]
        there = Place(nat["VpcId"], home, "nat", None, nat.get("ConnectivityType") == "public")
        packet.nats.append(Nat(hop.target, there, ip, packet.src, place))
        packet.src = ip
        packet.kept_by = None
        return self.leave(there, packet)

    # Appliances

    def _appliance(self, place: Place, packet: Packet, hop: Hop) -> Arrival:
        names = (hop.target, hop.table)
        packet.kept_by = None
        try:
            eni = self.inventory.find("NetworkInterfaces", "NetworkInterfaceId", hop.target)
        except Unknown as why:
            self.trace.unknown(why)
            return Arrival("dark", appliance=True)
        if holds(eni, packet.dst):
            return Arrival("eni", eni)
        lost = False
        for why, resource in self.broken(eni):
            self.stop(why, *names, resource, codes=["BAD_STATE", "BAD_STATE_ROUTE"])
            lost = True
        if eni.get("SourceDestCheck") is True:
            self.stop(
                f"{hop.target} checks source and destination", *names, codes=["ENI_SOURCE_DEST_CHECK_RESTRICTION"]
            )
            lost = True
        if lost:
            return LOST
        self._appliance_filters(place, packet, eni)
        self.trace.unknown(f"what {hop.target} does with the packet")
        return Arrival("dark", appliance=True)

    def _appliance_filters(self, place: Place, packet: Packet, eni: Object) -> None:
        """An appliance's own subnet and groups must admit the packet; a report may say so or stop before it."""
        before = len(self.trace.blocks)
        if eni["SubnetId"] != place.subnet:
            self.cross(eni["SubnetId"], False, packet)
        port = packet.full[0][0]
        peer = filters.Peer(packet.src, None, "vpc")
        if filters.admits(self.inventory, groups(eni), False, peer, packet.protocol, port) == Truth.NO and self.forward:
            ids = [*groups(eni), eni["NetworkInterfaceId"]]
            self.stop("the appliance's groups", *ids, codes=["ENI_SG_RULES_MISMATCH", "SG_HAS_NO_RULES"])
        self.trace.soft += self.trace.blocks[before:]
        del self.trace.blocks[before:]
