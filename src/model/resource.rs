//! The one way to point at evidence.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A thing that a person can look up, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResourceRef {
    pub kind: ResourceKind,
    pub id: String,
    /// Rule number, rule id or line, where the resource has parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceKind {
    Address,
    ApiCall,
    Certificate,
    DnsName,
    DnsServer,
    EndpointService,
    File,
    Gateway,
    Host,
    Instance,
    NetworkAcl,
    NetworkInterface,
    PeeringConnection,
    RouteTable,
    SecurityGroup,
    Subnet,
    TransitGateway,
    TransitGatewayAttachment,
    TransitGatewayRouteTable,
    Vpc,
    VpcEndpoint,
}

impl ResourceRef {
    /// The machine that this runs on: what is wrong with it is the same cause for every target.
    pub fn this_host() -> Self {
        Self::new(ResourceKind::Host, "this host")
    }

    pub fn new(kind: ResourceKind, id: impl fmt::Display) -> Self {
        Self { kind, id: id.to_string(), position: None }
    }

    /// The same resource, wherever in it.
    pub fn is_same_thing(&self, other: &Self) -> bool {
        self.kind == other.kind && self.id == other.id
    }

    #[must_use]
    pub fn at(mut self, position: impl fmt::Display) -> Self {
        self.position = Some(position.to_string());
        self
    }
}

impl ResourceKind {
    /// Whether it is a thing that somebody changes, so that one change mends every target that meets it. Addresses,
    /// interfaces and subnets only say where.
    pub fn is_changed(self) -> bool {
        !matches!(self, Self::Address | Self::NetworkInterface | Self::Subnet)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::ApiCall => "api-call",
            Self::Certificate => "certificate",
            Self::DnsName => "dns-name",
            Self::DnsServer => "dns-server",
            Self::EndpointService => "endpoint-service",
            Self::File => "file",
            Self::Gateway => "gateway",
            Self::Host => "host",
            Self::Instance => "instance",
            Self::NetworkAcl => "network-acl",
            Self::NetworkInterface => "network-interface",
            Self::PeeringConnection => "peering-connection",
            Self::RouteTable => "route-table",
            Self::SecurityGroup => "security-group",
            Self::Subnet => "subnet",
            Self::TransitGateway => "transit-gateway",
            Self::TransitGatewayAttachment => "transit-gateway-attachment",
            Self::TransitGatewayRouteTable => "transit-gateway-route-table",
            Self::Vpc => "vpc",
            Self::VpcEndpoint => "vpc-endpoint",
        }
    }
}
