#!/usr/bin/env python3
"""The lab's world in moto, an EC2 API that is not ours.

Reads one line of JSON from standard input: where to listen, and the documents of `tests/lab/lablib/inventory.py`.
Starts moto there, makes every object by the API call that makes it in AWS, prints one line of JSON with the id that
moto gave each of them, and serves until standard input ends.

What the API has no call for is set in moto itself: an endpoint's state, MAC addresses, the names of an endpoint.
"""

import json
import sys

import boto3
import mends  # noqa: F401  (before anything is created)
from moto.ec2.models import ec2_backends
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.server import ThreadedMotoServer

ACCOUNT = "123456789012"


class World:
    """Makes objects in the order in which they refer to each other, and remembers their ids."""

    def __init__(self, ec2, backend, plan):
        self.ec2, self.backend, self.plan = ec2, backend, plan
        self.ids = {}

    def documents(self, action):
        return next(iter(self.plan["documents"][action].values()))

    def own(self, value):
        """A declared value with moto's ids in place of the declared ones."""
        if isinstance(value, dict):
            return {key: self.own(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.own(one) for one in value]
        return self.ids.get(value, value) if isinstance(value, str) else value

    def build(self):
        self.networks()
        self.prefix_lists()
        self.groups()
        self.acls()
        self.peerings()
        self.route_tables()
        self.interfaces()
        self.endpoints()

    def networks(self):
        for vpc in self.documents("DescribeVpcs"):
            made = self.ec2.create_vpc(CidrBlock=vpc["CidrBlock"])["Vpc"]["VpcId"]
            self.ids[vpc["VpcId"]] = made
            for name in ("EnableDnsSupport", "EnableDnsHostnames"):
                declared = self.plan["attributes"][f"{vpc['VpcId']} {name[0].lower()}{name[1:]}"]
                self.ec2.modify_vpc_attribute(VpcId=made, **{name: declared[name]})
        for options in self.documents("DescribeDhcpOptions"):
            settings = [
                {"Key": one["Key"], "Values": [value["Value"] for value in one["Values"]]}
                for one in options["DhcpConfigurations"]
            ]
            made = self.ec2.create_dhcp_options(DhcpConfigurations=settings)["DhcpOptions"]["DhcpOptionsId"]
            self.ids[options["DhcpOptionsId"]] = made
            for vpc in self.documents("DescribeVpcs"):
                if vpc["DhcpOptionsId"] == options["DhcpOptionsId"]:
                    self.ec2.associate_dhcp_options(DhcpOptionsId=made, VpcId=self.ids[vpc["VpcId"]])
        for subnet in self.documents("DescribeSubnets"):
            where = {"CidrBlock": subnet["CidrBlock"], "AvailabilityZone": subnet["AvailabilityZone"]}
            made = self.ec2.create_subnet(VpcId=self.ids[subnet["VpcId"]], **where)["Subnet"]["SubnetId"]
            self.ids[subnet["SubnetId"]] = made

    def prefix_lists(self):
        for one in self.documents("DescribeManagedPrefixLists"):
            entries = self.plan["prefix_lists"][one["PrefixListId"]]["Entries"]
            made = self.ec2.create_managed_prefix_list(
                PrefixListName=one["PrefixListName"], MaxEntries=20, AddressFamily="IPv4", Entries=entries
            )
            self.ids[one["PrefixListId"]] = made["PrefixList"]["PrefixListId"]

    def groups(self):
        groups = self.documents("DescribeSecurityGroups")
        for group in groups:
            names = {"GroupName": group["GroupName"], "Description": group["Description"]}
            made = self.ec2.create_security_group(VpcId=self.ids[group["VpcId"]], **names)["GroupId"]
            self.ids[group["GroupId"]] = made
        everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        for group in groups:
            id = self.ids[group["GroupId"]]
            self.ec2.revoke_security_group_egress(GroupId=id, IpPermissions=everything)
            for key, call in (
                ("IpPermissions", self.ec2.authorize_security_group_ingress),
                ("IpPermissionsEgress", self.ec2.authorize_security_group_egress),
            ):
                if group[key]:
                    call(GroupId=id, IpPermissions=[self.permission(one) for one in group[key]])

    def permission(self, declared):
        permission = {key: self.own(value) for key, value in declared.items() if value != []}
        for pair in permission.get("UserIdGroupPairs", []):
            pair["UserId"] = ACCOUNT
        return permission

    def acls(self):
        for acl in self.documents("DescribeNetworkAcls"):
            made = self.ec2.create_network_acl(VpcId=self.ids[acl["VpcId"]])["NetworkAcl"]["NetworkAclId"]
            self.ids[acl["NetworkAclId"]] = made
            for entry in acl["Entries"]:
                if entry["RuleNumber"] < 32767:
                    self.ec2.create_network_acl_entry(NetworkAclId=made, **entry)
            for association in acl["Associations"]:
                self.ec2.replace_network_acl_association(
                    AssociationId=self.acl_association(self.ids[association["SubnetId"]]), NetworkAclId=made
                )

    def acl_association(self, subnet):
        found = self.ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])
        associations = [one for acl in found["NetworkAcls"] for one in acl["Associations"]]
        return next(one["NetworkAclAssociationId"] for one in associations if one["SubnetId"] == subnet)

    def peerings(self):
        for peering in self.documents("DescribeVpcPeeringConnections"):
            ours, theirs = (self.ids[peering[side]["VpcId"]] for side in ("RequesterVpcInfo", "AccepterVpcInfo"))
            made = self.ec2.create_vpc_peering_connection(VpcId=ours, PeerVpcId=theirs)["VpcPeeringConnection"]
            self.ids[peering["VpcPeeringConnectionId"]] = made["VpcPeeringConnectionId"]
            if peering["Status"]["Code"] == "active":
                self.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=made["VpcPeeringConnectionId"])

    def route_tables(self):
        for table in self.documents("DescribeRouteTables"):
            made = self.route_table(table)
            self.ids[table["RouteTableId"]] = made
            for association in table["Associations"]:
                if "SubnetId" in association:
                    self.ec2.associate_route_table(RouteTableId=made, SubnetId=self.ids[association["SubnetId"]])
            for route in table["Routes"]:
                if route["Origin"] == "CreateRoute":
                    wanted = {key: value for key, value in route.items() if key not in ("Origin", "State")}
                    self.ec2.create_route(RouteTableId=made, **self.own(wanted))

    def route_table(self, table):
        vpc = self.ids[table["VpcId"]]
        if not any(one.get("Main") for one in table["Associations"]):
            return self.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        mine = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
        return self.ec2.describe_route_tables(Filters=mine)["RouteTables"][0]["RouteTableId"]

    def interfaces(self):
        for eni in self.documents("DescribeNetworkInterfaces"):
            if eni["RequesterManaged"]:
                continue
            made = self.ec2.create_network_interface(
                SubnetId=self.ids[eni["SubnetId"]],
                PrivateIpAddress=eni["PrivateIpAddress"],
                Groups=[self.ids[group["GroupId"]] for group in eni["Groups"]],
            )["NetworkInterface"]["NetworkInterfaceId"]
            self.ids[eni["NetworkInterfaceId"]] = made
            self.backend.enis[made].mac_address = eni["MacAddress"]
            self.ids[eni["Attachment"]["InstanceId"]] = self.instance(made)

    def instance(self, eni):
        card = [{"NetworkInterfaceId": eni, "DeviceIndex": 0}]
        image = self.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        run = self.ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, NetworkInterfaces=card)
        return run["Instances"][0]["InstanceId"]

    def endpoints(self):
        enis = {one["NetworkInterfaceId"]: one for one in self.documents("DescribeNetworkInterfaces")}
        for endpoint in self.documents("DescribeVpcEndpoints"):
            declared = [enis[id] for id in endpoint["NetworkInterfaceIds"]]
            addresses = [
                {"SubnetId": self.ids[one["SubnetId"]], "Ipv4": one["PrivateIpAddress"]} for one in declared
            ]
            made = self.ec2.create_vpc_endpoint(
                VpcEndpointType="Interface",
                VpcId=self.ids[endpoint["VpcId"]],
                ServiceName=endpoint["ServiceName"],
                SubnetIds=[one["SubnetId"] for one in addresses],
                SubnetConfigurations=addresses,
                SecurityGroupIds=[self.ids[group["GroupId"]] for group in endpoint["Groups"]],
                PrivateDnsEnabled=endpoint["PrivateDnsEnabled"],
            )["VpcEndpoint"]["VpcEndpointId"]
            self.ids[endpoint["VpcEndpointId"]] = made
            held = self.backend.vpc_end_points[made]
            self.ids |= dict(zip((one["NetworkInterfaceId"] for one in declared), held.network_interface_ids))
            held.state = endpoint["State"]
            names = [one["DnsName"].replace(endpoint["VpcEndpointId"], made) for one in endpoint["DnsEntries"]]
            held.dns_entries = [{"dns_name": name, "hosted_zone_id": "Z1YSA3EXCYUU9Z"} for name in names]


def mend_zones(region, subnets):
    """Zone ids as the world has them: an account's letters for them are its own."""
    ids = {one["AvailabilityZone"]: one["AvailabilityZoneId"] for one in subnets}
    for zone in RegionsAndZonesBackend.zones[region]:
        zone.zone_id = ids.get(zone.name, f"unused-{zone.name}")


def main():
    plan = json.loads(sys.stdin.readline())
    mend_zones(plan["region"], plan["documents"]["DescribeSubnets"]["Subnets"])
    server = ThreadedMotoServer(ip_address=plan["address"], port=plan["port"], verbose=False)
    server.start()
    keys = {"aws_access_key_id": "lab", "aws_secret_access_key": "lab"}
    url = f"http://{plan['address']}:{plan['port']}"
    ec2 = boto3.client("ec2", region_name=plan["region"], endpoint_url=url, **keys)
    world = World(ec2, ec2_backends[ACCOUNT][plan["region"]], plan)
    world.build()
    print(json.dumps(world.ids), flush=True)
    sys.stdin.read()


main()
