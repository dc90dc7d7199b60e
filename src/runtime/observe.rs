//! One target, from its name to its rows, within the target's `timeout`.
//!
//! Everything is asked at once, and what an answer leads to as soon as it is there: an address is tried when the system or,
//! in trouble, a server gives it, so that nothing known waits for somebody who is dead. What is still open at the end of
//! the time is given up, and says so: `NotAwaited` with the time waited, addresses without a row.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, sleep, timeout_at},
};

use super::{
    collect::World,
    meant,
    names::{Names, not_awaited},
};
use crate::{
    analyze::{dns, symptom},
    model::{
        facts::TargetFacts,
        host::Host,
        inventory::Inventory,
        name::{HostsEntry, NamedAnswers, Resolution, ServerAnswer, ServerRole, SystemLookup, SystemOutcome},
        observation::AddressProbe,
        target::Target,
        time::Seconds,
    },
};

/// Once every address has proved healthy, DNS servers that have not answered yet get this long: their word
/// would explain nothing any more. Not so where the hosts file names the host: whether it agrees with DNS is a
/// question of its own, whose answer must not depend on who was faster.
const PATIENCE_WHEN_HEALTHY: Duration = Duration::from_millis(10);

/// Who was asked besides the configured servers gets this long once they have spoken: away from AWS nobody answers
/// there, and no application of this host waits for it.
const PATIENCE_BESIDES: Duration = Duration::from_secs(1);

/// A target that is not healthy by then is looked into as if it had failed.
const OVERDUE: Duration = Duration::from_millis(500);

/// What a connection gets at least, where resolving took nearly all of the time: a shorter one would prove nothing.
const LEAST: Duration = Duration::from_millis(500);

/// Addresses of a name that are tried, at most, those first that the system would try first. An endpoint has one for each
/// zone; names with hundreds exist, and each may take all of the time.
const TRIED: usize = 24;

/// Addresses that only DNS gives are tried for comparison, so many at most.
const COMPARISONS: usize = 4;

/// What is known of this host's place while targets are observed; more and more of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Around {
    pub(super) host: Option<Arc<Host>>,
    pub(super) inventory: Option<Arc<Inventory>>,
}

/// `resolved` is told which addresses of the system's lookup are tried, as soon as it is there.
pub(super) async fn observe(
    world: &World,
    target: &Target,
    probing: &Semaphore,
    around: watch::Receiver<Around>,
    resolved: impl FnOnce(&[IpAddr]),
) -> TargetFacts {
    let mut observation = Observation::begin(world, target, probing, around);
    let mut resolved = Some(resolved);
    while let Some(until) = observation.awaits() {
        match timeout_at(until, observation.tasks.next()).await {
            Ok(Some(event)) => observation.take(event),
            Ok(None) => break,
            Err(_) => {}
        }
        if observation.system.is_some()
            && let Some(resolved) = resolved.take()
        {
            resolved(&observation.used());
        }
        observation.give_up();
        observation.pursue();
    }
    observation.finish()
}

/// What the C library is given. Less than all of the time, so that something is left for the addresses; and never as long
/// as glibc waits for a server, in whole seconds, lest a second server's answer be in time or not as chance will have it.
fn for_system(timeout: Duration) -> Duration {
    timeout.saturating_sub((timeout / 10).min(Duration::from_millis(250)))
}

pub(super) async fn system_lookup(world: &World, target: &Target, deadline: Duration) -> SystemLookup {
    match target.literal() {
        Some(ip) => SystemLookup { outcome: SystemOutcome::Literal(ip), seconds: Seconds(0.0) },
        None => world.resolver.system(&target.host, deadline).await,
    }
}

enum Event {
    System(SystemLookup),
    Server(ServerAnswer),
    Row(AddressProbe),
    /// Of the search list.
    Expansion(usize, ServerAnswer),
    EndpointName(usize, ServerAnswer),
    Host(Option<Arc<Host>>),
    /// `None`: there will be none.
    Inventory(Option<Arc<Inventory>>),
    Overdue,
    OutOfPatience,
}

struct Observation<'a> {
    world: &'a World,
    target: &'a Target,
    probing: &'a Semaphore,
    /// Of the target's time.
    end: Instant,
    tasks: FuturesUnordered<BoxFuture<'a, Event>>,
    hosts_file: Vec<HostsEntry>,
    system: Option<SystemLookup>,
    /// Of the system's addresses, those that an application would try.
    usable: Vec<IpAddr>,
    servers: Vec<Asked>,
    /// Addresses whose rows are there or under way.
    begun: Vec<IpAddr>,
    rows: Vec<AddressProbe>,
    expansions: Names,
    endpoint_names: Names,
    /// Whether the VPC's resolver and a configured server were asked for them.
    names_asked: [bool; 2],
    host: Option<Arc<Host>>,
    inventory: Awaited<Arc<Inventory>>,
    overdue: bool,
    /// When all was seen to be well.
    well: Option<Instant>,
    /// When the last of the configured servers answered or ran out of time.
    spoken: Option<Instant>,
}

struct Asked {
    server: SocketAddr,
    role: ServerRole,
    since: Instant,
    answer: Option<ServerAnswer>,
}

enum Awaited<T> {
    Pending,
    Here(T),
    Never,
}

impl<'a> Observation<'a> {
    fn begin(
        world: &'a World,
        target: &'a Target,
        probing: &'a Semaphore,
        around: watch::Receiver<Around>,
    ) -> Self {
        let literal = target.literal().is_some();
        let hosts_file = if literal { Vec::new() } else { world.resolver.hosts_file(&target.host) };
        // A name of the hosts file does not reach the search list.
        let asks_list = !literal && hosts_file.is_empty();
        let expansions = if asks_list { world.resolver.expansions(&target.host) } else { Vec::new() };
        let now = Instant::now();
        let mut observation = Self {
            world,
            target,
            probing,
            end: now + target.timeout.min(Duration::from_hours(24)),
            tasks: FuturesUnordered::new(),
            hosts_file,
            system: None,
            usable: Vec::new(),
            servers: Vec::new(),
            begun: Vec::new(),
            rows: Vec::new(),
            expansions: Names::new(expansions),
            endpoint_names: Names::default(),
            names_asked: [false; 2],
            host: None,
            inventory: if literal { Awaited::Never } else { Awaited::Pending },
            overdue: false,
            well: None,
            spoken: None,
        };
        let lookup = system_lookup(world, target, for_system(target.timeout));
        observation.spawn(lookup.map(Event::System));
        if !literal {
            observation.spawn(sleep(OVERDUE).map(|()| Event::Overdue));
            observation.listen(around);
            for (server, role) in world.resolver.servers() {
                observation.ask(server, role);
            }
        }
        observation
    }

    fn spawn(&self, task: impl Future<Output = Event> + Send + 'a) {
        self.tasks.push(task.boxed());
    }

    fn listen(&self, mut around: watch::Receiver<Around>) {
        let mut other = around.clone();
        self.spawn(async move {
            let host = around.wait_for(|around| around.host.is_some()).await;
            Event::Host(host.ok().and_then(|around| around.host.clone()))
        });
        self.spawn(async move {
            let inventory = other.wait_for(|around| around.inventory.is_some()).await;
            Event::Inventory(inventory.ok().and_then(|around| around.inventory.clone()))
        });
    }

    fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    fn ask(&mut self, server: SocketAddr, role: ServerRole) {
        let (world, host) = (self.world, &self.target.host);
        self.spawn(world.resolver.ask(server, role, host, self.left()).map(Event::Server));
        self.servers.push(Asked { server, role, since: Instant::now(), answer: None });
    }

    fn probe(&mut self, ip: IpAddr) {
        if self.begun.contains(&ip) {
            return;
        }
        self.begun.push(ip);
        let (world, target, probing, left) = (self.world, self.target, self.probing, self.left().max(LEAST));
        self.spawn(async move {
            // The semaphore is never closed; waiting for a place is not part of the probe's time.
            let _place = probing.acquire().await;
            Event::Row(world.prober.probe(target, ip, left).await)
        });
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::System(lookup) => {
                self.usable = usable(self.world, lookup.addresses());
                self.system = Some(lookup);
                self.used().into_iter().for_each(|ip| self.probe(ip));
            }
            Event::Server(answer) => {
                let asked = self.servers.iter_mut().find(|asked| asked.server == answer.server);
                // Who was given up stays so, that the outcome does not hang on what else takes time.
                if let Some(asked) = asked.filter(|asked| asked.answer.is_none()) {
                    asked.answer = Some(answer);
                }
            }
            Event::Row(row) => self.rows.push(row),
            Event::Expansion(place, answer) => self.expansions.answered(place, answer),
            Event::EndpointName(place, answer) => self.endpoint_names.answered(place, answer),
            Event::Host(host) => self.host = host,
            Event::Inventory(inventory) => self.inventory = inventory.map_or(Awaited::Never, Awaited::Here),
            Event::Overdue => self.overdue = true,
            Event::OutOfPatience => {}
        }
        let configured_pending =
            self.servers.iter().any(|asked| asked.role == ServerRole::Configured && asked.answer.is_none());
        if self.spoken.is_none() && !configured_pending {
            self.spoken = Some(Instant::now());
        }
        if self.well.is_none() && self.is_well() {
            self.well = Some(Instant::now());
            self.spawn(sleep(PATIENCE_WHEN_HEALTHY).map(|()| Event::OutOfPatience));
        }
    }

    /// The system's addresses that are tried, in its order.
    fn used(&self) -> Vec<IpAddr> {
        let all = self.system.as_ref().map_or(&[][..], SystemLookup::addresses);
        tried(all, &self.usable)
    }

    fn fails(&self, row: &AddressProbe) -> bool {
        self.usable.contains(&row.ip) && symptom::failure(self.target, row).is_some()
    }

    fn is_well(&self) -> bool {
        let there = |ip: &IpAddr| self.rows.iter().any(|row| row.ip == *ip);
        let used = self.used();
        let mut wanted = used.iter().filter(|ip| self.usable.contains(ip)).peekable();
        wanted.peek().is_some() && wanted.all(there) && !self.rows.iter().any(|row| self.fails(row))
    }

    /// Whether it matters what else is known of the name.
    fn is_curious(&self) -> bool {
        let failed =
            self.system.is_some() && self.usable.is_empty() || self.rows.iter().any(|row| self.fails(row));
        !self.hosts_file.is_empty() || failed || self.overdue && self.well.is_none()
    }

    fn answers(&self) -> impl Iterator<Item = &ServerAnswer> {
        self.servers.iter().filter_map(|asked| asked.answer.as_ref())
    }

    /// Asks and tries what became worth it.
    fn pursue(&mut self) {
        if self.left().is_zero() {
            return;
        }
        self.expand();
        if self.is_curious() {
            self.compare();
            self.ask_base_plus_two();
        }
        self.ask_endpoint_names();
    }

    /// Addresses that DNS gives and the system does not, or not yet: if they work, the cause is found.
    fn compare(&mut self) {
        if self.system.is_none() && !self.overdue {
            return;
        }
        let known = self.system.as_ref().map(|lookup| lookup.addresses().to_vec()).unwrap_or_default();
        let compared = self.begun.iter().filter(|ip| !known.contains(ip)).count();
        let mut given: Vec<IpAddr> = Vec::new();
        for ip in self.answers().flat_map(ServerAnswer::addresses) {
            if !known.contains(&ip) && !self.begun.contains(&ip) && !given.contains(&ip) {
                given.push(ip);
            }
        }
        given.into_iter().take(COMPARISONS.saturating_sub(compared)).for_each(|ip| self.probe(ip));
    }

    /// The VPC's resolver by its address in the VPC's own range, where that is known and nobody asked there.
    fn ask_base_plus_two(&mut self) {
        let source = self.world.prober.source_towards(IpAddr::V4(dns::VPC_RESOLVER_V4));
        let inventory =
            if let Awaited::Here(inventory) = &self.inventory { Some(&**inventory) } else { None };
        let found =
            source.known().and_then(|source| meant::base_plus_two(self.host.as_deref(), inventory, *source));
        if let Some(server) =
            found.filter(|server| self.servers.iter().all(|asked| asked.server.ip() != server.ip()))
        {
            self.ask(server, ServerRole::VpcResolver);
        }
    }

    /// Where the C library goes through a search list, the same questions, to the first of its servers that answers.
    fn expand(&mut self) {
        if self.expansions.is_empty() || self.expansions.is_asked() {
            return;
        }
        let configured = self.answers().find(|one| one.role == ServerRole::Configured && meant::lives(one));
        let Some(answer) = configured.cloned() else { return };
        let absolute_first = self.expansions.first() == Some(self.target.host.as_str());
        if absolute_first && answer.addresses().next().is_some() {
            // Found before the list was needed.
            self.expansions = Names::default();
            return;
        }
        let (world, server, left) = (self.world, answer.server, self.left());
        for (place, name) in self.expansions.ask(server, ServerRole::Configured) {
            if name == self.target.host {
                self.expansions.answered(place, answer.clone());
                continue;
            }
            self.spawn(async move {
                let answer = world.resolver.ask(server, ServerRole::Configured, &name, left).await;
                Event::Expansion(place, answer)
            });
        }
    }

    /// The own names of the endpoints that the name may be meant for. Asked of who has answered, so that the dead cost
    /// nothing; and only in trouble, or where the answer leaves out addresses of the endpoint: a daemon would put a
    /// dozen further questions in each cycle otherwise, to a resolver that counts them.
    fn ask_endpoint_names(&mut self) {
        let Awaited::Here(inventory) = &self.inventory else { return };
        let inventory = Arc::clone(inventory);
        let living: Vec<&ServerAnswer> = self.answers().filter(|answer| meant::lives(answer)).collect();
        let endpoints = meant::endpoints(&inventory, self.target, &living);
        let partial = || endpoints.iter().any(|one| meant::leaves_out(&inventory, one, &self.usable));
        if !self.is_curious() && (self.well.is_none() || !partial()) {
            return;
        }
        let names = meant::own_names(&endpoints);
        let is_vpc = |one: &ServerAnswer| {
            one.role == ServerRole::VpcResolver || dns::is_vpc_resolver(&inventory, one.server)
        };
        let vpc = living.iter().find(|one| is_vpc(one)).map(|one| (one.server, one.role));
        let own = living.iter().find(|one| one.role == ServerRole::Configured && !is_vpc(one));
        let own = own.map(|one| (one.server, one.role));
        if self.endpoint_names.is_empty() {
            self.endpoint_names = Names::new(names);
        }
        // The VPC's resolver knows; a configured server shows what this host could get.
        for (kind, chosen) in [vpc, own].into_iter().enumerate() {
            if let Some((server, role)) = chosen.filter(|_| !self.names_asked[kind]) {
                self.names_asked[kind] = true;
                self.ask_names(server, role);
            }
        }
    }

    fn ask_names(&mut self, server: SocketAddr, role: ServerRole) {
        let (world, left) = (self.world, self.left().min(PATIENCE_BESIDES));
        for (place, name) in self.endpoint_names.ask(server, role) {
            self.spawn(async move {
                Event::EndpointName(place, world.resolver.ask(server, role, &name, left).await)
            });
        }
    }

    /// Until when servers are awaited although all is well.
    fn patience_when_healthy(&self) -> Option<Instant> {
        let well = self.well.filter(|_| self.hosts_file.is_empty())?;
        Some(well + PATIENCE_WHEN_HEALTHY)
    }

    /// Until when this server is awaited. Without end: it has a deadline of its own.
    fn patience(&self, asked: &Asked) -> Instant {
        let besides = match (asked.role, self.spoken) {
            (ServerRole::Configured, _) | (_, None) => self.never(),
            (_, Some(spoken)) => spoken.max(asked.since) + PATIENCE_BESIDES,
        };
        self.patience_when_healthy().map_or(besides, |healthy| healthy.min(besides))
    }

    /// Later than anything here may last.
    fn never(&self) -> Instant {
        self.end + Duration::from_hours(1)
    }

    /// Where all is well, what comes after the patience is not heard, whatever else takes time. In trouble, who is not
    /// waited for is heard as long as something else is.
    fn give_up(&mut self) {
        if self.patience_when_healthy().is_none_or(|until| until > Instant::now()) {
            return;
        }
        for asked in self.servers.iter_mut().filter(|asked| asked.answer.is_none()) {
            asked.answer = Some(not_awaited(asked.server, asked.role, asked.since));
        }
    }

    /// How long there is something to wait for, if there is.
    fn awaits(&self) -> Option<Instant> {
        let pending = self.servers.iter().filter(|asked| asked.answer.is_none());
        let mut until: Vec<Instant> = pending.map(|asked| self.patience(asked)).collect();
        let used = self.used();
        let open: Vec<&IpAddr> =
            self.begun.iter().filter(|ip| !self.rows.iter().any(|row| row.ip == **ip)).collect();
        if self.system.is_none()
            || open.iter().any(|ip| used.contains(ip))
            || self.endpoint_names.is_pending()
        {
            until.push(self.never());
        }
        if !open.is_empty() || self.expansions.is_pending() {
            until.push(self.patience_when_healthy().unwrap_or_else(|| self.never()));
        }
        // Without a server that answers, nobody can be asked for the endpoint's names.
        let asks = self.servers.iter().any(|asked| asked.answer.as_ref().is_none_or(meant::lives));
        if matches!(self.inventory, Awaited::Pending) && asks {
            until.push(self.end);
        }
        until.into_iter().filter(|until| *until > Instant::now()).max()
    }

    /// Rows in the system's order, then those tried for comparison in the order begun.
    fn finish(mut self) -> TargetFacts {
        let used = self.used();
        let order = |ip: &IpAddr| {
            let place = |list: &[IpAddr]| list.iter().position(|other| other == ip).unwrap_or(list.len());
            (place(&used), place(&self.begun))
        };
        self.rows.sort_by_key(|row| order(&row.ip));
        for row in &mut self.rows {
            row.used = self.usable.contains(&row.ip);
        }
        let found = |one: &NamedAnswers| one.servers.iter().any(|answer| answer.addresses().next().is_some());
        let mut expansions = self.expansions.finish();
        if let Some(last) = expansions.iter().position(found) {
            // There the C library ends.
            expansions.truncate(last + 1);
        }
        let servers = self
            .servers
            .into_iter()
            .map(|asked| asked.answer.unwrap_or_else(|| not_awaited(asked.server, asked.role, asked.since)));
        let unanswered =
            || SystemLookup { outcome: SystemOutcome::TimedOut, seconds: self.target.timeout.into() };
        let resolution = Resolution {
            system: self.system.unwrap_or_else(unanswered),
            servers: servers.collect(),
            hosts_file: self.hosts_file,
            expansions,
            endpoint_names: self.endpoint_names.finish(),
        };
        TargetFacts { target: self.target.clone(), resolution, addresses: self.rows }
    }
}

/// The addresses that an application would try. The standard library asks `getaddrinfo` for both families even
/// where this host speaks only one, and an application that asks with `AI_ADDRCONFIG`, or tries the next address,
/// never notices the other: a family for which the kernel has no source address counts only when it is all there is.
fn usable(world: &World, addresses: &[IpAddr]) -> Vec<IpAddr> {
    let has_source = |is_family: fn(&IpAddr) -> bool| {
        addresses.iter().filter(|ip| is_family(ip)).any(|ip| world.prober.source_towards(*ip).is_known())
    };
    let (v4, v6) = (has_source(IpAddr::is_ipv4), has_source(IpAddr::is_ipv6));
    addresses.iter().copied().filter(|ip| v4 == v6 || if ip.is_ipv4() { v4 } else { v6 }).collect()
}

/// Of many addresses those that the system would try first, with some of the family that it would try last.
fn tried(all: &[IpAddr], usable: &[IpAddr]) -> Vec<IpAddr> {
    if all.len() <= TRIED {
        return all.to_vec();
    }
    let is_of_first = |ip: &&IpAddr| usable.first().is_some_and(|first| first.is_ipv4() == ip.is_ipv4());
    let (first, other): (Vec<&IpAddr>, Vec<&IpAddr>) = usable.iter().partition(is_of_first);
    let places = other.len().min((TRIED / 4).max(TRIED.saturating_sub(first.len())));
    first.into_iter().take(TRIED - places).chain(other.into_iter().take(places)).copied().collect()
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    fn many(v4: u8, v6: u8) -> Vec<IpAddr> {
        let four = (0..v4).map(|n| IpAddr::from([10, 0, 2, n]));
        four.chain((0..v6).map(|n| IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, n.into()]))).collect()
    }

    #[test_case(24, 0 => (24, 0); "all of them")]
    #[test_case(200, 0 => (24, 0); "the first")]
    #[test_case(200, 200 => (18, 6); "some of the other family")]
    #[test_case(200, 2 => (22, 2); "all of a few")]
    #[test_case(10, 200 => (10, 14); "no place is left empty")]
    fn of_many_addresses_some_are_tried(v4: u8, v6: u8) -> (usize, usize) {
        let all = many(v4, v6);
        let tried = tried(&all, &all);
        let (four, six): (Vec<IpAddr>, Vec<IpAddr>) = tried.into_iter().partition(IpAddr::is_ipv4);
        assert!(all.starts_with(&four), "in the order of the system");
        (four.len(), six.len())
    }

    #[test_case(5000 => 4750)]
    #[test_case(1000 => 900)]
    #[test_case(30_000 => 29_750)]
    #[test_case(0 => 0)]
    fn the_system_gets_nearly_all_of_the_time(timeout: u64) -> u128 {
        for_system(Duration::from_millis(timeout)).as_millis()
    }
}
