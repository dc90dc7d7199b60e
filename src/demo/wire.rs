//! The only place of the demo that names adapters: those of production, turned to the demo's own servers.

use std::{future, net::SocketAddr, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use crate::{
    adapters::{clock::SystemClock, dns::DirectResolver, prober::NetworkProber},
    model::{
        host::{Host, ProxySettings},
        inventory::Inventory,
        known::Known,
        name::ServerRole,
        time::Timestamp,
    },
    ports::{Clock, HostReader, InventorySource, Scope},
    runtime::collect::{Limits, World},
};

use super::{
    servers::Servers,
    story::Story,
    world::{self, REGION},
};

/// Everything is at hand, so the usual limits never bite.
pub(super) const LIMITS: Limits =
    Limits { inventory: Duration::from_secs(1), host: Duration::from_secs(1), concurrency: 64 };

pub(super) fn world(story: &Story, servers: &Servers) -> World {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let resolver = servers.resolver();
    World {
        prober: Arc::new(NetworkProber::new(Arc::clone(&clock))),
        resolver: Arc::new(DirectResolver::new(vec![(resolver, ServerRole::Configured)], "")),
        inventory: Arc::new(Miniature(world::inventory(story))),
        host: Arc::new(Client { resolver }),
        clock,
    }
}

/// The time by which certificates are made; the probes judge them by the same clock.
pub(super) fn now() -> Timestamp {
    SystemClock.now()
}

struct Miniature(Inventory);

impl InventorySource for Miniature {
    fn fetch<'a>(&'a self, _: &'a Scope, _: Duration) -> BoxFuture<'a, Inventory> {
        Box::pin(future::ready(self.0.clone()))
    }
}

/// A host without instance metadata: its place in the VPC comes from the inventory.
struct Client {
    resolver: SocketAddr,
}

impl HostReader for Client {
    fn read(&self, _: Duration) -> BoxFuture<'_, Host> {
        Box::pin(future::ready(Host {
            region: Some(REGION.to_owned()),
            ephemeral_ports: Known::not_asked("net.ipv4.ip_local_port_range"),
            name_servers: Known::Known(vec![self.resolver]),
            resolver: Known::not_asked("the resolver's configuration"),
            metadata: Known::not_asked("the instance metadata service"),
            interfaces: Known::not_asked("network interfaces"),
            proxy: ProxySettings::default(),
        }))
    }
}
