//! The daemon over real HTTP, watching a world of values.
#![expect(clippy::disallowed_methods, reason = "tests talk to the daemon as a client of their own")]

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt, pending, ready};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use vpce_doctor::{
    config::Plan,
    model::{
        host::{Host, ProxySettings},
        inventory::Inventory,
        known::Known,
        name::{HostsEntry, ServerAnswer, ServerRole, SystemLookup, SystemOutcome},
        net::PortRange,
        observation::{AddressProbe, TcpOutcome, TcpProbe},
        target::{Expect, HttpSettings, Protocol, Target, TlsSettings},
        time::{Seconds, Timestamp},
    },
    ports::{Clock, HostReader, InventorySource, Prober, Resolver, Scope, ServiceManager, ServiceState},
    runtime::{
        collect::{Limits, World},
        daemon,
    },
};

const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 2, 20));
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, PartialEq)]
enum Behaviour {
    Connects,
    Hangs,
    Refuses,
}

/// Every port of the world at once.
struct Fake {
    behaviour: Mutex<Behaviour>,
    /// What the name gives.
    address: Mutex<IpAddr>,
    /// Seconds; each look at the clock is one later.
    now: AtomicI64,
    fetches: AtomicI64,
    told: Mutex<Vec<String>>,
    watchdog: Option<Duration>,
}

impl Clock for Fake {
    fn now(&self) -> Timestamp {
        Timestamp(1_800_000_000 + self.now.fetch_add(1, Ordering::Relaxed))
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
    fn fetch<'a>(&'a self, scope: &'a Scope, _deadline: Duration) -> BoxFuture<'a, Inventory> {
        assert!(scope.destinations.len() <= 1, "each destination once: {:?}", scope.destinations);
        self.fetches.fetch_add(1, Ordering::Relaxed);
        ready(Inventory::none("--inventory none")).boxed()
    }
}

impl Resolver for Fake {
    fn servers(&self) -> Vec<(SocketAddr, ServerRole)> {
        Vec::new()
    }

    fn system<'a>(&'a self, _host: &'a str, _deadline: Duration) -> BoxFuture<'a, SystemLookup> {
        let outcome = SystemOutcome::Addresses(vec![*self.address.lock().unwrap()]);
        ready(SystemLookup { outcome, seconds: Seconds(0.004) }).boxed()
    }

    fn ask<'a>(
        &'a self,
        _server: SocketAddr,
        _role: ServerRole,
        _host: &'a str,
        _deadline: Duration,
    ) -> BoxFuture<'a, ServerAnswer> {
        unreachable!("there is no server to ask")
    }

    fn hosts_file(&self, _host: &str) -> Vec<HostsEntry> {
        Vec::new()
    }
}

impl Prober for Fake {
    fn probe<'a>(
        &'a self,
        _target: &'a Target,
        ip: IpAddr,
        _deadline: Duration,
    ) -> BoxFuture<'a, AddressProbe> {
        let outcome = match *self.behaviour.lock().unwrap() {
            Behaviour::Connects => TcpOutcome::Connected { source_port: 40_000 },
            Behaviour::Refuses => TcpOutcome::Refused { icmp: None },
            Behaviour::Hangs => return pending().boxed(),
        };
        let tcp = TcpProbe { outcome, seconds: Seconds(0.002) };
        let source_ip = self.source_towards(ip);
        ready(AddressProbe { ip, used: true, source_ip, tcp, tls: None, http: None }).boxed()
    }

    fn source_towards(&self, _ip: IpAddr) -> Known<IpAddr> {
        Known::Known(IpAddr::V4(Ipv4Addr::new(10, 0, 1, 10)))
    }
}

impl ServiceManager for Fake {
    fn tell(&self, state: ServiceState<'_>) {
        self.told.lock().unwrap().push(format!("{state:?}"));
    }

    fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }
}

struct Daemon {
    address: SocketAddr,
    fake: Arc<Fake>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Daemon {
    async fn start(behaviour: Behaviour, names: &[&str], watchdog: Option<Duration>) -> Self {
        // Without anybody who listens, tracing would settle that nobody wants to hear of a place in the code, for
        // every thread: also for the test that reads the log.
        let silent = tracing_subscriber::fmt().with_writer(io::sink).finish();
        let _first_comes = tracing::subscriber::set_global_default(silent);
        let fake = Arc::new(Fake {
            behaviour: Mutex::new(behaviour),
            address: Mutex::new(ADDRESS),
            now: AtomicI64::new(0),
            fetches: AtomicI64::new(0),
            told: Mutex::default(),
            watchdog,
        });
        let world = World {
            clock: fake.clone(),
            host: fake.clone(),
            inventory: fake.clone(),
            prober: fake.clone(),
            resolver: fake.clone(),
        };
        let plan = Plan { targets: names.iter().map(|name| target(name)).collect(), ..Plan::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let manager = fake.clone();
        let task = tokio::spawn(async move {
            let shutdown = async { drop(stopped.await) };
            daemon::run(listener, shutdown, &world, &plan, Limits::default(), &*manager).await.unwrap();
        });
        Self { address, fake, stop: Some(stop), task }
    }

    fn behave(&self, behaviour: Behaviour) {
        *self.fake.behaviour.lock().unwrap() = behaviour;
    }

    /// The report of the first target, once it has this verdict.
    async fn report(&self, verdict: &str) -> serde_json::Value {
        let looking = async {
            loop {
                let (_, answer) = self.get("/api/v1/report").await;
                let body = answer.split_once("\r\n\r\n").unwrap().1;
                if let Ok(mut report) = serde_json::from_str::<serde_json::Value>(body)
                    && report["targets"][0]["verdict"] == verdict
                {
                    return report["targets"][0].take();
                }
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("it never was {verdict}"))
    }

    async fn ask(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("{request} HTTP/1.1\r\nHost: daemon\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("an answer").unwrap();
        let status = answer.split(' ').nth(1).expect("a status").parse().unwrap();
        (status, answer)
    }

    async fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!("GET {path}")).await
    }

    /// Scrapes until the metrics have this line.
    async fn until(&self, line: &str) -> String {
        self.until_that(line, |text| text.lines().any(|found| found == line)).await
    }

    async fn until_that(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let looking = async {
            loop {
                let (_, text) = self.get("/metrics").await;
                if holds(&text) {
                    return text;
                }
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("never saw {what}"))
    }

    async fn stop(mut self) -> Duration {
        let start = Instant::now();
        self.stop.take().unwrap().send(()).unwrap();
        timeout(PATIENCE, &mut self.task).await.expect("it ends").unwrap();
        start.elapsed()
    }
}

fn target(name: &str) -> Target {
    Target {
        name: name.to_owned(),
        host: "service.example".to_owned(),
        port: 6379,
        protocol: Protocol::Tcp,
        provider: None,
        endpoint: None,
        tls: TlsSettings::default(),
        http: HttpSettings::default(),
        expect: Expect::default(),
        interval: Duration::from_millis(20),
        timeout: Duration::from_millis(20),
    }
}

#[tokio::test]
async fn is_ready_and_healthy_at_once() {
    let daemon = Daemon::start(Behaviour::Hangs, &["cache"; 1], None).await;
    assert_eq!(daemon.get("/-/ready").await.0, 200);
    assert_eq!(daemon.get("/-/healthy").await.0, 200);
    daemon.stop().await;
}

#[tokio::test]
async fn metrics_speak_of_every_target() {
    let daemon = Daemon::start(Behaviour::Connects, &["cache", "queue"], None).await;
    daemon.until(r#"vpce_doctor_target_verdict{target="queue",verdict="healthy"} 1"#).await;
    let text = daemon.until(r#"vpce_doctor_target_verdict{target="cache",verdict="healthy"} 1"#).await;
    assert!(text.to_lowercase().contains("content-type: text/plain; version=0.0.4\r\n"));
    for line in [
        r#"vpce_doctor_target_verdict{target="cache",verdict="unknown"} 0"#,
        r#"vpce_doctor_address_success{target="cache",address="10.0.2.20",eni_id="",vpc_endpoint_id="",endpoint_az_id=""} 1"#,
        r#"vpce_doctor_address_path_verdict{target="cache",address="10.0.2.20",verdict="undecided"} 1"#,
        r#"vpce_doctor_probe_phase_duration_seconds_bucket{phase="connect",target="cache",le="0.001"} 0"#,
        "vpce_doctor_config_last_load_successful 1",
    ] {
        assert!(text.lines().any(|found| found == line), "no line {line} in\n{text}");
    }
    assert!(!text.contains("vpce_doctor_finding{"), "nothing is wrong");
    daemon.stop().await;
}

#[tokio::test]
async fn a_finding_appears_and_clears_and_each_is_logged_once() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let daemon = Daemon::start(Behaviour::Connects, &["cache"], None).await;
    daemon.until(r#"vpce_doctor_target_verdict{target="cache",verdict="healthy"} 1"#).await;
    daemon.behave(Behaviour::Refuses);
    let finding = r#"vpce_doctor_finding{target="cache",code="provider-no-listener",severity="error"} 1"#;
    let first = daemon.until(finding).await;
    let failures = r#"vpce_doctor_probe_failures_total{phase="connect",reason="refused",target="cache"} "#;
    let many = |text: &str| {
        let count = text.lines().find_map(|line| line.strip_prefix(failures)?.parse::<u32>().ok());
        count.is_some_and(|count| count >= 5)
    };
    let later = daemon.until_that("five failures", many).await;
    let since = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("vpce_doctor_finding_since_timestamp_seconds{"));
        line.expect("a beginning").to_owned()
    };
    assert_eq!(since(&first), since(&later), "the beginning does not move");
    daemon.behave(Behaviour::Connects);
    let healed = daemon.until(r#"vpce_doctor_target_verdict{target="cache",verdict="healthy"} 1"#).await;
    assert!(!healed.contains("vpce_doctor_finding{"), "no series is left behind");
    daemon.stop().await;
    let log = log.text();
    assert_eq!(log.matches("finding appeared").count(), 1, "{log}");
    assert_eq!(log.matches("finding cleared").count(), 1, "{log}");
}

#[tokio::test]
async fn the_report_is_that_of_check() {
    let daemon = Daemon::start(Behaviour::Refuses, &["cache", "queue"], None).await;
    daemon.until(r#"vpce_doctor_target_verdict{target="queue",verdict="down"} 1"#).await;
    let (status, answer) = daemon.get("/api/v1/report").await;
    assert_eq!(status, 200);
    let report: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let schema = include_str!("../config/report-v1.schema.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    schema.validate(&report).unwrap();
    assert_eq!(report["vantage"]["source_ip"], "10.0.1.10");
    assert_eq!(report["targets"][1]["name"], "queue");
    assert_eq!(report["targets"][1]["primary"], "provider-no-listener");
    assert!(report["targets"][1]["findings"][0]["since"].is_string());
    assert_eq!(report["summary"][0]["targets"], serde_json::json!(["cache", "queue"]), "one cause");
    let (status, one) = daemon.get("/api/v1/targets/queue").await;
    assert_eq!((status, one.contains("\"queue\""), one.contains("\"cache\"")), (200, true, false));
    daemon.stop().await;
}

#[tokio::test]
async fn a_failing_target_is_held_against_its_last_healthy_cycle() {
    let daemon = Daemon::start(Behaviour::Connects, &["cache"], None).await;
    let healthy = daemon.report("healthy").await;
    assert!(healthy.get("changes").is_none() && healthy.get("compared_with").is_none());
    *daemon.fake.address.lock().unwrap() = IpAddr::V4(Ipv4Addr::new(10, 0, 9, 9));
    daemon.behave(Behaviour::Refuses);
    let first = daemon.report("down").await;
    let change = &first["changes"][0];
    assert_eq!(first["changes"].as_array().unwrap().len(), 1, "{first}");
    assert_eq!(change["kind"], "addresses");
    assert_eq!(change["fact"], "service.example gives 10.0.9.9, no longer 10.0.2.20");
    assert!(first["compared_with"].as_str() < change["since"].as_str(), "{first}");
    let evidence = first["findings"][0]["evidence"].as_array().unwrap();
    let says = |fact: &serde_json::Value| fact["fact"].as_str().unwrap().starts_with("changed since ");
    assert!(evidence.iter().any(says), "the finding is about the new address: {first}");
    sleep(Duration::from_millis(200)).await;
    let later = daemon.report("down").await;
    assert_eq!(later["changes"], first["changes"], "the sighting does not move");
    assert_eq!(later["compared_with"], first["compared_with"]);
    daemon.behave(Behaviour::Connects);
    let healed = daemon.report("healthy").await;
    assert!(healed.get("changes").is_none(), "a healthy target differs from nothing");
    // What works now is what the next failure is held against.
    daemon.behave(Behaviour::Refuses);
    let again = daemon.report("down").await;
    assert_eq!(again["changes"], serde_json::json!([]), "the name gives what it gave last");
    assert!(again["compared_with"].as_str() > first["compared_with"].as_str());
    daemon.stop().await;
}

#[tokio::test]
async fn unknown_routes_methods_and_targets_are_refused() {
    let daemon = Daemon::start(Behaviour::Hangs, &["cache"], None).await;
    assert_eq!(daemon.get("/nowhere").await.0, 404);
    assert_eq!(daemon.get("/api/v1/targets/nobody").await.0, 404);
    assert_eq!(daemon.get("/api/v1/targets/cache").await.0, 503, "known, but nothing was seen yet");
    assert_eq!(daemon.ask("POST /metrics").await.0, 405);
    let wordy = format!("GET /metrics HTTP/1.1\r\nX-Long: {}\r\nX:", "x".repeat(64 * 1024));
    assert_eq!(daemon.ask(&wordy).await.0, 431);
    daemon.stop().await;
}

#[tokio::test]
async fn clients_that_say_nothing_hold_up_nobody() {
    let daemon = Daemon::start(Behaviour::Connects, &["cache"], None).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(daemon.address).await.unwrap();
        stream.write_all(b"GET /metrics HTT").await.unwrap();
        silent.push(stream);
    }
    assert_eq!(daemon.get("/-/healthy").await.0, 200);
    daemon.stop().await;
}

#[tokio::test]
async fn stops_within_a_second_whatever_is_under_way() {
    let daemon = Daemon::start(Behaviour::Hangs, &["cache", "queue"], None).await;
    let idle = TcpStream::connect(daemon.address).await.unwrap();
    daemon.get("/-/ready").await;
    let fake = Arc::clone(&daemon.fake);
    assert!(daemon.stop().await < Duration::from_secs(1));
    drop(idle);
    let told = fake.told.lock().unwrap();
    assert_eq!(told.first().map(String::as_str), Some("Ready"));
    assert_eq!(told.last().map(String::as_str), Some("Stopping"));
}

#[tokio::test(start_paused = true)]
async fn the_watchdog_starves_when_cycles_are_due_and_none_ends() {
    let period = Duration::from_secs(10);
    let daemon = Daemon::start(Behaviour::Connects, &["cache"; 1], Some(period)).await;
    let beats = |fake: &Fake| fake.told.lock().unwrap().iter().filter(|state| *state == "Alive").count();
    sleep(10 * period).await;
    let healthy = beats(&daemon.fake);
    assert!(healthy >= 19, "twice in each period: {healthy}");
    daemon.stop().await;
    // More targets than may run at once, and none of their cycles ever ends.
    let names: Vec<String> = (0..70).map(|number| format!("t{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let stuck = Daemon::start(Behaviour::Hangs, &names, Some(period)).await;
    sleep(10 * period).await;
    let beats = beats(&stuck.fake);
    assert!((1..=4).contains(&beats), "only until it was noticed: {beats}");
    stuck.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_inventory_is_read_once_a_refresh_however_many_cycles_run() {
    let daemon = Daemon::start(Behaviour::Connects, &["cache", "queue"], None).await;
    sleep(Duration::from_secs(150)).await;
    // At the start, and after one and two of the default minutes.
    assert_eq!(daemon.fake.fetches.load(Ordering::Relaxed), 3);
    assert!(daemon.fake.now.load(Ordering::Relaxed) > 10_000, "cycles ran meanwhile");
    daemon.stop().await;
}

/// What was logged, kept for reading.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
