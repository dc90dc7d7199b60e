#!/usr/bin/env python3
"""Worlds small enough to judge by eye, each with AWS's rule beside it. `python3 tests/oracle/test_evaluator.py`."""

from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from oraclelib.evaluator import Answer, Flow, evaluate  # noqa: E402
from oraclelib.inventory import Inventory  # noqa: E402
from oraclelib.world import OPEN, World, both, entry, rule  # noqa: E402

ANYWHERE = "0.0.0.0/0"


def ask(world: World, source: str, destination: str, port: int = 443, without: tuple[str, ...] = (), **more) -> Answer:
    with tempfile.TemporaryDirectory() as folder:
        world.write(Path(folder))
        inventory = Inventory.load(Path(folder))
    for key in without:
        inventory.lists.pop(key)
    return evaluate(inventory, Flow(source, destination, port, **more))


class Case(unittest.TestCase):
    def allows(self, answer: Answer) -> None:
        self.assertEqual(answer.verdict, "allow", answer.to_json())

    def undecided(self, answer: Answer) -> None:
        self.assertEqual(answer.verdict, "undecided", answer.to_json())

    def denies(self, answer: Answer, *steps: str) -> None:
        self.assertEqual(answer.verdict, "deny", answer.to_json())
        found = sorted({step for one in answer.blocks for step, _ in one.names})
        self.assertEqual(found, sorted(steps), answer.to_json())


class OneVpc(World):
    """Client 10.0.1.10 and server 10.0.2.20 in two subnets and zones; 443 from 10.0.0.0/16 is admitted."""

    def __init__(self) -> None:
        super().__init__()
        self.a = self.vpc("10.0.0.0/16")
        self.s1 = self.subnet(self.a, "10.0.1.0/24", 1)
        self.s2 = self.subnet(self.a, "10.0.2.0/24", 2)
        self.app = self.group(self.a)
        self.web = self.group(self.a, [rule("tcp", 443, cidr="10.0.0.0/16")])
        self.client = self.host(self.s1, "10.0.1.10", self.app)
        self.server = self.host(self.s2, "10.0.2.20", self.web)


class Groups(Case):
    def test_the_union_of_groups_admits(self) -> None:
        w = OneVpc()
        self.allows(ask(w, "10.0.1.10", "10.0.2.20"))
        self.denies(ask(w, "10.0.1.10", "10.0.2.20", 444), "destination-sg-ingress")
        self.denies(ask(w, "10.0.1.10", "10.0.2.20", protocol="udp"), "destination-sg-ingress")

    def test_replies_need_no_rule(self) -> None:
        w = OneVpc()
        w.get("SecurityGroups", "GroupId", w.web)["IpPermissionsEgress"] = []
        self.allows(ask(w, "10.0.1.10", "10.0.2.20"))

    def test_without_egress_rules_nothing_starts(self) -> None:
        w = OneVpc()
        w.get("SecurityGroups", "GroupId", w.app)["IpPermissionsEgress"] = []
        answer = ask(w, "10.0.1.10", "10.0.2.20")
        self.denies(answer, "source-sg-egress")
        self.assertIn("SG_HAS_NO_RULES", answer.blocks[0].codes)

    def test_a_reference_matches_membership_of_the_interface(self) -> None:
        w = OneVpc()
        w.allow(w.web, rule("6", 8443, group=w.app))
        other = w.group(w.a)
        w.host(w.s1, "10.0.1.11", other)
        self.allows(ask(w, "10.0.1.10", "10.0.2.20", 8443))
        self.denies(ask(w, "10.0.1.11", "10.0.2.20", 8443), "destination-sg-ingress")

    def test_secondary_addresses_and_prefixes_belong_to_the_interface(self) -> None:
        w = OneVpc()
        w.allow(w.web, rule("tcp", 8443, group=w.app))
        w.host(w.s1, "10.0.1.12", w.app, secondary=["10.0.1.13"], prefixes=["10.0.1.32/28"])
        for ip in ("10.0.1.13", "10.0.1.40"):
            self.allows(ask(w, ip, "10.0.2.20", 8443))

    def test_unseen_entries_of_a_prefix_list_are_undecided_unless_another_rule_admits(self) -> None:
        w = OneVpc()
        seen, unseen = w.prefix_list("10.0.1.0/24"), w.prefix_list("10.0.1.0/24", known=False)
        w.allow(w.web, rule("tcp", 5000, prefix_list=seen))
        w.allow(w.web, rule("tcp", (5000, 5001), prefix_list=unseen))
        self.allows(ask(w, "10.0.1.10", "10.0.2.20", 5000))
        self.undecided(ask(w, "10.0.1.10", "10.0.2.20", 5001))

    def test_both_lists_of_rules_say_the_same(self) -> None:
        for where in ("groups", "rules", "both"):
            w = OneVpc()
            w.rules_in = where
            w.allow(w.web, rule("-1", group=w.web))
            w.allow(w.app, rule("-1", group=w.app))
            self.allows(ask(w, "10.0.1.10", "10.0.2.20"))
            self.denies(ask(w, "10.0.1.10", "10.0.2.20", 80), "destination-sg-ingress")

    def test_other_protocol_numbers_are_not_tcp(self) -> None:
        w = OneVpc()
        w.allow(w.web, rule("47", cidr=ANYWHERE))
        self.denies(ask(w, "10.0.1.10", "10.0.2.20", 80), "destination-sg-ingress")


class Acls(Case):
    def test_first_match_decides(self) -> None:
        w = OneVpc()
        w.acl(w.a, [entry(90, "deny", "10.0.1.0/28", 443), *OPEN], w.s2)
        self.denies(ask(w, "10.0.1.10", "10.0.2.20"), "destination-nacl-ingress")

    def test_replies_meet_both_acls_on_the_clients_ports(self) -> None:
        w = OneVpc()
        w.acl(
            w.a, [entry(100, "allow", ANYWHERE, 443), entry(100, "allow", ANYWHERE, (1024, 65535), egress=True)], w.s2
        )
        self.allows(ask(w, "10.0.1.10", "10.0.2.20"))
        w = OneVpc()
        w.acl(
            w.a, [entry(100, "allow", ANYWHERE, 443), entry(100, "allow", ANYWHERE, (1024, 32767), egress=True)], w.s2
        )
        self.denies(ask(w, "10.0.1.10", "10.0.2.20"), "return-nacl-egress")
        self.allows(ask(w, "10.0.1.10", "10.0.2.20", source_port=2000))

    def test_a_part_of_the_ports_is_a_share(self) -> None:
        w = OneVpc()
        acl = w.acl(w.a, [*both(90, "deny", ANYWHERE, (32768, 46883)), *OPEN], w.s1)
        answer = ask(w, "10.0.1.10", "10.0.2.20")
        self.allows(answer)
        self.assertAlmostEqual(answer.shares["return-nacl-ingress", acl], 0.5, places=3)

    def test_two_acls_may_leave_no_port_together(self) -> None:
        w = OneVpc()
        w.acl(w.a, [*both(90, "deny", ANYWHERE, (32768, 47000)), *OPEN], w.s1)
        w.acl(w.a, [*both(90, "deny", ANYWHERE, (47001, 65535)), *OPEN], w.s2)
        self.denies(ask(w, "10.0.1.10", "10.0.2.20"), "return-nacl-egress", "return-nacl-ingress")

    def test_within_a_subnet_no_acl_is_asked(self) -> None:
        w = OneVpc()
        w.acl(w.a, [], w.s2)
        w.host(w.s2, "10.0.2.21", w.app)
        self.allows(ask(w, "10.0.2.21", "10.0.2.20"))

    def test_families_are_apart(self) -> None:
        w = World()
        a = w.vpc("10.0.0.0/16", v6="2600:1f18:a::/56")
        s1 = w.subnet(a, "10.0.1.0/24", 1, "2600:1f18:a:1::/64")
        s2 = w.subnet(a, "10.0.2.0/24", 2, "2600:1f18:a:2::/64")
        g = w.group(a, [rule("-1", cidr=ANYWHERE), rule("-1", cidr="::/0")])
        w.host(s1, "10.0.1.10", g, v6="2600:1f18:a:1::10")
        w.host(s2, "10.0.2.20", g, v6="2600:1f18:a:2::20")
        w.acl(a, both(100, "allow", ANYWHERE, protocol="-1"), s2)
        self.allows(ask(w, "10.0.1.10", "10.0.2.20"))
        self.denies(ask(w, "2600:1f18:a:1::10", "2600:1f18:a:2::20"), "destination-nacl-ingress", "return-nacl-egress")

    def test_windows_uses_high_ports(self) -> None:
        w = OneVpc()
        w.host(w.s1, "10.0.1.14", w.app, platform="windows")
        w.acl(
            w.a, [entry(100, "allow", ANYWHERE, 443), entry(100, "allow", ANYWHERE, (32768, 49151), egress=True)], w.s2
        )
        self.allows(ask(w, "10.0.1.10", "10.0.2.20"))
        self.denies(ask(w, "10.0.1.14", "10.0.2.20"), "return-nacl-egress")


class Interfaces(Case):
    def test_nobody_holds_the_address(self) -> None:
        self.denies(ask(OneVpc(), "10.0.1.10", "10.0.2.99"), "destination-interface")

    def test_a_stopped_instance(self) -> None:
        w = OneVpc()
        w.host(w.s2, "10.0.2.30", w.web, state="stopped")
        self.denies(ask(w, "10.0.1.10", "10.0.2.30"), "destination-interface")
        self.allows(ask(w, "10.0.1.10", "10.0.2.30", without=("Reservations",)))

    def test_a_detached_interface(self) -> None:
        w = OneVpc()
        loose = w.eni(w.s1, "10.0.1.50", w.app, status="available")
        self.denies(ask(w, loose, "10.0.2.20"), "source-interface")

    def test_an_endpoint_answers_only_when_available_and_never_calls(self) -> None:
        for state, verdict in (
            ("available", "allow"),
            ("Rejected", "deny"),
            ("pendingAcceptance", "deny"),
            ("partial", "undecided"),
        ):
            w = OneVpc()
            eni = w.eni(w.s2, "10.0.2.40", w.web, kind="vpc_endpoint")
            endpoint = w.endpoint(w.a, eni, state=state)
            self.assertEqual(ask(w, "10.0.1.10", endpoint).verdict, verdict, state)
            self.assertIn("deny", ask(w, endpoint, "10.0.2.20").verdicts)

    def test_a_service_not_offered_in_the_zone(self) -> None:
        w = OneVpc()
        eni = w.eni(w.s2, "10.0.2.40", w.web, kind="vpc_endpoint")
        w.endpoint(w.a, eni, service=w.service(1, 3))
        self.denies(ask(w, "10.0.1.10", "10.0.2.40"), "destination-interface")

    def test_names(self) -> None:
        w = OneVpc()
        self.allows(ask(w, w.client, w.server))
        self.allows(ask(w, w.lists["Reservations"][0]["Instances"][0]["InstanceId"], w.server))
        self.assertEqual(ask(w, "i-0123", w.server).verdict, "error")


class Routes(Case):
    def test_more_specific_than_local_leads_to_an_appliance(self) -> None:
        w = OneVpc()
        box = w.host(w.s1, "10.0.1.99", w.group(w.a, [rule("-1", cidr=ANYWHERE)]), check=False)
        table = w.table(w.a, w.s1)
        w.route(table, "10.0.2.0/24", box)
        self.undecided(ask(w, "10.0.1.10", "10.0.2.20"))
        w.get("NetworkInterfaces", "NetworkInterfaceId", box)["SourceDestCheck"] = True
        self.denies(ask(w, "10.0.1.10", "10.0.2.20"), "forward-route")

    def test_a_propagated_route_never_beats_local(self) -> None:
        w = OneVpc()
        table = w.table(w.a, w.s1)
        w.route(table, "10.0.2.0/24", w.vgw(w.a), Origin="EnableVgwRoutePropagation")
        self.allows(ask(w, "10.0.1.10", "10.0.2.20"))

    def test_static_beats_propagated_of_the_same_length(self) -> None:
        w = TwoVpcs()
        w.route(w.main_table(w.a), "10.1.0.0/16", w.vgw(w.a), Origin="EnableVgwRoutePropagation")
        self.allows(ask(w, "10.0.1.10", "10.1.1.20"))
        w.route(w.main_table(w.a), "10.1.1.0/24", w.vgw(w.a), Origin="EnableVgwRoutePropagation")
        self.undecided(ask(w, "10.0.1.10", "10.1.1.20"))

    def test_a_blackhole_wins_and_drops(self) -> None:
        w = TwoVpcs()
        w.route(w.main_table(w.a), "10.1.1.0/24", "pcx-gone", "blackhole")
        self.denies(ask(w, "10.0.1.10", "10.1.1.20"), "forward-route")

    def test_a_list_of_unseen_entries_may_lead_elsewhere(self) -> None:
        w = TwoVpcs()
        w.route(w.main_table(w.a), w.prefix_list("10.1.1.0/24", known=False), w.vgw(w.a))
        self.undecided(ask(w, "10.0.1.10", "10.1.1.20"))
        self.allows(ask(w, "10.0.1.10", "10.0.2.20"))

    def test_an_explicit_association_beats_main(self) -> None:
        w = TwoVpcs()
        w.table(w.a, w.s1)
        self.denies(ask(w, "10.0.1.10", "10.1.1.20"), "forward-route")

    def test_missing_lists_are_undecided(self) -> None:
        for key in ("RouteTables", "SecurityGroups", "NetworkAcls"):
            self.undecided(ask(OneVpc(), "10.0.1.10", "10.0.2.20", without=(key,)))
        self.undecided(ask(TwoVpcs(), "10.0.1.10", "10.1.1.20", without=("VpcPeeringConnections",)))


class TwoVpcs(OneVpc):
    """A second VPC, peered, with a server at 10.1.1.20."""

    def __init__(self, status: str = "active", far_region: str = "us-west-2") -> None:
        super().__init__()
        self.b = self.vpc("10.1.0.0/16", region=far_region)
        self.t1 = self.subnet(self.b, "10.1.1.0/24", 1)
        self.far = self.group(self.b, [rule("tcp", 443, cidr="10.0.0.0/8"), rule("tcp", 22, group=self.app)])
        self.far_server = self.host(self.t1, "10.1.1.20", self.far)
        self.pcx = self.peering(self.a, self.b, status)
        self.route(self.main_table(self.a), "10.1.0.0/16", self.pcx)
        self.route(self.main_table(self.b), "10.0.0.0/16", self.pcx)


class Peering(Case):
    def test_active_peering_keeps_references_within_a_region(self) -> None:
        self.allows(ask(TwoVpcs(), "10.0.1.10", "10.1.1.20", 22))
        self.denies(ask(TwoVpcs(far_region="eu-west-1"), "10.0.1.10", "10.1.1.20", 22), "destination-sg-ingress")
        self.allows(ask(TwoVpcs(far_region="eu-west-1"), "10.0.1.10", "10.1.1.20", 443))

    def test_only_active_carries(self) -> None:
        self.denies(ask(TwoVpcs("pending-acceptance"), "10.0.1.10", "10.1.1.20"), "forward-route")

    def test_no_way_back(self) -> None:
        w = TwoVpcs()
        w.table(w.b, w.t1)
        self.denies(ask(w, "10.0.1.10", "10.1.1.20"), "return-route")

    def test_no_edge_to_edge(self) -> None:
        w = TwoVpcs()
        w.route(w.main_table(w.a), ANYWHERE, w.pcx)
        w.route(w.main_table(w.b), ANYWHERE, w.igw(w.b))
        self.denies(ask(w, "10.0.1.10", "203.0.113.9"), "forward-route")

    def test_the_destination_is_found_along_the_route(self) -> None:
        w = TwoVpcs()
        c = w.vpc("10.1.0.0/16")
        twin = w.host(w.subnet(c, "10.1.1.0/24"), "10.1.1.20", w.group(c))
        self.allows(ask(w, "10.0.1.10", "10.1.1.20"))
        self.assertEqual(ask(w, "10.0.1.10", twin).verdict, "deny")
        self.assertEqual(ask(w, "10.1.1.20", "10.0.1.10").verdict, "error")

    def test_an_unseen_peer_is_undecided(self) -> None:
        w = TwoVpcs()
        for key in ("Vpcs", "Subnets", "NetworkInterfaces", "RouteTables"):
            w.lists[key] = [one for one in w.lists[key] if one["VpcId"] != w.b]
        self.undecided(ask(w, "10.0.1.10", "10.1.1.20"))

    def test_replies_into_another_vpc_are_lost_even_if_it_is_unseen(self) -> None:
        w = TwoVpcs()
        c = w.vpc("10.0.0.0/16")
        w.route(w.table(w.b, w.t1), "10.0.0.0/16", w.peering(w.b, c))
        w.hide(c)
        self.denies(ask(w, "10.0.1.10", "10.1.1.20"), "return-route")


class Hub(OneVpc):
    """Two VPCs at a transit gateway, in zones 1 and 2, with attachment subnets of their own."""

    def __init__(self, referencing: str = "disable") -> None:
        super().__init__()
        self.b = self.vpc("10.1.0.0/16")
        self.t1 = self.subnet(self.b, "10.1.1.0/24", 1)
        self.far = self.group(self.b, [rule("tcp", 443, cidr="10.0.0.0/8"), rule("tcp", 22, group=self.app)])
        self.host(self.t1, "10.1.1.20", self.far)
        self.gw = self.tgw(referencing)
        self.tt = self.tgw_table(self.gw)
        self.a1 = self.subnet(self.a, "10.0.200.0/28", 1)
        self.b1 = self.subnet(self.b, "10.1.200.0/28", 1)
        self.at_a = self.attach(self.gw, self.a, self.a1, table=self.tt)
        self.at_b = self.attach(self.gw, self.b, self.b1, table=self.tt)
        self.propagate(self.tt, self.at_a, ["10.0.0.0/16"])
        self.propagate(self.tt, self.at_b, ["10.1.0.0/16"])
        self.route(self.main_table(self.a), "10.0.0.0/8", self.gw)
        self.route(self.main_table(self.b), "10.0.0.0/8", self.gw)


class TransitGateways(Case):
    def test_there_and_back(self) -> None:
        self.allows(ask(Hub(), "10.0.1.10", "10.1.1.20"))

    def test_a_zone_without_attachment_subnet(self) -> None:
        w = Hub()
        w.host(w.s2, "10.0.2.10", w.app)
        self.denies(ask(w, "10.0.2.10", "10.1.1.20"), "forward-route")
        # And the way back from such a zone.
        t2 = w.subnet(w.b, "10.1.2.0/24", 2)
        w.host(t2, "10.1.2.20", w.far)
        self.denies(ask(w, "10.0.1.10", "10.1.2.20"), "return-route")

    def test_references_need_support_and_count_inbound_only(self) -> None:
        self.denies(ask(Hub(), "10.0.1.10", "10.1.1.20", 22), "destination-sg-ingress")
        w = Hub("enable")
        self.allows(ask(w, "10.0.1.10", "10.1.1.20", 22))
        w.get("SecurityGroups", "GroupId", w.app)["IpPermissionsEgress"] = []
        w.allow(w.app, rule("tcp", 22, group=w.far), egress=True)
        self.denies(ask(w, "10.0.1.10", "10.1.1.20", 22), "source-sg-egress")

    def test_references_do_not_count_for_endpoints(self) -> None:
        w = Hub("enable")
        w.endpoint(w.b, w.eni(w.t1, "10.1.1.40", w.far, kind="vpc_endpoint"))
        self.allows(ask(w, "10.0.1.10", "10.1.1.40"))
        self.denies(ask(w, "10.0.1.10", "10.1.1.40", 22), "destination-sg-ingress")

    def test_association_and_routes(self) -> None:
        w = Hub()
        del w.get("TransitGatewayAttachments", "TransitGatewayAttachmentId", w.at_a)["Association"]
        w.associations[w.tt] = w.associations[w.tt][1:]
        self.denies(ask(w, "10.0.1.10", "10.1.1.20"), "forward-route")
        w = Hub()
        w.tgw_route(w.tt, "10.1.0.0/16", None, state="blackhole")
        self.denies(ask(w, "10.0.1.10", "10.1.1.20"), "forward-route")
        w = Hub()
        w.tgw_routes[w.tt] = w.tgw_routes[w.tt][1:]
        self.denies(ask(w, "10.0.1.10", "10.1.1.20"), "return-route")
        w = Hub()
        w.more_routes.add(w.tt)
        self.undecided(ask(w, "10.0.1.10", "10.1.1.20"))

    def test_acls_of_the_attachment_subnets(self) -> None:
        w = Hub()
        w.acl(w.a, [], w.a1)
        self.denies(ask(w, "10.0.1.10", "10.1.1.20"), "forward-route", "return-route")
        w = Hub()
        # Into the transit gateway only inbound entries count, out of it only outbound ones.
        w.acl(
            w.a,
            [entry(100, "allow", "10.0.1.0/24", 443), entry(100, "allow", "10.0.1.0/24", (1024, 65535), egress=True)],
            w.a1,
        )
        self.allows(ask(w, "10.0.1.10", "10.1.1.20"))

    def test_a_host_in_the_attachment_subnet(self) -> None:
        w = Hub()
        w.host(w.a1, "10.0.200.5", w.app)
        w.acl(
            w.a, [entry(100, "allow", "10.1.0.0/16", 443, egress=True), entry(100, "allow", "10.0.200.0/28", 443)], w.a1
        )
        # From the transit gateway to it no entry is evaluated.
        self.allows(ask(w, "10.0.200.5", "10.1.1.20"))

    def test_several_exits_that_differ(self) -> None:
        w = Hub()
        b2, b3 = w.subnet(w.b, "10.1.201.0/28", 2), w.subnet(w.b, "10.1.202.0/28", 3)
        w.get("TransitGatewayVpcAttachments", "TransitGatewayAttachmentId", w.at_b)["SubnetIds"] = [w.b1, b2, b3]
        w.acl(w.b, [], b3)
        self.allows(ask(w, "10.0.1.10", "10.1.1.20"))
        w.get("TransitGatewayVpcAttachments", "TransitGatewayAttachmentId", w.at_b)["Options"][
            "ApplianceModeSupport"
        ] = "enable"
        self.undecided(ask(w, "10.0.1.10", "10.1.1.20"))

    def test_a_vpn_is_the_edge(self) -> None:
        w = Hub()
        w.tgw_route(w.tt, "10.9.0.0/16", w.attach_other(w.gw, "vpn", w.tt))
        self.undecided(ask(w, "10.0.1.10", "10.9.1.1"))
        w.get("SecurityGroups", "GroupId", w.app)["IpPermissionsEgress"] = []
        self.denies(ask(w, "10.0.1.10", "10.9.1.1"), "source-sg-egress")


class Edges(Case):
    def test_the_internet_needs_a_public_address(self) -> None:
        w = OneVpc()
        w.route(w.main_table(w.a), ANYWHERE, w.igw(w.a))
        self.denies(ask(w, "10.0.1.10", "203.0.113.9"), "forward-route")
        w.host(w.s1, "10.0.1.15", w.app, public={"10.0.1.15": "198.51.100.7"}, secondary=["10.0.1.16"])
        self.undecided(ask(w, "10.0.1.15", "203.0.113.9"))
        self.denies(ask(w, "10.0.1.16", "203.0.113.9"), "forward-route")
        self.denies(ask(w, "10.0.1.15", "172.20.0.1"), "forward-route")
        w.acl(w.a, [*both(90, "deny", "203.0.113.0/24", protocol="-1"), *OPEN], w.s1)
        self.denies(ask(w, "10.0.1.15", "203.0.113.9"), "return-nacl-ingress", "source-nacl-egress")

    def test_a_public_address_of_another_interface(self) -> None:
        w = OneVpc()
        w.route(w.main_table(w.a), ANYWHERE, w.igw(w.a))
        w.host(w.s1, "10.0.1.15", w.app, public={"10.0.1.15": "198.51.100.7"})
        seen = w.group(w.a, [rule("tcp", 443, cidr="198.51.100.7/32"), rule("tcp", 22, group=w.app)])
        w.host(w.s2, "10.0.2.25", seen, public={"10.0.2.25": "198.51.100.8"})
        self.allows(ask(w, "10.0.1.15", "198.51.100.8"))
        self.assertIn("undecided", ask(w, "10.0.1.15", "198.51.100.8").verdicts)
        self.denies(ask(w, "10.0.1.15", "198.51.100.8", 22), "destination-sg-ingress")
        w.acl(w.a, [*both(90, "deny", "198.51.100.8/32", protocol="-1"), *OPEN], w.s1)
        self.denies(ask(w, "10.0.1.15", "198.51.100.8"), "return-nacl-ingress", "source-nacl-egress")

    def test_nat(self) -> None:
        w = OneVpc()
        public = w.subnet(w.a, "10.0.9.0/24", 1)
        w.route(w.table(w.a, public), ANYWHERE, w.igw(w.a))
        w.route(w.main_table(w.a), ANYWHERE, w.nat(public, "10.0.9.9", "198.51.100.9"))
        self.undecided(ask(w, "10.0.1.10", "203.0.113.9"))
        self.denies(ask(w, "10.0.1.10", "172.20.0.1"), "forward-route")
        w.acl(w.a, [entry(100, "allow", ANYWHERE, 443), *both(101, "allow", ANYWHERE, (1, 1023))], public)
        self.denies(ask(w, "10.0.1.10", "203.0.113.9"), "return-route")

    def test_a_private_nat_gateway_has_no_internet(self) -> None:
        w = OneVpc()
        public = w.subnet(w.a, "10.0.9.0/24", 1)
        w.route(w.table(w.a, public), ANYWHERE, w.igw(w.a))
        w.route(w.main_table(w.a), ANYWHERE, w.nat(public, "10.0.9.9"))
        self.denies(ask(w, "10.0.1.10", "203.0.113.9"), "forward-route")

    def test_behind_nat_the_server_sees_the_gateway(self) -> None:
        w = Hub("enable")
        out = w.subnet(w.a, "10.0.9.0/24", 1)
        w.route(w.table(w.a, out), "10.0.0.0/8", w.gw)
        table = w.table(w.a, w.s1)
        w.route(table, "10.1.0.0/16", w.nat(out, "10.0.9.9"))
        self.allows(ask(w, "10.0.1.10", "10.1.1.20"))
        self.denies(ask(w, "10.0.1.10", "10.1.1.20", 22), "destination-sg-ingress")
        w.acl(w.b, [*both(90, "deny", "10.0.1.0/24", protocol="-1"), *OPEN], w.t1)
        self.allows(ask(w, "10.0.1.10", "10.1.1.20"))

    def test_no_replies_through_nat(self) -> None:
        w = Hub()
        out = w.subnet(w.b, "10.1.9.0/24", 1)
        w.route(w.table(w.b, out), "10.0.0.0/8", w.gw)
        w.route(w.table(w.b, w.t1), "10.0.0.0/8", w.nat(out, "10.1.9.9"))
        self.denies(ask(w, "10.0.1.10", "10.1.1.20"), "return-route")

    def test_gateway_endpoints(self) -> None:
        w = OneVpc()
        s3 = w.prefix_list("52.218.0.0/17", owner="AWS", name="com.amazonaws.us-west-2.s3")
        w.gateway_endpoint(w.a, s3, w.main_table(w.a))
        self.undecided(ask(w, "10.0.1.10", "52.218.1.1"))
        self.denies(ask(w, "10.0.1.10", "52.218.1.1", protocol="udp"), "destination-interface", "forward-route")
        self.denies(ask(w, "10.0.1.10", "52.219.1.1"), "forward-route")

    def test_from_outside(self) -> None:
        w = OneVpc()
        self.denies(ask(w, "192.168.7.7", "10.0.2.20"), "destination-sg-ingress", "return-route")
        w.allow(w.web, rule("tcp", 443, cidr="192.168.0.0/16"))
        w.route(w.main_table(w.a), "192.168.0.0/16", w.vgw(w.a))
        self.undecided(ask(w, "192.168.7.7", "10.0.2.20"))

    def test_egress_only(self) -> None:
        w = World()
        a = w.vpc("10.0.0.0/16", v6="2600:1f18:a::/56")
        s1 = w.subnet(a, "10.0.1.0/24", 1, "2600:1f18:a:1::/64")
        w.host(s1, "10.0.1.10", w.group(a), v6="2600:1f18:a:1::10")
        self.denies(ask(w, "2600:1f18:a:1::10", "2a00:1450::1"), "forward-route")
        w.route(w.main_table(a), "::/0", w.eigw(a))
        self.undecided(ask(w, "2600:1f18:a:1::10", "2a00:1450::1"))
        w.lists["EgressOnlyInternetGateways"][0]["Attachments"] = []
        self.denies(ask(w, "2600:1f18:a:1::10", "2a00:1450::1"), "forward-route")


if __name__ == "__main__":
    unittest.main()
