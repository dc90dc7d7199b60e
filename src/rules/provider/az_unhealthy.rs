//! `provider-az-unhealthy`

use crate::model::{
    finding::{Confidence, Evidence, Fix},
    known::Known,
    report::PathVerdict,
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, exclusion, pod, words};

declare_finding! {
    /// ## What it means
    /// Some of the endpoint's interfaces lead to a service that answers, others do not, and nothing in this VPC treats them
    /// differently. A load balancer without cross-zone balancing and without healthy targets in a zone looks like this.
    /// ## How we know
    /// Groups, ACLs and routes allow the way to every address and back, the endpoint is available, and only some addresses
    /// answer.
    /// ## What looks like it
    /// `nacl-endpoint-ingress`: subnets of different zones may have different ACLs.
    /// `provider-silent`: no address answers.
    /// ## How to confirm it by hand
    ///     nc -vz -w 3 ADDRESS PORT      # each address of the name
    ///     aws ec2 describe-vpc-endpoints --vpc-endpoint-ids VPCE --query 'VpcEndpoints[].DnsEntries'
    /// ## How to fix it
    /// Write to the provider with the zone ids (names differ from account to account): targets in those zones, or cross-zone
    /// load balancing. Meanwhile clients that try every address get through.
    static PROVIDER_AZ_UNHEALTHY = { title: "the service does not answer in some zones", severity: Error, side: Provider, layer: Provider, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&PROVIDER_AZ_UNHEALTHY, check);

fn check(case: &Case<'_>) -> Outcome {
    if !case.rows.iter().any(answers) {
        return Ok(None);
    }
    let mut dead = Vec::new();
    let mut undecided = None;
    for row in case.silent().filter(|row| row.endpoint.known().is_none_or(Option::is_some)) {
        match row.path.verdict() {
            // An ACL that denies part of the client's ports may have swallowed this very connection.
            Known::Known(PathVerdict::Allow) if row.path.partly_blocked().is_some() => {}
            // And what it allows may not be what the endpoint meets.
            Known::Known(PathVerdict::Allow) if pod::is_likely_translated(case, row) => {}
            Known::Known(PathVerdict::Allow) => match row.endpoint.ok() {
                Ok(_) => dead.push(row),
                Err(why) => undecided = Some(why),
            },
            Known::Known(PathVerdict::Deny) => {}
            Known::Unknown(why) => undecided = Some(why),
        }
    }
    match (dead.as_slice(), undecided) {
        ([], Some(why)) => Err(why),
        ([], None) => Ok(None),
        (dead, _) => Ok(Some(draft(case, dead))),
    }
}

fn answers(row: &Row<'_>) -> bool {
    row.probe.used && row.probe.tcp.outcome.is_connected()
}

fn draft(case: &Case<'_>, dead: &[&Row<'_>]) -> Draft {
    let place = |row: &&Row<'_>| {
        let eni = row.eni.known().copied().flatten();
        let zone = eni.and_then(|eni| case.facts.inventory.az_id_of(eni));
        zone.map_or_else(|| row.ip().to_string(), |zone| format!("{} ({zone})", row.ip()))
    };
    let places = words::list(dead.iter().map(place));
    let answering: Vec<_> = case.rows.iter().filter(|row| answers(row)).map(Row::ip).collect();
    let others = words::list(&answering);
    let (confidence, unread) = exclusion::doubt(case, dead, Confidence::Likely);
    Draft::new(
        confidence,
        format!(
            "{places} {} no answer while {others} {}, and nothing visible from here treats them differently.",
            if dead.len() == 1 { "gives" } else { "give" },
            if answering.len() == 1 { "does" } else { "do" }
        ),
    )
    .evidence(dead.first().and_then(|row| row.endpoint.known().copied().flatten()).map(words::endpoint))
    .evidence(dead.iter().map(|row| {
        Evidence::of(format!("groups, ACLs and routes allow the way to {} and back", row.ip()), words::address(row.ip()))
    }))
    .evidence(case.rows.iter().filter(|row| row.probe.used).map(|row| words::packets(case, row)))
    .evidence(unread)
    .fix(Fix::text(format!(
        "Ask the provider about tcp/{} behind {places}: targets in that zone, or cross-zone balancing (no answer at {})",
        case.target.target.port, case.facts.now
    )))
    .explains(dead.iter().copied())
}
