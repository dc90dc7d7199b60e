//! `DescribeNatGateways`

use std::net::IpAddr;

use serde::Deserialize;

use super::{Draft, Notes, Record, Shelf, Text, words};
use crate::model::{
    endpoint::fold,
    gateway,
    id::{NatGatewayId, NetworkInterfaceId, SubnetId, VpcId},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct NatGateway {
    pub(crate) nat_gateway_id: Text,
    pub(crate) vpc_id: Text,
    pub(crate) subnet_id: Text,
    pub(crate) state: Text,
    /// `public` or `private`; gateways were all public when the field did not exist.
    pub(crate) connectivity_type: Text,
    pub(crate) nat_gateway_addresses: Option<Vec<NatGatewayAddress>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct NatGatewayAddress {
    pub(crate) network_interface_id: Text,
    pub(crate) private_ip: Text,
    pub(crate) public_ip: Text,
    pub(crate) status: Text,
}

impl Record for NatGateway {
    type Model = gateway::NatGateway;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.nat_gateways
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let addresses = self.nat_gateway_addresses.into_iter().flatten();
        let addresses = addresses.filter(NatGatewayAddress::in_force).map(|it| it.read(notes)).collect();
        Some(Self::Model {
            id: NatGatewayId(notes.vital("NatGatewayId", self.nat_gateway_id)?),
            vpc: self.vpc_id.map(VpcId),
            subnet: self.subnet_id.map(SubnetId),
            state: notes.vital("State", self.state)?,
            is_private: self.connectivity_type.0.is_some_and(|kind| fold(&kind) == "private"),
            addresses,
        })
    }
}

impl NatGatewayAddress {
    /// Anything but one that was never had: an address on its way out still serves its connections.
    fn in_force(&self) -> bool {
        self.status.0.as_deref().is_none_or(|status| fold(status) != "failed")
    }

    fn read(self, notes: &mut Notes) -> gateway::NatGatewayAddress {
        let mut address = |text: Text| -> Option<IpAddr> { notes.need(words::address(&text.0?)) };
        gateway::NatGatewayAddress {
            private_ip: address(self.private_ip),
            public_ip: address(self.public_ip),
            eni: self.network_interface_id.map(NetworkInterfaceId),
        }
    }
}
