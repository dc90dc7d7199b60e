//! The daemon: the cycle of `check`, target by target, for ever.
//!
//! Everything happens on one task: a due target starts to be observed, an observed one is judged by the latest
//! surroundings, and the surroundings are read anew when they are old. Nothing is locked while it waits.

use std::{
    convert::Infallible,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use futures_util::{
    FutureExt, StreamExt,
    future::{self, BoxFuture, join_all},
    stream::FuturesUnordered,
};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc, watch},
    time::{Instant, MissedTickBehavior, interval, sleep},
};

use super::{
    board::{Board, Observed, Shared},
    collect::{self, Limits, Surroundings, World},
    http,
    observe::{Around, observe, system_lookup},
    schedule::{Due, Schedule},
};
use crate::{
    config::Plan,
    model::target::Target,
    ports::{ServiceManager, ServiceState},
    render::metrics::DeclarationError,
};

/// How often the loop looks after itself, unless the service manager wants to hear more often.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Runs until `shutdown` resolves. Connections and probes that are under way then are dropped.
///
/// # Errors
/// Only a metric that cannot be declared, before anything was started.
pub async fn run(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    world: &World,
    plan: &Plan,
    limits: Limits,
    manager: &dyn ServiceManager,
) -> Result<(), DeclarationError> {
    let targets: Arc<[Target]> = plan.targets.clone().into();
    let board = Board::new(Arc::clone(&targets), plan.aws.refresh, world.clock.now())?;
    let daemon = Daemon {
        world,
        targets: &targets,
        limits,
        refresh: plan.aws.refresh,
        shared: Arc::new(Shared::new(board)),
        manager,
        probing: Semaphore::new(limits.concurrency.max(1)),
    };
    let serving = http::serve(listener, http::router(Arc::clone(&daemon.shared)));
    tokio::select! {
        biased;
        () = shutdown => {}
        never = serving => match never {},
        never = daemon.watch() => match never {},
    }
    manager.tell(ServiceState::Stopping);
    Ok(())
}

struct Daemon<'a> {
    world: &'a World,
    targets: &'a [Target],
    limits: Limits,
    /// The age at which surroundings are old.
    refresh: Duration,
    shared: Arc<Shared>,
    manager: &'a dyn ServiceManager,
    /// One place a connection under way.
    probing: Semaphore,
}

impl Daemon<'_> {
    async fn watch(&self) -> Infallible {
        let intervals: Vec<Duration> = self.targets.iter().map(|target| target.interval).collect();
        let seed = RandomState::new().hash_one(self.targets.len());
        let mut schedule = Schedule::new(&intervals, self.limits.concurrency, seed);
        let mut cycles = FuturesUnordered::new();
        let mut surveying = self.first_survey();
        let mut pulse = Pulse::new(self.manager);
        self.announce(&mut pulse);
        loop {
            tokio::select! {
                due = schedule.next() => cycles.push(self.cycle(due)),
                Some(observed) = cycles.next() => {
                    schedule.finished(observed.target);
                    pulse.progress = true;
                    self.shared.board().judge(observed, self.world.clock.now());
                }
                surroundings = &mut surveying => {
                    self.shared.board().surround(surroundings, self.world.clock.now());
                    surveying = self.later_survey();
                }
                _ = pulse.ticks.tick() => {
                    self.shared.board().turn();
                    pulse.beat(&schedule, || self.shared.board().status());
                }
            }
        }
    }

    fn announce(&self, pulse: &mut Pulse<'_>) {
        self.shared.set_ready();
        self.manager.tell(ServiceState::Ready);
        pulse.status(self.shared.board().status());
        tracing::info!(targets = self.targets.len(), "watching");
    }

    fn cycle(&self, due: Due) -> impl Future<Output = Observed> {
        self.shared.board().counters.late(due.lateness);
        async move {
            let start = Instant::now();
            let target = &self.targets[due.target];
            // Nobody tells more of the surroundings while a cycle lasts.
            let (_, around) = watch::channel(self.shared.board().around());
            let facts = observe(self.world, target, &self.probing, around, |_| {}).await;
            Observed { target: due.target, facts, elapsed: start.elapsed() }
        }
    }

    fn first_survey(&self) -> BoxFuture<'_, Surroundings> {
        let names = async move {
            let lookups = self.targets.iter().map(|target| async move {
                // A little less than the survey waits for them.
                let patience = (collect::FIRST_NAMES * 9 / 10).min(target.timeout);
                system_lookup(self.world, target, patience).await.addresses().to_vec()
            });
            let mut all: Vec<IpAddr> = join_all(lookups).await.into_iter().flatten().collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        self.survey(names).boxed()
    }

    fn later_survey(&self) -> BoxFuture<'_, Surroundings> {
        async {
            sleep(self.refresh).await;
            let destinations = self.shared.board().destinations();
            self.survey(future::ready(destinations)).await
        }
        .boxed()
    }

    async fn survey(&self, destinations: impl Future<Output = Vec<IpAddr>>) -> Surroundings {
        let (tell, found) = mpsc::unbounded_channel();
        // The receiver is here.
        let telling = async move { drop(tell.send(destinations.await)) };
        let (around, _) = watch::channel(Around::default());
        let surveying = collect::survey(self.world, self.targets, found, self.limits, around);
        future::join(telling, surveying).await.1
    }
}

/// What the service manager hears. The beat comes from the probe loop itself and stops with it, and also when
/// cycles are due and none starts or ends.
struct Pulse<'a> {
    manager: &'a dyn ServiceManager,
    watchdog: Option<Duration>,
    ticks: tokio::time::Interval,
    /// A cycle ended since the last beat.
    progress: bool,
    status: String,
}

impl<'a> Pulse<'a> {
    fn new(manager: &'a dyn ServiceManager) -> Self {
        let watchdog = manager.watchdog();
        // Half the time, as sd_watchdog_enabled(3) recommends.
        let period = watchdog.map_or(HEARTBEAT, |watchdog| HEARTBEAT.min(watchdog / 2));
        let mut ticks = interval(period.max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { manager, watchdog, ticks, progress: false, status: String::new() }
    }

    fn beat(&mut self, schedule: &Schedule, status: impl FnOnce() -> String) {
        let stuck = self.watchdog.is_some_and(|watchdog| schedule.overdue() > watchdog && !self.progress);
        if self.watchdog.is_some() && !stuck {
            self.manager.tell(ServiceState::Alive);
        }
        self.progress = false;
        self.status(status());
    }

    fn status(&mut self, line: String) {
        if line != self.status {
            self.manager.tell(ServiceState::Status(&line));
            self.status = line;
        }
    }
}
