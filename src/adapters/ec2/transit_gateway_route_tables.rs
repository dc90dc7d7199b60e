//! `DescribeTransitGatewayRouteTables` and `SearchTransitGatewayRoutes`, for the tables that attachments are
//! associated with

use std::collections::BTreeMap;

use aws_sdk_ec2::types as sdk;
use futures_util::future::join_all;

use super::{
    super::wire,
    round::{FILTER_VALUES, Page, Round, filter, pages},
};
use crate::model::{
    id::{TransitGatewayId, TransitGatewayRouteTableId},
    inventory::actions,
    known::{Known, Reason},
    transit::TransitGatewayRouteTable,
};

/// Tables whose routes are asked for. The rest are in the inventory with routes that nobody asked for.
const AT_MOST: usize = 20;

type Tables = BTreeMap<TransitGatewayRouteTableId, TransitGatewayId>;

pub(super) async fn describe(round: &Round<'_>) {
    let mut wanted = associated(round);
    round.draft().transit_gateway_route_tables.open();
    let ids: Vec<_> = wanted.keys().map(|table| table.0.clone()).collect();
    for some in ids.chunks(FILTER_VALUES) {
        let filters = filter("transit-gateway-route-table-id", some.iter().cloned());
        let ask = round.client.describe_transit_gateway_route_tables().max_results(1000);
        let ask = ask.set_filters(Some(filters));
        let action = actions::TRANSIT_GATEWAY_ROUTE_TABLES;
        let answer = pages!(round, action, round.until(1.0), transit_gateway_route_tables, ask).await;
        if round.shelve::<wire::TransitGatewayRouteTable>(action, answer).is_err() {
            return;
        }
    }
    let described: Vec<_> =
        round.draft().transit_gateway_route_tables.iter().map(|table| table.id.clone()).collect();
    wanted.retain(|table, _| !described.contains(table));
    of_others(round, wanted);
    let (asked, left) = described.split_at(described.len().min(AT_MOST));
    join_all(asked.iter().map(|table| search(round, table))).await;
    for table in left {
        shelve(round, table, Known::not_asked(actions::TRANSIT_GATEWAY_ROUTES));
    }
}

/// The tables that attachments are associated with, each with its gateway.
fn associated(round: &Round<'_>) -> Tables {
    let draft = round.draft();
    let attachments = draft.transit_gateway_attachments.iter();
    let tables = attachments.filter_map(|it| {
        let table = it.association.known()?.clone()?;
        Some((table, it.transit_gateway.clone()))
    });
    tables.collect()
}

/// Tables belong to the gateway's owner, who shares the gateway and not them.
fn of_others(round: &Round<'_>, tables: Tables) {
    for (id, transit_gateway) in tables {
        let message = format!("{id} is not described to this account, so another one owns it");
        let routes = Known::unknown(actions::TRANSIT_GATEWAY_ROUTES, Reason::Failed { message });
        let associations = Known::not_asked(actions::TRANSIT_GATEWAY_ASSOCIATIONS);
        let table = TransitGatewayRouteTable { id, transit_gateway, routes, associations };
        round.draft().transit_gateway_route_tables.add(table);
    }
}

/// A table whose routes could not be had is in the inventory, with the reason in place of its routes.
async fn search(round: &Round<'_>, table: &TransitGatewayRouteTableId) {
    let states = filter("state", ["active", "blackhole"].map(str::to_owned));
    let ask = round.client.search_transit_gateway_routes().set_filters(Some(states));
    let ask = ask.transit_gateway_route_table_id(table.as_str());
    let answer = round.pages(actions::TRANSIT_GATEWAY_ROUTES, round.until(1.0), |token, watch| {
        let ask = ask.clone().set_next_token(token);
        async move {
            let page = ask.customize().interceptor(watch).send().await?;
            let next = page.next_token.filter(|next| !next.is_empty());
            let is_cut = next.is_none() && page.additional_routes_available == Some(true);
            let routes: Vec<_> = page.routes.into_iter().flatten().map(Into::into).collect();
            Ok(Page { records: vec![(routes, is_cut)], next })
        }
    });
    let routes = match answer.await {
        Ok(pages) if pages.iter().any(|(_, is_cut)| *is_cut) => {
            let message = format!("{table} has more routes than one search tells");
            round.draft().report(actions::TRANSIT_GATEWAY_ROUTES, &message);
            Known::unknown(actions::TRANSIT_GATEWAY_ROUTES, Reason::Failed { message })
        }
        Ok(pages) => Known::Known(pages.into_iter().flat_map(|(routes, _)| routes).collect()),
        Err(reason) => Known::unknown(actions::TRANSIT_GATEWAY_ROUTES, reason),
    };
    shelve(round, table, routes);
}

fn shelve(
    round: &Round<'_>,
    table: &TransitGatewayRouteTableId,
    routes: Known<Vec<wire::TransitGatewayRoute>>,
) {
    let record = wire::TransitGatewayRoutes { id: table.clone(), routes };
    round.draft().put(record, actions::TRANSIT_GATEWAY_ROUTES);
}

impl From<sdk::TransitGatewayRouteTable> for wire::TransitGatewayRouteTable {
    fn from(table: sdk::TransitGatewayRouteTable) -> Self {
        Self {
            transit_gateway_route_table_id: table.transit_gateway_route_table_id.into(),
            transit_gateway_id: table.transit_gateway_id.into(),
        }
    }
}

impl From<sdk::TransitGatewayRoute> for wire::TransitGatewayRoute {
    fn from(route: sdk::TransitGatewayRoute) -> Self {
        let attachments = route.transit_gateway_attachments.into_iter().flatten();
        Self {
            destination_cidr_block: route.destination_cidr_block.into(),
            prefix_list_id: route.prefix_list_id.into(),
            transit_gateway_attachments: Some(attachments.map(Into::into).collect()),
            kind: route.r#type.as_ref().map(sdk::TransitGatewayRouteType::as_str).into(),
            state: route.state.as_ref().map(sdk::TransitGatewayRouteState::as_str).into(),
        }
    }
}

impl From<sdk::TransitGatewayRouteAttachment> for wire::TransitGatewayRouteAttachment {
    fn from(attachment: sdk::TransitGatewayRouteAttachment) -> Self {
        let kind = attachment.resource_type.as_ref();
        Self {
            transit_gateway_attachment_id: attachment.transit_gateway_attachment_id.into(),
            resource_id: attachment.resource_id.into(),
            resource_type: kind.map(sdk::TransitGatewayAttachmentResourceType::as_str).into(),
        }
    }
}
