//! `DescribeVpcEndpoints`

use aws_sdk_ec2::{primitives::DateTimeFormat, types as sdk};
use tokio::time::Instant;

use super::{
    super::wire,
    round::{Round, Within, filter, pages},
};
use crate::model::{id::EndpointId, inventory::actions, known::Reason};

pub(super) async fn describe(round: &Round<'_>, within: Within<'_>) -> Result<(), Reason> {
    let ask = round.client.describe_vpc_endpoints().max_results(1000).set_filters(within.filters("vpc-id"));
    let answer = pages!(round, actions::VPC_ENDPOINTS, round.until(1.0), vpc_endpoints, ask).await;
    round.shelve::<wire::VpcEndpoint>(actions::VPC_ENDPOINTS, answer)
}

/// The endpoints that the configuration names. By filter, because among `VpcEndpointIds` a single
/// unknown one fails the whole call.
pub(super) async fn find(round: &Round<'_>, ids: &[EndpointId], until: Instant) -> Result<(), Reason> {
    if ids.is_empty() {
        return Ok(());
    }
    let filters = filter("vpc-endpoint-id", ids.iter().map(|id| id.0.clone()));
    let ask = round.client.describe_vpc_endpoints().max_results(1000).set_filters(Some(filters));
    let answer = pages!(round, actions::VPC_ENDPOINTS, until, vpc_endpoints, ask).await;
    round.shelve::<wire::VpcEndpoint>(actions::VPC_ENDPOINTS, Ok(answer?))
}

impl From<sdk::VpcEndpoint> for wire::VpcEndpoint {
    fn from(endpoint: sdk::VpcEndpoint) -> Self {
        let texts = |ids: Option<Vec<String>>| Some(ids.into_iter().flatten().map(Into::into).collect());
        let groups = endpoint.groups.into_iter().flatten();
        let names = endpoint.dns_entries.into_iter().flatten();
        let created = endpoint.creation_timestamp.and_then(|time| time.fmt(DateTimeFormat::DateTime).ok());
        Self {
            vpc_endpoint_id: endpoint.vpc_endpoint_id.into(),
            vpc_endpoint_type: endpoint.vpc_endpoint_type.as_ref().map(sdk::VpcEndpointType::as_str).into(),
            vpc_id: endpoint.vpc_id.into(),
            service_name: endpoint.service_name.into(),
            resource_configuration_arn: endpoint.resource_configuration_arn.into(),
            service_network_arn: endpoint.service_network_arn.into(),
            state: endpoint.state.as_ref().map(sdk::State::as_str).into(),
            subnet_ids: texts(endpoint.subnet_ids),
            network_interface_ids: texts(endpoint.network_interface_ids),
            groups: Some(groups.map(|it| wire::GroupRef { group_id: it.group_id.into() }).collect()),
            private_dns_enabled: endpoint.private_dns_enabled.into(),
            dns_entries: Some(names.map(|it| wire::DnsEntry { dns_name: it.dns_name.into() }).collect()),
            creation_timestamp: created.into(),
            last_error: endpoint
                .last_error
                .map(|it| wire::LastError { code: it.code.into(), message: it.message.into() }),
            failure_reason: endpoint.failure_reason.into(),
            service_region: endpoint.service_region.into(),
            owner_id: endpoint.owner_id.into(),
            dns_options: endpoint.dns_options.map(|it| wire::DnsOptions {
                private_dns_only_for_inbound_resolver_endpoint: it
                    .private_dns_only_for_inbound_resolver_endpoint
                    .into(),
            }),
        }
    }
}
