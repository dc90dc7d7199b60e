//! `endpoint-single-az`

use std::collections::BTreeSet;

use crate::model::{
    endpoint::VpcEndpoint,
    finding::{Confidence, Evidence, Fix},
    id::AzId,
    inventory::actions,
    known::{Known, Reason, Unknown},
};

use super::{Case, Draft, Outcome, Rule, declare_finding, words};

declare_finding! {
    /// ## What it means
    /// The configuration wants the target to be reachable through a number of zones, and the name gives addresses in
    /// fewer. When such a zone fails, so does the connection.
    /// ## How we know
    /// The addresses that applications get lie in fewer zones than `expect.min_zones`.
    /// ## What looks like it
    /// `provider-az-unhealthy`: the zones are there, and one does not answer.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoints --vpc-endpoint-ids VPCE --query 'VpcEndpoints[].SubnetIds'
    /// ## How to fix it
    /// Add subnets of further zones to the endpoint, as far as the service has them; let the record be an alias of the
    /// regional name, which gives all zones.
    static ENDPOINT_SINGLE_AZ = { title: "the name leads to fewer zones than it should", severity: Warning, side: Endpoint, layer: Endpoint, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_SINGLE_AZ, check);

fn check(case: &Case<'_>) -> Outcome {
    let Some(wanted) = case.target.target.expect.min_zones else {
        return Ok(None);
    };
    let mut zones = BTreeSet::new();
    for row in case.rows.iter().filter(|row| row.probe.used) {
        if let Some(eni) = *row.eni.ok()? {
            let zone = case.facts.inventory.az_id_of(eni);
            zones.insert(zone.ok_or_else(|| Unknown::new(actions::SUBNETS, Reason::Absent))?);
        }
    }
    // A name that leads past every interface we know is another finding's.
    if zones.len() >= wanted as usize || zones.is_empty() {
        return Ok(None);
    }
    let endpoint = case.rows.iter().find_map(|row| match &row.endpoint {
        Known::Known(Some(endpoint)) => Some(*endpoint),
        _ => None,
    });
    let which = words::list(&zones);
    let of_endpoint: BTreeSet<_> = endpoint
        .into_iter()
        .flat_map(|endpoint| &endpoint.network_interfaces)
        .filter_map(|id| case.facts.inventory.az_id_of(case.facts.inventory.interface(id)?))
        .collect();
    let draft = Draft::new(
        Confidence::Confirmed,
        format!("{} leads to {which}; {wanted} zones are wanted.", case.host()),
    )
    .evidence(endpoint.map(words::endpoint))
    .evidence([words::system(case)])
    .evidence([Evidence::new(format!("its addresses lie in {which}"))])
    .fix(if of_endpoint.len() >= wanted as usize {
        let zones = words::list(&of_endpoint);
        let name = endpoint.and_then(|endpoint| endpoint.dns_names.first());
        let name = name.map_or("its regional DNS name", String::as_str);
        Fix::text(format!("The endpoint lies in {zones}: let the record be an alias of {name}"))
    } else {
        widen(case, endpoint, &of_endpoint)
    });
    Ok(Some(draft))
}

/// A subnet for each zone that the VPC has, the endpoint lacks and the service offers.
fn widen(case: &Case<'_>, endpoint: Option<&VpcEndpoint>, has: &BTreeSet<AzId>) -> Fix {
    let text = "Add subnets of further zones to the endpoint, as far as the service has them";
    let Some(endpoint) = endpoint else { return Fix::text(text) };
    let inventory = &case.facts.inventory;
    let offered = inventory.service(&endpoint.service).map(|service| &service.availability_zones);
    let offered = offered.filter(|zones| !zones.is_empty());
    let mut seen = has.clone();
    let mut subnets = Vec::new();
    for subnet in inventory.subnets.known().into_iter().flatten().filter(|s| s.vpc == endpoint.vpc) {
        let Some(zone) = &subnet.az_id else { continue };
        let serves = offered.is_none_or(|zones| {
            zones.contains(&zone.0) || subnet.az.as_ref().is_none_or(|az| zones.contains(az))
        });
        if serves && seen.insert(zone.clone()) {
            subnets.push(subnet.id.to_string());
        }
    }
    if subnets.is_empty() && inventory.subnets.is_known() {
        return Fix::text(format!("{text}; {} has none that would do, so create one first", endpoint.vpc));
    }
    let subnets = if subnets.is_empty() { "SUBNET_IDS".to_owned() } else { subnets.join(" ") };
    Fix::text(text).cli(format!(
        "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {} --add-subnet-ids {subnets}",
        endpoint.id
    ))
}
