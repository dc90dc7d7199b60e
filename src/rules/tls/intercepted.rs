//! `tls-intercepted`

use super::{
    Case, Outcome, Rule, declare_finding,
    tls_rows::{self, TrustFailure},
};

declare_finding! {
    /// ## What it means
    /// Something between this host and the service opens the TLS connection, reads it, and presents a certificate of its
    /// own making: an inspecting proxy or firewall of the company. This host does not trust its authority.
    /// ## How we know
    /// The chain leads to no trusted root, and an authority in it carries the name of such a product, or calls itself one
    /// for inspection. A name is no proof: compare what the service's owner says of its certificate.
    /// ## What looks like it
    /// `tls-untrusted-issuer`: an authority of the vendor's own that this host does not know.
    /// `tls-self-signed`: nobody vouches for the certificate at all.
    /// ## How to confirm it by hand
    ///     openssl s_client -connect ADDRESS:PORT -servername NAME -showcerts </dev/null
    ///     # and the same from a host that does not pass the inspection: is the issuer another?
    /// ## How to fix it
    /// Exempt the name from inspection, or route the endpoint's addresses past it: private traffic to a VPC endpoint has no
    /// need of it. Otherwise install the inspection's root certificate on this host (`tls.ca_file` for this check).
    static TLS_INTERCEPTED = { title: "an inspecting proxy or firewall presents its own certificate", severity: Error, side: ConsumerVpc, layer: Tls, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&TLS_INTERCEPTED, check);

fn check(case: &Case<'_>) -> Outcome {
    tls_rows::untrusted(
        case,
        TrustFailure::Intercepted,
        |leaf| {
            format!(
                "The certificate for {} was issued by {}, which by its name inspects TLS on the way.",
                case.host(),
                tls_rows::quoted(&leaf.issuer)
            )
        },
        "Exempt the name from inspection, or route the endpoint's addresses past it",
    )
}
