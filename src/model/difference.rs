//! What is not as it was when all was well: an earlier record of a target beside today's.

use serde::{Deserialize, Serialize};

use super::{report::TargetVerdict, resource::ResourceRef, time::Timestamp};

/// Two records of one target, side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// When the earlier record was made.
    pub with: Timestamp,
    /// How the target fared then. Nothing when the earlier record does not have it.
    pub verdict: Option<TargetVerdict>,
    /// Oldest first where times are known, then in the order of the way from the host to the provider.
    pub differences: Vec<Difference>,
    /// What one side does not know, each with the reason: no change is claimed of it, and none excluded.
    pub not_compared: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub kind: DifferenceKind,
    /// In one phrase: `sg-vpce inbound lost tcp/443 from sg-app`.
    pub fact: String,
    pub before: Option<String>,
    pub after: Option<String>,
    /// What it is in.
    pub reference: Option<ResourceRef>,
    /// Ids, addresses and names that came or went, or moved: a finding that mentions one of them rests on something
    /// that changed.
    pub subjects: Vec<String>,
    /// Since when, where something tells: a certificate, an endpoint, or a daemon that saw it first.
    pub since: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DifferenceKind {
    /// What the name gives.
    Addresses,
    Certificate,
    /// Which endpoint the name leads to; one that is new or gone.
    Endpoint,
    EndpointInterface,
    EndpointState,
    HostsFile,
    /// The groups that an interface wears.
    InterfaceGroups,
    /// The servers that are asked, and whether each answers.
    NameServers,
    /// Which ACL a subnet has.
    NetworkAcl,
    NetworkAclEntry,
    PeeringConnection,
    PrefixList,
    PrivateDns,
    Route,
    /// Which table a subnet has.
    RouteTable,
    SecurityGroupRule,
    /// From where the questions are asked.
    Vantage,
    VpcDns,
}

impl Comparison {
    /// Oldest first; what has no time keeps its place behind them.
    pub fn sort(&mut self) {
        self.differences.sort_by_key(|difference| (difference.since.is_none(), difference.since));
    }
}

impl Difference {
    pub fn new(kind: DifferenceKind, fact: impl Into<String>) -> Self {
        Self {
            kind,
            fact: fact.into(),
            before: None,
            after: None,
            reference: None,
            subjects: Vec::new(),
            since: None,
        }
    }

    #[must_use]
    pub fn from(mut self, before: impl Into<String>) -> Self {
        self.before = Some(before.into());
        self
    }

    #[must_use]
    pub fn to(mut self, after: impl Into<String>) -> Self {
        self.after = Some(after.into());
        self
    }

    #[must_use]
    pub fn at(mut self, reference: ResourceRef) -> Self {
        self.reference = Some(reference);
        self
    }

    #[must_use]
    pub fn about(mut self, subjects: impl IntoIterator<Item = impl ToString>) -> Self {
        self.subjects.extend(subjects.into_iter().map(|subject| subject.to_string()));
        self
    }
}

impl DifferenceKind {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Addresses => "addresses",
            Self::Certificate => "certificate",
            Self::Endpoint => "endpoint",
            Self::EndpointInterface => "endpoint-interface",
            Self::EndpointState => "endpoint-state",
            Self::HostsFile => "hosts-file",
            Self::InterfaceGroups => "interface-groups",
            Self::NameServers => "name-servers",
            Self::NetworkAcl => "network-acl",
            Self::NetworkAclEntry => "network-acl-entry",
            Self::PeeringConnection => "peering-connection",
            Self::PrefixList => "prefix-list",
            Self::PrivateDns => "private-dns",
            Self::Route => "route",
            Self::RouteTable => "route-table",
            Self::SecurityGroupRule => "security-group-rule",
            Self::Vantage => "vantage",
            Self::VpcDns => "vpc-dns",
        }
    }
}
