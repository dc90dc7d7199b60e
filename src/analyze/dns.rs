//! What the names of endpoints and services should lead to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::model::{endpoint::VpcEndpoint, inventory::Inventory};

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
    let declared =
        inventory.service(&endpoint.service).map(|s| s.private_dns_names.clone()).unwrap_or_default();
    let listed = endpoint.dns_names.iter().filter(|name| !name.starts_with("vpce-")).cloned();
    let names: Vec<_> = declared.into_iter().chain(listed).collect();
    // The customary name of an AWS service: if it fits, it is the one; if not, the service may have others.
    let customary = aws_service_name(&endpoint.service);
    // Its zone holds everything below it too: 123456789012.dkr.ecr.us-west-2.amazonaws.com.
    let below = customary.as_ref().map(|name| format!("*.{name}"));
    if names.iter().chain(&customary).chain(&below).any(|pattern| name_matches(pattern, host)) {
        return Some(true);
    }
    let all_known = !names.is_empty() || (customary.is_some() && !is_aws_name(host));
    all_known.then_some(false)
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

fn is_aws_name(host: &str) -> bool {
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
    let looks_like_region = region.split('-').count() >= 3 && region.ends_with(|c: char| c.is_ascii_digit());
    if service.is_empty() || !looks_like_region || service.contains(&"vpce") {
        return None;
    }
    let service: Vec<_> = service.iter().rev().copied().collect();
    Some(format!("{prefix}.{region}.{}", service.join(".")))
}

/// Whether this is the name of an API of API Gateway: `abcd1234.execute-api.us-west-2.amazonaws.com`.
pub fn is_api_name(host: &str) -> bool {
    service_of_aws_name(host).is_some_and(|service| service.contains(".execute-api."))
}

/// The endpoint whose own name (`vpce-….vpce.amazonaws.com`) this is.
pub fn endpoint_of_own_name(host: &str) -> Option<&str> {
    let host = host.trim_end_matches('.');
    if !host.ends_with(".vpce.amazonaws.com") {
        return None;
    }
    let label =
        host.split('.').find(|label| label.starts_with("vpce-") && !label.starts_with("vpce-svc-"))?;
    let end = label.match_indices('-').nth(1).map_or(label.len(), |(at, _)| at);
    label.get(..end)
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

    #[test_case("vpce-0ab-x1y2.vpce-svc-9.us-west-2.vpce.amazonaws.com", Some("vpce-0ab"))]
    #[test_case("vpce-0ab-x1y2-us-west-2a.sts.us-west-2.vpce.amazonaws.com.", Some("vpce-0ab"); "zonal")]
    #[test_case("bucket.vpce-0ab-x1y2.s3.us-west-2.vpce.amazonaws.com", Some("vpce-0ab"); "below it")]
    #[test_case("vpce-svc-9.us-west-2.vpce.amazonaws.com", None; "a service is no endpoint")]
    #[test_case("vpce-0ab-x1y2.example.com", None)]
    fn endpoints_of_own_names(host: &str, id: Option<&str>) {
        assert_eq!(endpoint_of_own_name(host), id);
    }

    #[test_case("*.vendor.example", "a.b.vendor.example", true; "any depth")]
    #[test_case("*.vendor.example", "vendor.example", false; "not the apex")]
    #[test_case("api.vendor.example", "API.vendor.example.", true; "letter case and final dot")]
    #[test_case("api.vendor.example", "xapi.vendor.example", false; "whole labels")]
    fn names_match(pattern: &str, host: &str, matches: bool) {
        assert_eq!(name_matches(pattern, host), matches);
    }
}
