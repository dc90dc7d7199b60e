//! The configuration of the VPC, as far as somebody let us read it.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{
    endpoint::{EndpointService, NetworkInterface, VpcEndpoint},
    firewall::{NetworkAcl, PrefixList, SecurityGroup},
    gateway::{AttachedGateway, NatGateway},
    id::{
        AzId, DhcpOptionsId, EndpointId, NetworkAclId, NetworkInterfaceId, PeeringConnectionId, PrefixListId,
        RouteTableId, SecurityGroupId, SubnetId, VpcId,
    },
    instance::Instance,
    known::{Known, Reason, Unknown},
    listing::{Indexed, Listing},
    route::{PeeringConnection, RouteTable},
    time::Seconds,
    transit::{TransitGateway, TransitGatewayAttachment, TransitGatewayRouteTable},
};

/// Every list is by itself known or not: one denied call leaves the others standing.
/// A list that is known and empty means "there are none".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    pub source: InventorySource,
    pub vpcs: Known<Listing<Vpc>>,
    pub subnets: Known<Listing<Subnet>>,
    pub security_groups: Known<Listing<SecurityGroup>>,
    pub network_acls: Known<Listing<NetworkAcl>>,
    pub route_tables: Known<Listing<RouteTable>>,
    pub network_interfaces: Known<Listing<NetworkInterface>>,
    pub vpc_endpoints: Known<Listing<VpcEndpoint>>,
    pub endpoint_services: Known<Listing<EndpointService>>,
    pub peering_connections: Known<Listing<PeeringConnection>>,
    pub prefix_lists: Known<Listing<PrefixList>>,
    pub dhcp_options: Known<Listing<DhcpOptions>>,
    #[serde(default = "not_asked::instances")]
    pub instances: Known<Listing<Instance>>,
    #[serde(default = "not_asked::gateways")]
    pub gateways: Known<Listing<AttachedGateway>>,
    #[serde(default = "not_asked::nat_gateways")]
    pub nat_gateways: Known<Listing<NatGateway>>,
    #[serde(default = "not_asked::transit_gateways")]
    pub transit_gateways: Known<Listing<TransitGateway>>,
    #[serde(default = "not_asked::transit_gateway_attachments")]
    pub transit_gateway_attachments: Known<Listing<TransitGatewayAttachment>>,
    #[serde(default = "not_asked::transit_gateway_route_tables")]
    pub transit_gateway_route_tables: Known<Listing<TransitGatewayRouteTable>>,
    /// What was asked of the API and how it went, in the order asked.
    pub calls: Vec<ApiCall>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InventorySource {
    /// The EC2 API of this Region.
    Ec2 { region: String },
    /// A directory of AWS CLI output.
    Directory { path: String },
    /// None, and why: by wish, or because no credentials were found.
    None { why: String },
}

/// One API call: `ec2:DescribeSecurityGroups`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApiCall {
    pub action: String,
    pub seconds: Seconds,
    /// Absent when it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Reason>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    pub id: VpcId,
    /// The primary CIDR first.
    pub cidrs: Vec<IpNet>,
    pub dhcp_options: Option<DhcpOptionsId>,
    pub dns_support: Known<bool>,
    pub dns_hostnames: Known<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    pub id: SubnetId,
    pub vpc: VpcId,
    pub cidrs: Vec<IpNet>,
    pub az: Option<String>,
    pub az_id: Option<AzId>,
    /// The account it belongs to, which may share it with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DhcpOptions {
    pub id: DhcpOptionsId,
    /// `AmazonProvidedDNS`, or addresses.
    pub domain_name_servers: Vec<String>,
}

impl Inventory {
    /// An inventory of which nothing is known, each list naming the call that would supply it.
    pub fn unknown(source: InventorySource, reason: &Reason) -> Self {
        let unknown = |action: &str| Unknown::new(action, reason.clone());
        Self {
            source,
            vpcs: Known::Unknown(unknown(actions::VPCS)),
            subnets: Known::Unknown(unknown(actions::SUBNETS)),
            security_groups: Known::Unknown(unknown(actions::SECURITY_GROUPS)),
            network_acls: Known::Unknown(unknown(actions::NETWORK_ACLS)),
            route_tables: Known::Unknown(unknown(actions::ROUTE_TABLES)),
            network_interfaces: Known::Unknown(unknown(actions::NETWORK_INTERFACES)),
            vpc_endpoints: Known::Unknown(unknown(actions::VPC_ENDPOINTS)),
            endpoint_services: Known::Unknown(unknown(actions::ENDPOINT_SERVICES)),
            peering_connections: Known::Unknown(unknown(actions::PEERING_CONNECTIONS)),
            prefix_lists: Known::Unknown(unknown(actions::PREFIX_LIST_ENTRIES)),
            dhcp_options: Known::Unknown(unknown(actions::DHCP_OPTIONS)),
            instances: Known::Unknown(unknown(actions::INSTANCES)),
            gateways: Known::Unknown(unknown(actions::INTERNET_GATEWAYS)),
            nat_gateways: Known::Unknown(unknown(actions::NAT_GATEWAYS)),
            transit_gateways: Known::Unknown(unknown(actions::TRANSIT_GATEWAYS)),
            transit_gateway_attachments: Known::Unknown(unknown(actions::TRANSIT_GATEWAY_ATTACHMENTS)),
            transit_gateway_route_tables: Known::Unknown(unknown(actions::TRANSIT_GATEWAY_ROUTE_TABLES)),
            calls: Vec::new(),
        }
    }

    pub fn none(why: impl Into<String>) -> Self {
        Self::unknown(InventorySource::None { why: why.into() }, &Reason::NotAsked)
    }

    pub fn is_none(&self) -> bool {
        matches!(self.source, InventorySource::None { .. })
    }

    /// The interfaces that hold an address. More than one when VPCs overlap.
    pub fn interfaces_holding(&self, ip: IpAddr) -> Known<Vec<&NetworkInterface>> {
        self.network_interfaces.as_ref().map(|all| all.holding(ip).map(Arc::as_ref).collect())
    }

    /// The interface that holds an address, as seen from a VPC. `Known(None)`: nobody does. An address inside
    /// that VPC's own CIDR blocks never leaves it, whoever else holds the same address elsewhere.
    pub fn interface_holding(&self, ip: IpAddr, vpc: Option<&VpcId>) -> Known<Option<&NetworkInterface>> {
        let stays =
            vpc.is_some_and(|id| self.vpc(id).is_some_and(|v| v.cidrs.iter().any(|cidr| cidr.contains(&ip))));
        self.interfaces_holding(ip).and_then(|mut holders| {
            let here = |eni: &&NetworkInterface| vpc.is_some_and(|vpc| eni.vpc == *vpc);
            if stays || holders.iter().any(here) {
                holders.retain(here);
            }
            match holders.as_slice() {
                [] => Known::Known(None),
                [one] => Known::Known(Some(*one)),
                many => Known::unknown(
                    format!("which interface of several holds {ip}"),
                    Reason::Ambiguous { candidates: many.iter().map(|eni| eni.id.to_string()).collect() },
                ),
            }
        })
    }

    pub fn interface(&self, id: &NetworkInterfaceId) -> Option<&NetworkInterface> {
        self.network_interfaces.known()?.get(id.as_str()).map(Arc::as_ref)
    }

    /// The endpoint an interface belongs to.
    pub fn endpoint_of(&self, eni: &NetworkInterface) -> Known<Option<&VpcEndpoint>> {
        self.vpc_endpoints.as_ref().map(|all| all.linked(eni.id.as_str()).next().map(Arc::as_ref))
    }

    pub fn endpoint(&self, id: &EndpointId) -> Option<&VpcEndpoint> {
        self.vpc_endpoints.known()?.get(id.as_str()).map(Arc::as_ref)
    }

    pub fn vpc(&self, id: &VpcId) -> Option<&Vpc> {
        self.vpcs.known()?.get(id.as_str()).map(Arc::as_ref)
    }

    pub fn subnet(&self, id: &SubnetId) -> Option<&Subnet> {
        self.subnets.known()?.get(id.as_str()).map(Arc::as_ref)
    }

    pub fn security_group(&self, id: &SecurityGroupId) -> Option<&Arc<SecurityGroup>> {
        self.security_groups.known()?.get(id.as_str())
    }

    pub fn network_acl(&self, id: &NetworkAclId) -> Option<&Arc<NetworkAcl>> {
        self.network_acls.known()?.get(id.as_str())
    }

    pub fn route_table(&self, id: &RouteTableId) -> Option<&Arc<RouteTable>> {
        self.route_tables.known()?.get(id.as_str())
    }

    pub fn peering_connection(&self, id: &PeeringConnectionId) -> Option<&Arc<PeeringConnection>> {
        self.peering_connections.known()?.get(id.as_str())
    }

    pub fn prefix_list(&self, id: &PrefixListId) -> Option<&PrefixList> {
        self.prefix_lists.known()?.get(id.as_str()).map(Arc::as_ref)
    }

    /// The zone id of an interface: its own, or its subnet's.
    pub fn az_id_of(&self, eni: &NetworkInterface) -> Option<AzId> {
        eni.az_id.clone().or_else(|| self.subnet(&eni.subnet)?.az_id.clone())
    }

    /// Whether the interface stands in a subnet that another account shares with its own. Who asks in that account's
    /// name is told of no endpoint there and of its own interfaces alone: what is not listed may exist all the same.
    /// <https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html>
    pub fn is_shared(&self, subnet: &SubnetId, eni: &NetworkInterfaceId) -> Known<bool> {
        let (subnets, interfaces) = (self.subnets.as_ref(), self.network_interfaces.as_ref());
        subnets.and_then(|_| interfaces.map(|_| self.has_other_owner(subnet, eni)))
    }

    fn has_other_owner(&self, subnet: &SubnetId, eni: &NetworkInterfaceId) -> bool {
        let theirs = self.subnet(subnet).and_then(|subnet| subnet.owner.as_ref());
        let ours = self.interface(eni).and_then(|eni| eni.owner.as_ref());
        // Who is told of the owner's endpoints asks in the owner's name.
        let told =
            |owner| self.vpc_endpoints.known().into_iter().flatten().any(|e| e.owner.as_ref() == Some(owner));
        theirs.zip(ours).is_some_and(|(theirs, ours)| theirs != ours && !told(theirs))
    }

    pub fn service(&self, name: &str) -> Option<&EndpointService> {
        self.endpoint_services.known()?.get(name).map(Arc::as_ref)
    }
}

impl Indexed for Vpc {
    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl Indexed for Subnet {
    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl Indexed for DhcpOptions {
    fn id(&self) -> &str {
        self.id.as_str()
    }
}

/// Facts recorded before these lists were read.
mod not_asked {
    use super::{
        AttachedGateway, Instance, Known, Listing, NatGateway, TransitGateway, TransitGatewayAttachment,
        TransitGatewayRouteTable, actions,
    };

    pub(super) fn instances() -> Known<Listing<Instance>> {
        Known::not_asked(actions::INSTANCES)
    }

    pub(super) fn gateways() -> Known<Listing<AttachedGateway>> {
        Known::not_asked(actions::INTERNET_GATEWAYS)
    }

    pub(super) fn nat_gateways() -> Known<Listing<NatGateway>> {
        Known::not_asked(actions::NAT_GATEWAYS)
    }

    pub(super) fn transit_gateways() -> Known<Listing<TransitGateway>> {
        Known::not_asked(actions::TRANSIT_GATEWAYS)
    }

    pub(super) fn transit_gateway_attachments() -> Known<Listing<TransitGatewayAttachment>> {
        Known::not_asked(actions::TRANSIT_GATEWAY_ATTACHMENTS)
    }

    pub(super) fn transit_gateway_route_tables() -> Known<Listing<TransitGatewayRouteTable>> {
        Known::not_asked(actions::TRANSIT_GATEWAY_ROUTE_TABLES)
    }
}

/// The IAM actions that supply each list.
pub mod actions {
    pub const DHCP_OPTIONS: &str = "ec2:DescribeDhcpOptions";
    pub const ENDPOINT_SERVICES: &str = "ec2:DescribeVpcEndpointServices";
    pub const INSTANCES: &str = "ec2:DescribeInstances";
    pub const INTERNET_GATEWAYS: &str = "ec2:DescribeInternetGateways";
    pub const NAT_GATEWAYS: &str = "ec2:DescribeNatGateways";
    pub const NETWORK_ACLS: &str = "ec2:DescribeNetworkAcls";
    pub const NETWORK_INTERFACES: &str = "ec2:DescribeNetworkInterfaces";
    pub const PEERING_CONNECTIONS: &str = "ec2:DescribeVpcPeeringConnections";
    pub const PREFIX_LIST_ENTRIES: &str = "ec2:GetManagedPrefixListEntries";
    pub const ROUTE_TABLES: &str = "ec2:DescribeRouteTables";
    pub const SECURITY_GROUPS: &str = "ec2:DescribeSecurityGroups";
    pub const SUBNETS: &str = "ec2:DescribeSubnets";
    pub const TRANSIT_GATEWAY_ASSOCIATIONS: &str = "ec2:GetTransitGatewayRouteTableAssociations";
    pub const TRANSIT_GATEWAY_ATTACHMENTS: &str = "ec2:DescribeTransitGatewayAttachments";
    pub const TRANSIT_GATEWAY_ROUTE_TABLES: &str = "ec2:DescribeTransitGatewayRouteTables";
    pub const TRANSIT_GATEWAY_ROUTES: &str = "ec2:SearchTransitGatewayRoutes";
    pub const TRANSIT_GATEWAY_VPC_ATTACHMENTS: &str = "ec2:DescribeTransitGatewayVpcAttachments";
    pub const TRANSIT_GATEWAYS: &str = "ec2:DescribeTransitGateways";
    pub const VPC_ATTRIBUTE: &str = "ec2:DescribeVpcAttribute";
    pub const VPC_ENDPOINTS: &str = "ec2:DescribeVpcEndpoints";
    pub const VPCS: &str = "ec2:DescribeVpcs";
}
