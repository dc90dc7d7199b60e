//! Name, validity and trust, each answered by itself.
//!
//! A verifier stops at the first objection. Someone who renews an expired certificate and then learns that its
//! name was wrong as well has been served badly, so the three are asked apart.

use std::time::Duration;

use rustls::{
    client::{verify_server_cert_signed_by_trust_anchor, verify_server_name},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

use super::{
    CHAIN,
    contexts::{TlsContext, provider},
};
use crate::model::{
    known::{Known, Reason},
    observation::{Certificate, Verdict, Verification},
    time::Timestamp,
};

/// `facts` are the readable certificates of `chain`, leaf first.
pub(super) fn judge(
    chain: &[CertificateDer<'static>],
    facts: &[Certificate],
    name: &ServerName<'_>,
    context: &TlsContext,
    now: Timestamp,
) -> Known<Verification> {
    let Some((leaf, intermediates)) = chain.split_first() else {
        return Known::unknown(CHAIN, Reason::Absent);
    };
    if facts.is_empty() {
        let message = "the first certificate of the chain is not X.509".to_owned();
        return Known::unknown(CHAIN, Reason::Failed { message });
    }
    Known::Known(match ParsedCertificate::try_from(leaf) {
        Ok(parsed) => {
            let presented = Presented { leaf, parsed, intermediates, facts };
            let (trust, trusted_now) = presented.trust(context, now);
            Verification { name: presented.name(name), validity: presented.validity(now, trusted_now), trust }
        }
        Err(error) => Verification {
            name: Verdict::NotAsked,
            validity: validity(facts, now),
            trust: failed(words(&error)),
        },
    })
}

struct Presented<'a> {
    leaf: &'a CertificateDer<'a>,
    parsed: ParsedCertificate<'a>,
    intermediates: &'a [CertificateDer<'static>],
    facts: &'a [Certificate],
}

impl Presented<'_> {
    fn name(&self, name: &ServerName<'_>) -> Verdict {
        match verify_server_name(&self.parsed, name) {
            Ok(()) => Verdict::Passed,
            Err(error) => failed(words(&error)),
        }
    }

    /// Whether a path to a root exists, and whether the library found it as of now.
    ///
    /// It asks for trust and validity at once, so it is asked again as of a moment inside the certificates'
    /// own windows. Where no moment suits them all, nothing is said of trust: time is validity's business.
    fn trust(&self, context: &TlsContext, now: Timestamp) -> (Verdict, bool) {
        if context.extra.iter().any(|trusted| trusted == self.leaf) {
            // The user named this very certificate. The library would still refuse one marked as an authority,
            // which is how `openssl req -x509` marks them.
            return (Verdict::Passed, false);
        }
        let mut objection = Verdict::NotAsked;
        for moment in moments(self.facts, now) {
            match self.path_exists(context, moment) {
                Ok(()) => return (Verdict::Passed, moment == now),
                Err(error) if is_about_time(&error) => {}
                Err(error) => objection = failed(words(&error)),
            }
        }
        (objection, false)
    }

    fn path_exists(&self, context: &TlsContext, at: Timestamp) -> Result<(), rustls::Error> {
        let seconds = u64::try_from(at.0).unwrap_or_default();
        verify_server_cert_signed_by_trust_anchor(
            &self.parsed,
            &context.roots,
            self.intermediates,
            UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
            provider().signature_verification_algorithms.all,
        )
    }

    /// A path that is trusted as of now is valid, even with an expired certificate lying beside it in the chain.
    fn validity(&self, now: Timestamp, trusted_now: bool) -> Verdict {
        if trusted_now { Verdict::Passed } else { validity(self.facts, now) }
    }
}

/// Now; the nearest moment at which the leaf is valid; the nearest at which all are.
fn moments(facts: &[Certificate], now: Timestamp) -> Vec<Timestamp> {
    let from = facts.iter().map(|certificate| certificate.not_before).max();
    let until = facts.iter().map(|certificate| certificate.not_after).min();
    let leaf = facts.first().map(|leaf| (leaf.not_before, leaf.not_after));
    let windows = [leaf, from.zip(until)];
    let clamped = windows.into_iter().flatten().filter(|(from, until)| from <= until);
    let mut moments = vec![now];
    moments.extend(clamped.map(|(from, until)| now.clamp(from, until)));
    moments.dedup();
    moments
}

fn validity(facts: &[Certificate], now: Timestamp) -> Verdict {
    let objection = facts.iter().find_map(|certificate| {
        let Certificate { subject, not_before, not_after, .. } = certificate;
        if now > *not_after {
            Some(format!("certificate expired: {subject} is not valid after {not_after}"))
        } else if now < *not_before {
            Some(format!("certificate not valid yet: {subject} is not valid before {not_before}"))
        } else {
            None
        }
    });
    objection.map_or(Verdict::Passed, failed)
}

fn is_about_time(error: &rustls::Error) -> bool {
    use rustls::CertificateError as E;
    matches!(
        error,
        rustls::Error::InvalidCertificate(
            E::Expired | E::ExpiredContext { .. } | E::NotValidYet | E::NotValidYetContext { .. }
        )
    )
}

fn failed(reason: String) -> Verdict {
    Verdict::Failed { reason }
}

fn words(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(error) => error.to_string(),
        other => other.to_string(),
    }
}
