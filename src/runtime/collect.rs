//! Facts: everything asked at once, each question under its deadline.
//!
//! While targets are observed, the instance metadata and the EC2 API are asked. A healthy check therefore costs its
//! slowest probe and little more.

use std::{net::IpAddr, sync::Arc, time::Duration};

use futures_util::future::{self, join_all};
use tokio::{
    sync::{Semaphore, mpsc, watch},
    time::{Instant, timeout},
};

use super::observe::{Around, observe};
use crate::{
    analyze::dns,
    model::{
        facts::{Facts, TargetFacts},
        host::Host,
        id::VpcId,
        inventory::{Inventory, InventorySource},
        known::{Known, Reason},
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

/// An inventory source that overruns its deadline by so much is not waited for any longer: a cycle waits for
/// nothing else that could keep it for ever.
const GRACE: Duration = Duration::from_secs(2);

/// So long the inventory waits for names, to know which VPCs matter. Names that come later are looked for in what was
/// read meanwhile.
pub(super) const FIRST_NAMES: Duration = Duration::from_secs(1);

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
    let (resolved, found) = mpsc::unbounded_channel();
    let (around, seen) = watch::channel(Around::default());
    let observing = join_all(targets.iter().map(|target| {
        let resolved = resolved.clone();
        // If the receiver is gone, nobody wants the addresses.
        observe(world, target, &probing, seen.clone(), move |ips| drop(resolved.send(ips.to_vec())))
    }));
    drop(resolved);
    let surveying = survey(world, targets, found, limits, around);
    let (targets, surroundings) = future::join(observing, surveying).await;
    let source_ip = surroundings.source_ip.clone();
    surroundings.facts(source_ip, targets, world.clock.now(), start.elapsed().into())
}

/// Reads host and configuration. The destinations say which other VPCs matter: every sender tells them once and lets go
/// of the channel. `around` is told what was read as soon as it was.
pub(super) async fn survey(
    world: &World,
    targets: &[Target],
    mut found: mpsc::UnboundedReceiver<Vec<IpAddr>>,
    limits: Limits,
    around: watch::Sender<Around>,
) -> Surroundings {
    let mut destinations = Vec::new();
    let reading = async {
        let host = world.host.read(limits.host).await;
        around.send_modify(|around| around.host = Some(Arc::new(host.clone())));
        host
    };
    let names = timeout(FIRST_NAMES, drain(&mut found, &mut destinations));
    let (host, all_told) = future::join(reading, names).await;
    let first = scope(world, &host, destinations.clone(), targets);
    let fetching = async {
        let inventory = inventory(world, &first, limits.inventory).await;
        around.send_modify(|around| around.inventory = Some(Arc::new(inventory.clone())));
        inventory
    };
    let (mut inventory, ()) = future::join(fetching, drain(&mut found, &mut destinations)).await;
    if all_told.is_err() {
        let whole = scope(world, &host, destinations.clone(), targets);
        if misses(&inventory, &first, &whole) {
            inventory = self::inventory(world, &whole, limits.inventory).await;
        }
    }
    let source_ip = source_address(world, &destinations);
    Surroundings { host, source_ip, inventory: Arc::new(inventory), destinations }
}

/// Whether an inventory that was asked for before all names were known has to be read again. Not one that is read
/// as a whole whatever the scope, and not where the API did not answer the first time: it would not the second.
fn misses(inventory: &Inventory, asked: &Scope, whole: &Scope) -> bool {
    let Known::Known(interfaces) = &inventory.network_interfaces else { return false };
    let unseen =
        |ip: &&IpAddr| !asked.destinations.contains(ip) && !interfaces.iter().any(|eni| eni.holds(**ip));
    let moved = asked.sources != whole.sources;
    matches!(inventory.source, InventorySource::Ec2 { .. })
        && (moved || whole.destinations.iter().any(|ip| unseen(&ip)))
}

async fn inventory(world: &World, scope: &Scope, deadline: Duration) -> Inventory {
    let fetching = world.inventory.fetch(scope, deadline);
    timeout(deadline.saturating_add(GRACE), fetching).await.unwrap_or_else(|_| {
        let source = InventorySource::None { why: "the inventory was not read in time".to_owned() };
        Inventory::unknown(source, &Reason::TimedOut)
    })
}

impl Surroundings {
    pub(super) fn around(&self) -> Around {
        Around { host: Some(Arc::new(self.host.clone())), inventory: Some(Arc::clone(&self.inventory)) }
    }

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

/// Losing the future loses nothing.
async fn drain(found: &mut mpsc::UnboundedReceiver<Vec<IpAddr>>, all: &mut Vec<IpAddr>) {
    while let Some(addresses) = found.recv().await {
        for ip in addresses {
            if !all.contains(&ip) {
                all.push(ip);
            }
        }
    }
}

/// Towards the first destination; towards the VPC's resolver when no name gave one.
fn source_address(world: &World, destinations: &[IpAddr]) -> Known<IpAddr> {
    let towards = destinations.first().copied().unwrap_or(IpAddr::V4(dns::VPC_RESOLVER_V4));
    world.prober.source_towards(towards)
}

fn scope(world: &World, host: &Host, destinations: Vec<IpAddr>, targets: &[Target]) -> Scope {
    let source = source_address(world, &destinations).known().copied();
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
