//! `DescribeRouteTables`

use aws_sdk_ec2::types as sdk;

use super::{
    super::wire,
    round::{Round, Within, pages},
};
use crate::model::{inventory::actions, known::Reason};

pub(super) async fn describe(round: &Round<'_>, within: Within<'_>) -> Result<(), Reason> {
    // Unlike its siblings, this call refuses pages of more than 100.
    let ask = round.client.describe_route_tables().max_results(100).set_filters(within.filters("vpc-id"));
    let answer = pages!(round, actions::ROUTE_TABLES, round.until(1.0), route_tables, ask).await;
    round.shelve::<wire::RouteTable>(actions::ROUTE_TABLES, answer)
}

impl From<sdk::RouteTable> for wire::RouteTable {
    fn from(table: sdk::RouteTable) -> Self {
        let associations = table.associations.into_iter().flatten().map(|it| wire::RouteAssociation {
            main: it.main.into(),
            subnet_id: it.subnet_id.into(),
            gateway_id: it.gateway_id.into(),
            association_state: it.association_state.map(|state| wire::AssociationState {
                state: state.state.as_ref().map(sdk::RouteTableAssociationStateCode::as_str).into(),
            }),
        });
        Self {
            route_table_id: table.route_table_id.into(),
            vpc_id: table.vpc_id.into(),
            associations: Some(associations.collect()),
            routes: Some(table.routes.into_iter().flatten().map(Into::into).collect()),
        }
    }
}

impl From<sdk::Route> for wire::Route {
    fn from(route: sdk::Route) -> Self {
        Self {
            destination_cidr_block: route.destination_cidr_block.into(),
            destination_ipv6_cidr_block: route.destination_ipv6_cidr_block.into(),
            destination_prefix_list_id: route.destination_prefix_list_id.into(),
            gateway_id: route.gateway_id.into(),
            egress_only_internet_gateway_id: route.egress_only_internet_gateway_id.into(),
            instance_id: route.instance_id.into(),
            nat_gateway_id: route.nat_gateway_id.into(),
            transit_gateway_id: route.transit_gateway_id.into(),
            local_gateway_id: route.local_gateway_id.into(),
            carrier_gateway_id: route.carrier_gateway_id.into(),
            network_interface_id: route.network_interface_id.into(),
            vpc_peering_connection_id: route.vpc_peering_connection_id.into(),
            core_network_arn: route.core_network_arn.into(),
            odb_network_arn: route.odb_network_arn.into(),
            ip_address: route.ip_address.into(),
            origin: route.origin.as_ref().map(sdk::RouteOrigin::as_str).into(),
            state: route.state.as_ref().map(sdk::RouteState::as_str).into(),
        }
    }
}
