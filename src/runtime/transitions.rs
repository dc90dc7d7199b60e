//! What changed between two cycles of a target: the log tells of these, not of every cycle.

use std::collections::BTreeMap;

use crate::model::{
    difference::{Comparison, DifferenceKind},
    finding::{Confidence, Finding, Severity, Symptom},
    report::{TargetReport, TargetVerdict},
    time::Timestamp,
};

/// The findings of one target as of its last cycle, and since when each holds.
#[derive(Debug, Default)]
pub struct Transitions {
    verdict: Option<TargetVerdict>,
    active: BTreeMap<String, Active>,
    /// The differences from the last healthy cycle, and when each was first seen.
    differences: BTreeMap<(DifferenceKind, String), Timestamp>,
}

#[derive(Debug)]
struct Active {
    since: Timestamp,
    essence: Essence,
    /// The rule could not decide this time: neither found nor cleared.
    lost: bool,
}

/// What makes a finding another one when it changes. Wording is not in it: words carry numbers that differ
/// from cycle to cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Essence {
    severity: Severity,
    confidence: Confidence,
    explains: Vec<Symptom>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    Verdict {
        from: Option<TargetVerdict>,
        to: TargetVerdict,
    },
    Appeared {
        code: String,
    },
    Changed {
        code: String,
    },
    Cleared {
        code: String,
        since: Timestamp,
    },
    /// Was there, and its rule can no longer tell.
    LostSight {
        code: String,
    },
    /// Something is not as it was when the target was healthy.
    Differs {
        fact: String,
        with: Timestamp,
    },
}

impl Transitions {
    /// Compares a new report with the last one and stamps its findings with their beginning.
    pub fn update(&mut self, report: &mut TargetReport, now: Timestamp) -> Vec<Transition> {
        let mut changes = Vec::new();
        if self.verdict != Some(report.verdict) {
            changes.push(Transition::Verdict { from: self.verdict, to: report.verdict });
            self.verdict = Some(report.verdict);
        }
        for finding in &mut report.findings {
            changes.extend(self.see(finding, now));
        }
        self.miss(report, &mut changes);
        self.differ(report.comparison.as_mut(), now, &mut changes);
        changes
    }

    /// Stamps differences with their first sighting, where nothing better tells since when they are. One that went
    /// away and comes back begins anew.
    fn differ(&mut self, comparison: Option<&mut Comparison>, now: Timestamp, changes: &mut Vec<Transition>) {
        let before = std::mem::take(&mut self.differences);
        let Some(comparison) = comparison else { return };
        for difference in &mut comparison.differences {
            let fact = &difference.fact;
            let key = (difference.kind, fact.clone());
            let first = before.get(&key).copied();
            if first.is_none() {
                changes.push(Transition::Differs { fact: fact.clone(), with: comparison.with });
            }
            let first = first.unwrap_or(now);
            difference.since = difference.since.or(Some(first));
            self.differences.insert(key, first);
        }
        comparison.sort();
    }

    fn see(&mut self, finding: &mut Finding, now: Timestamp) -> Option<Transition> {
        let essence = Essence::of(finding);
        let code = || finding.code.clone();
        let Some(active) = self.active.get_mut(&finding.code) else {
            let change = Transition::Appeared { code: code() };
            self.active.insert(code(), Active { since: now, essence, lost: false });
            finding.since = Some(now);
            return Some(change);
        };
        let change = (active.essence != essence).then(|| Transition::Changed { code: code() });
        active.essence = essence;
        active.lost = false;
        finding.since = Some(active.since);
        change
    }

    /// Findings that are not in the report any more.
    fn miss(&mut self, report: &TargetReport, changes: &mut Vec<Transition>) {
        self.active.retain(|code, active| {
            if report.findings.iter().any(|finding| finding.code == *code) {
                return true;
            }
            let undecided = report.undecided.iter().any(|undecided| undecided.code == *code);
            if !undecided {
                changes.push(Transition::Cleared { code: code.clone(), since: active.since });
            } else if !active.lost {
                active.lost = true;
                changes.push(Transition::LostSight { code: code.clone() });
            }
            undecided
        });
    }
}

impl Essence {
    fn of(finding: &Finding) -> Self {
        let mut explains = finding.explains.clone();
        explains.sort();
        Self { severity: finding.severity, confidence: finding.confidence, explains }
    }
}

/// Writes the changes of one target to the log.
pub fn log(target: &str, report: &TargetReport, changes: &[Transition]) {
    let found = |code: &str| report.findings.iter().find(|finding| finding.code == code);
    for change in changes {
        match change {
            Transition::Verdict { from, to } => {
                let from = from.map_or("none", TargetVerdict::as_str);
                match to {
                    TargetVerdict::Healthy => tracing::info!(target_name = target, from, "healthy"),
                    to => tracing::warn!(target_name = target, from, "{}", to.as_str()),
                }
            }
            Transition::Appeared { code } => log_finding(target, found(code), "appeared"),
            Transition::Changed { code } => log_finding(target, found(code), "changed"),
            Transition::Cleared { code, since } => {
                tracing::info!(target_name = target, code, since = %since, "finding cleared");
            }
            Transition::LostSight { code } => {
                tracing::warn!(target_name = target, code, "finding can no longer be decided");
            }
            Transition::Differs { fact, with } => {
                tracing::warn!(target_name = target, healthy_at = %with, "changed: {fact}");
            }
        }
    }
}

fn log_finding(target: &str, finding: Option<&Finding>, what: &str) {
    let Some(Finding { code, severity, confidence, summary, .. }) = finding else { return };
    let (level, confidence) = (severity.as_str(), confidence.as_str());
    match severity {
        Severity::Error => {
            tracing::error!(
                target_name = target,
                code,
                severity = level,
                confidence,
                "finding {what}: {summary}"
            );
        }
        Severity::Warning => {
            tracing::warn!(
                target_name = target,
                code,
                severity = level,
                confidence,
                "finding {what}: {summary}"
            );
        }
        Severity::Info => {
            tracing::info!(
                target_name = target,
                code,
                severity = level,
                confidence,
                "finding {what}: {summary}"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        difference::Difference,
        finding::{Layer, Side, Undecided},
        known::{Reason, Unknown},
        views::Views,
    };

    const CODE: &str = "sg-endpoint-wrong-port";

    fn finding(severity: Severity, summary: &str) -> Finding {
        Finding {
            code: CODE.to_owned(),
            severity,
            confidence: Confidence::Confirmed,
            side: Side::ConsumerVpc,
            layer: Layer::EndpointGroup,
            summary: summary.to_owned(),
            evidence: Vec::new(),
            fixes: Vec::new(),
            explains: Vec::new(),
            since: None,
            after: None,
        }
    }

    fn report(verdict: TargetVerdict, findings: Vec<Finding>) -> TargetReport {
        TargetReport {
            verdict,
            primary: None,
            addresses: Vec::new(),
            findings,
            undecided: Vec::new(),
            unexplained: Vec::new(),
            comparison: None,
            views: Views::default(),
        }
    }

    fn down(summary: &str) -> TargetReport {
        report(TargetVerdict::Down, vec![finding(Severity::Error, summary)])
    }

    #[test]
    fn a_finding_is_told_once_and_keeps_its_beginning() {
        let mut transitions = Transitions::default();
        let mut first = down("3 SYNs in 3.0 s");
        let told = transitions.update(&mut first, Timestamp(100));
        assert_eq!(told[1..], [Transition::Appeared { code: CODE.to_owned() }]);
        assert_eq!(told[0], Transition::Verdict { from: None, to: TargetVerdict::Down });
        let mut second = down("4 SYNs in 3.1 s");
        assert_eq!(transitions.update(&mut second, Timestamp(110)), []);
        assert_eq!(second.findings[0].since, Some(Timestamp(100)));
    }

    #[test]
    fn a_change_of_severity_is_told() {
        let mut transitions = Transitions::default();
        transitions.update(&mut down(""), Timestamp(100));
        let mut milder = report(TargetVerdict::Down, vec![finding(Severity::Warning, "")]);
        let told = transitions.update(&mut milder, Timestamp(110));
        assert_eq!(told, [Transition::Changed { code: CODE.to_owned() }]);
        assert_eq!(milder.findings[0].since, Some(Timestamp(100)));
    }

    #[test]
    fn an_end_is_told_with_the_beginning() {
        let mut transitions = Transitions::default();
        transitions.update(&mut down(""), Timestamp(100));
        let told = transitions.update(&mut report(TargetVerdict::Healthy, Vec::new()), Timestamp(120));
        let verdict = Transition::Verdict { from: Some(TargetVerdict::Down), to: TargetVerdict::Healthy };
        assert_eq!(told, [verdict, Transition::Cleared { code: CODE.to_owned(), since: Timestamp(100) }]);
        let mut again = down("");
        transitions.update(&mut again, Timestamp(130));
        assert_eq!(again.findings[0].since, Some(Timestamp(130)), "a new occurrence begins anew");
    }

    #[test]
    fn what_can_no_longer_be_decided_is_not_cleared() {
        let mut transitions = Transitions::default();
        transitions.update(&mut down(""), Timestamp(100));
        let mut blind = report(TargetVerdict::Down, Vec::new());
        let why = Unknown::new("ec2:DescribeSecurityGroups", Reason::TimedOut);
        blind.undecided.push(Undecided { code: CODE.to_owned(), why });
        let told = transitions.update(&mut blind.clone(), Timestamp(110));
        assert_eq!(told, [Transition::LostSight { code: CODE.to_owned() }]);
        assert_eq!(transitions.update(&mut blind, Timestamp(120)), [], "once");
        let mut seen = down("");
        assert_eq!(transitions.update(&mut seen, Timestamp(130)), []);
        assert_eq!(seen.findings[0].since, Some(Timestamp(100)));
    }

    fn differing(facts: &[&str]) -> TargetReport {
        let difference = |fact: &&str| Difference::new(DifferenceKind::Addresses, *fact);
        let comparison = Comparison {
            with: Timestamp(90),
            verdict: Some(TargetVerdict::Healthy),
            differences: facts.iter().map(difference).collect(),
            not_compared: Vec::new(),
        };
        TargetReport { comparison: Some(comparison), ..report(TargetVerdict::Down, Vec::new()) }
    }

    fn told(report: &TargetReport) -> Vec<(&str, Option<Timestamp>)> {
        let differences = &report.comparison.as_ref().unwrap().differences;
        differences.iter().map(|difference| (difference.fact.as_str(), difference.since)).collect()
    }

    #[test]
    fn a_difference_keeps_its_first_sighting_and_the_oldest_stands_first() {
        let mut transitions = Transitions::default();
        let mut first = differing(&["b"]);
        let differs = Transition::Differs { fact: "b".to_owned(), with: Timestamp(90) };
        assert_eq!(transitions.update(&mut first, Timestamp(100))[1..], [differs]);
        let mut second = differing(&["a", "b"]);
        assert_eq!(transitions.update(&mut second, Timestamp(110)).len(), 1, "only the new one is told");
        assert_eq!(told(&second), [("b", Some(Timestamp(100))), ("a", Some(Timestamp(110)))]);
    }

    #[test]
    fn what_tells_its_own_time_is_believed() {
        let mut report = differing(&["certificate"]);
        report.comparison.as_mut().unwrap().differences[0].since = Some(Timestamp(95));
        Transitions::default().update(&mut report, Timestamp(100));
        assert_eq!(told(&report), [("certificate", Some(Timestamp(95)))]);
    }

    #[test]
    fn a_difference_that_comes_back_begins_anew() {
        let mut transitions = Transitions::default();
        transitions.update(&mut differing(&["a"]), Timestamp(100));
        transitions.update(&mut report(TargetVerdict::Healthy, Vec::new()), Timestamp(110));
        let mut again = differing(&["a"]);
        transitions.update(&mut again, Timestamp(120));
        assert_eq!(told(&again), [("a", Some(Timestamp(120)))]);
    }
}
