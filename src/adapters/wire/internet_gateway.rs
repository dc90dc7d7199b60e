//! `DescribeInternetGateways`, `DescribeEgressOnlyInternetGateways` and `DescribeVpnGateways`

use serde::Deserialize;

use super::{Draft, Notes, Record, Shelf, Text};
use crate::model::{
    endpoint::fold,
    gateway,
    id::{GatewayId, VpcId},
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

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct EgressOnlyInternetGateway {
    pub(crate) egress_only_internet_gateway_id: Text,
    pub(crate) attachments: Option<Vec<InternetGatewayAttachment>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct VpnGateway {
    pub(crate) vpn_gateway_id: Text,
    pub(crate) vpc_attachments: Option<Vec<InternetGatewayAttachment>>,
}

impl Record for InternetGateway {
    type Model = gateway::AttachedGateway;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.gateways
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        attached(("InternetGatewayId", self.internet_gateway_id), ("Attachments", self.attachments), notes)
    }
}

impl Record for EgressOnlyInternetGateway {
    type Model = gateway::AttachedGateway;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.gateways
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let id = ("EgressOnlyInternetGatewayId", self.egress_only_internet_gateway_id);
        attached(id, ("Attachments", self.attachments), notes)
    }
}

impl Record for VpnGateway {
    type Model = gateway::AttachedGateway;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.gateways
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        attached(("VpnGatewayId", self.vpn_gateway_id), ("VpcAttachments", self.vpc_attachments), notes)
    }
}

/// Each field with its name.
fn attached(
    (id_field, id): (&str, Text),
    (field, attachments): (&str, Option<Vec<InternetGatewayAttachment>>),
    notes: &mut Notes,
) -> Option<gateway::AttachedGateway> {
    let id = GatewayId(notes.vital(id_field, id)?);
    // One that was queried away would say that the gateway stands alone.
    let attachments = notes.given(field, attachments)?;
    let attached = attachments.into_iter().filter(InternetGatewayAttachment::in_force);
    Some(gateway::AttachedGateway { id, vpcs: attached.filter_map(|it| it.vpc_id.map(VpcId)).collect() })
}

impl InternetGatewayAttachment {
    /// EC2 answers `available`, where its model lists `attached`.
    fn in_force(&self) -> bool {
        let state = self.state.0.as_deref().map(fold);
        state.is_none_or(|state| matches!(state.as_str(), "attached" | "available"))
    }
}
