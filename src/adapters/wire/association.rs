//! Which route table a transit gateway attachment is associated with: the attachment's record says it, or the
//! table's `GetTransitGatewayRouteTableAssociations`.

use std::collections::BTreeMap;

use super::{Shelf, Text};
use crate::model::{
    endpoint::fold,
    id::{TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId},
    inventory::actions,
    known::{Known, Reason},
    transit::{TransitGatewayAttachment, TransitGatewayRouteTable},
};

/// What `State` means for packets.
pub(super) enum AssociationState {
    InForce,
    /// On its way in or out, or of tomorrow: it may carry traffic or not.
    Between(String),
    Gone,
}

impl AssociationState {
    /// Without a state an association is taken as it is printed.
    pub(super) fn of(state: &Text) -> Self {
        match state.0.as_deref().map(|state| (fold(state), state)) {
            None => Self::InForce,
            Some((folded, _)) if folded == "associated" => Self::InForce,
            Some((folded, _)) if folded == "disassociated" => Self::Gone,
            Some((_, state)) => Self::Between(state.to_owned()),
        }
    }
}

/// Lets attachments and tables learn from one another, when nothing more will come of either.
pub(super) fn reconcile(
    attachments: &mut Shelf<TransitGatewayAttachment>,
    tables: &mut Shelf<TransitGatewayRouteTable>,
    otherwise: &Reason,
) {
    let told = told(tables);
    for attachment in attachments.iter_mut() {
        let of_gateway = |gateway: &TransitGatewayId| {
            gateway.as_str().is_empty() || *gateway == attachment.transit_gateway
        };
        let tables = told.get(&attachment.id).into_iter().flatten();
        let tables: Vec<_> = tables.filter(|(_, gateway)| of_gateway(gateway)).map(|(id, _)| id).collect();
        attachment.association = settled(attachment.association.clone(), &tables);
    }
    if tables.is_whole() {
        adopt(attachments, tables, otherwise);
    }
}

type Told = BTreeMap<TransitGatewayAttachmentId, Vec<(TransitGatewayRouteTableId, TransitGatewayId)>>;

/// The tables that name each attachment.
fn told(tables: &Shelf<TransitGatewayRouteTable>) -> Told {
    let mut told = Told::new();
    for table in tables.iter() {
        for attachment in table.associations.known().into_iter().flatten() {
            let place = told.entry(attachment.clone()).or_default();
            place.push((table.id.clone(), table.transit_gateway.clone()));
        }
    }
    told
}

/// An attachment has one table. Who names two tells two stories.
fn settled(
    own: Known<Option<TransitGatewayRouteTableId>>,
    tables: &[&TransitGatewayRouteTableId],
) -> Known<Option<TransitGatewayRouteTableId>> {
    let mut named: Vec<&TransitGatewayRouteTableId> = tables.to_vec();
    named.extend(own.known().into_iter().flatten());
    named.sort();
    named.dedup();
    match named.as_slice() {
        [] => own,
        [one] => Known::Known(Some((*one).clone())),
        many => Known::unknown(
            actions::TRANSIT_GATEWAY_ATTACHMENTS,
            Reason::Ambiguous { candidates: many.iter().map(ToString::to_string).collect() },
        ),
    }
}

/// Tables learn their gateway from the attachments, and one that nobody described is there without its routes: it
/// is another account's, or was left out.
fn adopt(
    attachments: &Shelf<TransitGatewayAttachment>,
    tables: &mut Shelf<TransitGatewayRouteTable>,
    otherwise: &Reason,
) {
    let mut gateways = BTreeMap::new();
    for attachment in attachments.iter() {
        if let Known::Known(Some(table)) = &attachment.association {
            gateways.insert(table.clone(), attachment.transit_gateway.clone());
        }
    }
    for table in tables.iter_mut().filter(|table| table.transit_gateway.as_str().is_empty()) {
        if let Some(gateway) = gateways.get(&table.id) {
            table.transit_gateway = gateway.clone();
        }
    }
    for (id, transit_gateway) in gateways {
        tables.add(TransitGatewayRouteTable {
            id,
            transit_gateway,
            routes: Known::unknown(actions::TRANSIT_GATEWAY_ROUTES, otherwise.clone()),
            associations: Known::unknown(actions::TRANSIT_GATEWAY_ASSOCIATIONS, otherwise.clone()),
        });
    }
}
