"""VPCs, subnets and what connects them, by chance."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from .inventory import Object
from .world import REGION, World, overlap, rule

PORTS = (443, 5432, 8443, 19530, 53, 22)
_CIDRS = (
    "10.0.0.0/16",
    "10.1.0.0/16",
    "10.2.0.0/16",
    "10.20.0.0/16",
    "172.16.0.0/16",
    "172.31.0.0/16",
    "192.168.0.0/16",
)
_S3 = "52.218.0.0/17"
ON_PREMISES = "172.29.0.0/24"
ANYWHERE = "0.0.0.0/0"


@dataclass
class Net:
    """One VPC, as far as the generator must remember it."""

    vpc: str
    cidrs: list[str]
    v6: str | None
    region: str = REGION
    workload: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    #: Infrastructure subnets by purpose and zone.
    special: dict[tuple[str, int], str] = field(default_factory=dict)
    enis: list[str] = field(default_factory=list)
    used: dict[str, int] = field(default_factory=dict)
    igw: str | None = None
    attachment: str | None = None
    hidden: bool = False


class Terrain:
    def __init__(self, seed: int | str) -> None:
        self.rng = random.Random(f"oracle {seed}")
        self.world = World()
        self.nets: list[Net] = []
        self.pairs: dict[tuple[int, int], str] = {}
        self.listed: list[str] = []
        self._peerings: dict[frozenset[str], tuple[str, str]] = {}

    # Chance

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, *weighted: tuple[float, Any]) -> Any:
        weights = [weight for weight, _ in weighted]
        return self.rng.choices([value for _, value in weighted], weights)[0]

    # Networks

    def _vpcs(self) -> None:
        cidrs = self.rng.sample(_CIDRS, 4)
        for index in range(self.pick((5, 2), (4, 3), (2, 4))):
            blocks = [cidrs[index]]
            if index and self.chance(0.12):
                blocks = [self.nets[0].cidrs[0]]
            if self.chance(0.35):
                blocks.append(f"10.{100 + index}.0.0/16" if self.chance(0.6) else f"100.{64 + index}.0.0/16")
            v6 = f"2600:1f18:{index + 1:x}::/56" if self.chance(0.45) else None
            region = "eu-west-1" if index == 1 and self.chance(0.12) else REGION
            owner = "444455556666" if index and self.chance(0.15) else "111122223333"
            vpc = self.world.vpc(*blocks, v6=v6, owner=owner, region=region)
            net = Net(vpc, blocks, v6, region)
            self.nets.append(net)
            net.tables.append(self.world.main_table(vpc))
            for number in range(self.pick((4, 2), (4, 3), (1, 4))):
                subnet = self._subnet(net, self.rng.choice(blocks), number + 1, self.rng.randint(1, 3))
                net.workload.append(subnet)
                if self.chance(0.45):
                    net.tables.append(self.world.table(vpc, subnet))

    def _subnet(self, net: Net, block: str, number: int, zone: int) -> str:
        base = block.split(".")
        cidr = f"{base[0]}.{base[1]}.{number}.0/24"
        v6 = net.v6.replace("::/56", f":{number:x}::/64") if net.v6 else None
        return self.world.subnet(net.vpc, cidr, zone, v6)

    def _special(self, net: Net, purpose: str, zone: int) -> str:
        """A subnet for gateways, with a table of its own."""
        if (purpose, zone) not in net.special:
            number = {"transit": 200, "public": 210, "inner": 220}[purpose] + zone
            subnet = self._subnet(net, net.cidrs[0], number, zone)
            net.special[(purpose, zone)] = subnet
            if purpose != "transit" or self.chance(0.5):
                self.world.table(net.vpc, subnet)
        return net.special[(purpose, zone)]

    def _table(self, subnet: str) -> str:
        item = self.world.get("Subnets", "SubnetId", subnet)
        for table in self.world.lists["RouteTables"]:
            if any(one.get("SubnetId") == subnet for one in table["Associations"]):
                return table["RouteTableId"]
        return self.world.main_table(item["VpcId"])

    def _prefix_lists(self) -> None:
        cidrs = [cidr for net in self.nets for cidr in net.cidrs]
        for _ in range(2):
            some = self.rng.sample(cidrs, self.rng.randint(1, len(cidrs)))
            self.listed.append(self.world.prefix_list(*dict.fromkeys(some), known=self.chance(0.8)))

    # Connections between VPCs

    def _connect(self) -> None:
        hub: list[int] = []
        for i in range(len(self.nets)):
            for j in range(i + 1, len(self.nets)):
                how = self.pick((1, ""), (4, "peering"), (5, "tgw"), (1, "both"))
                if self._overlap(self.nets[i], self.nets[j]):
                    how = "tgw" if how else ""
                if REGION != self.nets[j].region or REGION != self.nets[i].region:
                    how = "peering" if how and not self._overlap(self.nets[i], self.nets[j]) else ""
                self.pairs[(i, j)] = how
                if how in ("tgw", "both"):
                    hub += [i, j]
        # The transit gateway's routes come first: a table keeps one route for a destination.
        if hub:
            self._hub(sorted(set(hub)))
        for (i, j), how in self.pairs.items():
            if how in ("peering", "both"):
                self._peer(self.nets[i], self.nets[j])

    def _overlap(self, left: Net, right: Net) -> bool:
        return any(overlap(a, b) for a in left.cidrs for b in right.cidrs)

    def _peer(self, near: Net, far: Net) -> None:
        status = self.pick((88, "active"), (4, "pending-acceptance"), (4, "deleted"), (2, "rejected"), (2, "expired"))
        peering = self.world.peering(near.vpc, far.vpc, status)
        self._peerings[frozenset((near.vpc, far.vpc))] = (peering, status)
        gone = status == "deleted" and self.chance(0.7)
        for here, there in ((near, far), (far, near)):
            self._routes_to(here, there, peering, "blackhole" if gone else "active")
            if self.chance(0.1):
                # Edge to edge: somebody hopes to borrow the peer's way out.
                self._route(self.rng.choice(here.tables), ANYWHERE, peering)

    def _routes_to(self, here: Net, there: Net, target: str, usual: str = "active") -> None:
        blocks = there.cidrs + ([there.v6] if there.v6 else [])
        for table in here.tables:
            for block in blocks:
                if self.chance(0.06):
                    continue
                state = "blackhole" if self.chance(0.03) else usual
                self._route(table, block, target, state)
            if self.chance(0.1):
                self._route(table, self.rng.choice(self.listed), target)
            if self.chance(0.05):
                self._route(table, "10.0.0.0/8", target)

    def _route(self, table: str, to: str, target: str, state: str = "active", **more: Any) -> None:
        """A table holds one static route for a destination, and no list that overlaps its own VPC."""
        item = self.world.get("RouteTables", "RouteTableId", table)
        static = [one for one in item["Routes"] if one["Origin"] != "EnableVgwRoutePropagation"]
        if any(to in one.values() for one in static):
            return
        own = self.world.cidrs(item["VpcId"])
        if to.startswith("pl-"):
            if any(
                overlap(one, mine) for one in self.world.entries[to] or [ANYWHERE] for mine in own if ":" not in mine
            ):
                if self.world.entries[to] is not None:
                    return
        elif any(overlap(to, mine) and len(to) and _inside(to, mine) for mine in own) and "nat" not in target[:3]:
            if not target.startswith("eni"):
                return
        self.world.route(table, to, target, state, **more)

    # The transit gateway

    def _hub(self, members: list[int]) -> None:
        w = self.world
        tgw = w.tgw(self.pick((5, "enable"), (5, "disable")), self.pick((97, "available"), (3, "modifying")))
        tables = [w.tgw_table(tgw) for _ in range(self.pick((3, 1), (2, 2)))]
        for index in members:
            net = self.nets[index]
            zones = sorted({int(self._zone(one)) for one in net.workload})
            if len(zones) > 1 and self.chance(0.15):
                zones.remove(self.rng.choice(zones))
            subnets = [
                self._workload_in(net, zone) if self.chance(0.15) else self._special(net, "transit", zone)
                for zone in zones
            ]
            net.attachment = w.attach(
                tgw,
                net.vpc,
                *subnets,
                table=None if self.chance(0.04) else self.rng.choice(tables),
                state=self.pick(
                    (95, "available"), (2, "pendingAcceptance"), (1, "deleted"), (1, "modifying"), (1, "failed")
                ),
                referencing=self.pick((9, "enable"), (1, "disable")),
                appliance=self.pick((9, "disable"), (1, "enable")),
            )
        if self.chance(0.04):
            self._unsettle(self.rng.choice(w.lists["TransitGatewayAttachments"]))
        for table in tables:
            self._tgw_routes(table, members)
        for (i, j), how in self.pairs.items():
            if how in ("tgw", "both"):
                self._routes_to(self.nets[i], self.nets[j], tgw)
                self._routes_to(self.nets[j], self.nets[i], tgw)
        if self.chance(0.25):
            vpn = w.attach_other(tgw, self.pick((3, "vpn"), (1, "direct-connect-gateway"), (1, "peering")), tables[0])
            w.tgw_route(self.rng.choice(tables), self.pick((2, ON_PREMISES), (1, ANYWHERE)), vpn)
        self._translate_to(members, tgw)

    def _unsettle(self, attachment: Object) -> None:
        """An association that is on its way in or out."""
        state = self.pick((1, "associating"), (1, "disassociating"))
        for one in [attachment.get("Association", {})] + [
            a for found in self.world.associations.values() for a in found
        ]:
            if (
                one.get("TransitGatewayAttachmentId", attachment["TransitGatewayAttachmentId"])
                == (attachment["TransitGatewayAttachmentId"])
                and "State" in one
            ):
                one["State"] = state

    def _zone(self, subnet: str) -> str:
        return self.world.get("Subnets", "SubnetId", subnet)["AvailabilityZoneId"][-1]

    def _workload_in(self, net: Net, zone: int) -> str:
        return next(one for one in net.workload if self._zone(one) == str(zone))

    def _tgw_routes(self, table: str, members: list[int]) -> None:
        w = self.world
        seen: list[str] = []
        for index in members:
            net = self.nets[index]
            assert net.attachment
            for cidr in net.cidrs + ([net.v6] if net.v6 else []):
                if cidr in seen:
                    continue
                seen.append(cidr)
                if self.chance(0.06):
                    continue
                if self.chance(0.3):
                    listed = {"PrefixListId": self.rng.choice(self.listed)} if self.chance(0.3) else {}
                    w.tgw_route(table, cidr, net.attachment, **listed)
                else:
                    w.propagate(table, net.attachment, [cidr])
                    if self.chance(0.06):
                        w.tgw_route(table, cidr, None, state="blackhole")
                    elif self.chance(0.05):
                        w.tgw_route(table, cidr, self.nets[self.rng.choice(members)].attachment)
                if ":" not in cidr and self.chance(0.08):
                    self._tgw_specific(table, cidr, members)
        if self.chance(0.04):
            w.more_routes.add(table)

    def _tgw_specific(self, table: str, cidr: str, members: list[int]) -> None:
        """A longer prefix that drops, or leads to another VPC."""
        part = cidr.replace(".0.0/", ".1.0/").split("/")[0] + "/24"
        other = self.nets[self.rng.choice(members)].attachment
        if self.chance(0.5):
            self.world.tgw_route(table, part, None, state="blackhole")
        else:
            self.world.tgw_route(table, part, other)

    def _translate_to(self, members: list[int], tgw: str) -> None:
        """Private NAT before the transit gateway, for networks that overlap or hide."""
        for index in members:
            net = self.nets[index]
            if not self.chance(0.15):
                continue
            zone = int(self._zone(net.workload[0]))
            home = self._special(net, "inner", zone)
            nat = self._nat(net, home, None)
            inner = self._table(home)
            for other in members:
                if other != index:
                    self._routes_to_one(inner, self.nets[other], tgw)
            table = self.rng.choice(net.tables)
            for route in self.world.get("RouteTables", "RouteTableId", table)["Routes"]:
                if route.get("TransitGatewayId") and "DestinationCidrBlock" in route and route["State"] == "active":
                    del route["TransitGatewayId"]
                    route["NatGatewayId"] = nat

    def _routes_to_one(self, table: str, there: Net, target: str) -> None:
        for block in there.cidrs:
            self._route(table, block, target)

    def _nat(self, net: Net, subnet: str, public: str | None) -> str:
        state = self.pick((92, "available"), (3, "failed"), (3, "deleting"), (2, "pending"))
        return self.world.nat(subnet, self._ip(net, subnet), public, state)

    # Edges

    def _edges(self) -> None:
        for number, net in enumerate(self.nets):
            if self.chance(0.5):
                net.igw = self.world.igw(*([net.vpc] if self.chance(0.9) else []))
                if self.chance(0.1):
                    self.world.edge_table(net.vpc, net.igw)
                self._defaults(net, number)
            if net.v6 and self.chance(0.5):
                eigw = self.world.eigw(*([net.vpc] if self.chance(0.85) else []))
                for table in net.tables:
                    if self.chance(0.7):
                        self._route(table, "::/0", eigw)
            if self.chance(0.25):
                self._private_gateway(net)
            if self.chance(0.35):
                self._gateway_endpoint(net)

    def _defaults(self, net: Net, number: int) -> None:
        w = self.world
        assert net.igw
        nat = None
        if self.chance(0.6):
            home = self._special(net, "public", self.rng.randint(1, 3))
            nat = self._nat(net, home, None if self.chance(0.12) else f"198.51.100.{number + 10}")
            if self.chance(0.92):
                self._route(self._table(home), ANYWHERE, net.igw)
        for table in net.tables:
            target = self.pick((3, net.igw), (4, nat), (1, None))
            if target:
                self._route(table, ANYWHERE, target)
            if net.v6 and self.chance(0.2):
                self._route(table, "::/0", net.igw)
        w.lists["InternetGateways"][-1]["Tags"] = [{"Key": "Name", "Value": f"igw-{number}"}]

    def _private_gateway(self, net: Net) -> None:
        vgw = self.world.vgw(net.vpc, state=self.pick((9, "attached"), (1, "detached")))
        for table in net.tables:
            if self.chance(0.7):
                self._route(table, ON_PREMISES, vgw)
            # The other side announces what is ours or a peer's: same length, longer, or inside the local route.
            far = [one for other in self.nets if other is not net for one in other.cidrs] + net.cidrs
            if self.chance(0.35):
                cidr = self.rng.choice(far)
                if self.chance(0.3):
                    cidr = cidr.replace(".0.0/", ".1.0/").split("/")[0] + "/24"
                if cidr not in net.cidrs:
                    self.world.route(table, cidr, vgw, Origin="EnableVgwRoutePropagation")

    def _gateway_endpoint(self, net: Net) -> None:
        known = self.chance(0.85)
        s3 = self.world.prefix_list(_S3, "3.5.76.0/22", known=known, owner="AWS", name=f"com.amazonaws.{REGION}.s3")
        some = self.rng.sample(net.tables, self.rng.randint(1, len(net.tables)))
        state = self.pick((9, "available"), (1, "deleting"))
        self.world.gateway_endpoint(net.vpc, s3, *some, state=state)

    def _redirect(self) -> None:
        """Routes more specific than local, to an appliance or a NAT gateway."""
        for net in self.nets:
            if len(net.workload) < 2 or not self.chance(0.15):
                continue
            subnet = self.rng.choice(net.workload)
            cidr = self.world.get("Subnets", "SubnetId", subnet)["CidrBlock"]
            others = [one for one in net.workload if one != subnet]
            table = self._table(self.rng.choice(others))
            if table == self._table(subnet) and self.chance(0.8):
                continue
            home = self._special(net, "inner", self.rng.randint(1, 3))
            target = self.pick((35, "nat"), (50, "appliance"), (15, "balancer"))
            if target == "nat":
                self._route(table, cidr, self._nat(net, home, None))
            elif target == "balancer":
                eni = self.world.eni(home, self._ip(net, home), kind="gateway_load_balancer_endpoint", check=False)
                more = {"VpcEndpointType": "GatewayLoadBalancer"}
                self.world.route(table, cidr, self.world.endpoint(net.vpc, eni, **more))
            else:
                open_group = self.world.group(net.vpc, [rule("-1", cidr=ANYWHERE)], name="appliance")
                appliance = self.world.host(
                    home,
                    self._ip(net, home),
                    open_group,
                    check=self.chance(0.3),
                    state=self.pick((9, "running"), (1, "stopped")),
                )
                if self.chance(0.2):
                    self._replace_local(net, table, appliance)
                else:
                    self._route(table, cidr, appliance)

    def _replace_local(self, net: Net, table: str, appliance: str) -> None:
        for route in self.world.get("RouteTables", "RouteTableId", table)["Routes"]:
            if route.get("DestinationCidrBlock") == net.cidrs[0] and route.pop("GatewayId", None):
                route.update({"NetworkInterfaceId": appliance, "Origin": "CreateRoute"})


def _inside(part: str, whole: str) -> bool:
    return overlap(part, whole) and int(part.split("/")[1]) >= int(whole.split("/")[1])
