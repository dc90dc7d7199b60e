//! `DescribeTransitGateways`, for those that routes lead to

use aws_sdk_ec2::types as sdk;

use super::{
    super::wire,
    round::{Round, filter, pages},
};
use crate::model::{inventory::actions, route::RouteTarget};

/// The transit gateways that routes lead to.
pub(super) fn in_routes(round: &Round<'_>) -> Vec<String> {
    let draft = round.draft();
    let targets = draft.route_tables.iter().flat_map(|table| &table.routes).map(|route| &route.target);
    let ids = targets.filter_map(|to| if let RouteTarget::TransitGateway(id) = to { Some(id) } else { None });
    let mut ids: Vec<String> = ids.cloned().collect();
    ids.sort();
    ids.dedup();
    ids
}

pub(super) async fn describe(round: &Round<'_>, gateways: &[String]) {
    let filters = filter("transit-gateway-id", gateways.iter().cloned());
    let ask = round.client.describe_transit_gateways().max_results(1000).set_filters(Some(filters));
    let answer = pages!(round, actions::TRANSIT_GATEWAYS, round.until(1.0), transit_gateways, ask).await;
    let _reported = round.shelve::<wire::TransitGateway>(actions::TRANSIT_GATEWAYS, answer);
}

impl From<sdk::TransitGateway> for wire::TransitGateway {
    fn from(gateway: sdk::TransitGateway) -> Self {
        let options = gateway.options.map(|it| wire::TransitGatewayOptions {
            security_group_referencing_support: it
                .security_group_referencing_support
                .as_ref()
                .map(sdk::SecurityGroupReferencingSupportValue::as_str)
                .into(),
        });
        Self {
            transit_gateway_id: gateway.transit_gateway_id.into(),
            state: gateway.state.as_ref().map(sdk::TransitGatewayState::as_str).into(),
            owner_id: gateway.owner_id.into(),
            options,
        }
    }
}
