//! `dns-managed-zone-shadow`

use crate::{
    analyze::dns,
    model::{
        endpoint::{EndpointKind, EndpointState, VpcEndpoint},
        finding::{Confidence, Evidence, Fix},
        name::ServerAnswer,
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Rule, declare_finding, dns_servers, words};

declare_finding! {
    /// ## What it means
    /// Private DNS of an endpoint puts a hidden zone into this VPC. The zone answers for everything below its name, and
    /// has records of the endpoint's own names alone: other names there, which may exist in public, do not exist here.
    /// ## How we know
    /// The name lies below the private DNS name of an endpoint here, it is none of the endpoint's names, and the VPC's
    /// resolver says that it does not exist. It is likely where the denial comes from the zone of that name.
    /// ## What looks like it
    /// `dns-nxdomain-no-record`: no endpoint's zone stands above the name.
    /// `dns-private-dns-disabled`: the endpoint's private DNS is off.
    /// ## How to confirm it by hand
    ///     dig NAME @169.254.169.253      # NXDOMAIN, and the zone in the SOA record
    ///     dig NAME @1.1.1.1              # from where the internet can be reached: an answer
    ///     aws ec2 describe-vpc-endpoints --vpc-endpoint-ids VPCE --query 'VpcEndpoints[].DnsEntries'
    /// ## How to fix it
    /// Nobody can add a record to the hidden zone. Ask a name that the endpoint serves; or switch private DNS off and make a
    /// private hosted zone for each of the endpoint's names instead, which leaves the names beside them alone.
    static DNS_MANAGED_ZONE_SHADOW = { title: "an endpoint's private DNS hides a name that it does not serve", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_MANAGED_ZONE_SHADOW, check);

fn check(case: &Case<'_>) -> Outcome {
    let answered = case.target.resolution.servers.iter().any(|server| server.addresses().next().is_some());
    let denials: Vec<_> = dns_servers::resolver(case).filter(|server| server.denies_name()).collect();
    if !case.name_gives_nothing() || denials.is_empty() || answered || case.is_alias() {
        return Ok(None);
    }
    let endpoints = case.endpoints()?;
    let Some((endpoint, domain)) =
        endpoints.iter().find_map(|endpoint| Some((*endpoint, shadow(case, endpoint)?)))
    else {
        return Ok(None);
    };
    let by_zone = denials.iter().any(|server| is_denied_by(server, &domain));
    let confidence = if by_zone { Confidence::Likely } else { Confidence::Possible };
    let id = &endpoint.id;
    let draft = Draft::new(
        confidence,
        format!(
            "Private DNS of {id} answers for all of {domain} in this VPC, and has no record of {}.",
            case.host()
        ),
    )
    .evidence([Evidence::of(
        format!("{id} for {}: PrivateDnsEnabled is true, and {domain} is its private name", endpoint.service),
        ResourceRef::new(ResourceKind::VpcEndpoint, id),
    )])
    .evidence([words::system(case)])
    .evidence(words::servers(case))
    .fix(Fix::text("Ask a name that the endpoint serves, if the application can"))
    .fix(
        Fix::text(format!(
            "Or switch private DNS off for {id}, after making private hosted zones for its own names"
        ))
        .cli(format!("aws ec2 modify-vpc-endpoint --vpc-endpoint-id {id} --no-private-dns-enabled")),
    )
    .explains_name();
    Ok(Some(draft))
}

/// The domain above the name that private DNS of this endpoint answers for.
fn shadow(case: &Case<'_>, endpoint: &VpcEndpoint) -> Option<String> {
    let is_on = endpoint.kind == EndpointKind::Interface
        && endpoint.private_dns_enabled
        && endpoint.state == EndpointState::Available
        && case.dns_attributes_off().is_empty();
    dns::shadowing_domain(&case.facts.inventory, endpoint, case.host()).filter(|_| is_on)
}

fn is_denied_by(server: &ServerAnswer, domain: &str) -> bool {
    let zones =
        server.lookups().into_iter().filter_map(|lookup| Some(lookup.answer()?.soa.as_ref()?.zone.as_str()));
    zones.map(|zone| zone.trim_end_matches('.')).any(|zone| zone.eq_ignore_ascii_case(domain))
}
