//! `endpoint-cross-region-az-unsupported`

use crate::model::{
    endpoint::{EndpointState, VpcEndpoint},
    finding::{Confidence, Evidence, Fix},
    id::VpcId,
    inventory::Subnet,
    resource::{ResourceKind, ResourceRef},
};

use super::{Case, Draft, Outcome, Rule, cross_region, declare_finding, words};

declare_finding! {
    /// ## What it means
    /// Some zones cannot hold an endpoint that leads to another Region: use1-az3, usw1-az2, apne1-az3, apne2-az2 and apne2-az4.
    /// EC2 refuses to create one there, or leaves it failed.
    /// ## How we know
    /// Zone ids. Of an endpoint to another Region that is not available or does not answer: a subnet of it is in such a zone.
    /// Where an endpoint to another Region is yet to be made: this host's own subnet is. AWS may add zones; what it says is
    /// the error of the creation.
    /// ## What looks like it
    /// `endpoint-service-az-gap`: the service is of this Region, and not offered in the zone.
    /// `endpoint-failed`: the reason that EC2 gives.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-subnets --subnet-ids SUBNETS --query 'Subnets[].[SubnetId,AvailabilityZoneId]'
    /// ## How to fix it
    /// Use subnets of other zones for the endpoint; hosts of every zone can reach it there.
    static ENDPOINT_CROSS_REGION_AZ_UNSUPPORTED = { title: "the zone cannot hold an endpoint to another Region", severity: Warning, side: ConsumerVpc, layer: Endpoint, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_CROSS_REGION_AZ_UNSUPPORTED, check);

fn check(case: &Case<'_>) -> Outcome {
    if case.symptoms.is_empty() {
        return Ok(None);
    }
    Ok(existing(case).or_else(|| future(case)))
}

/// An endpoint that leads to another Region, and stands in such a zone.
fn existing(case: &Case<'_>) -> Option<Draft> {
    let led_to = case.failing().find_map(|row| row.endpoint.known().copied().flatten());
    let endpoint = led_to.or_else(|| case.likely_endpoint())?;
    let suspect = endpoint.state != EndpointState::Available || led_to.is_some();
    if !suspect || !cross_region::is_cross_region(case, endpoint) {
        return None;
    }
    let subnets: Vec<_> =
        endpoint.subnets.iter().filter_map(|id| cross_region::unsupported(case, id)).collect();
    let service = endpoint.service_region.as_deref().unwrap_or("another Region");
    let draft = draft(Confidence::Possible, &subnets, &format!("{} leads to {service}", endpoint.id))?;
    let evidence = Evidence::of(
        format!("{} for {} in {service} is {}", endpoint.id, endpoint.service, endpoint.state),
        words::endpoint_ref(endpoint),
    );
    Some(draft.evidence([evidence]).fix(move_out(case, endpoint, &subnets)))
}

/// One that has to be made, and not in this host's own zone.
fn future(case: &Case<'_>) -> Option<Draft> {
    let service = case.target.target.expect.service.as_deref()?;
    let region = cross_region::foreign(case, service)?;
    let none = !case.endpoints().ok()?.iter().any(|endpoint| endpoint.service == service);
    let own = cross_region::unsupported(case, case.facts.vantage.subnet.known().filter(|_| none)?)?;
    let draft = draft(Confidence::Likely, &[own], &format!("{service} is in {region}"))?;
    let other = other(case, &own.vpc);
    let subnet = other.map_or("a subnet of another zone".to_owned(), |subnet| subnet.id.to_string());
    Some(draft.fix(Fix::text(format!("Create the endpoint to {region} in {subnet}, not in {}", own.id))))
}

fn draft(confidence: Confidence, subnets: &[&Subnet], leads: &str) -> Option<Draft> {
    let zone = |subnet: &Subnet| subnet.az_id.as_ref().map_or("a zone".to_owned(), ToString::to_string);
    let places = subnets.iter().map(|subnet| format!("{} is in {}", subnet.id, zone(subnet)));
    let zones = words::list(words::distinct(subnets.iter().map(|subnet| zone(subnet))));
    if subnets.is_empty() {
        return None;
    }
    let summary =
        format!("{leads}, and {}, where no endpoint can lead to another Region.", words::list(places));
    let evidence = subnets.iter().map(|subnet| {
        let reference = ResourceRef::new(ResourceKind::Subnet, &subnet.id);
        Evidence::of(format!("{} is in {}", subnet.id, zone(subnet)), reference)
    });
    let rule = format!("AWS lists {zones} among the zones without endpoints to other Regions");
    Some(Draft::new(confidence, summary).evidence(evidence).evidence([Evidence::new(rule)]))
}

fn move_out(case: &Case<'_>, endpoint: &VpcEndpoint, subnets: &[&Subnet]) -> Fix {
    let remove: Vec<_> = subnets.iter().map(|subnet| subnet.id.to_string()).collect();
    let (id, remove) = (&endpoint.id, remove.join(" "));
    if endpoint.state == EndpointState::Failed {
        return Fix::text(format!("When {id} is made again, leave out {remove}"));
    }
    let add = other(case, &endpoint.vpc).map_or("SUBNET_ID", |subnet| subnet.id.as_str());
    Fix::text(format!("Move {id} to subnets of other zones")).cli(format!(
        "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {id} --add-subnet-ids {add} --remove-subnet-ids {remove}"
    ))
}

/// A subnet of the VPC in a zone that will do.
fn other<'a>(case: &Case<'a>, vpc: &VpcId) -> Option<&'a Subnet> {
    let mut subnets = case.facts.inventory.subnets.known()?.iter();
    subnets.find(|subnet| subnet.vpc == *vpc && cross_region::is_supported(subnet))
}
