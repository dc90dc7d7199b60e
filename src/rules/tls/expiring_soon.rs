//! `tls-expiring-soon`

use crate::model::{
    finding::{Confidence, Evidence, Fix},
    observation::Verdict,
    resource::{ResourceKind, ResourceRef},
    time::Timestamp,
};

use super::{Case, Draft, Outcome, Rule, declare_finding, tls_rows};

/// Two weeks: automatic renewal usually happens a month ahead, so something has failed by then.
const WARNING_DAYS: i64 = 14;

declare_finding! {
    /// ## What it means
    /// The certificate is valid, and will not be for long.
    /// ## How we know
    /// The end of the validity period of a presented certificate is less than 14 days away.
    /// ## What looks like it
    /// `tls-expired-or-clock`: the day has passed.
    /// ## How to confirm it by hand
    ///     openssl s_client -connect ADDRESS:PORT -servername NAME </dev/null | openssl x509 -noout -enddate
    /// ## How to fix it
    /// The owner of the service renews the certificate.
    static TLS_EXPIRING_SOON = { title: "the certificate expires soon", severity: Warning, side: Provider, layer: Tls, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&TLS_EXPIRING_SOON, check);

/// Days as a calendar counts them; the hour where few are left.
fn when(end: Timestamp, now: Timestamp) -> String {
    match end.calendar_days_since(now) {
        0 => format!("{end}, today"),
        1 => format!("{end}, tomorrow"),
        days => format!("{}, in {days} days", end.date()),
    }
}

fn check(case: &Case<'_>) -> Outcome {
    let now = case.facts.now;
    let rows = tls_rows::verified(case, |verification| verification.validity == Verdict::Passed);
    // Inspecting proxies make short-lived certificates as they need them: those say nothing of the service's.
    let genuine = rows.iter().filter(|(_, tls)| tls_rows::interceptor(tls).is_none());
    // One that has expired already, in a chain that verifies all the same, is not used by it.
    let certificates =
        genuine.flat_map(|(_, tls)| &tls.chain).filter(|certificate| certificate.not_after >= now);
    let Some(soonest) = certificates.min_by_key(|certificate| certificate.not_after) else {
        return Ok(None);
    };
    let days = soonest.not_after.days_since(now);
    if days >= WARNING_DAYS {
        return Ok(None);
    }
    let draft = Draft::new(
        Confidence::Confirmed,
        format!("The certificate expires on {}.", when(soonest.not_after, now)),
    )
    .evidence([Evidence::of(
        format!("{} is valid until {}", soonest.subject, soonest.not_after),
        ResourceRef::new(ResourceKind::Certificate, &soonest.subject),
    )])
    .fix(Fix::text("The owner of the service renews the certificate"));
    Ok(Some(draft))
}
