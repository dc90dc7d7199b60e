//! VPC endpoints, their services and their network interfaces.

use std::{fmt, net::IpAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{
    id::{AzId, EndpointId, InstanceId, NetworkInterfaceId, SecurityGroupId, SubnetId, VpcId},
    time::Timestamp,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcEndpoint {
    pub id: EndpointId,
    pub vpc: VpcId,
    /// `com.amazonaws.vpce.us-west-2.vpce-svc-…` or `com.amazonaws.us-west-2.sts`.
    pub service: String,
    pub kind: EndpointKind,
    pub state: EndpointState,
    pub subnets: Vec<SubnetId>,
    pub network_interfaces: Vec<NetworkInterfaceId>,
    pub groups: Vec<SecurityGroupId>,
    pub private_dns_enabled: bool,
    /// Regional name first, then zonal ones, then private ones, as EC2 lists them.
    pub dns_names: Vec<String>,
    pub created: Option<Timestamp>,
    /// `LastError` and `FailureReason`, if any.
    pub last_error: Option<String>,
    /// The account it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Private DNS answers only what comes in through an inbound Resolver endpoint: S3's
    /// `PrivateDnsOnlyForInboundResolverEndpoint`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inbound_resolver_only: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointKind {
    Gateway,
    GatewayLoadBalancer,
    Interface,
    Other(String),
}

/// The documented states, and whatever AWS adds.
/// <https://docs.aws.amazon.com/vpc/latest/privatelink/concepts.html>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointState {
    Available,
    Deleted,
    Deleting,
    Expired,
    Failed,
    Partial,
    Pending,
    PendingAcceptance,
    Rejected,
    Other(String),
}

/// What `DescribeVpcEndpointServices` says of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointService {
    pub name: String,
    /// The names that private DNS would answer, wildcard names included.
    pub private_dns_names: Vec<String>,
    /// `verified`, `pendingVerification`, `failed`, in wire form.
    pub private_dns_verification: Option<String>,
    pub acceptance_required: Option<bool>,
    pub availability_zones: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkInterface {
    pub id: NetworkInterfaceId,
    pub vpc: VpcId,
    pub subnet: SubnetId,
    pub az_id: Option<AzId>,
    /// `interface`, `vpc_endpoint`, `branch`, `nat_gateway`, …, in wire form.
    pub kind: String,
    /// `in-use`, `available`, …, in wire form.
    pub status: String,
    pub description: String,
    pub instance: Option<InstanceId>,
    pub groups: Vec<SecurityGroupId>,
    /// Primary and secondary private IPv4 addresses, then IPv6 addresses.
    pub addresses: Vec<IpAddr>,
    /// Delegated prefixes: pods live in them without being listed.
    pub prefixes: Vec<IpNet>,
    /// The account it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

impl EndpointState {
    /// EC2 answers `pendingAcceptance`, its SDKs document `PendingAcceptance`: letter case carries no meaning.
    pub fn parse(text: &str) -> Self {
        match fold(text).as_str() {
            "available" => Self::Available,
            "deleted" => Self::Deleted,
            "deleting" => Self::Deleting,
            "expired" => Self::Expired,
            "failed" => Self::Failed,
            "partial" => Self::Partial,
            "pending" => Self::Pending,
            "pendingacceptance" => Self::PendingAcceptance,
            "rejected" => Self::Rejected,
            _ => Self::Other(text.to_owned()),
        }
    }
}

impl EndpointKind {
    pub fn parse(text: &str) -> Self {
        match fold(text).as_str() {
            "gateway" => Self::Gateway,
            "gatewayloadbalancer" => Self::GatewayLoadBalancer,
            "interface" => Self::Interface,
            _ => Self::Other(text.to_owned()),
        }
    }
}

impl NetworkInterface {
    pub fn holds(&self, ip: IpAddr) -> bool {
        self.addresses.contains(&ip) || self.prefixes.iter().any(|prefix| prefix.contains(&ip))
    }

    /// `vpc_endpoint` on the wire, `VpcEndpoint` in SDKs.
    pub fn is_endpoint(&self) -> bool {
        fold(&self.kind) == "vpcendpoint"
    }
}

/// Wire form (`pendingAcceptance`, `nat_gateway`, `pending-acceptance`) and SDK form
/// (`PendingAcceptance`, `NatGateway`) made equal.
pub fn fold(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

impl fmt::Display for EndpointState {
    /// The wire form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Available => "available",
            Self::Deleted => "deleted",
            Self::Deleting => "deleting",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Partial => "partial",
            Self::Pending => "pending",
            Self::PendingAcceptance => "pendingAcceptance",
            Self::Rejected => "rejected",
            Self::Other(text) => text,
        })
    }
}

impl fmt::Display for EndpointKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gateway => "Gateway",
            Self::GatewayLoadBalancer => "GatewayLoadBalancer",
            Self::Interface => "Interface",
            Self::Other(text) => text,
        })
    }
}
