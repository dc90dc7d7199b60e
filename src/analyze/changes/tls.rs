//! The certificates, by their fingerprints.

use std::net::IpAddr;

use crate::model::{
    difference::{Difference, DifferenceKind},
    observation::Certificate,
    resource::{ResourceKind, ResourceRef},
};

use super::{Both, side::Side};

/// What a server presents: the leaf, and those after it.
type Chain<'a> = (&'a Certificate, &'a [Certificate]);

pub(super) fn differences(both: &Both<'_>) -> Vec<Difference> {
    let (then, now) = (chains(&both.then), chains(&both.now));
    let here = |ip: &IpAddr| now.iter().find(|(known, _)| known == ip).map(|(_, chain)| *chain);
    let mut pairs: Vec<(Chain<'_>, Chain<'_>)> =
        then.iter().filter_map(|(ip, old)| Some((*old, here(ip)?))).collect();
    // Other addresses may present what these did.
    if pairs.is_empty()
        && let (Some((_, old)), Some((_, new))) = (then.first(), now.first())
        && !then.iter().any(|(_, (old, _))| old.fingerprint == new.0.fingerprint)
    {
        pairs.push((*old, *new));
    }
    let mut told: Vec<Difference> = Vec::new();
    for difference in pairs.into_iter().filter_map(|(old, new)| difference(both, old, new)) {
        if !told.contains(&difference) {
            told.push(difference);
        }
    }
    told
}

/// What each address in use presents. One that presents nothing this time says nothing of a change.
fn chains<'a>(side: &Side<'a>) -> Vec<(IpAddr, Chain<'a>)> {
    let rows = side.target.used().filter_map(|row| Some((row.ip, row.tls.as_ref()?)));
    rows.filter_map(|(ip, tls)| Some((ip, tls.chain.split_first()?))).collect()
}

fn difference(both: &Both<'_>, (old, old_rest): Chain<'_>, (new, new_rest): Chain<'_>) -> Option<Difference> {
    let fingerprints = |rest: &[Certificate]| -> Vec<String> {
        rest.iter().map(|certificate| certificate.fingerprint.clone()).collect()
    };
    let told = |fact| {
        let reference = ResourceRef::new(ResourceKind::Certificate, &new.subject);
        Difference::new(DifferenceKind::Certificate, fact).at(reference).about([&old.subject])
    };
    if old.fingerprint != new.fingerprint {
        let told = told(format!("another certificate: {}", aspects(old, new)));
        let since = Some(new.not_before).filter(|issued| *issued > both.then.facts.now);
        return Some(Difference { since, ..told.from(describe(old)).to(describe(new)) });
    }
    let (before, after) = (old_rest.len() + 1, new_rest.len() + 1);
    let fact = if before == after {
        "the same certificate with other intermediates".to_owned()
    } else {
        format!("the same certificate in a chain of {after}, formerly of {before}")
    };
    (fingerprints(old_rest) != fingerprints(new_rest))
        .then(|| told(fact).from(format!("a chain of {before}")).to(format!("a chain of {after}")))
}

/// What of it differs; the whole is in `before` and `after`.
fn aspects(old: &Certificate, new: &Certificate) -> String {
    let (old_end, new_end) = (old.not_after.to_string(), new.not_after.to_string());
    let aspects = [
        ("for", &old.subject, &new.subject),
        ("issued by", &old.issuer, &new.issuer),
        ("valid to", &old_end, &new_end),
    ];
    let told = aspects.iter().filter(|(_, old, new)| old != new);
    let told: Vec<_> = told.map(|(what, old, new)| format!("{what} {new}, formerly {old}")).collect();
    let same = || format!("of the same name, issuer and end ({}, formerly {})", short(new), short(old));
    if told.is_empty() { same() } else { told.join("; ") }
}

fn describe(certificate: &Certificate) -> String {
    let Certificate { subject, issuer, not_after, .. } = certificate;
    format!("{subject} issued by {issuer}, valid to {not_after}, {}", short(certificate))
}

/// Enough of the fingerprint to tell two of one authority apart.
fn short(certificate: &Certificate) -> String {
    let fingerprint = &certificate.fingerprint;
    format!("SHA-256 {}…", fingerprint.get(..16).unwrap_or(fingerprint))
}
