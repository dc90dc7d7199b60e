//! `endpoint-single-az`

use std::collections::BTreeSet;

use crate::model::{
    finding::{Confidence, Evidence, Fix},
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
    .evidence([words::system(case)])
    .evidence(endpoint.map(words::endpoint))
    .evidence([Evidence::new(format!("its addresses lie in {which}"))])
    .fix(if of_endpoint.len() >= wanted as usize {
        let zones = words::list(&of_endpoint);
        Fix::text(format!(
            "The endpoint lies in {zones}: let the record be an alias of its regional DNS name"
        ))
    } else {
        Fix::text("Add subnets of further zones to the endpoint, as far as the service has them")
    });
    Ok(Some(draft))
}
