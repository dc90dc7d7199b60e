"""Seeded worlds of two to four VPCs, mostly well built, with faults where administrators make them."""

from __future__ import annotations

from typing import Any

from .inventory import Object
from .terrain import ANYWHERE, ON_PREMISES, PORTS, Net, Terrain
from .world import OPEN, REGION, World, both, entry, nth, rule


class Generator(Terrain):
    def build(self) -> World:
        self._vpcs()
        self._prefix_lists()
        self._connect()
        self._edges()
        self._groups()
        self._interfaces()
        self._redirect()
        self._acls()
        self._hide()
        self._overlapping_lists()
        self.world.rules_in = self.pick((6, "groups"), (2, "both"), (2, "rules"))
        if self.chance(0.3):
            # The AWS CLI prints describe-managed-prefix-lists under this key.
            self.world.lists["PrefixLists"] = self.world.lists["ManagedPrefixLists"]
        return self.world

    # Groups

    def _groups(self) -> None:
        for net in self.nets:
            default = self.world.group(net.vpc, name="default")
            self.world.allow(default, rule("-1", group=default))
            net.groups = [default, self.world.group(net.vpc, egress=self._egress(net), name="app")]
            net.groups += [self.world.group(net.vpc, egress=self._egress(net), name=f"service-{n}") for n in (1, 2)]
        for net in self.nets:
            for group in net.groups[1:]:
                for _ in range(self.pick((1, 0), (4, 2), (4, 3), (2, 5))):
                    self.world.allow(group, self._ingress(net))
            if self.chance(0.15):
                self._narrow_egress(net)

    def _egress(self, net: Net) -> list[Object] | None:
        return self.pick(
            (70, None),
            (6, [rule("tcp", 443, cidr=ANYWHERE)]),
            (6, [rule("tcp", (1024, 65535), cidr="10.0.0.0/8"), rule("tcp", 443, cidr=ANYWHERE)]),
            (4, [rule("tcp", 443, prefix_list=self.rng.choice(self.listed)), rule("udp", 53, cidr=ANYWHERE)]),
            (3, [rule("-1", cidr=net.cidrs[0])]),
            (2, [rule("-1", cidr="::/0")]),
            (2, []),
        )

    def _narrow_egress(self, net: Net) -> None:
        """Out only to a group, of this VPC or another one."""
        target = self.rng.choice(self.nets if self.chance(0.5) else [net])
        group = self.world.group(net.vpc, egress=[self._reference(net, target, "-1", None)], name="narrow")
        net.groups.append(group)

    def _ingress(self, net: Net) -> Object:
        port = self.rng.choice(PORTS)
        protocol = self.pick(
            (12, "tcp"), (2, "6"), (2, "udp" if port == 53 else "tcp"), (1, "17"), (1, "47"), (1, "icmp"), (2, "-1")
        )
        ports = None if protocol == "-1" else (-1, -1) if protocol == "icmp" else port
        if protocol in ("tcp", "6") and self.chance(0.25):
            ports = self.pick((2, (0, 65535)), (2, (1024, 65535)), (1, (443, 8443)))
        any_net = self.rng.choice(self.nets)
        return self.pick(
            (3, rule(protocol, ports, cidr=ANYWHERE)),
            (2, rule(protocol, ports, cidr="::/0")),
            (4, rule(protocol, ports, cidr="10.0.0.0/8")),
            (4, rule(protocol, ports, cidr=self.rng.choice(net.cidrs))),
            (5, rule(protocol, ports, cidr=self.rng.choice(any_net.cidrs))),
            (1, rule(protocol, ports, cidr=any_net.v6 or "2600:1f18::/32")),
            (2, rule(protocol, ports, cidr=self._host_cidr(any_net))),
            (3, rule(protocol, ports, prefix_list=self.rng.choice(self.listed))),
            (6, self._reference(net, net, protocol, ports)),
            (6, self._reference(net, any_net, protocol, ports)),
        )

    def _host_cidr(self, net: Net) -> str:
        subnet = self.world.get("Subnets", "SubnetId", self.rng.choice(net.workload))
        return self.pick((1, f"{nth(subnet['CidrBlock'], 11)}/32"), (1, subnet["CidrBlock"]))

    def _reference(self, net: Net, other: Net, protocol: str, ports: Any) -> Object:
        group = self.rng.choice(other.groups[1:3])
        if other is net:
            return rule(protocol, ports, group=group)
        pair: Object = {"UserId": self.world.owner(other.vpc), "VpcId": other.vpc}
        peering, status = self._peerings.get(frozenset((net.vpc, other.vpc)), (None, None))
        if peering:
            pair |= {"VpcPeeringConnectionId": peering, "PeeringStatus": status}
        elif not (net.attachment and other.attachment) and self.chance(0.3):
            # What a deleted connection leaves behind.
            pair |= {"VpcPeeringConnectionId": "pcx-0dead00000000dead", "PeeringStatus": "deleted"}
        return rule(protocol, ports, group=group, pair=pair)

    # Interfaces

    def _ip(self, net: Net, subnet: str) -> str:
        net.used[subnet] = net.used.get(subnet, 9) + 1
        return nth(self.world.get("Subnets", "SubnetId", subnet)["CidrBlock"], net.used[subnet])

    def _interfaces(self) -> None:
        public = 50
        for net in self.nets:
            for subnet in net.workload + [one for one in net.special.values() if self.chance(0.15)]:
                for _ in range(self.pick((3, 1), (3, 2), (1, 3))):
                    kind = self.pick(
                        (6.5, "host"), (0.7, "lambda"), (0.3, "balancer"), (2.2, "endpoint"), (0.6, "node")
                    )
                    public += 1
                    net.enis.append(self._interface(net, subnet, kind, f"198.51.100.{public}"))

    def _interface(self, net: Net, subnet: str, kind: str, public: str) -> str:
        w, ip = self.world, self._ip(net, subnet)
        groups = self.rng.sample(net.groups, self.pick((3, 1), (2, 2)))
        v6 = self._v6(subnet, ip)
        if kind == "endpoint":
            return self._endpoint(net, subnet, ip, groups)
        if kind == "balancer":
            return w.eni(subnet, ip, *(groups if self.chance(0.3) else []), kind="network_load_balancer")
        if kind == "lambda":
            return w.eni(subnet, ip, *groups, kind="lambda", v6=v6)
        more: dict[str, Any] = {"v6": v6}
        if kind == "node":
            number = 64 + 16 * self.rng.randint(0, 7)
            block = w.get("Subnets", "SubnetId", subnet)["CidrBlock"]
            more["prefixes"] = [f"{nth(block, number)}/28"]
            net.used[f"{subnet} {number}"] = 1
            if [one for one in net.used if one == f"{subnet} node"]:
                more.pop("prefixes")
            net.used[f"{subnet} node"] = 1
        elif self.chance(0.2):
            more["secondary"] = [self._ip(net, subnet)]
        if net.igw and self.chance(0.4):
            more["public"] = {self.rng.choice([ip, *more.get("secondary", [])]): public}
        if self.chance(0.03):
            return w.eni(subnet, ip, *groups, status="available", **more)
        if self.chance(0.03):
            # A group that was deleted from the list, or belongs to somebody else.
            groups = [*groups, "sg-0fffffffffffffff1"]
        if net.enis and self.chance(0.05):
            other = w.get("NetworkInterfaces", "NetworkInterfaceId", self.rng.choice(net.enis))
            if instance := other.get("Attachment", {}).get("InstanceId"):
                return w.eni(subnet, ip, *groups, instance=instance, **more)
        state = self.pick((95, "running"), (4, "stopped"), (1, "stopping"))
        return w.host(subnet, ip, *groups, state=state, platform=self.pick((8, None), (1, "windows")), **more)

    def _v6(self, subnet: str, ip: str) -> str | None:
        blocks = self.world.get("Subnets", "SubnetId", subnet)["Ipv6CidrBlockAssociationSet"]
        if not blocks or self.chance(0.2):
            return None
        return nth(blocks[0]["Ipv6CidrBlock"], int(ip.split(".")[-1]))

    def _endpoint(self, net: Net, subnet: str, ip: str, groups: list[str]) -> str:
        w = self.world
        zone = int(self._zone(subnet))
        zones = [1, 2, 3]
        if self.chance(0.08):
            zones.remove(zone)
        first = w.eni(subnet, ip, *groups, kind="vpc_endpoint")
        enis = [first]
        others = [one for one in net.workload if self._zone(one) != str(zone)]
        if others and self.chance(0.3):
            second = self.rng.choice(others)
            enis.append(w.eni(second, self._ip(net, second), *groups, kind="vpc_endpoint"))
            net.enis.append(enis[1])
        state = self.pick(
            (80, "available"), (3, "pendingAcceptance"), (3, "pending"), (3, "rejected"), (2, "failed"),
            (2, "expired"), (2, "deleting"), (2, "partial"), (2, "Available"), (1, "somethingNew"),
        )  # fmt: skip
        service = w.service(*zones)
        if self._region_of(net) != REGION:
            service = f"com.amazonaws.{net.region}.sts"
        w.endpoint(net.vpc, *enis, state=state, service=service)
        return first

    def _region_of(self, net: Net) -> str:
        return net.region

    # Network ACLs

    def _acls(self) -> None:
        for net in self.nets:
            for subnet in net.workload:
                if self.chance(0.4):
                    self.world.acl(net.vpc, self._entries(net), subnet)
            for subnet in net.special.values():
                if self.chance(0.2):
                    self.world.acl(net.vpc, self._entries(net), subnet)

    def _entries(self, net: Net) -> list[Object]:
        any_net = self.rng.choice(self.nets)
        port = self.rng.choice(PORTS)
        open_four = both(100, "allow", ANYWHERE, protocol="-1")
        reply = self.pick(
            (5, (1024, 65535)), (2, (32768, 65535)), (2, (32768, 60999)), (1, (49152, 65535)), (1, (1024, 49151)),
            (1, (32768, 61000)), (0.5, (1024, 32767)),
        )  # fmt: skip
        services = [both(200 + n, "allow", ANYWHERE, one) for n, one in enumerate(PORTS)]
        classic = both(110, "allow", ANYWHERE, reply) + [one for pair in services for one in pair]
        return self.pick(
            (3, OPEN),
            (2, open_four),
            (4, classic),
            (2, both(90, "deny", self.rng.choice(any_net.cidrs), port) + OPEN),
            (1, both(90, "deny", self._host_cidr(any_net), protocol="-1") + OPEN),
            (1, both(120, "deny", ANYWHERE, port) + OPEN),
            (2, both(90, "deny", ANYWHERE, reply) + both(80, "allow", ANYWHERE, (32768, 44000)) + OPEN),
            (1, both(90, "deny", ANYWHERE, (3389, 3389)) + OPEN),
            (2, [entry(90, "deny", self.rng.choice(any_net.cidrs), protocol="-1", egress=self.chance(0.5)), *OPEN]),
            (1, both(100, "allow", self.rng.choice(net.cidrs), protocol="-1")),
            (1, both(100, "allow", "10.0.0.0/8", protocol="-1")),
            (1, both(50, "deny", ANYWHERE, protocol="udp") + OPEN),
            (0.3, []),
        )

    def _overlapping_lists(self) -> None:
        """Two lists with the same entry and different targets: AWS picks one."""
        for net in self.nets:
            vgws = [one["VpnGatewayId"] for one in self.world.lists["VpnGateways"] if net.vpc in str(one)]
            listed = [
                (table, route)
                for table in net.tables
                for route in (self._routes(table) if not net.hidden else [])
                if route.get("DestinationPrefixListId") in self.listed
            ]
            if vgws and listed and self.chance(0.5):
                table, route = self.rng.choice(listed)
                known = self.world.entries[route["DestinationPrefixListId"]]
                if known:
                    self._route(table, self.world.prefix_list(known[0], name="twin"), vgws[0])

    def _routes(self, table: str) -> list[Object]:
        return self.world.get("RouteTables", "RouteTableId", table)["Routes"]

    def _hide(self) -> None:
        """A VPC of an account that this inventory was not taken in."""
        if len(self.nets) > 2 and self.chance(0.1):
            net = self.nets[-1]
            net.hidden = True
            self.world.hide(net.vpc)


__all__ = ["ON_PREMISES", "PORTS", "Generator", "Net"]
