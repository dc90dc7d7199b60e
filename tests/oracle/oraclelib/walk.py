"""One packet on its way from a subnet to whoever gets it, or to where the inventory ends."""

from __future__ import annotations

from .crossings import Crossings
from .gateways import Gateways
from .packet import Arrival, Packet, Place
from .routes import Hop
from .transit import Transit


class Walk(Gateways, Crossings, Transit):
    def follow(self, place: Place, packet: Packet, hop: Hop) -> Arrival:
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
        return self.reach(place.vpc, place, packet)
