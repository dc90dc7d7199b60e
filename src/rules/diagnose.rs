//! From facts to a report: run every rule on every target, rank, prove the fixes, merge.

use std::{cmp::Reverse, net::IpAddr};

use crate::{
    analyze::{
        path::{Path, Step, StepOutcome},
        remedy, symptom,
    },
    model::{
        facts::{Facts, TargetFacts},
        finding::{
            Change, Confidence, Evidence, Failure, Finding, Fix, Layer, Phase, Severity, Symptom, Undecided,
        },
        inventory::{Inventory, actions},
        report::{AddressReport, Report, SummaryEntry, TargetReport},
        resource::ResourceRef,
    },
};

use super::{
    Case, Outcome, RULES, Row, Rule, access, ahead::ahead, case::Draft, find, obstacle::obstacle,
    remainder::remainder, views::views,
};

/// A function of its argument: the same facts give the same report.
pub fn diagnose(facts: Facts) -> Report {
    let cases: Vec<_> = facts.targets.iter().map(|target| Case::new(&facts, target)).collect();
    let disproved: Vec<_> = cases.iter().flat_map(disproved).collect();
    let mut targets: Vec<_> = cases.iter().map(|case| judge(case, &disproved)).collect();
    drop(cases);
    settle(&facts.inventory, &mut targets);
    let names = facts.targets.iter().map(|target| target.target.name.as_str());
    let summary = summarize(names.zip(&targets));
    Report { facts, targets, summary }
}

fn judge(case: &Case<'_>, disproved: &[Disproved]) -> TargetReport {
    let Judgement { mut findings, mut undecided } = Judgement::of(case, disproved);
    let next = ahead(case, findings.first(), disproved);
    let is_new = |code: &str| findings.iter().all(|finding| finding.code != code);
    let new: Vec<_> = next.findings.into_iter().filter(|finding| is_new(&finding.code)).collect();
    undecided.extend(next.undecided.into_iter().filter(|one| is_new(&one.code)));
    undecided.sort();
    undecided.dedup_by(|a, b| a.code == b.code);
    undecided.extend(unseen(case, &undecided));
    findings.extend(new);
    findings.sort_by_key(rank);
    let unexplained = remainder(case, &findings);
    let verdict = symptom::verdict(case.target, &case.symptoms);
    let addresses = case.rows.iter().map(|row| address(case.facts, case.target, row)).collect();
    let primary = findings.first().filter(|f| is_cause(f)).map(|finding| finding.code.clone());
    let comparison = None;
    let views = views(case);
    TargetReport { verdict, primary, addresses, findings, undecided, unexplained, comparison, views }
}

/// What denies an address that answers all the same: what was read of it is old or incomplete.
#[derive(Clone, Debug)]
pub(super) struct Disproved {
    resource: ResourceRef,
    by: IpAddr,
}

fn disproved(case: &Case<'_>) -> Vec<Disproved> {
    let answered = case.rows.iter().filter(|row| row.contradicts());
    let denials = answered.flat_map(|row| row.path.blockers().map(|(step, _)| (row.ip(), step)));
    denials.filter_map(|(by, step)| Some(Disproved { resource: step.resource()?, by })).collect()
}

/// A rule names the first fact that it lacks. The others that the paths lack are named as well, so that granting one
/// permission does not bring the next to light: whether packets contradict the configuration hangs on all of them.
fn unseen(case: &Case<'_>, undecided: &[Undecided]) -> Vec<Undecided> {
    let mut unseen: Vec<Undecided> = Vec::new();
    let steps = case.rows.iter().flat_map(|row| &row.path.steps);
    for step in steps {
        let StepOutcome::Undecided(why) = &step.outcome else { continue };
        let named = undecided.iter().chain(&unseen).any(|one| one.why.missing == why.missing);
        // An address that no interface holds has no group or subnet to ask about.
        if !named && why.missing.starts_with("ec2:") && why.missing != actions::NETWORK_INTERFACES {
            unseen.push(Undecided { code: CONTRADICTION.to_owned(), why: why.clone() });
        }
    }
    unseen
}

/// The finding that compares packets and configuration, step by step.
const CONTRADICTION: &str = "packets-contradict-inventory";

/// What all rules together say of one target.
#[derive(Default)]
pub(super) struct Judgement {
    /// Ranked, with their fixes proved.
    pub(super) findings: Vec<Finding>,
    pub(super) undecided: Vec<Undecided>,
}

impl Judgement {
    pub(super) fn of(case: &Case<'_>, disproved: &[Disproved]) -> Self {
        let mut findings = Vec::new();
        let mut undecided = Vec::new();
        for rule in RULES {
            match ask(rule, case) {
                Ok(None) => {}
                Ok(Some(draft)) => findings.push(finding(rule, draft)),
                Err(why) => undecided.push(Undecided { code: rule.meta.code.to_owned(), why }),
            }
        }
        doubt(case, disproved, &mut findings);
        findings.sort_by_key(rank);
        settle_numbers(&case.facts.inventory, findings.iter_mut());
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
        side: draft.side.unwrap_or(meta.side),
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
/// resource that was contradicted, by this target or another, is worth little then, and nothing else of the
/// configuration on this target's way is certain.
fn doubt(case: &Case<'_>, disproved: &[Disproved], findings: &mut [Finding]) {
    let own = case.rows.iter().find(|row| row.contradicts()).map(Row::ip);
    for finding in findings.iter_mut().filter(|finding| rests_on_configuration(finding)) {
        let references = || finding.evidence.iter().filter_map(|evidence| evidence.reference.as_ref());
        let same =
            disproved.iter().find(|one| references().any(|reference| one.resource.is_same_thing(reference)));
        let Some(by) = same.map(|one| one.by).or(own) else { continue };
        // The very endpoint that lets this host in at one address does not keep it out at another. Of groups and ACLs
        // their rules know that themselves.
        if same.is_some() && own.is_some() && finding.layer == Layer::Endpoint {
            finding.severity = Severity::Warning;
            finding.explains.clear();
        }
        let weak = same.is_some() || finding.layer == Layer::Provider;
        let ceiling = if weak { Confidence::Possible } else { Confidence::Likely };
        if finding.confidence > ceiling {
            finding.confidence = ceiling;
            finding.evidence.push(Evidence::new(format!(
                "but {by} answers although the configuration denies it: what was read may be old or incomplete"
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

/// Targets are judged apart from each other, and whoever carries a report out carries all of it out.
pub fn settle(inventory: &Inventory, targets: &mut [TargetReport]) {
    settle_numbers(inventory, targets.iter_mut().flat_map(|target| &mut target.findings));
}

/// Findings propose apart from each other; entries of one ACL must not claim the same number. A lower number
/// decides no later, so that moving down keeps a proposal what it was.
fn settle_numbers<'f>(inventory: &Inventory, findings: impl Iterator<Item = &'f mut Finding>) {
    let about_acl = |fix: &&mut Fix| matches!(fix.change, Some(Change::AddAclEntry { .. }));
    let mut fixes = findings.flat_map(|finding| &mut finding.fixes).filter(about_acl).peekable();
    if fixes.peek().is_none() {
        return;
    }
    let mut mended = inventory.clone();
    for fix in fixes {
        let settled = fix.change.as_ref().and_then(|change| remedy::settled(&mended, change));
        let Some(change) = settled else { continue };
        remedy::apply(&mut mended, &change);
        if fix.change.as_ref() != Some(&change) {
            *fix = Fix { verified: fix.verified, ..access::fix(change) };
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
        blocked_share: row.path.partly_blocked().map_or(0.0, Step::blocked_share),
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
