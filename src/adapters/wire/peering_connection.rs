//! `DescribeVpcPeeringConnections`

use serde::Deserialize;

use super::{CidrAssociation, Draft, Ipv6CidrAssociation, Notes, Record, Shelf, Text, shelf::Shelved, words};
use crate::model::{
    id::{PeeringConnectionId, VpcId},
    route::{self, PeeringSide},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct PeeringConnection {
    pub(crate) vpc_peering_connection_id: Text,
    pub(crate) requester_vpc_info: Option<PeeringVpc>,
    pub(crate) accepter_vpc_info: Option<PeeringVpc>,
    pub(crate) status: Option<PeeringStatus>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct PeeringVpc {
    pub(crate) vpc_id: Text,
    pub(crate) region: Text,
    pub(crate) cidr_block: Text,
    pub(crate) cidr_block_set: Option<Vec<CidrAssociation>>,
    pub(crate) ipv6_cidr_block_set: Option<Vec<Ipv6CidrAssociation>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct PeeringStatus {
    pub(crate) code: Text,
}

impl Record for PeeringConnection {
    type Model = route::PeeringConnection;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.peering_connections
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        Some(Self::Model {
            id: PeeringConnectionId(notes.vital("VpcPeeringConnectionId", self.vpc_peering_connection_id)?),
            requester: self.requester_vpc_info.unwrap_or_default().read(notes),
            accepter: self.accepter_vpc_info.unwrap_or_default().read(notes),
            status: self.status.unwrap_or_default().code.or_empty(),
        })
    }
}

impl PeeringVpc {
    fn read(self, notes: &mut Notes) -> PeeringSide {
        let v4 = self.cidr_block_set.into_iter().flatten().map(|cidr| cidr.cidr_block);
        let v6 = self.ipv6_cidr_block_set.into_iter().flatten().map(|cidr| cidr.ipv6_cidr_block);
        PeeringSide {
            vpc: self.vpc_id.map(VpcId),
            cidrs: words::cidrs(std::iter::once(self.cidr_block).chain(v4).chain(v6), notes),
            region: self.region.0,
        }
    }
}

impl Shelved for route::PeeringConnection {
    fn key(&self) -> &str {
        self.id.as_str()
    }
}
