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
    // A lone leaf may also come straight from an authority that this host does not know.
    let confidence =
        if failure == TrustFailure::Incomplete { Confidence::Likely } else { Confidence::Confirmed };
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
    Some(match tls.chain.len() {
        1 if leaf.issuer == leaf.subject => TrustFailure::SelfSigned,
        1 => TrustFailure::Incomplete,
        _ => TrustFailure::Unknown,
    })
}
