"""A small EC2 query API: the inventory's documents as XML, with filters and pages, and `ec2_faults` on request.

It knows only what the documents hold. An action or filter it does not know is an error in EC2's own form, so a
product that asks for something new shows up as a mismatch instead of an empty list.
"""

from __future__ import annotations

import fnmatch
import http.server
import re
import sys
import time
import urllib.parse
from typing import Any
from xml.sax.saxutils import escape

from . import ec2_faults, inventory
from .declaration import World
from .ec2_faults import Faults

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
        "NatGatewayAddresses": "natGatewayAddressSet",
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
        "NatGateways": "natGatewaySet",
        "NetworkAcls": "networkAclSet",
        "NetworkInterfaces": "networkInterfaceSet",
        "PrefixLists": "prefixListSet",
        "RouteTables": "routeTableSet",
        "SecurityGroups": "securityGroupInfo",
        "ServiceDetails": "serviceDetailSet",
        "ServiceNames": "serviceNameSet",
        "Subnets": "subnetSet",
        "TransitGateways": "transitGatewaySet",
        "VpcEndpoints": "vpcEndpointSet",
        "VpcPeeringConnections": "vpcPeeringConnectionSet",
        "Vpcs": "vpcSet",
    },
    "DescribeNetworkAcls": {"IsDefault": "default", "IcmpTypeCode": "icmpTypeCode"},
    "DescribeSecurityGroups": {"Description": "groupDescription"},
    "DescribeTransitGatewayVpcAttachments": {"SubnetIds": "subnetIds"},
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
    "resource-id": "ResourceId",
    "route-table-id": "RouteTableId",
    "service-name": "ServiceName",
    "state": "State",
    "subnet-id": "SubnetId",
    "transit-gateway-id": "TransitGatewayId",
    "transit-gateway-route-table-id": "TransitGatewayRouteTableId",
    "vpc-endpoint-id": "VpcEndpointId",
    "vpc-endpoint-type": "VpcEndpointType",
    "vpc-id": "VpcId",
    "accepter-vpc-info.vpc-id": "AccepterVpcInfo.VpcId",
    "requester-vpc-info.vpc-id": "RequesterVpcInfo.VpcId",
    "vpc-peering-connection-id": "VpcPeeringConnectionId",
}
#: What EC2 says when one of the ids asked for is not there: the whole call fails.
#: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>
_NOT_FOUND = {
    "DhcpOptionsId": "InvalidDhcpOptionID.NotFound",
    "GroupId": "InvalidGroup.NotFound",
    "NetworkAclId": "InvalidNetworkAclID.NotFound",
    "NetworkInterfaceId": "InvalidNetworkInterfaceID.NotFound",
    "PrefixListId": "InvalidPrefixListID.NotFound",
    "RouteTableId": "InvalidRouteTableID.NotFound",
    "ServiceName": "InvalidServiceName",
    "SubnetId": "InvalidSubnetID.NotFound",
    "VpcEndpointId": "InvalidVpcEndpointId.NotFound",
    "VpcId": "InvalidVpcID.NotFound",
    "VpcPeeringConnectionId": "InvalidVpcPeeringConnectionID.NotFound",
}
#: Small enough that every list longer than this makes the client ask again.
_PAGE = 2
#: Longer than any client waits, short enough that a forgotten thread ends by itself.
_PATIENCE = 60.0


def plan(world: World, faults: Json) -> Json:
    """Everything the API will say, as one JSON value for the process that serves it. `faults`: `ec2_faults.plan`."""
    return {**documents(world), "faults": faults}


def documents(world: World) -> Json:
    return {
        "documents": inventory.nothing() | inventory.documents(world),
        "attributes": {
            f"{vpc.id} {name}": inventory.vpc_attribute(vpc, name)
            for vpc in world.vpcs.values()
            for name in inventory.VPC_ATTRIBUTES
        },
        "prefix_lists": {id: inventory.prefix_list_entries(world, id) for id in world.prefix_lists},
        "transit_gateway_routes": inventory.transit_gateway_routes(world),
    }


class Refusal(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def respond(plan: Json, faults: Faults, parameters: dict[str, str]) -> tuple[int, str]:
    """HTTP status and XML body for one call."""
    action = parameters.get("Action", "")
    try:
        return 200, _response(action, _answer(plan, faults, action, parameters))
    except Refusal as refusal:
        return refusal.status, _error(refusal.code, str(refusal))


def _error(code: str, message: str) -> str:
    body = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    return f"<Response><Errors><Error>{body}</Error></Errors><RequestID>lab</RequestID></Response>"


def _answer(plan: Json, faults: Faults, action: str, parameters: dict[str, str]) -> Json:
    if action == "DescribeVpcAttribute":
        key = f"{parameters.get('VpcId')} {parameters.get('Attribute')}"
        return _held(plan["attributes"], key, "InvalidVpcID.NotFound")
    if action == "GetManagedPrefixListEntries":
        held = _held(plan["prefix_lists"], parameters.get("PrefixListId", ""), "InvalidPrefixListID.NotFound")
        return _page(held, parameters)
    if action == "SearchTransitGatewayRoutes":
        id = parameters.pop("TransitGatewayRouteTableId", "")
        held = _held(plan["transit_gateway_routes"], id, "InvalidRouteTableID.NotFound")
        return _page(_select(held, parameters), parameters)
    document = _visible(_held(plan["documents"], action, "InvalidAction"), faults, action)
    return _page(_select(document, parameters), parameters)


def _visible(document: Json, faults: Faults, action: str) -> Json:
    """Without the objects that are gone. An object's own id is its key that the other calls select it by."""
    (key, records), *rest = document.items()
    return {key: [one for one in records if not faults.is_gone(_own_id(key, one), action)], **dict(rest)}


def _own_id(key: str, record: Json) -> str:
    id = {
        "DhcpOptions": "DhcpOptionsId",
        "SecurityGroups": "GroupId",
        "ServiceDetails": "ServiceName",
        "TransitGatewayVpcAttachments": "TransitGatewayAttachmentId",
    }
    return str(record.get(id.get(key, f"{key.removesuffix('s')}Id"), ""))


def _held(table: Json, key: str, code: str) -> Json:
    if key not in table:
        raise Refusal(400, code, f"The lab has no '{key}'")
    document: Json = table[key]
    return document


def _select(document: Json, parameters: dict[str, str]) -> Json:
    (key, records), *rest = document.items()
    for name, ids in _selections(parameters):
        if missing := set(ids) - {one.get(name) for one in records}:
            raise Refusal(400, _NOT_FOUND[name], f"The ID '{min(missing)}' does not exist")
        records = [one for one in records if one.get(name) in ids]
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
    return conditions


def _selections(parameters: dict[str, str]) -> list[tuple[str, list[str]]]:
    """`SubnetId.1=…` and the like: list parameters that select by id."""
    ids: dict[str, list[str]] = {}
    for key, value in parameters.items():
        if match := re.fullmatch(r"(\w+)\.\d+", key):
            ids.setdefault(match[1], []).append(value)
    if strangers := set(ids) - set(_NOT_FOUND):
        raise Refusal(400, "UnknownParameter", f"The parameter {min(strangers)} is not recognized")
    return list(ids.items())


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
        plan, faults = self.server.plan, self.server.faults  # type: ignore[attr-defined]
        fault = faults.strike(parameters.get("Action", ""))
        if fault is None:
            self._send(*respond(plan, faults, parameters))
        elif fault in ec2_faults.ERRORS:
            status, code, message = ec2_faults.ERRORS[fault]
            self._send(status, _error(code, message))
        elif fault in ec2_faults.PAGES:
            self._send(*ec2_faults.page(fault), kind="text/html")
        else:
            self._fail(fault, respond(plan, faults, parameters)[1])

    def _fail(self, fault: str, body: str) -> None:
        if fault == "hangs":
            time.sleep(_PATIENCE)
        elif fault == "cut-short":
            self._send(200, body, sent=len(body) // 2)
        elif fault in ("truncated", "empty"):
            return self._send(200, body[: len(body) // 2] if fault == "truncated" else "")
        self.close_connection = True

    def _send(self, status: int, body: str, kind: str = "text/xml;charset=UTF-8", sent: int | None = None) -> None:
        if kind.startswith("text/xml") and body:
            body = '<?xml version="1.0" encoding="UTF-8"?>\n' + body
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:sent])

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: a run's output is its table."""


class _Server(http.server.ThreadingHTTPServer):
    # The product asks eight questions at once.
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever runs out of patience may hang up; everything else is a fault of the lab's."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def server(address: str, plan: Json) -> http.server.ThreadingHTTPServer:
    made = _Server((address, 80), Handler)
    made.plan = plan  # type: ignore[attr-defined]
    made.faults = Faults(plan["faults"])  # type: ignore[attr-defined]
    return made
