//! `dns-private-dns-disabled`

use crate::{
    analyze::dns,
    model::{
        endpoint::{EndpointKind, VpcEndpoint},
        finding::{Confidence, Evidence, Fix, Severity},
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, dns_phz_shadow, dns_servers, words};

declare_finding! {
    /// ## What it means
    /// The endpoint exists, but its private DNS name is not switched on, so the service's ordinary name still leads to
    /// the service's public addresses, or nowhere.
    /// ## How we know
    /// The endpoint has PrivateDnsEnabled false, its service's private DNS name covers this name, and the name gives
    /// public addresses or none at all.
    /// ## What looks like it
    /// `dns-vpc-attributes-off`: private DNS is on, but the VPC does not use private zones.
    /// `dns-private-name-unverified`: the name cannot be switched on.
    /// `endpoint-missing`: there is no endpoint for the service at all.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoints --vpc-endpoint-ids VPCE --query 'VpcEndpoints[].[PrivateDnsEnabled,DnsEntries]'
    ///     dig +short NAME
    /// ## How to fix it
    /// Switch private DNS on. The answer changes within a few minutes. A second endpoint for the same service in the
    /// VPC, or a private hosted zone of the same name, makes the call fail: only one can own the name.
    static DNS_PRIVATE_DNS_DISABLED = { title: "private DNS is switched off on the endpoint", severity: Error, side: Endpoint, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_PRIVATE_DNS_DISABLED, check);

fn check(case: &Case<'_>) -> Outcome {
    let public: Vec<_> = case.rows.iter().filter(|row| is_public(row)).collect();
    if public.is_empty() && !case.name_gives_nothing() {
        return Ok(None);
    }
    let endpoints = case.endpoints()?;
    let off: Vec<_> = endpoints.iter().filter(|e| is_switched_off(case, e)).collect();
    // Where another endpoint answers for the name, this switch changes nothing.
    let answered_for =
        endpoints.iter().any(|e| (e.private_dns_enabled || is_gateway(e)) && is_meant(case, e));
    if answered_for || off.is_empty() {
        return Ok(None);
    }
    // The VPC's resolver does lead to an endpoint: who was asked instead is another finding.
    if dns_servers::endpoints_by_resolver(case).is_ok_and(|held| !held.is_empty()) {
        return Ok(None);
    }
    let covering = |e: &&&&VpcEndpoint| is_meant(case, e);
    match off.iter().find(covering) {
        Some(endpoint) => {
            // In which VPC we are decides which endpoints can matter; where its attributes are off, they come first.
            // Without private DNS the name would lead to public addresses: that it gives nothing has another cause.
            let hidden = case.name_gives_nothing() && dns_phz_shadow::hides(case);
            let sure = case.vpc().is_some() && case.dns_attributes_off().is_empty() && !hidden;
            let confidence = if sure { Confidence::Confirmed } else { Confidence::Likely };
            Ok(Some(draft(case, endpoint, confidence, &public)))
        }
        None => Ok(only_candidate(case, &endpoints).map(|e| draft(case, e, Confidence::Possible, &public))),
    }
}

fn is_public(row: &Row<'_>) -> bool {
    row.probe.used && !crate::model::net::is_private(row.ip())
}

/// A name that the provider has not verified cannot be switched on.
fn is_switched_off(case: &Case<'_>, endpoint: &VpcEndpoint) -> bool {
    endpoint.kind == EndpointKind::Interface
        && !endpoint.private_dns_enabled
        && dns::unverified(&case.facts.inventory, endpoint).is_none()
}

fn is_gateway(endpoint: &VpcEndpoint) -> bool {
    endpoint.kind == EndpointKind::Gateway
}

fn is_meant(case: &Case<'_>, endpoint: &VpcEndpoint) -> bool {
    // Below the private name and none of the names: the switch would hide the name, not answer it.
    let inventory = &case.facts.inventory;
    dns::private_dns_covers(inventory, endpoint, case.host()) == Some(true)
        && dns::shadowing_domain(inventory, endpoint, case.host()).is_none()
}

/// With the service's private name unknown: the endpoint the user named, or the only one that could be meant
/// by a name that fails.
fn only_candidate<'a>(case: &Case<'_>, endpoints: &[&'a VpcEndpoint]) -> Option<&'a VpcEndpoint> {
    let unknown = |e: &&&VpcEndpoint| {
        dns::private_dns_covers(&case.facts.inventory, e, case.host()).is_none()
            && !e.private_dns_enabled
            && e.service.contains(".vpce-svc-")
            // Of a service that is known and has no private name, private DNS cannot be switched on.
            && case.facts.inventory.service(&e.service).is_none_or(|service| !service.private_dns_names.is_empty())
    };
    let named = |e: &&&VpcEndpoint| case.target.target.endpoint.as_ref().is_none_or(|id| *id == e.id);
    let aws = dns::service_of_aws_name(case.host()).is_some();
    let replaced = dns_servers::resolver(case).any(|server| dns_servers::substitute(server).is_some());
    let candidates: Vec<_> = endpoints.iter().filter(unknown).filter(named).collect();
    match candidates.as_slice() {
        [only]
            if !aws
                && !replaced
                && case.dns_attributes_off().is_empty()
                && case.target.target.literal().is_none()
                && case.undelivered_public().next().is_some() =>
        {
            Some(only)
        }
        _ => None,
    }
}

fn draft(case: &Case<'_>, endpoint: &VpcEndpoint, confidence: Confidence, public: &[&Row<'_>]) -> Draft {
    let leads = if public.is_empty() {
        "gives no address".to_owned()
    } else {
        format!("leads to the public address {}", words::list(public.iter().map(|row| row.ip())))
    };
    let failing = public.iter().copied().filter(|row| row.symptom.is_some() && row.is_undelivered());
    let summary = match confidence {
        Confidence::Possible => format!(
            "{} {leads}; if it is meant to lead to {}, private DNS is off there.",
            case.host(),
            endpoint.id
        ),
        _ => format!("Private DNS is off on {}, so {} {leads}.", endpoint.id, case.host()),
    };
    let draft = Draft::new(confidence, summary)
        .evidence([
            Evidence::of(
                format!("{} for {}: PrivateDnsEnabled is false", endpoint.id, endpoint.service),
                ResourceRef::new(ResourceKind::VpcEndpoint, &endpoint.id),
            ),
            words::system(case),
        ])
        .evidence(words::servers(case))
        .evidence(failing.clone().map(|row| words::packets(case, row)))
        .fix(Fix::text(format!("Switch private DNS on for {}", endpoint.id)).cli(format!(
            "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {} --private-dns-enabled",
            endpoint.id
        )))
        .explains(failing);
    let draft = if case.name_gives_nothing() { draft.explains_name() } else { draft };
    // Public addresses that answer: traffic leaves the VPC unnoticed, but nothing fails.
    if draft.explains.is_empty() { draft.severity(Severity::Warning) } else { draft }
}
