//! What the findings about an endpoint's state share.

use crate::{
    analyze::dns,
    model::{
        endpoint::{EndpointState, VpcEndpoint},
        finding::{Confidence, Fix},
        id::{EndpointId, SubnetId},
        known::{Known, Unknown},
        name::{DnsAnswer, Rcode, ServerAnswer},
    },
};

use super::{Case, Draft, Outcome, Row, new_endpoint, words};

/// Silent rows whose endpoint is in one of these states, or a name that gives nothing while the endpoint the user
/// configured is in it: private DNS starts to answer only once the endpoint is available.
pub(super) fn found(
    case: &Case<'_>,
    states: &[EndpointState],
    says: &str,
    fixes: impl Fn(&VpcEndpoint) -> Vec<Fix>,
) -> Outcome {
    let mut rows: Vec<&Row<'_>> = Vec::new();
    let mut endpoints: Vec<&VpcEndpoint> = Vec::new();
    let mut undecided = None;
    // Interfaces that are not listed leave the name itself, which may be an alias of the endpoint's own.
    let meant = case.meant_endpoint().filter(|endpoint| states.contains(&endpoint.state));
    for row in case.failing().filter(|row| row.is_undelivered()) {
        match &row.endpoint {
            Known::Known(Some(endpoint)) if states.contains(&endpoint.state) => {
                rows.push(row);
                if !endpoints.contains(endpoint) {
                    endpoints.push(endpoint);
                }
            }
            Known::Known(None) | Known::Unknown(_) if meant.is_some() => rows.push(row),
            Known::Known(_) => {}
            Known::Unknown(why) => undecided = Some(why.clone()),
        }
    }
    let named = meant.filter(|_| case.name_gives_nothing() || !rows.is_empty());
    if endpoints.is_empty() && named.is_none() {
        return undecided.map_or(Ok(None), Err);
    }
    endpoints.extend(named.filter(|endpoint| !endpoints.contains(endpoint)));
    let ids = words::list(endpoints.iter().map(|endpoint| &endpoint.id));
    let confidence = if rows.is_empty() { Confidence::Likely } else { Confidence::Confirmed };
    let draft = Draft::new(confidence, format!("{ids} {says}."))
        .evidence(endpoints.iter().map(|endpoint| words::endpoint(endpoint)))
        .evidence(rows.iter().map(|row| words::packets(case, row)))
        .explains(rows.iter().copied());
    let draft = if named.is_some() && case.name_gives_nothing() { draft.explains_name() } else { draft };
    Ok(Some(endpoints.iter().flat_map(|endpoint| fixes(endpoint)).fold(draft, Draft::fix)))
}

/// What only the provider can run.
pub(super) fn accept(endpoint: &VpcEndpoint, text: &str) -> Fix {
    Fix::text(text).cli(format!(
        "aws ec2 accept-vpc-endpoint-connections --service-id {} --vpc-endpoint-ids {}   # run by the provider",
        endpoint.service.rsplit('.').next().unwrap_or(&endpoint.service),
        endpoint.id
    ))
}

pub(super) fn delete(endpoint: &VpcEndpoint, text: &str) -> Fix {
    Fix::text(text).cli(format!("aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {}", endpoint.id))
}

/// The same endpoint once more.
pub(super) fn create(case: &Case<'_>, endpoint: &VpcEndpoint) -> Fix {
    let private_dns = endpoint.private_dns_enabled;
    new_endpoint::fix(case, "Then create it again", &endpoint.service, Some(endpoint), private_dns)
}

/// For states that do not prove that packets stop.
pub(super) fn at_most(outcome: Outcome, most: Confidence) -> Outcome {
    let lower = |draft: Draft| Draft { confidence: draft.confidence.min(most), ..draft };
    outcome.map(|found| found.map(lower))
}

/// The endpoint that the target is meant for and that does not exist as far as we can see, and how far that is.
pub(super) fn vanished(case: &Case<'_>) -> Result<Option<(EndpointId, Confidence)>, Unknown> {
    let inventory = &case.facts.inventory;
    // An alias that leads to nothing is a finding of its own.
    if case.answers().any(is_dangling) {
        return Ok(None);
    }
    if let Some(id) = dns::endpoint_of_own_name(case.host()).map(EndpointId::new) {
        // These names are public: whoever owns the endpoint, they exist as long as it does.
        let mut denials =
            case.target.resolution.servers.iter().filter(|server| server.denies_name()).peekable();
        let gone = case.name_gives_nothing() && denials.peek().is_some() && inventory.endpoint(&id).is_none();
        let sure = inventory.vpc_endpoints.is_known()
            && denials.any(|server: &ServerAnswer| dns::is_vpc_resolver(inventory, server.server));
        return Ok(gone.then_some((id, if sure { Confidence::Confirmed } else { Confidence::Possible })));
    }
    let Some(id) = &case.target.target.endpoint else {
        // What was deleted is listed for a while, without interfaces and names.
        let gone = |endpoint: &&VpcEndpoint| {
            [EndpointState::Deleted, EndpointState::Deleting].contains(&endpoint.state)
        };
        let likely = case.likely_endpoint().filter(gone);
        return Ok(likely.map(|endpoint| (endpoint.id.clone(), Confidence::Likely)));
    };
    let listed = inventory.vpc_endpoints.ok()?.iter().any(|endpoint| endpoint.id == *id);
    // Another account or Region may have it; but then its private addresses would lead out of this VPC.
    let sees_all = shared_subnet(case) == Known::Known(None);
    let confidence = if sees_all { Confidence::Likely } else { Confidence::Possible };
    Ok((!listed).then(|| (id.clone(), confidence)))
}

/// This host's subnet, where another account shares it: then the list of endpoints may lack that account's.
pub(super) fn shared_subnet<'a>(case: &Case<'a>) -> Known<Option<&'a SubnetId>> {
    let vantage = &case.facts.vantage;
    vantage.subnet.as_ref().and_then(|subnet| {
        let shared = vantage.eni.as_ref().and_then(|eni| case.facts.inventory.is_shared(subnet, eni));
        shared.map(|shared| shared.then_some(subnet))
    })
}

fn is_dangling(answer: &DnsAnswer) -> bool {
    answer.rcode == Rcode::NxDomain && !answer.cnames.is_empty()
}
