//! `dns-private-name-unverified`

use crate::{
    analyze::dns,
    model::{
        endpoint::VpcEndpoint,
        finding::{Confidence, Evidence, Fix},
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Rule, declare_finding, words};

declare_finding! {
    /// ## What it means
    /// The service has a private DNS name, and its provider has not proved to AWS that the domain is theirs, or not any
    /// more. Until then no consumer can use the name, whatever the endpoint's own switch says.
    /// ## How we know
    /// DescribeVpcEndpointServices gives the private name with a verification state other than verified, the name checked
    /// is covered by it, and it gives public addresses that do not answer, or none.
    /// ## What looks like it
    /// `dns-private-dns-disabled`: the name is verified, and the endpoint's switch is off.
    /// `dns-nxdomain-no-record`: the service has no private name; the consumer is to make the record.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoint-services --service-names SERVICE --query \
    ///     'ServiceDetails[].[PrivateDnsName,PrivateDnsNameVerificationState]'
    /// ## How to fix it
    /// The provider publishes the TXT record that AWS asks for and starts the verification again. Meanwhile a private
    /// hosted zone of your own with an alias to the endpoint's regional DNS name does the same for this VPC.
    static DNS_PRIVATE_NAME_UNVERIFIED = { title: "the service's private DNS name is not verified", severity: Error, side: Provider, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_PRIVATE_NAME_UNVERIFIED, check);

fn check(case: &Case<'_>) -> Outcome {
    let public: Vec<_> = case.undelivered_public().collect();
    if public.is_empty() && !case.name_gives_nothing() {
        return Ok(None);
    }
    let inventory = &case.facts.inventory;
    let endpoints = case.endpoints()?;
    let is_meant = |e: &&&VpcEndpoint| dns::private_dns_covers(inventory, e, case.host()) == Some(true);
    let mut meant = endpoints.iter().filter(is_meant);
    let Some((endpoint, state)) = meant.find_map(|e| Some((*e, dns::unverified(inventory, e)?))) else {
        return Ok(None);
    };
    // With these off, not even a verified name would answer.
    let sure = case.dns_attributes_off().is_empty();
    let (host, service) = (case.host(), &endpoint.service);
    let draft = Draft::new(
        if sure { Confidence::Confirmed } else { Confidence::Likely },
        format!("The provider has not verified the private DNS name of {service} ({state}), so {host} does not lead to {}.", endpoint.id),
    )
    .evidence([Evidence::of(
        format!("{service}: PrivateDnsNameVerificationState is {state}"),
        ResourceRef::new(ResourceKind::EndpointService, service),
    )])
    .evidence([words::endpoint(endpoint), words::system(case)])
    .evidence(words::servers(case))
    .evidence(public.iter().map(|row| words::packets(case, row)))
    .fix(Fix::text(format!("Ask the provider of {service} to verify the domain of {host}")).cli(format!(
        "aws ec2 start-vpc-endpoint-service-private-dns-verification --service-id {}   # run by the provider",
        service.rsplit('.').next().unwrap_or(service)
    )))
    .fix(Fix::text(format!(
        "Meanwhile, create a private hosted zone named {host} with an alias A record to {}",
        endpoint.dns_names.first().map_or("the endpoint's regional DNS name", String::as_str)
    )))
    .explains(public.iter().copied());
    Ok(Some(if case.name_gives_nothing() { draft.explains_name() } else { draft }))
}
