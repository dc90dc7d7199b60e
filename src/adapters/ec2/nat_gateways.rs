//! `DescribeNatGateways`, when a route leads to one

use aws_sdk_ec2::types as sdk;

use super::{
    super::wire,
    round::{Round, Within, pages},
};
use crate::model::{inventory::actions, route::RouteTarget};

pub(super) async fn describe(round: &Round<'_>, within: Within<'_>) {
    if !is_needed(round) {
        return;
    }
    let ask = round.client.describe_nat_gateways().max_results(1000).set_filter(within.filters("vpc-id"));
    let answer = pages!(round, actions::NAT_GATEWAYS, round.until(1.0), nat_gateways, ask).await;
    let _reported = round.shelve::<wire::NatGateway>(actions::NAT_GATEWAYS, answer);
}

fn is_needed(round: &Round<'_>) -> bool {
    let draft = round.draft();
    let mut routes = draft.route_tables.iter().flat_map(|table| &table.routes);
    routes.any(|route| matches!(route.target, RouteTarget::NatGateway(_)))
}

impl From<sdk::NatGateway> for wire::NatGateway {
    fn from(gateway: sdk::NatGateway) -> Self {
        let addresses = gateway.nat_gateway_addresses.into_iter().flatten();
        Self {
            nat_gateway_id: gateway.nat_gateway_id.into(),
            vpc_id: gateway.vpc_id.into(),
            subnet_id: gateway.subnet_id.into(),
            state: gateway.state.as_ref().map(sdk::NatGatewayState::as_str).into(),
            connectivity_type: gateway.connectivity_type.as_ref().map(sdk::ConnectivityType::as_str).into(),
            nat_gateway_addresses: Some(addresses.map(Into::into).collect()),
        }
    }
}

impl From<sdk::NatGatewayAddress> for wire::NatGatewayAddress {
    fn from(address: sdk::NatGatewayAddress) -> Self {
        Self {
            network_interface_id: address.network_interface_id.into(),
            private_ip: address.private_ip.into(),
            public_ip: address.public_ip.into(),
            status: address.status.as_ref().map(sdk::NatGatewayAddressStatus::as_str).into(),
        }
    }
}
