//! From facts to a report: run every rule on every target, rank, prove the fixes, merge.

use std::cmp::Reverse;

use crate::{
    analyze::{path::Path, remedy, symptom},
    model::{
        facts::{Facts, TargetFacts},
        finding::{Change, Confidence, Finding, Severity, Symptom, Undecided},
        inventory::Inventory,
        report::{AddressReport, Report, SummaryEntry, TargetReport},
    },
};

use super::{Case, RULES, Row, Rule, access, case::Draft};

/// A function of its argument: the same facts give the same report.
pub fn diagnose(facts: Facts) -> Report {
    let targets: Vec<_> = facts.targets.iter().map(|target| diagnose_target(&facts, target)).collect();
    let summary = summarize(&facts, &targets);
    Report { facts, targets, summary }
}

fn diagnose_target(facts: &Facts, target: &TargetFacts) -> TargetReport {
    let case = Case::new(facts, target);
    let mut findings = Vec::new();
    let mut undecided = Vec::new();
    for rule in RULES {
        match (rule.check)(&case) {
            Ok(None) => {}
            Ok(Some(draft)) => findings.push(finding(rule, draft)),
            Err(why) => undecided.push(Undecided { code: rule.meta.code.to_owned(), why }),
        }
    }
    findings.sort_by_key(rank);
    settle_numbers(&case, &mut findings);
    prove(&case, &mut findings);
    let unexplained = unexplained(&case.symptoms, &findings);
    let verdict = symptom::verdict(target, &case.symptoms);
    let addresses = case.rows.iter().map(|row| address(facts, target, row)).collect();
    let primary = findings.first().filter(|f| is_cause(f)).map(|finding| finding.code.clone());
    TargetReport { verdict, primary, addresses, findings, undecided, unexplained, comparison: None }
}

fn finding(rule: &Rule, draft: Draft) -> Finding {
    let meta = rule.meta;
    Finding {
        code: meta.code.to_owned(),
        severity: draft.severity.unwrap_or(meta.severity),
        confidence: draft.confidence,
        side: meta.side,
        layer: meta.layer,
        summary: draft.summary,
        evidence: draft.evidence,
        fixes: draft.fixes,
        explains: draft.explains,
        since: None,
    }
}

fn is_cause(finding: &Finding) -> bool {
    finding.severity == Severity::Error && !finding.explains.is_empty()
}

/// Causes of what fails now first; among them the one that explains the most with the strongest evidence,
/// nearest to the application on ties; then by code, so that the order never depends on chance.
fn rank(finding: &Finding) -> impl Ord + use<> {
    let weight = match finding.confidence {
        Confidence::Confirmed => 4,
        Confidence::Likely => 2,
        Confidence::Possible => 1,
    };
    let explained = finding.explains.len() * weight;
    (
        Reverse(is_cause(finding)),
        Reverse(finding.severity),
        Reverse(explained),
        Reverse(finding.confidence),
        finding.layer,
        finding.code.clone(),
    )
}

/// Findings propose apart from each other; entries of one ACL must not claim the same number. A lower number
/// decides no later, so that moving down keeps a proposal what it was.
fn settle_numbers(case: &Case<'_>, findings: &mut [Finding]) {
    let about_acl = |change: &Change| matches!(change, Change::AddAclEntry { .. });
    if !findings.iter().flat_map(changes).any(about_acl) {
        return;
    }
    let mut mended = Inventory::clone(&case.facts.inventory);
    let fixes = findings.iter_mut().flat_map(|finding| &mut finding.fixes);
    for fix in fixes.filter(|fix| fix.change.is_some()) {
        let settled = fix.change.as_ref().and_then(|change| remedy::settled(&mended, change));
        if let Some(change) = settled {
            remedy::apply(&mut mended, &change);
            if fix.change.as_ref() != Some(&change) {
                *fix = access::fix(change);
            }
        }
    }
}

/// A fix counts as verified only when the paths it is for pass with it: alone, or together with the other
/// fixes of the same target when causes stack.
fn prove(case: &Case<'_>, findings: &mut [Finding]) {
    let all: Vec<Change> = findings.iter().flat_map(changes).cloned().collect();
    for finding in findings.iter_mut() {
        let own: Vec<Change> = changes(finding).cloned().collect();
        if own.is_empty() {
            continue;
        }
        let paths: Vec<&Path> = explained_rows(case, finding).map(|row| &row.path).collect();
        let proves = |changes: &[Change]| {
            let changes: Vec<&Change> = changes.iter().collect();
            remedy::proves(&case.facts.inventory, &changes, &paths)
        };
        let verified = proves(&own) || proves(&all);
        for fix in finding.fixes.iter_mut().filter(|fix| fix.change.is_some()) {
            fix.verified = verified;
        }
    }
}

fn changes(finding: &Finding) -> impl Iterator<Item = &Change> {
    finding.fixes.iter().filter_map(|fix| fix.change.as_ref())
}

fn explained_rows<'c, 'a>(case: &'c Case<'a>, finding: &Finding) -> impl Iterator<Item = &'c Row<'a>> {
    let explains = finding.explains.clone();
    case.rows.iter().filter(move |row| row.symptom.as_ref().is_some_and(|symptom| explains.contains(symptom)))
}

fn unexplained(symptoms: &[Symptom], findings: &[Finding]) -> Vec<Symptom> {
    let explained = |symptom: &&Symptom| findings.iter().any(|finding| finding.explains.contains(symptom));
    symptoms.iter().filter(|symptom| !explained(symptom)).cloned().collect()
}

fn address(facts: &Facts, target: &TargetFacts, row: &Row<'_>) -> AddressReport {
    let eni = row.eni.known().copied().flatten();
    AddressReport {
        ip: row.ip(),
        eni: eni.map(|eni| eni.id.clone()),
        endpoint: row.endpoint.known().copied().flatten().map(|endpoint| endpoint.id.clone()),
        az_id: eni.and_then(|eni| facts.inventory.az_id_of(eni)),
        path: row.path.verdict(),
        blocked_share: row.path.partly_blocked().map_or(0.0, |step| step.blocked_share),
        healthy: symptom::failing_phase(&target.target, row.probe).is_none(),
    }
}

/// One entry a cause, in the order in which targets name them.
pub fn summarize(facts: &Facts, targets: &[TargetReport]) -> Vec<SummaryEntry> {
    let mut entries: Vec<SummaryEntry> = Vec::new();
    for (target, report) in facts.targets.iter().zip(targets) {
        for finding in &report.findings {
            let name = target.target.name.clone();
            match entries.iter_mut().find(|e| e.code == finding.code && e.text == finding.summary) {
                Some(entry) => entry.targets.push(name),
                None => entries.push(SummaryEntry {
                    code: finding.code.clone(),
                    targets: vec![name],
                    text: finding.summary.clone(),
                }),
            }
        }
    }
    entries
}
