//! `dns-s3-inbound-only`

use crate::{
    analyze::dns,
    model::{
        endpoint::{EndpointKind, VpcEndpoint},
        finding::{Confidence, Evidence, Fix},
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{
    Case, Draft, Outcome, Rule, declare_finding,
    gateway_endpoint::{self, Way},
    words,
};

declare_finding! {
    /// ## What it means
    /// Private DNS of the S3 endpoint is on for what comes in through an inbound Resolver endpoint alone, that is, from
    /// outside the VPC. Hosts in the VPC go on getting public addresses and are meant to reach them through a gateway
    /// endpoint.
    /// ## How we know
    /// The interface endpoint has PrivateDnsEnabled and PrivateDnsOnlyForInboundResolverEndpoint true, its private DNS
    /// covers the name, the name gives public addresses that do not answer, and this subnet's route table does not send
    /// them to a gateway endpoint.
    /// ## What looks like it
    /// `dns-private-dns-disabled`: private DNS is off for everybody.
    /// `dns-vpc-attributes-off`: the VPC uses no private zone at all.
    /// `endpoint-wrong-type`: there is a gateway endpoint only.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoints --vpc-endpoint-ids VPCE --query 'VpcEndpoints[].DnsOptions'
    ///     dig +short NAME
    /// ## How to fix it
    /// Add this subnet's route table to the gateway endpoint, which costs nothing; or let private DNS answer in the VPC as
    /// well.
    static DNS_S3_INBOUND_ONLY = { title: "private DNS of the endpoint answers only from outside the VPC", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_S3_INBOUND_ONLY, check);

fn check(case: &Case<'_>) -> Outcome {
    let public: Vec<_> = case.undelivered_public().collect();
    if public.is_empty() {
        return Ok(None);
    }
    let endpoints = case.endpoints()?;
    let Some(endpoint) = endpoints.iter().find(|endpoint| is_for_others(case, endpoint)) else {
        return Ok(None);
    };
    let way = gateway_endpoint::way(case, &public);
    if matches!(way, Ok(Way::Gateway)) {
        return Ok(None);
    }
    let own_side = public.iter().any(|row| gateway_endpoint::is_stopped_before_route(row));
    let sure = way.is_ok() && !own_side && case.dns_attributes_off().is_empty() && case.vpc().is_some();
    let (host, id) = (case.host(), &endpoint.id);
    let ips = words::list(public.iter().map(|row| row.ip()));
    let mut draft = Draft::new(
        if sure { Confidence::Confirmed } else { Confidence::Possible },
        format!(
            "Private DNS of {id} answers only what comes from outside the VPC, so {host} leads to {ips} here."
        ),
    )
    .evidence([Evidence::of(
        format!("{id} for {}: PrivateDnsOnlyForInboundResolverEndpoint is true", endpoint.service),
        ResourceRef::new(ResourceKind::VpcEndpoint, id),
    )])
    .evidence([words::system(case)])
    .evidence(words::servers(case))
    .evidence(public.iter().map(|row| words::packets(case, row)))
    .explains(public.iter().copied());
    let gateway = endpoints.iter().find(|e| e.kind == EndpointKind::Gateway && e.service == endpoint.service);
    if let (Some(gateway), Ok(Way::Elsewhere(table) | Way::Nowhere(table))) = (gateway, way) {
        draft = draft.fix(Fix::text(format!("Add {} to the gateway endpoint {}", table.id, gateway.id)).cli(
            format!(
                "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {} --add-route-table-ids {}",
                gateway.id, table.id
            ),
        ));
    }
    Ok(Some(draft.fix(Fix::text("Or let private DNS answer in the VPC as well").cli(format!(
        "aws ec2 modify-vpc-endpoint --vpc-endpoint-id {id} --dns-options PrivateDnsOnlyForInboundResolverEndpoint=false"
    )))))
}

fn is_for_others(case: &Case<'_>, endpoint: &VpcEndpoint) -> bool {
    endpoint.kind == EndpointKind::Interface
        && endpoint.private_dns_enabled
        && endpoint.inbound_resolver_only
        && dns::private_dns_covers(&case.facts.inventory, endpoint, case.host()) == Some(true)
}
