//! `endpoint-missing`

use crate::{
    analyze::dns,
    model::{
        endpoint::{EndpointKind, VpcEndpoint},
        finding::{Confidence, Evidence, Fix},
        known::Known,
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Rule, declare_finding, endpoint_state, words};

declare_finding! {
    /// ## What it means
    /// Nothing in this VPC connects privately to the service: its name leads to public addresses that this host cannot
    /// reach, or to nothing.
    /// ## How we know
    /// DescribeVpcEndpoints lists no endpoint of the service in this VPC (or not the endpoint that the configuration
    /// names), and the name gives public addresses that do not answer, or no address. In a subnet that another account
    /// shares that is no more than a possibility: its endpoints are not listed.
    /// ## What looks like it
    /// `dns-private-dns-disabled`: the endpoint exists, its name is off.
    /// `endpoint-in-other-vpc`: the endpoint exists, elsewhere.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoints --filters Name=vpc-id,Values=VPC Name=service-name,Values=SERVICE
    /// ## How to fix it
    /// Create an interface endpoint for the service, with private DNS on, in subnets of at least two zones, and with a
    /// security group that admits this host on the service's port. Where an endpoint serves the same service under the name
    /// of this Region, ask that name instead of a global one or another Region's.
    static ENDPOINT_MISSING = { title: "this VPC has no endpoint for the service", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_MISSING, check);

fn check(case: &Case<'_>) -> Outcome {
    let public: Vec<_> = case.undelivered_public().collect();
    if public.is_empty() && !case.name_gives_nothing() {
        return Ok(None);
    }
    let endpoints = case.endpoints()?;
    let Some((what, sure)) = absent(case, &endpoints) else {
        return Ok(None);
    };
    let shared = endpoint_state::shared_subnet(case);
    let confidence = if shared == Known::Known(None) { sure } else { Confidence::Possible };
    let shared = shared.known().copied().flatten().map(|subnet| {
        Evidence::of(
            format!("{subnet} is shared by another account, whose endpoints are not listed"),
            ResourceRef::new(ResourceKind::Subnet, subnet),
        )
    });
    let regional = endpoints.iter().find_map(|e| Some((*e, dns::regional_name(e, case.host())?)));
    let vpc = case.vpc().map_or("this VPC", |vpc| vpc.as_str());
    let leads = if public.is_empty() {
        format!("{} gives no address", case.host())
    } else {
        format!("{} leads to {}", case.host(), words::list(public.iter().map(|row| row.ip())))
    };
    let draft = Draft::new(confidence, format!("{vpc} has no {}; {leads}.", what.describe()))
        .evidence([Evidence::of(
            format!("{vpc}: DescribeVpcEndpoints lists {}", listed(&endpoints)),
            ResourceRef::new(ResourceKind::Vpc, vpc),
        )])
        .evidence([words::system(case)])
        .evidence(public.iter().map(|row| words::packets(case, row)))
        .evidence(shared)
        .evidence(regional.as_ref().map(|(endpoint, name)| {
            let fact = format!("{} serves {name}, the same service in another Region", endpoint.id);
            Evidence::of(fact, ResourceRef::new(ResourceKind::VpcEndpoint, &endpoint.id))
        }))
        .fix(regional.map_or_else(|| fix(vpc, &what), |(endpoint, name)| use_name(endpoint, &name)))
        .explains(public.iter().copied());
    Ok(Some(if case.name_gives_nothing() { draft.explains_name() } else { draft }))
}

/// What should exist here and does not.
enum Absent {
    Endpoint(String),
    Service(String),
    Any,
}

impl Absent {
    fn describe(&self) -> String {
        match self {
            Self::Endpoint(id) => format!("endpoint {id}"),
            Self::Service(name) => format!("endpoint for {name}"),
            Self::Any => "interface endpoint that could serve this name".to_owned(),
        }
    }
}

fn absent(case: &Case<'_>, endpoints: &[&VpcEndpoint]) -> Option<(Absent, Confidence)> {
    let target = &case.target.target;
    if let Some(id) = &target.endpoint {
        // One that is nowhere to be seen is another finding's.
        let elsewhere = case.facts.inventory.endpoint(id).is_some();
        let here = endpoints.iter().any(|endpoint| endpoint.id == *id);
        return (elsewhere && !here).then(|| (Absent::Endpoint(id.to_string()), Confidence::Confirmed));
    }
    // A regional name of AWS exists publicly with or without an endpoint: that it gives nothing has another cause.
    let by_name = || dns::service_of_aws_name(case.host()).filter(|_| !case.name_gives_nothing());
    let service = target.expect.service.clone().or_else(by_name);
    if let Some(service) = service {
        let served = endpoints.iter().any(|e| e.service == service || covers(case, e));
        return (!served).then_some((Absent::Service(service), Confidence::Confirmed));
    }
    // A name that says nothing of its service: it tells something that no endpoint here could serve it.
    let could_serve = |endpoint: &&VpcEndpoint| {
        endpoint.kind == EndpointKind::Interface
            && dns::private_dns_covers(&case.facts.inventory, endpoint, case.host()) != Some(false)
    };
    let none = !endpoints.iter().any(could_serve) && target.literal().is_none();
    let public = case.undelivered_public().next().is_some();
    let regional = endpoints.iter().any(|endpoint| dns::regional_name(endpoint, case.host()).is_some());
    let confidence = if regional { Confidence::Likely } else { Confidence::Possible };
    (none && public).then_some((Absent::Any, confidence))
}

fn covers(case: &Case<'_>, endpoint: &VpcEndpoint) -> bool {
    dns::private_dns_covers(&case.facts.inventory, endpoint, case.host()) == Some(true)
}

fn listed(endpoints: &[&VpcEndpoint]) -> String {
    if endpoints.is_empty() {
        return "no endpoint".to_owned();
    }
    words::list(endpoints.iter().map(|endpoint| format!("{} ({})", endpoint.id, endpoint.service)))
}

/// Clients of AWS ask global names, or those of the Region they were configured with.
fn use_name(endpoint: &VpcEndpoint, name: &str) -> Fix {
    Fix::text(format!(
        "Ask {name}, which {} serves: set the client's Region (AWS_REGION; for STS, AWS_STS_REGIONAL_ENDPOINTS=regional)",
        endpoint.id
    ))
}

fn fix(vpc: &str, what: &Absent) -> Fix {
    let service = match what {
        Absent::Service(name) => name.as_str(),
        Absent::Endpoint(_) | Absent::Any => "SERVICE_NAME",
    };
    Fix::text(format!("Create an interface endpoint in {vpc}, with private DNS on")).cli(format!(
        "aws ec2 create-vpc-endpoint --vpc-endpoint-type Interface --vpc-id {vpc} --service-name {service} \
         --subnet-ids SUBNET_IDS --security-group-ids GROUP_ID --private-dns-enabled"
    ))
}
