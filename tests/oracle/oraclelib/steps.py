"""How packets move: what every hop has in common.

docs.aws.amazon.com: vpc/latest/userguide/VPC_Route_Tables.html, vpc/latest/userguide/vpc-network-acls.html,
vpc/latest/tgw/tgw-nacls.html, vpc/latest/reachability/explanation-codes.html.
"""

from __future__ import annotations

from typing import Iterable

from . import filters
from . import ports as P
from .inventory import Inventory, Object, Unknown
from .packet import DARK, LOST, Arrival, Packet, Place
from .routes import Hop, select, table_of
from .trace import Block, Trace, block


class Steps:
    def __init__(self, inventory: Inventory, trace: Trace, forward: bool) -> None:
        self.inventory = inventory
        self.trace = trace
        self.forward = forward
        self.step = "forward-route" if forward else "return-route"
        self._depth = 0

    # Findings

    def stop(self, why: str, *resources: str, codes: Iterable[str] = ()) -> Arrival:
        self.trace.blocks.append(block(why, self.step, *resources, codes=codes))
        return LOST

    def dark(self, why: object) -> Arrival:
        self.trace.unknown(why)
        return DARK

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
            arrival = self.follow(place, packet, hop)
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
        return LOST

    def follow(self, place: Place, packet: Packet, hop: Hop) -> Arrival:
        """Along the route that was chosen."""
        raise NotImplementedError

    def reach(self, vpc: str, place: Place | None, packet: Packet) -> Arrival:
        """Whoever in that VPC holds the address."""
        try:
            found = self.inventory.holders(packet.dst, vpc)
        except Unknown as why:
            return self.dark(why)
        if len(found) > 1:
            return self.dark(f"{packet.dst} twice in {vpc}")
        if found:
            inside_attachment = (
                place is not None and place.kind == "attachment" and found[0]["SubnetId"] == place.subnet
            )
            return Arrival("eni", found[0], exempt=inside_attachment)
        if not self.inventory.sees(vpc):
            return self.dark(f"{vpc} is not in the inventory")
        return self._nobody(packet.dst, vpc)

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
