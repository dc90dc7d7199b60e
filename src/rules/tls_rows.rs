//! What the findings about certificates share.

use std::net::IpAddr;

use crate::model::{
    finding::{Confidence, Evidence, Fix},
    observation::{Certificate, TlsProbe, Verdict, Verification},
    resource::{ResourceKind, ResourceRef},
};

use super::{Case, Draft, Outcome, Row, words};

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
        .evidence(presented(&rows, |tls| {
            let leaf = tls.leaf()?;
            let reason = match tls.verification.known().map(|verification| &verification.trust) {
                Some(Verdict::Failed { reason }) => in_words(reason),
                _ => "which is not trusted".to_owned(),
            };
            let issuer = format!("issued by {}", quoted(&leaf.issuer));
            let issuer = if leaf.issuer == leaf.subject { "issued by itself".to_owned() } else { issuer };
            Some((leaf, format!("{issuer}, {reason}")))
        }))
        .fix(Fix::text(fix))
        .explains(rows.iter().map(|(row, _)| *row));
    Ok(Some(draft))
}

/// What the addresses present, told once where several present the same.
pub(super) fn presented<'c>(
    rows: &[(&Row<'_>, &'c TlsProbe)],
    tell: impl Fn(&'c TlsProbe) -> Option<(&'c Certificate, String)>,
) -> Vec<Evidence> {
    let mut told: Vec<(&Certificate, String, Vec<IpAddr>)> = Vec::new();
    for (row, tls) in rows {
        let Some((certificate, what)) = tell(tls) else { continue };
        let same = |(other, said, _): &&mut (&Certificate, String, _)| {
            other.subject == certificate.subject && *said == what
        };
        match told.iter_mut().find(same) {
            Some((.., ips)) => ips.push(row.ip()),
            None => told.push((certificate, what, vec![row.ip()])),
        }
    }
    let evidence = |(certificate, what, ips): (&Certificate, String, Vec<IpAddr>)| {
        let verb = if ips.len() == 1 { "presents" } else { "present" };
        Evidence::of(
            format!("{} {verb} {}, {what}", words::list(&ips), quoted(&certificate.subject)),
            ResourceRef::new(ResourceKind::Certificate, &certificate.subject),
        )
    };
    told.into_iter().map(evidence).collect()
}

/// What the addresses did, told once where several did the same. The verbs are in the past tense, which has no plural.
pub(super) fn said<'r>(rows: impl IntoIterator<Item = (&'r Row<'r>, String)>) -> Vec<Evidence> {
    let mut told: Vec<(String, Vec<IpAddr>)> = Vec::new();
    for (row, what) in rows {
        match told.iter_mut().find(|(said, _)| *said == what) {
            Some((_, ips)) => ips.push(row.ip()),
            None => told.push((what, vec![row.ip()])),
        }
    }
    let evidence = |(what, ips): (String, Vec<IpAddr>)| {
        let fact = format!("{} {what}", words::list(&ips));
        match ips.first() {
            Some(ip) => Evidence::of(fact, words::address(*ip)),
            None => Evidence::new(fact),
        }
    };
    told.into_iter().map(evidence).collect()
}

/// A name with commas of its own is set apart from the sentence.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// The verifier's word for it, where there is a plainer one.
fn in_words(reason: &str) -> String {
    match reason {
        "UnknownIssuer" => "and no trusted root of this host vouches for it".to_owned(),
        other => format!("which does not verify ({other})"),
    }
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
