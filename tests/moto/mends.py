"""What moto 5.2.5 gets wrong about EC2, put right before anything is created: importing this mends it."""

import functools
import ipaddress

from moto.core.responses import ActionResult
from moto.ec2.models.network_acls import NetworkAclBackend, NetworkAclEntry
from moto.ec2.models.vpcs import VPCBackend, VPCEndPoint
from moto.ec2.responses import EC2Response

# Far below what anybody asks for: EC2 may send fewer records than wanted, and then a token.
PAGE = 3


def after(owner, name):
    """Runs the decorated function on what `owner.name` returns."""

    def install(mend):
        original = getattr(owner, name)

        @functools.wraps(original)
        def mended(self, *args, **kwargs):
            return mend(self, original(self, *args, **kwargs))

        setattr(owner, name, mended)
        return mend

    return install


def mend_addresses():
    """The addresses asked for, `SubnetConfigurations`, are the ones given."""
    original = EC2Response.create_vpc_endpoint

    def mended(response):
        wanted = response._get_param("SubnetConfigurations") or []
        response.ec2_backend.wanted_addresses = {one["SubnetId"]: one.get("Ipv4") for one in wanted}
        return original(response)

    EC2Response.create_vpc_endpoint = mended


@after(VPCBackend, "create_vpc_endpoint")
def mend_endpoint(backend, endpoint):
    """Interfaces of an endpoint lie in its subnets, bear its groups and say whose they are."""
    if (endpoint.vpc_endpoint_type or "").lower() != "interface":
        return endpoint
    zones = []
    for eni_id, subnet_id in zip(endpoint.network_interface_ids, endpoint.subnet_ids or []):
        eni, subnet = backend.enis[eni_id], backend.get_subnet(subnet_id)
        held = {other.private_ip_address for other in backend.enis.values() if other is not eni}
        hosts = ipaddress.ip_network(subnet.cidr_block).hosts()
        wanted = getattr(backend, "wanted_addresses", {}).get(subnet_id)
        address = wanted or next(ip for ip in map(str, list(hosts)[19:]) if ip not in held)
        eni.private_ip_address = address
        eni.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
        eni._group_set = [backend.get_security_group_from_id(group) for group in endpoint.security_group_ids]
        eni.interface_type, eni.requester_managed, eni.status = "vpc_endpoint", True, "in-use"
        eni.description = f"VPC Endpoint Interface {endpoint.id}"
        zones.append(subnet.availability_zone)
    service = endpoint.service_name.rsplit(".", 1)[-1]
    stem, suffix = f"{endpoint.id}-abcd1234", f"{service}.{backend.region_name}.vpce.amazonaws.com"
    names = [f"{stem}.{suffix}", *(f"{stem}-{zone}.{suffix}" for zone in dict.fromkeys(zones))]
    if endpoint.private_dns_enabled:
        names.append(f"{service}.{backend.region_name}.amazonaws.com")
    endpoint.dns_entries = [{"dns_name": name, "hosted_zone_id": "Z0"} for name in names]
    return endpoint


@after(NetworkAclBackend, "create_network_acl")
def mend_acl(backend, acl):
    """Every ACL ends with the rule that denies the rest, not only the default one."""
    if not any(entry.rule_number in ("32767", 32767) for entry in acl.network_acl_entries):
        for egress in (True, False):
            rest = NetworkAclEntry(backend, acl.id, 32767, "-1", "deny", egress, "0.0.0.0/0", None, None, None, None, None)
            acl.network_acl_entries.append(rest)
    return acl


def mend_filters():
    """Endpoints are found by their id."""
    original = VPCEndPoint.get_filter_value

    def mended(endpoint, name, *rest):
        return endpoint.id if name == "vpc-endpoint-id" else original(endpoint, name, *rest)

    VPCEndPoint.get_filter_value = mended


def mend_pages():
    """Lists come in pages."""
    for name in dir(EC2Response):
        if name.startswith("describe_") or name == "get_managed_prefix_list_entries":
            # This one has pages of its own.
            if name != "describe_vpc_endpoint_services":
                after(EC2Response, name)(cut)


def cut(response, answer):
    if not isinstance(answer, ActionResult) or not isinstance(answer.result, dict) or len(answer.result) != 1:
        return answer
    wanted = response._get_param("MaxResults")
    if wanted is None:
        return answer
    (key, records), = answer.result.items()
    if isinstance(records, (dict, str)) or not hasattr(records, "__iter__"):
        return answer
    records, start = list(records), int(response._get_param("NextToken") or 0)
    end = start + min(int(wanted), PAGE)
    answer.result[key] = records[start:end]
    if end < len(records):
        answer.result["NextToken"] = str(end)
    return answer


mend_addresses()
mend_filters()
mend_pages()
