//! `tls-untrusted-issuer`

use super::{
    Case, Outcome, Rule, declare_finding,
    tls_rows::{self, TrustFailure},
};

declare_finding! {
    /// ## What it means
    /// The presented chain leads to a root that this host does not trust.
    /// ## How we know
    /// The chain has more than one certificate and no path to a trusted root verifies (RFC 5280 section 6).
    /// ## What looks like it
    /// `tls-self-signed`, `tls-incomplete-chain`: chains of one.
    /// `tls-intercepted`: the issuer's name is that of a product which inspects TLS.
    /// ## How to confirm it by hand
    ///     openssl s_client -connect ADDRESS:PORT -servername NAME -showcerts </dev/null
    /// ## How to fix it
    /// Install the vendor's root certificate on this host, or name it in `tls.ca_file`.
    static TLS_UNTRUSTED_ISSUER = { title: "this host does not trust the certificate's issuer", severity: Error, side: Client, layer: Tls, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&TLS_UNTRUSTED_ISSUER, check);

fn check(case: &Case<'_>) -> Outcome {
    tls_rows::untrusted(
        case,
        TrustFailure::Unknown,
        |leaf| {
            format!(
                "This host does not trust {}, which issued the certificate of {}.",
                tls_rows::quoted(&leaf.issuer),
                case.host()
            )
        },
        "Give the application (and this check, by tls.ca_file) the root certificate that the vendor names",
    )
}
