//! `DescribeTransitGatewayAttachments`, `DescribeTransitGatewayVpcAttachments` and
//! `DescribeTransitGatewayPeeringAttachments`: the first knows every kind and the association, the others what is
//! particular to theirs.

use serde::Deserialize;

use super::{
    Draft, Notes, Record, Shelf, Text,
    association::AssociationState,
    shelf::{Contradiction, Shelved, agree, fill},
    words,
};
use crate::model::{
    endpoint::fold,
    id::{SubnetId, TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId, VpcId},
    inventory::actions,
    known::{Known, Reason},
    transit::{self, AttachmentKind},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct TransitGatewayAttachment {
    pub(crate) transit_gateway_attachment_id: Text,
    pub(crate) transit_gateway_id: Text,
    pub(crate) transit_gateway_owner_id: Text,
    pub(crate) resource_owner_id: Text,
    pub(crate) resource_type: Text,
    pub(crate) resource_id: Text,
    pub(crate) state: Text,
    pub(crate) association: Option<AttachmentAssociation>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct AttachmentAssociation {
    pub(crate) transit_gateway_route_table_id: Text,
    /// In place of a route table, on peering attachments.
    pub(crate) transit_gateway_policy_table_id: Text,
    pub(crate) state: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct TransitGatewayVpcAttachment {
    pub(crate) transit_gateway_attachment_id: Text,
    pub(crate) transit_gateway_id: Text,
    pub(crate) vpc_id: Text,
    pub(crate) state: Text,
    pub(crate) subnet_ids: Option<Vec<Text>>,
    pub(crate) options: Option<VpcAttachmentOptions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct VpcAttachmentOptions {
    pub(crate) appliance_mode_support: Text,
    pub(crate) security_group_referencing_support: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct TransitGatewayPeeringAttachment {
    pub(crate) transit_gateway_attachment_id: Text,
    /// Where it differs from the requester's.
    pub(crate) accepter_transit_gateway_attachment_id: Text,
    pub(crate) requester_tgw_info: Option<PeeringGateway>,
    pub(crate) accepter_tgw_info: Option<PeeringGateway>,
    pub(crate) state: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct PeeringGateway {
    /// Absent at the end of a Cloud WAN core network.
    pub(crate) transit_gateway_id: Text,
}

/// A peering attachment as one of its two gateways has it.
pub(crate) struct PeeringEnd {
    id: Text,
    transit_gateway: Text,
    peer: Text,
    state: Text,
}

impl Record for TransitGatewayAttachment {
    type Model = transit::TransitGatewayAttachment;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.transit_gateway_attachments
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let association = self.association(notes);
        let kind = attached(&notes.vital("ResourceType", self.resource_type)?, self.resource_id.or_empty());
        if kind == AttachmentKind::Vpc(VpcId::default()) {
            return notes.given("ResourceId", None);
        }
        Some(Self::Model {
            id: TransitGatewayAttachmentId(
                notes.vital("TransitGatewayAttachmentId", self.transit_gateway_attachment_id)?,
            ),
            transit_gateway: TransitGatewayId(notes.vital("TransitGatewayId", self.transit_gateway_id)?),
            subnets: if let AttachmentKind::Vpc(_) = kind { untold_subnets() } else { Known::Known(vec![]) },
            kind,
            state: notes.vital("State", self.state)?,
            appliance_mode: None,
            security_group_referencing: None,
            association,
        })
    }
}

impl TransitGatewayAttachment {
    fn association(&self, notes: &mut Notes) -> Known<Option<TransitGatewayRouteTableId>> {
        let Some(association) = &self.association else {
            // Route tables are the gateway's owner's: that the owner of a VPC is told of them is not documented.
            let is_foreign = self.transit_gateway_owner_id != self.resource_owner_id;
            return if is_foreign { untold_association() } else { Known::Known(None) };
        };
        let failed =
            |message| Known::unknown(actions::TRANSIT_GATEWAY_ATTACHMENTS, Reason::Failed { message });
        let id = self.transit_gateway_attachment_id.0.as_deref().unwrap_or_default();
        let Some(table) = &association.transit_gateway_route_table_id.0 else {
            let policies = association.transit_gateway_policy_table_id.0.as_deref().unwrap_or_default();
            let message = format!("{id} is associated with the policy table {policies}");
            notes.say(&message);
            return failed(message);
        };
        match AssociationState::of(&association.state) {
            AssociationState::InForce => Known::Known(Some(TransitGatewayRouteTableId::new(table))),
            AssociationState::Gone => Known::Known(None),
            AssociationState::Between(state) => failed(format!("{id} is {state} with {table}")),
        }
    }
}

impl Record for TransitGatewayVpcAttachment {
    type Model = transit::TransitGatewayAttachment;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.transit_gateway_attachments
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let options = self.options.unwrap_or_default();
        Some(Self::Model {
            id: TransitGatewayAttachmentId(
                notes.vital("TransitGatewayAttachmentId", self.transit_gateway_attachment_id)?,
            ),
            transit_gateway: TransitGatewayId(notes.vital("TransitGatewayId", self.transit_gateway_id)?),
            kind: AttachmentKind::Vpc(VpcId(notes.vital("VpcId", self.vpc_id)?)),
            state: notes.vital("State", self.state)?,
            subnets: self.subnet_ids.map_or_else(untold_subnets, |ids| Known::Known(subnets(ids))),
            appliance_mode: words::enabled(&options.appliance_mode_support),
            security_group_referencing: words::enabled(&options.security_group_referencing_support),
            association: untold_association(),
        })
    }
}

impl TransitGatewayPeeringAttachment {
    /// Both ends, because nothing tells which of them was asked.
    pub(crate) fn ends(self) -> Vec<PeeringEnd> {
        let [ours, theirs] = [self.requester_tgw_info, self.accepter_tgw_info]
            .map(|gateway| gateway.unwrap_or_default().transit_gateway_id);
        let id = self.transit_gateway_attachment_id;
        let their_id = Text(self.accepter_transit_gateway_attachment_id.0.or_else(|| id.0.clone()));
        let end = |id: Text, this: &Text, peer: &Text| PeeringEnd {
            id,
            transit_gateway: this.clone(),
            peer: peer.clone(),
            state: self.state.clone(),
        };
        let mut ends = vec![end(id, &ours, &theirs), end(their_id, &theirs, &ours)];
        if ours.0.is_some() || theirs.0.is_some() {
            ends.retain(|end| end.transit_gateway.0.is_some());
        }
        ends
    }
}

impl Record for PeeringEnd {
    type Model = transit::TransitGatewayAttachment;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.transit_gateway_attachments
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        Some(Self::Model {
            id: TransitGatewayAttachmentId(notes.vital("TransitGatewayAttachmentId", self.id)?),
            transit_gateway: TransitGatewayId(notes.vital("TransitGatewayId", self.transit_gateway)?),
            kind: AttachmentKind::Peering(self.peer.or_empty()),
            state: notes.vital("State", self.state)?,
            subnets: Known::Known(vec![]),
            appliance_mode: None,
            security_group_referencing: None,
            association: untold_association(),
        })
    }
}

/// What is attached, by `ResourceType` and `ResourceId`.
pub(super) fn attached(kind: &str, resource: String) -> AttachmentKind {
    match fold(kind).as_str() {
        "vpc" => AttachmentKind::Vpc(VpcId(resource)),
        "peering" | "tgwpeering" => AttachmentKind::Peering(resource),
        _ => AttachmentKind::Other { kind: kind.to_owned(), resource },
    }
}

/// Sorted: their order means nothing, and two answers may differ in it.
fn subnets(ids: Vec<Text>) -> Vec<SubnetId> {
    let mut ids: Vec<SubnetId> = ids.into_iter().filter_map(|id| id.map(SubnetId)).collect();
    ids.sort();
    ids
}

fn untold_subnets() -> Known<Vec<SubnetId>> {
    Known::unknown(actions::TRANSIT_GATEWAY_VPC_ATTACHMENTS, Reason::Absent)
}

fn untold_association() -> Known<Option<TransitGatewayRouteTableId>> {
    Known::unknown(actions::TRANSIT_GATEWAY_ATTACHMENTS, Reason::Absent)
}

impl Shelved for transit::TransitGatewayAttachment {
    fn key(&self) -> &str {
        self.id.as_str()
    }

    fn side(&self) -> Option<&str> {
        matches!(self.kind, AttachmentKind::Peering(_)).then(|| self.transit_gateway.as_str())
    }

    fn join(&mut self, other: Self) -> Result<(), Contradiction> {
        match (&mut self.kind, other.kind) {
            (AttachmentKind::Peering(peer), AttachmentKind::Peering(told)) => fill(peer, told)?,
            (kind, told) if *kind == told => {}
            _ => return Err(Contradiction),
        }
        if self.transit_gateway != other.transit_gateway || fold(&self.state) != fold(&other.state) {
            return Err(Contradiction);
        }
        agree(&mut self.subnets, other.subnets)?;
        agree(&mut self.association, other.association)?;
        for (known, told) in [
            (&mut self.appliance_mode, other.appliance_mode),
            (&mut self.security_group_referencing, other.security_group_referencing),
        ] {
            match (*known, told) {
                (Some(known), Some(told)) if known != told => return Err(Contradiction),
                (None, told) => *known = told,
                _ => {}
            }
        }
        Ok(())
    }
}
