//! Gateways that a route may lead to: NAT gateways, and those at the edge of a VPC.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{
    id::{GatewayId, NatGatewayId, NetworkInterfaceId, SubnetId, VpcId},
    listing::Indexed,
};

/// <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatGateway {
    pub id: NatGatewayId,
    pub vpc: Option<VpcId>,
    /// Absent for a regional NAT gateway, which stands in every zone.
    pub subnet: Option<SubnetId>,
    /// `available`, `pending`, `failed`, `deleting`, `deleted`, in wire form.
    pub state: String,
    /// `ConnectivityType`: one that has no public address and sends nothing to the internet.
    pub is_private: bool,
    pub addresses: Vec<NatGatewayAddress>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatGatewayAddress {
    pub eni: Option<NetworkInterfaceId>,
    /// What the destination sees, as long as the packets stay in the private network.
    pub private_ip: Option<IpAddr>,
    pub public_ip: Option<IpAddr>,
}

/// An internet, egress-only internet or virtual private gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedGateway {
    pub id: GatewayId,
    /// The VPCs it is attached to; in practice one.
    pub vpcs: Vec<VpcId>,
}

impl NatGateway {
    pub fn is_available(&self) -> bool {
        self.state.eq_ignore_ascii_case("available")
    }
}

impl Indexed for NatGateway {
    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl Indexed for AttachedGateway {
    fn id(&self) -> &str {
        self.id.as_str()
    }
}
