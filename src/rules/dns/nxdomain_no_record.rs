//! `dns-nxdomain-no-record`

use crate::{
    analyze::{
        dns,
        vendors::{self, Naming},
    },
    model::{
        endpoint::VpcEndpoint,
        finding::{Confidence, Evidence, Fix},
        name::{DnsAnswer, Lookup, Rcode, ServerAnswer},
    },
};

use super::{Case, Draft, Outcome, Rule, declare_finding, dns_phz_shadow, elsewhere, endpoint_state, words};

declare_finding! {
    /// ## What it means
    /// The name does not exist for this VPC. A vendor's private link name is not published by the vendor: the consumer
    /// creates a private hosted zone for it and points it at the endpoint.
    /// ## How we know
    /// A DNS server that this host uses (or the VPC's resolver) answers NXDOMAIN, or that the name has no address record,
    /// and no server gives an address. No endpoint of this VPC declares the name as its private DNS name.
    /// ## What looks like it
    /// `dns-private-dns-disabled`: the endpoint has a private DNS name that covers this one, and it is switched off.
    /// `dns-firewall-block`: the answer does not come from a zone.
    /// `dns-vpc-attributes-off`: the record may exist, but the VPC does not use private hosted zones.
    /// `dns-phz-shadow`: the name exists elsewhere, and a private zone of this VPC hides it.
    /// ## How to confirm it by hand
    ///     dig NAME @169.254.169.253
    ///     aws route53 list-hosted-zones-by-vpc --vpc-id VPC --vpc-region REGION
    /// ## How to fix it
    /// Create a private hosted zone named exactly like the link, associate it with this VPC, and put an alias A record
    /// at its apex that points at the endpoint's regional DNS name. Names of AWS and of endpoints are nobody's to create:
    /// ask the right one.
    static DNS_NXDOMAIN_NO_RECORD = { title: "no DNS record exists for the name in this VPC", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_NXDOMAIN_NO_RECORD, check);

fn check(case: &Case<'_>) -> Outcome {
    let servers = &case.target.resolution.servers;
    let denied = servers.iter().any(|server| server.denies_name() || has_no_address(server));
    let answered = case.target.resolution.servers.iter().any(|server| server.addresses().next().is_some());
    // An alias that leads to nothing is a record, and another finding's.
    if !case.name_gives_nothing() || !denied || answered || case.is_alias() || belongs_to_service(case) {
        return Ok(None);
    }
    // The endpoint itself is gone: no record would help. A name that is hidden has its record.
    if endpoint_state::vanished(case)?.is_some() || dns_phz_shadow::hides(case) {
        return Ok(None);
    }
    let exists = !servers.iter().any(ServerAnswer::denies_name);
    let summary = if exists {
        format!("The name {} exists in its zone, and has no address record there.", case.host())
    } else {
        format!("No DNS record for {} exists in this VPC.", case.host())
    };
    let near = case.near_name();
    let summary = match &near {
        Some(name) => format!("{summary} It resembles {name}."),
        None => summary,
    };
    let vendor = vendors::of(&case.target.target).filter(|_| near.is_none());
    let draft = Draft::new(confidence(case, near.as_deref()), summary)
        .evidence([words::system(case)])
        .evidence(words::servers(case))
        .evidence(vendor.map(|vendor| Evidence::new(format!("{} {}", vendor.name, vendor.prescribes()))))
        .explains_name();
    let of_aws = dns::is_aws_name(case.host());
    let instead = near.as_ref().map(|name| Fix::text(format!("Ask {name}, if that is what was meant")));
    let is_slip = near.as_deref().is_some_and(|name| of_aws || vendors::has_domain(name));
    let draft = instead.into_iter().fold(draft, Draft::fix);
    Ok(Some(match (of_aws, is_slip) {
        (_, true) => draft,
        (true, false) => draft.fix(ask_aws(case)),
        (false, false) => make(case, draft, exists),
    }))
}

/// The zone and the record, as the vendor prescribes them.
fn make(case: &Case<'_>, draft: Draft, exists: bool) -> Draft {
    let prescribed =
        vendors::of(&case.target.target).is_some_and(|vendor| vendor.naming == Naming::PrivateDns);
    if prescribed && let Some(endpoint) = case.likely_endpoint().filter(|endpoint| can_be_on(case, endpoint))
    {
        let id = &endpoint.id;
        return draft.fix(
            Fix::text(format!("Switch private DNS on for {id}, as the vendor has its customers do"))
                .cli(format!("aws ec2 modify-vpc-endpoint --vpc-endpoint-id {id} --private-dns-enabled")),
        );
    }
    let draft = if exists { draft } else { draft.fix(zone(case)) };
    draft.fix(record(case, if exists { "Put" } else { "Then put" }))
}

/// What the service declares may not be known; where it declares nothing, there is nothing to switch on.
fn can_be_on(case: &Case<'_>, endpoint: &VpcEndpoint) -> bool {
    let service = case.facts.inventory.service(&endpoint.service);
    !endpoint.private_dns_enabled && service.is_none_or(|service| !service.private_dns_names.is_empty())
}

/// AWS alone makes names in its domains. A zone of the user's own there would hide the others.
fn ask_aws(case: &Case<'_>) -> Fix {
    let host = case.host();
    if dns::endpoint_of_own_name(host).is_some() {
        let own = case.meant_endpoint().and_then(|endpoint| Some((endpoint, endpoint.dns_names.first()?)));
        return Fix::text(match own {
            Some((endpoint, name)) => {
                format!("Ask a name that {} has: {name} leads to all its zones", endpoint.id)
            }
            None => format!(
                "Ask a name that the endpoint has, as DescribeVpcEndpoints lists them: {host} is none"
            ),
        });
    }
    let endpoints = case.endpoints().unwrap_or_default();
    let regional = endpoints.iter().find_map(|e| Some((*e, dns::regional_name(e, host)?)));
    if let Some((endpoint, name)) = regional {
        return Fix::text(format!("Ask {name}, which {} serves, instead", endpoint.id));
    }
    let vpc = case.vpc().map_or("VPC_ID", |vpc| vpc.as_str());
    let region = case.facts.host.region.as_deref().unwrap_or("REGION");
    Fix::text(format!(
        "Check the service and the Region in {host}; if AWS has this name, see which private hosted zone or rule of Route 53 \
         Resolver hides it here"
    ))
    .cli(format!("aws route53 list-hosted-zones-by-vpc --vpc-id {vpc} --vpc-region {region}"))
}

/// The name exists, with records of other types: its zone says so.
fn has_no_address(server: &ServerAnswer) -> bool {
    let other = |answer: &DnsAnswer| answer.rcode == Rcode::NoError && answer.soa.is_some();
    server.a.answer().is_some_and(other) && server.addresses().next().is_none()
}

/// Private DNS of an endpoint covers the name: other findings speak of that.
fn belongs_to_service(case: &Case<'_>) -> bool {
    let covers = |endpoint: &&VpcEndpoint| {
        let inventory = &case.facts.inventory;
        dns::private_dns_covers(inventory, endpoint, case.host()) == Some(true)
            || (endpoint.private_dns_enabled
                && dns::shadowing_domain(inventory, endpoint, case.host()).is_some())
    };
    case.endpoints().is_ok_and(|all| all.iter().any(covers))
}

fn confidence(case: &Case<'_>, near: Option<&str>) -> Confidence {
    let inventory = &case.facts.inventory;
    let servers = case.target.resolution.servers.iter();
    let resolver_denies = servers
        .filter(|server| server.lookups().into_iter().filter_map(Lookup::answer).any(|a| a.soa.is_some()))
        .any(|server| dns::is_vpc_resolver(inventory, server.server));
    let of_aws = dns::is_aws_name(case.host()) && !inventory.vpc_endpoints.is_known();
    if of_aws || elsewhere::is_plausible(case) || !case.dns_attributes_off().is_empty() {
        // A record may exist in a private zone that this VPC does not use, or be hidden by that of an endpoint.
        Confidence::Possible
    } else if resolver_denies
        && !elsewhere::is_unread(case)
        && inventory.vpc_endpoints.is_known()
        && (near.is_some() || !dns::is_aws_name(case.host()))
    {
        Confidence::Confirmed
    } else {
        // Of a name in a domain of AWS that resembles no other, it may be the zone that is wrong, and not the name.
        // A zone names itself when it denies; a firewall need not. Without the list of endpoints, one of them might cover the name and be switched off.
        Confidence::Likely
    }
}

fn zone(case: &Case<'_>) -> Fix {
    let host = case.host().trim_end_matches('.');
    let vpc = case.vpc().map_or("VPC_ID", |vpc| vpc.as_str());
    let region = case.facts.host.region.as_deref().unwrap_or("REGION");
    let denies =
        case.answers().find_map(|answer| answer.soa.as_ref()).map(|soa| soa.zone.trim_end_matches('.'));
    // A zone of one label is a registry's.
    let create = match denies.filter(|zone| zone.contains('.') && !zone.eq_ignore_ascii_case(host)) {
        Some(zone) => format!(
            "First, unless {zone}, which denies the name, is a private hosted zone of yours: create one named {host} for {vpc}"
        ),
        None => format!("First, create a private hosted zone named {host} for {vpc}"),
    };
    Fix::text(create).cli(format!(
        "aws route53 create-hosted-zone --name {host} --vpc VPCRegion={region},VPCId={vpc} --caller-reference \
         vpce-doctor-{}",
        case.facts.now.0
    ))
}

fn record(case: &Case<'_>, put: &str) -> Fix {
    let target = case.likely_endpoint().and_then(|endpoint| endpoint.dns_names.first());
    let target = target.map_or("the endpoint's regional DNS name", String::as_str);
    let host = case.host();
    Fix::text(format!(
        "{put} an alias A record for {host} into its private hosted zone that points to {target}"
    ))
}
