//! `DescribeSubnets`

use serde::Deserialize;

use super::{Draft, Ipv6CidrAssociation, Notes, Record, Shelf, Text, shelf::Shelved, words};
use crate::model::{
    id::{AzId, SubnetId, VpcId},
    inventory,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Subnet {
    pub(crate) subnet_id: Text,
    pub(crate) vpc_id: Text,
    pub(crate) cidr_block: Text,
    pub(crate) ipv6_cidr_block_association_set: Option<Vec<Ipv6CidrAssociation>>,
    pub(crate) availability_zone: Text,
    pub(crate) availability_zone_id: Text,
    pub(crate) owner_id: Text,
}

impl Record for Subnet {
    type Model = inventory::Subnet;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.subnets
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let v6 = self.ipv6_cidr_block_association_set.into_iter().flatten();
        let v6 = v6.filter(Ipv6CidrAssociation::in_force).map(|association| association.ipv6_cidr_block);
        Some(Self::Model {
            id: SubnetId(notes.vital("SubnetId", self.subnet_id)?),
            vpc: VpcId(notes.vital("VpcId", self.vpc_id)?),
            cidrs: words::cidrs(std::iter::once(self.cidr_block).chain(v6), notes),
            az: self.availability_zone.0,
            az_id: self.availability_zone_id.map(AzId),
            owner: self.owner_id.0,
        })
    }
}

impl Shelved for inventory::Subnet {
    fn key(&self) -> &str {
        self.id.as_str()
    }
}
