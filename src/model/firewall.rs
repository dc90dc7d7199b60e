//! Security groups and network ACLs, as EC2 describes them.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{
    id::{NetworkAclId, PrefixListId, SecurityGroupId, SubnetId, VpcId},
    known::Known,
    listing::Indexed,
    net::{PortRange, ProtocolMatch},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroup {
    pub id: SecurityGroupId,
    pub name: String,
    /// The VPC it was made in; it may be associated with others.
    pub vpc: Option<VpcId>,
    pub rules: Vec<SecurityGroupRule>,
}

/// One rule with one peer: EC2's `SecurityGroupRule`. An `IpPermission` with many ranges becomes many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroupRule {
    /// `sgr-…`; absent when only `DescribeSecurityGroups` was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub direction: Direction,
    pub protocol: ProtocolMatch,
    /// TCP and UDP ports; every port for any other protocol.
    pub ports: PortRange,
    pub peer: Peer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    Egress,
    Ingress,
}

/// Whom a security group rule admits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    Cidr(IpNet),
    Group {
        id: SecurityGroupId,
        /// `active`, `deleted`, …: only when the reference crosses a peering connection.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        peering_status: Option<String>,
    },
    PrefixList(PrefixListId),
    /// A peer this version cannot read. Kept, so that the rule is not taken for a denial.
    Other(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrefixList {
    pub id: PrefixListId,
    pub name: String,
    /// `AddressFamily`: a list has entries of one family alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<bool>,
    pub entries: Known<Vec<IpNet>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkAcl {
    pub id: NetworkAclId,
    pub vpc: Option<VpcId>,
    pub is_default: bool,
    pub subnets: Vec<SubnetId>,
    /// In the order the API gave them; evaluation sorts by number.
    pub entries: Vec<NetworkAclEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkAclEntry {
    pub number: u32,
    pub direction: Direction,
    pub action: AclAction,
    pub protocol: ProtocolMatch,
    pub cidr: IpNet,
    /// Destination ports; every port when the protocol has none.
    pub ports: PortRange,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AclAction {
    Allow,
    Deny,
    /// A word this version does not know.
    Other(String),
}

impl Indexed for SecurityGroup {
    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl Indexed for NetworkAcl {
    fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Its subnets.
    fn links(&self) -> impl Iterator<Item = &str> {
        self.subnets.iter().map(SubnetId::as_str)
    }
}

impl PrefixList {
    /// The networks of the list that could hold an address, for all that is known: none, if it is of the other family.
    pub fn entries_for(&self, ip: IpAddr) -> Known<&[IpNet]> {
        if self.ipv6.is_some_and(|ipv6| ipv6 != ip.is_ipv6()) {
            return Known::Known(&[]);
        }
        self.entries.as_ref().map(Vec::as_slice)
    }
}

impl Indexed for PrefixList {
    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl Peer {
    pub fn cidr(&self) -> Option<&IpNet> {
        if let Self::Cidr(cidr) = self { Some(cidr) } else { None }
    }

    /// A reference over a peering connection that is there no more, or not yet.
    pub fn is_stale_reference(&self) -> bool {
        matches!(self, Self::Group { peering_status: Some(status), .. } if !status.eq_ignore_ascii_case("active"))
    }
}

impl Direction {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Egress => "outbound",
            Self::Ingress => "inbound",
        }
    }
}
