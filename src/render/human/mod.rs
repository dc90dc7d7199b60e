//! The report as a person reads it at 3 a.m.: what is broken, who has to do what, then the evidence,
//! aligned, complete enough for a ticket.

mod changes;
mod fixes;
mod gaps;
pub(super) mod prose;
mod row;
mod views;

use std::{collections::HashMap, fmt::Write as _};

use fixes::Fixes;
use prose::{Actor, actor, clean, name, total_seconds, who};

use crate::{
    model::{
        facts::{Facts, TargetFacts},
        finding::{Finding, Fix, Severity},
        inventory::InventorySource,
        report::{Report, TargetReport, TargetVerdict},
    },
    render::{
        plural,
        style::{Styles, paint},
        wrap,
    },
};

/// So many left-over symptoms of one kind are told one by one.
const MOST_ALIKE: usize = 8;

/// Width of the first column of the evidence, where no address is longer.
const LABEL: usize = 12;

pub fn render(report: &Report, styles: &Styles) -> String {
    let mut out = String::new();
    let mut told = Told::default();
    let mut sections: Vec<_> = report
        .facts
        .targets
        .iter()
        .zip(&report.targets)
        .map(|(target, judged)| Section {
            facts: &report.facts,
            target,
            report: judged,
            styles,
            gaps_told_at_end: false,
        })
        .collect();
    let gaps = gaps_in_common(&sections);
    for section in &mut sections {
        section.gaps_told_at_end = gaps.is_some();
        section.write(&mut out, &mut told);
    }
    shared_causes(&mut out, report, styles);
    if let Some(gaps) = gaps {
        // Its own blank line stands there already.
        out.pop();
        gaps::write(&mut out, &gaps);
        out.push('\n');
    }
    footer(&mut out, report);
    out
}

/// What earlier targets of the same report showed already: one cause for forty targets is shown once.
#[derive(Default)]
struct Told {
    /// With the name of the target.
    causes: Vec<(Finding, String)>,
    /// The target by what was told for it.
    fixes: HashMap<(String, Option<String>), String>,
}

impl Told {
    fn where_told(&self, finding: &Finding) -> Option<&str> {
        self.causes.iter().find(|(told, _)| told.is_same_cause(finding)).map(|(_, target)| target.as_str())
    }
}

/// One target.
struct Section<'a> {
    facts: &'a Facts,
    target: &'a TargetFacts,
    report: &'a TargetReport,
    styles: &'a Styles,
    /// What could not be checked is the same for every target.
    gaps_told_at_end: bool,
}

/// Where several targets fail and the same could not be checked for each.
fn gaps_in_common(sections: &[Section<'_>]) -> Option<Vec<String>> {
    let mut all = sections.iter().filter(|section| section.report.verdict != TargetVerdict::Healthy);
    let first = all.next()?.gaps();
    let second = all.next()?.gaps();
    (first == second && all.all(|section| section.gaps() == first)).then_some(first)
}

impl Section<'_> {
    fn gaps(&self) -> Vec<String> {
        gaps::told(&self.facts.inventory, &self.report.undecided, self.styles)
    }

    fn write(&self, out: &mut String, told: &mut Told) {
        self.headline(out);
        if self.report.verdict == TargetVerdict::Healthy {
            let remarks: Vec<_> = self.report.findings.iter().collect();
            self.remarks(out, &remarks, told);
            self.remember(&remarks, told);
            return;
        }
        let (causes, remarks): (Vec<_>, Vec<_>) =
            self.report.findings.iter().partition(|f| f.severity == Severity::Error || f.after.is_some());
        let (known, new): (Vec<&Finding>, Vec<&Finding>) =
            causes.iter().partition(|finding| told.where_told(finding).is_some());
        for finding in &known {
            self.as_before(out, finding, told);
        }
        let brief = new.is_empty() && !known.is_empty();
        if brief {
            self.rows(out);
        } else {
            match new.first() {
                Some(first) => self.cause(out, first),
                None => self.no_cause(out),
            }
            self.evidence(out, new.first().copied());
        }
        self.unexplained(out);
        for further in new.iter().skip(1) {
            self.cause(out, further);
            self.because(out, further);
        }
        self.fixes(out, &causes, told);
        if let Some(comparison) = &self.report.comparison {
            changes::write(out, comparison, &self.report.findings, self.facts.now, self.styles);
        }
        if !remarks.is_empty() {
            out.push('\n');
        }
        self.remarks(out, &remarks, told);
        if !self.gaps_told_at_end && (!brief || !self.report.undecided.is_empty()) {
            gaps::write(out, &self.gaps());
        } else if !new.is_empty() {
            out.push('\n');
        }
        if let Some(first) = new.first() {
            if actor(first) == Actor::Provider {
                let ticket = "Ticket text: vpce-doctor check … --format ticket";
                line(out, 2, &paint(self.styles.faint, ticket));
            }
            line(out, 2, &paint(self.styles.faint, format!("vpce-doctor explain {}", first.code)));
        }
        self.remember(&new, told);
        self.remember(&remarks, told);
        out.push('\n');
    }

    fn remember(&self, findings: &[&Finding], told: &mut Told) {
        for finding in findings {
            if told.where_told(finding).is_none() {
                told.causes.push((Finding::clone(finding), self.target.target.name.clone()));
            }
        }
    }

    /// A cause that an earlier target showed with its evidence.
    fn as_before(&self, out: &mut String, finding: &Finding, told: &Told) {
        let before = told.where_told(finding).unwrap_or_default();
        let right = format!("the same as for {}", clean(before));
        out.push('\n');
        self.two_columns(out, &finding.code, &right);
    }

    fn two_columns(&self, out: &mut String, code: &str, right: &str) {
        let gap = 68usize.saturating_sub(code.chars().count()).max(2);
        line(out, 2, &format!("{}{:gap$}{right}", paint(self.styles.bad, code), ""));
    }

    fn headline(&self, out: &mut String) {
        let (mark, style) = match self.report.verdict {
            TargetVerdict::Healthy => ("✓", self.styles.good),
            TargetVerdict::Degraded | TargetVerdict::Unknown => ("!", self.styles.doubtful),
            TargetVerdict::Down => ("✗", self.styles.bad),
        };
        let target = &self.target.target;
        let verdict = self.report.verdict.as_str();
        let _ = write!(
            out,
            "{} {}{}{} · {}",
            paint(style, mark),
            paint(self.styles.heading, clean(&target.name)),
            self.place(),
            self.protocol(),
            paint(style, verdict)
        );
        if self.report.verdict == TargetVerdict::Healthy {
            let rows: Vec<_> = self.target.used().collect();
            let slowest = rows.iter().map(|row| total_seconds(row)).fold(0.0, f64::max);
            let _ = write!(
                out,
                " · {} · slowest {}",
                plural::count(rows.len(), "address", "addresses"),
                crate::model::time::Seconds(slowest)
            );
        }
        out.push('\n');
    }

    /// Host and port, where the target's name does not tell.
    fn place(&self) -> String {
        let target = &self.target.target;
        let place = format!("{}:{}", target.host, target.port);
        if target.name.contains(&place) { String::new() } else { format!(" · {}", clean(&place)) }
    }

    /// Where the target's name does not begin with it.
    fn protocol(&self) -> String {
        let target = &self.target.target;
        let scheme = format!("{}://", target.protocol);
        if target.name.starts_with(&scheme) { String::new() } else { format!(" · {}", target.protocol) }
    }

    fn cause(&self, out: &mut String, finding: &Finding) {
        let right = format!("{} · {}", finding.confidence.as_str(), actor(finding));
        let right = if finding.after.is_some() { format!("next · {right}") } else { right };
        out.push('\n');
        self.two_columns(out, &finding.code, &right);
        wrapped(out, 2, &clean(&finding.summary));
        if let Some(first) = &finding.after {
            wrapped(out, 2, &format!("Nothing fails because of it yet; it will, once {first} is fixed."));
        }
    }

    /// That there is none is an answer, too.
    fn no_cause(&self, out: &mut String) {
        if self.report.unexplained.is_empty() {
            return;
        }
        out.push('\n');
        let why = match (&self.facts.inventory.source, self.report.undecided.len()) {
            (InventorySource::None { .. }, _) => "the VPC's configuration was not read",
            (_, 0) => "nothing that was looked at explains it",
            _ => "not everything could be checked, see below",
        };
        line(out, 2, &format!("No cause found: {why}."));
    }

    fn evidence(&self, out: &mut String, primary: Option<&Finding>) {
        out.push('\n');
        self.labelled(out, "who asks", &who(&self.facts.vantage));
        if self.report.views.differ() {
            self.views(out);
        } else {
            self.labelled(out, "name", &clean(&name(self.target)));
        }
        for endpoint in self.endpoints(true) {
            self.labelled(out, "leads to", &endpoint);
        }
        for endpoint in self.endpoints(false) {
            self.labelled(out, "tried too", &endpoint);
        }
        self.rows(out);
        if let Some(primary) = primary {
            self.because(out, primary);
        }
    }

    fn rows(&self, out: &mut String) {
        for (probe, row) in self.target.addresses.iter().zip(&self.report.addresses) {
            // On one line each: they are a table.
            line(
                out,
                4,
                &format!("{}{}", self.label(&row.ip.to_string()), row::told(probe, row, self.styles)),
            );
        }
    }

    fn because(&self, out: &mut String, finding: &Finding) {
        // The packets of every address stand in its row already.
        let port = self.target.target.port;
        let rows: Vec<_> = self.target.addresses.iter().map(|probe| probe.told(port)).collect();
        let comparison = self.report.comparison.as_ref();
        let told = |fact: &&String| {
            rows.contains(fact)
                || comparison.is_some_and(|comparison| changes::tells(comparison, fact))
                || views::tells(&self.report.views, fact)
        };
        let facts = finding.evidence.iter().map(|evidence| &evidence.fact).filter(|fact| !told(fact));
        for (at, fact) in facts.enumerate() {
            self.labelled(out, if at == 0 { "because" } else { "" }, &clean(fact));
        }
    }

    /// The first column, painted.
    fn label(&self, label: &str) -> String {
        let width = self.label_width();
        paint(self.styles.faint, format!("{label:width$}"))
    }

    fn label_width(&self) -> usize {
        let addresses = self.report.addresses.iter().map(|row| row.ip.to_string().len() + 2);
        addresses.max().unwrap_or(0).max(LABEL)
    }

    fn labelled(&self, out: &mut String, label: &str, text: &str) {
        let later = " ".repeat(4 + self.label_width());
        wrap::text(out, &format!("    {}", self.label(label)), &later, text);
    }

    /// As it is typed.
    fn labelled_command(&self, out: &mut String, label: &str, command: &str) {
        let folded = wrap::command(4 + self.label_width(), command);
        line(out, 4, &format!("{}{}", self.label(label), folded.trim_start()));
    }

    /// Those of the addresses that applications get; or those of other addresses only, which were tried besides.
    fn endpoints(&self, used: bool) -> Vec<String> {
        let of = |used: bool| {
            let rows = self.target.addresses.iter().zip(&self.report.addresses);
            let rows = rows.filter(move |(probe, _)| probe.used == used);
            rows.filter_map(|(_, row)| row.endpoint.as_ref())
        };
        let mut told = Vec::new();
        for id in of(used).filter(|id| used || of(true).all(|other| other != *id)) {
            let Some(endpoint) = self.facts.inventory.endpoint(id) else { continue };
            let text = format!("{id} ({})  {}", endpoint.state, endpoint.service);
            if !told.contains(&text) {
                told.push(text);
            }
        }
        told
    }

    /// What is left over is said, never passed over; what leaves the same open is said together.
    fn unexplained(&self, out: &mut String) {
        for alike in self.report.unexplained.chunk_by(|a, b| a.left == b.left) {
            out.push('\n');
            let label = paint(self.styles.doubtful, "Not explained:");
            let told = if alike.len() > MOST_ALIKE + 1 { &alike[..MOST_ALIKE] } else { alike };
            for one in told {
                wrapped(out, 2, &format!("{label} {}", one.symptom));
            }
            if told.len() < alike.len() {
                wrapped(out, 2, &format!("{label} {} more of that kind", alike.len() - told.len()));
            }
            let mut ways: Vec<&String> = Vec::new();
            for way in told.iter().flat_map(|one| &one.settle) {
                if !ways.contains(&way) {
                    ways.push(way);
                }
            }
            self.labelled(out, "may be", &clean(&alike[0].left));
            for (at, way) in ways.into_iter().enumerate() {
                let label = if at == 0 { "to settle" } else { "" };
                if wrap::is_command(way) {
                    self.labelled_command(out, label, &clean(way));
                } else {
                    self.labelled(out, label, &clean(way));
                }
            }
        }
    }

    fn fixes(&self, out: &mut String, causes: &[&Finding], told: &mut Told) {
        let fixes = Fixes::of(causes, &self.target.target.name, told);
        if fixes.new.is_empty() {
            return;
        }
        out.push('\n');
        wrapped(out, 2, &paint(self.styles.heading, fixes.title()));
        for (cause, new) in &fixes.new {
            if causes.len() > 1 {
                line(out, 4, &format!("for {}, {}:", cause.code, actor(cause)));
            }
            for fix in new {
                self.fix(out, if causes.len() > 1 { 6 } else { 4 }, fix);
            }
        }
    }

    fn fix(&self, out: &mut String, indent: usize, fix: &Fix) {
        if fix.cli.is_none() || fix.change.is_none() {
            wrapped(out, indent, &clean(&fix.text));
        }
        if let Some(cli) = &fix.cli {
            line(out, 0, &paint(self.styles.command, wrap::command(indent, &clean(cli))));
        }
    }

    /// Warnings, and what is worth knowing: in short, and once where several targets have it.
    fn remarks(&self, out: &mut String, findings: &[&Finding], told: &Told) {
        for finding in findings {
            let style =
                if finding.severity == Severity::Warning { self.styles.doubtful } else { self.styles.faint };
            let label = format!("{} {}:", paint(style, finding.severity.as_str()), finding.code);
            if let Some(before) = told.where_told(finding) {
                line(out, 2, &format!("{label} the same as for {}", clean(before)));
                continue;
            }
            wrap::text(out, &format!("  {label} "), "    ", &clean(&finding.summary));
            self.because(out, finding);
            for fix in &finding.fixes {
                self.fix(out, 4, fix);
            }
        }
    }
}

/// Causes that explain more than one target, once.
fn shared_causes(out: &mut String, report: &Report, styles: &Styles) {
    let shared: Vec<_> = report.summary.iter().filter(|entry| entry.targets.len() > 1).collect();
    if shared.is_empty() {
        return;
    }
    line(out, 0, &paint(styles.heading, "One cause, several targets"));
    for entry in shared {
        let mut all = report.targets.iter().flat_map(|target| &target.findings);
        // The first of that code about that thing: its owner and how sure it is are told again.
        let first = all.find(|f| f.code == entry.code && f.subject() == entry.subject.as_ref());
        let right = first.map(|f| format!(" · {} · {}", f.confidence.as_str(), actor(f))).unwrap_or_default();
        line(out, 2, &format!("{}{right} · {} targets", paint(styles.bad, &entry.code), entry.targets.len()));
        wrapped(out, 4, &clean(&entry.text));
        wrapped(out, 4, &clean(&entry.targets.join(", ")));
    }
    out.push('\n');
}

fn footer(out: &mut String, report: &Report) {
    let tally: Vec<_> = TargetVerdict::ALL
        .iter()
        .map(|verdict| (verdict, report.targets.iter().filter(|target| target.verdict == *verdict).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| format!("{count} {}", verdict.as_str()))
        .collect();
    let targets = plural::count(report.targets.len(), "target", "targets");
    line(
        out,
        0,
        &format!("{targets}: {} · {} · {}", tally.join(", "), report.facts.now, report.facts.elapsed),
    );
}

fn line(out: &mut String, indent: usize, text: &str) {
    let _ = writeln!(out, "{:indent$}{text}", "");
}

/// Over several lines where it must be.
fn wrapped(out: &mut String, indent: usize, text: &str) {
    let indent = " ".repeat(indent);
    wrap::text(out, &indent, &indent, text);
}
