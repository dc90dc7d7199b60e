//! `tls-self-signed`

use super::{
    Case, Outcome, Rule, declare_finding,
    tls_rows::{self, TrustFailure},
};

declare_finding! {
    /// ## What it means
    /// The server's certificate is its own issuer; nobody vouches for it.
    /// ## How we know
    /// The chain has one certificate whose issuer equals its subject, and it is not among the trusted roots.
    /// ## What looks like it
    /// `tls-untrusted-issuer`: a chain to a root that this host does not know.
    /// ## How to confirm it by hand
    ///     openssl s_client -connect ADDRESS:PORT -servername NAME -showcerts </dev/null
    /// ## How to fix it
    /// Ask the owner for a certificate of a public authority, or trust this one on purpose (`tls.ca_file`).
    static TLS_SELF_SIGNED = { title: "the server presents a self-signed certificate", severity: Error, side: Provider, layer: Tls, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&TLS_SELF_SIGNED, check);

fn check(case: &Case<'_>) -> Outcome {
    tls_rows::untrusted(
        case,
        TrustFailure::SelfSigned,
        |leaf| {
            format!("The server presents a self-signed certificate ({}).", tls_rows::quoted(&leaf.subject))
        },
        "Ask the owner of the service for a certificate that an authority signed; or trust this one on purpose, in the \
         application and in this check (tls.ca_file)",
    )
}
