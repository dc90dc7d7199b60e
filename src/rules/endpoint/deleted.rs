//! `endpoint-deleted`

use crate::{
    analyze::{
        dns,
        path::{Blocker, StepKind},
    },
    model::{
        endpoint::{EndpointState, VpcEndpoint},
        finding::{Confidence, Evidence, Fix},
        id::EndpointId,
        name::Rcode,
        net,
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, endpoint_state, new_endpoint, words};

declare_finding! {
    /// ## What it means
    /// The endpoint that this target is meant for is gone, or just going. Its own names and its private DNS name go with
    /// it, and its addresses belong to nobody, whatever records still point at them.
    /// ## How we know
    /// The endpoint's state is deleting or deleted. Or DescribeVpcEndpoints does not know the endpoint that the
    /// configuration or the name itself says, and the name gives nothing, a public address that does not answer, or an
    /// address in this VPC that no interface holds. Of an id in the configuration that is likely and no more: an endpoint
    /// of another account or Region is not listed either.
    /// ## What looks like it
    /// `dns-cname-to-deleted-endpoint`: a record is an alias of the name that is gone.
    /// `dns-stale-a-record`: nothing says which endpoint the address belonged to.
    /// `endpoint-missing`: nobody says that there ever was one.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-vpc-endpoints --filters Name=vpc-endpoint-id,Values=VPCE
    ///     aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=DeleteVpcEndpoints
    /// ## How to fix it
    /// Create the endpoint again. It gets another id, other names and other addresses: repoint the records, correct the
    /// target's `endpoint`, and tell the provider or register the new id in the vendor's console.
    static ENDPOINT_DELETED = { title: "the endpoint does not exist any more", severity: Error, side: ConsumerVpc, layer: Endpoint, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_DELETED, check);

fn check(case: &Case<'_>) -> Outcome {
    let by_state = endpoint_state::found(
        case,
        &[EndpointState::Deleting, EndpointState::Deleted],
        "is deleted or about to be, and nothing passes through it",
        |endpoint| vec![create(case, &endpoint.id, &endpoint.service, Some(endpoint))],
    )?;
    if by_state.is_some() {
        return Ok(by_state);
    }
    let rows: Vec<_> = case.failing().filter(|row| leads_nowhere(row)).collect();
    let settled = |rcode| [Rcode::NoError, Rcode::NxDomain].contains(&rcode);
    let denied = case.name_gives_nothing() && case.answers().any(|answer| settled(answer.rcode));
    if rows.is_empty() && !denied {
        return Ok(None);
    }
    let Some((id, confidence)) = endpoint_state::vanished(case)? else {
        return Ok(None);
    };
    Ok(Some(draft(case, &id, confidence, &rows)))
}

/// What is left of an endpoint that is gone: the service's public address, or an address that nobody holds.
fn leads_nowhere(row: &Row<'_>) -> bool {
    let unheld = || {
        let blocker = row.path.blocker_at(StepKind::DestinationInterface);
        matches!(blocker, Ok(Some((_, Blocker::Unheld))))
    };
    row.is_undelivered() && (!net::is_private(row.ip()) || unheld())
}

fn draft(case: &Case<'_>, id: &EndpointId, confidence: Confidence, rows: &[&Row<'_>]) -> Draft {
    let inventory = &case.facts.inventory;
    let old = inventory.endpoint(id);
    let listed = match old {
        Some(endpoint) => words::endpoint(endpoint),
        None if inventory.vpc_endpoints.is_known() => {
            Evidence::of(words::unlisted(id), ResourceRef::new(ResourceKind::VpcEndpoint, id))
        }
        None => Evidence::of(
            format!("DNS says that {} does not exist", case.host()),
            ResourceRef::new(ResourceKind::VpcEndpoint, id),
        ),
    };
    let service = old
        .map(|endpoint| endpoint.service.clone())
        .or_else(|| dns::service_of_own_name(case.host()))
        .or_else(|| case.target.target.expect.service.clone());
    let summary = format!("{}, and {}.", gone(case, id, old), leads(case, rows));
    let draft = Draft::new(confidence, summary)
        .evidence([listed, words::system(case)])
        .evidence(words::servers(case))
        .evidence(rows.iter().map(|row| words::packets(case, row)))
        .explains(rows.iter().copied());
    let living = match &service {
        Some(service) => new_endpoint::living(case, service),
        None => case.likely_endpoint().filter(|endpoint| endpoint.state == EndpointState::Available),
    };
    let draft = living.into_iter().fold(draft, |draft, living| draft.fix(instead(case, id, living)));
    let draft = draft.fix(create(case, id, service.as_deref().unwrap_or("SERVICE_NAME"), old));
    if case.name_gives_nothing() { draft.explains_name() } else { draft }
}

/// In what sense the endpoint is not there: an id in the configuration may be of another account.
fn gone(case: &Case<'_>, id: &EndpointId, old: Option<&VpcEndpoint>) -> String {
    match old {
        Some(endpoint) => format!("{id} is {}", endpoint.state),
        None if dns::endpoint_of_own_name(case.host()).is_some() => format!("{id} does not exist"),
        None => format!("{id}, which the configuration names, is not among this account's endpoints"),
    }
}

fn leads(case: &Case<'_>, rows: &[&Row<'_>]) -> String {
    let host = case.host();
    let ips = words::list(rows.iter().map(|row| row.ip()));
    let whose = if rows.iter().all(|row| net::is_private(row.ip())) {
        "no network interface holds"
    } else {
        "no endpoint has"
    };
    match rows.len() {
        0 if dns::endpoint_of_own_name(host).is_some() => "its name gives no address".to_owned(),
        0 => format!("{host} gives no address"),
        _ => format!("{host} still leads to {ips}, which {whose}"),
    }
}

/// The least change: the endpoint was made again, under another id.
fn instead(case: &Case<'_>, id: &EndpointId, living: &VpcEndpoint) -> Fix {
    let (host, new) = (case.host(), &living.id);
    let name = living.dns_names.first().map_or("its regional DNS name", String::as_str);
    let configured = case.target.target.endpoint.as_ref() == Some(id);
    let correct = if configured { ", and correct `endpoint` of the target in the configuration" } else { "" };
    Fix::text(if dns::endpoint_of_own_name(host).is_some() {
        format!(
            "If {new}, an endpoint for the same service, has taken its place, ask {name} instead{correct}"
        )
    } else {
        format!("If {new} has taken its place, make the record of {host} an alias of {name}{correct}")
    })
}

fn create(case: &Case<'_>, id: &EndpointId, service: &str, old: Option<&VpcEndpoint>) -> Fix {
    let text = format!("Create the endpoint again, and repoint whatever still names {id} or its addresses");
    let private_dns = old.is_some_and(|endpoint| endpoint.private_dns_enabled);
    new_endpoint::fix(case, text, service, old, private_dns)
}
