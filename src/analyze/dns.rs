//! What the names of endpoints and services should lead to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::model::{endpoint::VpcEndpoint, id::EndpointId, inventory::Inventory};

/// Where the VPC's resolver answers in every VPC.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html>
pub const VPC_RESOLVER_V4: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 253);
pub const VPC_RESOLVER_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x253);

/// Whether this server is the VPC's own resolver: link-local, or base plus two of a known VPC's primary CIDR.
pub fn is_vpc_resolver(inventory: &Inventory, server: SocketAddr) -> bool {
    let base_plus_two = |ip: Ipv4Addr| {
        inventory.vpcs.known().into_iter().flatten().any(|vpc| match vpc.cidrs.first() {
            Some(ipnet::IpNet::V4(cidr)) => u32::from(cidr.network()).wrapping_add(2) == u32::from(ip),
            _ => false,
        })
    };
    match server.ip() {
        IpAddr::V4(ip) => ip == VPC_RESOLVER_V4 || base_plus_two(ip),
        IpAddr::V6(ip) => ip == VPC_RESOLVER_V6,
    }
}

/// Whether private DNS for this endpoint's service covers the name. `None` when the service's private names
/// are not known.
pub fn private_dns_covers(inventory: &Inventory, endpoint: &VpcEndpoint, host: &str) -> Option<bool> {
    let names = private_names(inventory, endpoint);
    // The customary name of an AWS service: if it fits, it is the one; if not, the service may have others.
    let customary = aws_service_name(&endpoint.service);
    // Its zone holds everything below it too: 123456789012.dkr.ecr.us-west-2.amazonaws.com.
    let below = customary.as_ref().map(|name| format!("*.{name}"));
    if names.iter().chain(&customary).chain(&below).any(|pattern| name_matches(pattern, host)) {
        return Some(true);
    }
    // AWS's names are served by AWS's services, others by those of vendors.
    let all_known = !names.is_empty() || customary.is_some() != is_aws_name(host);
    all_known.then_some(false)
}

/// The private names that the service declares and the endpoint lists, as far as they are known.
fn private_names(inventory: &Inventory, endpoint: &VpcEndpoint) -> Vec<String> {
    let declared =
        inventory.service(&endpoint.service).map(|s| s.private_dns_names.clone()).unwrap_or_default();
    let listed = endpoint.dns_names.iter().filter(|name| endpoint_of_own_name(name).is_none()).cloned();
    declared.into_iter().chain(listed).collect()
}

/// Every name that leads to this endpoint, or would with private DNS; `*.` stands for any names below.
pub fn names_of(inventory: &Inventory, endpoint: &VpcEndpoint) -> Vec<String> {
    let customary = aws_service_name(&endpoint.service).into_iter().flat_map(customary_names);
    endpoint.dns_names.iter().cloned().chain(private_names(inventory, endpoint)).chain(customary).collect()
}

/// Whether AWS publishes the name, so that the whole world resolves it: it is that of a service that is offered here, or a
/// global one of a service that an endpoint here is for and that has such a name.
/// <https://docs.aws.amazon.com/general/latest/gr/rande.html>
pub fn is_published_by_aws(inventory: &Inventory, endpoints: &[&VpcEndpoint], host: &str) -> bool {
    let host = host.trim_end_matches('.');
    let service = service_of_aws_name(host);
    let offered = |service: &String| {
        inventory.service(service).is_some() || endpoints.iter().any(|endpoint| endpoint.service == *service)
    };
    let own_name = service.filter(offered).and_then(|service| aws_service_name(&service));
    let global = || {
        let named =
            GLOBAL.iter().any(|service| host.eq_ignore_ascii_case(&format!("{service}.amazonaws.com")));
        named && endpoints.iter().any(|endpoint| regional_name(endpoint, host).is_some())
    };
    own_name.is_some_and(|name| name.eq_ignore_ascii_case(host)) || global()
}

/// Services that are also served worldwide, under a name without a Region.
const GLOBAL: [&str; 3] = ["iam", "s3", "sts"];

/// The domain of a private name of this endpoint that the name lies in without being one of its names: where
/// private DNS is on, the zone answers for all of the domain, and has no record of this name.
pub fn shadowing_domain(inventory: &Inventory, endpoint: &VpcEndpoint, host: &str) -> Option<String> {
    let mut names = private_names(inventory, endpoint);
    if names.is_empty() {
        names.extend(aws_service_name(&endpoint.service).into_iter().flat_map(customary_names));
    }
    if names.iter().any(|pattern| name_matches(pattern, host)) {
        return None;
    }
    let domains = names.iter().map(|name| name.trim_start_matches("*.").trim_end_matches('.'));
    domains.map(str::to_ascii_lowercase).find(|domain| name_matches(&format!("*.{domain}"), host))
}

/// The state of the proof that the service's private name is the provider's, where it is not complete.
pub fn unverified(inventory: &Inventory, endpoint: &VpcEndpoint) -> Option<String> {
    let service = inventory.service(&endpoint.service)?;
    service.private_dns_verification.clone().filter(|state| !state.eq_ignore_ascii_case("verified"))
}

/// Whether private DNS gives the name to this endpoint and not to the one that is meant, which leads to the same service.
pub fn owns_name_of(inventory: &Inventory, owner: &VpcEndpoint, meant: &EndpointId, host: &str) -> bool {
    let same_service = |meant: &VpcEndpoint| {
        meant.id != owner.id && meant.vpc == owner.vpc && meant.service == owner.service
    };
    owner.private_dns_enabled
        && inventory.endpoint(meant).is_some_and(same_service)
        && private_dns_covers(inventory, owner, host) != Some(false)
}

/// The name by which this endpoint's service is asked in the endpoint's own Region, where the name means the same
/// service in another Region or in none: `sts.amazonaws.com` → `sts.us-west-2.amazonaws.com`.
pub fn regional_name(endpoint: &VpcEndpoint, host: &str) -> Option<String> {
    let regional = aws_service_name(&endpoint.service)?;
    let (asked, served) = (without_region(host)?, without_region(&regional)?);
    let below = asked.strip_suffix(served.as_str())?;
    let name = format!("{below}{regional}");
    let same_service = below.is_empty() || below.ends_with('.');
    (same_service && !host.trim_end_matches('.').eq_ignore_ascii_case(&name)).then_some(name)
}

/// What stands before the Region, or before `amazonaws.com` where there is none.
fn without_region(host: &str) -> Option<String> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let labels = host.strip_suffix(".amazonaws.com.cn").or_else(|| host.strip_suffix(".amazonaws.com"))?;
    let service = match labels.rsplit_once('.') {
        Some((service, region)) if looks_like_region(region) => service,
        _ => labels,
    };
    Some(service.to_owned())
}

/// The Region that a service's name says: `com.amazonaws.us-west-2.sts`, `com.amazonaws.vpce.us-west-2.vpce-svc-9`.
pub fn region_of_service(service: &str) -> Option<&str> {
    let rest = service.trim_start_matches("cn.").strip_prefix("com.amazonaws.")?;
    let region = rest.strip_prefix("vpce.").unwrap_or(rest).split('.').next()?;
    looks_like_region(region).then_some(region)
}

fn looks_like_region(label: &str) -> bool {
    label.split('-').count() >= 3 && label.ends_with(|c: char| c.is_ascii_digit())
}

/// `com.amazonaws.us-west-2.ecr.api` → `api.ecr.us-west-2.amazonaws.com`.
/// <https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html>
fn aws_service_name(service: &str) -> Option<String> {
    let (rest, suffix) = match service.strip_prefix("cn.com.amazonaws.") {
        Some(rest) => (rest, "amazonaws.com.cn"),
        None => (service.strip_prefix("com.amazonaws.")?, "amazonaws.com"),
    };
    let (region, service) = rest.split_once('.')?;
    if region == "vpce" {
        return None;
    }
    let labels: Vec<_> = service.split('.').rev().collect();
    Some(format!("{}.{region}.{suffix}", labels.join(".")))
}

pub fn is_aws_name(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    [".amazonaws.com", ".amazonaws.com.cn", ".aws", ".on.aws", ".api.aws"]
        .iter()
        .any(|suffix| host.ends_with(suffix))
}

/// The service an AWS host name belongs to: `sts.us-west-2.amazonaws.com` → `com.amazonaws.us-west-2.sts`.
pub fn service_of_aws_name(host: &str) -> Option<String> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let (labels, prefix) = match host.strip_suffix(".amazonaws.com.cn") {
        Some(labels) => (labels, "cn.com.amazonaws"),
        None => (host.strip_suffix(".amazonaws.com")?, "com.amazonaws"),
    };
    let labels: Vec<_> = labels.split('.').collect();
    let (region, service) = labels.split_last()?;
    if service.is_empty() || !looks_like_region(region) || service.contains(&"vpce") {
        return None;
    }
    let service: Vec<_> = of_service(service).iter().rev().copied().collect();
    Some(format!("{prefix}.{region}.{}", service.join(".")))
}

/// Services that give each customer's resource, account or bucket a name below their own.
const WITH_NAMES_BELOW: [&[&str]; 3] = [&["dkr", "ecr"], &["execute-api"], &["s3"]];

/// The private names of a service of AWS as far as its name tells.
fn customary_names(name: String) -> Vec<String> {
    let has_below = WITH_NAMES_BELOW.iter().any(|own| name.starts_with(&format!("{}.", own.join("."))));
    let below = has_below.then(|| format!("*.{name}"));
    below.into_iter().chain([name]).collect()
}

/// The labels that name the service: `dkr.ecr` of `123456789012.dkr.ecr`.
fn of_service<'a>(labels: &'a [&'a str]) -> &'a [&'a str] {
    let own = WITH_NAMES_BELOW.iter().find(|own| labels.ends_with(own)).map_or(labels.len(), |own| own.len());
    &labels[labels.len() - own..]
}

/// Whether this is the name of an API of API Gateway: `abcd1234.execute-api.us-west-2.amazonaws.com`.
pub fn is_api_name(host: &str) -> bool {
    let of_api_gateway = |service: String| service.ends_with(".execute-api");
    service_of_aws_name(host).is_some_and(of_api_gateway) && !host.starts_with("execute-api.")
}

/// The endpoint whose own name (`vpce-….vpce.amazonaws.com`) this is.
pub fn endpoint_of_own_name(host: &str) -> Option<&str> {
    let label = own_label(host)?;
    let end = label.match_indices('-').nth(1).map_or(label.len(), |(at, _)| at);
    label.get(..end)
}

/// The service that an endpoint's own name tells: `vpce-0ab-x1y2.vpce-svc-9.us-west-2.vpce.amazonaws.com` →
/// `com.amazonaws.vpce.us-west-2.vpce-svc-9`.
pub fn service_of_own_name(host: &str) -> Option<String> {
    own_label(host)?;
    let host = host.trim_end_matches('.');
    let (labels, prefix) = match host.strip_suffix(".vpce.amazonaws.com.cn") {
        Some(labels) => (labels, "cn.com.amazonaws"),
        None => (host.strip_suffix(".vpce.amazonaws.com")?, "com.amazonaws"),
    };
    let (rest, region) = labels.rsplit_once('.').filter(|(_, region)| looks_like_region(region))?;
    let mut labels = rest.split('.').skip_while(|label| !label.starts_with("vpce-")).skip(1).peekable();
    if labels.peek()?.starts_with("vpce-svc-") {
        return Some(format!("{prefix}.vpce.{region}.{}", labels.next()?));
    }
    let service: Vec<_> = labels.collect::<Vec<_>>().into_iter().rev().collect();
    Some(format!("{prefix}.{region}.{}", service.join(".")))
}

/// The zone that an endpoint's own name is bound to: `vpce-0ab-x1y2-us-west-2a.…` → `us-west-2a`.
pub fn zone_of_own_name(host: &str) -> Option<&str> {
    let label = own_label(host)?;
    let (at, _) = label.match_indices('-').nth(2)?;
    label.get(at + 1..)
}

fn own_label(host: &str) -> Option<&str> {
    let host = host.trim_end_matches('.');
    if ![".vpce.amazonaws.com", ".vpce.amazonaws.com.cn"].iter().any(|suffix| host.ends_with(suffix)) {
        return None;
    }
    host.split('.').find(|label| label.starts_with("vpce-") && !label.starts_with("vpce-svc-"))
}

/// A name equals a pattern, or falls under its leading `*` (any depth, as private DNS wildcards do).
fn name_matches(pattern: &str, host: &str) -> bool {
    let pattern = pattern.trim_end_matches('.').to_ascii_lowercase();
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    match pattern.strip_prefix('*') {
        Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
        None => host == pattern,
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;
    use crate::model::endpoint::{EndpointKind, EndpointState};

    #[test_case("sts.us-west-2.amazonaws.com", Some("com.amazonaws.us-west-2.sts"))]
    #[test_case("STS.us-west-2.amazonaws.com.", Some("com.amazonaws.us-west-2.sts"); "as DNS writes it")]
    #[test_case("api.ecr.eu-central-1.amazonaws.com", Some("com.amazonaws.eu-central-1.ecr.api"))]
    #[test_case("sts.cn-north-1.amazonaws.com.cn", Some("cn.com.amazonaws.cn-north-1.sts"))]
    #[test_case("sts.amazonaws.com", None; "a global name has no Region")]
    #[test_case("vpce-1-a.sts.us-west-2.vpce.amazonaws.com", None; "an endpoint's own name")]
    #[test_case("api.vendor.example", None)]
    fn services_of_names(host: &str, service: Option<&str>) {
        assert_eq!(service_of_aws_name(host).as_deref(), service);
        if let Some(service) = service {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            assert_eq!(aws_service_name(service), Some(host), "and back");
        }
    }

    #[test_case("123456789012.dkr.ecr.us-west-2.amazonaws.com", "com.amazonaws.us-west-2.ecr.dkr")]
    #[test_case("bucket.with.dots.s3.us-west-2.amazonaws.com", "com.amazonaws.us-west-2.s3")]
    #[test_case("abcd1234.execute-api.us-west-2.amazonaws.com", "com.amazonaws.us-west-2.execute-api")]
    fn services_of_names_below_their_own(host: &str, service: &str) {
        assert_eq!(service_of_aws_name(host).as_deref(), Some(service));
    }

    #[test_case("abcd1234.execute-api.us-west-2.amazonaws.com", true)]
    #[test_case("execute-api.us-west-2.amazonaws.com", false; "the service itself")]
    #[test_case("sts.us-west-2.amazonaws.com", false)]
    fn names_of_apis(host: &str, is: bool) {
        assert_eq!(is_api_name(host), is);
    }

    #[test_case("vpce-0ab-x1y2.vpce-svc-9.us-west-2.vpce.amazonaws.com", Some("vpce-0ab"))]
    #[test_case("vpce-0ab-x1y2-us-west-2a.sts.us-west-2.vpce.amazonaws.com.", Some("vpce-0ab"); "zonal")]
    #[test_case("bucket.vpce-0ab-x1y2.s3.us-west-2.vpce.amazonaws.com", Some("vpce-0ab"); "below it")]
    #[test_case("vpce-svc-9.us-west-2.vpce.amazonaws.com", None; "a service is no endpoint")]
    #[test_case("vpce-0ab-x1y2.example.com", None)]
    fn endpoints_of_own_names(host: &str, id: Option<&str>) {
        assert_eq!(endpoint_of_own_name(host), id);
    }

    #[test_case("vpce-0ab-x1y2-us-west-2a.sts.us-west-2.vpce.amazonaws.com.", Some("us-west-2a"))]
    #[test_case("vpce-0ab-x1y2-us-west-2-lax-1a.svc.us-west-2.vpce.amazonaws.com", Some("us-west-2-lax-1a"); "a local zone")]
    #[test_case("vpce-0ab-x1y2.sts.us-west-2.vpce.amazonaws.com", None; "the regional name")]
    #[test_case("*.vpce-0ab-x1y2.s3.us-west-2.vpce.amazonaws.com", None; "a wildcard")]
    fn zones_of_own_names(host: &str, zone: Option<&str>) {
        assert_eq!(zone_of_own_name(host), zone);
    }

    #[test_case(
        "vpce-0ab-x1y2.vpce-svc-9.us-west-2.vpce.amazonaws.com",
        Some("com.amazonaws.vpce.us-west-2.vpce-svc-9")
    )]
    #[test_case("vpce-0ab-x1y2-us-west-2a.sts.us-west-2.vpce.amazonaws.com.", Some("com.amazonaws.us-west-2.sts"); "zonal")]
    #[test_case("vpce-0ab-x1y2.api.ecr.us-west-2.vpce.amazonaws.com", Some("com.amazonaws.us-west-2.ecr.api"); "of two labels")]
    #[test_case("bucket.vpce-0ab-x1y2.s3.us-west-2.vpce.amazonaws.com", Some("com.amazonaws.us-west-2.s3"); "below it")]
    #[test_case("vpce-0ab-x1y2.sts.cn-north-1.vpce.amazonaws.com.cn", Some("cn.com.amazonaws.cn-north-1.sts"); "in China")]
    #[test_case("vpce-svc-9.us-west-2.vpce.amazonaws.com", None; "a service is no endpoint")]
    #[test_case("vpce-0ab-x1y2.us-west-2.vpce.amazonaws.com", None; "no service")]
    fn services_of_own_names(host: &str, service: Option<&str>) {
        assert_eq!(service_of_own_name(host).as_deref(), service);
    }

    fn endpoint_for(service: &str, dns_names: &[&str]) -> VpcEndpoint {
        VpcEndpoint {
            id: "vpce-1".into(),
            vpc: "vpc-1".into(),
            service: service.to_owned(),
            kind: EndpointKind::Interface,
            state: EndpointState::Available,
            subnets: Vec::new(),
            network_interfaces: Vec::new(),
            groups: Vec::new(),
            private_dns_enabled: true,
            dns_names: dns_names.iter().map(|&name| name.to_owned()).collect(),
            created: None,
            last_error: None,
            owner: None,
            inbound_resolver_only: false,
            service_region: None,
        }
    }

    #[test_case("sts.amazonaws.com", Some("sts.us-west-2.amazonaws.com"); "the global name")]
    #[test_case("sts.us-east-1.amazonaws.com.", Some("sts.us-west-2.amazonaws.com"); "another Region")]
    #[test_case("sts.us-west-2.amazonaws.com", None; "its own")]
    #[test_case("sso.amazonaws.com", None; "another service")]
    #[test_case("xsts.amazonaws.com", None; "whole labels")]
    #[test_case("api.vendor.example", None; "no name of AWS")]
    fn regional_names(host: &str, name: Option<&str>) {
        let endpoint = endpoint_for("com.amazonaws.us-west-2.sts", &[]);
        assert_eq!(regional_name(&endpoint, host).as_deref(), name);
    }

    #[test_case(&["q.us-west-2.amazonaws.com"], "x.q.us-west-2.amazonaws.com", Some("q.us-west-2.amazonaws.com"))]
    #[test_case(&["q.us-west-2.amazonaws.com"], "q.us-west-2.amazonaws.com", None; "the name itself")]
    #[test_case(&["q.us-west-2.amazonaws.com", "*.q.us-west-2.amazonaws.com"], "x.q.us-west-2.amazonaws.com", None; "a wildcard answers")]
    #[test_case(&["*.vpce-1-a.q.us-west-2.vpce.amazonaws.com"], "x.q.us-west-2.amazonaws.com", Some("q.us-west-2.amazonaws.com"); "the customary name")]
    #[test_case(&["*.q.us-west-2.amazonaws.com"], "q.us-west-2.amazonaws.com", None; "above a wildcard")]
    fn domains_that_shadow(names: &[&str], host: &str, domain: Option<&str>) {
        let endpoint = endpoint_for("com.amazonaws.us-west-2.q", names);
        let inventory = Inventory::none("test");
        assert_eq!(shadowing_domain(&inventory, &endpoint, host).as_deref(), domain);
    }

    #[test_case("com.amazonaws.us-west-2.ecr.dkr", "123456789012.dkr.ecr.us-west-2.amazonaws.com", None; "names of accounts")]
    #[test_case(
        "com.amazonaws.us-west-2.sts",
        "x.sts.us-west-2.amazonaws.com",
        Some("sts.us-west-2.amazonaws.com")
    )]
    fn domains_that_shadow_where_no_name_is_described(service: &str, host: &str, domain: Option<&str>) {
        let endpoint = endpoint_for(service, &[]);
        let inventory = Inventory::none("test");
        assert_eq!(shadowing_domain(&inventory, &endpoint, host).as_deref(), domain);
    }

    #[test_case("*.vendor.example", "a.b.vendor.example", true; "any depth")]
    #[test_case("*.vendor.example", "vendor.example", false; "not the apex")]
    #[test_case("api.vendor.example", "API.vendor.example.", true; "letter case and final dot")]
    #[test_case("api.vendor.example", "xapi.vendor.example", false; "whole labels")]
    fn names_match(pattern: &str, host: &str, matches: bool) {
        assert_eq!(name_matches(pattern, host), matches);
    }
}
