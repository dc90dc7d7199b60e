//! `endpoint-service-az-gap`

use crate::{
    analyze::path::{Blocker, StepKind},
    model::{
        endpoint::VpcEndpoint,
        finding::{Confidence, Evidence, Fix},
        id::{AzId, SubnetId},
        inventory::actions,
        known::{Reason, Unknown},
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Row, Rule, access, declare_finding, exclusion, words};

declare_finding! {
    /// ## What it means
    /// The endpoint has an interface in a zone in which its service is not offered, as DescribeVpcEndpointServices tells it to
    /// this account. EC2 does not create such interfaces; a provider that takes a zone away from its load balancer leaves
    /// them behind.
    /// ## How we know
    /// The service's list of zones has neither the name nor the id of the interface's zone, and connections to it get no
    /// answer. AWS does not say what becomes of such interfaces: no more than a possibility.
    /// ## What looks like it
    /// `provider-az-unhealthy`: the service is offered in the zone, and nobody answers there.
    /// `endpoint-not-in-client-az`: the endpoint has no interface in this host's zone.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoint-services --service-names SERVICE --query 'ServiceDetails[].AvailabilityZones'
    ///     nc -vz -w 3 ADDRESS PORT      # each address of the name
    /// ## How to fix it
    /// Take the subnet of that zone out of the endpoint, and have subnets in zones that the service offers. Zones go by other
    /// names in other accounts: compare their ids with the provider.
    static ENDPOINT_SERVICE_AZ_GAP = { title: "the service is not offered in the zone of the endpoint's interface", severity: Error, side: Endpoint, layer: Endpoint, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_SERVICE_AZ_GAP, check);

fn check(case: &Case<'_>) -> Outcome {
    let gap = |blocker: &Blocker| matches!(blocker, Blocker::ServiceNotInZone { .. });
    let blocked = match access::blocked(case, StepKind::DestinationInterface, gap) {
        // What an endpoint's state leaves open is told as that.
        Err(why) if !why.missing.starts_with("ec2:") => return Ok(None),
        blocked => blocked?,
    };
    let endpoint = blocked.first().and_then(|b| b.row.endpoint.known().copied().flatten());
    let Some(endpoint) = endpoint else {
        let unread = case.silent().any(|row| exclusion::is_zone_unread(case, row));
        return if unread { Err(Unknown::new(actions::SUBNETS, Reason::Absent)) } else { Ok(None) };
    };
    let zones = words::distinct(blocked.iter().filter_map(|b| match b.blocker {
        Blocker::ServiceNotInZone { zone } => Some(zone.as_str()),
        _ => None,
    }));
    let ips = words::list(blocked.iter().map(|b| b.row.ip()));
    let verb = if blocked.len() == 1 { "lies" } else { "lie" };
    let zones = words::list(zones);
    let draft = Draft::new(
        Confidence::Possible,
        format!("{ips} of {} {verb} in {zones}, where its service is not offered.", endpoint.id),
    )
    .evidence(words::distinct(
        blocked.iter().map(|b| Evidence { fact: b.step.rule(), reference: b.step.resource() }),
    ))
    .evidence(words::distinct(blocked.iter().filter_map(|b| stands(case, b.row))))
    .evidence(offered(case, endpoint))
    .evidence(blocked.iter().map(|b| words::packets(case, b.row)))
    .fix(fix(case, endpoint, &zones, blocked.iter().filter_map(|b| b.row.path.destination.subnet.known())))
    .explains(blocked.iter().map(|b| b.row));
    Ok(Some(draft))
}

/// Services list zones by name, or by id, or both.
fn stands(case: &Case<'_>, row: &Row<'_>) -> Option<Evidence> {
    let subnet = case.facts.inventory.subnet(row.path.destination.subnet.known()?)?;
    let (name, id) = (subnet.az.as_ref()?, subnet.az_id.as_ref()?);
    let reference = ResourceRef::new(ResourceKind::Subnet, &subnet.id);
    Some(Evidence::of(format!("{} lies in {name}, whose id is {id}", subnet.id), reference))
}

fn offered(case: &Case<'_>, endpoint: &VpcEndpoint) -> Option<Evidence> {
    let service = case.facts.inventory.service(&endpoint.service)?;
    let fact = format!("{} is offered in {}", service.name, words::list(&service.availability_zones));
    Some(Evidence::of(fact, words::endpoint_ref(endpoint)))
}

fn fix<'s>(
    case: &Case<'_>,
    endpoint: &VpcEndpoint,
    zones: &str,
    subnets: impl Iterator<Item = &'s SubnetId>,
) -> Fix {
    let id = &endpoint.id;
    let gone: Vec<_> = words::distinct(subnets);
    let remove = gone.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    if endpoint.subnets.iter().any(|subnet| !gone.contains(&subnet)) {
        return Fix::text(format!("Take the subnets in {zones} out of {id}: its others remain"))
            .cli(format!("aws ec2 modify-vpc-endpoint --vpc-endpoint-id {id} --remove-subnet-ids {remove}"));
    }
    let inventory = &case.facts.inventory;
    let offered = inventory.service(&endpoint.service).map(|service| service.availability_zones.as_slice());
    let serves = |zone: Option<&str>| {
        zone.is_some_and(|zone| offered.unwrap_or_default().iter().any(|offered| offered == zone))
    };
    let all = inventory.subnets.known().into_iter().flatten();
    let mut others = all.filter(|subnet| {
        let zone_id = subnet.az_id.as_ref().map(AzId::as_str);
        subnet.vpc == endpoint.vpc && (serves(subnet.az.as_deref()) || serves(zone_id))
    });
    let add = others.next().map_or("SUBNET_ID", |subnet| subnet.id.as_str());
    Fix::text(format!("Move {id} to subnets in zones that the service offers")).cli(format!(
        "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {id} --add-subnet-ids {add} --remove-subnet-ids {remove}"
    ))
}
