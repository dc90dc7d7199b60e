//! Transit gateways, what is attached to them, and their route tables.
//!
//! <https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html>

use serde::{Deserialize, Serialize};

use super::{
    id::{SubnetId, TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId, VpcId},
    known::Known,
    listing::Indexed,
    route::RouteDestination,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransitGateway {
    pub id: TransitGatewayId,
    pub state: String,
    /// `Options.SecurityGroupReferencingSupport`
    pub security_group_referencing: Option<bool>,
    /// The account it belongs to, which may share it with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// One attachment, as two calls describe it: `DescribeTransitGatewayAttachments` knows every kind and the
/// association, `DescribeTransitGatewayVpcAttachments` the subnets and options of a VPC's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransitGatewayAttachment {
    pub id: TransitGatewayAttachmentId,
    pub transit_gateway: TransitGatewayId,
    pub kind: AttachmentKind,
    /// `available`, `pendingAcceptance`, `deleted`, …, in wire form.
    pub state: String,
    /// A subnet in each zone that the attachment serves.
    pub subnets: Known<Vec<SubnetId>>,
    /// `Options.ApplianceModeSupport`
    pub appliance_mode: Option<bool>,
    /// `Options.SecurityGroupReferencingSupport`
    pub security_group_referencing: Option<bool>,
    /// The table that decides where packets from this attachment go. `Known(None)`: it has none.
    pub association: Known<Option<TransitGatewayRouteTableId>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttachmentKind {
    Vpc(VpcId),
    /// Another transit gateway.
    Peering(String),
    /// `vpn`, `direct-connect-gateway`, `connect`, …, with the id of what is attached.
    Other {
        kind: String,
        resource: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransitGatewayRouteTable {
    pub id: TransitGatewayRouteTableId,
    pub transit_gateway: TransitGatewayId,
    pub routes: Known<Vec<TransitGatewayRoute>>,
    /// The attachments that this table decides for, where `GetTransitGatewayRouteTableAssociations` was asked.
    pub associations: Known<Vec<TransitGatewayAttachmentId>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransitGatewayRoute {
    pub destination: RouteDestination,
    /// `active`, `blackhole`, in wire form.
    pub state: String,
    /// `static`, `propagated`, in wire form.
    pub kind: String,
    /// Where the route leads; several for equal-cost paths, none for a blackhole.
    pub attachments: Vec<RouteAttachment>,
}

/// An attachment as a route names it. It may belong to another account, which describes it to nobody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteAttachment {
    pub id: TransitGatewayAttachmentId,
    pub kind: AttachmentKind,
}

impl TransitGatewayAttachment {
    pub fn is_available(&self) -> bool {
        self.state.eq_ignore_ascii_case("available")
    }

    pub fn vpc(&self) -> Option<&VpcId> {
        if let AttachmentKind::Vpc(vpc) = &self.kind { Some(vpc) } else { None }
    }
}

impl TransitGatewayRoute {
    pub fn is_static(&self) -> bool {
        self.kind.eq_ignore_ascii_case("static")
    }

    pub fn is_blackhole(&self) -> bool {
        self.state.eq_ignore_ascii_case("blackhole")
    }
}

impl Indexed for TransitGateway {
    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl Indexed for TransitGatewayAttachment {
    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn links(&self) -> impl Iterator<Item = &str> {
        let attached = match &self.kind {
            AttachmentKind::Vpc(vpc) => vpc.as_str(),
            AttachmentKind::Peering(resource) | AttachmentKind::Other { resource, .. } => resource,
        };
        [attached, self.transit_gateway.as_str()].into_iter()
    }
}

impl Indexed for TransitGatewayRouteTable {
    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn links(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.transit_gateway.as_str())
    }
}
