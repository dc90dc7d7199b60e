//! F2, the causes: one file a finding, and the judgement that ranks them.
//!
//! To add one: write its file (`declare_finding!` and a `check`), add its line to [`RULES`] below, and a folder
//! of its name under `tests/scenarios`. `explain`, the list, the schema's codes and the metric's label values
//! follow from the table.
#![expect(
    clippy::unnecessary_wraps,
    reason = "every rule has the same shape, whether or not it can be undecided"
)]

mod access;
mod ahead;
mod api_calls;
mod case;
mod cross_region;
mod dead_end;
mod diagnose;
mod dns_servers;
mod elsewhere;
mod endpoint_state;
mod exclusion;
mod gateway_endpoint;
mod http_rows;
mod macros;
#[cfg(feature = "mutation")]
mod mutation;
mod new_endpoint;
mod obstacle;
mod own_host;
mod path_only;
mod pod;
mod remainder;
mod route_rows;
mod static_path;
mod tls_rows;
mod transit_rows;
mod views;
mod words;

use crate::model::{finding::FindingMeta, known::Unknown};

pub use case::{Case, Row};
pub use diagnose::{diagnose, settle, summarize};
pub use path_only::PATH_ONLY;
pub use static_path::explain_path;

use case::Draft;
use macros::{declare_finding, registry};

registry! {
    "dns/aaaa_mismatch.rs" as dns_aaaa_mismatch,
    "dns/answer_subset_unhealthy_az.rs" as dns_answer_subset_unhealthy_az,
    "dns/az_name_vs_id.rs" as dns_az_name_vs_id,
    "dns/cname_to_deleted_endpoint.rs" as dns_cname_to_deleted_endpoint,
    "dns/custom_server_blocked.rs" as dns_custom_server_blocked,
    "dns/custom_server_no_forward.rs" as dns_custom_server_no_forward,
    "dns/custom_server_silent.rs" as dns_custom_server_silent,
    "dns/firewall_block.rs" as dns_firewall_block,
    "dns/hosts_override.rs" as dns_hosts_override,
    "dns/managed_zone_shadow.rs" as dns_managed_zone_shadow,
    "dns/ndots_search_leak.rs" as dns_ndots_search_leak,
    "dns/negative_cache.rs" as dns_negative_cache,
    "dns/nxdomain_no_record.rs" as dns_nxdomain_no_record,
    "dns/outside_vpc.rs" as dns_outside_vpc,
    "dns/phz_not_associated.rs" as dns_phz_not_associated,
    "dns/phz_shadow.rs" as dns_phz_shadow,
    "dns/pps_limit.rs" as dns_pps_limit,
    "dns/private_dns_conflict.rs" as dns_private_dns_conflict,
    "dns/private_dns_disabled.rs" as dns_private_dns_disabled,
    "dns/private_name_unverified.rs" as dns_private_name_unverified,
    "dns/public_uri_used.rs" as dns_public_uri_used,
    "dns/rebinding_filter.rs" as dns_rebinding_filter,
    "dns/resolver_rule_override.rs" as dns_resolver_rule_override,
    "dns/resolver_rule_wrong_target.rs" as dns_resolver_rule_wrong_target,
    "dns/s3_inbound_only.rs" as dns_s3_inbound_only,
    "dns/service_has_no_private_name.rs" as dns_service_has_no_private_name,
    "dns/stale_a_record.rs" as dns_stale_a_record,
    "dns/stub_cache_stale.rs" as dns_stub_cache_stale,
    "dns/support_disabled.rs" as dns_support_disabled,
    "dns/truncation_tcp53.rs" as dns_truncation_tcp53,
    "dns/vpc_attributes_off.rs" as dns_vpc_attributes_off,
    "dns/zonal_name_pinned.rs" as dns_zonal_name_pinned,
    "endpoint/companion_missing.rs" as endpoint_companion_missing,
    "endpoint/cross_region_az_unsupported.rs" as endpoint_cross_region_az_unsupported,
    "endpoint/deleted.rs" as endpoint_deleted,
    "endpoint/expired.rs" as endpoint_expired,
    "endpoint/failed.rs" as endpoint_failed,
    "endpoint/in_other_vpc.rs" as endpoint_in_other_vpc,
    "endpoint/invisible_shared_subnet.rs" as endpoint_invisible_shared_subnet,
    "endpoint/missing.rs" as endpoint_missing,
    "endpoint/not_in_client_az.rs" as endpoint_not_in_client_az,
    "endpoint/partial.rs" as endpoint_partial,
    "endpoint/pending.rs" as endpoint_pending,
    "endpoint/pending_acceptance.rs" as endpoint_pending_acceptance,
    "endpoint/rejected.rs" as endpoint_rejected,
    "endpoint/service_az_gap.rs" as endpoint_service_az_gap,
    "endpoint/service_region_mismatch.rs" as endpoint_service_region_mismatch,
    "endpoint/single_az.rs" as endpoint_single_az,
    "endpoint/vendor_not_registered.rs" as endpoint_vendor_not_registered,
    "endpoint/wrong_service.rs" as endpoint_wrong_service,
    "endpoint/wrong_type.rs" as endpoint_wrong_type,
    "host/egress_proxy_capture.rs" as egress_proxy_capture,
    "host/firewall.rs" as host_firewall,
    "host/overlap_local.rs" as route_overlap_local,
    "host/route_blackhole.rs" as host_route_blackhole,
    "http/endpoint_policy_deny.rs" as http_endpoint_policy_deny,
    "http/private_dns_captures_public_api.rs" as dns_private_dns_captures_public_api,
    "http/unexpected_status.rs" as http_unexpected_status,
    "nacl/client_egress.rs" as nacl_client_egress,
    "nacl/client_ingress_ephemeral.rs" as nacl_client_ingress_ephemeral,
    "nacl/endpoint_egress_ephemeral.rs" as nacl_endpoint_egress_ephemeral,
    "nacl/endpoint_ingress.rs" as nacl_endpoint_ingress,
    "nacl/ipv6_missing.rs" as nacl_ipv6_missing,
    "nacl/numbered_deny.rs" as nacl_numbered_deny,
    "nacl/partial_ephemeral.rs" as nacl_partial_ephemeral,
    "provider/az_unhealthy.rs" as provider_az_unhealthy,
    "provider/no_listener.rs" as provider_no_listener,
    "provider/silent.rs" as provider_silent,
    "route/blackhole.rs" as route_blackhole,
    "route/edge_to_edge.rs" as route_edge_to_edge,
    "route/missing.rs" as route_missing,
    "route/more_specific_middlebox.rs" as route_more_specific_middlebox,
    "route/network_firewall_drop.rs" as network_firewall_drop,
    "route/peering_inactive.rs" as route_peering_inactive,
    "route/return_missing.rs" as route_return_missing,
    "security_group/endpoint_cidr_omits_source.rs" as sg_endpoint_cidr_omits_source,
    "security_group/endpoint_default_group.rs" as sg_endpoint_default_group,
    "security_group/endpoint_ingress_missing.rs" as sg_endpoint_ingress_missing,
    "security_group/endpoint_refs_other_group.rs" as sg_endpoint_refs_other_group,
    "security_group/endpoint_wrong_port.rs" as sg_endpoint_wrong_port,
    "security_group/ipv6_gap.rs" as sg_ipv6_gap,
    "security_group/pod_branch_eni.rs" as sg_pod_branch_eni,
    "security_group/pod_snat_node_sg.rs" as sg_pod_snat_node_sg,
    "security_group/prefix_list_incomplete.rs" as sg_prefix_list_incomplete,
    "security_group/quota_truncated.rs" as sg_quota_truncated,
    "security_group/ref_cross_region.rs" as sg_ref_cross_region,
    "security_group/ref_over_tgw.rs" as sg_ref_over_tgw,
    "security_group/ref_stale.rs" as sg_ref_stale,
    "security_group/ref_via_middlebox.rs" as sg_ref_via_middlebox,
    "security_group/source_egress_missing.rs" as sg_source_egress_missing,
    "security_group/source_no_rules.rs" as sg_source_no_rules,
    "tgw/az_missing.rs" as tgw_az_missing,
    "tgw/route_missing.rs" as tgw_route_missing,
    "tls/client_certificate_required.rs" as tls_client_certificate_required,
    "tls/expired_or_clock.rs" as tls_expired_or_clock,
    "tls/expiring_soon.rs" as tls_expiring_soon,
    "tls/hostname_mismatch.rs" as tls_hostname_mismatch,
    "tls/incomplete_chain.rs" as tls_incomplete_chain,
    "tls/intercepted.rs" as tls_intercepted,
    "tls/plaintext_port.rs" as tls_plaintext_port,
    "tls/self_signed.rs" as tls_self_signed,
    "tls/sni_required.rs" as tls_sni_required,
    "tls/untrusted_issuer.rs" as tls_untrusted_issuer,
    "tls/version_mismatch.rs" as tls_version_mismatch,
    "tool/api_throttled.rs" as api_throttled,
    "tool/api_unauthorized.rs" as api_unauthorized,
    "tool/api_unreachable.rs" as api_unreachable,
    "tool/packets_contradict_inventory.rs" as packets_contradict_inventory,
}

/// The sections that every finding's documentation has, in this order.
pub const SECTIONS: [&str; 5] =
    ["What it means", "How we know", "What looks like it", "How to confirm it by hand", "How to fix it"];

/// A finding and the pure function that looks for it.
pub struct Rule {
    pub meta: &'static FindingMeta,
    pub(crate) check: fn(&Case<'_>) -> Outcome,
}

/// `Ok(None)`: clear. `Ok(Some)`: found. `Err`: undecided, and what is missing, so that `?` on a
/// [`Known`](crate::model::known::Known) cannot turn ignorance into an all-clear.
pub(crate) type Outcome = Result<Option<Draft>, Unknown>;

impl Rule {
    const fn new(meta: &'static FindingMeta, check: fn(&Case<'_>) -> Outcome) -> Self {
        Self { meta, check }
    }
}

/// Every code that is documented: those of the rules, and those that only the path of a question can show.
pub fn documented() -> impl Iterator<Item = &'static FindingMeta> {
    RULES.iter().map(|rule| rule.meta).chain(PATH_ONLY.iter().copied())
}

/// The registered form of a code.
pub fn find(code: &str) -> Option<&'static FindingMeta> {
    documented().find(|meta| meta.code == code)
}
