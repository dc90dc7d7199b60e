//! `endpoint-deleted`

use crate::{
    analyze::path::{Blocker, StepKind},
    model::{
        endpoint::EndpointState,
        finding::{Confidence, Evidence, Fix},
        id::EndpointId,
        observation::Rcode,
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, endpoint_state, words};

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
    /// Create the endpoint anew. It gets another id, other names and other addresses: repoint the records, correct the
    /// target's `endpoint`, and tell the provider or register the new id in the vendor's console.
    static ENDPOINT_DELETED = { title: "the endpoint does not exist any more", severity: Error, side: ConsumerVpc, layer: Endpoint, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_DELETED, check);

fn check(case: &Case<'_>) -> Outcome {
    let by_state = endpoint_state::found(
        case,
        &[EndpointState::Deleting, EndpointState::Deleted],
        "is deleted or about to be, and nothing passes through it",
        |endpoint| fix(case, &endpoint.id, &endpoint.service),
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
    row.is_undelivered() && (!crate::model::net::is_private(row.ip()) || unheld())
}

fn draft(case: &Case<'_>, id: &EndpointId, confidence: Confidence, rows: &[&Row<'_>]) -> Draft {
    let leads = match rows {
        [] => "gives no address".to_owned(),
        rows => format!("leads to {}", words::list(rows.iter().map(|row| row.ip()))),
    };
    let inventory = &case.facts.inventory;
    let listed = match inventory.endpoint(id) {
        Some(endpoint) => words::endpoint(endpoint),
        None if inventory.vpc_endpoints.is_known() => Evidence::of(
            format!("DescribeVpcEndpoints lists no {id}"),
            ResourceRef::new(ResourceKind::VpcEndpoint, id),
        ),
        None => Evidence::new(format!("{} says that there is none", case.host())),
    };
    let service = inventory.endpoint(id).map(|endpoint| endpoint.service.as_str());
    let service = service.or(case.target.target.expect.service.as_deref()).unwrap_or("SERVICE_NAME");
    let draft =
        Draft::new(confidence, format!("{id} does not exist (any more), and {} {leads}.", case.host()))
            .evidence([listed, words::system(case)])
            .evidence(words::servers(case))
            .evidence(rows.iter().map(|row| words::packets(case, row)))
            .fix(fix(case, id, service))
            .explains(rows.iter().copied());
    if case.name_gives_nothing() { draft.explains_name() } else { draft }
}

fn fix(case: &Case<'_>, id: &EndpointId, service: &str) -> Fix {
    let vpc = case.vpc().map_or("VPC_ID", |vpc| vpc.as_str());
    Fix::text(format!("Create the endpoint anew, and repoint whatever still names {id} or its addresses")).cli(
        format!(
            "aws ec2 create-vpc-endpoint --vpc-endpoint-type Interface --vpc-id {vpc} --service-name {service} \
             --subnet-ids SUBNET_IDS --security-group-ids GROUP_ID"
        ),
    )
}
