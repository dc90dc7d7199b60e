//! `dns-private-dns-conflict`

use crate::{
    analyze::dns,
    model::{
        endpoint::{EndpointState, VpcEndpoint},
        finding::{Confidence, Evidence, Fix, Severity},
        known::{Known, Unknown},
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Row, Rule, ahead, declare_finding, words};

declare_finding! {
    /// ## What it means
    /// Two endpoints of this VPC lead to the same service, and a private DNS name can belong to one of them only. The name
    /// leads to the one whose private DNS is on, and the target is meant for the other.
    /// ## How we know
    /// The name's addresses are held by interfaces of an endpoint for the same service in the same VPC as the endpoint that
    /// the configuration names, and private DNS is on at that one. Where the configuration names none, an endpoint that fails
    /// beside one that would let this host in is a possibility worth a look, and no cause.
    /// ## What looks like it
    /// `endpoint-wrong-service`: a record of the user's own leads to another endpoint or service.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoints --filters Name=service-name,Values=SERVICE --query \
    ///     'VpcEndpoints[].[VpcEndpointId,PrivateDnsEnabled,NetworkInterfaceIds]'
    /// ## How to fix it
    /// Decide which endpoint owns the name: switch private DNS off there and then on at the other. Whoever is to use the
    /// other one beside it asks that endpoint's own regional name.
    static DNS_PRIVATE_DNS_CONFLICT = { title: "another endpoint for the same service owns the private DNS name", severity: Warning, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_PRIVATE_DNS_CONFLICT, check);

fn check(case: &Case<'_>) -> Outcome {
    let Some(id) = &case.target.target.endpoint else {
        return Ok(rival(case));
    };
    let mut rows: Vec<(&Row<'_>, &VpcEndpoint)> = Vec::new();
    let mut undecided: Option<Unknown> = None;
    for row in case.rows.iter().filter(|row| row.probe.used) {
        match &row.endpoint {
            Known::Known(Some(owner)) if dns::owns_name_of(&case.facts.inventory, owner, id, case.host()) => {
                rows.push((row, owner));
            }
            Known::Known(_) => {}
            Known::Unknown(why) => undecided = Some(why.clone()),
        }
    }
    let (Some((_, owner)), Some(meant)) = (rows.first(), case.facts.inventory.endpoint(id)) else {
        return undecided.map_or(Ok(None), Err);
    };
    let failing: Vec<_> = rows.iter().map(|(row, _)| *row).filter(|row| row.symptom.is_some()).collect();
    let draft = Draft::new(
        Confidence::Confirmed,
        format!(
            "{} belongs to {}, another endpoint for the same service, and does not lead to {id}.",
            case.host(),
            owner.id
        ),
    )
    .evidence([switch(owner), switch(meant), words::system(case)])
    .evidence(failing.iter().map(|row| words::packets(case, row)))
    .fix(
        Fix::text(format!("To give the name to {id}: first switch private DNS off for {}", owner.id)).cli(
            format!("aws ec2 modify-vpc-endpoint --vpc-endpoint-id {} --no-private-dns-enabled", owner.id),
        ),
    )
    .fix(
        Fix::text(format!("Then switch it on for {id}"))
            .cli(format!("aws ec2 modify-vpc-endpoint --vpc-endpoint-id {id} --private-dns-enabled")),
    )
    .explains(failing.iter().copied());
    Ok(Some(if failing.is_empty() { draft } else { draft.severity(Severity::Error) }))
}

/// Nobody says which endpoint is meant. The name's one fails, and another for the same service would let this host in.
fn rival(case: &Case<'_>) -> Option<Draft> {
    let mut owners = case.failing().filter_map(|row| row.endpoint.known().copied().flatten());
    let owner = owners.next()?;
    let endpoints = case.endpoints().ok()?;
    let is_open = |other: &&&VpcEndpoint| {
        dns::owns_name_of(&case.facts.inventory, owner, &other.id, case.host())
            && other.state == EndpointState::Available
            && ahead::nothing_stops(case, other)
    };
    let other = endpoints.iter().find(is_open)?;
    let draft = Draft::new(
        Confidence::Possible,
        format!(
            "{} belongs to {}; if it is meant to lead to {}, another endpoint for the same service, private DNS is on at the \
             wrong one.",
            case.host(),
            owner.id,
            other.id
        ),
    );
    Some(draft.evidence([switch(owner), switch(other)]).fix(Fix::text(format!(
        "If {} is the one to use, ask its regional name, or give it the name: private DNS off for {}, then on for {}",
        other.id, owner.id, other.id
    ))))
}

fn switch(endpoint: &VpcEndpoint) -> Evidence {
    Evidence::of(
        format!(
            "{} for {}: PrivateDnsEnabled is {}",
            endpoint.id, endpoint.service, endpoint.private_dns_enabled
        ),
        ResourceRef::new(ResourceKind::VpcEndpoint, &endpoint.id),
    )
}
