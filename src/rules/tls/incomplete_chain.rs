//! `tls-incomplete-chain`

use super::{
    Case, Outcome, Rule, declare_finding,
    tls_rows::{self, TrustFailure},
};

declare_finding! {
    /// ## What it means
    /// The server sends its own certificate without the intermediate that signed it. Clients that have the intermediate
    /// cached connect, others do not.
    /// ## How we know
    /// The chain has one certificate, its issuer is another, and this host does not know that issuer.
    /// ## What looks like it
    /// `tls-untrusted-issuer`: the whole chain is there, its root is unknown.
    /// ## How to confirm it by hand
    ///     openssl s_client -connect ADDRESS:PORT -servername NAME -showcerts </dev/null
    /// ## How to fix it
    /// The owner of the service installs the full chain.
    static TLS_INCOMPLETE_CHAIN = { title: "the server leaves out an intermediate certificate", severity: Error, side: Provider, layer: Tls, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&TLS_INCOMPLETE_CHAIN, check);

fn check(case: &Case<'_>) -> Outcome {
    tls_rows::untrusted(
        case,
        TrustFailure::Incomplete,
        |leaf| {
            format!(
                "The server sends {} without the certificate of its issuer, {}.",
                tls_rows::quoted(&leaf.subject),
                tls_rows::quoted(&leaf.issuer)
            )
        },
        "The owner of the service installs the full chain, the intermediate certificate included",
    )
}
