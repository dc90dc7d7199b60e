//! What a port or a scheme says about the protocol behind it. This table is the only place that does.

use thiserror::Error;

use crate::model::target::Protocol;

/// Ports whose customary service begins in plain text or never leaves it, so that a TLS handshake at once
/// would fail against a healthy server. Every other port is taken for TLS, the rule behind an interface endpoint.
/// Numbers: IANA Service Name and Transport Protocol Port Number Registry, except 9092 and 27017, which
/// are the defaults of Apache Kafka and `MongoDB`.
const PLAIN: [(u16, Protocol); 11] = [
    (22, Protocol::Tcp),    // ssh
    (25, Protocol::Tcp),    // smtp
    (53, Protocol::Tcp),    // domain
    (80, Protocol::Http),   // http
    (389, Protocol::Tcp),   // ldap
    (1883, Protocol::Tcp),  // mqtt
    (3306, Protocol::Tcp),  // mysql
    (5432, Protocol::Tcp),  // postgresql: TLS only after a request in plain text
    (6379, Protocol::Tcp),  // redis
    (9092, Protocol::Tcp),  // kafka
    (27017, Protocol::Tcp), // mongodb
];

/// Schemes that people type and that have no probe here, their default port, and the nearest probe.
const UNSPOKEN: [(&str, u16, Protocol); 21] = [
    ("amqp", 5672, Protocol::Tcp),
    ("amqps", 5671, Protocol::Tls),
    ("grpc", 443, Protocol::Tls),
    ("grpcs", 443, Protocol::Tls),
    ("kafka", 9092, Protocol::Tcp),
    ("ldap", 389, Protocol::Tcp),
    ("ldaps", 636, Protocol::Tls),
    ("mongodb", 27017, Protocol::Tcp),
    ("mqtt", 1883, Protocol::Tcp),
    ("mqtts", 8883, Protocol::Tls),
    ("mysql", 3306, Protocol::Tcp),
    ("postgres", 5432, Protocol::Tcp),
    ("postgresql", 5432, Protocol::Tcp),
    ("redis", 6379, Protocol::Tcp),
    ("rediss", 6379, Protocol::Tls),
    ("smtp", 25, Protocol::Tcp),
    ("smtps", 465, Protocol::Tls),
    ("ssh", 22, Protocol::Tcp),
    ("taos", 6030, Protocol::Tcp),
    ("ws", 80, Protocol::Http),
    ("wss", 443, Protocol::Https),
];

/// The words for [`Protocol::ALL`].
pub(super) const SPOKEN: &[&str] = &["http", "https", "tcp", "tls"];

/// A protocol that is known by name only. The connection under it can be tested all the same.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("protocol {name} is not spoken yet; {instead} tests the connection under it")]
pub struct Unspoken {
    pub name: &'static str,
    /// As to be typed: `tcp://db.example:5432`, or `protocol: tcp` in a file.
    pub instead: String,
}

/// The protocol of a target for which only a port was given.
pub(super) fn protocol_on(port: u16) -> Protocol {
    PLAIN.iter().find(|(plain, _)| *plain == port).map_or(Protocol::Tls, |(_, protocol)| *protocol)
}

/// The scheme's own spelling, its default port, and what to use instead of it.
pub(super) fn unspoken(scheme: &str) -> Option<(&'static str, u16, Protocol)> {
    UNSPOKEN.iter().find(|(name, _, _)| scheme.eq_ignore_ascii_case(name)).copied()
}

/// `tls`, `https`, … in whatever letter case.
pub(super) fn spoken(scheme: &str) -> Option<Protocol> {
    Protocol::ALL.into_iter().find(|protocol| scheme.eq_ignore_ascii_case(protocol.as_str()))
}

/// `host:port`, with brackets around an IPv6 literal.
pub(super) fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_protocol_of_the_model_is_spoken() {
        assert_eq!(Protocol::ALL.map(Protocol::as_str), *SPOKEN);
    }

    #[test]
    fn only_customary_plain_ports_are_not_tls() {
        assert_eq!(protocol_on(443), Protocol::Tls);
        assert_eq!(protocol_on(19530), Protocol::Tls);
        assert_eq!(protocol_on(80), Protocol::Http);
        assert_eq!(protocol_on(5432), Protocol::Tcp);
    }

    #[test]
    fn the_example_lists_the_plain_ports() {
        let tcp: Vec<String> = PLAIN
            .iter()
            .filter(|(_, protocol)| *protocol == Protocol::Tcp)
            .map(|(port, _)| port.to_string())
            .collect();
        let (last, others) = tcp.split_last().unwrap();
        let sentence = format!("{} and {last} (all tcp) and 80 (http)", others.join(", "));
        assert!(include_str!("../../config/vpce-doctor.yaml").contains(&sentence), "{sentence}");
    }

    #[test]
    fn tables_are_sorted_and_do_not_overlap() {
        assert!(PLAIN.is_sorted_by(|a, b| a.0 < b.0));
        assert!(UNSPOKEN.is_sorted_by(|a, b| a.0 < b.0));
        assert!(UNSPOKEN.iter().all(|(name, _, _)| spoken(name).is_none()));
    }
}
