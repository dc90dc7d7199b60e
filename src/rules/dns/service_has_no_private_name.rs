//! `dns-service-has-no-private-name`

use crate::model::{
    endpoint::{EndpointKind, EndpointState, VpcEndpoint},
    finding::{Confidence, Evidence, Fix, Severity},
    inventory::actions,
    known::{Reason, Unknown},
    net,
    resource::{ResourceKind, ResourceRef},
};

use super::{Case, Draft, Outcome, Rule, declare_finding, dns_servers, words};

declare_finding! {
    /// ## What it means
    /// The service behind the endpoint has no private DNS name, so private DNS cannot be switched on: nothing makes the
    /// name lead to the endpoint unless the consumer does it with a record of his own.
    /// ## How we know
    /// The configuration says that the target must lead to this endpoint or service, the name leads to public addresses, and
    /// DescribeVpcEndpointServices describes the service without any private DNS name.
    /// ## What looks like it
    /// `dns-private-dns-disabled`: the service has a private name, and it is off.
    /// `dns-private-name-unverified`: the service has a private name, and its provider has not proved that he owns it.
    /// `dns-nxdomain-no-record`: the name leads nowhere at all.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoint-services --service-names SERVICE --query 'ServiceDetails[].PrivateDnsNames'
    ///     aws ec2 modify-vpc-endpoint --vpc-endpoint-id VPCE --private-dns-enabled --dry-run
    /// ## How to fix it
    /// Create a private hosted zone named exactly like the host, associate it with this VPC, and put an alias A record at
    /// its apex that points to the endpoint's regional DNS name. Or ask the name of the private link that the vendor gives.
    static DNS_SERVICE_HAS_NO_PRIVATE_NAME = { title: "the service has no private DNS name that could be switched on", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_SERVICE_HAS_NO_PRIVATE_NAME, check);

fn check(case: &Case<'_>) -> Outcome {
    let public: Vec<_> =
        case.rows.iter().filter(|row| row.probe.used && !net::is_private(row.ip())).collect();
    if public.is_empty() || case.target.target.literal().is_some() {
        return Ok(None);
    }
    let target = &case.target.target;
    if target.endpoint.is_none() && target.expect.service.is_none() {
        return Ok(None);
    }
    let Some(endpoint) = case.endpoints()?.into_iter().find(|endpoint| is_meant(case, endpoint)) else {
        return Ok(None);
    };
    // Not described is not the same as without a name.
    let services = case.facts.inventory.endpoint_services.ok()?;
    let service = services.get(&endpoint.service);
    let service = service.ok_or_else(|| Unknown::new(actions::ENDPOINT_SERVICES, Reason::Absent))?;
    let leads = dns_servers::endpoints_by_resolver(case).is_ok_and(|held| !held.is_empty());
    if !service.private_dns_names.is_empty() || service.private_dns_verification.is_some() || leads {
        return Ok(None);
    }
    let failing: Vec<_> = case.undelivered_public().collect();
    let (host, id) = (case.host(), &endpoint.id);
    let to = endpoint.dns_names.first().map_or("the endpoint's regional DNS name", String::as_str);
    let vpc = case.vpc().map_or("VPC_ID", |vpc| vpc.as_str());
    let region = case.facts.host.region.as_deref().unwrap_or("REGION");
    let draft = Draft::new(
        Confidence::Confirmed,
        format!(
            "{host} leads to {}, not to {id}: its service has no private DNS name, so a record of your own must lead there.",
            words::list(public.iter().map(|row| row.ip()))
        ),
    )
    .evidence([
        Evidence::of(
            format!("{} declares no private DNS name", service.name),
            ResourceRef::new(ResourceKind::EndpointService, &service.name),
        ),
        words::system(case),
    ])
    .evidence(words::servers(case))
    .evidence(failing.iter().map(|row| words::packets(case, row)))
    .fix(Fix::text(format!("Create a private hosted zone named {host} for {vpc}")).cli(format!(
        "aws route53 create-hosted-zone --name {host} --vpc VPCRegion={region},VPCId={vpc} --caller-reference vpce-doctor-{}",
        case.facts.now.0
    )))
    .fix(Fix::text(format!("Then put an alias A record at its apex that points to {to}")))
    .explains(failing.iter().copied());
    Ok(Some(if failing.is_empty() { draft.severity(Severity::Warning) } else { draft }))
}

fn is_meant(case: &Case<'_>, endpoint: &VpcEndpoint) -> bool {
    let target = &case.target.target;
    endpoint.kind == EndpointKind::Interface
        && endpoint.state == EndpointState::Available
        && !endpoint.private_dns_enabled
        && endpoint.service.contains(".vpce-svc-")
        && target.endpoint.as_ref().is_none_or(|id| *id == endpoint.id)
        && target.expect.service.as_ref().is_none_or(|service| *service == endpoint.service)
}
