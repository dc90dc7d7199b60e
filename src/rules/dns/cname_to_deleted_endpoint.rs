//! `dns-cname-to-deleted-endpoint`

use crate::{
    analyze::dns,
    model::{
        finding::{Confidence, Evidence, Fix},
        id::EndpointId,
        name::{DnsAnswer, Rcode},
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Rule, declare_finding, new_endpoint, words};

declare_finding! {
    /// ## What it means
    /// The record exists and points at an endpoint's own name, and that name does not exist any more: the endpoint was
    /// deleted, or never was.
    /// ## How we know
    /// The answer is a CNAME chain that ends at a `vpce-….vpce.amazonaws.com` name, followed by NXDOMAIN.
    /// ## What looks like it
    /// `dns-nxdomain-no-record`: there is no record at all.
    /// ## How to confirm it by hand
    ///     dig NAME CNAME
    ///     aws ec2 describe-vpc-endpoints --filters Name=vpc-endpoint-id,Values=VPCE
    /// ## How to fix it
    /// Point the record at the regional DNS name of the endpoint that serves the name now, as an alias.
    static DNS_CNAME_TO_DELETED_ENDPOINT = { title: "the name is an alias of an endpoint that does not exist", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_CNAME_TO_DELETED_ENDPOINT, check);

fn check(case: &Case<'_>) -> Outcome {
    let Some(end) = case.answers().find_map(dangling_end).filter(|_| case.name_gives_nothing()) else {
        return Ok(None);
    };
    let id = dns::endpoint_of_own_name(end).map(EndpointId::new);
    let inventory = &case.facts.inventory;
    let gone =
        id.as_ref().is_some_and(|id| inventory.vpc_endpoints.is_known() && inventory.endpoint(id).is_none());
    let confidence = if gone { Confidence::Confirmed } else { Confidence::Likely };
    let listed = id
        .filter(|_| gone)
        .map(|id| Evidence::of(words::unlisted(&id), ResourceRef::new(ResourceKind::VpcEndpoint, &id)));
    let draft =
        Draft::new(confidence, format!("{} is an alias of {end}, which does not exist.", case.host()))
            .evidence([words::system(case)])
            .evidence(words::servers(case))
            .evidence(listed)
            .fix(fix(case, end))
            .explains_name();
    Ok(Some(draft))
}

/// To an endpoint for the same service, where there is one.
fn fix(case: &Case<'_>, end: &str) -> Fix {
    let host = case.host();
    let Some(service) = dns::service_of_own_name(end) else {
        return Fix::text(format!(
            "Point the record of {host} at the endpoint that serves it now, as an alias"
        ));
    };
    match new_endpoint::living(case, &service).and_then(|living| Some((living, living.dns_names.first()?))) {
        Some((living, name)) => Fix::text(format!(
            "Point the record of {host} at {}, an endpoint for the same service, as an alias to {name}",
            living.id
        )),
        None => new_endpoint::fix(
            case,
            format!(
                "Create an endpoint for {service}, and point the record of {host} at its regional DNS name"
            ),
            &service,
            None,
            false,
        ),
    }
}

/// The endpoint's name at the end of a chain that leads nowhere.
fn dangling_end(answer: &DnsAnswer) -> Option<&str> {
    let last = answer.cnames.last().filter(|_| answer.rcode == Rcode::NxDomain)?;
    dns::endpoint_of_own_name(&last.target).map(|_| last.target.as_str())
}
