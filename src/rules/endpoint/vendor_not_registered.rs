//! `endpoint-vendor-not-registered`

use crate::model::{
    endpoint::{EndpointState, VpcEndpoint},
    finding::{Confidence, Evidence, Fix},
    known::Known,
    observation::TlsOutcome,
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, words};

declare_finding! {
    /// ## What it means
    /// The endpoint is available and lets connections through, and whatever stands behind it hangs up as soon as TLS begins,
    /// on every address. With vendors this often is a registration that is missing: their console wants to know the
    /// endpoint's id before it lets its traffic in.
    /// ## How we know
    /// Every address that connects closes or resets the connection at the ClientHello, before any certificate came, and the
    /// endpoint of each is available. No more than a possibility: from here a missing registration looks the same as a load
    /// balancer that expects or sends the PROXY protocol when its targets do not, as targets that are unhealthy, and as a
    /// port that speaks no TLS.
    /// ## What looks like it
    /// `tls-plaintext-port`: bytes came back, and they are no TLS.
    /// `endpoint-pending-acceptance`: nothing connects at all.
    /// `provider-no-listener`: connections are refused.
    /// ## How to confirm it by hand
    ///     openssl s_client -connect ADDRESS:PORT -servername NAME </dev/null      # "unexpected eof" or "reset by peer"
    /// ## How to fix it
    /// Register the endpoint's id in the vendor's console and wait some minutes. If it is registered, send the provider the
    /// endpoint's id, the addresses and the times: they check the PROXY protocol setting and the health of their targets.
    static ENDPOINT_VENDOR_NOT_REGISTERED = { title: "the service hangs up on every connection; the endpoint may not be registered with the vendor", severity: Error, side: Provider, layer: Provider, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_VENDOR_NOT_REGISTERED, check);

fn check(case: &Case<'_>) -> Outcome {
    let connected: Vec<_> =
        case.rows.iter().filter(|row| row.probe.used && row.probe.tcp.outcome.is_connected()).collect();
    if connected.is_empty() || !connected.iter().all(|row| hangs_up(row)) {
        return Ok(None);
    }
    let mut endpoint: Option<&VpcEndpoint> = None;
    for row in &connected {
        match *row.endpoint.ok()? {
            Some(one) if one.state == EndpointState::Available && one.service.contains(".vpce-svc-") => {
                endpoint = Some(one);
            }
            _ => return Ok(None),
        }
    }
    Ok(endpoint.map(|endpoint| draft(case, endpoint, &connected)))
}

fn hangs_up(row: &Row<'_>) -> bool {
    let tls = row.probe.tls.as_ref();
    tls.is_some_and(|tls| {
        matches!(tls.outcome, TlsOutcome::UnexpectedEof | TlsOutcome::Reset) && tls.chain.is_empty()
    })
}

fn draft(case: &Case<'_>, endpoint: &VpcEndpoint, rows: &[&Row<'_>]) -> Draft {
    let (id, port) = (&endpoint.id, case.target.target.port);
    let zones = words::list(rows.iter().filter_map(|row| match &row.eni {
        Known::Known(Some(eni)) => case.facts.inventory.az_id_of(eni),
        _ => None,
    }));
    Draft::new(
        Confidence::Possible,
        format!("What stands behind {id} hangs up at the beginning of TLS; {id} may not be registered with the vendor."),
    )
    .evidence([words::endpoint(endpoint)])
    .evidence(rows.iter().map(|row| {
        let how = row.probe.tls.as_ref().map_or("", |tls| tls.outcome.as_str());
        Evidence::of(
            format!("{} connects on tcp/{port} and ends at the ClientHello: {how}", row.ip()),
            words::address(row.ip()),
        )
    }))
    .evidence([Evidence::new(
        "what looks the same from here: a PROXY protocol mismatch at the provider's load balancer, unhealthy targets, a port \
         that speaks no TLS",
    )])
    .fix(Fix::text(format!("Register {id} in the vendor's console, and check again some minutes later")))
    .fix(Fix::text(format!(
        "If it is registered, ask the provider: {id}, tcp/{port}, zones {}, hung up at {}; PROXY protocol and targets",
        if zones.is_empty() { "unknown".to_owned() } else { zones },
        case.facts.now
    )))
    .explains(rows.iter().copied())
}
