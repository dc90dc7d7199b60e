"""Security groups and network ACLs.

docs.aws.amazon.com: vpc/latest/userguide/security-group-rules.html, vpc/latest/userguide/nacl-rules.html,
vpc/latest/peering/vpc-peering-security-groups.html, vpc/latest/tgw/tgw-vpc-attachments.html (references).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from . import ports as P
from .inventory import Inventory, Object, Unknown, address, inside

_NUMBERS = {"tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58"}


class Truth(IntEnum):
    """Ordered so that the union of rules is their maximum."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True)
class Peer:
    """The other end as a group's rule sees it. A reference matches only where the sender's identity is kept."""

    ip: str
    #: The groups of the other end's interface; None where the inventory does not show it.
    groups: frozenset[str] | None
    #: `vpc`, `peering`, `tgw`, or None where identity is lost.
    kept_by: str | None
    peering: str | None = None
    #: Whether the transit gateway and both attachments support references.
    over_tgw: Truth = Truth.NO


@dataclass(frozen=True)
class Rule:
    egress: bool
    protocol: str
    low: int | None
    high: int | None
    cidr: str | None = None
    prefix_list: str | None = None
    #: `GroupId`, `PeeringStatus`, `VpcPeeringConnectionId` of the referenced group.
    reference: tuple[str, str | None, str | None] | None = None

    def covers(self, protocol: str, port: int) -> bool:
        number = _NUMBERS.get(self.protocol.lower(), self.protocol)
        if number == "-1":
            return True
        if number != _NUMBERS[protocol]:
            return False
        return self.low is None or self.high is None or self.low <= port <= self.high


def rules(inventory: Inventory, group: str) -> list[Rule]:
    """The rules of a group, from whichever of the two lists shows it."""
    for item in inventory.lists.get("SecurityGroups", []):
        if item.get("GroupId") == group:
            return list(_permissions(item, "IpPermissions", False)) + list(
                _permissions(item, "IpPermissionsEgress", True)
            )
    if inventory.has("SecurityGroupRules"):
        # A group without any rule prints nothing here; one that nobody may see does so, too.
        found = [_flat(item) for item in inventory.all("SecurityGroupRules") if item.get("GroupId") == group]
        if found or not inventory.has("SecurityGroups"):
            return found
    raise Unknown(f"rules of {group}")


def _permissions(item: Object, key: str, egress: bool) -> Any:
    for permission in item.get(key, []):
        protocol, low, high = permission["IpProtocol"], permission.get("FromPort"), permission.get("ToPort")
        for one in permission.get("IpRanges", []):
            yield Rule(egress, protocol, low, high, cidr=one["CidrIp"])
        for one in permission.get("Ipv6Ranges", []):
            yield Rule(egress, protocol, low, high, cidr=one["CidrIpv6"])
        for one in permission.get("PrefixListIds", []):
            yield Rule(egress, protocol, low, high, prefix_list=one["PrefixListId"])
        for one in permission.get("UserIdGroupPairs", []):
            yield Rule(egress, protocol, low, high, reference=_reference(one))


def _flat(item: Object) -> Rule:
    referenced = item.get("ReferencedGroupInfo")
    return Rule(
        item["IsEgress"],
        item["IpProtocol"],
        item.get("FromPort"),
        item.get("ToPort"),
        cidr=item.get("CidrIpv4") or item.get("CidrIpv6"),
        prefix_list=item.get("PrefixListId"),
        reference=_reference(referenced) if referenced else None,
    )


def _reference(pair: Object) -> tuple[str, str | None, str | None]:
    return (pair["GroupId"], pair.get("PeeringStatus"), pair.get("VpcPeeringConnectionId"))


def admits(inventory: Inventory, groups: list[str], egress: bool, peer: Peer, protocol: str, port: int) -> Truth:
    """Whether the union of the groups lets the flow in or out."""
    answer = Truth.NO
    for group in groups:
        try:
            found = rules(inventory, group)
        except Unknown:
            answer = max(answer, Truth.MAYBE)
            continue
        for rule in found:
            if rule.egress == egress and rule.covers(protocol, port):
                answer = max(answer, _reaches(inventory, rule, peer))
    return answer


def _reaches(inventory: Inventory, rule: Rule, peer: Peer) -> Truth:
    if rule.cidr is not None:
        return Truth.YES if inside(peer.ip, rule.cidr) else Truth.NO
    if rule.prefix_list is not None:
        try:
            return Truth.YES if inventory.prefix_list(rule.prefix_list, peer.ip) else Truth.NO
        except Unknown:
            return Truth.MAYBE
    if rule.reference is not None:
        return _refers(rule, peer)
    return Truth.NO


def _refers(rule: Rule, peer: Peer) -> Truth:
    group, status, connection = rule.reference or ("", None, None)
    if peer.kept_by is None:
        return Truth.NO
    if peer.groups is None:
        return Truth.MAYBE
    if group not in peer.groups:
        return Truth.NO
    if peer.kept_by == "peering":
        current = status in (None, "active") and connection in (None, peer.peering)
        return Truth.YES if current else Truth.MAYBE
    if peer.kept_by == "tgw" and not rule.egress:
        # What a deleted peering connection left behind may or may not count again over a transit gateway.
        return peer.over_tgw if status in (None, "active") else min(peer.over_tgw, Truth.MAYBE)
    if peer.kept_by == "tgw":
        return Truth.NO
    return Truth.YES


def silent(inventory: Inventory, groups: list[str]) -> bool:
    """Whether the list of rules, the only one given, has none of some group: it has none, or nobody may see it."""
    if inventory.has("SecurityGroups") or not inventory.has("SecurityGroupRules"):
        return False
    told = {item.get("GroupId") for item in inventory.all("SecurityGroupRules")}
    return not told.issuperset(groups)


def no_rules(inventory: Inventory, groups: list[str], egress: bool) -> bool:
    try:
        return not any(rule.egress == egress for group in groups for rule in rules(inventory, group))
    except Unknown:
        return False


def acl_of(inventory: Inventory, subnet: str) -> Object:
    """A subnet has exactly one network ACL, and every association is printed, the default's, too."""
    for acl in inventory.all("NetworkAcls"):
        if any(one.get("SubnetId") == subnet for one in acl.get("Associations", [])):
            return acl
    raise Unknown(f"network ACL of {subnet}")


def admitted(acl: Object, egress: bool, ip: str, protocol: str, asked: P.Ports) -> P.Ports:
    """Of these destination ports, those that the ordered entries let pass; the first match decides."""
    allowed: P.Ports = ()
    open_ports = asked
    for entry in sorted(acl.get("Entries", []), key=lambda one: one["RuleNumber"]):
        if entry["Egress"] != egress or not _entry_covers(entry, ip, protocol):
            continue
        reach = entry.get("PortRange")
        matched = open_ports if reach is None else P.intersect(open_ports, ((reach["From"], reach["To"]),))
        if entry["RuleAction"] == "allow":
            allowed = P.union(allowed, matched)
        elif entry["RuleAction"] != "deny":
            raise Unknown(f"action {entry['RuleAction']}")
        open_ports = P.subtract(open_ports, matched)
    return allowed


def _entry_covers(entry: Object, ip: str, protocol: str) -> bool:
    cidr = entry.get("CidrBlock") if address(ip).version == 4 else entry.get("Ipv6CidrBlock")
    return cidr is not None and inside(ip, cidr) and entry["Protocol"] in ("-1", _NUMBERS[protocol])
