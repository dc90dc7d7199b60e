//! What a user names as the two ends of a path, as places.

use std::{fmt, net::IpAddr, str::FromStr};

use crate::{
    analyze::place::Place,
    model::{
        endpoint::{EndpointKind, NetworkInterface, fold},
        id::{EndpointId, InstanceId, NetworkInterfaceId},
        inventory::Inventory,
        known::{Known, Reason, Unknown},
        net::{Flow, PortRange},
        resource::ResourceKind,
    },
};

use super::{Aim, Blocker, Ground, Path, Step, StepKind, StepOutcome, analyze, walk::NAT_PORTS};

/// An end as it is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Address(IpAddr),
    Interface(NetworkInterfaceId),
    Instance(InstanceId),
    Endpoint(EndpointId),
}

/// Why a name is no end of a path. Messages are fragments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndError {
    /// The inventory was read, and it is not there.
    NotFound {
        end: End,
    },
    /// The list it would be in was not read.
    NotRead {
        end: End,
        why: Unknown,
    },
    /// Each with its address and where it stands.
    Ambiguous {
        end: End,
        candidates: Vec<String>,
    },
    /// Nothing that packets come from or go to.
    NoInterface {
        end: End,
        why: &'static str,
    },
    /// One end has only IPv4 addresses, the other only IPv6 ones.
    NoCommonFamily {
        from: End,
        to: End,
    },
    Same {
        ip: IpAddr,
    },
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    pub from: End,
    pub to: End,
    /// IANA number.
    pub protocol: u8,
    pub port: u16,
    /// The client's; otherwise any of its ephemeral range.
    pub source_port: Option<u16>,
}

/// Linux's default: `net.ipv4.ip_local_port_range`.
/// <https://www.kernel.org/doc/html/latest/networking/ip-sysctl.html>
pub const LINUX_PORTS: PortRange = PortRange { from: 32_768, to: 60_999 };

/// <https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports>
const WINDOWS_PORTS: PortRange = PortRange { from: 49_152, to: u16::MAX };

/// The path between two ends.
pub fn between(inventory: &Inventory, question: &Question) -> Result<Path, EndError> {
    let from = match &question.from {
        // A public address stands for the private one behind it.
        End::Address(ip) => holder(inventory, &question.from)?.or_else(|| published(inventory, *ip)),
        _ => holder(inventory, &question.from)?,
    };
    let to = match &question.to {
        End::Address(_) => None,
        named => holder(inventory, named)?,
    };
    let (source_ip, destination_ip) = addresses(question, from, to)?;
    let source = match from {
        Some(eni) => Place::of_interface(source_ip, eni),
        None => outside(inventory, source_ip),
    };
    let aim = match (&question.to, to) {
        // An address is found along the routes.
        (End::Address(_), _) | (_, None) => Aim::Address,
        (_, Some(eni)) => Aim::Interface(Box::new(Place::of_interface(destination_ip, eni))),
    };
    if source_ip == destination_ip {
        return Err(EndError::Same { ip: source_ip });
    }
    let flow = Flow {
        source: source_ip,
        source_ports: question.source_port.map_or_else(|| ephemeral(inventory, from), PortRange::single),
        destination: destination_ip,
        destination_port: question.port,
        protocol: question.protocol,
    };
    let mut path = analyze(inventory, &flow, source, aim);
    if let Some(step) = nobody(inventory, &path) {
        path.steps[0] = step;
    }
    Ok(path)
}

/// From an address inside a VPC that nobody there holds, nobody sends.
fn nobody(inventory: &Inventory, path: &Path) -> Option<Step> {
    let unheld = matches!(&path.source.eni, Known::Unknown(why) if why.reason == Reason::Unheld);
    let vpcs = inventory.vpcs.known().filter(|_| unheld)?;
    let ip = path.flow.source;
    let vpc = vpcs.iter().find(|vpc| vpc.cidrs.iter().any(|cidr| cidr.contains(&ip)))?;
    let what = format!("no interface of {} holds {ip}", vpc.id);
    Some(Step {
        kind: StepKind::SourceInterface,
        outcome: StepOutcome::Deny(Blocker::Unheld),
        ground: Ground::about(ResourceKind::Vpc, &vpc.id, what),
    })
}

fn published(inventory: &Inventory, ip: IpAddr) -> Option<&NetworkInterface> {
    inventory.network_interfaces.known()?.known_as(ip).next().map(AsRef::as_ref)
}

/// An address that no interface of the inventory holds.
fn outside(inventory: &Inventory, ip: IpAddr) -> Place {
    match &inventory.network_interfaces {
        Known::Known(_) => Place::find(inventory, ip, None),
        Known::Unknown(why) => Place::nowhere(ip, why),
    }
}

/// The ports from which the system at this interface begins connections.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports>
fn ephemeral(inventory: &Inventory, from: Option<&NetworkInterface>) -> PortRange {
    let Some(eni) = from else { return LINUX_PORTS };
    let instances = inventory.instances.known();
    let instance = eni.instance.as_ref().and_then(|id| instances?.get(id.as_str()));
    match fold(&eni.kind).as_str() {
        "natgateway" | "lambda" | "loadbalancer" | "networkloadbalancer" => NAT_PORTS,
        _ if instance.is_some_and(|instance| instance.is_windows) => WINDOWS_PORTS,
        _ => LINUX_PORTS,
    }
}

/// The interface that a name stands for; none for an address that no interface holds.
fn holder<'a>(inventory: &'a Inventory, end: &End) -> Result<Option<&'a NetworkInterface>, EndError> {
    let not_read = |why: Unknown| EndError::NotRead { end: end.clone(), why };
    match end {
        End::Address(ip) => match inventory.network_interfaces.ok() {
            Ok(all) => {
                let held: Vec<_> = all.holding(*ip).map(AsRef::as_ref).collect();
                only(end, &held)
            }
            Err(_) => Ok(None),
        },
        End::Interface(id) => {
            inventory.network_interfaces.ok().map_err(not_read)?;
            found(end, inventory.interface(id))
        }
        End::Instance(id) => {
            let all = inventory.network_interfaces.ok().map_err(not_read)?;
            let own: Vec<_> = all.linked(id.as_str()).map(AsRef::as_ref).collect();
            found(end, only(end, &own)?)
        }
        End::Endpoint(id) => {
            let endpoints = inventory.vpc_endpoints.ok().map_err(not_read)?;
            let endpoint = found(end, endpoints.get(id.as_str()).map(AsRef::as_ref))?;
            if let Some(endpoint) = endpoint
                && endpoint.kind == EndpointKind::Gateway
            {
                let why = "it is a gateway endpoint; name an address of its service";
                return Err(EndError::NoInterface { end: end.clone(), why });
            }
            let interfaces = inventory.network_interfaces.ok().map_err(not_read)?;
            let ids = endpoint.map_or(&[][..], |endpoint| &endpoint.network_interfaces);
            let own: Vec<_> =
                ids.iter().filter_map(|id| interfaces.get(id.as_str())).map(AsRef::as_ref).collect();
            if own.is_empty() {
                let why = "the inventory has none of it";
                return Err(EndError::NoInterface { end: end.clone(), why });
            }
            only(end, &own)
        }
    }
}

fn found<'a, T>(end: &End, found: Option<&'a T>) -> Result<Option<&'a T>, EndError> {
    if found.is_none() { Err(EndError::NotFound { end: end.clone() }) } else { Ok(found) }
}

fn only<'a>(end: &End, all: &[&'a NetworkInterface]) -> Result<Option<&'a NetworkInterface>, EndError> {
    match all {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        many => {
            let tell = |eni: &&NetworkInterface| {
                let addresses: Vec<_> = eni.addresses.iter().map(ToString::to_string).collect();
                format!("{} ({}, {}, {})", eni.id, addresses.join(" "), eni.subnet, eni.vpc)
            };
            let candidates = many.iter().map(tell).collect();
            Err(EndError::Ambiguous { end: end.clone(), candidates })
        }
    }
}

/// The addresses that the two ends talk by: as named, otherwise of one family, IPv4 first.
fn addresses(
    question: &Question,
    from: Option<&NetworkInterface>,
    to: Option<&NetworkInterface>,
) -> Result<(IpAddr, IpAddr), EndError> {
    let own = |end: &End, eni: Option<&NetworkInterface>| match end {
        End::Address(ip) => {
            let behind = eni.and_then(|eni| eni.public_addresses.iter().find(|one| one.public_ip == *ip));
            vec![behind.map_or(*ip, |one| one.private_ip)]
        }
        _ => eni.map(|eni| eni.addresses.clone()).unwrap_or_default(),
    };
    let (sources, destinations) = (own(&question.from, from), own(&question.to, to));
    let pair = |v4: bool| {
        let of_family = |all: &[IpAddr]| all.iter().copied().find(|ip| ip.is_ipv4() == v4);
        Some((of_family(&sources)?, of_family(&destinations)?))
    };
    let missing = || EndError::NoCommonFamily { from: question.from.clone(), to: question.to.clone() };
    pair(true).or_else(|| pair(false)).ok_or_else(missing)
}

impl FromStr for End {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(ip) = text.parse() {
            return Ok(Self::Address(ip));
        }
        match text.split_once('-') {
            Some(("vpce", rest)) if rest.starts_with("svc-") => Err(not_an_end(text)),
            Some(("eni", _)) => Ok(Self::Interface(text.into())),
            Some(("i", _)) => Ok(Self::Instance(text.into())),
            Some(("vpce", _)) => Ok(Self::Endpoint(text.into())),
            _ => Err(not_an_end(text)),
        }
    }
}

const EXPECTED: &str =
    "expected an IP address, or the id of an interface (eni-…), an instance (i-…) or an endpoint (vpce-…)";

/// Ids of what packets do not come from or go to.
const OTHER_IDS: [&str; 11] = ["acl", "igw", "nat", "pcx", "pl", "rtb", "sg", "subnet", "tgw", "vpc", "vpce"];

/// With what is meant instead, as far as that can be guessed.
fn not_an_end(text: &str) -> String {
    if text.parse::<ipnet::IpNet>().is_ok() {
        return format!("one address, not a range; {EXPECTED}");
    }
    match text.split_once('-') {
        Some((prefix, _)) if OTHER_IDS.contains(&prefix) => {
            format!("nothing is sent from or to {text} itself; {EXPECTED}")
        }
        Some((prefix, rest)) => {
            let near = ["eni", "i", "vpce"].into_iter().find(|id| strsim::osa_distance(prefix, id) == 1);
            near.map_or_else(|| EXPECTED.to_owned(), |near| format!("did you mean {near}-{rest}?"))
        }
        None if text.contains('.') => format!("names are not resolved here; {EXPECTED}"),
        None => EXPECTED.to_owned(),
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(ip) => ip.fmt(f),
            Self::Interface(id) => id.fmt(f),
            Self::Instance(id) => id.fmt(f),
            Self::Endpoint(id) => id.fmt(f),
        }
    }
}

impl fmt::Display for EndError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { end } => write!(f, "the inventory has no {end}"),
            Self::NotRead { end, why } => {
                write!(f, "{end} cannot be looked up: {} ({})", why.missing, why.reason.describe())
            }
            Self::Ambiguous { end, candidates } => {
                write!(f, "{end} is several interfaces; name one of them:\n  {}", candidates.join("\n  "))
            }
            Self::NoInterface { end, why } => write!(f, "{end} has no interface to reach: {why}"),
            Self::NoCommonFamily { from, to } => {
                write!(f, "{from} and {to} have no addresses of one family, IPv4 or IPv6")
            }
            Self::Same { ip } => {
                write!(f, "both ends are {ip}: what an interface says to itself meets nothing")
            }
        }
    }
}

impl std::error::Error for EndError {}
