//! `dns-public-uri-used`

use crate::{
    analyze::{dns, vendors},
    model::{
        endpoint::{EndpointKind, EndpointState, VpcEndpoint},
        finding::{Confidence, Evidence, Fix},
    },
};

use super::{Case, Draft, Outcome, Rule, declare_finding, dns_servers, words};

declare_finding! {
    /// ## What it means
    /// The application asks the vendor's public name. The private way has a name of its own, from the vendor's console or
    /// the connection string for private endpoints, and no setting of the endpoint makes the public one lead there.
    /// ## How we know
    /// The name gives public addresses that do not answer, an endpoint for a vendor's service is here, and the name is none
    /// that it serves. It is likely where the name has the form of a vendor's public hosts, or the service's private name
    /// is another in the same domain; with the endpoint alone it is a possibility.
    /// ## What looks like it
    /// `dns-private-dns-disabled`: the name is the service's private one, and it is off.
    /// `dns-service-has-no-private-name`: the configuration says that this very name must lead to the endpoint.
    /// `endpoint-missing`: a name of AWS, for which no endpoint is here.
    /// ## How to confirm it by hand
    ///     dig +short NAME                # public addresses
    ///     aws ec2 describe-vpc-endpoint-services --service-names SERVICE --query 'ServiceDetails[].PrivateDnsNames'
    /// ## How to fix it
    /// Take the private name from the vendor's console, and let the application ask that.
    static DNS_PUBLIC_URI_USED = { title: "the application asks the public name, not that of the private link", severity: Error, side: Client, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_PUBLIC_URI_USED, check);

fn check(case: &Case<'_>) -> Outcome {
    let public: Vec<_> = case.undelivered_public().collect();
    let target = &case.target.target;
    // What the configuration says must lead to an endpoint by this name is no slip.
    let said = target.endpoint.is_some() || target.expect.service.is_some();
    // And what another answers in its place says nothing of the name.
    let replaced = dns_servers::resolver(case).any(|server| dns_servers::substitute(server).is_some());
    if public.is_empty() || said || replaced || target.literal().is_some() || dns::is_aws_name(case.host()) {
        return Ok(None);
    }
    let endpoints: Vec<_> = case.endpoints()?.into_iter().filter(|endpoint| is_vendors(endpoint)).collect();
    let inventory = &case.facts.inventory;
    if endpoints.is_empty()
        || endpoints.iter().any(|e| dns::private_dns_covers(inventory, e, case.host()) == Some(true))
    {
        return Ok(None);
    }
    // Of a service whose private name is not known, this may be the one.
    inventory.endpoint_services.ok()?;
    let vendor = vendors::of(target).filter(|vendor| vendor.is_public_host(case.host()));
    let beside = endpoints.iter().find_map(|endpoint| Some((*endpoint, sibling(case, endpoint)?)));
    let host = case.host();
    let ips = words::list(public.iter().map(|row| row.ip()));
    let (confidence, endpoint, summary) = match (vendor, &beside, endpoints.as_slice()) {
        (Some(vendor), _, [endpoint, ..]) => (
            Confidence::Likely,
            *endpoint,
            format!(
                "{host} is a public host of {} and leads to {ips}; private connections have another.",
                vendor.name
            ),
        ),
        (None, Some((endpoint, name)), _) => (
            Confidence::Likely,
            *endpoint,
            format!("{host} leads to {ips}; the private name of {} is {name}.", endpoint.id),
        ),
        (None, None, [only]) => (
            Confidence::Possible,
            *only,
            format!(
                "{host} leads to {ips}; if it is meant to lead to {}, it is the wrong name: that endpoint serves none like it.",
                only.id
            ),
        ),
        _ => return Ok(None),
    };
    let fix = match &beside {
        Some((_, name)) => format!("Let the application ask {name}, or a name below it"),
        None => {
            "Take the name of the private link from the vendor's console, and let the application ask that"
                .to_owned()
        }
    };
    let draft = Draft::new(confidence, summary)
        .evidence([words::system(case), words::endpoint(endpoint)])
        .evidence(vendor.map(|vendor| Evidence::new(format!("{} {}", vendor.name, vendor.prescribes()))))
        .evidence(words::servers(case))
        .evidence(public.iter().map(|row| words::packets(case, row)))
        .fix(Fix::text(fix))
        .explains(public.iter().copied());
    Ok(Some(draft))
}

fn is_vendors(endpoint: &VpcEndpoint) -> bool {
    endpoint.kind == EndpointKind::Interface
        && endpoint.state == EndpointState::Available
        && endpoint.service.contains(".vpce-svc-")
}

/// A private name of the endpoint's service in the same domain of two labels.
fn sibling(case: &Case<'_>, endpoint: &VpcEndpoint) -> Option<String> {
    let domain = last_two(case.host())?;
    let names = dns::names_of(&case.facts.inventory, endpoint).into_iter();
    let mut private = names.filter(|name| dns::endpoint_of_own_name(name).is_none());
    private.find(|name| last_two(name) == Some(domain)).map(|name| name.trim_start_matches("*.").to_owned())
}

fn last_two(name: &str) -> Option<&str> {
    let name = name.trim_end_matches('.');
    let (at, _) = name.rmatch_indices('.').nth(1)?;
    // `co.uk` is many people's.
    name.get(at + 1..).filter(|domain| domain.len() > "com.xx".len())
}
