//! `tls-expired-or-clock`

use crate::model::{
    finding::{Confidence, Evidence, Fix},
    observation::{Certificate, TlsProbe, Verdict},
    time::Timestamp,
};

use super::{Case, Draft, Outcome, Rule, declare_finding, tls_rows};

declare_finding! {
    /// ## What it means
    /// A certificate of the presented chain is expired or not valid yet, judged by this host's clock.
    /// ## How we know
    /// The clock is outside the certificate's validity period (RFC 5280 section 4.1.2.5). If certificates of several
    /// unrelated services fail alike, or the EC2 API says RequestExpired, the clock is wrong.
    /// ## What looks like it
    /// `tls-untrusted-issuer`: the period is fine, the issuer is not trusted.
    /// ## How to confirm it by hand
    ///     openssl s_client -connect ADDRESS:PORT -servername NAME </dev/null | openssl x509 -noout -dates
    ///     date -u; chronyc tracking
    /// ## How to fix it
    /// The owner of the service renews the certificate. If the clock is wrong: synchronise it (169.254.169.123 in a VPC).
    static TLS_EXPIRED_OR_CLOCK = { title: "the certificate is not valid at this time", severity: Error, side: Provider, layer: Tls, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&TLS_EXPIRED_OR_CLOCK, check);

fn check(case: &Case<'_>) -> Outcome {
    let rows =
        tls_rows::verified(case, |verification| matches!(verification.validity, Verdict::Failed { .. }));
    let now = case.facts.now;
    let Some((_, first)) = rows.first() else {
        return Ok(None);
    };
    let says =
        offender(first, now).map_or("is not valid now".to_owned(), |certificate| period(certificate, now));
    let draft = Draft::new(Confidence::Confirmed, format!("The certificate {says}."))
        .evidence(tls_rows::presented(&rows, |tls| {
            let certificate = offender(tls, now)?;
            let period = format!("valid from {} to {}", certificate.not_before, certificate.not_after);
            Some((certificate, period))
        }))
        .evidence([Evidence::new(format!("this host's clock says {now}"))])
        .fix(Fix::text("The owner of the service renews the certificate; if the clock is wrong, set it"))
        .explains(rows.iter().map(|(row, _)| *row));
    Ok(Some(draft))
}

fn offender(tls: &TlsProbe, now: Timestamp) -> Option<&Certificate> {
    tls.chain.iter().find(|certificate| now < certificate.not_before || certificate.not_after < now)
}

fn period(certificate: &Certificate, now: Timestamp) -> String {
    if now < certificate.not_before {
        format!(
            "is not valid before {}; this host's clock says {}",
            certificate.not_before.date(),
            now.date()
        )
    } else {
        let days = match now.days_since(certificate.not_after) {
            0 => "less than a day".to_owned(),
            1 => "1 day".to_owned(),
            days => format!("{days} days"),
        };
        format!("expired on {} ({days} ago by this host's clock)", certificate.not_after.date())
    }
}
