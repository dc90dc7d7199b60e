//! One collection in a world of values: which rows count, and whose answer is awaited.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt, pending, ready};
use test_case::test_case;
use tokio::time::sleep;
use vpce_doctor::{
    model::{
        facts::{Facts, TargetFacts},
        host::{Host, ProxySettings},
        inventory::Inventory,
        known::{Known, Reason},
        name::{
            DnsAnswer, HostsEntry, LookupOutcome, Rcode, ServerAnswer, ServerRole, SystemLookup,
            SystemOutcome, Transport,
        },
        net::PortRange,
        observation::{AddressProbe, TcpOutcome, TcpProbe},
        target::{Expect, HttpSettings, Protocol, Target, TlsSettings},
        time::{Seconds, Timestamp},
    },
    ports::{Clock, HostReader, InventorySource, Prober, Resolver, Scope},
    runtime::collect::{Limits, World, collect},
};

/// Every port of the world at once.
#[derive(Clone, Default)]
struct Fake {
    addresses: Vec<IpAddr>,
    /// Towards these the kernel knows a source address, and connections come about.
    routed: Vec<IpAddr>,
    hosts_file: Vec<HostsEntry>,
    /// How long the one DNS server takes.
    dns_takes: Duration,
    inventory_hangs: bool,
}

impl Clock for Fake {
    fn now(&self) -> Timestamp {
        Timestamp(1_800_000_000)
    }
}

impl HostReader for Fake {
    fn read(&self, _deadline: Duration) -> BoxFuture<'_, Host> {
        ready(Host {
            region: None,
            ephemeral_ports: Known::Known(PortRange { from: 32_768, to: 60_999 }),
            name_servers: Known::not_asked("resolv.conf"),
            resolver: Known::not_asked("the resolver's configuration"),
            metadata: Known::not_asked("instance metadata"),
            interfaces: Known::not_asked("network interfaces"),
            proxy: ProxySettings::default(),
        })
        .boxed()
    }
}

impl InventorySource for Fake {
    fn fetch<'a>(&'a self, _scope: &'a Scope, _deadline: Duration) -> BoxFuture<'a, Inventory> {
        if self.inventory_hangs {
            return pending().boxed();
        }
        ready(Inventory::none("a test")).boxed()
    }
}

impl Resolver for Fake {
    fn servers(&self) -> Vec<(SocketAddr, ServerRole)> {
        vec![(SocketAddr::from(([10, 0, 0, 2], 53)), ServerRole::Configured)]
    }

    fn system<'a>(&'a self, _host: &'a str, _deadline: Duration) -> BoxFuture<'a, SystemLookup> {
        let outcome = SystemOutcome::Addresses(self.addresses.clone());
        ready(SystemLookup { outcome, seconds: Seconds(0.001) }).boxed()
    }

    fn ask<'a>(
        &'a self,
        server: SocketAddr,
        role: ServerRole,
        _host: &'a str,
        _deadline: Duration,
    ) -> BoxFuture<'a, ServerAnswer> {
        let answer = DnsAnswer {
            rcode: Rcode::NoError,
            authoritative: false,
            cnames: Vec::new(),
            addresses: Vec::new(),
            soa: None,
            recursion_available: None,
            strays: Vec::new(),
            errors: Vec::new(),
            bytes: None,
            transport: Transport::Udp,
        };
        let lookup = LookupOutcome::Answered(answer).after(Seconds(0.0));
        async move {
            sleep(self.dns_takes).await;
            ServerAnswer { server, role, a: lookup.clone(), aaaa: lookup }
        }
        .boxed()
    }

    fn hosts_file(&self, _host: &str) -> Vec<HostsEntry> {
        self.hosts_file.clone()
    }
}

impl Prober for Fake {
    fn probe<'a>(
        &'a self,
        _target: &'a Target,
        ip: IpAddr,
        _deadline: Duration,
    ) -> BoxFuture<'a, AddressProbe> {
        let source_ip = self.source_towards(ip);
        let outcome = match source_ip {
            Known::Known(_) => TcpOutcome::Connected { source_port: 40_000 },
            Known::Unknown(_) => {
                TcpOutcome::LocalError { errno: 101, message: "network is unreachable".to_owned() }
            }
        };
        let tcp = TcpProbe { outcome, seconds: Seconds(0.001) };
        ready(AddressProbe { ip, used: true, source_ip, tcp, tls: None, http: None }).boxed()
    }

    fn source_towards(&self, ip: IpAddr) -> Known<IpAddr> {
        if self.routed.contains(&ip) {
            Known::Known(ip)
        } else {
            Known::unknown("a route", Reason::Failed { message: "network is unreachable".to_owned() })
        }
    }
}

async fn look(fake: Fake) -> TargetFacts {
    facts(fake).await.targets.remove(0)
}

async fn facts(fake: Fake) -> Facts {
    let fake = Arc::new(fake);
    let world = World {
        clock: fake.clone(),
        host: fake.clone(),
        inventory: fake.clone(),
        prober: fake.clone(),
        resolver: fake,
    };
    let target = Target {
        name: "cache".to_owned(),
        host: "service.example".to_owned(),
        port: 6379,
        protocol: Protocol::Tcp,
        provider: None,
        endpoint: None,
        tls: TlsSettings::default(),
        http: HttpSettings::default(),
        expect: Expect::default(),
        interval: Duration::from_secs(30),
        timeout: Duration::from_secs(5),
    };
    collect(&world, &[target], Limits::default()).await
}

fn ips(words: &str) -> Vec<IpAddr> {
    words.split_whitespace().map(|word| word.parse().unwrap()).collect()
}

#[test_case("2001:db8::1 10.0.2.20", "10.0.2.20" => "10.0.2.20"; "no IPv6 here")]
#[test_case("2001:db8::1 10.0.2.20", "2001:db8::1" => "2001:db8::1"; "no IPv4 here")]
#[test_case("2001:db8::1 10.0.2.20", "2001:db8::1 10.0.2.20" => "2001:db8::1 10.0.2.20"; "both")]
#[test_case("2001:db8::1 10.0.2.20", "" => "2001:db8::1 10.0.2.20"; "neither, which is a fault")]
#[test_case("2001:db8::1", "" => "2001:db8::1"; "nothing else to use")]
#[test_case("10.0.2.20 10.9.9.9", "10.0.2.20" => "10.0.2.20 10.9.9.9"; "one missing route of a family that has others")]
#[tokio::test]
async fn a_family_this_host_does_not_speak_is_not_used(addresses: &str, routed: &str) -> String {
    let facts = look(Fake { addresses: ips(addresses), routed: ips(routed), ..Fake::default() }).await;
    assert_eq!(facts.addresses.len(), ips(addresses).len(), "each has its row");
    facts.used().map(|row| row.ip.to_string()).collect::<Vec<_>>().join(" ")
}

async fn slow_answer(hosts_file: Vec<HostsEntry>) -> LookupOutcome {
    let addresses = ips("2001:db8::1 10.0.2.20");
    let routed = ips("10.0.2.20");
    let facts =
        look(Fake { addresses, routed, hosts_file, dns_takes: Duration::from_secs(1), ..Fake::default() })
            .await;
    facts.resolution.servers[0].a.outcome.clone()
}

#[tokio::test(start_paused = true)]
async fn a_slow_server_is_not_awaited_where_all_is_well() {
    assert_eq!(slow_answer(Vec::new()).await, LookupOutcome::NotAwaited);
}

/// What the hosts file says can only be held against what DNS says.
#[tokio::test(start_paused = true)]
async fn a_slow_server_is_awaited_where_the_hosts_file_names_the_host() {
    let ip = IpAddr::V4(Ipv4Addr::new(10, 0, 2, 20));
    let outcome = slow_answer(vec![HostsEntry { file: "/etc/hosts".to_owned(), line: 3, ip }]).await;
    assert!(matches!(outcome, LookupOutcome::Answered(_)), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn an_inventory_that_never_comes_is_unknown() {
    let facts = facts(Fake { inventory_hangs: true, ..Fake::default() }).await;
    let Known::Unknown(why) = &facts.inventory.network_interfaces else { panic!("{:?}", facts.inventory) };
    assert_eq!(why.reason, Reason::TimedOut);
}
