//! What is said of a name: by this host, by each server, by the resolver of the VPC.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use serde::{Deserialize, Deserializer, Serialize};

use super::{known::Known, observation::TcpOutcome, time::Seconds};

/// Everything learnt about a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resolution {
    /// What an application on this host gets.
    pub system: SystemLookup,
    /// What each DNS server says when asked directly. Empty for an address literal.
    pub servers: Vec<ServerAnswer>,
    /// Lines of the hosts file that name the host.
    pub hosts_file: Vec<HostsEntry>,
    /// What the search list makes of the name, in the order in which the C library asks, the name itself among them.
    /// Empty where the name alone is asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expansions: Vec<NamedAnswers>,
    /// What is said of the names of the endpoints that the name may be meant for: regional, then zonal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoint_names: Vec<NamedAnswers>,
}

/// A further name, and what each server that was asked says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedAnswers {
    pub name: String,
    pub servers: Vec<ServerAnswer>,
}

/// How this host resolves names: `resolv.conf(5)` and `nsswitch.conf(5)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolverConfiguration {
    /// All that are named; the C library uses the first three.
    pub name_servers: Vec<SocketAddr>,
    /// Suffixes, in order.
    pub search: Vec<String>,
    /// Names with fewer dots are tried with the suffixes first.
    pub ndots: u32,
    /// Seconds that the C library waits for a server, times the number of the attempt.
    pub timeout: u32,
    pub attempts: u32,
    pub rotate: bool,
    pub use_vc: bool,
    /// Services of the line `hosts` of `nsswitch.conf`, in order: `files`, `resolve`, `dns`. Unknown where the C library
    /// reads no such file.
    pub sources: Known<Vec<String>>,
    /// The servers that a stub on this host asks in turn, where it tells (`/run/systemd/resolve/resolv.conf`).
    pub upstreams: Known<Vec<SocketAddr>>,
}

/// `getaddrinfo`, with everything that stands before DNS (nsswitch, hosts file, local caches).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SystemLookup {
    pub outcome: SystemOutcome,
    pub seconds: Seconds,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SystemOutcome {
    /// In the order given, without repetition.
    Addresses(Vec<IpAddr>),
    /// The host was an address already; nobody was asked.
    Literal(IpAddr),
    /// `EAI_NONAME`, `EAI_AGAIN`, … as the C library words them.
    Failed {
        message: String,
    },
    TimedOut,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostsEntry {
    pub file: String,
    pub line: u32,
    pub ip: IpAddr,
}

/// One server's answers to A and AAAA questions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerAnswer {
    pub server: SocketAddr,
    pub role: ServerRole,
    pub a: Lookup,
    pub aaaa: Lookup,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerRole {
    /// Named by `resolv.conf`.
    Configured,
    /// The VPC's own resolver (169.254.169.253 or the VPC's base address plus two), asked besides.
    /// <https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html>
    VpcResolver,
    /// Asked by a stub on this host, for which `resolv.conf` names the stub alone.
    Upstream,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lookup {
    pub outcome: LookupOutcome,
    pub seconds: Seconds,
    /// Messages that came back and were meant for no question of ours: another identifier, another name.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub foreign: u32,
    /// What TCP brought, where it was tried because UDP brought nothing. Applications do not try it then, so that the
    /// outcome is UDP's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<OverTcp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LookupOutcome {
    Answered(DnsAnswer),
    /// Nobody answered in time.
    TimedOut,
    /// Everything else was already decided before this server answered, so we did not wait for it.
    NotAwaited,
    /// Over UDP the server said that the answer takes TCP, and TCP did not bring it.
    Truncated {
        tcp: TcpTrouble,
    },
    /// An answer came, and it was no DNS or not an answer.
    Malformed {
        message: String,
    },
    /// The socket failed: nothing listens there, or this host does not send.
    Failed {
        message: String,
    },
}

/// What came over TCP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OverTcp {
    Answered(DnsAnswer),
    Trouble(TcpTrouble),
}

/// Why there is no answer over TCP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TcpTrouble {
    NotConnected(TcpOutcome),
    /// Connected, and closed before the answer.
    Closed,
    /// Connected, and no answer in time.
    TimedOut,
    Malformed {
        message: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsAnswer {
    pub rcode: Rcode,
    pub authoritative: bool,
    /// From the asked name to the last, in order.
    pub cnames: Vec<Cname>,
    pub addresses: Vec<AddressRecord>,
    /// Of a negative answer (RFC 2308 section 2).
    #[serde(default, deserialize_with = "soa_or_its_zone")]
    pub soa: Option<Soa>,
    /// The server asks others on behalf of its clients (RA).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recursion_available: Option<bool>,
    /// Other records of the answer section, which say nothing of the asked name; each owner and type once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strays: Vec<Stray>,
    /// Extended DNS errors (RFC 8914).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ExtendedError>,
    /// Of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u32>,
    #[serde(default)]
    pub transport: Transport,
}

/// The zone that denied the name, and how long the denial may be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Soa {
    pub zone: String,
    /// Seconds that are left, where a cache answers.
    #[serde(default)]
    pub ttl: Option<u32>,
    /// The last field of the record; the lesser of the two is how long a denial may be kept (RFC 2308 section 5).
    #[serde(default)]
    pub minimum: Option<u32>,
    #[serde(default)]
    pub serial: Option<u32>,
}

/// A record by what it is of and what it is: `other.example CNAME`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stray {
    pub owner: String,
    pub kind: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtendedError {
    pub code: u16,
    pub text: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    #[default]
    Udp,
    Tcp,
}

/// RFC 1035 section 4.1.1 and the IANA registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rcode {
    FormErr,
    NoError,
    NotImp,
    NxDomain,
    Refused,
    ServFail,
    Other(u16),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cname {
    pub name: String,
    pub target: String,
    /// Seconds.
    pub ttl: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressRecord {
    pub ip: IpAddr,
    /// Seconds.
    pub ttl: u32,
}

impl SystemLookup {
    /// What an application would connect to.
    pub fn addresses(&self) -> &[IpAddr] {
        match &self.outcome {
            SystemOutcome::Addresses(all) => all,
            SystemOutcome::Literal(ip) => std::slice::from_ref(ip),
            SystemOutcome::Failed { .. } | SystemOutcome::TimedOut => &[],
        }
    }
}

impl ServerAnswer {
    pub fn lookups(&self) -> [&Lookup; 2] {
        [&self.a, &self.aaaa]
    }

    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.lookups().into_iter().filter_map(Lookup::answer).flat_map(|a| a.addresses.iter().map(|r| r.ip))
    }

    /// The server answered, and the name does not exist (RFC 8020).
    pub fn denies_name(&self) -> bool {
        self.lookups().into_iter().filter_map(Lookup::answer).any(|a| a.rcode == Rcode::NxDomain)
    }

    /// Nothing usable came back for either question: silence, a closed port, bytes that are no DNS.
    pub fn gives_no_answer(&self) -> bool {
        let useless = |lookup: &Lookup| {
            !matches!(lookup.outcome, LookupOutcome::Answered(_) | LookupOutcome::NotAwaited)
        };
        self.lookups().into_iter().all(useless)
    }

    /// The server lives, and something keeps UDP from it or its answers from here.
    pub fn answers_over_tcp_alone(&self) -> bool {
        let alone = |lookup: &Lookup| matches!(lookup.tcp, Some(OverTcp::Answered(_)));
        self.gives_no_answer() && self.lookups().into_iter().any(alone)
    }
}

impl Lookup {
    pub fn answer(&self) -> Option<&DnsAnswer> {
        match &self.outcome {
            LookupOutcome::Answered(answer) => Some(answer),
            _ => None,
        }
    }
}

impl DnsAnswer {
    /// The chain comes back to a name that it has left.
    pub fn is_loop(&self) -> bool {
        let back = |last: &Cname| self.cnames.iter().any(|link| link.name.eq_ignore_ascii_case(&last.target));
        self.cnames.last().is_some_and(back)
    }
}

impl Rcode {
    /// The mnemonic of the IANA registry.
    pub fn name(self) -> String {
        match self {
            Self::FormErr => "FORMERR".to_owned(),
            Self::NoError => "NOERROR".to_owned(),
            Self::NotImp => "NOTIMP".to_owned(),
            Self::NxDomain => "NXDOMAIN".to_owned(),
            Self::Refused => "REFUSED".to_owned(),
            Self::ServFail => "SERVFAIL".to_owned(),
            Self::Other(number) => format!("RCODE{number}"),
        }
    }
}

impl fmt::Display for TcpTrouble {
    /// As a sentence goes on after "over TCP".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected(outcome) => write!(f, "no connection ({})", outcome.as_str()),
            Self::Closed => f.write_str("a connection that the server closed"),
            Self::TimedOut => f.write_str("none in time"),
            Self::Malformed { message } => f.write_str(message),
        }
    }
}

impl From<&str> for Soa {
    fn from(zone: &str) -> Self {
        Self { zone: zone.to_owned(), ttl: None, minimum: None, serial: None }
    }
}

impl LookupOutcome {
    pub fn after(self, seconds: Seconds) -> Lookup {
        Lookup { outcome: self, seconds, foreign: 0, tcp: None }
    }
}

/// Facts recorded by an earlier version name the zone alone.
fn soa_or_its_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Soa>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Recorded {
        Zone(String),
        Whole(Soa),
    }
    Ok(Option::deserialize(deserializer)?.map(|recorded| match recorded {
        Recorded::Zone(zone) => Soa::from(zone.as_str()),
        Recorded::Whole(soa) => soa,
    }))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
