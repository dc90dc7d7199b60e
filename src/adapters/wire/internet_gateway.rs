//! `DescribeInternetGateways`

use serde::Deserialize;

use super::{Draft, Notes, Record, Shelf, Text};
use crate::model::{
    endpoint::fold,
    gateway,
    id::{InternetGatewayId, VpcId},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct InternetGateway {
    pub(crate) internet_gateway_id: Text,
    pub(crate) attachments: Option<Vec<InternetGatewayAttachment>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct InternetGatewayAttachment {
    pub(crate) state: Text,
    pub(crate) vpc_id: Text,
}

impl Record for InternetGateway {
    type Model = gateway::InternetGateway;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.internet_gateways
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let id = InternetGatewayId(notes.vital("InternetGatewayId", self.internet_gateway_id)?);
        // One that was queried away would say that the gateway stands alone.
        let attachments = notes.given("Attachments", self.attachments)?;
        let attached = attachments.into_iter().filter(InternetGatewayAttachment::in_force);
        Some(Self::Model { id, vpcs: attached.filter_map(|it| it.vpc_id.map(VpcId)).collect() })
    }
}

impl InternetGatewayAttachment {
    /// EC2 answers `available`, where its model lists `attached`.
    fn in_force(&self) -> bool {
        let state = self.state.0.as_deref().map(fold);
        state.is_none_or(|state| matches!(state.as_str(), "attached" | "available"))
    }
}
