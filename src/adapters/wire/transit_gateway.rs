//! `DescribeTransitGateways`

use serde::Deserialize;

use super::{Draft, Notes, Record, Shelf, Text, words};
use crate::model::{id::TransitGatewayId, transit};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct TransitGateway {
    pub(crate) transit_gateway_id: Text,
    pub(crate) state: Text,
    pub(crate) owner_id: Text,
    pub(crate) options: Option<TransitGatewayOptions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct TransitGatewayOptions {
    pub(crate) security_group_referencing_support: Text,
}

impl Record for TransitGateway {
    type Model = transit::TransitGateway;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.transit_gateways
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        Some(Self::Model {
            id: TransitGatewayId(notes.vital("TransitGatewayId", self.transit_gateway_id)?),
            state: self.state.or_empty(),
            security_group_referencing: words::enabled(
                &self.options.unwrap_or_default().security_group_referencing_support,
            ),
            owner: self.owner_id.0,
        })
    }
}
