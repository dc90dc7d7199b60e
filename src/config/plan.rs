//! The file as meant: defaults filled in, contradictions refused.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use super::{
    error::{KeyPath, Problem, TreeFault},
    file::{Aws, Expectation, File, Http, TargetEntry, Tls},
    services,
    spelling::{Near, nearest},
    value::unexpected,
    yaml::Node,
};
use crate::model::target::{Expect, HttpSettings, Protocol, Target, TlsSettings};

/// All that a run needs to know from the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Never empty when it comes from a file; names are unique.
    pub targets: Vec<Target>,
    /// `run` only.
    pub listen: SocketAddr,
    pub inventory: InventoryChoice,
    pub aws: AwsSettings,
    /// The most probes under way at a time; at least 1.
    pub concurrency: usize,
}

/// Where the VPC's configuration comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum InventoryChoice {
    /// The EC2 API when credentials are found, else nothing.
    #[default]
    Auto,
    /// The EC2 API, and it is an error when it cannot be asked.
    Ec2,
    /// Packets only.
    None,
    /// Output of the AWS CLI in files.
    Directory(PathBuf),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsSettings {
    /// Otherwise the environment's, the profile's or the instance's.
    pub region: Option<String>,
    /// The age at which the inventory is fetched anew. `run` only.
    pub refresh: Duration,
    /// The ARN of a role to take before asking.
    pub assume_role: Option<String>,
}

impl Plan {
    pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(30);
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
    pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 10115);
    pub const DEFAULT_CONCURRENCY: u16 = 64;
}

impl Default for Plan {
    /// What holds without a file: no targets yet.
    fn default() -> Self {
        Self {
            targets: Vec::new(),
            listen: Self::DEFAULT_LISTEN,
            inventory: InventoryChoice::default(),
            aws: AwsSettings::default(),
            concurrency: Self::DEFAULT_CONCURRENCY.into(),
        }
    }
}

impl TryFrom<File> for Plan {
    type Error = TreeFault;

    fn try_from(file: File) -> Result<Self, TreeFault> {
        let top = KeyPath::default();
        let pace = Pace::of(&file, &top);
        Ok(Self {
            targets: targets(file.targets, &pace, &top.key("targets"))?,
            listen: file.listen.unwrap_or(Self::DEFAULT_LISTEN),
            inventory: file.inventory.unwrap_or_default(),
            aws: file.aws.map(AwsSettings::from).unwrap_or_default(),
            concurrency: file.concurrency.map_or(Self::DEFAULT_CONCURRENCY, |number| number.0).into(),
        })
    }
}

fn targets(entries: Vec<TargetEntry>, pace: &Pace, path: &KeyPath) -> Result<Vec<Target>, TreeFault> {
    if entries.is_empty() {
        return Err(unexpected(path, "at least one target", &Node::Null));
    }
    let mut targets = Vec::<Target>::with_capacity(entries.len());
    for (index, entry) in entries.into_iter().enumerate() {
        let path = path.index(index);
        if let Some(first) = targets.iter().position(|earlier| earlier.name == entry.name.0) {
            let problem = Problem::DuplicateName { name: entry.name.0, first };
            return Err(TreeFault::at_value(path.key("name"), problem));
        }
        targets.push(target(entry, pace, &path)?);
    }
    Ok(targets)
}

fn target(entry: TargetEntry, pace: &Pace, path: &KeyPath) -> Result<Target, TreeFault> {
    let (interval, timeout) = pace.with(entry.interval, entry.timeout, path).check()?;
    let service = Service::of(&entry, path)?;
    if entry.tls.is_some() && !service.protocol.uses_tls() {
        return Err(service.unused("tls or https", path.key("tls")));
    }
    if entry.http.is_some() && !service.protocol.uses_http() {
        return Err(service.unused("http or https", path.key("http")));
    }
    Ok(Target {
        name: entry.name.0,
        host: entry.host.0,
        port: service.port,
        protocol: service.protocol,
        provider: entry.provider.map(|word| word.0),
        endpoint: entry.endpoint,
        tls: entry.tls.map(|tls| tls_settings(tls, &path.key("tls"))).transpose()?.unwrap_or_default(),
        http: entry.http.map(HttpSettings::from).unwrap_or_default(),
        expect: entry.expect.map(Expect::from).unwrap_or_default(),
        interval,
        timeout,
    })
}

/// How often, and how long at most: a probe must be over when the next one is due.
#[derive(Clone)]
struct Pace {
    interval: Setting,
    timeout: Setting,
}

/// A duration and the key that set it, which is to blame when it fits to nothing else.
#[derive(Clone)]
struct Setting {
    duration: Duration,
    path: KeyPath,
}

impl Pace {
    fn of(file: &File, top: &KeyPath) -> Self {
        let setting = |duration| Setting { duration, path: KeyPath::default() };
        let default =
            Self { interval: setting(Plan::DEFAULT_INTERVAL), timeout: setting(Plan::DEFAULT_TIMEOUT) };
        default.with(file.interval, file.timeout, top)
    }

    fn with(&self, interval: Option<Duration>, timeout: Option<Duration>, path: &KeyPath) -> Self {
        Self {
            interval: self.interval.or(interval, path.key("interval")),
            timeout: self.timeout.or(timeout, path.key("timeout")),
        }
    }

    /// Of two settings that contradict each other, the one nearer to the target is to blame.
    fn check(self) -> Result<(Duration, Duration), TreeFault> {
        let (interval, timeout) = (self.interval.duration, self.timeout.duration);
        if interval >= timeout {
            return Ok((interval, timeout));
        }
        Err(if self.interval.path.0.len() >= self.timeout.path.0.len() {
            TreeFault::at_value(self.interval.path, Problem::IntervalTooShort { interval, timeout })
        } else {
            TreeFault::at_value(self.timeout.path, Problem::TimeoutTooLong { interval, timeout })
        })
    }
}

impl Setting {
    fn or(&self, typed: Option<Duration>, path: KeyPath) -> Self {
        typed.map_or_else(|| self.clone(), |duration| Self { duration, path })
    }
}

/// What is spoken on which port. Each implies the other when only one is given; neither means TLS on 443.
struct Service {
    protocol: Protocol,
    port: u16,
    /// The protocol was not typed but follows from the port.
    implied: bool,
}

impl Service {
    fn of(entry: &TargetEntry, path: &KeyPath) -> Result<Self, TreeFault> {
        let port = entry.port.map(|port| port.0);
        match (entry.protocol, port) {
            (Some(protocol), Some(port)) => Ok(Self { protocol, port, implied: false }),
            (None, Some(port)) => Ok(Self { protocol: services::protocol_on(port), port, implied: true }),
            (None, None) => Ok(Self { protocol: Protocol::Tls, port: 443, implied: false }),
            (Some(protocol), None) => match protocol.default_port() {
                Some(port) => Ok(Self { protocol, port, implied: false }),
                None => Err(TreeFault::at_value(path.clone(), Problem::MissingPort(protocol))),
            },
        }
    }

    fn unused(&self, needs: &'static str, section: KeyPath) -> TreeFault {
        let implied_by = self.implied.then_some(self.port);
        TreeFault::at_key(section, Problem::Unused { protocol: self.protocol, implied_by, needs })
    }
}

fn tls_settings(tls: Tls, path: &KeyPath) -> Result<TlsSettings, TreeFault> {
    let unpaired = |given, needs| Err(TreeFault::at_key(path.key(given), Problem::Unpaired { needs }));
    match (&tls.client_cert, &tls.client_key) {
        (Some(_), None) => unpaired("client_cert", "client_key"),
        (None, Some(_)) => unpaired("client_key", "client_cert"),
        _ => Ok(TlsSettings {
            ca_file: tls.ca_file,
            server_name: tls.server_name.map(|host| host.0),
            client_cert: tls.client_cert,
            client_key: tls.client_key,
        }),
    }
}

impl From<Http> for HttpSettings {
    fn from(http: Http) -> Self {
        let default = Self::default();
        Self {
            path: http.path.map_or(default.path, |path| path.0),
            status: http
                .status
                .map_or(default.status, |statuses| statuses.into_iter().map(|status| status.0).collect()),
            headers: http.headers.map_or(default.headers, |headers| headers.0),
        }
    }
}

impl From<Expectation> for Expect {
    fn from(expectation: Expectation) -> Self {
        Self {
            service: expectation.service.map(|name| name.0),
            min_zones: expectation.min_zones.map(|zones| zones.0.into()),
        }
    }
}

impl From<Aws> for AwsSettings {
    fn from(aws: Aws) -> Self {
        Self {
            region: aws.region.map(|region| region.0),
            refresh: aws.refresh.unwrap_or(Self::DEFAULT_REFRESH),
            assume_role: aws.assume_role.map(|arn| arn.0),
        }
    }
}

impl AwsSettings {
    pub const DEFAULT_REFRESH: Duration = Duration::from_mins(1);
}

impl Default for AwsSettings {
    fn default() -> Self {
        Self { region: None, refresh: Self::DEFAULT_REFRESH, assume_role: None }
    }
}

impl InventoryChoice {
    const WORDS: &[&str] = &["auto", "ec2", "none"];
    pub(super) const EXPECTED: &str = "auto, ec2, none or a directory";
}

/// Also what `--inventory` takes.
impl FromStr for InventoryChoice {
    type Err = Problem;

    /// A word that is nearly one of the choices is a slip, not a directory: `./atuo` would be one.
    fn from_str(text: &str) -> Result<Self, Problem> {
        match text {
            "auto" => Ok(Self::Auto),
            "ec2" => Ok(Self::Ec2),
            "none" => Ok(Self::None),
            "" => Err(Problem::Expected { expected: Self::EXPECTED, found: "nothing".to_owned() }),
            _ => match nearest(text, Self::WORDS) {
                Some(word) => Err(Problem::UnknownWord {
                    expected: Self::EXPECTED,
                    found: text.to_owned(),
                    near: Near::Word(word),
                }),
                None => Ok(Self::Directory(text.into())),
            },
        }
    }
}
