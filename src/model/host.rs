//! The host that asks: where in the cloud it stands, and what of it decides a connection's fate.

use std::net::{IpAddr, SocketAddr};

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

use super::{
    id::{AzId, InstanceId, NetworkInterfaceId, SecurityGroupId, SubnetId, VpcId},
    known::{Known, Reason},
    name::ResolverConfiguration,
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
    /// The primary range of its VPC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_cidr: Option<Ipv4Net>,
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
    /// How names are resolved here, of which the servers are a part.
    #[serde(default = "resolver_not_asked", skip_serializing_if = "is_not_asked")]
    pub resolver: Known<ResolverConfiguration>,
    pub metadata: Known<InstanceMetadata>,
    /// The networks that this host is directly connected to.
    #[serde(default = "interfaces_not_asked")]
    pub interfaces: Known<Vec<LocalInterface>>,
    #[serde(default)]
    pub proxy: ProxySettings,
}

/// A network interface of this host and the networks on it: `docker0` with `172.17.0.1/16`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalInterface {
    pub name: String,
    /// Addresses with the length of their network's prefix.
    pub networks: Vec<IpNet>,
}

/// The variables by which many programs find their proxy, as this program was given them: others may have others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxySettings {
    /// Without user name and password.
    pub proxies: Vec<ProxyVariable>,
    /// `NO_PROXY`
    pub exceptions: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyVariable {
    /// As spelt: `https_proxy`.
    pub name: String,
    pub value: String,
}

fn resolver_not_asked() -> Known<ResolverConfiguration> {
    Known::not_asked("the resolver's configuration")
}

fn is_not_asked<T>(known: &Known<T>) -> bool {
    matches!(known, Known::Unknown(why) if why.reason == Reason::NotAsked)
}

fn interfaces_not_asked() -> Known<Vec<LocalInterface>> {
    Known::not_asked("this host's network interfaces")
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
