//! `endpoint-not-in-client-az`

use std::collections::BTreeSet;

use crate::model::{
    endpoint::{EndpointState, VpcEndpoint},
    finding::{Confidence, Evidence, Fix},
    id::AzId,
    inventory::{Subnet, actions},
    known::{Known, Reason, Unknown},
    resource::{ResourceKind, ResourceRef},
};

use super::{Case, Draft, Outcome, Rule, declare_finding, words};

declare_finding! {
    /// ## What it means
    /// The endpoint has no interface in the zone where this host stands. Everything works, over other zones: with their
    /// latency, with charges for traffic between zones, and bound to their health.
    /// ## How we know
    /// The zone id of this host is none of the zone ids of the endpoint's interfaces. Ids are compared because the names of
    /// zones differ from account to account.
    /// ## What looks like it
    /// `endpoint-single-az`: fewer zones than the configuration wants, whichever they are.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-subnets --subnet-ids SUBNETS --query 'Subnets[].[SubnetId,AvailabilityZoneId]'
    /// ## How to fix it
    /// Add a subnet of this host's zone to the endpoint, if the service offers that zone.
    static ENDPOINT_NOT_IN_CLIENT_AZ = { title: "the endpoint has no interface in this host's zone", severity: Info, side: Endpoint, layer: Endpoint, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_NOT_IN_CLIENT_AZ, check);

fn check(case: &Case<'_>) -> Outcome {
    let leads_to = |row: &super::Row<'_>| row.probe.used && row.endpoint.known().is_none_or(Option::is_some);
    let Some(row) = case.rows.iter().find(|row| leads_to(row)) else {
        return Ok(None);
    };
    let endpoint = row.endpoint.ok()?.filter(|endpoint| endpoint.state == EndpointState::Available);
    let Some(endpoint) = endpoint else {
        return Ok(None);
    };
    let here = here(case)?;
    let zones = zones(case, endpoint)?;
    // Another Region's zones are never this host's, and no subnet mends that.
    let region = |zone: &AzId| zone.0.split('-').next().map(str::to_owned);
    if zones.contains(&here) || !zones.iter().any(|zone| region(zone) == region(&here)) {
        return Ok(None);
    }
    let draft = Draft::new(
        Confidence::Confirmed,
        format!(
            "This host stands in {here}, and {} has interfaces in {} only.",
            endpoint.id,
            words::list(&zones)
        ),
    )
    .evidence([Evidence::of(
        format!("{} has interfaces in {}", endpoint.id, words::list(&zones)),
        ResourceRef::new(ResourceKind::VpcEndpoint, &endpoint.id),
    )])
    .evidence([Evidence::new(format!("this host stands in {here}"))])
    .fix(fix(case, endpoint, &here));
    Ok(Some(draft))
}

/// The metadata service's word, or the subnet's.
fn here(case: &Case<'_>) -> Result<AzId, Unknown> {
    let vantage = &case.facts.vantage;
    match (&vantage.az_id, &vantage.subnet) {
        (Known::Known(zone), _) => Ok(zone.clone()),
        (Known::Unknown(why), Known::Known(subnet)) => {
            case.facts.inventory.subnet(subnet).and_then(|s| s.az_id.clone()).ok_or_else(|| why.clone())
        }
        (Known::Unknown(why), Known::Unknown(_)) => Err(why.clone()),
    }
}

fn zones(case: &Case<'_>, endpoint: &VpcEndpoint) -> Result<BTreeSet<AzId>, Unknown> {
    let inventory = &case.facts.inventory;
    inventory.network_interfaces.ok()?;
    let interfaces = endpoint.network_interfaces.iter().filter_map(|id| inventory.interface(id));
    let zone = |eni| inventory.az_id_of(eni).ok_or_else(|| Unknown::new(actions::SUBNETS, Reason::Absent));
    interfaces.map(zone).collect()
}

fn fix(case: &Case<'_>, endpoint: &VpcEndpoint, here: &AzId) -> Fix {
    let inventory = &case.facts.inventory;
    let is_here = |subnet: &&Subnet| subnet.az_id.as_ref() == Some(here);
    let subnets = inventory.subnets.known().into_iter().flatten().filter(is_here);
    let of_endpoint: Vec<_> = subnets.clone().filter(|subnet| subnet.vpc == endpoint.vpc).collect();
    let name = subnets.clone().find_map(|subnet| subnet.az.as_ref());
    let offered = inventory.service(&endpoint.service).map(|service| &service.availability_zones);
    if let (Some(name), Some(offered)) = (name, offered.filter(|offered| !offered.is_empty()))
        && ![name, &here.0].into_iter().any(|zone| offered.contains(zone))
    {
        // Where a service says both, every zone is there twice.
        let names = offered.iter().filter(|zone| !zone.contains("-az"));
        let zones = if names.clone().count() > 0 { words::list(names) } else { words::list(offered) };
        return Fix::text(format!(
            "Nothing to do in this account: the service is offered in {zones} only, not in {name}"
        ));
    }
    let subnet = of_endpoint.first().map_or("SUBNET_ID", |subnet| subnet.id.as_str());
    Fix::text(format!("Add a subnet of {here} to {}", endpoint.id)).cli(format!(
        "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {} --add-subnet-ids {subnet}",
        endpoint.id
    ))
}
