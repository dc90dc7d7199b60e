//! From facts to a report: run every rule on every target, rank, prove the fixes, merge.

use std::cmp::Reverse;

use crate::{
    analyze::{path::Path, remedy, symptom},
    model::{
        facts::{Facts, TargetFacts},
        finding::{
            Change, Confidence, Evidence, Failure, Finding, Layer, Phase, Severity, Symptom, Undecided,
        },
        inventory::Inventory,
        report::{AddressReport, Report, SummaryEntry, TargetReport},
        resource::ResourceRef,
    },
};

use super::{
    Case, Outcome, RULES, Row, Rule, access, ahead::ahead, case::Draft, find, obstacle::obstacle,
    remainder::remainder,
};

/// A function of its argument: the same facts give the same report.
pub fn diagnose(facts: Facts) -> Report {
    let targets: Vec<_> = facts.targets.iter().map(|target| diagnose_target(&facts, target)).collect();
    let names = facts.targets.iter().map(|target| target.target.name.as_str());
    let summary = summarize(names.zip(&targets));
    Report { facts, targets, summary }
}

fn diagnose_target(facts: &Facts, target: &TargetFacts) -> TargetReport {
    let case = Case::new(facts, target);
    let Judgement { mut findings, mut undecided } = Judgement::of(&case);
    let next = ahead(&case, findings.first());
    let is_new = |code: &str| findings.iter().all(|finding| finding.code != code);
    let new: Vec<_> = next.findings.into_iter().filter(|finding| is_new(&finding.code)).collect();
    undecided.extend(next.undecided.into_iter().filter(|one| is_new(&one.code)));
    undecided.sort();
    undecided.dedup_by(|a, b| a.code == b.code);
    findings.extend(new);
    findings.sort_by_key(rank);
    let unexplained = remainder(&case, &findings);
    let verdict = symptom::verdict(target, &case.symptoms);
    let addresses = case.rows.iter().map(|row| address(facts, target, row)).collect();
    let primary = findings.first().filter(|f| is_cause(f)).map(|finding| finding.code.clone());
    TargetReport { verdict, primary, addresses, findings, undecided, unexplained, comparison: None }
}

/// What all rules together say of one target.
#[derive(Default)]
pub(super) struct Judgement {
    /// Ranked, with their fixes proved.
    pub(super) findings: Vec<Finding>,
    pub(super) undecided: Vec<Undecided>,
}

impl Judgement {
    pub(super) fn of(case: &Case<'_>) -> Self {
        let mut findings = Vec::new();
        let mut undecided = Vec::new();
        for rule in RULES {
            match ask(rule, case) {
                Ok(None) => {}
                Ok(Some(draft)) => findings.push(finding(rule, draft)),
                Err(why) => undecided.push(Undecided { code: rule.meta.code.to_owned(), why }),
            }
        }
        doubt(case, &mut findings);
        findings.sort_by_key(rank);
        settle_numbers(case, &mut findings);
        prove(case, &mut findings);
        Self { findings, undecided }
    }
}

fn ask(rule: &Rule, case: &Case<'_>) -> Outcome {
    #[cfg(feature = "mutation")]
    if let Some(outcome) = super::mutation::instead_of(rule) {
        return outcome;
    }
    (rule.check)(case)
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
        after: None,
    }
}

fn is_cause(finding: &Finding) -> bool {
    finding.severity == Severity::Error && !finding.explains.is_empty()
}

/// Where packets pass that the configuration denies, what was read is old or incomplete. What rests on the very
/// resource that was contradicted is worth little then, and nothing else of that configuration is certain.
fn doubt(case: &Case<'_>, findings: &mut [Finding]) {
    let contradicted: Vec<&Row<'_>> = case.rows.iter().filter(|row| row.contradicts()).collect();
    let Some(first) = contradicted.first() else { return };
    let denied_by: Vec<&ResourceRef> = contradicted
        .iter()
        .flat_map(|row| row.path.blockers())
        .filter_map(|(step, _)| step.resource.as_ref())
        .collect();
    for finding in findings.iter_mut().filter(|finding| rests_on_configuration(finding)) {
        let mut references = finding.evidence.iter().filter_map(|evidence| evidence.reference.as_ref());
        let same = references.any(|reference| denied_by.iter().any(|denied| denied.is_same_thing(reference)));
        let ceiling =
            if same || finding.layer == Layer::Provider { Confidence::Possible } else { Confidence::Likely };
        if finding.confidence > ceiling {
            finding.confidence = ceiling;
            finding.evidence.push(Evidence::new(format!(
                "but {} answers although the configuration denies it: what was read may be old or incomplete",
                first.ip()
            )));
        }
    }
}

/// What lies in the configuration; and what is blamed on the provider only because the configuration allows.
fn rests_on_configuration(finding: &Finding) -> bool {
    let silent = |symptom: &Symptom| {
        matches!(symptom, Symptom::AddressFails { phase: Phase::Connect, failure: Failure::TimedOut, .. })
    };
    let by_exclusion = finding.layer == Layer::Provider && finding.explains.iter().any(silent);
    finding.severity == Severity::Error && (finding.layer.is_configuration() || by_exclusion)
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
            fix.verified |= verified;
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

fn address(facts: &Facts, target: &TargetFacts, row: &Row<'_>) -> AddressReport {
    let eni = row.eni.known().copied().flatten();
    AddressReport {
        ip: row.ip(),
        eni: eni.map(|eni| eni.id.clone()),
        endpoint: row.endpoint.known().copied().flatten().map(|endpoint| endpoint.id.clone()),
        az_id: eni.and_then(|eni| facts.inventory.az_id_of(eni)),
        path: row.path.verdict(),
        blocked_by: obstacle(&row.path),
        cell: symptom::cell(&row.path.verdict(), &row.probe.tcp.outcome),
        blocked_share: row.path.partly_blocked().map_or(0.0, |step| step.blocked_share),
        healthy: symptom::failure(&target.target, row.probe).is_none(),
    }
}

/// One entry a cause, whatever it is called for each target.
pub fn summarize<'a>(targets: impl IntoIterator<Item = (&'a str, &'a TargetReport)>) -> Vec<SummaryEntry> {
    let mut causes: Vec<(&Finding, SummaryEntry)> = Vec::new();
    for (name, report) in targets {
        for finding in &report.findings {
            match causes.iter_mut().find(|(first, _)| first.is_same_cause(finding)) {
                Some((_, entry)) => add(entry, finding, name),
                None => causes.push((finding, entry(finding, name))),
            }
        }
    }
    let mut entries: Vec<_> = causes.into_iter().map(|(_, entry)| entry).collect();
    // What fails now first, and what breaks the most of it; otherwise in the order in which targets name them.
    entries.sort_by_key(|entry| (Reverse(entry.severity), Reverse(entry.targets.len())));
    entries
}

fn entry(finding: &Finding, target: &str) -> SummaryEntry {
    SummaryEntry {
        code: finding.code.clone(),
        severity: finding.severity,
        side: finding.side,
        subject: finding.subject().cloned(),
        targets: vec![target.to_owned()],
        text: finding.summary.clone(),
    }
}

fn add(entry: &mut SummaryEntry, finding: &Finding, target: &str) {
    entry.severity = entry.severity.max(finding.severity);
    entry.targets.push(target.to_owned());
    if entry.text != finding.summary {
        entry.text = common_text(finding);
    }
}

/// What is true of all targets of a cause, when each is told in words of its own.
fn common_text(finding: &Finding) -> String {
    let title = find(&finding.code).map_or(finding.code.as_str(), |meta| meta.title);
    finding.subject().map_or_else(|| title.to_owned(), |subject| format!("{}: {title}", subject.id))
}
