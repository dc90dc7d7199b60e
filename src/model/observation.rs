//! What came back from the network: connections, handshakes, answers.

use std::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize};

use super::{
    known::Known,
    time::{Seconds, Timestamp},
};

/// One address and how far a connection to it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AddressProbe {
    pub ip: IpAddr,
    /// Whether an application on this host would use it; otherwise it was tried for comparison.
    pub used: bool,
    /// The kernel's choice of source address towards it.
    pub source_ip: Known<IpAddr>,
    pub tcp: TcpProbe,
    /// Absent when the protocol has no TLS.
    pub tls: Option<TlsProbe>,
    /// Absent when the protocol has no HTTP.
    pub http: Option<HttpProbe>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TcpProbe {
    pub outcome: TcpOutcome,
    pub seconds: Seconds,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TcpOutcome {
    Connected {
        source_port: u16,
    },
    /// A RST came back, or an ICMP error that the kernel reports as a refusal.
    Refused {
        icmp: Option<IcmpError>,
    },
    /// Nothing came back. `syns`: how many were sent, when the kernel told. `unsent`: the kernel told as well
    /// that it could not put them on the wire.
    TimedOut {
        syns: Option<u32>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unsent: bool,
    },
    /// The network said no.
    Unreachable {
        icmp: Option<IcmpError>,
        errno: i32,
    },
    /// This host refused to send: no packet left it.
    LocalError {
        errno: i32,
        message: String,
    },
}

/// An ICMP error and who sent it, from the socket's error queue (`IP_RECVERR`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IcmpError {
    pub kind: u8,
    pub code: u8,
    pub from: Option<IpAddr>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TlsProbe {
    pub outcome: TlsOutcome,
    pub seconds: Seconds,
    /// The name sent (SNI) and verified.
    pub server_name: String,
    /// The chain as presented, leaf first, also when it did not verify.
    pub chain: Vec<Certificate>,
    /// Apart from the handshake's outcome: an expired certificate still shakes hands. Unknown when no chain came.
    pub verification: Known<Verification>,
    /// `TLSv1.3`
    pub version: Option<String>,
    /// The server sent a `CertificateRequest` (RFC 8446 section 4.3.2).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub client_certificate_requested: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsOutcome {
    /// TCP failed first.
    NotTried,
    Completed,
    /// The peer sent a fatal alert (RFC 8446 section 6), by its IANA name: `unrecognized_name`.
    Alert {
        description: String,
    },
    /// Bytes came that are no TLS record. `head`: the first of them, as text where printable.
    NotTls {
        head: String,
    },
    /// The peer closed before the handshake ended.
    UnexpectedEof,
    Reset,
    TimedOut,
    /// This side could not go on: no common version, unusable client certificate, ….
    Failed {
        message: String,
    },
}

/// The facts of one certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    pub subject: String,
    pub issuer: String,
    /// `subjectAltName` entries: DNS names and addresses.
    pub names: Vec<String>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// Hexadecimal SHA-256 of the DER form.
    pub fingerprint: String,
}

/// The three questions that a verifier asks, answered one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    pub name: Verdict,
    pub validity: Verdict,
    pub trust: Verdict,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Passed,
    /// In the verifier's words.
    Failed {
        reason: String,
    },
    /// An earlier failure kept the verifier from asking.
    NotAsked,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HttpProbe {
    pub outcome: HttpOutcome,
    pub seconds: Seconds,
    /// What an answer of 403 says of its reason, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denial: Option<HttpDenial>,
}

/// The reason of a 403, as far as it tells whether the way is to blame. Nothing else of the answer is kept: it may
/// name people and their resources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpDenial {
    /// `x-amzn-errortype`, by which AWS services name their exceptions: `ForbiddenException`.
    pub error_type: Option<String>,
    /// What is said of a policy of the VPC endpoint: `no VPC endpoint policy allows the s3:GetObject action`.
    pub endpoint_policy: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HttpOutcome {
    /// TCP or TLS failed first.
    NotTried,
    Answered {
        status: u16,
    },
    TimedOut,
    Failed {
        message: String,
    },
}

impl AddressProbe {
    /// What became of the packets, in one phrase: `tcp/443 to 10.0.2.20: no answer to 3 SYNs in 3.0 s`.
    pub fn told(&self, port: u16) -> String {
        format!("tcp/{port} to {}: {}", self.ip, self.tcp)
    }
}

impl fmt::Display for TcpProbe {
    /// What a connection attempt came to: `no answer to 3 SYNs in 3.0 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.seconds;
        match &self.outcome {
            TcpOutcome::Connected { .. } => write!(f, "connected in {seconds}"),
            TcpOutcome::Refused { icmp: None } => write!(f, "refused with a RST in {seconds}"),
            TcpOutcome::Refused { icmp: Some(icmp) } => write!(f, "refused with {icmp}"),
            TcpOutcome::TimedOut { syns: Some(syns), unsent: true } => {
                write!(f, "{syns} SYNs in {seconds}, and this host sent none of them")
            }
            TcpOutcome::TimedOut { syns: Some(1), .. } => write!(f, "no answer to 1 SYN in {seconds}"),
            TcpOutcome::TimedOut { syns: Some(syns), .. } => {
                write!(f, "no answer to {syns} SYNs in {seconds}")
            }
            TcpOutcome::TimedOut { syns: None, .. } => write!(f, "no answer in {seconds}"),
            TcpOutcome::Unreachable { icmp: Some(icmp), .. } => write!(f, "unreachable: {icmp}"),
            TcpOutcome::Unreachable { icmp: None, errno } => write!(f, "unreachable (errno {errno})"),
            TcpOutcome::LocalError { message, .. } => write!(f, "this host could not send: {message}"),
        }
    }
}

impl fmt::Display for IcmpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ICMP type {} code {}", self.kind, self.code)?;
        match self.from {
            Some(from) => write!(f, " from {from}"),
            None => Ok(()),
        }
    }
}

impl TcpOutcome {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Connected { .. } => "connected",
            Self::Refused { .. } => "refused",
            Self::TimedOut { .. } => "timed-out",
            Self::Unreachable { .. } => "unreachable",
            Self::LocalError { .. } => "local-error",
        }
    }

    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }
}

impl TlsOutcome {
    /// How the message of [`TlsOutcome::Failed`] begins when the server chose a version that this side refuses.
    pub const NO_COMMON_VERSION: &str = "no TLS version in common";

    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NotTried => "not-tried",
            Self::Completed => "completed",
            Self::Alert { .. } => "alert",
            Self::NotTls { .. } => "not-tls",
            Self::UnexpectedEof => "unexpected-eof",
            Self::Reset => "reset",
            Self::TimedOut => "timed-out",
            Self::Failed { .. } => "failed",
        }
    }
}

impl TlsProbe {
    /// The handshake completed and the certificate verified.
    pub fn passed(&self) -> bool {
        self.outcome == TlsOutcome::Completed && self.verification.known().is_some_and(Verification::passed)
    }

    pub fn leaf(&self) -> Option<&Certificate> {
        self.chain.first()
    }
}

impl Verification {
    pub fn passed(&self) -> bool {
        [&self.name, &self.validity, &self.trust].into_iter().all(|verdict| *verdict == Verdict::Passed)
    }
}

impl HttpOutcome {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NotTried => "not-tried",
            Self::Answered { .. } => "answered",
            Self::TimedOut => "timed-out",
            Self::Failed { .. } => "failed",
        }
    }
}

impl HttpDenial {
    /// API Gateway itself refuses, before any API of the user's is asked: it does not serve that API here. A private
    /// API's own policy denies otherwise (`AccessDeniedException`).
    pub fn is_of_api_gateway(&self) -> bool {
        self.error_type.as_deref() == Some("ForbiddenException")
    }
}
