//! `tls-client-certificate-required`

use crate::model::{
    finding::{Confidence, Fix},
    observation::{TlsOutcome, TlsProbe},
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, tls_rows};

declare_finding! {
    /// ## What it means
    /// The server wants to know who connects: it asks for a client certificate, and goes on only with one that it accepts.
    /// ## How we know
    /// The server sent a CertificateRequest, and then an alert or the end of the connection; or the alert
    /// certificate_required, which means nothing else (RFC 8446 section 6.2). In TLS 1.3 it comes only after the handshake.
    /// ## What looks like it
    /// `tls-version-mismatch`, `tls-sni-required`: the alert comes before the server has shown a certificate of its own.
    /// `tls-untrusted-issuer`: this host refuses the server, not the server this host.
    /// ## How to confirm it by hand
    ///     openssl s_client -connect ADDRESS:PORT -servername NAME -cert CERT.pem -key KEY.pem </dev/null
    /// ## How to fix it
    /// Configure the certificate and key that the service's owner issued (`tls.client_cert`, `tls.client_key`). If one is
    /// configured: ask the owner which authorities it accepts, and look at the dates.
    static TLS_CLIENT_CERTIFICATE_REQUIRED = { title: "the server wants a client certificate that it accepts", severity: Error, side: Client, layer: Tls, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&TLS_CLIENT_CERTIFICATE_REQUIRED, check);

/// Alerts about the certificate of whoever receives them (RFC 8446 section 6.2). In TLS 1.2, and with some
/// servers after it, the plain `handshake_failure` says that none came.
const ABOUT_CLIENT: [&str; 8] = [
    "access_denied",
    "bad_certificate",
    "certificate_expired",
    "certificate_revoked",
    "certificate_unknown",
    "handshake_failure",
    "unknown_ca",
    "unsupported_certificate",
];

fn check(case: &Case<'_>) -> Outcome {
    let rows: Vec<_> = case.failing().filter_map(|row| Some((row, refusal(row)?))).collect();
    let Some(confidence) = rows.iter().map(|(_, refusal)| refusal.confidence).min() else {
        return Ok(None);
    };
    let configured = &case.target.target.tls.client_cert;
    let (summary, fix) = match configured {
        None => (
            "The server asks for a client certificate, and none is configured.",
            "Give the application the client certificate and key that the service's owner issued; this check takes them \
             by tls.client_cert and tls.client_key",
        ),
        Some(_) => (
            "The server does not accept the client certificate that is configured.",
            "Ask the service's owner which client certificates it accepts, and look at this one's issuer and dates",
        ),
    };
    let draft = Draft::new(confidence, summary)
        .evidence(tls_rows::said(rows.iter().map(|(row, refusal)| (*row, refusal.says.clone()))))
        .fix(Fix::text(fix))
        .explains(rows.iter().map(|(row, _)| *row));
    Ok(Some(draft))
}

struct Refusal {
    says: String,
    confidence: Confidence,
}

fn refusal(row: &Row<'_>) -> Option<Refusal> {
    let tls = row.probe.tls.as_ref()?;
    let requested =
        if tls.client_certificate_requested { "sent a CertificateRequest, then " } else { "sent " };
    let (ending, confidence) = match &tls.outcome {
        TlsOutcome::Alert { description } if description == "certificate_required" => {
            ("the alert certificate_required".to_owned(), Confidence::Confirmed)
        }
        TlsOutcome::Alert { description } if is_about_client(tls, description) => {
            (format!("the alert {description}"), Confidence::Confirmed)
        }
        TlsOutcome::Reset if tls.client_certificate_requested => ("a RST".to_owned(), Confidence::Likely),
        TlsOutcome::UnexpectedEof if tls.client_certificate_requested => {
            ("closed the connection".to_owned(), Confidence::Likely)
        }
        _ => return None,
    };
    Some(Refusal { says: format!("{requested}{ending}"), confidence })
}

fn is_about_client(tls: &TlsProbe, alert: &str) -> bool {
    tls.client_certificate_requested && ABOUT_CLIENT.contains(&alert)
}
