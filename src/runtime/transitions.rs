//! What changed between two cycles of a target: the log tells of these, not of every cycle.

use std::collections::BTreeMap;

use crate::model::{
    finding::{Confidence, Finding, Severity, Symptom},
    report::{TargetReport, TargetVerdict},
    time::Timestamp,
};

/// The findings of one target as of its last cycle, and since when each holds.
#[derive(Debug, Default)]
pub struct Transitions {
    verdict: Option<TargetVerdict>,
    active: BTreeMap<String, Active>,
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
        changes
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
        finding::{Layer, Side, Undecided},
        known::{Reason, Unknown},
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
}
