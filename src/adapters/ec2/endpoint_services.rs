//! `DescribeVpcEndpointServices`, for the services of the endpoints found and those the configuration names

use aws_sdk_ec2::types as sdk;
use futures_util::future::join_all;

use super::{
    super::wire::{EndpointService, ServicePrivateDnsName},
    round::{Round, pages},
};
use crate::model::{endpoint::EndpointKind, inventory::actions, known::Reason};

pub(super) async fn describe(round: &Round<'_>, also: &[String]) {
    let mut names = also.to_vec();
    names.extend(
        round
            .draft()
            .vpc_endpoints
            .iter()
            .filter(|endpoint| endpoint.kind == EndpointKind::Interface && !endpoint.service.is_empty())
            .map(|endpoint| endpoint.service.clone()),
    );
    names.sort();
    names.dedup();
    if names.is_empty() {
        return;
    }
    let answer = match ask(round, names.clone()).await {
        Err(reason) if is_unknown_name(&reason) && names.len() > 1 => one_by_one(round, names).await,
        answer => answer,
    };
    let answer = match answer {
        // No such service, or none that this account may see: there is nothing to describe.
        Err(reason) if is_unknown_name(&reason) => Ok(Vec::new()),
        answer => answer,
    };
    let _reported = round.shelve::<EndpointService>(actions::ENDPOINT_SERVICES, answer);
}

/// One name that the account may not see fails the call for all names.
async fn one_by_one(round: &Round<'_>, names: Vec<String>) -> Result<Vec<EndpointService>, Reason> {
    let mut services = Vec::new();
    for answer in join_all(names.into_iter().map(|name| ask(round, vec![name]))).await {
        match answer {
            Ok(found) => services.extend(found),
            Err(reason) if is_unknown_name(&reason) => {}
            Err(reason) => return Err(reason),
        }
    }
    Ok(services)
}

async fn ask(round: &Round<'_>, names: Vec<String>) -> Result<Vec<EndpointService>, Reason> {
    let ask = round.client.describe_vpc_endpoint_services().set_service_names(Some(names));
    pages!(round, actions::ENDPOINT_SERVICES, round.until(1.0), service_details, ask).await
}

fn is_unknown_name(reason: &Reason) -> bool {
    matches!(reason, Reason::Failed { message } if message.starts_with("InvalidServiceName"))
}

impl From<sdk::ServiceDetail> for EndpointService {
    fn from(service: sdk::ServiceDetail) -> Self {
        let texts = |zones: Option<Vec<String>>| Some(zones.into_iter().flatten().map(Into::into).collect());
        let names = service.private_dns_names.into_iter().flatten();
        let names = names.map(|it| ServicePrivateDnsName { private_dns_name: it.private_dns_name.into() });
        Self {
            service_name: service.service_name.into(),
            private_dns_name: service.private_dns_name.into(),
            private_dns_names: Some(names.collect()),
            private_dns_name_verification_state: service
                .private_dns_name_verification_state
                .as_ref()
                .map(sdk::DnsNameState::as_str)
                .into(),
            acceptance_required: service.acceptance_required.into(),
            availability_zones: texts(service.availability_zones),
            availability_zone_ids: texts(service.availability_zone_ids),
        }
    }
}
