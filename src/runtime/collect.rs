//! Facts: everything asked at once, each question under its deadline.
//!
//! A name's addresses are probed the moment the system has them; the DNS servers, the instance metadata and
//! the EC2 API are asked meanwhile. A healthy check therefore costs its slowest probe and little more.

use std::{net::IpAddr, sync::Arc, time::Duration};

use futures_util::future::{self, join_all};
use tokio::{
    sync::{Notify, Semaphore, mpsc, oneshot, watch},
    time::{Instant, timeout},
};

use crate::{
    analyze::{dns, symptom},
    model::{
        facts::{Facts, TargetFacts},
        host::Host,
        id::VpcId,
        inventory::{Inventory, InventorySource},
        known::{Known, Reason},
        name::{HostsEntry, LookupOutcome, Resolution, ServerAnswer, SystemLookup, SystemOutcome},
        observation::AddressProbe,
        target::Target,
        time::{Seconds, Timestamp},
    },
    ports::{self, Clock, HostReader, Prober, Resolver, Scope},
};

/// The world as seen through its ports.
#[derive(Clone)]
pub struct World {
    pub clock: Arc<dyn Clock>,
    pub host: Arc<dyn HostReader>,
    pub inventory: Arc<dyn ports::InventorySource>,
    pub prober: Arc<dyn Prober>,
    pub resolver: Arc<dyn Resolver>,
}

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For the whole of the configuration.
    pub inventory: Duration,
    /// For the instance metadata service, which is near or absent.
    pub host: Duration,
    /// Connections under way at once.
    pub concurrency: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { inventory: Duration::from_secs(10), host: Duration::from_secs(1), concurrency: 64 }
    }
}

/// Once every address has proved healthy, DNS servers that have not answered yet get this long: their word
/// would explain nothing any more. Not so where the hosts file names the host: whether it agrees with DNS is a
/// question of its own, whose answer must not depend on who was faster.
const PATIENCE_WHEN_HEALTHY: Duration = Duration::from_millis(10);

/// An inventory source that overruns its deadline by so much is not waited for any longer: a cycle waits for
/// nothing else that could keep it for ever.
const GRACE: Duration = Duration::from_secs(2);

/// Addresses that only DNS gives are tried for comparison, so many at most.
const COMPARISONS: usize = 4;

/// What all targets of a host have in common, and what changes seldom.
#[derive(Clone, Debug)]
pub struct Surroundings {
    pub host: Host,
    /// Towards the first destination.
    pub source_ip: Known<IpAddr>,
    pub inventory: Arc<Inventory>,
    /// Where the names led when the inventory was asked for: it need not know of other places.
    pub destinations: Vec<IpAddr>,
}

pub async fn collect(world: &World, targets: &[Target], limits: Limits) -> Facts {
    let start = Instant::now();
    let probing = Semaphore::new(limits.concurrency);
    let (resolved, mut found) = mpsc::unbounded_channel();
    let observing = join_all(targets.iter().map(|target| {
        let resolved = resolved.clone();
        // If the receiver is gone, nobody wants the addresses.
        observe(world, target, &probing, move |addresses| drop(resolved.send(addresses.to_vec())))
    }));
    drop(resolved);
    let surveying = survey(world, targets, drain(&mut found), limits);
    let (targets, surroundings) = future::join(observing, surveying).await;
    let source_ip = surroundings.source_ip.clone();
    surroundings.facts(source_ip, targets, world.clock.now(), start.elapsed().into())
}

/// Reads host and configuration. The destinations say which other VPCs matter.
pub(super) async fn survey(
    world: &World,
    targets: &[Target],
    destinations: impl Future<Output = Vec<IpAddr>>,
    limits: Limits,
) -> Surroundings {
    let (host, destinations) = future::join(world.host.read(limits.host), destinations).await;
    let source_ip = source_address(world, &destinations);
    let scope = scope(&host, source_ip.known().copied(), destinations, targets);
    let inventory = inventory(world, &scope, limits.inventory).await;
    Surroundings { host, source_ip, inventory: Arc::new(inventory), destinations: scope.destinations }
}

async fn inventory(world: &World, scope: &Scope, deadline: Duration) -> Inventory {
    let fetching = world.inventory.fetch(scope, deadline);
    timeout(deadline.saturating_add(GRACE), fetching).await.unwrap_or_else(|_| {
        let source = InventorySource::None { why: "the inventory was not read in time".to_owned() };
        Inventory::unknown(source, &Reason::TimedOut)
    })
}

impl Surroundings {
    /// Facts of these targets, as seen from the interface that holds `source_ip`.
    pub(super) fn facts(
        &self,
        source_ip: Known<IpAddr>,
        targets: Vec<TargetFacts>,
        now: Timestamp,
        elapsed: Seconds,
    ) -> Facts {
        Facts {
            schema: Facts::SCHEMA.to_owned(),
            now,
            elapsed,
            vantage: super::vantage::locate(&self.host, &self.inventory, source_ip),
            host: self.host.clone(),
            inventory: Arc::clone(&self.inventory),
            targets,
        }
    }
}

/// Every target sends its addresses once and lets go of the channel.
async fn drain(found: &mut mpsc::UnboundedReceiver<Vec<IpAddr>>) -> Vec<IpAddr> {
    let mut all = Vec::new();
    while let Some(addresses) = found.recv().await {
        all.extend(addresses.into_iter().filter(|ip| !all.contains(ip)).collect::<Vec<_>>());
    }
    all
}

/// Towards the first destination; towards the VPC's resolver when no name gave one.
fn source_address(world: &World, destinations: &[IpAddr]) -> Known<IpAddr> {
    let towards = destinations.first().copied().unwrap_or(IpAddr::V4(dns::VPC_RESOLVER_V4));
    world.prober.source_towards(towards)
}

fn scope(host: &Host, source: Option<IpAddr>, destinations: Vec<IpAddr>, targets: &[Target]) -> Scope {
    let own = |ip: IpAddr| {
        let interfaces = &host.metadata.known()?.interfaces;
        interfaces.iter().find(|interface| interface.addresses.contains(&ip))?.vpc.clone()
    };
    let vpc: Option<VpcId> = source.and_then(own);
    Scope {
        vpc,
        sources: source.into_iter().collect(),
        destinations,
        metadata: host.metadata.is_known(),
        region: host.region.clone(),
        endpoints: targets.iter().filter_map(|target| target.endpoint.clone()).collect(),
        services: targets.iter().filter_map(|target| target.expect.service.clone()).collect(),
    }
}

/// One target, from its name to its rows. `resolved` is told what the system's lookup gave, as soon as it did.
pub(super) async fn observe(
    world: &World,
    target: &Target,
    probing: &Semaphore,
    resolved: impl FnOnce(&[IpAddr]),
) -> TargetFacts {
    let literal = target.literal().is_some();
    let hosts_file = if literal { Vec::new() } else { world.resolver.hosts_file(&target.host) };
    let (give_up, patience) = watch::channel(false);
    let answered = Notify::new();
    let (tell, heard) = oneshot::channel::<Vec<IpAddr>>();
    let asking = async {
        let servers = ask_servers(world, target, patience).await;
        answered.notify_one();
        // The lookup is told before anything of it is probed, so that what differs from it is tried meanwhile.
        let used = heard.await.unwrap_or_default();
        let compared = probe_all(world, target, &only_in_dns(&used, &hosts_file, &servers), probing).await;
        (servers, compared)
    };
    let using = async {
        let system = system_lookup(world, target, target.timeout).await;
        // Who no longer listens has no use for it.
        let _ = tell.send(system.addresses().to_vec());
        let usable = usable(world, system.addresses());
        resolved(&usable);
        let mut rows = probe_all(world, target, system.addresses(), probing).await;
        for row in &mut rows {
            row.used = usable.contains(&row.ip);
        }
        let mut used = rows.iter().filter(|row| row.used);
        let healthy = !usable.is_empty() && used.all(|row| symptom::failure(target, row).is_none());
        if healthy && hosts_file.is_empty() {
            // Running out of patience is the point; that they all answered meanwhile only ends it sooner.
            let _ = timeout(PATIENCE_WHEN_HEALTHY, answered.notified()).await;
            give_up.send_replace(true);
        }
        (system, rows)
    };
    let ((servers, compared), (system, mut rows)) = future::join(asking, using).await;
    rows.extend(compared.into_iter().map(|row| AddressProbe { used: false, ..row }));
    let resolution =
        Resolution { system, servers, hosts_file, expansions: Vec::new(), endpoint_names: Vec::new() };
    TargetFacts { target: target.clone(), resolution, addresses: rows }
}

pub(super) async fn system_lookup(world: &World, target: &Target, deadline: Duration) -> SystemLookup {
    match target.literal() {
        Some(ip) => SystemLookup { outcome: SystemOutcome::Literal(ip), seconds: Seconds(0.0) },
        None => world.resolver.system(&target.host, deadline).await,
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

async fn ask_servers(world: &World, target: &Target, patience: watch::Receiver<bool>) -> Vec<ServerAnswer> {
    if target.literal().is_some() {
        return Vec::new();
    }
    let asks = world.resolver.servers().into_iter().map(|(server, role)| {
        let mut patience = patience.clone();
        async move {
            tokio::select! {
                biased;
                answer = world.resolver.ask(server, role, &target.host, target.timeout) => answer,
                Ok(_) = patience.wait_for(|over| *over) => {
                    let lookup = || LookupOutcome::NotAwaited.after(Seconds(0.0));
                    ServerAnswer { server, role, a: lookup(), aaaa: lookup() }
                }
            }
        }
    });
    join_all(asks).await
}

async fn probe_all(
    world: &World,
    target: &Target,
    addresses: &[IpAddr],
    probing: &Semaphore,
) -> Vec<AddressProbe> {
    join_all(addresses.iter().map(|ip| async move {
        // The semaphore is never closed; waiting for a place is not part of the probe's time.
        let _place = probing.acquire().await;
        world.prober.probe(target, *ip, target.timeout).await
    }))
    .await
}

/// Where the system's answer comes from a hosts file, or is none, the addresses that DNS gives are worth a try:
/// if they work, the cause is found.
fn only_in_dns(used: &[IpAddr], hosts_file: &[HostsEntry], servers: &[ServerAnswer]) -> Vec<IpAddr> {
    if hosts_file.is_empty() && !used.is_empty() {
        return Vec::new();
    }
    let mut only: Vec<IpAddr> = Vec::new();
    for ip in servers.iter().flat_map(ServerAnswer::addresses) {
        if !used.contains(&ip) && !only.contains(&ip) && only.len() < COMPARISONS {
            only.push(ip);
        }
    }
    only
}
