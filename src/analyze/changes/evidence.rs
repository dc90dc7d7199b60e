//! A finding that rests on something that changed says so.

use crate::model::{
    difference::Difference,
    finding::{Evidence, Finding},
    report::TargetReport,
    time::Timestamp,
};

/// More of them would hide the rest of a finding's evidence; the report has them all.
const AT_MOST: usize = 4;

/// Adds to each finding the changes of what it mentions. Whatever the code: what counts is that both speak of the
/// same thing.
pub fn mark(report: &mut TargetReport) {
    let Some(comparison) = &report.comparison else { return };
    for finding in &mut report.findings {
        let told: Vec<Evidence> = comparison
            .differences
            .iter()
            .filter(|difference| rests_on(finding, difference))
            .take(AT_MOST)
            .map(|difference| evidence(difference, comparison.with))
            .collect();
        finding.evidence.extend(told);
    }
}

fn evidence(difference: &Difference, with: Timestamp) -> Evidence {
    let fact = format!("changed since {with}: {}", difference.fact);
    Evidence { fact, reference: difference.reference.clone() }
}

fn rests_on(finding: &Finding, difference: &Difference) -> bool {
    let refers = |id: &str| {
        let references = finding.evidence.iter().filter_map(|evidence| evidence.reference.as_ref());
        references.into_iter().any(|reference| reference.id == id)
    };
    let says = |id: &str| {
        let facts = finding.evidence.iter().map(|evidence| &evidence.fact);
        facts.chain([&finding.summary]).any(|text| mentions(text, id))
    };
    // A finding that merely names a group does not rest on what is in the group.
    let holder = difference.reference.as_ref().is_some_and(|reference| refers(&reference.id));
    holder || difference.subjects.iter().any(|id| refers(id) || says(id))
}

/// As a whole word: `10.0.2.2` is not in `10.0.2.20`, nor `sg-1` in `sg-1f`.
fn mentions(text: &str, id: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    text.match_indices(id).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let mut after = text[at + id.len()..].chars();
        let next = after.next();
        // A full stop or colon ends a word only where no other part of it follows.
        let goes_on = matches!(next, Some('.' | ':')) && after.next().is_some_and(inside);
        let starts_before = before.is_some_and(|c| inside(c) || matches!(c, '.' | ':'));
        !starts_before && !next.is_some_and(inside) && !goes_on
    })
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::mentions;

    #[test_case("tcp/443 to 10.0.2.2: no answer", "10.0.2.2", true)]
    #[test_case("tcp/443 to 10.0.2.20: no answer", "10.0.2.2", false; "a longer address")]
    #[test_case("tcp/443 to 110.0.2.2", "10.0.2.2", false; "the end of a longer address")]
    #[test_case("10.0.1.10/32", "10.0.1.10", true; "a network of one address")]
    #[test_case("this host wears sg-app.", "sg-app", true; "the end of a sentence")]
    #[test_case("this host wears sg-app-2.", "sg-app", false; "a longer id")]
    #[test_case("fd00::1:2 answers", "fd00::1", false; "a longer IPv6 address")]
    #[test_case("10.0.0.2:53 answers", "10.0.0.2:53", true; "a server")]
    fn whole_words(text: &str, id: &str, is: bool) {
        assert_eq!(mentions(text, id), is);
    }
}
