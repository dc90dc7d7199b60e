//! `dns-phz-shadow`

use crate::{
    analyze::dns,
    model::{
        endpoint::VpcEndpoint,
        finding::{Confidence, Evidence, Fix},
        name::{DnsAnswer, Lookup, Rcode, ServerAnswer},
        net,
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Rule, declare_finding, dns_servers, endpoint_state, words};

declare_finding! {
    /// ## What it means
    /// The name exists, and not for this VPC. A private hosted zone that is associated with the VPC answers for everything
    /// below its name; what it has no record of is not looked up elsewhere, even where the whole world resolves it.
    /// ## How we know
    /// The VPC's resolver denies the name and says which zone does, a zone above the name or of the same name. That the name
    /// exists we know from AWS, which publishes it, or from another server that gives public addresses for it. No more than
    /// likely: the list of private hosted zones is Route 53's, which is not asked.
    /// ## What looks like it
    /// `dns-nxdomain-no-record`: nothing tells that the name exists anywhere; public zones deny just like private ones.
    /// `dns-managed-zone-shadow`: the zone is that of an endpoint's private DNS.
    /// `dns-private-dns-disabled`: the name leads to public addresses.
    /// ## How to confirm it by hand
    ///     dig NAME @169.254.169.253      # the zone stands in the SOA record
    ///     aws route53 list-hosted-zones-by-vpc --vpc-id VPC --vpc-region REGION
    ///     dig NAME @1.1.1.1              # from where the internet can be reached: an answer
    /// ## How to fix it
    /// Put the missing record into the private zone; or replace the zone by narrower ones, each named like a name that it is
    /// for; or take its association with this VPC away, if nothing here needs it.
    static DNS_PHZ_SHADOW = { title: "a private hosted zone hides a name that exists elsewhere", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_PHZ_SHADOW, check);

/// How we know that the name exists.
enum Exists<'a> {
    Published,
    Given(&'a ServerAnswer),
}

/// Whether the name that gives nothing here is likely to be hidden rather than missing.
pub(super) fn hides(case: &Case<'_>) -> bool {
    shadow(case).is_some()
}

fn check(case: &Case<'_>) -> Outcome {
    let Some((zone, exists)) = shadow(case).filter(|_| case.name_gives_nothing()) else {
        return Ok(None);
    };
    if endpoint_state::vanished(case)?.is_some() {
        return Ok(None);
    }
    let host = case.host();
    let why = match exists {
        Exists::Published => {
            Evidence::new(format!("{host} is a public name of AWS, which the whole world resolves"))
        }
        Exists::Given(server) => Evidence::of(
            format!(
                "{} gives {} for {host}",
                words::server_name(&server.server),
                words::list(words::distinct(server.addresses()))
            ),
            ResourceRef::new(ResourceKind::DnsServer, server.server),
        ),
    };
    let vpc = case.vpc().map_or("VPC_ID", |vpc| vpc.as_str());
    let region = case.facts.host.region.as_deref().unwrap_or("REGION");
    let draft = Draft::new(
        Confidence::Likely,
        format!("{host} exists, and the zone {zone} hides it in this VPC: it has no record of this name."),
    )
    .evidence([words::system(case), why])
    .evidence(words::servers(case))
    .fix(
        Fix::text(format!("See that {zone} is a private hosted zone of this VPC"))
            .cli(format!("aws route53 list-hosted-zones-by-vpc --vpc-id {vpc} --vpc-region {region}")),
    )
    .fix(Fix::text(mend(case, zone)))
    .explains_name();
    let endpoints = case.endpoints().unwrap_or_default();
    let instead = endpoints.iter().find_map(|e| Some((*e, dns::regional_name(e, host)?)));
    let instead =
        instead.map(|(e, name)| Fix::text(format!("Or ask {name}, which {} serves, instead", e.id)));
    Ok(Some(instead.into_iter().fold(draft, Draft::fix)))
}

fn mend(case: &Case<'_>, zone: &str) -> String {
    let host = case.host();
    let to =
        case.meant_endpoint().or_else(|| for_service(case)).and_then(|endpoint| endpoint.dns_names.first());
    match to {
        Some(name) => format!("Then put an alias A record for {host} into it that points to {name}"),
        None => format!(
            "Then put the record of {host} into it, or replace {zone} by zones for those names alone that it is meant for"
        ),
    }
}

fn for_service<'a>(case: &Case<'a>) -> Option<&'a VpcEndpoint> {
    let service = dns::service_of_aws_name(case.host())?;
    case.endpoints().ok()?.into_iter().find(|endpoint| endpoint.service == service)
}

/// The zone by which the VPC's resolver denies the name, and what tells that the name exists all the same.
fn shadow<'a>(case: &Case<'a>) -> Option<(&'a str, Exists<'a>)> {
    let zone =
        dns_servers::resolver(case).find_map(denying_zone).filter(|zone| lies_in(case.host(), zone))?;
    let endpoints = case.endpoints().unwrap_or_default();
    let inventory = &case.facts.inventory;
    // Where an endpoint's private DNS answers for the name or for the domain, its zone is the one that denies.
    let managed = |endpoint: &&&VpcEndpoint| {
        endpoint.private_dns_enabled
            && (dns::private_dns_covers(inventory, endpoint, case.host()) == Some(true)
                || dns::shadowing_domain(inventory, endpoint, case.host()).is_some())
    };
    if endpoints.iter().find(managed).is_some() {
        return None;
    }
    let published = dns::is_published_by_aws(inventory, &endpoints, case.host()).then_some(Exists::Published);
    Some((zone, published.or_else(|| elsewhere(case).map(Exists::Given))?))
}

/// A zone that denies says so: NXDOMAIN, or NOERROR without addresses and aliases.
fn denying_zone(server: &ServerAnswer) -> Option<&str> {
    let denies = |answer: &&DnsAnswer| {
        matches!(answer.rcode, Rcode::NxDomain | Rcode::NoError)
            && answer.addresses.is_empty()
            && answer.cnames.is_empty()
    };
    let mut answers = server.lookups().into_iter().filter_map(Lookup::answer);
    let zone = answers.find(denies)?.soa.as_ref()?.zone.trim_end_matches('.');
    // A zone of one label is a registry's. Addresses of the other family are addresses.
    (zone.contains('.') && server.addresses().next().is_none()).then_some(zone)
}

fn lies_in(host: &str, zone: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let zone = zone.to_ascii_lowercase();
    host.strip_suffix(&zone).is_some_and(|below| below.is_empty() || below.ends_with('.'))
}

/// Another server that has public addresses for the name. Private ones would be another's records, not the world's.
fn elsewhere<'a>(case: &Case<'a>) -> Option<&'a ServerAnswer> {
    let mut addresses =
        case.target.resolution.servers.iter().filter(|server| !dns_servers::is_resolver(case, server));
    addresses.find(|server| {
        let mut ips = server.addresses().peekable();
        ips.peek().is_some() && ips.all(|ip| !net::is_private(ip))
    })
}
