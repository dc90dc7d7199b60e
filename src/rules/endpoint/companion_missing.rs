//! `endpoint-companion-missing`

use std::net::{IpAddr, Ipv4Addr};

use crate::{
    analyze::{dns, route},
    model::{
        endpoint::VpcEndpoint,
        finding::{Confidence, Evidence, Fix},
        known::Unknown,
        resource::{ResourceKind, ResourceRef},
        route::RouteTarget,
    },
};

use super::{Case, Draft, Outcome, Rule, declare_finding, new_endpoint, words};

declare_finding! {
    /// ## What it means
    /// Some AWS services are several endpoint services: pulling an image needs `ecr.api`, `ecr.dkr` and S3, Systems Manager
    /// needs `ssm` and `ssmmessages`. This VPC has an endpoint for one of them and none for another, and no other way out, so
    /// that the first call succeeds and the next one times out.
    /// ## How we know
    /// DescribeVpcEndpoints lists the one and not the other in this VPC, and the subnet's route table has no way to public
    /// addresses.
    /// ## What looks like it
    /// `endpoint-missing`: the very name that was asked for has no endpoint.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoints --filters Name=vpc-id,Values=VPC --query 'VpcEndpoints[].ServiceName'
    /// ## How to fix it
    /// Create the missing endpoints: interface endpoints with private DNS on; for S3 a gateway endpoint with the subnet's
    /// route table is enough.
    static ENDPOINT_COMPANION_MISSING = { title: "an endpoint that belongs with this one is missing", severity: Warning, side: ConsumerVpc, layer: Endpoint, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_COMPANION_MISSING, check);

/// Services that are of no use without each other.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html>,
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html>; agents since 3.3.40 need no
/// `ec2messages`.
const FAMILIES: [&[&str]; 2] = [&["ecr.api", "ecr.dkr", "s3"], &["ssm", "ssmmessages"]];

/// Any public address: which one does not matter to a default route. RFC 5737.
const ANYWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));

fn check(case: &Case<'_>) -> Outcome {
    let Some((prefix, own)) = service(case) else { return Ok(None) };
    // S3 belongs with others; others do not belong with it.
    let Some(family) = FAMILIES.iter().find(|family| family.contains(&own.as_str())).filter(|_| own != "s3")
    else {
        return Ok(None);
    };
    let endpoints = case.endpoints()?;
    let has = |name: &str| endpoints.iter().any(|endpoint| endpoint.service == format!("{prefix}.{name}"));
    let missing: Vec<String> =
        family.iter().filter(|name| !has(name)).map(|name| format!("{prefix}.{name}")).collect();
    if !has(&own) || missing.is_empty() || has_another_way(case)? {
        return Ok(None);
    }
    Ok(Some(draft(case, &endpoints, &format!("{prefix}.{own}"), &missing)))
}

/// The service behind the name, as `com.amazonaws.us-west-2` and `ecr.api`.
fn service(case: &Case<'_>) -> Option<(String, String)> {
    let served = case.rows.iter().find_map(|row| row.endpoint.known().copied().flatten());
    let service =
        served.map(|endpoint| endpoint.service.clone()).or_else(|| dns::service_of_aws_name(case.host()))?;
    let (at, _) = service.match_indices('.').nth(if service.starts_with("cn.") { 3 } else { 2 })?;
    let (prefix, name) = service.split_at(at);
    Some((prefix.to_owned(), name.trim_start_matches('.').to_owned()))
}

fn has_another_way(case: &Case<'_>) -> Result<bool, Unknown> {
    let vantage = &case.facts.vantage;
    let table = route::table_of(&case.facts.inventory, vantage.subnet.ok()?, vantage.vpc.ok()?);
    let table = *table.ok()?;
    let position = *route::decide(&case.facts.inventory, table, ANYWHERE).ok()?;
    let route = position.and_then(|at| table.routes.get(at));
    Ok(route.is_some_and(|route| !route.is_blackhole() && route.target != RouteTarget::Local))
}

fn draft(case: &Case<'_>, endpoints: &[&VpcEndpoint], own: &str, missing: &[String]) -> Draft {
    let vpc = case.vpc().map_or("this VPC", |vpc| vpc.as_str());
    let model = endpoints.iter().copied().find(|endpoint| endpoint.service == own);
    let gateway_table = case.vpc().zip(case.facts.vantage.subnet.known()).and_then(|(vpc, subnet)| {
        route::table_of(&case.facts.inventory, subnet, vpc).known().map(|table| table.id.to_string())
    });
    // Each missing endpoint is a cause of its own, whichever of its family was asked for.
    let subject = missing.first().map(|service| ResourceRef::new(ResourceKind::EndpointService, service));
    let draft = Draft::new(
        Confidence::Likely,
        format!(
            "{vpc} has an endpoint for {own} and none for {}: they are of use only together.",
            words::list(missing)
        ),
    )
    .evidence([Evidence {
        fact: format!(
            "{vpc} has endpoints for {}",
            words::list(endpoints.iter().map(|endpoint| &endpoint.service))
        ),
        reference: subject,
    }])
    .evidence([Evidence::new("the subnet's route table has no way to public addresses")]);
    missing.iter().fold(draft, |draft, service| {
        draft.fix(if service.rsplit('.').next() == Some("s3") {
            gateway(vpc, service, gateway_table.as_deref().unwrap_or("ROUTE_TABLE_ID"))
        } else {
            let text = format!("Create an endpoint for {service} in {vpc}");
            new_endpoint::fix(case, text, service, model, true)
        })
    })
}

/// S3 needs no interface: a route is enough, and costs nothing.
fn gateway(vpc: &str, service: &str, table: &str) -> Fix {
    Fix::text(format!("Create a gateway endpoint for {service} in {vpc}")).cli(format!(
        "aws ec2 create-vpc-endpoint --vpc-endpoint-type Gateway --vpc-id {vpc} --service-name {service} \
         --route-table-ids {table}"
    ))
}
