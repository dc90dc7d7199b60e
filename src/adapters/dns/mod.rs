//! Names: what an application on this host gets, and what each server says when asked directly.

mod exchange;
mod files;
mod message;
mod resolv_conf;
mod system;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

pub(crate) use resolv_conf::{configured_servers, resolver_configuration};

use self::files::HostsFile;
use crate::{
    adapters::{deadline, tcp},
    model::{
        known::Known,
        name::{
            HostsEntry, LookupOutcome, Rcode, ResolverConfiguration, ServerAnswer, ServerRole, SystemLookup,
            SystemOutcome,
        },
    },
    ports::Resolver,
};

/// The VPC's resolver, at the same address in every VPC.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html>
const VPC_RESOLVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(169, 254, 169, 253)), 53);
const VPC_RESOLVER_V6: SocketAddr =
    SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x253)), 53);

/// This host's resolver and its servers.
pub struct SystemResolver {
    hosts: HostsFile,
    slots: Arc<Semaphore>,
}

impl SystemResolver {
    pub fn new() -> Self {
        Self {
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
    /// `resolv.conf` is read again each time: it changes while a daemon runs.
    fn servers(&self) -> Vec<(SocketAddr, ServerRole)> {
        let configuration = resolver_configuration();
        let named = configuration.known().map(|conf| conf.name_servers.clone()).unwrap_or_default();
        let upstreams = configuration.known().and_then(upstreams).unwrap_or_default();
        in_order(resolv_conf::asked(named), upstreams, speaks_global_ipv6())
    }

    fn expansions(&self, host: &str) -> Vec<String> {
        let configuration = resolver_configuration();
        configuration.known().map(|conf| resolv_conf::expansions(conf, host)).unwrap_or_default()
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

fn upstreams(configuration: &ResolverConfiguration) -> Option<Vec<SocketAddr>> {
    configuration.upstreams.known().cloned()
}

/// Those of `resolv.conf`, those that a stub among them asks, and the VPC's resolver; each once, by its first role. A
/// VPC's resolver that a stub asks is asked as what it is.
fn in_order(
    configured: Vec<SocketAddr>,
    upstreams: Vec<SocketAddr>,
    ipv6: bool,
) -> Vec<(SocketAddr, ServerRole)> {
    let vpc: Vec<SocketAddr> = [VPC_RESOLVER].into_iter().chain(ipv6.then_some(VPC_RESOLVER_V6)).collect();
    let role = |server: &SocketAddr| {
        let is_vpc = [VPC_RESOLVER, VPC_RESOLVER_V6].contains(server);
        if is_vpc { ServerRole::VpcResolver } else { ServerRole::Upstream }
    };
    let besides: Vec<_> = upstreams.into_iter().chain(vpc).map(|server| (server, role(&server))).collect();
    let mut servers: Vec<(SocketAddr, ServerRole)> = Vec::new();
    for (server, role) in configured.into_iter().map(|server| (server, ServerRole::Configured)).chain(besides)
    {
        if !servers.iter().any(|(other, _)| *other == server) {
            servers.push((server, role));
        }
    }
    servers
}

/// The VPC's resolver has an IPv6 address where instances have one: a global one, from the VPC's own range. Without it
/// the question would leave by whatever tunnel there is.
fn speaks_global_ipv6() -> bool {
    match tcp::source_towards(VPC_RESOLVER_V6.ip()) {
        Known::Known(IpAddr::V6(source)) => source.segments()[0] & 0xe000 == 0x2000,
        _ => false,
    }
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
    use test_case::test_case;

    use super::*;

    fn servers(configured: &str, upstreams: &str, ipv6: bool) -> String {
        let parse = |words: &str| {
            words.split_ascii_whitespace().map(|ip| SocketAddr::new(ip.parse().unwrap(), 53)).collect()
        };
        let name = |(server, role): (SocketAddr, ServerRole)| match role {
            ServerRole::Configured => server.ip().to_string(),
            ServerRole::VpcResolver => format!("vpc:{}", server.ip()),
            ServerRole::Upstream => format!("up:{}", server.ip()),
        };
        let all = in_order(parse(configured), parse(upstreams), ipv6);
        all.into_iter().map(name).collect::<Vec<_>>().join(" ")
    }

    #[test_case("10.0.0.2", "", false, "10.0.0.2 vpc:169.254.169.253"; "besides")]
    #[test_case("169.254.169.253", "", false, "169.254.169.253"; "configured")]
    #[test_case("10.0.0.2 10.0.0.2", "", true, "10.0.0.2 vpc:169.254.169.253 vpc:fd00:ec2::253"; "once")]
    #[test_case("127.0.0.53", "10.0.0.2 169.254.169.253", false, "127.0.0.53 up:10.0.0.2 vpc:169.254.169.253"; "behind a stub")]
    #[test_case("127.0.0.53 10.0.0.2", "10.0.0.2", false, "127.0.0.53 10.0.0.2 vpc:169.254.169.253"; "named beside its stub")]
    fn each_server_is_asked_once(configured: &str, upstreams: &str, ipv6: bool, expected: &str) {
        assert_eq!(servers(configured, upstreams, ipv6), expected);
    }
}
