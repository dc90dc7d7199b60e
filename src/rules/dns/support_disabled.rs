//! `dns-support-disabled`

use crate::{
    analyze::dns,
    model::{
        finding::{Confidence, Evidence, Fix},
        name::ServerRole,
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Rule, declare_finding, words};

declare_finding! {
    /// ## What it means
    /// The VPC's attribute enableDnsSupport is false, so its resolver answers nobody, and this host relies on it.
    /// ## How we know
    /// DescribeVpcAttribute says false, this host's servers are the VPC's resolver, and they gave no answer.
    /// ## What looks like it
    /// `dns-vpc-attributes-off`: names do resolve, to public addresses.
    /// `dns-custom-server-silent`: the silent server is not the VPC's.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-attribute --vpc-id VPC --attribute enableDnsSupport
    ///     dig NAME @169.254.169.253
    /// ## How to fix it
    /// Set enableDnsSupport to true.
    static DNS_SUPPORT_DISABLED = { title: "DNS is switched off in the VPC", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_SUPPORT_DISABLED, check);

fn check(case: &Case<'_>) -> Outcome {
    if !case.name_gives_nothing() || !relies_on_silent_resolver(case) {
        return Ok(None);
    }
    let id = case.facts.vantage.vpc.ok()?;
    case.facts.inventory.vpcs.ok()?;
    let Some(vpc) = case.facts.inventory.vpc(id) else {
        return Ok(None);
    };
    if *vpc.dns_support.ok()? {
        return Ok(None);
    }
    let fact =
        Evidence::of(format!("{id}: enableDnsSupport is false"), ResourceRef::new(ResourceKind::Vpc, id));
    let draft =
        Draft::new(
            Confidence::Confirmed,
            format!("enableDnsSupport is false in {id}, so nothing resolves there."),
        )
        .evidence([fact, words::system(case)])
        .evidence(words::servers(case))
        .fix(Fix::text(format!("Set enableDnsSupport to true in {id}")).cli(format!(
            "aws ec2 modify-vpc-attribute --vpc-id {id} --enable-dns-support '{{\"Value\":true}}'"
        )))
        .explains_name();
    Ok(Some(draft))
}

/// Every configured server is the VPC's own, and none answered.
fn relies_on_silent_resolver(case: &Case<'_>) -> bool {
    let servers = case.target.resolution.servers.iter();
    let configured: Vec<_> = servers.filter(|server| server.role == ServerRole::Configured).collect();
    let inventory = &case.facts.inventory;
    !configured.is_empty()
        && configured.iter().all(|s| s.gives_no_answer() && dns::is_vpc_resolver(inventory, s.server))
}
