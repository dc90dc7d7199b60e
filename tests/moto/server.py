#!/usr/bin/env python3
"""An EC2 API that is not ours: moto, with a VPC in it, and what boto3 reads from it as files.

Usage: server.py DIRECTORY

Starts moto on a free port of loopback, builds a VPC, writes what each describe call answers (boto3's
answers are what the AWS CLI prints) to DIRECTORY, prints one line of JSON with the address and the ids,
and serves until standard input ends.
"""

import functools
import json
import pathlib
import sys

import boto3
import mends  # noqa: F401  (before anything is created)
from moto.server import ThreadedMotoServer

REGION = "eu-west-1"


def build(ec2):
    """A consumer at 10.0.1.10, an endpoint in two zones, a peer, and rules of every kind."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="100.64.0.0/16")
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=REGION + zone)["Subnet"]["SubnetId"]
        for n, zone in ((1, "a"), (2, "a"), (3, "b"))
    ]
    group = lambda name: ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
    app, end = group("app"), group("endpoint")
    for n in range(4):
        group(f"more-{n}")
    corp = ec2.create_managed_prefix_list(
        PrefixListName="corp", MaxEntries=10, AddressFamily="IPv4",
        Entries=[{"Cidr": f"10.{n}.0.0/16"} for n in range(5, 10)],
    )["PrefixList"]["PrefixListId"]
    ec2.authorize_security_group_ingress(GroupId=end, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": app}]},
        {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "PrefixListIds": [{"PrefixListId": corp}]},
        {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "IpRanges": [{"CidrIp": "10.0.1.0/24"}], "Ipv6Ranges": [{"CidrIpv6": "fd00::/64"}]},
        {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]},
    ])
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    entry = functools.partial(ec2.create_network_acl_entry, NetworkAclId=acl)
    entry(RuleNumber=100, Protocol="6", RuleAction="allow", Egress=False, CidrBlock="10.0.1.0/24", PortRange={"From": 443, "To": 443})
    entry(RuleNumber=100, Protocol="6", RuleAction="allow", Egress=True, CidrBlock="10.0.1.0/24", PortRange={"From": 32768, "To": 61000})
    entry(RuleNumber=90, Protocol="-1", RuleAction="deny", Egress=True, CidrBlock="10.0.1.128/25")
    default = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnets[1]]}])["NetworkAcls"][0]
    association = next(it for it in default["Associations"] if it["SubnetId"] == subnets[1])
    ec2.replace_network_acl_association(AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[0])
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    other = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    peering = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    ec2.create_route(RouteTableId=table, DestinationPrefixListId=corp, VpcPeeringConnectionId=peering)
    options = ec2.create_dhcp_options(DhcpConfigurations=[{"Key": "domain-name-servers", "Values": ["AmazonProvidedDNS"]}])
    ec2.associate_dhcp_options(DhcpOptionsId=options["DhcpOptions"]["DhcpOptionsId"], VpcId=vpc)
    ec2.create_network_interface(SubnetId=subnets[0], PrivateIpAddress="10.0.1.10", Groups=[app], Description="app")
    service = f"com.amazonaws.{REGION}.secretsmanager"
    endpoint = ec2.create_vpc_endpoint(
        VpcEndpointType="Interface", VpcId=vpc, ServiceName=service, SubnetIds=subnets[1:],
        SecurityGroupIds=[end], PrivateDnsEnabled=True,
    )["VpcEndpoint"]["VpcEndpointId"]
    return transit(ec2, vpc, table, subnets) | {"vpc": vpc, "endpoint": endpoint, "service": service, "prefix_list": corp, "dhcp": options["DhcpOptions"]["DhcpOptionsId"]}


def transit(ec2, vpc, table, subnets):
    """Routes that lead to a NAT gateway and to a transit gateway, which another VPC is attached to as well."""
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnets[1], AllocationId=address)["NatGateway"]["NatGatewayId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="192.0.2.0/24", NatGatewayId=nat)
    made = ec2.create_transit_gateway()["TransitGateway"]
    gateway, routes = made["TransitGatewayId"], made["Options"]["AssociationDefaultRouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="172.16.0.0/12", TransitGatewayId=gateway)
    other = ec2.create_vpc(CidrBlock="172.16.0.0/16")["Vpc"]["VpcId"]
    theirs = ec2.create_subnet(VpcId=other, CidrBlock="172.16.1.0/24")["Subnet"]["SubnetId"]
    attach = lambda vpc, subnets: ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=gateway, VpcId=vpc, SubnetIds=subnets
    )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    attach(vpc, subnets[1:])
    far = attach(other, [theirs])
    ec2.create_transit_gateway_route(
        TransitGatewayRouteTableId=routes, DestinationCidrBlock="172.16.0.0/16", TransitGatewayAttachmentId=far
    )
    ec2.create_transit_gateway_route(TransitGatewayRouteTableId=routes, DestinationCidrBlock="172.17.0.0/16", Blackhole=True)
    return {"transit_gateway": gateway, "transit_gateway_route_table": routes}


def dump(ec2, ids, directory):
    """What `aws ec2 describe-…` would have printed about this VPC."""
    in_vpc = [{"Name": "vpc-id", "Values": [ids["vpc"]]}]

    def save(name, method, **arguments):
        answer = getattr(ec2, method)(**arguments)
        answer.pop("ResponseMetadata")
        text = json.dumps(answer, indent=2, default=lambda time: time.isoformat())
        pathlib.Path(directory, name + ".json").write_text(text)

    for what in ("vpcs", "subnets", "network_interfaces", "security_groups", "network_acls", "route_tables", "vpc_endpoints"):
        save(what, f"describe_{what}", Filters=in_vpc)
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        save(attribute, "describe_vpc_attribute", VpcId=ids["vpc"], Attribute=attribute)
    save("peering", "describe_vpc_peering_connections", Filters=[{"Name": "requester-vpc-info.vpc-id", "Values": [ids["vpc"]]}])
    save("dhcp", "describe_dhcp_options", DhcpOptionsIds=[ids["dhcp"]])
    save("services", "describe_vpc_endpoint_services", ServiceNames=[ids["service"]])
    save("nat", "describe_nat_gateways", Filter=in_vpc)
    save("gateways", "describe_transit_gateways", TransitGatewayIds=[ids["transit_gateway"]])
    save("attachments", "describe_transit_gateway_attachments", Filters=[{"Name": "resource-id", "Values": [ids["vpc"]]}])
    save("vpc-attachments", "describe_transit_gateway_vpc_attachments", Filters=in_vpc)
    table = ids["transit_gateway_route_table"]
    save("tables", "describe_transit_gateway_route_tables", TransitGatewayRouteTableIds=[table])
    both = [{"Name": "state", "Values": ["active", "blackhole"]}]
    save(f"routes-{table}", "search_transit_gateway_routes", TransitGatewayRouteTableId=table, Filters=both)
    save(f"entries-{ids['prefix_list']}", "get_managed_prefix_list_entries", PrefixListId=ids["prefix_list"])


def main():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    ec2 = boto3.client("ec2", region_name=REGION, endpoint_url=url, aws_access_key_id="test", aws_secret_access_key="test")
    ids = build(ec2)
    dump(ec2, ids, sys.argv[1])
    print(json.dumps({"url": url, "region": REGION, **ids}), flush=True)
    sys.stdin.read()
    server.stop()


main()
