//! What the findings about an endpoint's state share.

use crate::model::{
    endpoint::{EndpointState, VpcEndpoint},
    finding::{Confidence, Fix},
    known::Known,
};

use super::{Case, Draft, Outcome, Row, words};

/// Silent rows whose endpoint is in this state, or a name that gives nothing while the endpoint the user
/// configured is in it: private DNS starts to answer only once the endpoint is available.
pub(super) fn found(
    case: &Case<'_>,
    state: &EndpointState,
    says: &str,
    fix: impl Fn(&VpcEndpoint) -> Fix,
) -> Outcome {
    let mut rows: Vec<&Row<'_>> = Vec::new();
    let mut endpoints: Vec<&VpcEndpoint> = Vec::new();
    let mut undecided = None;
    // Interfaces that are not listed leave the name itself, which may be an alias of the endpoint's own.
    let meant = case.meant_endpoint().filter(|endpoint| endpoint.state == *state);
    for row in case.failing().filter(|row| row.is_undelivered()) {
        match &row.endpoint {
            Known::Known(Some(endpoint)) if endpoint.state == *state => {
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
    Ok(Some(endpoints.iter().fold(draft, |draft, endpoint| draft.fix(fix(endpoint)))))
}
