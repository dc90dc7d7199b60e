//! `dns-phz-not-associated`

use crate::model::finding::{Confidence, Fix};

use super::{Case, Draft, Outcome, Rule, declare_finding, elsewhere, words};

declare_finding! {
    /// ## What it means
    /// The endpoint for this name is in another VPC, without private DNS, as in hubs that share their endpoints. There the
    /// name is a record in a private hosted zone; a zone answers in those VPCs alone that it is associated with, and
    /// neither peering nor a transit gateway carries it along.
    /// ## How we know
    /// The name gives nothing or public addresses that do not answer; the endpoint that the configuration or the service's
    /// private name says is in another VPC, and this VPC has none for the service. Likely where the two VPCs are joined,
    /// and no more: which zones are associated only Route 53 tells, which is not asked.
    /// ## What looks like it
    /// `dns-nxdomain-no-record`: there is no such zone anywhere.
    /// `dns-outside-vpc`: private DNS of the endpoint there is on, and its zone cannot be shared.
    /// `endpoint-in-other-vpc`: the name resolves, and nothing carries the packets there.
    /// ## How to confirm it by hand
    ///     aws route53 list-hosted-zones-by-vpc --vpc-id VPC --vpc-region REGION
    ///     aws route53 list-hosted-zones-by-vpc --vpc-id OTHER_VPC --vpc-region REGION
    /// ## How to fix it
    /// Associate the zone with this VPC. Where another account owns the zone, it authorises the association first.
    static DNS_PHZ_NOT_ASSOCIATED = { title: "the private hosted zone of another VPC is not associated with this one", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_PHZ_NOT_ASSOCIATED, check);

fn check(case: &Case<'_>) -> Outcome {
    let public: Vec<_> = case.undelivered_public().collect();
    let nothing = elsewhere::is_unknown_here(case);
    if public.is_empty() && !nothing {
        return Ok(None);
    }
    case.facts.inventory.vpc_endpoints.ok()?;
    let Some(there) = elsewhere::meant(case).filter(|there| !there.endpoint.private_dns_enabled) else {
        return Ok(None);
    };
    let (host, endpoint) = (case.host(), there.endpoint);
    let here = case.vpc().map_or("VPC_ID", |vpc| vpc.as_str());
    let region = case.facts.host.region.as_deref().unwrap_or("REGION");
    let confidence = if there.joint.is_some() { Confidence::Likely } else { Confidence::Possible };
    let draft = Draft::new(
        confidence,
        format!(
            "{host} is for {} in {}; the private hosted zone that has it there is not associated with {here}.",
            endpoint.id, endpoint.vpc
        ),
    )
    .evidence(there.evidence())
    .evidence([words::system(case)])
    .evidence(words::servers(case))
    .evidence(public.iter().map(|row| words::packets(case, row)))
    .fix(Fix::text(format!("See which zone has {host} in {}", endpoint.vpc)).cli(format!(
        "aws route53 list-hosted-zones-by-vpc --vpc-id {} --vpc-region {region}",
        endpoint.vpc
    )))
    .fix(Fix::text(format!("Then associate that zone with {here}")).cli(format!(
        "aws route53 associate-vpc-with-hosted-zone --hosted-zone-id ZONE_ID --vpc VPCRegion={region},VPCId={here}"
    )))
    .explains(public.iter().copied());
    Ok(Some(if nothing { draft.explains_name() } else { draft }))
}
