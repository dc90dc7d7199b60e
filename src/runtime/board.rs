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
    lapse,
    observe::Around,
    transitions::{self, Transitions},
};
use crate::{
    analyze::changes,
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

/// An inventory this many refreshes old is not believed any more.
const LAPSED_REFRESHES: u32 = 10;

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
    /// In seconds: so old an inventory may become while newer ones cannot be read.
    longest_lapse: i64,
    turned: Instant,
}

#[derive(Default)]
struct State {
    latest: Option<Latest>,
    /// The last cycle in which the target was healthy, while it no longer is.
    good: Option<Facts>,
    transitions: Transitions,
}

/// A cycle of one target and what was concluded from it.
struct Latest {
    facts: TargetFacts,
    report: TargetReport,
    /// By what it was judged.
    around: Arc<Surroundings>,
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
    pub(super) fn new(
        targets: Arc<[Target]>,
        refresh: Duration,
        now: Timestamp,
    ) -> Result<Self, DeclarationError> {
        Ok(Self {
            counters: Counters::new()?,
            states: targets.iter().map(|_| State::default()).collect(),
            targets,
            surroundings: None,
            unjudged: Vec::new(),
            config_loaded: now,
            longest_lapse: i64::try_from(refresh.saturating_mul(LAPSED_REFRESHES).as_secs())
                .unwrap_or(i64::MAX),
            turned: Instant::now(),
        })
    }

    /// What cycles are judged by from now on. An inventory that did not change is not kept twice, and one that
    /// could not be read for the moment gives way to the last, whose time then stays.
    pub(super) fn surround(&mut self, mut surroundings: Surroundings, now: Timestamp) {
        self.counters.fetched(&surroundings.inventory);
        let mut fetched = now;
        if let Some((last, then)) = &self.surroundings {
            let age = now.seconds_since(*then);
            if last.inventory == surroundings.inventory {
                surroundings.inventory = Arc::clone(&last.inventory);
            } else if age <= self.longest_lapse && lapse::outlives(last, &surroundings) {
                tracing::warn!(age, "the configuration cannot be read, judging by what was read before");
                surroundings.inventory = Arc::clone(&last.inventory);
                surroundings.destinations.clone_from(&last.destinations);
                fetched = *then;
            }
        }
        self.surroundings = Some((Arc::new(surroundings), fetched));
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
        let around = Arc::clone(surroundings);
        let mut report = rules::diagnose(around.facts(source_ip, vec![observed.facts], now, elapsed));
        state.compare(&mut report);
        let Report { mut facts, mut targets, .. } = report;
        if let (Some(facts_of_one), Some(mut report)) = (facts.targets.pop(), targets.pop()) {
            self.counters.cycle(&facts_of_one, &report);
            let changes = state.transitions.update(&mut report, now);
            transitions::log(&facts_of_one.target.name, &report, &changes);
            let vantage = facts.vantage;
            state.latest = Some(Latest { facts: facts_of_one, report, around, vantage, at: now, elapsed });
        }
    }

    /// What cycles may build upon: nothing before the first survey.
    pub(super) fn around(&self) -> Around {
        self.surroundings.as_ref().map(|(surroundings, _)| surroundings.around()).unwrap_or_default()
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
        let reports = states.clone().filter_map(|(target, state)| {
            state.latest.as_ref().map(|latest| (target.name.as_str(), &latest.report))
        });
        metrics::render(&metrics::State {
            counters: &self.counters,
            causes: rules::summarize(reports),
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

impl State {
    /// Holds a new report of the target against its last healthy cycle.
    fn compare(&mut self, report: &mut Report) {
        let healthy = |report: &TargetReport| report.verdict == TargetVerdict::Healthy;
        if report.targets.iter().all(healthy) {
            self.good = None;
            return;
        }
        if let Some(latest) = self.latest.take_if(|latest| healthy(&latest.report)) {
            self.good = Some(latest.into_facts());
        }
        if let Some(good) = &self.good {
            changes::since(good, report);
        }
    }
}

impl Latest {
    /// The inventory is shared with every other target that was judged by it.
    fn into_facts(self) -> Facts {
        let source_ip = self.vantage.source_ip.clone();
        let facts = self.around.facts(source_ip, vec![self.facts], self.at, self.elapsed);
        Facts { vantage: self.vantage, ..facts }
    }
}

fn whole(facts: Facts, mut targets: Vec<TargetReport>) -> Report {
    rules::settle(&facts.inventory, &mut targets);
    let names = facts.targets.iter().map(|target| target.target.name.as_str());
    let summary = rules::summarize(names.zip(&targets));
    Report { facts, targets, summary }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::model::{
        host::{Host, ProxySettings},
        inventory::{Inventory, InventorySource},
        known::{Known, Reason},
    };

    const START: i64 = 1_800_000_000;
    const REFRESH: i64 = 60;

    fn board() -> Board {
        let refresh = Duration::from_mins(1);
        let mut board = Board::new(Arc::new([]), refresh, Timestamp(START)).unwrap();
        let mut good = unread(&Reason::NotAsked);
        good.network_interfaces = Known::Known(Vec::new().into());
        board.surround(around(good, 1), Timestamp(START));
        board
    }

    fn unread(reason: &Reason) -> Inventory {
        Inventory::unknown(InventorySource::Ec2 { region: "us-west-2".to_owned() }, reason)
    }

    fn around(inventory: Inventory, destination: u8) -> Surroundings {
        Surroundings {
            host: Host {
                region: None,
                ephemeral_ports: Known::not_asked("a port range"),
                name_servers: Known::not_asked("resolv.conf"),
                resolver: Known::not_asked("the resolver's configuration"),
                metadata: Known::not_asked("instance metadata"),
                interfaces: Known::not_asked("network interfaces"),
                proxy: ProxySettings::default(),
            },
            source_ip: Known::not_asked("a source address"),
            inventory: Arc::new(inventory),
            destinations: vec![IpAddr::V4(Ipv4Addr::new(10, 0, 2, destination))],
        }
    }

    /// The inventory is still the good one, and how old it is by the metrics.
    fn kept(board: &Board, now: i64) -> Option<i64> {
        let (around, fetched) = board.surroundings.as_ref().unwrap();
        let metric = format!("vpce_doctor_inventory_fetch_timestamp_seconds {}\n", fetched.0);
        assert!(board.metrics().contains(&metric), "{metric}");
        around.inventory.network_interfaces.is_known().then(|| now - fetched.0)
    }

    #[test]
    fn the_last_good_inventory_stands_in_while_it_is_young() {
        let throttled = Reason::Throttled { code: "RequestLimitExceeded".to_owned() };
        let mut board = board();
        for (refreshes, age) in [(1, Some(REFRESH)), (10, Some(10 * REFRESH)), (11, None)] {
            let now = START + refreshes * REFRESH;
            board.surround(around(unread(&throttled), 1), Timestamp(now));
            assert_eq!(kept(&board, now), age, "{refreshes} refreshes later");
        }
    }

    #[test]
    fn a_refusal_is_believed_at_once() {
        let denied = Reason::Denied { code: "UnauthorizedOperation".to_owned(), message: String::new() };
        let mut board = board();
        board.surround(around(unread(&denied), 1), Timestamp(START + REFRESH));
        assert_eq!(kept(&board, START + REFRESH), None);
    }

    #[test]
    fn what_was_never_asked_about_a_place_says_nothing_of_it() {
        let mut board = board();
        board.surround(around(unread(&Reason::TimedOut), 2), Timestamp(START + REFRESH));
        assert_eq!(kept(&board, START + REFRESH), None);
    }
}
