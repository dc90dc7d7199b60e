"""One packet on its way from a subnet to whoever gets it, or to where the inventory ends.

docs.aws.amazon.com: vpc/latest/tgw/tgw-nacls.html, vpc/latest/tgw/tgw-vpc-attachments.html,
vpc/latest/userguide/vpc-nat-gateway.html, vpc/latest/userguide/nat-gateway-basics.html,
vpc/latest/userguide/VPC_Internet_Gateway.html, vpc/latest/userguide/egress-only-internet-gateway.html,
vpc/latest/peering/vpc-peering-basics.html, vpc/latest/privatelink/gateway-endpoints.html,
vpc/latest/reachability/explanation-codes.html.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Iterable

from . import filters
from . import ports as P
from .filters import Truth
from .inventory import Inventory, Object, Unknown, address, groups, holds, inside, public_ip
from .routes import Hop, select, select_tgw, table_of
from .trace import ANY, Block, Trace, block

_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_SHARED = "100.64.0.0/10"
_NO_PUBLIC = ("IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS", "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS")


@dataclass(frozen=True)
class Place:
    """Where a packet leaves from: an interface, a NAT gateway, or the interface of a transit gateway attachment."""

    vpc: str
    subnet: str
    kind: str = "interface"
    eni: Object | None = None
    #: Of a NAT gateway: whether it has a public address.
    public: bool = False


@dataclass(frozen=True)
class Nat:
    """A translation on the forward path, to be undone on the way back."""

    gateway: str
    place: Place
    ip: str
    client_ip: str
    client: Place


@dataclass
class Packet:
    src: str
    dst: str
    protocol: str
    #: The destination ports it may have: one on the way there, the client's range on the way back.
    ports: P.Ports
    kept_by: str | None = "vpc"
    peering: str | None = None
    over_tgw: Truth = Truth.NO
    nats: list[Nat] = field(default_factory=list)
    #: The filters that took some of the ports.
    narrowed: list[tuple[str, str]] = field(default_factory=list)
    full: P.Ports = ()

    def __post_init__(self) -> None:
        self.full = self.ports


@dataclass(frozen=True)
class Arrival:
    """How a walk ended: at an `eni`, at an `edge`, in the `dark`, or `lost`."""

    kind: str
    eni: Object | None = None
    #: Whether the last subnet's network ACL does not see the packet enter.
    exempt: bool = False
    #: In the dark: whether an appliance has the packet, which may do with it as it likes.
    appliance: bool = False
    #: In the dark behind a peering connection: the VPC, which it does not leave again.
    vpc: str | None = None


_LOST = Arrival("lost")
_EDGE = Arrival("edge")
_DARK = Arrival("dark")


class Walk:
    def __init__(self, inventory: Inventory, trace: Trace, forward: bool) -> None:
        self.inventory = inventory
        self.trace = trace
        self.forward = forward
        self.step = "forward-route" if forward else "return-route"
        self._depth = 0

    # Findings

    def stop(self, why: str, *resources: str, codes: Iterable[str] = ()) -> Arrival:
        self.trace.blocks.append(block(why, self.step, *resources, codes=codes))
        return _LOST

    def dark(self, why: object) -> Arrival:
        self.trace.unknown(why)
        return _DARK

    # Filters

    def cross(self, subnet: str, egress: bool, packet: Packet, step: str | None = None) -> None:
        """A subnet's network ACL sees the packet enter or leave."""
        step = step or self.step
        try:
            acl = filters.acl_of(self.inventory, subnet)
            peer = packet.dst if egress else packet.src
            passed = filters.admitted(acl, egress, peer, packet.protocol, packet.full)
        except Unknown as why:
            self.trace.unknown(why)
            return
        acl_id = acl["NetworkAclId"]
        self.trace.shares[(step, acl_id)] = 1 - P.size(passed) / P.size(packet.full)
        names = {(step, acl_id), (step, subnet)}
        left = P.intersect(packet.ports, passed)
        if not passed:
            self._denied(f"{acl_id} {'egress' if egress else 'ingress'} {peer}", names)
        elif not left:
            self._denied(f"{acl_id} and the ones before it together", names | set(packet.narrowed))
            left = packet.full
        if passed and passed != packet.full:
            packet.narrowed += sorted(names)
        packet.ports = left or packet.ports

    def _denied(self, why: str, names: set[tuple[str, str]]) -> None:
        self.trace.blocks.append(Block(why, frozenset(names), frozenset({"SUBNET_ACL_RESTRICTION"})))

    # Movement

    def leave(self, place: Place, packet: Packet, step: str | None = None) -> Arrival:
        """Out of a subnet. What stays in it is switched, not routed, and no network ACL sees it."""
        near = self._neighbour(place, packet)
        if near is not None:
            return near
        if place.kind != "attachment":
            self.cross(place.subnet, True, packet, step)
        self._depth += 1
        if self._depth > 6:
            return self.dark("a loop")
        try:
            table = table_of(self.inventory, place.subnet, place.vpc)
            hop = select(self.inventory, table, packet.dst, self.trace)
        except Unknown as why:
            return self._after(place, packet, self.dark(why))
        if hop is None:
            arrival = self.stop(
                f"no route to {packet.dst}", table["RouteTableId"], place.subnet, codes=["NO_ROUTE_TO_DESTINATION"]
            )
        else:
            self.trace.hops.append(f"{hop.table} {hop.kind} {hop.target}")
            arrival = self._follow(place, packet, hop)
        return self._after(place, packet, arrival)

    def _after(self, place: Place, packet: Packet, arrival: Arrival) -> Arrival:
        """Out of an attachment's subnet into another: its outbound entries apply, unless the packet ends in it."""
        if place.kind == "attachment" and not arrival.exempt:
            self.cross(place.subnet, True, packet)
        return arrival

    def _neighbour(self, place: Place, packet: Packet) -> Arrival | None:
        try:
            for eni in self.inventory.holders(packet.dst, place.vpc):
                if eni.get("SubnetId") == place.subnet:
                    return Arrival("eni", eni, exempt=True)
        except Unknown:
            return None
        try:
            if not self.inventory.subnet_holds(place.subnet, packet.dst):
                return None
        except Unknown:
            return None
        return self._nobody(packet.dst, place.vpc)

    def _nobody(self, ip: str, vpc: str) -> Arrival:
        step = "destination-interface" if self.forward else "return-route"
        self.trace.blocks.append(block(f"nobody in {vpc} holds {ip}", step, "*"))
        return _LOST

    def _follow(self, place: Place, packet: Packet, hop: Hop) -> Arrival:
        if hop.state == "blackhole":
            return self.stop(f"blackhole to {hop.target}", hop.table, hop.target, codes=["BAD_STATE_ROUTE"])
        if hop.state != "active":
            return self.dark(f"state {hop.state} of a route")
        follow = {
            "local": self._local,
            "igw": self._internet,
            "eigw": self._egress_only,
            "vgw": self._private_gateway,
            "pcx": self._peering,
            "tgw": self._transit,
            "nat": self._translate,
            "vpce": self._gateway_endpoint,
            "eni": self._appliance,
        }.get(hop.kind)
        return follow(place, packet, hop) if follow else self.dark(f"target {hop.target}")

    def _local(self, place: Place, packet: Packet, hop: Hop) -> Arrival:
        return self._reach(place.vpc, place, packet)

    def _reach(self, vpc: str, place: Place | None, packet: Packet) -> Arrival:
        """Whoever in that VPC holds the address."""
        try:
            found = self.inventory.holders(packet.dst, vpc)
        except Unknown as why:
            return self.dark(why)
        if len(found) > 1:
            return self.dark(f"{packet.dst} twice in {vpc}")
        if found:
            inside_attachment = place is not None and place.kind == "attachment" and found[0]["SubnetId"] == place.subnet
            return Arrival("eni", found[0], exempt=inside_attachment)
        if not self.inventory.sees(vpc):
            return self.dark(f"{vpc} is not in the inventory")
        return self._nobody(packet.dst, vpc)

    # Gateways

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
        good = self._attached("InternetGateways", "InternetGatewayId", hop, place.vpc, ("available", "attached"), "Attachments")
        names = (hop.target, hop.table)
        if address(packet.dst).version == 4:
            if any(inside(packet.dst, one) for one in _PRIVATE):
                self.stop(f"{packet.dst} is private", *names, codes=["IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS"])
                return _LOST
            if inside(packet.dst, _SHARED):
                self.stop(f"{packet.dst} is shared", *names, codes=["IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS"])
                return _LOST
            if not self._has_public(place, packet):
                resources = [place.eni["NetworkInterfaceId"]] if place.eni else []
                resources += [packet.nats[-1].gateway] if packet.nats else []
                self.stop("no public address", *names, *resources, codes=_NO_PUBLIC)
                return _LOST
        if not good:
            return _LOST
        packet.kept_by = None
        return self._across(place, packet)

    def _across(self, place: Place, packet: Packet) -> Arrival:
        """Out into the internet, and in again where the address is an interface's public one.

        The internet gateways translate at both ends. What lies between them is not the inventory's: undecided is as right.
        """
        try:
            found = self._outside(packet.dst)
        except Unknown as why:
            return self.dark(why)
        if found is None:
            self.trace.unknown("the internet")
            return _EDGE
        self.trace.doubts.append("the internet")
        eni, packet.dst = found
        packet.src = self._public(place, packet) or packet.src
        if address(packet.dst).version == 6 and not self.forward:
            return Arrival("eni", eni)
        try:
            if not self._open(eni["VpcId"]):
                names = {(step, ANY) for step in ("forward-route", "return-route", "destination-interface")}
                self.trace.blocks.append(Block(f"no internet gateway at {eni['VpcId']}", frozenset(names)))
                return _LOST
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
            return _LOST
        packet.kept_by = None
        if not self.forward:
            # It lets nobody outside begin; what it does with replies to a connection it has not seen is not said.
            self.trace.unknown("replies through an egress-only gateway")
            self.trace.soft.append(block("replies through an egress-only gateway", self.step, hop.target, hop.table))
        return self._across(place, packet)

    def _private_gateway(self, place: Place, packet: Packet, hop: Hop) -> Arrival:
        if not self._attached("VpnGateways", "VpnGatewayId", hop, place.vpc, ("attached",), "VpcAttachments"):
            return _LOST
        packet.kept_by = None
        self.trace.unknown("on-premises")
        return _EDGE

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
                return _LOST
            self.trace.unknown(f"{hop.target} leads through an appliance")
            return Arrival("dark", appliance=True)
        packet.kept_by = None
        if packet.protocol != "tcp":
            return self._service("a gateway endpoint carries TCP", hop, "VPCE_GATEWAY_PROTOCOL_RESTRICTION")
        if state != "available":
            return _LOST
        self.trace.unseen.append("the service behind a gateway endpoint")
        return _EDGE

    def _service(self, why: str, hop: Hop, code: str) -> Arrival:
        """An endpoint that fails is as much the route's matter as the destination's."""
        names = {(step, one) for step in (self.step, "destination-interface") for one in (hop.target, hop.table)}
        self.trace.blocks.append(Block(why, frozenset(names), frozenset({code})))
        return _LOST

    # Peering

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
            return self.dark(f"{hop.target} does not belong to {place.vpc}") if good else _LOST
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
            return _LOST
        arrival = self._reach(far["VpcId"], None, packet)
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
            self.stop(f"{hop.target} checks source and destination", *names, codes=["ENI_SOURCE_DEST_CHECK_RESTRICTION"])
            lost = True
        if lost:
            return _LOST
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

    def broken(self, eni: Object) -> list[tuple[str, str]]:
        """Why an interface passes no packets, with the resource to blame."""
        found = []
        if eni.get("Status") != "in-use":
            found.append((f"{eni['NetworkInterfaceId']} is {eni.get('Status')}", eni["NetworkInterfaceId"]))
        instance_id = eni.get("Attachment", {}).get("InstanceId")
        if instance_id:
            try:
                instance = self.inventory.instance(instance_id)
            except Unknown as why:
                self.trace.doubts.append(str(why))
                return found
            state = instance["State"]["Name"] if instance else "running"
            if state in ("stopped", "terminated", "stopping", "shutting-down"):
                found.append((f"{instance_id} is {state}", instance_id))
            elif state != "running":
                self.trace.unknown(f"{instance_id} is {state}")
        return found

    # Transit gateways

    def _transit(self, place: Place, packet: Packet, hop: Hop) -> Arrival:
        names = (hop.target, hop.table)
        lost = False
        gateway: Object = {}
        try:
            gateway = self.inventory.find("TransitGateways", "TransitGatewayId", hop.target)
            if gateway["State"] in ("deleted", "deleting", "pending"):
                self.stop(f"{hop.target} is {gateway['State']}", *names, codes=["BAD_STATE"])
                lost = True
            elif gateway["State"] != "available":
                self.trace.doubts.append(f"{hop.target} is {gateway['State']}")
        except Unknown as why:
            # Its attachments say that it is there.
            self.trace.doubts.append(str(why))
        if place.kind == "attachment":
            self.trace.moot = True
            return self.dark("twice through a transit gateway")
        try:
            here = self._attachment(hop, place)
            if here is None:
                return self.stop(f"{place.vpc} is not attached", *names, place.vpc, place.subnet)
            lost |= self._bad_state(here, names)
            entry = self._entry(here, place, names)
            if entry is None:
                return _LOST
            self.cross(entry, False, packet)
            return self._onwards(here, entry, place, packet, hop, gateway, lost)
        except Unknown as why:
            return _LOST if lost else self.dark(why)

    def _attachment(self, hop: Hop, place: Place) -> Object | None:
        found = [
            one
            for one in self.inventory.all("TransitGatewayVpcAttachments")
            if one["TransitGatewayId"] == hop.target and one["VpcId"] == place.vpc and one["State"] != "deleted"
        ]
        if found:
            return found[0]
        gone = [
            one
            for one in self.inventory.all("TransitGatewayVpcAttachments")
            if one["TransitGatewayId"] == hop.target and one["VpcId"] == place.vpc
        ]
        return gone[0] if gone else None

    def _bad_state(self, attachment: Object, names: tuple[str, ...]) -> bool:
        state, attachment_id = attachment["State"], attachment["TransitGatewayAttachmentId"]
        if state == "available":
            return False
        if state in ("modifying", "rollingBack"):
            self.trace.unknown(f"{attachment_id} is {state}")
            self.trace.hidden = True
            return False
        self.stop(f"{attachment_id} is {state}", attachment_id, *names, codes=["BAD_STATE_ATTACHMENT", "BAD_STATE"])
        return True

    def _entry(self, attachment: Object, place: Place, names: tuple[str, ...]) -> str | None:
        """The attachment's subnet in the packet's zone: traffic enters a transit gateway only there."""
        zone = self._zone(place)
        for subnet in attachment["SubnetIds"]:
            if self.inventory.zone(subnet) == zone:
                return subnet
        attachment_id = attachment["TransitGatewayAttachmentId"]
        self.stop(
            f"{attachment_id} has no subnet in {zone}",
            attachment_id,
            place.subnet,
            *names,
            codes=["TGW_ROUTE_AZ_RESTRICTION", "TGW_ATTACH_VPC_AZ_RESTRICTION"],
        )
        return None

    def _zone(self, place: Place) -> str:
        return self.inventory.zone(place.subnet)

    def _onwards(
        self, here: Object, entry: str, place: Place, packet: Packet, hop: Hop, gateway: Object, lost: bool
    ) -> Arrival:
        here_id = here["TransitGatewayAttachmentId"]
        table = self._association(here_id, hop)
        if table is None:
            return self.stop(
                f"{here_id} is associated with no table",
                here_id,
                hop.target,
                hop.table,
                codes=["TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION"],
            )
        route = select_tgw(self.inventory, table, packet.dst, self.trace)
        if route is None:
            return self.stop(
                f"{table} has no route to {packet.dst}",
                table,
                hop.target,
                codes=["TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT", "TGW_RTB_CANNOT_ROUTE", "NO_ROUTE_TO_DESTINATION"],
            )
        self.trace.hops.append(f"{table} {route.get('Type')} {route.get('State')}")
        if route["State"] == "blackhole":
            return self.stop(f"{table} drops {packet.dst}", table, hop.target, codes=["TGW_RTB_BAD_STATE_ROUTE"])
        target = route["TransitGatewayAttachments"][0]
        if target.get("ResourceType") != "vpc":
            packet.kept_by = None
            self.trace.unknown(f"beyond the {target.get('ResourceType')} attachment")
            return _LOST if lost else _EDGE
        there_id = target["TransitGatewayAttachmentId"]
        try:
            there = self.inventory.find("TransitGatewayVpcAttachments", "TransitGatewayAttachmentId", there_id)
        except Unknown:
            # The transit gateway's owner sees another account's attachment, but not into it.
            seen = self.inventory.find("TransitGatewayAttachments", "TransitGatewayAttachmentId", there_id)
            if lost | self._bad_state(seen, (table, hop.target)):
                return _LOST
            raise
        # Whether a transit gateway sends packets back to where they came from is not said.
        self.trace.moot |= there is here
        lost |= self._bad_state(there, (table, hop.target))
        packet.over_tgw = _referencing(gateway, here, there)
        packet.kept_by = "tgw" if packet.kept_by == "vpc" and place.kind == "interface" else None
        exit_subnet = self._exit(entry, there)
        arrival = self.leave(Place(there["VpcId"], exit_subnet, "attachment"), packet)
        return _LOST if lost else arrival

    def _association(self, attachment: str, hop: Hop) -> str | None:
        """The route table that an attachment's packets are looked up in."""
        for table, found in self.inventory.associations.items():
            for one in found:
                if one.get("TransitGatewayAttachmentId") == attachment:
                    return self._associated(table, one.get("State"), attachment)
        for one in self.inventory.all("TransitGatewayAttachments"):
            if one.get("TransitGatewayAttachmentId") == attachment:
                association = one.get("Association")
                if not association:
                    return None
                return self._associated(association["TransitGatewayRouteTableId"], association.get("State"), attachment)
        raise Unknown(f"association of {attachment}")

    def _associated(self, table: str, state: str | None, attachment: str) -> str | None:
        if state == "associated":
            return table
        if state in ("disassociated", "disassociating", "associating"):
            return None
        raise Unknown(f"association of {attachment} is {state}")

    def _exit(self, entry: str, there: Object) -> str:
        """Where the packet comes out: in the zone it went in, unless there is none or appliance mode hashes it."""
        options = there["SubnetIds"]
        if there.get("Options", {}).get("ApplianceModeSupport") != "enable":
            zone = self.inventory.zone(entry)
            same = [one for one in options if self.inventory.zone(one) == zone]
            options = same or options
        return self.trace.choose(sorted(options))


def _referencing(gateway: Object, here: Object, there: Object) -> Truth:
    if not gateway:
        return Truth.MAYBE
    options = [item.get("Options", {}).get("SecurityGroupReferencingSupport") for item in (gateway, here, there)]
    if "disable" in options:
        return Truth.NO
    return Truth.YES if all(one == "enable" for one in options) else Truth.MAYBE


__all__ = ["Arrival", "Nat", "Packet", "Place", "Walk", "replace"]
