//! How many SYNs a waiting connection has sent, from its line in `/proc/net/tcp` (`proc_net_tcp` in the kernel's
//! documentation). `TCP_INFO` says the same, but no safe interface to it exists.

use std::{
    fmt::Write as _,
    fs::File,
    io::{BufRead, BufReader},
    net::{IpAddr, SocketAddr},
};

use tokio::net::TcpStream;

/// `TCP_SYN_SENT` in the kernel's `tcp_states.h`, as the table prints it.
const SYN_SENT: &str = "02";

/// `None` when the table cannot be read or the connection has left it.
pub(super) fn sent(stream: &TcpStream, to: SocketAddr) -> Option<u32> {
    let from = stream.local_addr().ok()?;
    let table = if to.is_ipv4() { "/proc/net/tcp" } else { "/proc/net/tcp6" };
    find(BufReader::new(File::open(table).ok()?), from, to)
}

/// Walks the table by lines: on a busy host it is long, and only one line matters.
fn find(mut table: impl BufRead, from: SocketAddr, to: SocketAddr) -> Option<u32> {
    let (from, to) = (encode(from), encode(to));
    let mut line = String::new();
    while table.read_line(&mut line).ok()? > 0 {
        let fields: Vec<&str> = line.split_ascii_whitespace().take(7).collect();
        if let [_, local, remote, SYN_SENT, _, _, retransmitted] = fields[..]
            && (local, remote) == (from.as_str(), to.as_str())
        {
            return Some(u32::from_str_radix(retransmitted, 16).ok()? + 1);
        }
        line.clear();
    }
    None
}

/// How many retransmissions this network namespace could not send so far: a filter on the way out of this host
/// dropped them, for instance (`TCPRetransFail` in the kernel's `snmp_counter` documentation).
pub(super) fn failed_retransmissions() -> Option<u64> {
    counter(&std::fs::read_to_string("/proc/net/netstat").ok()?, "TcpExt:", "TCPRetransFail")
}

/// The table has two lines a group, one of names and one of values.
fn counter(table: &str, group: &str, name: &str) -> Option<u64> {
    let mut lines = table.lines().filter(|line| line.starts_with(group));
    let (names, values) = (lines.next()?, lines.next()?);
    let mut pairs = names.split_ascii_whitespace().zip(values.split_ascii_whitespace());
    pairs.find(|(candidate, _)| *candidate == name)?.1.parse().ok()
}

/// The address as 32-bit words of the host's byte order, each in hexadecimal; then the port.
fn encode(address: SocketAddr) -> String {
    let octets = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let mut text = String::new();
    for word in octets.as_chunks::<4>().0 {
        // Writing to a string cannot fail.
        let _ = write!(text, "{:08X}", u32::from_ne_bytes(*word));
    }
    let _ = write!(text, ":{:04X}", address.port());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn the_line_of_this_connection_is_found() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n\
            0: 0A01000A:C350 1402000A:01BB 01 00000001:00000000 01:00000042 00000007     0        0 1\n\
            1: 0A01000A:C351 1402000A:01BB 02 00000001:00000000 01:00000042 0000000A     0        0 2\n";
        let [from, other, to] =
            ["10.0.1.10:50001", "10.0.1.10:50000", "10.0.2.20:443"].map(|a| a.parse().unwrap());
        assert_eq!(find(table.as_bytes(), from, to), Some(11));
        assert_eq!(find(table.as_bytes(), other, to), None, "established, so the count means data");
        assert_eq!(find(b"\xff\xfe\n".as_slice(), from, to), None);
    }
}
