//! The latest state of everything watched: the probe loop writes it, the HTTP server reads it.

use std::{
    mem,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{
    collect::Surroundings,
    transitions::{self, Transitions},
};
use crate::{
    model::{
        facts::{Facts, TargetFacts},
        host::Vantage,
        report::{Report, TargetReport, TargetVerdict},
        target::Target,
        time::{Seconds, Timestamp},
    },
    render::{
        metrics::{self, Counters, DeclarationError, TargetState},
        page,
    },
    rules,
};

/// A probe loop that has not turned for this long hangs.
const HANGING: Duration = Duration::from_secs(30);

/// The board behind its lock, which nobody holds while waiting.
pub(super) struct Shared {
    board: Mutex<Board>,
    ready: AtomicBool,
}

pub(super) struct Board {
    pub(super) counters: Counters,
    targets: Arc<[Target]>,
    /// By the target's place.
    states: Vec<State>,
    surroundings: Option<(Arc<Surroundings>, Timestamp)>,
    /// Cycles that ended before there were surroundings to judge by.
    unjudged: Vec<Observed>,
    config_loaded: Timestamp,
    turned: Instant,
}

#[derive(Default)]
struct State {
    latest: Option<Latest>,
    transitions: Transitions,
}

/// A cycle of one target and what was concluded from it.
struct Latest {
    facts: TargetFacts,
    report: TargetReport,
    vantage: Vantage,
    at: Timestamp,
    elapsed: Seconds,
}

/// What a cycle brought, before it is judged.
pub(super) struct Observed {
    pub(super) target: usize,
    pub(super) facts: TargetFacts,
    pub(super) elapsed: Duration,
}

impl Shared {
    pub(super) fn new(board: Board) -> Self {
        Self { board: Mutex::new(board), ready: AtomicBool::new(false) }
    }

    /// A panic elsewhere must not take the rest down with it: what was written last still stands.
    pub(super) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }
}

impl Board {
    pub(super) fn new(targets: Arc<[Target]>, now: Timestamp) -> Result<Self, DeclarationError> {
        Ok(Self {
            counters: Counters::new()?,
            states: targets.iter().map(|_| State::default()).collect(),
            targets,
            surroundings: None,
            unjudged: Vec::new(),
            config_loaded: now,
            turned: Instant::now(),
        })
    }

    /// What cycles are judged by from now on. An inventory that did not change is not kept twice.
    pub(super) fn surround(&mut self, mut surroundings: Surroundings, now: Timestamp) {
        self.counters.fetched(&surroundings.inventory);
        if let Some((last, _)) = &self.surroundings
            && last.inventory == surroundings.inventory
        {
            surroundings.inventory = Arc::clone(&last.inventory);
        }
        self.surroundings = Some((Arc::new(surroundings), now));
        for observed in mem::take(&mut self.unjudged) {
            self.judge(observed, now);
        }
    }

    /// Judges a cycle and keeps it in the place of the last; later, while there is nothing to judge by.
    pub(super) fn judge(&mut self, observed: Observed, now: Timestamp) {
        let Some((surroundings, _)) = &self.surroundings else {
            self.unjudged.push(observed);
            return;
        };
        let Some(state) = self.states.get_mut(observed.target) else { return };
        let first = observed.facts.addresses.first();
        let source_ip = first.map_or_else(|| surroundings.source_ip.clone(), |row| row.source_ip.clone());
        let elapsed = observed.elapsed.into();
        let report = rules::diagnose(surroundings.facts(source_ip, vec![observed.facts], now, elapsed));
        let Report { mut facts, mut targets, .. } = report;
        if let (Some(facts_of_one), Some(mut report)) = (facts.targets.pop(), targets.pop()) {
            self.counters.cycle(&facts_of_one, &report);
            let changes = state.transitions.update(&mut report, now);
            transitions::log(&facts_of_one.target.name, &report, &changes);
            state.latest =
                Some(Latest { facts: facts_of_one, report, vantage: facts.vantage, at: now, elapsed });
        }
    }

    /// The probe loop turns.
    pub(super) fn turn(&mut self) {
        self.turned = Instant::now();
    }

    pub(super) fn is_alive(&self) -> bool {
        self.turned.elapsed() < HANGING
    }

    /// Where the names led in the last cycles.
    pub(super) fn destinations(&self) -> Vec<IpAddr> {
        let latest = self.states.iter().filter_map(|state| state.latest.as_ref());
        let mut all: Vec<IpAddr> = latest.flat_map(|latest| latest.facts.used().map(|row| row.ip)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// `3 targets: 2 healthy, 1 down`.
    pub(super) fn status(&self) -> String {
        let verdict = |state: &State| state.latest.as_ref().map(|latest| latest.report.verdict);
        let count = |wanted| self.states.iter().filter(|state| verdict(state) == wanted).count();
        let mut parts: Vec<String> = Vec::new();
        for wanted in TargetVerdict::ALL {
            let number = count(Some(wanted));
            if number > 0 {
                parts.push(format!("{number} {}", wanted.as_str()));
            }
        }
        let waiting = count(None);
        if waiting > 0 {
            parts.push(format!("{waiting} not probed yet"));
        }
        format!("targets: {}", parts.join(", "))
    }

    pub(super) fn metrics(&self) -> String {
        let states = self.targets.iter().zip(&self.states);
        metrics::render(&metrics::State {
            counters: &self.counters,
            targets: states
                .map(|(target, state)| TargetState {
                    target,
                    latest: state.latest.as_ref().map(|latest| (&latest.facts, &latest.report, latest.at)),
                })
                .collect(),
            inventory: self.surroundings.as_ref().map(|(around, fetched)| (&*around.inventory, *fetched)),
            config_loaded: self.config_loaded,
        })
    }

    pub(super) fn page(&self) -> String {
        let states = self.targets.iter().zip(&self.states);
        page::render(
            states.map(|(target, state)| (target, state.latest.as_ref().map(|latest| &latest.report))),
        )
    }

    /// The latest state of one target; of all, where no name is given. Targets whose first cycle has not ended
    /// are not in it. Nothing when none is.
    pub(super) fn report(&self, name: Option<&str>) -> Option<Report> {
        let (surroundings, fetched) = self.surroundings.as_ref()?;
        let wanted = |latest: &&Latest| name.is_none_or(|name| latest.facts.target.name == name);
        let latest: Vec<&Latest> =
            self.states.iter().filter_map(|state| state.latest.as_ref()).filter(wanted).collect();
        if name.is_some() && latest.is_empty() {
            return None;
        }
        let now = latest.iter().map(|latest| latest.at).max().unwrap_or(*fetched);
        let targets = latest.iter().map(|latest| latest.facts.clone()).collect();
        let mut facts = surroundings.facts(surroundings.source_ip.clone(), targets, now, Seconds::default());
        if let Some(first) = latest.first() {
            facts.vantage = first.vantage.clone();
            facts.elapsed = first.elapsed;
        }
        Some(whole(facts, latest.iter().map(|latest| latest.report.clone()).collect()))
    }

    pub(super) fn knows(&self, name: &str) -> bool {
        self.targets.iter().any(|target| target.name == name)
    }
}

fn whole(facts: Facts, targets: Vec<TargetReport>) -> Report {
    let summary = rules::summarize(&facts, &targets);
    Report { facts, targets, summary }
}
