//! One collection in a world of values: which rows count, and whose answer is awaited.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt, pending, ready};
use test_case::test_case;
use tokio::time::{Instant, sleep};
use vpce_doctor::{
    model::{
        endpoint::{EndpointKind, EndpointState, NetworkInterface, VpcEndpoint},
        facts::{Facts, TargetFacts},
        host::{Host, ProxySettings},
        inventory::{Inventory, Vpc},
        known::{Known, Reason},
        name::{
            AddressRecord, DnsAnswer, HostsEntry, LookupOutcome, NamedAnswers, Rcode, ServerAnswer,
            ServerRole, SystemLookup, SystemOutcome, Transport,
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
    /// Further servers.
    besides: Vec<Server>,
    /// What the first server answers, where that is not nothing.
    dns_gives: Vec<IpAddr>,
    /// How long the C library would take.
    system_takes: Duration,
    /// Connections take all of their time and fail.
    dead: bool,
    search: Vec<String>,
    /// Which names the servers know, where they do not know all.
    known: Vec<String>,
    inventory: Option<Inventory>,
    inventory_takes: Duration,
    inventory_hangs: bool,
    asked: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
struct Server {
    ip: &'static str,
    role: ServerRole,
    takes: Duration,
    gives: Vec<IpAddr>,
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
        let inventory = self.inventory.clone().unwrap_or_else(|| Inventory::none("a test"));
        async move {
            sleep(self.inventory_takes).await;
            inventory
        }
        .boxed()
    }
}

impl Resolver for Fake {
    fn servers(&self) -> Vec<(SocketAddr, ServerRole)> {
        let first = (SocketAddr::from(([10, 0, 0, 2], 53)), ServerRole::Configured);
        let besides = self.besides.iter().map(|one| (SocketAddr::new(one.ip.parse().unwrap(), 53), one.role));
        [first].into_iter().chain(besides).collect()
    }

    fn expansions(&self, _host: &str) -> Vec<String> {
        self.search.clone()
    }

    fn system<'a>(&'a self, _host: &'a str, deadline: Duration) -> BoxFuture<'a, SystemLookup> {
        async move {
            sleep(self.system_takes.min(deadline)).await;
            let outcome = if self.system_takes > deadline {
                SystemOutcome::TimedOut
            } else if self.addresses.is_empty() {
                SystemOutcome::Failed { message: "Name or service not known".to_owned() }
            } else {
                SystemOutcome::Addresses(self.addresses.clone())
            };
            SystemLookup { outcome, seconds: self.system_takes.min(deadline).into() }
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
        let other = self.besides.iter().find(|one| SocketAddr::new(one.ip.parse().unwrap(), 53) == server);
        let (takes, gives) =
            other.map_or((self.dns_takes, &self.dns_gives), |other| (other.takes, &other.gives));
        let knows = self.known.is_empty() || self.known.iter().any(|name| name == host);
        self.asked.lock().unwrap().push(format!("{host}@{}", server.ip()));
        let answer = DnsAnswer {
            rcode: if knows { Rcode::NoError } else { Rcode::NxDomain },
            authoritative: false,
            cnames: Vec::new(),
            addresses: gives.iter().filter(|_| knows).map(|ip| AddressRecord { ip: *ip, ttl: 60 }).collect(),
            soa: None,
            recursion_available: None,
            strays: Vec::new(),
            errors: Vec::new(),
            bytes: None,
            transport: Transport::Udp,
        };
        async move {
            sleep(takes.min(deadline)).await;
            let outcome =
                if takes >= deadline { LookupOutcome::TimedOut } else { LookupOutcome::Answered(answer) };
            let lookup = outcome.after(takes.min(deadline).into());
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
        deadline: Duration,
    ) -> BoxFuture<'a, AddressProbe> {
        let source_ip = self.source_towards(ip);
        if self.dead {
            return async move {
                sleep(deadline).await;
                let outcome = TcpOutcome::TimedOut { syns: None, unsent: false };
                let tcp = TcpProbe { outcome, seconds: deadline.into() };
                AddressProbe { ip, used: true, source_ip, tcp, tls: None, http: None }
            }
            .boxed();
        }
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

const TIME: Duration = Duration::from_secs(5);
/// What a check may take beyond the time of its target.
const BEYOND: Duration = Duration::from_millis(500);
const NEVER: Duration = Duration::from_hours(1);

async fn timed(fake: Fake) -> (TargetFacts, Duration) {
    let started = Instant::now();
    (look(fake).await, started.elapsed())
}

fn many(count: u8) -> Vec<IpAddr> {
    (1..=count).map(|n| IpAddr::from([10, 0, 2, n])).collect()
}

fn silent(ip: &'static str, role: ServerRole) -> Server {
    Server { ip, role, takes: NEVER, gives: Vec::new() }
}

fn living(ip: &'static str, role: ServerRole, gives: &str) -> Server {
    Server { ip, role, takes: Duration::from_millis(1), gives: ips(gives) }
}

#[test_case(Fake { system_takes: NEVER, dns_takes: NEVER, ..Fake::default() }; "every server")]
#[test_case(Fake { addresses: many(200), ..Fake::default() }; "hundreds of addresses")]
#[test_case(Fake { addresses: many(2), system_takes: Duration::from_secs(3), ..Fake::default() }; "a slow server and the addresses")]
#[test_case(Fake { addresses: many(2), system_takes: Duration::from_millis(4700), dns_takes: NEVER, ..Fake::default() }; "a name in the last moment")]
#[test_case(Fake { system_takes: TIME, dns_takes: NEVER, besides: vec![living("10.0.0.3", ServerRole::Configured, "10.0.2.20 10.0.3.20")], ..Fake::default() }; "the first server and what the second gives")]
#[test_case(Fake { system_takes: NEVER, dns_takes: NEVER, inventory_takes: Duration::from_secs(3), ..Fake::default() }; "every server and the API")]
#[test_case(Fake { hosts_file: named(), addresses: many(1), dns_takes: Duration::from_secs(4), dns_gives: ips("10.0.9.9"), ..Fake::default() }; "the hosts file's address and a late server's")]
#[tokio::test(start_paused = true)]
async fn whatever_is_dead_one_time_holds_for_all(fake: Fake) {
    let (_, took) = timed(Fake { dead: true, routed: many(200), ..fake }).await;
    assert!(took <= TIME + BEYOND, "{took:?}");
}

fn named() -> Vec<HostsEntry> {
    vec![HostsEntry { file: "/etc/hosts".to_owned(), line: 3, ip: IpAddr::from([10, 0, 2, 1]) }]
}

#[tokio::test(start_paused = true)]
async fn of_many_addresses_the_first_are_tried_and_the_rest_counted() {
    let (facts, _) =
        timed(Fake { addresses: many(200), routed: many(200), dead: true, ..Fake::default() }).await;
    let tried: Vec<IpAddr> = facts.used().map(|row| row.ip).collect();
    assert_eq!((tried, facts.untried()), (many(24), 176));
    assert!(facts.addresses.iter().all(|row| row.tcp.seconds.0 > 4.9), "each had all of the time");
}

/// The C library waits five seconds for the dead; what the living says is tried long before.
#[tokio::test(start_paused = true)]
async fn a_dead_server_does_not_hold_up_what_another_gives() {
    let besides = vec![living("10.0.0.3", ServerRole::Configured, "10.0.2.20")];
    let fake = Fake { system_takes: NEVER, dns_takes: NEVER, besides, dead: true, ..Fake::default() };
    let (facts, _) = timed(fake).await;
    assert_eq!(facts.resolution.system.outcome, SystemOutcome::TimedOut);
    let [row] = facts.addresses.as_slice() else { panic!("{:?}", facts.addresses) };
    assert!(!row.used && row.tcp.seconds.0 >= 4.0, "{row:?}");
}

/// glibc gives up on the first server after five seconds, and so do we: whether the second is heard must not be chance.
#[tokio::test(start_paused = true)]
async fn the_first_server_running_out_of_time_is_running_out_of_time() {
    for _ in 0..50 {
        let fake = Fake { system_takes: TIME, addresses: many(1), routed: many(1), ..Fake::default() };
        let (facts, _) = timed(fake).await;
        assert_eq!(facts.resolution.system.outcome, SystemOutcome::TimedOut);
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_asked_besides_is_not_awaited_for_long() {
    let besides = vec![silent("169.254.169.253", ServerRole::VpcResolver)];
    let (facts, took) = timed(Fake { besides, ..Fake::default() }).await;
    assert!(took <= Duration::from_millis(1100), "{took:?}");
    let last = &facts.resolution.servers[1].a;
    assert_eq!(last.outcome, LookupOutcome::NotAwaited);
    assert!((last.seconds.0 - 1.0).abs() < 0.1, "it says how long: {:?}", last.seconds);
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_that_is_configured_is_awaited() {
    let besides = vec![silent("10.0.0.3", ServerRole::Configured)];
    let (facts, took) = timed(Fake { besides, ..Fake::default() }).await;
    assert_eq!(facts.resolution.servers[1].a.outcome, LookupOutcome::TimedOut);
    assert!(took >= TIME, "{took:?}");
}

/// The system's address fails, and another server gives one that works.
#[tokio::test(start_paused = true)]
async fn what_another_server_gives_is_tried_where_the_systems_fails() {
    let besides = vec![living("169.254.169.253", ServerRole::VpcResolver, "10.0.2.20")];
    let fake = Fake { addresses: ips("198.51.100.1"), routed: ips("10.0.2.20"), besides, ..Fake::default() };
    let rows: Vec<(IpAddr, bool)> = look(fake).await.addresses.iter().map(|row| (row.ip, row.used)).collect();
    assert_eq!(rows, [(ips("198.51.100.1")[0], true), (ips("10.0.2.20")[0], false)]);
}

fn told(all: &[NamedAnswers]) -> Vec<String> {
    let answered = |one: &NamedAnswers| one.servers.iter().any(|server| server.addresses().next().is_some());
    all.iter().map(|one| format!("{}{}", one.name, if answered(one) { " +" } else { "" })).collect()
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[test_case("service.example.a service.example.b service.example", "service.example" => words_of("service.example.a|service.example.b|service.example +"); "the name itself at last")]
#[test_case("service.example.a service.example.b service.example", "service.example.a service.example" => words_of("service.example.a +"); "a suffix that leaks")]
#[test_case("service.example service.example.a", "service.example" => words_of(""); "found before the list")]
#[test_case("service.example service.example.a", "nothing" => words_of("service.example|service.example.a"); "not found at all")]
#[tokio::test(start_paused = true)]
async fn the_search_list_is_asked_in_order(search: &str, known: &str) -> Vec<String> {
    let fake = Fake {
        addresses: many(1),
        routed: many(1),
        dns_gives: many(1),
        search: words(search),
        known: words(known),
        ..Fake::default()
    };
    told(&look(fake).await.resolution.expansions)
}

fn words_of(text: &str) -> Vec<String> {
    text.split('|').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A dead first server is not asked again for each suffix.
#[tokio::test(start_paused = true)]
async fn the_search_list_is_asked_of_a_server_that_lives() {
    let besides = vec![living("10.0.0.3", ServerRole::Configured, "")];
    let search = words("service.example.a service.example");
    let (facts, took) = timed(Fake { dns_takes: NEVER, besides, search, ..Fake::default() }).await;
    let servers = facts.resolution.expansions.iter().flat_map(|one| &one.servers);
    let servers: Vec<String> = servers.map(|one| one.server.ip().to_string()).collect();
    assert_eq!(servers, ["10.0.0.3", "10.0.0.3"]);
    assert!(took <= TIME + BEYOND, "{took:?}");
}

const REGIONAL: &str = "vpce-1-a.vpce-svc-9.us-west-2.vpce.amazonaws.com";
const ZONAL: &str = "vpce-1-a-us-west-2a.vpce-svc-9.us-west-2.vpce.amazonaws.com";

/// One VPC, 10.0.0.0/16, with one endpoint whose interfaces hold 10.0.2.1 and 10.0.2.2.
fn one_endpoint() -> Inventory {
    let mut inventory = Inventory::none("a test");
    let vpcs = vec![Vpc {
        id: "vpc-1".into(),
        cidrs: vec!["10.0.0.0/16".parse().unwrap()],
        dhcp_options: None,
        dns_support: Known::Known(true),
        dns_hostnames: Known::Known(true),
    }];
    inventory.vpcs = Known::Known(vpcs.into());
    let endpoints = vec![VpcEndpoint {
        id: "vpce-1".into(),
        vpc: "vpc-1".into(),
        service: "com.amazonaws.vpce.us-west-2.vpce-svc-9".to_owned(),
        kind: EndpointKind::Interface,
        state: EndpointState::Available,
        subnets: Vec::new(),
        network_interfaces: vec!["eni-1".into(), "eni-2".into()],
        groups: Vec::new(),
        private_dns_enabled: false,
        dns_names: [ZONAL, REGIONAL, "service.example"].map(str::to_owned).to_vec(),
        created: None,
        last_error: None,
        owner: None,
        inbound_resolver_only: false,
        service_region: None,
    }];
    inventory.vpc_endpoints = Known::Known(endpoints.into());
    let interface = |(id, ip): (&str, IpAddr)| NetworkInterface {
        id: id.into(),
        vpc: "vpc-1".into(),
        subnet: "subnet-1".into(),
        az_id: None,
        az: None,
        kind: "vpc_endpoint".to_owned(),
        status: "in-use".to_owned(),
        description: String::new(),
        instance: None,
        groups: Vec::new(),
        addresses: vec![ip],
        prefixes: Vec::new(),
        public_addresses: Vec::new(),
        source_dest_check: None,
        attachment_status: None,
        owner: None,
    };
    inventory.network_interfaces =
        Known::Known(["eni-1", "eni-2"].into_iter().zip(many(2)).map(interface).collect());
    inventory
}

#[test_case(0, 0, 1 => words_of("vpce-1-a.vpce-svc-9.us-west-2.vpce.amazonaws.com +|vpce-1-a-us-west-2a.vpce-svc-9.us-west-2.vpce.amazonaws.com +"); "a name that leads nowhere")]
#[test_case(1, 1, 1 => words_of("vpce-1-a.vpce-svc-9.us-west-2.vpce.amazonaws.com +|vpce-1-a-us-west-2a.vpce-svc-9.us-west-2.vpce.amazonaws.com +"); "an answer that leaves one out")]
#[test_case(2, 2, 1 => words_of(""); "nothing amiss")]
#[test_case(0, 0, 6000 => words_of(""); "an inventory that comes too late")]
#[tokio::test(start_paused = true)]
async fn the_endpoints_own_names_are_asked(addresses: u8, routed: u8, inventory_millis: u64) -> Vec<String> {
    let fake = Fake {
        addresses: many(addresses),
        routed: many(routed),
        dns_gives: many(2),
        known: words(&format!("{REGIONAL} {ZONAL}")),
        inventory: Some(one_endpoint()),
        inventory_takes: Duration::from_millis(inventory_millis),
        ..Fake::default()
    };
    told(&look(fake).await.resolution.endpoint_names)
}

/// Nobody is asked for them who has answered nothing.
#[tokio::test(start_paused = true)]
async fn the_dead_are_not_asked_for_the_endpoints_names() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let fake = Fake {
        dns_takes: NEVER,
        besides: vec![living("169.254.169.253", ServerRole::VpcResolver, "")],
        inventory: Some(one_endpoint()),
        asked: Arc::clone(&asked),
        ..Fake::default()
    };
    look(fake).await;
    let asked = asked.lock().unwrap();
    assert!(asked.contains(&format!("{REGIONAL}@169.254.169.253")), "{asked:?}");
    assert!(!asked.contains(&format!("{REGIONAL}@10.0.0.2")), "{asked:?}");
}

/// Without instance metadata, the inventory tells in which VPC we stand. Towards the resolver this host's address is
/// 169.254.169.253, as fakes go.
#[test_case("10.1.0.0/16 169.254.0.0/16", 0 => words_of("10.0.0.2|10.1.0.2"); "asked besides, by the primary range")]
#[test_case("10.0.0.0/16 169.254.0.0/16", 0 => words_of("10.0.0.2"); "configured already")]
#[test_case("10.1.0.0/16", 0 => words_of("10.0.0.2"); "no VPC of ours")]
#[test_case("10.1.0.0/16 169.254.0.0/16", 1 => words_of("10.0.0.2"); "nothing amiss")]
#[tokio::test(start_paused = true)]
async fn the_resolver_at_base_plus_two_is_asked_in_trouble(cidrs: &str, addresses: u8) -> Vec<String> {
    let mut inventory = one_endpoint();
    let mut vpc = inventory.vpcs.known().unwrap()[0].clone();
    vpc.cidrs = cidrs.split(' ').map(|cidr| cidr.parse().unwrap()).collect();
    inventory.vpcs = Known::Known(vec![vpc].into());
    let routed = ips("169.254.169.253 10.0.2.1");
    let fake = Fake { addresses: many(addresses), routed, inventory: Some(inventory), ..Fake::default() };
    look(fake).await.resolution.servers.iter().map(|server| server.server.ip().to_string()).collect()
}
