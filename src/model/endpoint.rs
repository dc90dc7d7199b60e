//! VPC endpoints, their services and their network interfaces.

use std::{fmt, net::IpAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{
    id::{AzId, EndpointId, InstanceId, NetworkInterfaceId, SecurityGroupId, SubnetId, VpcId},
    listing::Indexed,
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
    /// The Region of the service, which may be another than the endpoint's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_region: Option<String>,
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
    /// Names and, where they were given, ids: only zones that the service shares with who asks.
    pub availability_zones: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkInterface {
    pub id: NetworkInterfaceId,
    pub vpc: VpcId,
    pub subnet: SubnetId,
    pub az_id: Option<AzId>,
    /// The zone's name in this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub az: Option<String>,
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
    /// Public IPv4 addresses, each with the private one that it is translated to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub public_addresses: Vec<PublicAddress>,
    /// Packets that are neither from nor for an address of the interface are dropped. Absent: not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_dest_check: Option<bool>,
    /// `Attachment.Status`: `attached`, `detaching`, …, in wire form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment_status: Option<String>,
    /// The account it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// An Elastic IP address, or one that was assigned at launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicAddress {
    pub public_ip: IpAddr,
    pub private_ip: IpAddr,
}

impl Indexed for VpcEndpoint {
    fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Its interfaces.
    fn links(&self) -> impl Iterator<Item = &str> {
        self.network_interfaces.iter().map(NetworkInterfaceId::as_str)
    }
}

impl Indexed for EndpointService {
    fn id(&self) -> &str {
        &self.name
    }
}

impl Indexed for NetworkInterface {
    fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Its instance and its groups.
    fn links(&self) -> impl Iterator<Item = &str> {
        let groups = self.groups.iter().map(SecurityGroupId::as_str);
        self.instance.iter().map(InstanceId::as_str).chain(groups)
    }

    fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    fn aliases(&self) -> impl Iterator<Item = IpAddr> {
        self.public_addresses.iter().map(|address| address.public_ip)
    }

    fn networks(&self) -> &[IpNet] {
        &self.prefixes
    }
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

    /// Made and kept by a service, which forwards by its own rules: the source/destination check says nothing of it.
    pub fn is_managed(&self) -> bool {
        !["interface", "efa", "efaonly", "trunk", "branch"].iter().any(|word| says(&self.kind, word))
    }

    /// `vpc_endpoint` on the wire, `VpcEndpoint` in SDKs.
    pub fn is_endpoint(&self) -> bool {
        says(&self.kind, "vpcendpoint")
    }
}

/// Wire form (`pendingAcceptance`, `nat_gateway`, `pending-acceptance`) and SDK form
/// (`PendingAcceptance`, `NatGateway`) made equal.
pub fn fold(text: &str) -> String {
    folded(text).collect()
}

/// Whether the text is this word, itself in folded form.
pub fn says(text: &str, word: &str) -> bool {
    folded(text).eq(word.chars())
}

fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase())
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
