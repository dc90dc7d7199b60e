//! The host that asks: where in the cloud it stands, and what of it decides a connection's fate.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::{
    id::{AzId, InstanceId, NetworkInterfaceId, SecurityGroupId, SubnetId, VpcId},
    known::Known,
    net::PortRange,
};

/// Where the questions are asked from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vantage {
    /// The kernel's choice towards the targets.
    pub source_ip: Known<IpAddr>,
    pub eni: Known<NetworkInterfaceId>,
    pub subnet: Known<SubnetId>,
    pub vpc: Known<VpcId>,
    pub az_id: Known<AzId>,
    pub security_groups: Known<Vec<SecurityGroupId>>,
    pub how: VantageSource,
}

/// How the vantage was learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VantageSource {
    /// The instance metadata service named the interface.
    Imds,
    /// The source address was found on an interface of the inventory.
    Inventory,
    /// Only the address is known, from the kernel's routing decision.
    Kernel,
}

/// What the instance metadata service said.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceMetadata {
    pub instance: Option<InstanceId>,
    pub region: Option<String>,
    pub az_id: Option<AzId>,
    pub interfaces: Vec<InstanceInterface>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceInterface {
    pub eni: Option<NetworkInterfaceId>,
    pub subnet: Option<SubnetId>,
    pub vpc: Option<VpcId>,
    pub security_groups: Vec<SecurityGroupId>,
    pub addresses: Vec<IpAddr>,
}

/// What of this host bears on the diagnosis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// The Region by configuration or metadata.
    pub region: Option<String>,
    /// `net.ipv4.ip_local_port_range`.
    pub ephemeral_ports: Known<PortRange>,
    /// The servers of `resolv.conf`, in order.
    pub name_servers: Known<Vec<SocketAddr>>,
    pub metadata: Known<InstanceMetadata>,
}

impl VantageSource {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Imds => "imds",
            Self::Inventory => "inventory",
            Self::Kernel => "kernel",
        }
    }
}
