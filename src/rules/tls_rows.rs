//! What the findings about certificates share.

use crate::model::{
    finding::{Confidence, Evidence, Fix},
    observation::{Certificate, TlsProbe, Verdict, Verification},
    resource::{ResourceKind, ResourceRef},
};

use super::{Case, Draft, Outcome, Row};

/// Rows in use whose chain was judged, and judged so.
pub(super) fn verified<'c, 'a>(
    case: &'c Case<'a>,
    is: impl Fn(&Verification) -> bool,
) -> Vec<(&'c Row<'a>, &'a TlsProbe)> {
    let judged = |row: &'c Row<'a>| {
        let tls = row.probe.tls.as_ref().filter(|_| row.probe.used)?;
        tls.verification.known().is_some_and(&is).then_some((row, tls))
    };
    case.rows.iter().filter_map(judged).collect()
}

/// Why no path to a trusted root was found: exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TrustFailure {
    /// The issuer is by name an authority of those that break TLS open on the way.
    Intercepted,
    SelfSigned,
    Incomplete,
    Unknown,
}

pub(super) fn untrusted(
    case: &Case<'_>,
    failure: TrustFailure,
    summary: impl Fn(&Certificate) -> String,
    fix: &str,
) -> Outcome {
    let untrusted = verified(case, |verification| matches!(verification.trust, Verdict::Failed { .. }));
    let rows: Vec<_> = untrusted.into_iter().filter(|(_, tls)| trust_failure(tls) == Some(failure)).collect();
    let Some(leaf) = rows.first().and_then(|(_, tls)| tls.leaf()) else {
        return Ok(None);
    };
    let confidence = match failure {
        // A lone leaf may also come straight from an authority that this host does not know; and anybody may
        // give an authority any name.
        TrustFailure::Incomplete | TrustFailure::Intercepted => Confidence::Likely,
        TrustFailure::SelfSigned | TrustFailure::Unknown => Confidence::Confirmed,
    };
    let draft = Draft::new(confidence, summary(leaf))
        .evidence(rows.iter().filter_map(|(row, tls)| {
            let leaf = tls.leaf()?;
            let reason = match tls.verification.known().map(|verification| &verification.trust) {
                Some(Verdict::Failed { reason }) => reason.as_str(),
                _ => "not trusted",
            };
            Some(Evidence::of(
                format!("{} presents {} issued by {}: {reason}", row.ip(), leaf.subject, leaf.issuer),
                ResourceRef::new(ResourceKind::Certificate, &leaf.subject),
            ))
        }))
        .fix(Fix::text(fix))
        .explains(rows.iter().map(|(row, _)| *row));
    Ok(Some(draft))
}

fn trust_failure(tls: &TlsProbe) -> Option<TrustFailure> {
    let leaf = tls.leaf()?;
    if interceptor(tls).is_some() {
        return Some(TrustFailure::Intercepted);
    }
    Some(match tls.chain.len() {
        1 if leaf.issuer == leaf.subject => TrustFailure::SelfSigned,
        1 => TrustFailure::Incomplete,
        _ => TrustFailure::Unknown,
    })
}

/// Products that read TLS on its way by issuing certificates of their own, as their authorities are usually named,
/// and words by which companies name an authority made for that.
const INTERCEPTORS: [&str; 30] = [
    "barracuda",
    "blue coat",
    "bluecoat",
    "cisco umbrella",
    "cloudflare gateway",
    "decryption",
    "forcepoint",
    "fortigate",
    "fortinet",
    "forward proxy",
    "forward trust",
    "forward untrust",
    "gateway ca - cloudflare",
    "iboss",
    "inspection",
    "intercept",
    "mcafee web gateway",
    "menlo security",
    "mitm",
    "netskope",
    "palo alto networks",
    "portswigger",
    "skyhigh",
    "sonicwall",
    "squid",
    "ssl proxy",
    "tls proxy",
    "watchguard",
    "websense",
    "zscaler",
];

/// The name of the authority in this chain that such a product goes by. The leaf's own subject is the service's
/// business: a vendor of such products has services, too.
pub(super) fn interceptor(tls: &TlsProbe) -> Option<&str> {
    let leaf = tls.leaf().filter(|leaf| leaf.issuer != leaf.subject)?;
    let authorities = tls.chain.iter().skip(1).flat_map(|authority| [&authority.subject, &authority.issuer]);
    let named = |name: &&String| INTERCEPTORS.iter().any(|word| name.to_ascii_lowercase().contains(word));
    std::iter::once(&leaf.issuer).chain(authorities).find(named).map(String::as_str)
}
