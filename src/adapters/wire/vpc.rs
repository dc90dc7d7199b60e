//! `DescribeVpcs`. The DNS attributes come from another call and are laid in by the draft.

use serde::Deserialize;

use super::{Draft, Notes, Record, Shelf, Text, shelf::Shelved, words};
use crate::model::{
    endpoint::fold,
    id::{DhcpOptionsId, VpcId},
    inventory::{self, actions},
    known::{Known, Reason},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Vpc {
    pub(crate) vpc_id: Text,
    pub(crate) cidr_block: Text,
    pub(crate) cidr_block_association_set: Option<Vec<CidrAssociation>>,
    pub(crate) ipv6_cidr_block_association_set: Option<Vec<Ipv6CidrAssociation>>,
    pub(crate) dhcp_options_id: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct CidrAssociation {
    pub(crate) cidr_block: Text,
    pub(crate) cidr_block_state: Option<CidrState>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Ipv6CidrAssociation {
    pub(crate) ipv6_cidr_block: Text,
    pub(crate) ipv6_cidr_block_state: Option<CidrState>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct CidrState {
    pub(crate) state: Text,
}

impl Record for Vpc {
    type Model = inventory::Vpc;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.vpcs
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let v4 = self.cidr_block_association_set.into_iter().flatten();
        let v4 = v4.filter(CidrAssociation::in_force).map(|association| association.cidr_block);
        let v6 = self.ipv6_cidr_block_association_set.into_iter().flatten();
        let v6 = v6.filter(Ipv6CidrAssociation::in_force).map(|association| association.ipv6_cidr_block);
        Some(Self::Model {
            id: VpcId(notes.vital("VpcId", self.vpc_id)?),
            cidrs: words::cidrs(std::iter::once(self.cidr_block).chain(v4).chain(v6), notes),
            dhcp_options: self.dhcp_options_id.map(DhcpOptionsId),
            dns_support: Known::unknown(actions::VPC_ATTRIBUTE, Reason::Absent),
            dns_hostnames: Known::unknown(actions::VPC_ATTRIBUTE, Reason::Absent),
        })
    }
}

impl CidrAssociation {
    fn in_force(&self) -> bool {
        associated(self.cidr_block_state.as_ref())
    }
}

impl Ipv6CidrAssociation {
    pub(super) fn in_force(&self) -> bool {
        associated(self.ipv6_cidr_block_state.as_ref())
    }
}

/// A block on its way in or out carries no traffic. Without a state it is taken as it is printed.
fn associated(state: Option<&CidrState>) -> bool {
    state.and_then(|state| state.state.0.as_deref()).is_none_or(|state| fold(state) == "associated")
}

impl Shelved for inventory::Vpc {
    fn key(&self) -> &str {
        self.id.as_str()
    }
}
