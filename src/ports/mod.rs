//! F1, the questions that a collection asks of the world, each a trait of a method or two.
//! Adapters answer them with sockets and files; tests answer them with values.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use futures_util::future::BoxFuture;

use crate::model::{
    host::Host,
    id::{EndpointId, VpcId},
    inventory::Inventory,
    known::Known,
    name::{HostsEntry, ServerAnswer, ServerRole, SystemLookup},
    observation::AddressProbe,
    target::Target,
    time::Timestamp,
};

/// What part of an account's configuration a diagnosis needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The VPC we stand in, when the metadata service named it.
    pub vpc: Option<VpcId>,
    /// Our own addresses, to find the VPC by otherwise.
    pub sources: Vec<IpAddr>,
    /// Where the names lead; some may lie in other VPCs.
    pub destinations: Vec<IpAddr>,
    /// Whether the instance metadata service answered, and with it may hold credentials.
    pub metadata: bool,
    /// The Region it named.
    pub region: Option<String>,
    /// Endpoints and services that the configuration names.
    pub endpoints: Vec<EndpointId>,
    pub services: Vec<String>,
}

/// Reads the configuration. Never fails as a whole: what could not be read says so itself.
pub trait InventorySource: Send + Sync {
    fn fetch<'a>(&'a self, scope: &'a Scope, deadline: Duration) -> BoxFuture<'a, Inventory>;
}

/// Resolves a name in every way that tells something. Which questions to ask, and how long to wait for
/// each answer, is the collector's decision.
pub trait Resolver: Send + Sync {
    /// The servers to ask directly: those of `resolv.conf`, then others of which this host knows.
    fn servers(&self) -> Vec<(SocketAddr, ServerRole)>;

    /// What the search list makes of a name, in the order in which the C library asks, the name itself among them.
    /// Empty where the name alone is asked.
    fn expansions(&self, _host: &str) -> Vec<String> {
        Vec::new()
    }

    /// What an application on this host gets: `getaddrinfo`.
    fn system<'a>(&'a self, host: &'a str, deadline: Duration) -> BoxFuture<'a, SystemLookup>;

    /// What one server answers to A and AAAA questions.
    fn ask<'a>(
        &'a self,
        server: SocketAddr,
        role: ServerRole,
        host: &'a str,
        deadline: Duration,
    ) -> BoxFuture<'a, ServerAnswer>;

    /// Lines of the hosts file that name the host.
    fn hosts_file(&self, host: &str) -> Vec<HostsEntry>;
}

/// Connects to one address as the target's protocol asks.
pub trait Prober: Send + Sync {
    /// All phases under one deadline. The row comes back with `used: true`; the collector knows better.
    fn probe<'a>(&'a self, target: &'a Target, ip: IpAddr, deadline: Duration)
    -> BoxFuture<'a, AddressProbe>;

    /// The kernel's choice of source address, without sending a packet.
    fn source_towards(&self, ip: IpAddr) -> Known<IpAddr>;
}

/// Reads what this host knows of itself.
pub trait HostReader: Send + Sync {
    fn read(&self, deadline: Duration) -> BoxFuture<'_, Host>;
}

pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// Whoever started the daemon and wants to know how it fares.
pub trait ServiceManager: Send + Sync {
    fn tell(&self, state: ServiceState<'_>);

    /// How often it wants to hear [`ServiceState::Alive`], if at all.
    fn watchdog(&self) -> Option<Duration>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceState<'a> {
    /// Configuration loaded, listener bound, first cycles scheduled.
    Ready,
    /// One line for people.
    Status(&'a str),
    /// Scheduling goes on.
    Alive,
    Stopping,
}
