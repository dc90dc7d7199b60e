"""Transit gateways.

docs.aws.amazon.com: vpc/latest/tgw/tgw-vpc-attachments.html, vpc/latest/tgw/how-transit-gateways-work.html,
vpc/latest/tgw/tgw-nacls.html, vpc/latest/tgw/transit-gateway-appliance-scenario.html.
"""

from __future__ import annotations

from .filters import Truth
from .inventory import Object, Unknown
from .packet import EDGE, LOST, Arrival, Packet, Place
from .routes import Hop, select_tgw
from .steps import Steps


class Transit(Steps):
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
                return LOST
            self.cross(entry, False, packet)
            return self._onwards(here, entry, place, packet, hop, gateway, lost)
        except Unknown as why:
            return LOST if lost else self.dark(why)

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
            return LOST if lost else EDGE
        there_id = target["TransitGatewayAttachmentId"]
        try:
            there = self.inventory.find("TransitGatewayVpcAttachments", "TransitGatewayAttachmentId", there_id)
        except Unknown:
            # The transit gateway's owner sees another account's attachment, but not into it.
            seen = self.inventory.find("TransitGatewayAttachments", "TransitGatewayAttachmentId", there_id)
            if lost | self._bad_state(seen, (table, hop.target)):
                return LOST
            raise
        # Whether a transit gateway sends packets back to where they came from is not said.
        self.trace.moot |= there is here
        lost |= self._bad_state(there, (table, hop.target))
        packet.over_tgw = _referencing(gateway, here, there)
        packet.kept_by = "tgw" if packet.kept_by == "vpc" and place.kind == "interface" else None
        exit_subnet = self._exit(entry, there)
        arrival = self.leave(Place(there["VpcId"], exit_subnet, "attachment"), packet)
        return LOST if lost else arrival

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
        if state == "disassociated":
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
