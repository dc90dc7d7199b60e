//! `dns-vpc-attributes-off`

use crate::{
    analyze::dns,
    model::{
        endpoint::VpcEndpoint,
        finding::{Confidence, Evidence, Fix},
        name::Rcode,
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Rule, declare_finding, words};

declare_finding! {
    /// ## What it means
    /// Private DNS of endpoints and private hosted zones work only in a VPC whose attributes enableDnsSupport and
    /// enableDnsHostnames are both true. In this VPC they are not, so the name leads to public addresses or nowhere.
    /// ## How we know
    /// DescribeVpcAttribute says false for one or both, and the name gives public addresses or none.
    /// ## What looks like it
    /// `dns-private-dns-disabled`: the attributes are true and the endpoint's own switch is off.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-attribute --vpc-id VPC --attribute enableDnsSupport
    ///     aws ec2 describe-vpc-attribute --vpc-id VPC --attribute enableDnsHostnames
    /// ## How to fix it
    /// Set both attributes to true, one call each: the API takes one attribute a call.
    static DNS_VPC_ATTRIBUTES_OFF = { title: "the VPC's DNS attributes keep private names from resolving", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_VPC_ATTRIBUTES_OFF, check);

fn check(case: &Case<'_>) -> Outcome {
    let public: Vec<_> = case.undelivered_public().collect();
    let settled = [Rcode::NoError, Rcode::NxDomain];
    let answered = case.answers().any(|answer| settled.contains(&answer.rcode));
    // A resolver that answers nobody is another finding: these attributes decide what it answers.
    if public.is_empty() && !(case.name_gives_nothing() && answered) {
        return Ok(None);
    }
    let id = case.facts.vantage.vpc.ok()?;
    case.facts.inventory.vpcs.ok()?;
    let Some(vpc) = case.facts.inventory.vpc(id) else {
        return Ok(None);
    };
    let off = case.dns_attributes_off();
    if off.is_empty() {
        vpc.dns_support.ok()?;
        vpc.dns_hostnames.ok()?;
        return Ok(None);
    }
    let vpc_ref = || ResourceRef::new(ResourceKind::Vpc, id);
    let summary = format!(
        "{} false in {id}, so private DNS names do not resolve there.",
        if off.len() == 1 { format!("{} is", off[0]) } else { format!("{} are", words::list(&off)) }
    );
    let mut draft = Draft::new(confidence(case), summary)
        .evidence(off.iter().map(|name| Evidence::of(format!("{id}: {name} is false"), vpc_ref())))
        .evidence(covering(case).map(|endpoint| {
            let fact = format!(
                "{} for {}: PrivateDnsEnabled is {}",
                endpoint.id, endpoint.service, endpoint.private_dns_enabled
            );
            Evidence::of(fact, words::endpoint_ref(endpoint))
        }))
        .evidence([words::system(case)])
        .evidence(words::servers(case))
        .evidence(public.iter().map(|row| words::packets(case, row)))
        .explains(public.iter().copied());
    for name in off {
        let flag = if name == "enableDnsSupport" { "--enable-dns-support" } else { "--enable-dns-hostnames" };
        draft = draft.fix(
            Fix::text(format!("Set {name} to true in {id}"))
                .cli(format!("aws ec2 modify-vpc-attribute --vpc-id {id} {flag} '{{\"Value\":true}}'")),
        );
    }
    Ok(Some(if case.name_gives_nothing() { draft.explains_name() } else { draft }))
}

/// Certain where an endpoint's private DNS would have answered the name; otherwise a zone may or may not exist.
fn confidence(case: &Case<'_>) -> Confidence {
    if covering(case).is_some() {
        Confidence::Confirmed
    } else if case.name_gives_nothing() {
        Confidence::Likely
    } else {
        Confidence::Possible
    }
}

/// The endpoint that has something to answer for the name.
fn covering<'a>(case: &Case<'a>) -> Option<&'a VpcEndpoint> {
    let covers = |endpoint: &&VpcEndpoint| {
        dns::private_dns_covers(&case.facts.inventory, endpoint, case.host()) == Some(true)
    };
    case.endpoints().ok()?.into_iter().find(covers)
}
