//! `provider-no-listener`

use crate::model::{
    finding::{Confidence, Evidence, Fix},
    known::Known,
    observation::TcpOutcome,
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, own_host, words};

declare_finding! {
    /// ## What it means
    /// Something at the address answered and refused: nothing listens on this port there. Security groups and network
    /// ACLs never refuse, they drop; so the packets arrived.
    /// ## How we know
    /// A RST came back for the SYN, and no ICMP error with it.
    /// ## What looks like it
    /// `provider-silent`: no answer at all.
    /// A firewall that rejects with a RST looks the same from here.
    /// ## How to confirm it by hand
    ///     nc -vz -w 3 ADDRESS PORT      # "Connection refused"
    /// ## How to fix it
    /// Check the port against the service's documentation (with vendors: the one suffixed to the private link). If it is
    /// right, ask the provider whether its load balancer has a listener on it and a target behind.
    static PROVIDER_NO_LISTENER = { title: "the far side refuses this port", severity: Error, side: Provider, layer: Provider, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&PROVIDER_NO_LISTENER, check);

fn check(case: &Case<'_>) -> Outcome {
    let refused: Vec<_> =
        case.failing().filter(|row| is_refused(case, row) && !own_host::keeps(case, row)).collect();
    if refused.is_empty() {
        return Ok(None);
    }
    let port = case.target.target.port;
    let ips = words::list(refused.iter().map(|row| row.ip()));
    let endpoints = refused.iter().filter_map(|row| row.endpoint.known().copied().flatten());
    let draft = Draft::new(
        Confidence::Likely,
        format!(
            "{ips} {} connections on port {port}: nothing listens there, or a firewall rejects them.",
            if refused.len() == 1 { "refuses" } else { "refuse" }
        ),
    )
    .evidence(refused.iter().map(|row| words::packets(case, row)))
    .evidence(endpoints.map(words::endpoint).take(1))
    .evidence(cleared(case, &refused))
    .fix(Fix::text(format!(
        "Check that {port} is the service's port; if it is, ask the provider for the listener on it"
    )))
    .explains(refused.iter().copied());
    Ok(Some(draft))
}

/// That it is nothing of this VPC, as far as its configuration was read.
fn cleared(case: &Case<'_>, refused: &[&Row<'_>]) -> Option<Evidence> {
    let allowed: Vec<_> = refused.iter().filter(|row| row.path.passes()).map(|row| row.ip()).collect();
    let port = case.target.target.port;
    let fact = format!(
        "groups, ACLs and routes allow tcp/{port} to {}; groups and ACLs drop and never refuse, so that the RST comes \
         from beyond them or from a filter on this host",
        words::list(&allowed)
    );
    (!allowed.is_empty()).then(|| Evidence::new(fact))
}

/// Refused by what stands behind an endpoint, or by something of which we do not know that it is none.
fn is_refused(case: &Case<'_>, row: &Row<'_>) -> bool {
    let not_an_endpoint = row.endpoint == Known::Known(None) && matches!(row.eni, Known::Known(Some(_)));
    matches!(row.probe.tcp.outcome, TcpOutcome::Refused { icmp: None })
        && !not_an_endpoint
        && !row.is_this_host()
        && !is_invented(case, row)
}

/// An address of a file on this host that no DNS server gives and no endpoint holds: nobody knows whose it is.
fn is_invented(case: &Case<'_>, row: &Row<'_>) -> bool {
    let from_file = case.target.resolution.hosts_file.iter().any(|entry| entry.ip == row.ip());
    from_file && !case.dns_gives(row.ip()) && !matches!(row.endpoint, Known::Known(Some(_)))
}
