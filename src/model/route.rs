//! Route tables and what connects VPCs.

use std::fmt;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{
    id::{PeeringConnectionId, PrefixListId, RouteTableId, SubnetId, VpcId},
    listing::Indexed,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTable {
    pub id: RouteTableId,
    pub vpc: Option<VpcId>,
    /// The VPC's main table serves every subnet that names no other.
    pub main: bool,
    pub subnets: Vec<SubnetId>,
    /// Internet and virtual private gateways whose incoming packets it routes: edge associations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<String>,
    pub routes: Vec<Route>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    pub destination: RouteDestination,
    pub target: RouteTarget,
    /// `active`, `blackhole`, `filtered`, in wire form.
    pub state: String,
    /// `CreateRouteTable`, `CreateRoute`, `EnableVgwRoutePropagation`.
    pub origin: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteDestination {
    Cidr(IpNet),
    PrefixList(PrefixListId),
    Other(String),
}

impl fmt::Display for RouteDestination {
    /// As the console prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cidr(cidr) => cidr.fmt(f),
            Self::PrefixList(id) => id.fmt(f),
            Self::Other(text) => f.write_str(text),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteTarget {
    Local,
    Peering(PeeringConnectionId),
    /// `tgw-…`
    TransitGateway(String),
    /// `nat-…`
    NatGateway(String),
    /// `igw-…`
    InternetGateway(String),
    /// `eigw-…`
    EgressOnlyInternetGateway(String),
    /// `vgw-…`
    VirtualPrivateGateway(String),
    /// `eni-…`, an appliance in the middle.
    NetworkInterface(String),
    /// `vpce-…`: a gateway or Gateway Load Balancer endpoint.
    VpcEndpoint(String),
    /// Anything else, by its id or ARN.
    Other(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeeringConnection {
    pub id: PeeringConnectionId,
    pub requester: PeeringSide,
    pub accepter: PeeringSide,
    /// `active`, `pending-acceptance`, …, in wire form.
    pub status: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeeringSide {
    pub vpc: Option<VpcId>,
    pub cidrs: Vec<IpNet>,
    pub region: Option<String>,
}

impl Indexed for RouteTable {
    fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Its subnets, the VPC whose main table it is, and its gateways.
    fn links(&self) -> impl Iterator<Item = &str> {
        let main = self.vpc.as_ref().filter(|_| self.main).map(VpcId::as_str);
        let subnets = self.subnets.iter().map(SubnetId::as_str);
        subnets.chain(main).chain(self.gateways.iter().map(String::as_str))
    }
}

impl Indexed for PeeringConnection {
    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn links(&self) -> impl Iterator<Item = &str> {
        [&self.requester, &self.accepter].into_iter().filter_map(|side| side.vpc.as_ref()).map(VpcId::as_str)
    }
}

impl PeeringConnection {
    pub fn is_active(&self) -> bool {
        self.status.eq_ignore_ascii_case("active")
    }

    /// Whether its two ends are these VPCs.
    pub fn joins(&self, one: &VpcId, other: &VpcId) -> bool {
        let ends = [self.requester.vpc.as_ref(), self.accepter.vpc.as_ref()];
        one != other && ends.contains(&Some(one)) && ends.contains(&Some(other))
    }
}

impl Route {
    pub fn is_propagated(&self) -> bool {
        self.origin == "EnableVgwRoutePropagation"
    }

    /// A route that tells no state is in force.
    pub fn is_active(&self) -> bool {
        self.state.is_empty() || self.state.eq_ignore_ascii_case("active")
    }

    pub fn is_blackhole(&self) -> bool {
        self.state.eq_ignore_ascii_case("blackhole")
    }
}

impl RouteTarget {
    /// As the route table prints it.
    pub fn id(&self) -> &str {
        match self {
            Self::Local => "local",
            Self::Peering(id) => id.as_str(),
            Self::TransitGateway(id)
            | Self::NatGateway(id)
            | Self::InternetGateway(id)
            | Self::EgressOnlyInternetGateway(id)
            | Self::VirtualPrivateGateway(id)
            | Self::NetworkInterface(id)
            | Self::VpcEndpoint(id)
            | Self::Other(id) => id,
        }
    }
}
