//! What the findings that ask for another endpoint share: the command, with every id that is known.

use crate::model::{
    endpoint::{EndpointKind, EndpointState, VpcEndpoint},
    finding::Fix,
    id::SubnetId,
};

use super::{Case, cross_region, words};

/// Creates an interface endpoint, `like` one that exists or existed.
pub(super) fn fix(
    case: &Case<'_>,
    text: impl Into<String>,
    service: &str,
    like: Option<&VpcEndpoint>,
    private_dns: bool,
) -> Fix {
    let vpc = case.vpc().map_or("VPC_ID", |vpc| vpc.as_str());
    let mut text = text.into();
    let groups = like.map(|endpoint| spaced(&endpoint.groups)).filter(|groups| !groups.is_empty());
    if groups.is_none() {
        let port = case.target.target.port;
        text = format!("{text} (GROUP_ID: a group that admits tcp/{port} from {})", who(case));
    }
    let groups = groups.as_deref().unwrap_or("GROUP_ID");
    let subnets = subnets(case, service, like);
    let dns = if private_dns { " --private-dns-enabled" } else { "" };
    let region = cross_region::foreign(case, service);
    let region = region.map(|region| format!(" --service-region {region}")).unwrap_or_default();
    Fix::text(text).cli(format!(
        "aws ec2 create-vpc-endpoint --vpc-endpoint-type Interface --vpc-id {vpc} --service-name {service}{region} \
         --subnet-ids {subnets} --security-group-ids {groups}{dns}"
    ))
}

/// Those of the model; else where this VPC's other endpoints lie; else the one this host stands in.
fn subnets(case: &Case<'_>, service: &str, like: Option<&VpcEndpoint>) -> String {
    let abroad = cross_region::foreign(case, service).is_some();
    let fit = |id: &&SubnetId| !abroad || cross_region::unsupported(case, id).is_none();
    let spaced = |all: &[SubnetId]| spaced(&all.iter().filter(fit).collect::<Vec<_>>());
    let others = case.endpoints().unwrap_or_default();
    let others = others.iter().copied().filter(|endpoint| endpoint.kind == EndpointKind::Interface);
    let all = like.into_iter().chain(others).map(|endpoint| spaced(&endpoint.subnets));
    let here = case.facts.vantage.subnet.known().filter(fit).map(ToString::to_string);
    all.chain(here).find(|subnets| !subnets.is_empty()).unwrap_or_else(|| "SUBNET_IDS".to_owned())
}

fn spaced<T: ToString>(ids: &[T]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn who(case: &Case<'_>) -> String {
    let groups = case.facts.vantage.security_groups.known().filter(|groups| !groups.is_empty());
    groups.map_or_else(|| "this host".to_owned(), |groups| words::list(groups.iter().take(1)))
}

/// An endpoint here that is available and leads to this service.
pub(super) fn living<'a>(case: &Case<'a>, service: &str) -> Option<&'a VpcEndpoint> {
    let serves = |endpoint: &&VpcEndpoint| {
        endpoint.kind == EndpointKind::Interface
            && endpoint.state == EndpointState::Available
            && endpoint.service == service
    };
    case.endpoints().ok()?.into_iter().find(serves)
}
