//! `tls-plaintext-port`

use crate::model::{
    finding::{Confidence, Fix},
    observation::TlsOutcome,
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, tls_rows};

declare_finding! {
    /// ## What it means
    /// The connection stands, but what answers on this port is no TLS: a plaintext service, or a protocol that must be
    /// asked to switch to TLS first.
    /// ## How we know
    /// The bytes that came back are no TLS record (RFC 8446 section 5.1).
    /// ## What looks like it
    /// `tls-hostname-mismatch` and the other certificate findings: there TLS works.
    /// ## How to confirm it by hand
    ///     openssl s_client -connect ADDRESS:PORT </dev/null      # "wrong version number"
    ///     nc -w 3 ADDRESS PORT </dev/null | head -c 64
    /// ## How to fix it
    /// Use the service's TLS port, or check it as tcp://, http:// if plaintext is what you want.
    static TLS_PLAINTEXT_PORT = { title: "the port does not speak TLS", severity: Error, side: Client, layer: Tls, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&TLS_PLAINTEXT_PORT, check);

fn check(case: &Case<'_>) -> Outcome {
    let plain: Vec<_> = case.failing().filter_map(|row| Some((row, head(row)?))).collect();
    if plain.is_empty() {
        return Ok(None);
    }
    let target = &case.target.target;
    let http = plain.iter().all(|(_, head)| head.starts_with("HTTP/"));
    let (speaks, scheme) =
        if http { ("speaks plain HTTP, not TLS", "http") } else { ("does not speak TLS", "tcp") };
    let draft = Draft::new(Confidence::Confirmed, format!("Port {} {speaks}.", target.port))
        .evidence(tls_rows::said(plain.iter().map(|(row, head)| {
            (*row, format!("answered the ClientHello with {head:?}, which is no TLS record"))
        })))
        .fix(
            Fix::text(format!("Use the service's TLS port; if plaintext is meant, check it as {scheme}"))
                .cli(format!("vpce-doctor check {scheme}://{}", target.authority())),
        )
        .explains(plain.iter().map(|(row, _)| *row));
    Ok(Some(draft))
}

fn head<'r>(row: &'r Row<'_>) -> Option<&'r str> {
    match &row.probe.tls.as_ref()?.outcome {
        TlsOutcome::NotTls { head } => Some(head),
        _ => None,
    }
}
