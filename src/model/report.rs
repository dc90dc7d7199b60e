//! The outcome of a run, as a value that every renderer reads.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{
    difference::Comparison,
    facts::Facts,
    finding::{Finding, Severity, Side, Symptom, Undecided},
    id::{AzId, EndpointId, NetworkInterfaceId},
    known::Known,
    resource::ResourceRef,
    views::Views,
};

/// Facts and what was concluded from them, target by target in the order given.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub facts: Facts,
    pub targets: Vec<TargetReport>,
    /// One entry a cause, with every target it explains.
    pub summary: Vec<SummaryEntry>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TargetReport {
    pub verdict: TargetVerdict,
    /// The code of the first finding, when it explains what fails now.
    pub primary: Option<String>,
    /// As many and in the same order as the facts' addresses.
    pub addresses: Vec<AddressReport>,
    /// Primary first.
    pub findings: Vec<Finding>,
    pub undecided: Vec<Undecided>,
    /// What no finding accounts for.
    pub unexplained: Vec<Unexplained>,
    /// Beside an earlier record of a failing target, where there is one.
    pub comparison: Option<Comparison>,
    /// What everybody says of the name.
    pub views: Views,
}

/// A symptom left over: nobody is accused of it, but it is not passed over either.
#[derive(Clone, Debug, PartialEq)]
pub struct Unexplained {
    pub symptom: Symptom,
    /// What it may still be, as far as the evidence leaves open.
    pub left: String,
    /// What would settle it: commands, or permissions.
    pub settle: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct AddressReport {
    pub ip: IpAddr,
    pub eni: Option<NetworkInterfaceId>,
    pub endpoint: Option<EndpointId>,
    pub az_id: Option<AzId>,
    pub path: Known<PathVerdict>,
    /// What stops its packets, in a few words; where several do, the first on the way and how many more.
    pub blocked_by: Option<String>,
    /// Absent when one of the planes has nothing to say.
    pub cell: Option<Cell>,
    /// The share of this host's ports, from 0 to 1, to which an allowing path drops the replies all the same.
    pub blocked_share: f64,
    /// Every expected phase passed.
    pub healthy: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathVerdict {
    Allow,
    Deny,
}

/// Configuration × packets: what the configuration says of the path, and what became of the SYN.
///
/// A refusal is an answer: it came back over the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cell {
    AllowedAnswered,
    /// The cause lies past what the configuration shows.
    AllowedDropped,
    /// The configuration, as read, is old or incomplete.
    DeniedAnswered,
    /// Both planes agree.
    DeniedDropped,
}

/// About connectivity now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetVerdict {
    /// Every address that clients would use passes every expected phase.
    Healthy,
    /// Some pass, some fail.
    Degraded,
    /// None passes, or the name gives nothing to connect to.
    Down,
    /// Nothing could be tried.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryEntry {
    pub code: String,
    /// The worst among its targets.
    pub severity: Severity,
    pub side: Side,
    /// The thing to change, where there is one.
    pub subject: Option<ResourceRef>,
    pub targets: Vec<String>,
    pub text: String,
}

impl Cell {
    pub const ALL: [Self; 4] =
        [Self::AllowedAnswered, Self::AllowedDropped, Self::DeniedAnswered, Self::DeniedDropped];

    /// As in JSON and in metric labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AllowedAnswered => "allowed-answered",
            Self::AllowedDropped => "allowed-dropped",
            Self::DeniedAnswered => "denied-answered",
            Self::DeniedDropped => "denied-dropped",
        }
    }
}

impl PathVerdict {
    /// As in JSON and in metric labels.
    pub fn word(path: &Known<Self>) -> &'static str {
        match path {
            Known::Known(Self::Allow) => "allow",
            Known::Known(Self::Deny) => "deny",
            Known::Unknown(_) => "undecided",
        }
    }
}

impl TargetVerdict {
    pub const ALL: [Self; 4] = [Self::Healthy, Self::Degraded, Self::Down, Self::Unknown];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }
}
