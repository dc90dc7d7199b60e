//! What changed since all was well, one line a change.

use crate::{
    model::{difference::Comparison, report::TargetVerdict},
    render::style::{Styles, paint},
};

use super::{line, prose::clean};

/// More lines would push the fix off the screen.
const AT_MOST: usize = 12;

pub(super) fn write(out: &mut String, comparison: &Comparison, styles: &Styles) {
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
        line(out, 4, &format!("{}{}", paint(styles.faint, since), clean(&difference.fact)));
    }
    let rest = comparison.differences.len().saturating_sub(AT_MOST);
    if rest > 0 {
        line(out, 4, &format!("and {rest} more: --format json lists them"));
    }
    for gap in &comparison.not_compared {
        line(out, 2, &format!("{} {}", paint(styles.doubtful, "Not compared:"), clean(gap)));
    }
}
