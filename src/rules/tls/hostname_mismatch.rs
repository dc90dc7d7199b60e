//! `tls-hostname-mismatch`

use crate::model::{
    finding::{Confidence, Fix},
    observation::Verdict,
};

use super::{Case, Draft, Outcome, Rule, declare_finding, tls_rows, words};

declare_finding! {
    /// ## What it means
    /// The server presented a certificate that does not name the host that was asked for. Often the application uses the
    /// endpoint's own name (`vpce-….vpce.amazonaws.com`) while the certificate is for the vendor's.
    /// ## How we know
    /// The handshake completed, and the leaf certificate's subjectAltName entries do not match the name (RFC 9525).
    /// ## What looks like it
    /// `tls-untrusted-issuer`: the name fits, the issuer is not trusted.
    /// ## How to confirm it by hand
    ///     openssl s_client -connect ADDRESS:PORT -servername NAME </dev/null | openssl x509 -noout -ext subjectAltName
    /// ## How to fix it
    /// Use a name that the certificate has; let DNS lead that name to the endpoint (private DNS, or a private hosted zone).
    static TLS_HOSTNAME_MISMATCH = { title: "the certificate is for another name", severity: Error, side: Client, layer: Tls, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&TLS_HOSTNAME_MISMATCH, check);

fn check(case: &Case<'_>) -> Outcome {
    let rows = tls_rows::verified(case, |verification| matches!(verification.name, Verdict::Failed { .. }));
    let Some((_, tls)) = rows.first() else {
        return Ok(None);
    };
    let names = tls.leaf().map(|leaf| leaf.names.clone()).unwrap_or_default();
    let valid_for = if names.is_empty() { "no name at all".to_owned() } else { words::list(&names) };
    let draft = Draft::new(
        Confidence::Confirmed,
        format!("The certificate is for {valid_for}, not for {}.", tls.server_name),
    )
    .evidence(tls_rows::presented(&rows, |tls| {
        let leaf = tls.leaf()?;
        let names =
            if leaf.names.is_empty() { "no name at all".to_owned() } else { words::list(&leaf.names) };
        Some((leaf, format!("valid for {names}")))
    }))
    .fix(fix(&names))
    .explains(rows.iter().map(|(row, _)| *row));
    Ok(Some(draft))
}

fn fix(names: &[String]) -> Fix {
    match names.iter().find(|name| !name.starts_with('*')) {
        Some(name) => Fix::text(format!(
            "If this is the service you meant: connect to {name}, and let DNS lead that name to these addresses. \
                 If not: DNS leads the name to the wrong endpoint; repoint its record"
        )),
        None => Fix::text("Connect to a name that the certificate has"),
    }
}
