//! Words of the network that more than one part of the vocabulary needs.

use std::{fmt, net::IpAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// IANA protocol numbers we name.
/// <https://www.iana.org/assignments/protocol-numbers>
pub const ICMP: u8 = 1;
pub const TCP: u8 = 6;
pub const UDP: u8 = 17;
pub const ICMPV6: u8 = 58;

/// What a firewall rule says about the protocol: EC2's `IpProtocol` and `Protocol` fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProtocolMatch {
    /// `-1`: every protocol, every port.
    All,
    /// One IANA protocol number.
    Number(u8),
}

/// An inclusive range of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PortRange {
    pub from: u16,
    pub to: u16,
}

/// The fate of one TCP flow is asked with these five values; the client's port is a range because
/// the kernel draws it anew for every connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    pub source: IpAddr,
    /// Ports the client may use, `net.ipv4.ip_local_port_range` on Linux.
    pub source_ports: PortRange,
    pub destination: IpAddr,
    pub destination_port: u16,
    /// IANA number.
    pub protocol: u8,
}

impl PortRange {
    pub const ALL: Self = Self { from: 0, to: u16::MAX };

    pub fn single(port: u16) -> Self {
        Self { from: port, to: port }
    }

    pub fn contains(self, port: u16) -> bool {
        (self.from..=self.to).contains(&port)
    }

    pub fn len(self) -> u32 {
        if self.from > self.to { 0 } else { u32::from(self.to) - u32::from(self.from) + 1 }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl ProtocolMatch {
    /// EC2 writes `-1`, a name (`tcp`) or a decimal string (`6`).
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html>
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "-1" | "all" => Some(Self::All),
            "tcp" => Some(Self::Number(TCP)),
            "udp" => Some(Self::Number(UDP)),
            "icmp" => Some(Self::Number(ICMP)),
            "icmpv6" => Some(Self::Number(ICMPV6)),
            number => number.parse().ok().map(Self::Number),
        }
    }

    pub fn covers(self, protocol: u8) -> bool {
        match self {
            Self::All => true,
            Self::Number(number) => number == protocol,
        }
    }
}

/// The whole network that holds exactly this address.
pub fn host_net(ip: IpAddr) -> IpNet {
    IpNet::from(ip)
}

/// Whether the public internet does *not* route this address: private (RFC 1918), shared
/// (RFC 6598), unique local (RFC 4193), loopback or link-local.
pub fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to { write!(f, "{}", self.from) } else { write!(f, "{}-{}", self.from, self.to) }
    }
}

impl fmt::Display for ProtocolMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Number(TCP) => f.write_str("tcp"),
            Self::Number(UDP) => f.write_str("udp"),
            Self::Number(ICMP) => f.write_str("icmp"),
            Self::Number(ICMPV6) => f.write_str("icmpv6"),
            Self::Number(other) => write!(f, "protocol {other}"),
        }
    }
}
