//! Which endpoints a name may be meant for, and where the resolver of this host's VPC is: questions that a collection asks
//! of the configuration to know what else to ask of DNS.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net};

use crate::{
    analyze::dns,
    model::{
        endpoint::{EndpointKind, VpcEndpoint},
        host::Host,
        id::EndpointId,
        inventory::Inventory,
        name::{Lookup, LookupOutcome, ServerAnswer},
        target::Target,
    },
};

/// Endpoints whose names are asked, at most, and names of each: the regional one and one for each zone.
const ENDPOINTS: usize = 2;
const NAMES: usize = 8;

/// By what the user configured, by the endpoint's own name in the question or the answers, by private DNS, by service; or
/// the only one there is.
pub(super) fn endpoints<'a>(
    inventory: &'a Inventory,
    target: &Target,
    answers: &[&ServerAnswer],
) -> Vec<&'a VpcEndpoint> {
    let all = inventory.vpc_endpoints.known().into_iter().flatten();
    let all: Vec<&VpcEndpoint> = all.filter(|endpoint| endpoint.kind == EndpointKind::Interface).collect();
    let lookups = answers.iter().flat_map(|server| server.lookups()).filter_map(Lookup::answer);
    let aliases = lookups.flat_map(|answer| answer.cnames.iter().map(|cname| cname.target.as_str()));
    let own: Vec<&str> =
        [target.host.as_str()].into_iter().chain(aliases).filter_map(dns::endpoint_of_own_name).collect();
    let service = target.expect.service.clone().or_else(|| dns::service_of_aws_name(&target.host));
    let meant = |endpoint: &&&VpcEndpoint| {
        let id: &EndpointId = &endpoint.id;
        target.endpoint.as_ref() == Some(id)
            || own.contains(&id.as_str())
            || service.as_deref() == Some(endpoint.service.as_str())
            || dns::private_dns_covers(inventory, endpoint, &target.host) == Some(true)
    };
    let mut meant: Vec<&VpcEndpoint> = all.iter().filter(meant).take(ENDPOINTS).copied().collect();
    if let ([], [only]) = (meant.as_slice(), all.as_slice()) {
        meant.push(only);
    }
    meant
}

/// Regional, then zonal.
pub(super) fn own_names(endpoints: &[&VpcEndpoint]) -> Vec<String> {
    let names = |endpoint: &&VpcEndpoint| {
        let own = |name: &&String| !name.starts_with('*') && dns::endpoint_of_own_name(name).is_some();
        let mut names: Vec<String> = endpoint.dns_names.iter().filter(own).cloned().collect();
        names.sort_by_key(|name| dns::zone_of_own_name(name).is_some());
        names.truncate(NAMES);
        names
    };
    endpoints.iter().flat_map(names).collect()
}

/// Whether the name leads to the endpoint, and not to all of its addresses.
pub(super) fn leaves_out(inventory: &Inventory, endpoint: &VpcEndpoint, used: &[IpAddr]) -> bool {
    let all = inventory.network_interfaces.known().into_iter().flatten();
    let own = all.filter(|eni| endpoint.network_interfaces.contains(&eni.id));
    let (reached, left): (Vec<_>, Vec<_>) = own.partition(|eni| used.iter().any(|ip| eni.holds(*ip)));
    !reached.is_empty() && !left.is_empty()
}

/// The VPC's resolver as its own range has it: by the instance metadata, or the one VPC in whose range we stand.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html>
pub(super) fn base_plus_two(
    host: Option<&Host>,
    inventory: Option<&Inventory>,
    source: IpAddr,
) -> Option<SocketAddr> {
    let metadata = host.and_then(|host| host.metadata.known());
    let here = metadata.and_then(|metadata| {
        let holds = metadata.interfaces.iter().find(|interface| interface.addresses.contains(&source));
        holds.or(metadata.interfaces.first())?.vpc_cidr
    });
    let base = here.or_else(|| primary_range(inventory?, source))?.network();
    let resolver = Ipv4Addr::from(u32::from(base).checked_add(2)?);
    (!resolver.is_loopback()).then(|| (resolver, 53).into())
}

fn primary_range(inventory: &Inventory, source: IpAddr) -> Option<Ipv4Net> {
    let all = inventory.vpcs.known()?.iter();
    let mut around = all.filter(|vpc| vpc.cidrs.iter().any(|cidr| cidr.contains(&source)));
    // Where ranges repeat, nothing here tells in which we stand.
    let (Some(vpc), None) = (around.next(), around.next()) else { return None };
    vpc.cidrs.iter().find_map(|cidr| if let IpNet::V4(cidr) = cidr { Some(*cidr) } else { None })
}

/// Whether this server answers anything at all.
pub(super) fn lives(answer: &ServerAnswer) -> bool {
    answer.lookups().into_iter().any(|lookup| matches!(lookup.outcome, LookupOutcome::Answered(_)))
}
