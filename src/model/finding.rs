//! What we say: a cause, how sure we are, whose it is, why, and what would mend it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{
    firewall::{Direction, NetworkAclEntry, SecurityGroupRule},
    id::{NetworkAclId, SecurityGroupId},
    known::Unknown,
    resource::ResourceRef,
    time::Timestamp,
};

/// The registered form of a finding: one static per code, made by `declare_finding!`.
#[derive(Debug)]
pub struct FindingMeta {
    /// Kebab-case, the cause's name; never reused.
    pub code: &'static str,
    /// One line for lists.
    pub title: &'static str,
    /// The long text, in the sections that `explain` prints.
    pub documentation: &'static str,
    pub severity: Severity,
    pub side: Side,
    /// The version that introduced the code.
    pub since: &'static str,
    /// Where on the way from the application to the service the cause sits: breaks ties, nearest first.
    pub layer: Layer,
}

/// A cause found for one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub code: String,
    pub severity: Severity,
    pub confidence: Confidence,
    pub side: Side,
    pub layer: Layer,
    pub summary: String,
    pub evidence: Vec<Evidence>,
    pub fixes: Vec<Fix>,
    /// The symptoms it accounts for. An error accounts for at least one.
    pub explains: Vec<Symptom>,
    /// When it began, where cycles are compared: `run` knows, a single `check` does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// What is broken, in terms of what an application would notice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Symptom {
    /// The name gives nothing to connect to.
    NameGivesNothing,
    /// This address fails in this phase.
    AddressFails { ip: IpAddr, phase: Phase },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    Resolve,
    Connect,
    Tls,
    Http,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Fails later, or is a risk.
    Warning,
    /// Explains something that fails now.
    Error,
}

/// How strongly the evidence binds the cause to the symptom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// A hypothesis that nothing contradicts.
    Possible,
    /// Fits everything seen; something unseen could still be the cause.
    Likely,
    /// Configuration and packets agree, or the evidence is conclusive by itself.
    Confirmed,
}

/// Who has to change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    Client,
    ConsumerVpc,
    Endpoint,
    Provider,
    Tool,
}

/// Order along the way of a connection, nearest to the application first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    Host,
    Dns,
    SourceGroup,
    SourceAcl,
    Route,
    EndpointAcl,
    EndpointGroup,
    Endpoint,
    Provider,
    Tls,
    Http,
    Tool,
}

/// One observed fact and where to see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub fact: String,
    #[serde(rename = "ref")]
    pub reference: Option<ResourceRef>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    pub text: String,
    /// An AWS CLI or shell command, ready to run.
    pub cli: Option<String>,
    pub terraform: Option<String>,
    /// The same change as a value, so that it can be applied to the inventory in memory.
    pub change: Option<Change>,
    /// Set only after the change was applied to the inventory and the path then passed.
    pub verified: bool,
}

/// A change to the inventory that a fix proposes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    AddGroupRule { group: SecurityGroupId, rule: SecurityGroupRule },
    AddAclEntry { acl: NetworkAclId, entry: NetworkAclEntry },
}

/// A question a rule could not answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Undecided {
    pub code: String,
    pub why: Unknown,
}

impl Change {
    pub fn direction(&self) -> Direction {
        match self {
            Self::AddGroupRule { rule, .. } => rule.direction,
            Self::AddAclEntry { entry, .. } => entry.direction,
        }
    }
}

impl Evidence {
    pub fn new(fact: impl Into<String>) -> Self {
        Self { fact: fact.into(), reference: None }
    }

    pub fn of(fact: impl Into<String>, reference: ResourceRef) -> Self {
        Self { fact: fact.into(), reference: Some(reference) }
    }
}

impl Fix {
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), cli: None, terraform: None, change: None, verified: false }
    }

    #[must_use]
    pub fn cli(mut self, command: impl Into<String>) -> Self {
        self.cli = Some(command.into());
        self
    }

    #[must_use]
    pub fn terraform(mut self, source: impl Into<String>) -> Self {
        self.terraform = Some(source.into());
        self
    }

    #[must_use]
    pub fn change(mut self, change: Change) -> Self {
        self.change = Some(change);
        self
    }
}

macro_rules! words {
    ($type:ident { $($variant:ident => $word:literal),* $(,)? }) => {
        impl $type {
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As in JSON and in metric labels.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    };
}

words!(Severity { Info => "info", Warning => "warning", Error => "error" });
words!(Confidence { Possible => "possible", Likely => "likely", Confirmed => "confirmed" });
words!(Side {
    Client => "client",
    ConsumerVpc => "consumer-vpc",
    Endpoint => "endpoint",
    Provider => "provider",
    Tool => "tool",
});
words!(Phase { Resolve => "resolve", Connect => "connect", Tls => "tls", Http => "http" });
