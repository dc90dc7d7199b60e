//! `endpoint-service-region-mismatch`

use crate::model::{
    endpoint::EndpointKind,
    finding::{Confidence, Evidence},
    known::Known,
    resource::{ResourceKind, ResourceRef},
};

use super::{Case, Draft, Outcome, Rule, cross_region, declare_finding, endpoint_state, new_endpoint, words};

declare_finding! {
    /// ## What it means
    /// The service that this target is meant for is in another Region than this VPC, and no endpoint here leads there. An
    /// endpoint leads to its own Region unless it is made for another one by name, which the provider has to permit;
    /// without that EC2 answers that the service does not exist.
    /// ## How we know
    /// The service's name says another Region than this host's; DescribeVpcEndpoints lists no endpoint for it in this VPC; and
    /// the name gives no address, or public ones that do not answer.
    /// ## What looks like it
    /// `endpoint-missing`: the service is in this Region.
    /// `dns-nxdomain-no-record`: the endpoint is there, and the name is not.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoint-services --service-names SERVICE --service-regions REGION \
    ///       --query 'ServiceDetails[].SupportedRegions'
    /// ## How to fix it
    /// Create the endpoint with `--service-region`, if the provider supports this VPC's Region (some vendors want a ticket for
    /// that); otherwise use the vendor's service in this Region, or reach it from a VPC in the service's.
    static ENDPOINT_SERVICE_REGION_MISMATCH = { title: "the service is in another Region, and no endpoint here leads there", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_SERVICE_REGION_MISMATCH, check);

fn check(case: &Case<'_>) -> Outcome {
    let public: Vec<_> = case.undelivered_public().collect();
    if public.is_empty() && !case.name_gives_nothing() {
        return Ok(None);
    }
    let expected = case.target.target.expect.service.as_deref();
    let Some((service, there)) =
        expected.and_then(|service| Some((service, cross_region::foreign(case, service)?)))
    else {
        return Ok(None);
    };
    let endpoints = case.endpoints()?;
    if endpoints
        .iter()
        .any(|endpoint| endpoint.service == service && endpoint.kind == EndpointKind::Interface)
    {
        return Ok(None);
    }
    let shared = endpoint_state::shared_subnet(case) != Known::Known(None);
    let confidence = if shared { Confidence::Possible } else { Confidence::Confirmed };
    let here = cross_region::here(case).unwrap_or("another Region");
    let vpc = case.vpc().map_or("this VPC", |vpc| vpc.as_str());
    let text = format!("Create an endpoint in {vpc} that leads to {there}, if the provider supports {here}");
    let draft = Draft::new(
        confidence,
        format!(
            "{service} is a service in {there}; {vpc} is in {here} and has no endpoint that leads there."
        ),
    )
    .evidence([
        Evidence::of(
            format!("the configuration expects {service}, whose name says {there}"),
            ResourceRef::new(ResourceKind::EndpointService, service),
        ),
        Evidence::of(
            format!("{vpc} in {here}: DescribeVpcEndpoints lists no endpoint for it"),
            ResourceRef::new(ResourceKind::Vpc, vpc),
        ),
        words::system(case),
    ])
    .evidence(public.iter().map(|row| words::packets(case, row)))
    .fix(new_endpoint::fix(case, text, service, None, false))
    .explains(public.iter().copied());
    Ok(Some(if case.name_gives_nothing() { draft.explains_name() } else { draft }))
}
