//! `DescribeTransitGatewayRouteTables`, `SearchTransitGatewayRoutes` and
//! `GetTransitGatewayRouteTableAssociations`

use serde::Deserialize;

use super::{
    Draft, Notes, Record, Shelf, Text,
    association::AssociationState,
    shelf::{Contradiction, Shelved, extend, fill},
    transit_gateway_attachment::attached,
    words,
};
use crate::model::{
    endpoint::fold,
    id::{PrefixListId, TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId},
    inventory::actions,
    known::{Known, Reason},
    route::RouteDestination,
    transit::{self, RouteAttachment},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct TransitGatewayRouteTable {
    pub(crate) transit_gateway_route_table_id: Text,
    pub(crate) transit_gateway_id: Text,
}

/// One table's routes, with the id that the answer itself does not carry, or why some of them are missing.
#[derive(Debug)]
pub(crate) struct TransitGatewayRoutes {
    pub(crate) id: TransitGatewayRouteTableId,
    pub(crate) routes: Known<Vec<TransitGatewayRoute>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct TransitGatewayRoute {
    pub(crate) destination_cidr_block: Text,
    pub(crate) prefix_list_id: Text,
    pub(crate) transit_gateway_attachments: Option<Vec<TransitGatewayRouteAttachment>>,
    #[serde(rename = "Type")]
    pub(crate) kind: Text,
    pub(crate) state: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct TransitGatewayRouteAttachment {
    pub(crate) transit_gateway_attachment_id: Text,
    pub(crate) resource_id: Text,
    pub(crate) resource_type: Text,
}

/// One table's associations, likewise.
#[derive(Debug)]
pub(crate) struct TransitGatewayAssociations {
    pub(crate) id: TransitGatewayRouteTableId,
    pub(crate) associations: Known<Vec<TransitGatewayAssociation>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct TransitGatewayAssociation {
    pub(crate) transit_gateway_attachment_id: Text,
    pub(crate) state: Text,
}

impl Record for TransitGatewayRouteTable {
    type Model = transit::TransitGatewayRouteTable;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.transit_gateway_route_tables
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let id = notes.vital("TransitGatewayRouteTableId", self.transit_gateway_route_table_id)?;
        let gateway = notes.vital("TransitGatewayId", self.transit_gateway_id)?;
        Some(Self::Model {
            transit_gateway: TransitGatewayId(gateway),
            ..bare(TransitGatewayRouteTableId(id))
        })
    }
}

impl Record for TransitGatewayRoutes {
    type Model = transit::TransitGatewayRouteTable;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.transit_gateway_route_tables
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let routes =
            self.routes.map(|routes| routes.into_iter().filter(TransitGatewayRoute::in_force).collect());
        let routes = whole(routes, TransitGatewayRoute::read, actions::TRANSIT_GATEWAY_ROUTES, notes);
        Some(Self::Model { routes, ..bare(self.id) })
    }
}

impl Record for TransitGatewayAssociations {
    type Model = transit::TransitGatewayRouteTable;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.transit_gateway_route_tables
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let action = actions::TRANSIT_GATEWAY_ASSOCIATIONS;
        let told = whole(self.associations, TransitGatewayAssociation::read, action, notes);
        Some(Self::Model {
            associations: told.map(|associations| associations.into_iter().flatten().collect()),
            ..bare(self.id)
        })
    }
}

/// All items or none: a list that silently lacks one would drop what it forwards.
fn whole<T, M>(
    items: Known<Vec<T>>,
    read: fn(T) -> Result<M, String>,
    action: &str,
    notes: &mut Notes,
) -> Known<Vec<M>> {
    let read = |items: Vec<T>| items.into_iter().map(read).collect::<Result<_, _>>();
    items.and_then(|items| match read(items) {
        Ok(items) => Known::Known(items),
        Err(message) => {
            notes.say(&message);
            Known::unknown(action, Reason::Failed { message })
        }
    })
}

impl TransitGatewayRoute {
    /// What is `pending`, `deleting` or `deleted` forwards nothing, and a search for the others does not show it.
    fn in_force(&self) -> bool {
        let state = self.state.0.as_deref().map(fold);
        !state.is_some_and(|state| matches!(state.as_str(), "pending" | "deleting" | "deleted"))
    }

    fn read(self) -> Result<transit::TransitGatewayRoute, String> {
        let destination = match (self.destination_cidr_block.0, self.prefix_list_id.0) {
            // A prefix list's routes come one by one, each with its CIDR.
            (Some(text), _) => RouteDestination::Cidr(words::cidr(&text)?),
            (None, Some(list)) => RouteDestination::PrefixList(PrefixListId(list)),
            (None, None) => return Err("a route without a destination".to_owned()),
        };
        let attachments = self.transit_gateway_attachments.into_iter().flatten();
        Ok(transit::TransitGatewayRoute {
            destination,
            state: self.state.0.unwrap_or_else(|| "active".to_owned()),
            kind: self.kind.or_empty(),
            attachments: attachments.map(TransitGatewayRouteAttachment::read).collect::<Result<_, _>>()?,
        })
    }
}

impl TransitGatewayRouteAttachment {
    fn read(self) -> Result<RouteAttachment, String> {
        let id = self.transit_gateway_attachment_id.0.ok_or("a route to an attachment without its id")?;
        let kind = attached(&self.resource_type.or_empty(), self.resource_id.or_empty());
        Ok(RouteAttachment { id: TransitGatewayAttachmentId(id), kind })
    }
}

impl TransitGatewayAssociation {
    /// The attachment, unless it was let go.
    fn read(self) -> Result<Option<TransitGatewayAttachmentId>, String> {
        let id = self.transit_gateway_attachment_id.0.ok_or("an association without an attachment")?;
        match AssociationState::of(&self.state) {
            AssociationState::InForce => Ok(Some(TransitGatewayAttachmentId(id))),
            AssociationState::Gone => Ok(None),
            AssociationState::Between(state) => Err(format!("{id} is {state}")),
        }
    }
}

/// A table of which nothing is told.
fn bare(id: TransitGatewayRouteTableId) -> transit::TransitGatewayRouteTable {
    transit::TransitGatewayRouteTable {
        id,
        transit_gateway: TransitGatewayId::default(),
        routes: Known::unknown(actions::TRANSIT_GATEWAY_ROUTES, Reason::Absent),
        associations: Known::unknown(actions::TRANSIT_GATEWAY_ASSOCIATIONS, Reason::Absent),
    }
}

impl Shelved for transit::TransitGatewayRouteTable {
    fn key(&self) -> &str {
        self.id.as_str()
    }

    fn join(&mut self, other: Self) -> Result<(), Contradiction> {
        fill(&mut self.transit_gateway.0, other.transit_gateway.0)?;
        if let (Known::Known(routes), Known::Known(more)) = (&self.routes, &other.routes) {
            let told_otherwise = |route: &transit::TransitGatewayRoute| {
                routes.iter().any(|known| known.destination == route.destination && known != route)
            };
            if more.iter().any(told_otherwise) {
                return Err(Contradiction);
            }
        }
        extend(&mut self.routes, other.routes);
        extend(&mut self.associations, other.associations);
        Ok(())
    }
}
