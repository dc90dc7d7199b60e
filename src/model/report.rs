//! The outcome of a run, as a value that every renderer reads.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{
    difference::Comparison,
    facts::Facts,
    finding::{Finding, Symptom, Undecided},
    id::{AzId, EndpointId, NetworkInterfaceId},
    known::Known,
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
    pub unexplained: Vec<Symptom>,
    /// Beside an earlier record of a failing target, where there is one.
    pub comparison: Option<Comparison>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct AddressReport {
    pub ip: IpAddr,
    pub eni: Option<NetworkInterfaceId>,
    pub endpoint: Option<EndpointId>,
    pub az_id: Option<AzId>,
    pub path: Known<PathVerdict>,
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
    pub targets: Vec<String>,
    pub text: String,
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
