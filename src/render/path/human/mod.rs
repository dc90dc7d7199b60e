//! The path as a person reads it: the picture of the way there and back, then what stops the flow, who has to change
//! what, and what could not be read.

mod picture;

use std::fmt::Write as _;

use crate::{
    model::{
        finding::Fix,
        known::Known,
        net::ProtocolMatch,
        path::{BlockerReport, EndReport, PathReport, UndecidedStep},
        report::PathVerdict,
    },
    render::{
        human::prose::clean,
        style::{Styles, paint},
        wrap,
    },
};

/// Where the texts behind a label begin.
const LABEL: usize = 12;

pub fn render(report: &PathReport, styles: &Styles) -> String {
    let mut page = Page { out: String::new(), report, styles };
    page.headline();
    page.out.push('\n');
    picture::draw(&mut page.out, report, styles);
    page.verdict();
    for blocker in report.blockers.iter().chain(&report.warnings) {
        page.blocker(blocker);
    }
    page.undecided();
    page.fixes();
    page.explain();
    page.out
}

struct Page<'a> {
    out: String,
    report: &'a PathReport,
    styles: &'a Styles,
}

impl Page<'_> {
    fn headline(&mut self) {
        let report = self.report;
        let (mark, style, verdict) = match &report.verdict {
            Known::Known(PathVerdict::Allow) if report.warnings.is_empty() => {
                ("✓", self.styles.good, "allowed".to_owned())
            }
            Known::Known(PathVerdict::Allow) => ("!", self.styles.doubtful, "allowed in part".to_owned()),
            Known::Known(PathVerdict::Deny) => ("✗", self.styles.bad, denied(report.blockers.len())),
            Known::Unknown(_) => ("?", self.styles.doubtful, "undecided".to_owned()),
        };
        let ends = format!("{} → {}", named(&report.from), named(&report.to));
        let service = format!("{}/{}", ProtocolMatch::Number(report.protocol), report.port);
        let first = format!("{} ", paint(style, mark));
        let told = format!("{} · {service} · {}", paint(self.styles.heading, ends), paint(style, verdict));
        wrap::text(&mut self.out, &first, "  ", &told);
    }

    /// Where no blocker has the word.
    fn verdict(&mut self) {
        let report = self.report;
        let told = match &report.verdict {
            Known::Known(PathVerdict::Allow) if report.warnings.is_empty() => {
                "The configuration lets these packets and their replies pass."
            }
            Known::Known(PathVerdict::Allow) => {
                "The configuration lets these packets pass, and not all of their replies."
            }
            Known::Unknown(_) => {
                "Nothing that was read stops these packets, and not everything could be read."
            }
            Known::Known(PathVerdict::Deny) => return,
        };
        self.out.push('\n');
        line(&mut self.out, 2, told);
    }

    fn blocker(&mut self, blocker: &BlockerReport) {
        self.out.push('\n');
        let style = if blocker.blocked_share > 0.0 { self.styles.doubtful } else { self.styles.bad };
        // As far right as in a check, unless its id would leave the line.
        let room = wrap::WIDTH.saturating_sub(wrap::columns(&blocker.who)).min(70);
        let gap = room.saturating_sub(2 + blocker.code.len()).max(2);
        line(&mut self.out, 2, &format!("{}{:gap$}{}", paint(style, blocker.code), "", clean(&blocker.who)));
        wrap::text(&mut self.out, "  ", "  ", &clean(&blocker.summary));
        for (at, fact) in blocker.because.iter().enumerate() {
            self.labelled(if at == 0 { "because" } else { "" }, &clean(fact));
        }
    }

    /// What is missing, with the steps that miss it.
    fn undecided(&mut self) {
        let all = &self.report.undecided;
        let mut told: Vec<&UndecidedStep> = Vec::new();
        for one in all {
            if told.iter().any(|known| known.why == one.why) {
                continue;
            }
            told.push(one);
            let steps: Vec<_> = all.iter().filter(|other| other.why == one.why).map(|one| one.step).collect();
            let (missing, why) = (clean(&one.why.missing), clean(&one.why.reason.describe()));
            let label = paint(self.styles.doubtful, "Not checked:");
            let steps = steps.join(", ");
            if told.len() == 1 {
                self.out.push('\n');
            }
            // What a call supplies is needed; what no call tells is open.
            let text = if missing.starts_with("ec2:") {
                format!("{label} {steps}: needs {missing} ({why})")
            } else {
                format!("{label} {steps}: nothing tells {missing} ({why})")
            };
            wrap::text(&mut self.out, "  ", "    ", &text);
            if let Some(supply) = &one.supply {
                line(&mut self.out, 0, &paint(self.styles.command, wrap::command(4, &clean(supply))));
            }
        }
    }

    /// One set where one is proved; otherwise what each blocker wants.
    fn fixes(&mut self) {
        let report = self.report;
        let mut fixes: Vec<&Fix> = report.fixes.iter().collect();
        if fixes.is_empty() {
            for fix in report.blockers.iter().chain(&report.warnings).flat_map(|blocker| &blocker.fixes) {
                if !fixes.iter().any(|known| known.text == fix.text && known.cli == fix.cli) {
                    fixes.push(fix);
                }
            }
        }
        if fixes.is_empty() {
            return;
        }
        self.out.push('\n');
        let title = format!("Fix{}", proof(report, &fixes));
        line(&mut self.out, 2, &paint(self.styles.heading, title));
        for (at, fix) in fixes.iter().enumerate() {
            let first = if fixes.len() > 1 { format!("  {}. ", at + 1) } else { " ".repeat(4) };
            let indent = first.len();
            wrap::text(&mut self.out, &first, &" ".repeat(indent), &clean(&fix.text));
            if let Some(cli) = &fix.cli {
                line(&mut self.out, 0, &paint(self.styles.command, wrap::command(indent, &clean(cli))));
            }
        }
    }

    fn explain(&mut self) {
        let mut codes: Vec<&str> = Vec::new();
        for blocker in self.report.blockers.iter().chain(&self.report.warnings) {
            if !codes.contains(&blocker.code) {
                codes.push(blocker.code);
            }
        }
        if !codes.is_empty() {
            self.out.push('\n');
        }
        for code in codes {
            line(&mut self.out, 2, &paint(self.styles.faint, format!("vpce-doctor explain {code}")));
        }
    }

    fn labelled(&mut self, label: &str, text: &str) {
        let later = " ".repeat(4 + LABEL);
        let label = paint(self.styles.faint, format!("{label:LABEL$}"));
        wrap::text(&mut self.out, &format!("    {label}"), &later, text);
    }
}

/// What is known of the changes together.
fn proof(report: &PathReport, fixes: &[&Fix]) -> &'static str {
    let changes = fixes.iter().any(|fix| fix.change.is_some());
    match (report.verified, fixes.len()) {
        (true, 1) => " (proved on this inventory: with it, the path passes)",
        (true, _) => " (proved on this inventory: with all of them, the path passes)",
        (false, _) if changes && !report.undecided.is_empty() => {
            " (not proved: not everything could be read)"
        }
        (false, _) if changes => " (not proved: some of it is no change of rules or routes)",
        (false, _) => "",
    }
}

fn denied(blockers: usize) -> String {
    if blockers > 1 { format!("denied by {blockers}") } else { "denied".to_owned() }
}

/// As the user named it, and the address that stands for it.
fn named(end: &EndReport) -> String {
    let ip = end.ip.to_string();
    if end.named == ip { ip } else { format!("{} {ip}", clean(&end.named)) }
}

fn line(out: &mut String, indent: usize, text: &str) {
    let _ = writeln!(out, "{:indent$}{text}", "");
}
