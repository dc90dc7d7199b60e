//! `dns-outside-vpc`

use crate::{
    analyze::dns,
    model::{
        endpoint::{EndpointKind, EndpointState, VpcEndpoint},
        finding::{Confidence, Evidence, Fix},
    },
};

use super::{Case, Draft, Outcome, Rule, declare_finding, elsewhere, words};

declare_finding! {
    /// ## What it means
    /// The name is a private DNS name of an endpoint, and this host asks from outside the endpoint's VPC. Such names exist
    /// for the resolver of that VPC alone; everywhere else they lead to public addresses or nowhere. Neither a peering
    /// connection nor a VPN changes that.
    /// ## How we know
    /// Private DNS is on at an endpoint whose private name covers this one; this host is in another VPC, or in none that is
    /// described; and the name gives nothing, or public addresses that do not answer.
    /// ## What looks like it
    /// `dns-custom-server-no-forward`: the host is in the VPC, and asks a server that does not ask the VPC's resolver.
    /// `dns-phz-not-associated`: the name is a record of an ordinary zone, which can be associated with further VPCs.
    /// `endpoint-missing`: no VPC that is described has an endpoint for the service.
    /// ## How to confirm it by hand
    ///     dig +short NAME
    ///     dig +short REGIONAL_NAME       # the endpoint's own name is public, and leads to its private addresses
    ///     aws ec2 describe-vpc-endpoints --vpc-endpoint-ids VPCE --query 'VpcEndpoints[].[VpcId,DnsEntries]'
    /// ## How to fix it
    /// Ask the endpoint's own regional name, if the service's certificate covers it. Or forward the name to an inbound
    /// endpoint of Route 53 Resolver in that VPC. Or switch private DNS off there, and associate a private hosted zone of
    /// the name, with an alias to the endpoint, with both VPCs.
    static DNS_OUTSIDE_VPC = { title: "the private DNS name is asked from outside the endpoint's VPC", severity: Error, side: Client, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_OUTSIDE_VPC, check);

fn check(case: &Case<'_>) -> Outcome {
    let public: Vec<_> = case.undelivered_public().collect();
    let nothing = elsewhere::is_unknown_here(case);
    if public.is_empty() && !nothing {
        return Ok(None);
    }
    case.facts.inventory.vpc_endpoints.ok()?;
    let Some((endpoint, place, sure)) = in_another_vpc(case).or_else(|| in_none(case)) else {
        return Ok(None);
    };
    let (host, id, vpc) = (case.host(), &endpoint.id, &endpoint.vpc);
    let draft =
        Draft::new(sure, format!("{host} is a private DNS name of {id}, which {vpc} alone resolves."))
            .evidence(place)
            .evidence([words::system(case)])
            .evidence(words::servers(case))
            .evidence(public.iter().map(|row| words::packets(case, row)));
    let draft = match endpoint.dns_names.first() {
        Some(name) => draft
            .fix(Fix::text(format!("Ask {name}, which resolves everywhere, if the certificate covers it"))),
        None => draft,
    };
    let draft = draft
        .fix(
            Fix::text(format!("Or let this host's DNS server forward {host} to an inbound endpoint of Route 53 Resolver in {vpc}"))
                .cli(format!("aws route53resolver list-resolver-endpoints --filters Name=HostVPCId,Values={vpc}")),
        )
        .explains(public.iter().copied());
    Ok(Some(if nothing { draft.explains_name() } else { draft }))
}

type Found<'a> = (&'a VpcEndpoint, Vec<Evidence>, Confidence);

fn in_another_vpc<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let there = elsewhere::meant(case)?;
    answers_there(case, there.endpoint).then(|| {
        // Two VPCs that nothing joins may have nothing to do with each other.
        let confidence = if there.joint.is_some() { Confidence::Likely } else { Confidence::Possible };
        (there.endpoint, there.evidence(), confidence)
    })
}

/// This host's address lies in no VPC that is described, and no metadata service says otherwise.
fn in_none<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let (inventory, vantage) = (&case.facts.inventory, &case.facts.vantage);
    let source = vantage.source_ip.known()?;
    let described = inventory.vpcs.known()?;
    let inside = described.iter().any(|vpc| vpc.cidrs.iter().any(|cidr| cidr.contains(source)));
    if inside || vantage.vpc.is_known() || case.facts.host.metadata.is_known() || source.is_loopback() {
        return None;
    }
    let mut all = inventory.vpc_endpoints.known()?.iter();
    let endpoint = all.find(|endpoint| {
        endpoint.kind == EndpointKind::Interface
            && endpoint.state == EndpointState::Available
            && answers_there(case, endpoint)
    })?;
    let evidence = vec![
        Evidence::of(
            format!(
                "{} for {} is in {}: PrivateDnsEnabled is true",
                endpoint.id, endpoint.service, endpoint.vpc
            ),
            words::endpoint_ref(endpoint),
        ),
        Evidence::new(format!("this host's address {source} lies in no VPC that is described")),
    ];
    Some((endpoint, evidence, Confidence::Likely))
}

fn answers_there(case: &Case<'_>, endpoint: &VpcEndpoint) -> bool {
    endpoint.private_dns_enabled
        && dns::private_dns_covers(&case.facts.inventory, endpoint, case.host()) == Some(true)
        && dns::shadowing_domain(&case.facts.inventory, endpoint, case.host()).is_none()
}
