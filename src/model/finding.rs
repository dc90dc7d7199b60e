//! What we say: a cause, how sure we are, whose it is, why, and what would mend it.

use std::{fmt, net::IpAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{
    firewall::{NetworkAclEntry, SecurityGroupRule},
    id::{
        NetworkAclId, RouteTableId, SecurityGroupId, TransitGatewayAttachmentId, TransitGatewayRouteTableId,
    },
    known::Unknown,
    resource::ResourceRef,
    route::RouteTarget,
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
    /// The code of the cause that hides this one: it fails nothing before that is mended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// What is broken, in terms of what an application would notice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Symptom {
    /// The name gives nothing to connect to.
    NameGivesNothing,
    /// This address fails in this phase, in this way.
    AddressFails { ip: IpAddr, phase: Phase, failure: Failure },
}

/// How a phase fails, as far as an application could tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// A fatal TLS alert.
    Alert,
    CertificateName,
    CertificateTrust,
    /// The handshake completed and no certificate could be judged.
    CertificateUnknown,
    CertificateValidity,
    Failed,
    /// This host would not send.
    LocalError,
    NotTls,
    /// An earlier phase left nothing to try.
    NotTried,
    Refused,
    Reset,
    /// An HTTP status that the target does not accept.
    Status,
    TimedOut,
    /// The peer closed before the handshake ended.
    UnexpectedEof,
    /// A router said that it cannot deliver.
    Unreachable,
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
    AddGroupRule {
        group: SecurityGroupId,
        rule: SecurityGroupRule,
    },
    AddAclEntry {
        acl: NetworkAclId,
        entry: NetworkAclEntry,
    },
    AddRoute {
        table: RouteTableId,
        destination: IpNet,
        target: RouteTarget,
    },
    ReplaceRoute {
        table: RouteTableId,
        destination: IpNet,
        target: RouteTarget,
    },
    DeleteRoute {
        table: RouteTableId,
        destination: IpNet,
    },
    /// A static route of a transit gateway; `replaces` one that leads nowhere.
    AddTransitGatewayRoute {
        table: TransitGatewayRouteTableId,
        destination: IpNet,
        attachment: TransitGatewayAttachmentId,
        replaces: bool,
    },
    AssociateTransitGatewayRouteTable {
        table: TransitGatewayRouteTableId,
        attachment: TransitGatewayAttachmentId,
    },
}

/// A question a rule could not answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Undecided {
    pub code: String,
    pub why: Unknown,
}

impl Finding {
    /// The thing to look at, or to change: what makes it the same cause for many targets.
    pub fn subject(&self) -> Option<&ResourceRef> {
        let references = self.evidence.iter().filter_map(|evidence| evidence.reference.as_ref());
        references.into_iter().find(|reference| reference.kind.is_changed())
    }

    /// Whether one change mends both.
    pub fn is_same_cause(&self, other: &Self) -> bool {
        let same_subject = match (self.subject(), other.subject()) {
            (Some(one), Some(other)) => one.is_same_thing(other),
            (None, None) => self.summary == other.summary,
            _ => false,
        };
        self.code == other.code && same_subject
    }
}

impl Layer {
    /// What lies there is read from the configuration, not met by packets.
    pub fn is_configuration(self) -> bool {
        matches!(
            self,
            Self::SourceGroup
                | Self::SourceAcl
                | Self::Route
                | Self::EndpointAcl
                | Self::EndpointGroup
                | Self::Endpoint
        )
    }
}

impl fmt::Display for Symptom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameGivesNothing => f.write_str("the name gives nothing to connect to"),
            Self::AddressFails { ip, phase, failure } => write!(f, "{ip} {}", phrase(*phase, *failure)),
        }
    }
}

/// What happens, to follow an address.
fn phrase(phase: Phase, failure: Failure) -> &'static str {
    match (phase, failure) {
        (Phase::Connect, Failure::TimedOut) => "gives no answer to a SYN",
        (Phase::Connect, Failure::Refused) => "refuses the connection",
        (Phase::Connect, Failure::Unreachable) => "cannot be reached: a router said so",
        (Phase::Connect, _) => "was never sent a packet: this host would not",
        (Phase::Tls, Failure::Alert) => "connects and ends the TLS handshake with an alert",
        (Phase::Tls, Failure::CertificateName) => "presents a certificate for other names",
        (Phase::Tls, Failure::CertificateTrust) => "presents a certificate that this host does not trust",
        (Phase::Tls, Failure::CertificateValidity) => "presents a certificate outside its time of validity",
        (Phase::Tls, Failure::CertificateUnknown) => {
            "completes the handshake with a certificate that cannot be judged"
        }
        (Phase::Tls, Failure::NotTls) => "connects and answers the ClientHello with something that is no TLS",
        (Phase::Tls, Failure::Reset) => "connects and resets the connection during the TLS handshake",
        (Phase::Tls, Failure::TimedOut) => "connects and leaves the ClientHello without an answer",
        (Phase::Tls, Failure::UnexpectedEof) => "connects and closes during the TLS handshake",
        (Phase::Tls, _) => "connects, and the TLS handshake fails",
        (Phase::Http, Failure::Status) => "answers HTTP with a status that this target does not accept",
        (Phase::Http, Failure::TimedOut) => "leaves the HTTP request without an answer",
        (Phase::Http, _) => "connects, and the HTTP exchange fails",
        (Phase::Resolve, _) => "is not resolved",
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
words!(Failure {
    Alert => "alert",
    CertificateName => "certificate-name",
    CertificateTrust => "certificate-trust",
    CertificateUnknown => "certificate-unknown",
    CertificateValidity => "certificate-validity",
    Failed => "failed",
    LocalError => "local-error",
    NotTls => "not-tls",
    NotTried => "not-tried",
    Refused => "refused",
    Reset => "reset",
    Status => "status",
    TimedOut => "timed-out",
    UnexpectedEof => "unexpected-eof",
    Unreachable => "unreachable",
});
words!(Phase { Resolve => "resolve", Connect => "connect", Tls => "tls", Http => "http" });
