//! The story: what is built for each target, and what the diagnosis must say of it.

use std::{net::Ipv4Addr, path::Path, time::Duration};

use crate::model::{
    endpoint::EndpointState,
    report::{TargetReport, TargetVerdict},
    target::{Expect, HttpSettings, Protocol, Target, TlsSettings},
};

use super::world::{self, Admission};

/// One probe, all phases. Several targets never answer, so the demo lasts about as long.
pub(super) const TIMEOUT: Duration = Duration::from_secs(2);

pub(super) struct Story {
    pub(super) chapters: Vec<Chapter>,
    pub(super) ports: Ports,
}

/// Ports like those in production, as far as they need no privileges.
#[derive(Clone, Copy)]
pub(super) struct Ports {
    /// Milvus listens on 19530.
    pub(super) vectors: u16,
    pub(super) https: u16,
    pub(super) database: u16,
}

/// One target.
pub(super) struct Chapter {
    /// The target's name, and the stem of everything that the world has for it.
    pub(super) name: &'static str,
    pub(super) host: String,
    pub(super) port: u16,
    protocol: Protocol,
    pub(super) record: DnsRecord,
    /// Where the endpoint's interfaces are.
    pub(super) interfaces: Vec<Ipv4Addr>,
    pub(super) state: EndpointState,
    /// Whom the endpoint's security group lets in.
    pub(super) admission: Admission,
    /// What the packets meet, interface or not.
    pub(super) servers: Vec<(Ipv4Addr, Habit)>,
    /// Whether the user's configuration names the endpoint.
    names_endpoint: bool,
    told: Told,
}

pub(super) enum DnsRecord {
    /// A CNAME to the endpoint's own name.
    Alias,
    /// The host is the endpoint's own name.
    Own,
    /// An address written by hand.
    Fixed(Ipv4Addr),
    Missing,
}

/// What stands at an address.
#[derive(Clone, Copy)]
pub(super) enum Habit {
    Tls(Presents),
    /// Answers whatever comes as an HTTP server does that was spoken to in TLS.
    PlainHttp,
    /// Drops every SYN.
    Silent,
    /// Refuses: the port is closed.
    Closed,
}

/// The certificate that a server presents.
#[derive(Clone, Copy)]
pub(super) enum Presents {
    Valid,
    Expired,
    ForAnotherName(&'static str),
}

struct Told {
    verdict: TargetVerdict,
    primary: Option<&'static str>,
    /// What is built, to be held against what was found.
    built: &'static str,
}

impl Told {
    fn healthy(built: &'static str) -> Self {
        Self { verdict: TargetVerdict::Healthy, primary: None, built }
    }

    fn down(code: &'static str, built: &'static str) -> Self {
        Self { verdict: TargetVerdict::Down, primary: Some(code), built }
    }
}

impl Story {
    /// Every port moved up by `shift`.
    pub(super) fn new(shift: u16) -> Self {
        let ports = Ports { vectors: 19_530 + shift, https: 8_443 + shift, database: 15_432 + shift };
        let mut chapters = vec![vectors(ports)];
        chapters.extend(dropped_by_configuration(ports));
        chapters.extend(dropped_elsewhere(ports));
        chapters.extend(wrong_names(ports));
        chapters.extend(wrong_certificates(ports));
        Self { chapters, ports }
    }

    /// The targets as a configuration file would give them.
    pub(super) fn targets(&self, authority: &Path) -> Vec<Target> {
        self.chapters.iter().map(|chapter| chapter.target(authority)).collect()
    }
}

fn vectors(ports: Ports) -> Chapter {
    Chapter {
        interfaces: vec![zone_a(10), zone_b(10)],
        servers: vec![(zone_a(10), VALID), (zone_b(10), VALID)],
        ..chapter(
            "vectors",
            "in01-8f2ce19b.vectordb.example",
            ports.vectors,
            zone_a(10),
            Told::healthy("a healthy endpoint with an interface in each of two zones"),
        )
    }
}

fn dropped_by_configuration(ports: Ports) -> Vec<Chapter> {
    vec![
        Chapter {
            admission: Admission::Client(ports.https),
            servers: vec![(zone_a(20), Habit::Silent)],
            ..chapter(
                "vectors-staging",
                "in02-41d07c3a.vectordb.example",
                ports.vectors,
                zone_a(20),
                Told::down(
                    "sg-endpoint-wrong-port",
                    "the endpoint's group admits the client on another port",
                ),
            )
        },
        Chapter {
            protocol: Protocol::Tcp,
            admission: Admission::Strangers(ports.https),
            servers: vec![(zone_a(30), Habit::Silent)],
            ..chapter(
                "ledger",
                "ledger.c41.postgres.example",
                ports.database,
                zone_a(30),
                Told::down("sg-endpoint-ingress-missing", "the endpoint's group admits another group only"),
            )
        },
        Chapter {
            interfaces: vec![zone_a(40), zone_b(40)],
            servers: vec![(zone_a(40), VALID), (zone_b(40), Habit::Silent)],
            ..chapter(
                "search",
                "acme.search.example",
                ports.https,
                zone_a(40),
                Told {
                    verdict: TargetVerdict::Degraded,
                    primary: Some("nacl-endpoint-ingress"),
                    built: "the network ACL of one zone's subnet denies the port",
                },
            )
        },
    ]
}

fn dropped_elsewhere(ports: Ports) -> Vec<Chapter> {
    vec![
        Chapter {
            state: EndpointState::PendingAcceptance,
            servers: vec![(zone_a(50), Habit::Silent)],
            ..chapter(
                "mail",
                "api.mail.example",
                ports.https,
                zone_a(50),
                Told::down("endpoint-pending-acceptance", "the vendor has not accepted the endpoint"),
            )
        },
        Chapter {
            servers: vec![(zone_a(60), Habit::Silent)],
            ..chapter(
                "payments",
                "eu.payments.example",
                ports.https,
                zone_a(60),
                Told::down("provider-silent", "the configuration lets everything pass and nobody answers"),
            )
        },
        Chapter {
            protocol: Protocol::Tcp,
            servers: vec![(zone_a(70), Habit::Closed)],
            ..chapter(
                "queue",
                "broker-7.queue.example",
                ports.database,
                zone_a(70),
                Told::down("provider-no-listener", "the port is closed"),
            )
        },
    ]
}

fn wrong_names(ports: Ports) -> Vec<Chapter> {
    let abandoned = zone_a(81);
    vec![
        Chapter {
            record: DnsRecord::Fixed(abandoned),
            servers: vec![(abandoned, Habit::Silent)],
            names_endpoint: true,
            ..chapter(
                "archive",
                "acme.archive.example",
                ports.https,
                zone_a(80),
                Told::down("dns-stale-a-record", "the A record points where an earlier endpoint was"),
            )
        },
        Chapter {
            record: DnsRecord::Missing,
            servers: Vec::new(),
            names_endpoint: true,
            ..chapter(
                "embeddings",
                "in03-b6605e2f.vectordb.example",
                ports.vectors,
                zone_a(90),
                Told::down("dns-nxdomain-no-record", "nobody made the name's private hosted zone"),
            )
        },
    ]
}

fn wrong_certificates(ports: Ports) -> Vec<Chapter> {
    let tls = |presents| vec![(zone_a(100), Habit::Tls(presents))];
    vec![
        Chapter {
            host: world::endpoint_name("reports"),
            record: DnsRecord::Own,
            servers: tls(Presents::ForAnotherName("api.reports.example")),
            ..chapter(
                "reports",
                "",
                ports.https,
                zone_a(100),
                Told::down("tls-hostname-mismatch", "the client uses the endpoint's name, not the vendor's"),
            )
        },
        Chapter {
            servers: vec![(zone_a(110), Habit::Tls(Presents::Expired))],
            ..chapter(
                "identity",
                "login.identity.example",
                ports.https,
                zone_a(110),
                Told::down("tls-expired-or-clock", "the certificate expired three days ago"),
            )
        },
        Chapter {
            servers: vec![(zone_a(120), Habit::PlainHttp)],
            ..chapter(
                "telemetry",
                "ingest.telemetry.example",
                ports.https,
                zone_a(120),
                Told::down("tls-plaintext-port", "the port speaks plain HTTP"),
            )
        },
    ]
}

const VALID: Habit = Habit::Tls(Presents::Valid);

/// A healthy target with one interface, for each chapter to break in its own way.
fn chapter(name: &'static str, host: &str, port: u16, at: Ipv4Addr, told: Told) -> Chapter {
    Chapter {
        name,
        host: host.to_owned(),
        port,
        protocol: Protocol::Tls,
        record: DnsRecord::Alias,
        interfaces: vec![at],
        state: EndpointState::Available,
        admission: Admission::Client(port),
        servers: vec![(at, VALID)],
        names_endpoint: false,
        told,
    }
}

fn zone_a(host: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 10, host)
}

fn zone_b(host: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 11, host)
}

impl Chapter {
    fn target(&self, authority: &Path) -> Target {
        Target {
            name: self.name.to_owned(),
            host: self.host.clone(),
            port: self.port,
            protocol: self.protocol,
            provider: None,
            endpoint: self.names_endpoint.then(|| world::endpoint_id(self.name)),
            tls: TlsSettings { ca_file: Some(authority.to_owned()), ..TlsSettings::default() },
            http: HttpSettings::default(),
            expect: Expect::default(),
            interval: Duration::from_secs(30),
            timeout: TIMEOUT,
        }
    }

    /// How a diagnosis differs from what is told here, as a sentence.
    pub(super) fn difference(&self, came: &TargetReport) -> Option<String> {
        let Told { verdict, primary, built } = &self.told;
        if came.verdict == *verdict && came.primary.as_deref() == *primary {
            return None;
        }
        Some(format!(
            "{}: {built}; this should come out as {}, and came out as {}",
            self.name,
            words(*verdict, *primary),
            words(came.verdict, came.primary.as_deref()),
        ))
    }
}

fn words(verdict: TargetVerdict, primary: Option<&str>) -> String {
    match primary {
        Some(code) => format!("{} by {code}", verdict.as_str()),
        None => format!("{} without a cause", verdict.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::views::Views;

    fn came(verdict: TargetVerdict, primary: Option<&str>) -> TargetReport {
        TargetReport {
            verdict,
            primary: primary.map(ToOwned::to_owned),
            addresses: Vec::new(),
            findings: Vec::new(),
            undecided: Vec::new(),
            unexplained: Vec::new(),
            comparison: None,
            views: Views::default(),
        }
    }

    fn differs(name: &str, verdict: TargetVerdict, primary: Option<&str>) -> Option<String> {
        let story = Story::new(0);
        let chapter = story.chapters.iter().find(|chapter| chapter.name == name).unwrap();
        chapter.difference(&came(verdict, primary))
    }

    #[test]
    fn what_comes_as_told_is_passed_over() {
        assert_eq!(differs("vectors", TargetVerdict::Healthy, None), None);
        assert_eq!(differs("search", TargetVerdict::Degraded, Some("nacl-endpoint-ingress")), None);
    }

    #[test]
    fn another_cause_or_verdict_is_told_with_what_was_built() {
        assert_eq!(
            differs("queue", TargetVerdict::Down, Some("provider-silent")).unwrap(),
            "queue: the port is closed; this should come out as down by provider-no-listener, and came out as \
             down by provider-silent"
        );
        assert!(differs("search", TargetVerdict::Down, Some("nacl-endpoint-ingress")).is_some());
        assert!(differs("vectors", TargetVerdict::Unknown, None).is_some());
    }

    #[test]
    fn every_told_cause_is_a_finding_and_told_once() {
        let story = Story::new(0);
        let mut told: Vec<_> = story.chapters.iter().filter_map(|chapter| chapter.told.primary).collect();
        assert!(told.iter().all(|code| crate::rules::find(code).is_some()), "{told:?}");
        told.sort_unstable();
        told.dedup();
        assert_eq!(told.len() + 1, story.chapters.len(), "all but the healthy one differ");
    }
}
