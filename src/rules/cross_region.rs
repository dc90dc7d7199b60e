//! What the findings about services in another Region share.
//!
//! <https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-share-your-services.html>

use crate::{
    analyze::dns,
    model::{
        endpoint::VpcEndpoint,
        id::SubnetId,
        inventory::{InventorySource, Subnet},
    },
};

use super::Case;

/// Zones in which an endpoint cannot lead to another Region.
const UNSUPPORTED: [&str; 5] = ["apne1-az3", "apne2-az2", "apne2-az4", "use1-az3", "usw1-az2"];

/// The Region where this host and its VPC are.
pub(super) fn here<'a>(case: &Case<'a>) -> Option<&'a str> {
    let inventory = &case.facts.inventory;
    let told = match &inventory.source {
        InventorySource::Ec2 { region } => Some(region.as_str()),
        _ => None,
    };
    case.facts.host.region.as_deref().or(told)
}

/// The Region of a vendor's service, where it is another than this host's.
pub(super) fn foreign<'s>(case: &Case<'_>, service: &'s str) -> Option<&'s str> {
    let region = dns::region_of_service(service).filter(|_| service.contains(".vpce."))?;
    (here(case)? != region).then_some(region)
}

/// An endpoint that leads to another Region than its own subnets are in.
pub(super) fn is_cross_region(case: &Case<'_>, endpoint: &VpcEndpoint) -> bool {
    let subnets = endpoint.subnets.iter().filter_map(|id| case.facts.inventory.subnet(id));
    let zone = subnets.into_iter().find_map(|subnet| subnet.az.as_deref());
    let told = endpoint.service_region.as_deref();
    told.zip(zone).is_some_and(|(region, zone)| !zone.starts_with(region))
}

/// The subnet, where no endpoint in it can lead to another Region.
pub(super) fn unsupported<'a>(case: &Case<'a>, id: &SubnetId) -> Option<&'a Subnet> {
    case.facts.inventory.subnet(id).filter(|subnet| !is_supported(subnet))
}

pub(super) fn is_supported(subnet: &Subnet) -> bool {
    subnet.az_id.as_ref().is_none_or(|zone| !UNSUPPORTED.contains(&zone.as_str()))
}
