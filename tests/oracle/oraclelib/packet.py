"""A packet, where it leaves from, and how its walk ends."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import ports as P
from .filters import Truth
from .inventory import Object


@dataclass(frozen=True)
class Place:
    """Where a packet leaves from: an interface, a NAT gateway, or the interface of a transit gateway attachment."""

    vpc: str
    subnet: str
    kind: str = "interface"
    eni: Object | None = None
    #: Of a NAT gateway: whether it has a public address.
    public: bool = False


@dataclass(frozen=True)
class Nat:
    """A translation on the forward path, to be undone on the way back."""

    gateway: str
    place: Place
    ip: str
    client_ip: str
    client: Place


@dataclass
class Packet:
    src: str
    dst: str
    protocol: str
    #: The destination ports it may have: one on the way there, the client's range on the way back.
    ports: P.Ports
    kept_by: str | None = "vpc"
    peering: str | None = None
    over_tgw: Truth = Truth.NO
    nats: list[Nat] = field(default_factory=list)
    #: The filters that took some of the ports.
    narrowed: list[tuple[str, str]] = field(default_factory=list)
    full: P.Ports = ()

    def __post_init__(self) -> None:
        self.full = self.ports


@dataclass(frozen=True)
class Arrival:
    """How a walk ended: at an `eni`, at an `edge`, in the `dark`, or `lost`."""

    kind: str
    eni: Object | None = None
    #: Whether the last subnet's network ACL does not see the packet enter.
    exempt: bool = False
    #: In the dark: whether an appliance has the packet, which may do with it as it likes.
    appliance: bool = False
    #: In the dark behind a peering connection: the VPC, which it does not leave again.
    vpc: str | None = None


LOST = Arrival("lost")
EDGE = Arrival("edge")
DARK = Arrival("dark")
