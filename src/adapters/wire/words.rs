//! Values inside records: networks, ports, protocols, points in time.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{Flag, Int, Notes, Text};
use crate::model::{
    endpoint::fold,
    firewall::Direction,
    net::{PortRange, ProtocolMatch, TCP, UDP, host_net},
    time::Timestamp,
};

/// A CIDR in canonical form; a bare address means itself.
pub(super) fn cidr(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse::<IpNet>()
        .map(|net| net.trunc())
        .or_else(|_| text.parse::<IpAddr>().map(host_net))
        .map_err(|_| format!("\"{text}\" is not a CIDR"))
}

/// The CIDRs that could be read; a note for each that could not.
pub(super) fn cidrs(texts: impl IntoIterator<Item = Text>, notes: &mut Notes) -> Vec<IpNet> {
    let mut nets = Vec::new();
    for text in texts.into_iter().filter_map(|text| text.0) {
        if let Some(net) = notes.need(cidr(&text))
            && !nets.contains(&net)
        {
            nets.push(net);
        }
    }
    nets
}

pub(super) fn address(text: &str) -> Result<IpAddr, String> {
    text.trim().parse().map_err(|_| format!("\"{text}\" is not an IP address"))
}

pub(super) fn protocol(text: &Text) -> Result<ProtocolMatch, String> {
    let text = text.0.as_deref().ok_or("a rule without a protocol")?;
    ProtocolMatch::parse(text.trim()).ok_or_else(|| format!("protocol \"{text}\" is unknown"))
}

/// Only TCP and UDP rules have ports. EC2 leaves both ends out, or writes `-1`, for "every port"; for
/// ICMP the same two fields carry type and code, which no port compares with.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html>
pub(super) fn ports(protocol: ProtocolMatch, from: Int, to: Int) -> Result<PortRange, String> {
    if !matches!(protocol, ProtocolMatch::Number(TCP | UDP)) {
        return Ok(PortRange::ALL);
    }
    let given = |end: Int| end.0.filter(|port| *port != -1);
    let port = |number: i64| u16::try_from(number).map_err(|_| format!("{number} is not a port"));
    match (given(from), given(to)) {
        (None, None) => Ok(PortRange::ALL),
        (Some(from), Some(to)) => Ok(PortRange { from: port(from)?, to: port(to)? }),
        (Some(end), None) | (None, Some(end)) => Err(format!("a port range with the one end {end}")),
    }
}

/// The direction a rule works in. One that does not say may work in either.
pub(super) fn directions(egress: Flag) -> &'static [Direction] {
    match egress.0 {
        Some(true) => &[Direction::Egress],
        Some(false) => &[Direction::Ingress],
        None => &[Direction::Egress, Direction::Ingress],
    }
}

/// What EC2 words as `enable` and `disable`.
pub(super) fn enabled(switch: &Text) -> Option<bool> {
    match fold(switch.0.as_deref()?).as_str() {
        "enable" | "enabled" => Some(true),
        "disable" | "disabled" => Some(false),
        _ => None,
    }
}

/// RFC 3339, with or without fractions of a second, as the CLI and the API write it.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    text.trim()
        .parse::<jiff::Timestamp>()
        .map(|time| Timestamp(time.as_second()))
        .map_err(|_| format!("\"{text}\" is not a point in time"))
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("tcp", Some(443), Some(443) => Ok(PortRange::single(443)); "one port")]
    #[test_case("tcp", None, None => Ok(PortRange::ALL); "tcp without ends")]
    #[test_case("17", Some(-1), Some(-1) => Ok(PortRange::ALL); "udp by number, minus one")]
    #[test_case("tcp", Some(0), Some(65535) => Ok(PortRange::ALL); "tcp, all spelled out")]
    #[test_case("icmp", Some(8), Some(0) => Ok(PortRange::ALL); "icmp type and code are no ports")]
    #[test_case("icmpv6", Some(-1), Some(-1) => Ok(PortRange::ALL); "icmpv6")]
    #[test_case("-1", Some(443), Some(443) => Ok(PortRange::ALL); "all protocols mean all ports")]
    #[test_case("132", Some(443), Some(443) => Ok(PortRange::ALL); "sctp has no ports for EC2")]
    #[test_case("tcp", Some(70_000), Some(70_000) => Err("70000 is not a port".to_owned()); "too large")]
    #[test_case("tcp", Some(443), None => Err("a port range with the one end 443".to_owned()); "half a range")]
    fn ports_of(word: &str, from: Option<i64>, to: Option<i64>) -> Result<PortRange, String> {
        ports(ProtocolMatch::parse(word).unwrap(), Int(from), Int(to))
    }

    #[test]
    fn networks_are_canonical() {
        assert_eq!(cidr("10.0.1.7/24").unwrap(), "10.0.1.0/24".parse().unwrap());
        assert_eq!(cidr("10.0.1.7").unwrap(), "10.0.1.7/32".parse().unwrap());
        assert_eq!(cidr("pl-1").unwrap_err(), "\"pl-1\" is not a CIDR");
    }

    #[test_case("2017-09-05T20:41:28Z")]
    #[test_case("2017-09-05T20:41:28.583Z")]
    #[test_case("2017-09-05T20:41:28.583000+00:00")]
    #[test_case("2017-09-05T22:41:28+02:00")]
    fn times_parse(text: &str) {
        assert_eq!(time(text).unwrap(), Timestamp(1_504_644_088));
    }
}
