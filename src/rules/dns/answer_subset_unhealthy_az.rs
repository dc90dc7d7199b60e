//! `dns-answer-subset-unhealthy-az`

use std::net::IpAddr;

use crate::model::{
    endpoint::{EndpointKind, EndpointState, NetworkInterface, VpcEndpoint},
    finding::{Confidence, Evidence, Fix, Severity},
    known::Known,
    report::PathVerdict,
    resource::{ResourceKind, ResourceRef},
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, words};

declare_finding! {
    /// ## What it means
    /// The endpoint has more interfaces than its regional name gives addresses: DNS leaves out those in zones where the
    /// service is not healthy. Whoever asks the regional name does not notice; whoever holds on to an address or a zonal
    /// name of such a zone cannot connect.
    /// ## How we know
    /// The regional name, asked besides, gives some of the addresses that the endpoint's interfaces hold, and not this one,
    /// to which no connection succeeds although groups, ACLs and routes allow it. Where the address left out is not in use,
    /// or was not tried, that is worth a look and breaks nothing.
    /// ## What looks like it
    /// `dns-zonal-name-pinned`: the regional name gives all, and the asked name one of them.
    /// `provider-az-unhealthy`: an address does not answer that DNS still gives.
    /// `dns-stale-a-record`: no interface holds the address.
    /// ## How to confirm it by hand
    ///     dig +short REGIONAL_NAME
    ///     aws ec2 describe-network-interfaces --network-interface-ids ENIS --query 'NetworkInterfaces[].PrivateIpAddress'
    /// ## How to fix it
    /// Let clients ask the regional name, and resolve it anew when they connect. The zone itself is the provider's: healthy
    /// targets there, or cross-zone balancing.
    static DNS_ANSWER_SUBSET_UNHEALTHY_AZ = { title: "the endpoint's name leaves a zone out", severity: Error, side: Provider, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_ANSWER_SUBSET_UNHEALTHY_AZ, check);

/// An interface whose address the regional name does not give.
struct Omitted<'a> {
    eni: &'a NetworkInterface,
    ip: IpAddr,
}

fn check(case: &Case<'_>) -> Outcome {
    if case.target.resolution.endpoint_names.is_empty() {
        return Ok(None);
    }
    let Some(endpoint) = endpoint(case)? else { return Ok(None) };
    let Some((regional, given)) =
        endpoint.dns_names.first().and_then(|name| Some((name.as_str(), case.addresses_of(name)?)))
    else {
        return Ok(None);
    };
    let omitted = omitted(case, endpoint, &given)?;
    let dead: Vec<_> = omitted.iter().filter_map(|one| row(case, one)).filter(|row| is_dead(row)).collect();
    // Where an address that was left out answers, nothing is wrong there: a round of answers need not be complete.
    let alive = |one: &&Omitted<'_>| row(case, one).is_some_and(|row| row.probe.tcp.outcome.is_connected());
    let left: Vec<_> = omitted.iter().filter(|one| !alive(one)).collect();
    if left.is_empty() {
        return Ok(None);
    }
    let failing: Vec<_> = dead.iter().copied().filter(|row| row.symptom.is_some()).collect();
    let confidence = if dead.is_empty() { Confidence::Possible } else { Confidence::Likely };
    let places = words::list(left.iter().map(|one| place(case, one)));
    let id = &endpoint.id;
    let tried = if dead.is_empty() { "" } else { ", and nothing answers there" };
    let draft = Draft::new(
        confidence,
        format!(
            "The regional name of {id} leaves {places} out{tried}: the service may be unhealthy in that zone."
        ),
    )
    .evidence([
        Evidence::of(
            format!("{regional} leads to {}", words::list(&given)),
            ResourceRef::new(ResourceKind::DnsName, regional),
        ),
        words::endpoint(endpoint),
    ])
    .evidence(left.iter().map(|one| {
        let fact = format!("{} of {id} holds {}", one.eni.id, place(case, one));
        Evidence::of(fact, ResourceRef::new(ResourceKind::NetworkInterface, &one.eni.id))
    }))
    .evidence(dead.iter().map(|row| words::packets(case, row)))
    .fix(Fix::text(format!("Let clients ask {regional}, and resolve it anew for each connection")))
    .fix(Fix::text(format!(
        "Ask the provider about healthy targets behind {places}, or cross-zone balancing"
    )))
    .explains(failing.iter().copied());
    Ok(Some(match (failing.is_empty(), dead.is_empty()) {
        (false, _) => draft,
        (true, false) => draft.severity(Severity::Warning),
        (true, true) => draft.severity(Severity::Info),
    }))
}

/// The endpoint that the used addresses belong to.
fn endpoint<'a>(case: &Case<'a>) -> Result<Option<&'a VpcEndpoint>, crate::model::known::Unknown> {
    for row in case.rows.iter().filter(|row| row.probe.used) {
        if let Some(endpoint) = *row.endpoint.ok()? {
            let fits = endpoint.kind == EndpointKind::Interface && endpoint.state == EndpointState::Available;
            return Ok(fits.then_some(endpoint));
        }
    }
    Ok(None)
}

/// Of the families that the name gives: an endpoint may have addresses of one that its names leave out on purpose.
fn omitted<'a>(
    case: &Case<'a>,
    endpoint: &VpcEndpoint,
    given: &[IpAddr],
) -> Result<Vec<Omitted<'a>>, crate::model::known::Unknown> {
    let inventory = &case.facts.inventory;
    inventory.network_interfaces.ok()?;
    let enis = endpoint.network_interfaces.iter().filter_map(|id| inventory.interface(id));
    let in_family = |ip: &IpAddr| given.iter().any(|other| other.is_ipv4() == ip.is_ipv4());
    Ok(enis
        .flat_map(|eni| eni.addresses.iter().map(move |ip| Omitted { eni, ip: *ip }))
        .filter(|one| in_family(&one.ip) && !given.contains(&one.ip))
        .collect())
}

fn row<'c, 'a>(case: &'c Case<'a>, one: &Omitted<'_>) -> Option<&'c Row<'a>> {
    case.rows.iter().find(|row| row.ip() == one.ip)
}

/// Silent although everything that can be seen lets the packets pass.
fn is_dead(row: &Row<'_>) -> bool {
    row.is_silent() && row.path.verdict() == Known::Known(PathVerdict::Allow)
}

fn place(case: &Case<'_>, one: &Omitted<'_>) -> String {
    let zone = case.facts.inventory.az_id_of(one.eni);
    zone.map_or_else(|| one.ip.to_string(), |zone| format!("{} ({zone})", one.ip))
}
