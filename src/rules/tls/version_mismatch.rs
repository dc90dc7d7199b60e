//! `tls-version-mismatch`

use crate::model::{
    finding::{Confidence, Fix},
    observation::TlsOutcome,
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, tls_rows};

declare_finding! {
    /// ## What it means
    /// The two sides have no version of TLS in common. This check, like current clients, offers 1.2 and 1.3; the versions
    /// before are obsolete (RFC 8996).
    /// ## How we know
    /// The server answered the ClientHello with the alert protocol_version, or chose a version that was not offered.
    /// ## What looks like it
    /// `tls-plaintext-port`: no TLS at all.
    /// `tls-client-certificate-required`: the versions agree, a certificate is missed.
    /// ## How to confirm it by hand
    ///     openssl s_client -connect ADDRESS:PORT -servername NAME -tls1_2 </dev/null
    ///     openssl s_client -connect ADDRESS:PORT -servername NAME -tls1_1 -cipher DEFAULT@SECLEVEL=0 </dev/null
    /// ## How to fix it
    /// The owner of the service enables TLS 1.2 or 1.3. With a load balancer's TLS listener that is its security policy.
    static TLS_VERSION_MISMATCH = { title: "the two sides have no TLS version in common", severity: Error, side: Provider, layer: Tls, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&TLS_VERSION_MISMATCH, check);

fn check(case: &Case<'_>) -> Outcome {
    let rows: Vec<_> = case.failing().filter_map(|row| Some((row, said(row)?))).collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let draft = Draft::new(Confidence::Confirmed, "The server speaks neither TLS 1.2 nor TLS 1.3.")
        .evidence(tls_rows::said(rows.iter().map(|(row, said)| (*row, said.clone()))))
        .fix(Fix::text("The owner of the service enables TLS 1.2 or 1.3"))
        .explains(rows.iter().map(|(row, _)| *row));
    Ok(Some(draft))
}

fn said(row: &Row<'_>) -> Option<String> {
    match &row.probe.tls.as_ref()?.outcome {
        TlsOutcome::Alert { description } if description == "protocol_version" => {
            Some("sent the alert protocol_version to a ClientHello that offers TLS 1.2 and 1.3".to_owned())
        }
        TlsOutcome::Failed { message } if message.starts_with(TlsOutcome::NO_COMMON_VERSION) => {
            Some(format!("chose a version that was not offered ({message})"))
        }
        _ => None,
    }
}
