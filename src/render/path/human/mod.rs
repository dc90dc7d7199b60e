//! The path as a person reads it: the hops in order, and what decides at each.

use crate::{
    model::{
        known::Known,
        path::{PathReport, StepVerdict},
        report::PathVerdict,
    },
    render::style::{Styles, paint},
};

pub fn render(report: &PathReport, styles: &Styles) -> String {
    let mut text =
        format!("\n  {}  {}  →  {}  {}\n", report.from.named, report.from.ip, report.to.named, report.to.ip);
    for step in &report.steps {
        for part in &step.parts {
            let mark = match part.verdict {
                StepVerdict::Allow => paint(styles.good, "✓"),
                StepVerdict::Undecided => paint(styles.doubtful, "?"),
                StepVerdict::Deny => paint(styles.bad, "✗"),
            };
            let about = part.resource.as_ref().map_or("", |resource| resource.id.as_str());
            text += &format!("  {:<26} {mark} {about:<24} {}\n", step.step, part.rule);
        }
    }
    let verdict = match &report.verdict {
        Known::Known(PathVerdict::Allow) => "allowed".to_owned(),
        Known::Known(PathVerdict::Deny) => {
            let codes: Vec<_> = report.blockers.iter().map(|blocker| blocker.code).collect();
            format!("denied by {}: {}", codes.len(), codes.join(", "))
        }
        Known::Unknown(why) => format!("undecided: {} ({})", why.missing, why.reason.describe()),
    };
    text += &format!("\n  {verdict}\n");
    text
}
