//! `provider-silent`

use crate::model::{
    finding::{Confidence, Evidence, Fix},
    known::Known,
    report::PathVerdict,
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, exclusion, pod, words};

declare_finding! {
    /// ## What it means
    /// The endpoint is available and nothing in this VPC stops the packets, yet nobody answers. What is left lies where a
    /// consumer cannot look, or on this host.
    /// ## How we know
    /// Groups, ACLs and routes allow the way there and back, the endpoint is available, and connections get no answer.
    /// ## What looks like it
    /// `sg-endpoint-ingress-missing` and the other blockers: there the configuration shows who drops.
    /// `provider-no-listener`: an answer came, a refusal.
    /// ## How to confirm it by hand
    ///     nc -vz -w 3 ADDRESS PORT
    ///     aws ec2 describe-vpc-endpoints --vpc-endpoint-ids VPCE
    ///     sudo nft list ruleset      # a firewall on this host drops just as silently
    /// ## How to fix it
    /// Write to the provider with the endpoint's id, the zone ids, this host's address and the time. What it should check:
    /// the load balancer's security group (enforced on PrivateLink traffic by default), a listener on the port, healthy
    /// targets in these zones, the targets' own filters, and whether the endpoint is registered in the vendor's console.
    static PROVIDER_SILENT = { title: "everything visible lets the packets through, and the far side does not answer", severity: Error, side: Provider, layer: Provider, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&PROVIDER_SILENT, check);

fn check(case: &Case<'_>) -> Outcome {
    // Where some addresses answer, the zones differ: that is a finding of its own.
    if case.rows.iter().any(|row| row.probe.used && row.probe.tcp.outcome.is_connected()) {
        return Ok(None);
    }
    let mut rows = Vec::new();
    let mut undecided = None;
    for row in case.silent().filter(|row| leads_to_endpoint(row)) {
        match row.path.verdict() {
            // An ACL that denies part of the client's ports may have swallowed this very connection.
            Known::Known(PathVerdict::Allow) if row.path.partly_blocked().is_some() => {}
            // And what it allows may not be what the endpoint meets.
            Known::Known(PathVerdict::Allow) if pod::is_likely_translated(case, row) => {}
            Known::Known(PathVerdict::Allow) if matches!(row.endpoint, Known::Known(Some(_))) => {
                rows.push(row);
            }
            Known::Known(_) => {}
            Known::Unknown(why) => undecided = Some(why),
        }
    }
    match (rows.as_slice(), undecided) {
        ([], Some(why)) => Err(why),
        ([], None) => Ok(None),
        (rows, _) => Ok(Some(draft(case, rows))),
    }
}

/// Or may lead to one, for all we know.
fn leads_to_endpoint(row: &Row<'_>) -> bool {
    match &row.endpoint {
        Known::Known(endpoint) => endpoint.is_some(),
        Known::Unknown(_) => crate::model::net::is_private(row.ip()),
    }
}

/// The one candidate on our own side that nothing has ruled out.
fn leaves(case: &Case<'_>, rows: &[&Row<'_>]) -> Fix {
    let port = case.target.target.port;
    let hosts: Vec<_> = rows.iter().map(|row| format!("host {}", row.ip())).collect();
    Fix::text("First see on this host that the SYNs leave, and that no answer comes (check again meanwhile)")
        .cli(format!("sudo tcpdump -ni any 'tcp port {port} and ({})'", hosts.join(" or ")))
}

fn draft(case: &Case<'_>, rows: &[&Row<'_>]) -> Draft {
    let endpoints: Vec<_> = rows.iter().filter_map(|row| row.endpoint.known().copied().flatten()).collect();
    let ids = words::list(endpoints.first().map(|endpoint| endpoint.id.clone()));
    let source = rows.first().and_then(|row| row.probe.source_ip.known());
    let source = source.map(|ip| format!(" from {ip}")).unwrap_or_default();
    let zones = words::list(rows.iter().filter_map(|row| {
        row.eni.known().copied().flatten().and_then(|eni| case.facts.inventory.az_id_of(eni))
    }));
    let (confidence, unread) = exclusion::doubt(case, rows, Confidence::Likely);
    Draft::new(
        confidence,
        format!("Nobody answers behind {ids}, though everything visible from here lets the packets through."),
    )
    .evidence(endpoints.first().map(|endpoint| words::endpoint(endpoint)))
    .evidence(rows.iter().map(|row| {
        Evidence::of(
            format!("groups, ACLs and routes allow tcp/{} to {} and back", case.target.target.port, row.ip()),
            words::address(row.ip()),
        )
    }))
    .evidence(rows.iter().map(|row| words::packets(case, row)))
    .evidence([Evidence::new(
        "what is left: the provider's load balancer (its security group, listener, targets), a registration of \
         the endpoint that the vendor still waits for, or a firewall on this host",
    )])
    .evidence(unread)
    .fix(leaves(case, rows))
    .fix(Fix::text(format!(
        "Then ask the provider: {ids}, tcp/{}{source}, zones {}, no answer at {}",
        case.target.target.port,
        if zones.is_empty() { "unknown".to_owned() } else { zones },
        case.facts.now,
    )))
    .explains(rows.iter().copied())
}
