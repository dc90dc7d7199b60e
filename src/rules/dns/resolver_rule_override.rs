//! `dns-resolver-rule-override`

use crate::{
    analyze::dns,
    model::{
        endpoint::{EndpointKind, EndpointState, VpcEndpoint},
        finding::{Confidence, Evidence, Fix, Severity},
        name::{DnsAnswer, Lookup, ServerAnswer},
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, dns_servers, words};

declare_finding! {
    /// ## What it means
    /// Private DNS of an endpoint should answer the name in this VPC, and the VPC's resolver gives something else. A
    /// forwarding rule of Route 53 Resolver comes before every private zone: it sends the questions for a domain to servers
    /// of the user's own, which know nothing of the endpoint.
    /// ## How we know
    /// Private DNS is on at an available endpoint whose private name is this one, the VPC's DNS attributes are on, and the
    /// VPC's resolver denies the name or gives addresses of no endpoint. Addresses make it likely; a denial is a
    /// possibility, for a rule of DNS Firewall denies as well. The rules themselves are Route 53's, which is not asked.
    /// ## What looks like it
    /// `dns-custom-server-no-forward`: the VPC's resolver leads to the endpoint, and another server is asked.
    /// `dns-firewall-block`: the answer comes from no zone, or replaces the name.
    /// `dns-managed-zone-shadow`: the name lies below the endpoint's private name, and is none of its names.
    /// `dns-vpc-attributes-off`: the VPC does not use private zones at all.
    /// ## How to confirm it by hand
    ///     dig NAME @169.254.169.253
    ///     aws route53resolver list-resolver-rule-associations --filters Name=VPCId,Values=VPC
    ///     aws route53resolver get-resolver-rule --resolver-rule-id RULE
    /// ## How to fix it
    /// Add a rule of the type system for the name itself: the most specific rule wins, and that type leaves the question to
    /// the VPC's resolver. Or take the forwarding rule's association with this VPC away.
    static DNS_RESOLVER_RULE_OVERRIDE = { title: "a Resolver rule may answer in place of the endpoint's private DNS", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_RESOLVER_RULE_OVERRIDE, check);

fn check(case: &Case<'_>) -> Outcome {
    let answers: Vec<_> =
        dns_servers::resolver(case).filter(|server| dns_servers::is_settled(server)).collect();
    let given: Vec<_> = words::distinct(answers.iter().flat_map(|server| server.addresses()));
    let denied = given.is_empty() && answers.iter().any(|server| denying_zone(server).is_some());
    let replaced = answers.iter().any(|server| dns_servers::substitute(server).is_some());
    let astray: Vec<_> = case.rows.iter().filter(|row| row.probe.used && given.contains(&row.ip())).collect();
    if replaced || !(denied && case.name_gives_nothing() || !astray.is_empty()) {
        return Ok(None);
    }
    let endpoints = case.endpoints()?;
    let Some(endpoint) = endpoints.iter().find(|endpoint| should_answer(case, endpoint)) else {
        return Ok(None);
    };
    if astray.is_empty() && denies_itself(case, endpoint) {
        return Ok(None);
    }
    // A Gateway endpoint leaves the name its public addresses.
    let beside =
        |other: &&VpcEndpoint| other.kind == EndpointKind::Gateway && other.service == endpoint.service;
    if endpoints.iter().any(beside) {
        return Ok(None);
    }
    for row in &astray {
        if row.endpoint.ok()?.is_some() {
            return Ok(None);
        }
    }
    Ok(Some(draft(case, endpoint, &astray)))
}

fn draft(case: &Case<'_>, endpoint: &VpcEndpoint, astray: &[&Row<'_>]) -> Draft {
    let (host, id) = (case.host(), &endpoint.id);
    let failing: Vec<_> = astray.iter().copied().filter(|row| row.symptom.is_some()).collect();
    let (confidence, gives) = if astray.is_empty() {
        (Confidence::Possible, "denies it".to_owned())
    } else {
        (Confidence::Likely, format!("gives {}", words::list(astray.iter().map(|row| row.ip()))))
    };
    let vpc = case.vpc().map_or("VPC_ID", |vpc| vpc.as_str());
    let draft = Draft::new(
        confidence,
        format!(
            "Private DNS of {id} should answer {host}, and the VPC's resolver {gives}: a forwarding rule of Route 53 Resolver \
             would do that."
        ),
    )
    .evidence([Evidence::of(
        format!("{id} for {} is {}: PrivateDnsEnabled is true", endpoint.service, endpoint.state),
        ResourceRef::new(ResourceKind::VpcEndpoint, id),
    )])
    .evidence(words::servers(case))
    .evidence([words::system(case)])
    .evidence(failing.iter().map(|row| words::packets(case, row)))
    .fix(
        Fix::text(format!("See which rules are associated with {vpc}; one for {host} or a domain above it is the cause"))
            .cli(format!(
                "aws route53resolver list-resolver-rule-associations --filters Name=VPCId,Values={vpc}"
            )),
    )
    .fix(Fix::text(format!("Then add a rule of the type system for {host}, or take that rule's association away")).cli(
        format!(
            "aws route53resolver create-resolver-rule --creator-request-id vpce-doctor-{} --rule-type SYSTEM --domain-name {host}",
            case.facts.now.0
        ),
    ))
    .explains(failing.iter().copied());
    let draft = if case.name_gives_nothing() { draft.explains_name() } else { draft };
    // What is led past the endpoint and connects all the same fails nowhere.
    if draft.explains.is_empty() { draft.severity(Severity::Warning) } else { draft }
}

/// The zone that says that the name has no address.
fn denying_zone(server: &ServerAnswer) -> Option<&str> {
    let by_zone = |answer: &&DnsAnswer| answer.cnames.is_empty() && answer.soa.is_some();
    let mut answers = server.lookups().into_iter().filter_map(Lookup::answer);
    answers.find(by_zone)?.soa.as_ref().map(|soa| soa.zone.trim_end_matches('.'))
}

/// The zone of private DNS itself denies: then the service has no such name.
fn denies_itself(case: &Case<'_>, endpoint: &VpcEndpoint) -> bool {
    let names = dns::names_of(&case.facts.inventory, endpoint);
    let is_own = |zone: &str| {
        names
            .iter()
            .any(|name| name.trim_start_matches("*.").trim_end_matches('.').eq_ignore_ascii_case(zone))
    };
    dns_servers::resolver(case).filter_map(denying_zone).any(is_own)
}

/// Everything that private DNS needs is known to be there.
fn should_answer(case: &Case<'_>, endpoint: &VpcEndpoint) -> bool {
    let inventory = &case.facts.inventory;
    let vpc = inventory.vpc(&endpoint.vpc);
    let on = vpc.is_some_and(|vpc| {
        vpc.dns_support.known() == Some(&true) && vpc.dns_hostnames.known() == Some(&true)
    });
    on && case.vpc() == Some(&endpoint.vpc)
        && endpoint.kind == EndpointKind::Interface
        && endpoint.state == EndpointState::Available
        && endpoint.private_dns_enabled
        && !endpoint.inbound_resolver_only
        && dns::unverified(inventory, endpoint).is_none()
        && dns::private_dns_covers(inventory, endpoint, case.host()) == Some(true)
        && dns::shadowing_domain(inventory, endpoint, case.host()).is_none()
}
