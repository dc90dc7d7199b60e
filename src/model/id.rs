//! AWS resource identifiers, one type each, so that a subnet is never passed for a VPC.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }
    )*};
}

ids! {
    /// A zone's stable id (`usw2-az1`). Zone *names* differ from account to account.
    AzId,
    /// `dopt-…`
    DhcpOptionsId,
    /// `vpce-…`
    EndpointId,
    /// `igw-…`, `eigw-…`, `vgw-…`
    GatewayId,
    /// `i-…`
    InstanceId,
    /// `nat-…`
    NatGatewayId,
    /// `acl-…`
    NetworkAclId,
    /// `eni-…`
    NetworkInterfaceId,
    /// `pcx-…`
    PeeringConnectionId,
    /// `pl-…`
    PrefixListId,
    /// `rtb-…`
    RouteTableId,
    /// `sg-…`
    SecurityGroupId,
    /// `subnet-…`
    SubnetId,
    /// `tgw-attach-…`
    TransitGatewayAttachmentId,
    /// `tgw-…`
    TransitGatewayId,
    /// `tgw-rtb-…`
    TransitGatewayRouteTableId,
    /// `vpc-…`
    VpcId,
}
