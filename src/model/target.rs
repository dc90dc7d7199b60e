//! What a user asks about: a name, a port and how to talk to it.

use std::{fmt, net::IpAddr, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize, Serializer};

use super::id::EndpointId;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Unique among the targets of a run; the label in metrics.
    pub name: String,
    /// A host name or an address literal, as written.
    pub host: String,
    pub port: u16,
    pub protocol: Protocol,
    pub provider: Option<String>,
    /// The endpoint it must lead to.
    pub endpoint: Option<EndpointId>,
    pub tls: TlsSettings,
    pub http: HttpSettings,
    pub expect: Expect,
    /// `run` only.
    pub interval: Duration,
    /// One probe, all phases.
    pub timeout: Duration,
}

/// How far a probe goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    Http,
    Https,
    Tcp,
    Tls,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsSettings {
    /// PEM certificates to trust besides the host's own.
    pub ca_file: Option<PathBuf>,
    /// SNI and the name to verify; the target's host by default.
    pub server_name: Option<String>,
    pub client_cert: Option<PathBuf>,
    pub client_key: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpSettings {
    pub path: String,
    /// Statuses that mean healthy. Empty: any answer but a server error (RFC 9110 section 15.6).
    pub status: Vec<u16>,
    /// Values may be credentials, and recordings are handed on: names alone are written out.
    #[serde(serialize_with = "names_alone")]
    pub headers: Vec<(String, String)>,
}

/// What the user says must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expect {
    pub service: Option<String>,
    pub min_zones: Option<u32>,
}

/// Stands for a header's value in a recording.
const HIDDEN: &str = "<hidden>";

fn names_alone<S: Serializer>(headers: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(headers.iter().map(|(name, _)| (name, HIDDEN)))
}

impl Target {
    pub fn literal(&self) -> Option<IpAddr> {
        self.host.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    /// The name for SNI and verification.
    pub fn server_name(&self) -> &str {
        self.tls.server_name.as_deref().unwrap_or(&self.host)
    }

    /// `host:port`, with brackets around an IPv6 literal.
    pub fn authority(&self) -> String {
        match self.literal() {
            Some(IpAddr::V6(ip)) => format!("[{ip}]:{}", self.port),
            _ => format!("{}:{}", self.host, self.port),
        }
    }
}

impl Protocol {
    pub const ALL: [Self; 4] = [Self::Http, Self::Https, Self::Tcp, Self::Tls];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    pub fn default_port(self) -> Option<u16> {
        match self {
            Self::Http => Some(80),
            Self::Https | Self::Tls => Some(443),
            Self::Tcp => None,
        }
    }

    pub fn uses_tls(self) -> bool {
        matches!(self, Self::Https | Self::Tls)
    }

    pub fn uses_http(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self { path: "/".to_owned(), status: Vec::new(), headers: Vec::new() }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_values_are_not_written_out() {
        let headers = vec![("Authorization".to_owned(), "Bearer abc".to_owned())];
        let written = serde_json::to_string(&HttpSettings { headers, ..HttpSettings::default() }).unwrap();
        assert!(!written.contains("abc"), "{written}");
        let read: HttpSettings = serde_json::from_str(&written).unwrap();
        assert_eq!(read.headers, [("Authorization".to_owned(), HIDDEN.to_owned())]);
    }
}
