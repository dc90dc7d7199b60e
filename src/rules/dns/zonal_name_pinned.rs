//! `dns-zonal-name-pinned`

use std::collections::BTreeSet;

use crate::{
    analyze::dns,
    model::{
        endpoint::{EndpointState, VpcEndpoint},
        finding::{Confidence, Evidence, Fix, Severity},
        id::AzId,
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, words};

declare_finding! {
    /// ## What it means
    /// The endpoint has interfaces in several zones, and the name leads to one of them only. When that zone fails, so does
    /// every client of the name, while the endpoint's regional name would lead elsewhere.
    /// ## How we know
    /// The name is an alias of one of the endpoint's zonal names, whose first label ends in a zone. An alias inside a
    /// private hosted zone does not show: then it is likely where the name and a zonal one lead to the same single address,
    /// while the regional name, asked as well, leads to more. A single address alone is no proof: a regional name leaves
    /// out the zones that are not healthy.
    /// ## What looks like it
    /// `endpoint-single-az`: the endpoint itself lies in fewer zones than wanted.
    /// `provider-az-unhealthy`: the name leads to all zones, and one does not answer.
    /// ## How to confirm it by hand
    ///     dig NAME
    ///     aws ec2 describe-vpc-endpoints --vpc-endpoint-ids VPCE --query 'VpcEndpoints[].DnsEntries'
    ///     dig +short REGIONAL_NAME
    /// ## How to fix it
    /// Let the record be an alias of the endpoint's regional DNS name, the first of its DNS entries.
    static DNS_ZONAL_NAME_PINNED = { title: "the name leads to one zone of an endpoint that has several", severity: Warning, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_ZONAL_NAME_PINNED, check);

fn check(case: &Case<'_>) -> Outcome {
    let used: Vec<_> = case.rows.iter().filter(|row| row.probe.used).collect();
    let [row] = used.as_slice() else {
        return Ok(None);
    };
    let alias = case.answers().flat_map(|answer| &answer.cnames).map(|cname| cname.target.as_str());
    let mut names = std::iter::once(case.host()).chain(alias);
    let shown = names.find(|name| dns::zone_of_own_name(name).is_some());
    if shown.is_none() && case.target.resolution.endpoint_names.is_empty() {
        return Ok(None);
    }
    let Some(endpoint) = *row.endpoint.ok()? else {
        return Ok(None);
    };
    // A single address alone tells nothing: a regional name leaves out the zones that are not healthy.
    let Some(zonal) = shown.or_else(|| hidden(case, row, endpoint)) else {
        return Ok(None);
    };
    let zones = zones(case, endpoint);
    if zones.len() < 2 || endpoint.state != EndpointState::Available {
        return Ok(None);
    }
    let draft = draft(case, row, endpoint, zonal, &zones);
    Ok(Some(match shown {
        // Who asks a zonal name itself has chosen the zone.
        Some(name) if name == case.host() => draft.severity(Severity::Info),
        Some(_) => draft,
        None => Draft { confidence: Confidence::Likely, ..draft }.evidence(both(case, endpoint, zonal)),
    }))
}

/// The zonal name that leads where the asked one does, while the regional name leads to more: an alias inside a private zone
/// shows nothing else.
fn hidden<'a>(case: &Case<'_>, row: &Row<'_>, endpoint: &'a VpcEndpoint) -> Option<&'a str> {
    let regional = case.addresses_of(endpoint.dns_names.first()?)?;
    if regional.len() < 2 || !regional.contains(&row.ip()) || case.target.target.literal().is_some() {
        return None;
    }
    // A line of the hosts file names one address for reasons of its own.
    if !case.dns_gives(row.ip()) {
        return None;
    }
    let leads_here = |name: &&String| {
        dns::zone_of_own_name(name).is_some() && case.addresses_of(name).is_some_and(|ips| ips == [row.ip()])
    };
    endpoint.dns_names.iter().find(leads_here).map(String::as_str)
}

/// What the endpoint's own names lead to.
fn both(case: &Case<'_>, endpoint: &VpcEndpoint, zonal: &str) -> Vec<Evidence> {
    let regional = endpoint.dns_names.first().map(String::as_str);
    let leads = |name: &str| {
        let ips = case.addresses_of(name)?;
        Some(Evidence::of(
            format!("{name} leads to {}", words::list(ips)),
            ResourceRef::new(ResourceKind::DnsName, name),
        ))
    };
    regional.into_iter().chain([zonal]).filter_map(leads).collect()
}

fn zones(case: &Case<'_>, endpoint: &VpcEndpoint) -> BTreeSet<AzId> {
    let inventory = &case.facts.inventory;
    let interfaces = endpoint.network_interfaces.iter().filter_map(|id| inventory.interface(id));
    interfaces.filter_map(|eni| inventory.az_id_of(eni)).collect()
}

fn draft(
    case: &Case<'_>,
    row: &Row<'_>,
    endpoint: &VpcEndpoint,
    zonal: &str,
    zones: &BTreeSet<AzId>,
) -> Draft {
    let (host, id) = (case.host(), &endpoint.id);
    let here = row.eni.known().copied().flatten().and_then(|eni| case.facts.inventory.az_id_of(eni));
    let here = here.map_or_else(|| row.ip().to_string(), |zone| format!("{} ({zone})", row.ip()));
    let is_alias = case.answers().flat_map(|answer| &answer.cnames).any(|cname| cname.target == zonal);
    let why = if zonal == host {
        "it is the endpoint's name of one zone".to_owned()
    } else if is_alias {
        format!("it is an alias of {zonal}, the endpoint's name of one zone")
    } else {
        format!(
            "it leads where {zonal} does, the endpoint's name of one zone, and the regional name leads to more"
        )
    };
    let regional = endpoint.dns_names.first().map_or("the endpoint's regional DNS name", String::as_str);
    Draft::new(Confidence::Confirmed, format!("{host} leads to {here} alone: {why}."))
        .evidence([words::system(case)])
        .evidence(words::servers(case))
        .evidence([Evidence::of(
            format!("{id} has interfaces in {}", words::list(zones)),
            ResourceRef::new(ResourceKind::VpcEndpoint, id),
        )])
        .fix(Fix::text(format!("Let {host} be an alias of {regional}, which leads to all zones")))
}
