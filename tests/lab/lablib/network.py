"""Three namespaces and two cables: the host, the VPC's router, and everything beyond.

    client eth0 ──── client0  router  far0 ──── eth0 far
    10.0.1.10                 .2, .253, .254         10.0.2.20, 10.0.3.20, …

The host has its /24 but no route of its own into it, so even its own subnet is reached through the router, where the
groups are, as on a VPC's network. Whatever nobody holds falls into a blackhole: a VPC is silent about it.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import firewall
from .declaration import Host, World

RESOLVERS = ("10.0.0.2", "169.254.169.253")
METADATA = "169.254.169.254"
#: The EC2 API, behind the VPC's NAT gateway as it were; documentation addresses (RFC 5737).
API = "203.0.113.20"
NOBODY = "203.0.113.66"

_CLIENT_GATEWAY = "169.254.0.1"
_FAR_GATEWAY = "169.254.0.2"


@dataclass(frozen=True)
class Network:
    """The names of a world's namespaces."""

    client: str
    router: str
    far: str

    def inside(self, namespace: str, *command: str) -> list[str]:
        """The command line that runs a command in one of them."""
        return ["nsenter", f"--net=/run/netns/{namespace}", "--", *command]


def build(world: World, prefix: str) -> Network:
    network = Network(f"{prefix}-client", f"{prefix}-router", f"{prefix}-far")
    _ip([], _namespaces(network))
    _ip(["-n", network.client], _client(world))
    _ip(["-n", network.router], _router(world))
    _ip(["-n", network.far], _far(world))
    _settings(world, network)
    _nft(network, network.client, firewall.host_ruleset(world))
    _nft(network, network.router, firewall.ruleset(world))
    _nft(network, network.far, firewall.provider_ruleset(world))
    return network


def destroy(network: Network) -> None:
    _ip([], [f"netns del {name}" for name in (network.client, network.router, network.far)])


def _namespaces(network: Network) -> list[str]:
    names = (network.client, network.router, network.far)
    return [
        *(f"netns add {name}" for name in names),
        f"link add client0 netns {network.router} type veth peer name eth0 netns {network.client}",
        f"link add far0 netns {network.router} type veth peer name eth0 netns {network.far}",
    ]


def _client(world: World) -> list[str]:
    length = world.subnets[world.client.subnet].cidr.partition("/")[2]
    reach = ("default",) if world.host.gateway else (*RESOLVERS, METADATA)
    return [
        "link set lo up",
        "link set eth0 up",
        f"addr add {world.client.ip}/{length} dev eth0 noprefixroute",
        f"route add {_CLIENT_GATEWAY} dev eth0 scope link src {world.client.ip}",
        *(f"route add {where} via {_CLIENT_GATEWAY} dev eth0 src {world.client.ip}" for where in reach),
        *(f"route add {route}" for route in world.host.routes),
        *(line for name, address in world.host.bridges.items() for line in _bridge(name, address)),
    ]


def _bridge(name: str, address: str) -> list[str]:
    # A bridge without a port has no carrier; the cable to nowhere stands for a container.
    return [
        f"link add {name} type bridge",
        f"link add {name}-c0 type veth peer name {name}-c1",
        f"link set {name}-c0 master {name} up",
        f"link set {name}-c1 up",
        f"addr add {address} dev {name}",
        f"link set {name} up",
    ]


def _router(world: World) -> list[str]:
    own = (*RESOLVERS, API, *((METADATA,) if world.host.imds else ()))
    return [
        "link set lo up",
        "link set client0 up",
        "link set far0 up",
        f"addr add {_CLIENT_GATEWAY}/32 dev client0",
        f"addr add {_FAR_GATEWAY}/32 dev far0",
        *(f"addr add {ip}/32 dev lo" for ip in own),
        f"route add {world.client.ip}/32 dev client0",
        *(f"route add {ip}/32 dev far0" for ip in far_addresses(world)),
        "route add blackhole default",
    ]


def _far(world: World) -> list[str]:
    return [
        "link set lo up",
        "link set eth0 up",
        *(f"addr add {ip}/32 dev eth0" for ip in far_addresses(world)),
        f"route add {_FAR_GATEWAY} dev eth0 scope link",
        f"route add default via {_FAR_GATEWAY} dev eth0",
    ]


def far_addresses(world: World) -> list[str]:
    return [*(one.ip for one in world.others()), *world.internet]


def _settings(world: World, network: Network) -> None:
    _set(network, network.router, "ip_forward", "1")
    if world.host.ports:
        _set(network, network.client, "ip_local_port_range", "{} {}".format(*world.host.ports))


def _set(network: Network, namespace: str, name: str, value: str) -> None:
    script = f"echo {value} > /proc/sys/net/ipv4/{name}"
    subprocess.run(network.inside(namespace, "sh", "-c", script), check=True)


def _ip(where: list[str], commands: list[str]) -> None:
    subprocess.run(["ip", *where, "-batch", "-"], input="\n".join(commands), text=True, check=True)


def _nft(network: Network, namespace: str, ruleset: str) -> None:
    subprocess.run(network.inside(namespace, "nft", "-f", "-"), input=ruleset, text=True, check=True)


def drops(network: Network) -> list[str]:
    """Where packets ended, and how many: for a person who looks into a mismatch."""
    found: list[str] = []
    for name in (network.client, network.router, network.far):
        command = network.inside(name, "nft", "--json", "list", "ruleset")
        ruleset = json.loads(subprocess.run(command, capture_output=True, text=True).stdout or '{"nftables": []}')
        for rule in (one["rule"] for one in ruleset["nftables"] if "rule" in one):
            packets = sum(part["counter"]["packets"] for part in rule["expr"] if "counter" in part)
            if packets:
                found.append(f"{packets} packets dropped in {rule['chain']}")
    return found


def resolver_files(world: World, folder: Path) -> dict[str, Path]:
    """What is mounted over the host's own files, so that the machine's settings cannot leak in."""
    texts = {
        "/etc/resolv.conf": _resolv_conf(world.host),
        "/etc/hosts": "\n".join(["127.0.0.1 localhost", *world.host.hosts, ""]),
        "/etc/nsswitch.conf": f"passwd: files\ngroup: files\nhosts: {world.host.nsswitch}\n",
    }
    files = {path: folder / Path(path).name for path in texts}
    for path, text in texts.items():
        files[path].write_text(text)
    return files


def _resolv_conf(host: Host) -> str:
    lines = [f"search {' '.join(host.search)}"] if host.search else []
    lines += [f"options {host.options}"] if host.options else []
    return "\n".join([*lines, *(f"nameserver {ip}" for ip in host.nameservers), ""])
