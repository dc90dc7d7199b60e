//! Names: what an application on this host gets, and what each server says when asked directly.

mod exchange;
mod files;
mod message;
mod system;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

pub(crate) use files::configured_servers;

use self::files::HostsFile;
use crate::{
    adapters::deadline,
    model::name::{HostsEntry, LookupOutcome, Rcode, ServerAnswer, ServerRole, SystemLookup, SystemOutcome},
    ports::Resolver,
};

/// The VPC's resolver, at the same address in every VPC.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html>
const VPC_RESOLVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(169, 254, 169, 253)), 53);

/// This host's resolver and its servers.
pub struct SystemResolver {
    servers: Vec<(SocketAddr, ServerRole)>,
    hosts: HostsFile,
    slots: Arc<Semaphore>,
}

impl SystemResolver {
    /// Reads `/etc/resolv.conf`, once.
    pub fn new() -> Self {
        let configured = configured_servers().known().cloned().unwrap_or_default();
        Self {
            servers: with_vpc_resolver(configured),
            hosts: HostsFile::on_disk(PathBuf::from("/etc/hosts")),
            slots: Arc::new(Semaphore::new(system::CONCURRENT)),
        }
    }
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self::new()
    }
}

impl Resolver for SystemResolver {
    fn servers(&self) -> Vec<(SocketAddr, ServerRole)> {
        self.servers.clone()
    }

    fn system<'a>(&'a self, host: &'a str, deadline: Duration) -> BoxFuture<'a, SystemLookup> {
        let started = Instant::now();
        system::lookup(host, deadline::after(deadline), &self.slots)
            .map(move |outcome| finished(outcome, started))
            .boxed()
    }

    fn ask<'a>(
        &'a self,
        server: SocketAddr,
        role: ServerRole,
        host: &'a str,
        deadline: Duration,
    ) -> BoxFuture<'a, ServerAnswer> {
        exchange::ask(server, role, host, deadline::after(deadline)).boxed()
    }

    fn hosts_file(&self, host: &str) -> Vec<HostsEntry> {
        self.hosts.find(host)
    }
}

/// A host that consists of a hosts file and a list of servers. What its "system" answers follows from these,
/// as with the usual `hosts: files dns` of `nsswitch.conf(5)`; this machine's own resolver has no part in it.
pub struct DirectResolver {
    servers: Vec<(SocketAddr, ServerRole)>,
    hosts: HostsFile,
}

impl DirectResolver {
    /// `hosts` is the text of a hosts file.
    pub fn new(servers: Vec<(SocketAddr, ServerRole)>, hosts: &str) -> Self {
        Self { servers, hosts: HostsFile::in_memory("/etc/hosts", hosts) }
    }

    async fn resolve(&self, host: &str, deadline: Instant) -> SystemOutcome {
        if let Some(ip) = literal(host) {
            return SystemOutcome::Literal(ip);
        }
        let named = self.hosts.find(host);
        if !named.is_empty() {
            return SystemOutcome::Addresses(without_repetition(named.into_iter().map(|entry| entry.ip)));
        }
        for (server, role) in &self.servers {
            let answer = exchange::ask(*server, *role, host, deadline).await;
            if let Some(outcome) = as_getaddrinfo(&answer) {
                return outcome;
            }
        }
        if Instant::now() >= deadline { SystemOutcome::TimedOut } else { failed(AGAIN) }
    }
}

impl Resolver for DirectResolver {
    fn servers(&self) -> Vec<(SocketAddr, ServerRole)> {
        self.servers.clone()
    }

    fn system<'a>(&'a self, host: &'a str, deadline: Duration) -> BoxFuture<'a, SystemLookup> {
        let started = Instant::now();
        async move {
            let deadline = deadline::after(deadline);
            let outcome = timeout_at(deadline, self.resolve(host, deadline)).await;
            finished(outcome.unwrap_or(SystemOutcome::TimedOut), started)
        }
        .boxed()
    }

    fn ask<'a>(
        &'a self,
        server: SocketAddr,
        role: ServerRole,
        host: &'a str,
        deadline: Duration,
    ) -> BoxFuture<'a, ServerAnswer> {
        exchange::ask(server, role, host, deadline::after(deadline)).boxed()
    }

    fn hosts_file(&self, host: &str) -> Vec<HostsEntry> {
        self.hosts.find(host)
    }
}

/// glibc's words for `EAI_NONAME`, `EAI_NODATA` and `EAI_AGAIN`.
const NO_NAME: &str = "Name or service not known";
const NO_DATA: &str = "No address associated with hostname";
const AGAIN: &str = "Temporary failure in name resolution";

/// What the C library makes of a server's answer. `None`: it would ask the next server.
fn as_getaddrinfo(answer: &ServerAnswer) -> Option<SystemOutcome> {
    let addresses = without_repetition(answer.addresses());
    if !addresses.is_empty() {
        return Some(SystemOutcome::Addresses(addresses));
    }
    if answer.denies_name() {
        return Some(failed(NO_NAME));
    }
    let empty = answer.lookups().into_iter().all(
        |lookup| matches!(&lookup.outcome, LookupOutcome::Answered(answer) if answer.rcode == Rcode::NoError),
    );
    empty.then(|| failed(NO_DATA))
}

fn failed(message: &str) -> SystemOutcome {
    SystemOutcome::Failed { message: message.to_owned() }
}

fn finished(outcome: SystemOutcome, started: Instant) -> SystemLookup {
    SystemLookup { outcome, seconds: started.elapsed().into() }
}

/// An address instead of a name, in brackets where it stands in an authority.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn with_vpc_resolver(configured: Vec<SocketAddr>) -> Vec<(SocketAddr, ServerRole)> {
    let missing = !configured.contains(&VPC_RESOLVER);
    let mut servers: Vec<_> = configured.into_iter().map(|server| (server, ServerRole::Configured)).collect();
    servers.extend(missing.then_some((VPC_RESOLVER, ServerRole::VpcResolver)));
    servers
}

fn without_repetition(all: impl IntoIterator<Item = IpAddr>) -> Vec<IpAddr> {
    let mut once = Vec::new();
    for ip in all {
        if !once.contains(&ip) {
            once.push(ip);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vpc_resolver_is_asked_once() {
        let other: SocketAddr = "10.0.0.2:53".parse().unwrap();
        let besides = (VPC_RESOLVER, ServerRole::VpcResolver);
        assert_eq!(with_vpc_resolver(vec![]), [besides]);
        assert_eq!(with_vpc_resolver(vec![other]), [(other, ServerRole::Configured), besides]);
        assert_eq!(with_vpc_resolver(vec![VPC_RESOLVER]), [(VPC_RESOLVER, ServerRole::Configured)]);
    }
}
