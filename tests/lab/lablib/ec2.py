"""A small EC2 query API: the inventory's documents as XML, with filters, pages and refusals.

It knows only what the documents hold. An action or filter it does not know is an error in EC2's own form, so a
product that asks for something new shows up as a mismatch instead of an empty list.
"""

from __future__ import annotations

import fnmatch
import http.server
import re
import urllib.parse
from typing import Any
from xml.sax.saxutils import escape

from . import inventory
from .declaration import World

Json = dict[str, Any]

#: Where EC2's XML does not simply write the JSON name with a small first letter (botocore's `locationName`).
_TAGS = {
    "": {
        "AccepterVpcInfo": "accepterVpcInfo",
        "Associations": "associationSet",
        "AvailabilityZoneIds": "availabilityZoneIdSet",
        "AvailabilityZones": "availabilityZoneSet",
        "BaseEndpointDnsNames": "baseEndpointDnsNameSet",
        "DhcpConfigurations": "dhcpConfigurationSet",
        "DnsEntries": "dnsEntrySet",
        "Entries": "entrySet",
        "Groups": "groupSet",
        "IsDefault": "isDefault",
        "Ipv6Addresses": "ipv6AddressesSet",
        "NetworkInterfaceIds": "networkInterfaceIdSet",
        "PrivateDnsNames": "privateDnsNameSet",
        "PrivateIpAddresses": "privateIpAddressesSet",
        "PropagatingVgws": "propagatingVgwSet",
        "RouteTableIds": "routeTableIdSet",
        "Routes": "routeSet",
        "SubnetIds": "subnetIdSet",
        "SupportedIpAddressTypes": "supportedIpAddressTypeSet",
        "Tags": "tagSet",
        "UserIdGroupPairs": "groups",
        "Values": "valueSet",
        # The outermost lists.
        "DhcpOptions": "dhcpOptionsSet",
        "NetworkAcls": "networkAclSet",
        "NetworkInterfaces": "networkInterfaceSet",
        "PrefixLists": "prefixListSet",
        "RouteTables": "routeTableSet",
        "SecurityGroups": "securityGroupInfo",
        "ServiceDetails": "serviceDetailSet",
        "ServiceNames": "serviceNameSet",
        "Subnets": "subnetSet",
        "VpcEndpoints": "vpcEndpointSet",
        "VpcPeeringConnections": "vpcPeeringConnectionSet",
        "Vpcs": "vpcSet",
    },
    "DescribeNetworkAcls": {"IsDefault": "default", "IcmpTypeCode": "icmpTypeCode"},
    "DescribeSecurityGroups": {"Description": "groupDescription"},
}

#: Filter name → path in the document. `[]` steps into every element of a list.
_FILTERS = {
    "addresses.private-ip-address": "PrivateIpAddresses[].PrivateIpAddress",
    "association.main": "Associations[].Main",
    "association.subnet-id": "Associations[].SubnetId",
    "dhcp-options-id": "DhcpOptionsId",
    "group-id": "Groups[].GroupId|GroupId",
    "network-acl-id": "NetworkAclId",
    "network-interface-id": "NetworkInterfaceId",
    "private-ip-address": "PrivateIpAddress",
    "route-table-id": "RouteTableId",
    "service-name": "ServiceName",
    "subnet-id": "SubnetId",
    "vpc-endpoint-id": "VpcEndpointId",
    "vpc-endpoint-type": "VpcEndpointType",
    "vpc-id": "VpcId",
    "accepter-vpc-info.vpc-id": "AccepterVpcInfo.VpcId",
    "requester-vpc-info.vpc-id": "RequesterVpcInfo.VpcId",
    "vpc-peering-connection-id": "VpcPeeringConnectionId",
}
#: `SubnetId.1=…` and the like: list parameters that select by id.
_SELECTORS = {
    "DhcpOptionsId": "DhcpOptionsId",
    "GroupId": "GroupId",
    "NetworkAclId": "NetworkAclId",
    "NetworkInterfaceId": "NetworkInterfaceId",
    "PrefixListId": "PrefixListId",
    "RouteTableId": "RouteTableId",
    "ServiceName": "ServiceName",
    "SubnetId": "SubnetId",
    "VpcEndpointId": "VpcEndpointId",
    "VpcId": "VpcId",
    "VpcPeeringConnectionId": "VpcPeeringConnectionId",
}
#: Small enough that every list longer than this makes the client ask again.
_PAGE = 2


def plan(world: World, denied: tuple[str, ...]) -> Json:
    """Everything the API will say, as one JSON value for the process that serves it."""
    return {
        "documents": inventory.documents(world),
        "attributes": {
            f"{vpc.id} {name}": inventory.vpc_attribute(vpc, name)
            for vpc in world.vpcs.values()
            for name in inventory.VPC_ATTRIBUTES
        },
        "prefix_lists": {id: inventory.prefix_list_entries(world, id) for id in world.prefix_lists},
        "denied": list(denied),
    }


class Refusal(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def respond(plan: Json, parameters: dict[str, str]) -> tuple[int, str]:
    """HTTP status and XML body for one call."""
    action = parameters.get("Action", "")
    try:
        return 200, _response(action, _answer(plan, action, parameters))
    except Refusal as refusal:
        body = f"<Code>{refusal.code}</Code><Message>{escape(str(refusal))}</Message>"
        return refusal.status, f"<Response><Errors><Error>{body}</Error></Errors><RequestID>lab</RequestID></Response>"


def _answer(plan: Json, action: str, parameters: dict[str, str]) -> Json:
    if action in plan["denied"]:
        raise Refusal(403, "UnauthorizedOperation", "You are not authorized to perform this operation.")
    if action == "DescribeVpcAttribute":
        key = f"{parameters.get('VpcId')} {parameters.get('Attribute')}"
        return _held(plan["attributes"], key, "InvalidVpcID.NotFound")
    if action == "GetManagedPrefixListEntries":
        return _held(plan["prefix_lists"], parameters.get("PrefixListId", ""), "InvalidPrefixListID.NotFound")
    return _page(_select(_held(plan["documents"], action, "InvalidAction"), parameters), parameters)


def _held(table: Json, key: str, code: str) -> Json:
    if key not in table:
        raise Refusal(400, code, f"The lab has no '{key}'")
    document: Json = table[key]
    return document


def _select(document: Json, parameters: dict[str, str]) -> Json:
    (key, records), *rest = document.items()
    for path, wanted in _conditions(parameters):
        records = [one for one in records if any(fnmatch.fnmatchcase(v, w) for v in _values(one, path) for w in wanted)]
    return {key: records, **dict(rest)}


def _conditions(parameters: dict[str, str]) -> list[tuple[str, list[str]]]:
    conditions: list[tuple[str, list[str]]] = []
    for name, value in parameters.items():
        if match := re.fullmatch(r"Filter\.(\d+)\.Name", name):
            if value not in _FILTERS:
                raise Refusal(400, "InvalidParameterValue", f"The filter '{value}' is invalid")
            prefix = f"Filter.{match[1]}.Value."
            conditions.append((_FILTERS[value], [v for k, v in parameters.items() if k.startswith(prefix)]))
    for name, path in _SELECTORS.items():
        if ids := [v for k, v in parameters.items() if re.fullmatch(rf"{name}\.\d+", k)]:
            conditions.append((path, ids))
    return conditions


def _values(record: Any, path: str) -> list[str]:
    found: list[str] = []
    for alternative in path.split("|"):
        reached = [record]
        for step in alternative.split("."):
            below = [one.get(step.removesuffix("[]")) for one in reached if isinstance(one, dict)]
            reached = [x for one in below for x in (one if isinstance(one, list) else [one]) if x is not None]
        found += [str(one).lower() if isinstance(one, bool) else str(one) for one in reached]
    return found


def _page(document: Json, parameters: dict[str, str]) -> Json:
    if "MaxResults" not in parameters and "NextToken" not in parameters:
        return document
    (key, records), *rest = document.items()
    start = int(parameters.get("NextToken", "0"))
    token = {"NextToken": str(start + _PAGE)} if start + _PAGE < len(records) else {}
    return {key: records[start : start + _PAGE], **dict(rest), **token}


def _response(action: str, document: Json) -> str:
    tags = _TAGS[""] | _TAGS.get(action, {})
    body = "<requestId>lab</requestId>" + _children(document, tags)
    return f'<{action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">{body}</{action}Response>'


def _children(table: Json, tags: dict[str, str]) -> str:
    return "".join(_element(_tag(key, tags), value, tags) for key, value in table.items())


def _tag(key: str, tags: dict[str, str]) -> str:
    return tags.get(key, key[0].lower() + key[1:])


def _element(tag: str, value: Any, tags: dict[str, str]) -> str:
    if isinstance(value, list):
        inner = "".join(_element("item", one, tags) for one in value)
    elif isinstance(value, dict):
        inner = _children(value, tags)
    elif isinstance(value, bool):
        inner = str(value).lower()
    else:
        inner = escape(str(value))
    return f"<{tag}>{inner}</{tag}>"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        parameters = dict(urllib.parse.parse_qsl(self.rfile.read(length).decode()))
        status, body = respond(self.server.plan, parameters)  # type: ignore[attr-defined]
        data = ('<?xml version="1.0" encoding="UTF-8"?>\n' + body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/xml;charset=UTF-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: a run's output is its table."""


def server(address: str, plan: Json) -> http.server.ThreadingHTTPServer:
    made = http.server.ThreadingHTTPServer((address, 80), Handler)
    made.plan = plan  # type: ignore[attr-defined]
    return made
