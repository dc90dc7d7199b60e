//! What changed since all was well, one line a change.

use crate::{
    model::{
        difference::{Comparison, Difference},
        finding::Finding,
        report::TargetVerdict,
        time::Timestamp,
    },
    render::{
        style::{Styles, paint},
        wrap,
    },
};

use super::{line, prose::clean};

/// More lines would push the fix off the screen.
const AT_MOST: usize = 12;

/// Whether a finding's evidence is told among the changes, so that it need not be told twice.
pub(super) fn tells(comparison: &Comparison, fact: &str) -> bool {
    comparison.differences.iter().take(AT_MOST).any(|difference| is_of(comparison, difference, fact))
}

/// The evidence that [`crate::analyze::changes::mark`] adds.
fn is_of(comparison: &Comparison, difference: &Difference, fact: &str) -> bool {
    let evidence = fact.strip_prefix("changed since ");
    let rest = evidence.and_then(|rest| rest.strip_prefix(&comparison.with.to_string()));
    rest.and_then(|rest| rest.strip_prefix(": ")) == Some(&difference.fact)
}

pub(super) fn write(
    out: &mut String,
    comparison: &Comparison,
    findings: &[Finding],
    now: Timestamp,
    styles: &Styles,
) {
    let then = match comparison.verdict {
        Some(TargetVerdict::Healthy) => format!("{}, when all was well", comparison.with),
        Some(verdict) => format!("{}, when the target was {}", comparison.with, verdict.as_str()),
        None => comparison.with.to_string(),
    };
    let nothing = comparison.differences.is_empty();
    out.push('\n');
    match (nothing, comparison.verdict) {
        // The record does not have the target: nothing was compared at all.
        (true, None) => {}
        (true, _) => line(out, 2, &format!("Nothing that was compared changed since {then}")),
        (false, _) => line(out, 2, &paint(styles.heading, format!("Changed since {then}"))),
    }
    for difference in comparison.differences.iter().take(AT_MOST) {
        let since = difference.since.map(|since| format!("{since}  ")).unwrap_or_default();
        let marked = |finding: &&Finding| {
            finding.evidence.iter().any(|evidence| is_of(comparison, difference, &evidence.fact))
        };
        let codes: Vec<_> = findings.iter().filter(marked).map(|finding| finding.code.as_str()).collect();
        let codes = if codes.is_empty() { String::new() } else { format!(" ({})", codes.join(", ")) };
        let fact = clean(&difference.fact);
        wrap::text(out, "    ", "      ", &format!("{}{fact}{codes}", paint(styles.faint, since)));
    }
    let rest = comparison.differences.len().saturating_sub(AT_MOST);
    if rest > 0 {
        line(out, 4, &format!("and {rest} more: --format json lists them"));
    }
    if comparison.with > now {
        line(out, 2, "That record is from after this run.");
    }
    for gap in &comparison.not_compared {
        let label = paint(styles.doubtful, "Not compared:");
        wrap::text(out, "  ", "    ", &format!("{label} {}", clean(gap)));
    }
}
