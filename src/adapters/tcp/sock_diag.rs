//! What the kernel says of one waiting connection, asked over netlink (`sock_diag(7)`): the same `tcp_info` that
//! `ss -i` prints, without the unsafe call that `TCP_INFO` would need.

use std::{
    net::{IpAddr, SocketAddr},
    os::fd::AsRawFd,
};

use nix::{
    libc,
    sys::{
        socket::{
            AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, setsockopt,
            socket, sockopt::ReceiveTimeout,
        },
        time::{TimeVal, TimeValLike},
    },
};
use tokio::net::TcpStream;

/// `SOCK_DIAG_BY_FAMILY`, and `INET_DIAG_INFO` as attribute and as the bit that asks for it.
const BY_FAMILY: u16 = 20;
const INFO: u16 = 2;
const ASK_FOR_INFO: u8 = 1 << (INFO - 1);
const ANY: [u8; 4] = [0xff; 4];
/// `struct nlmsghdr` and `struct inet_diag_msg`, after which the attributes follow.
const HEADERS: usize = 16 + 72;
/// `tcpi_retrans` in `struct tcp_info`.
const RETRANS: usize = 36;
/// The kernel answers within the call; a place that swallows the question must not keep us.
const PATIENCE_MS: i64 = 50;

/// Retransmitted segments that are on their way. None, although retransmissions were due, means that sending
/// them failed on this host: a packet filter's drop is not told to whoever connects. `None` where the kernel
/// does not say.
pub(super) fn outstanding_retransmissions(stream: &TcpStream, to: SocketAddr) -> Option<u32> {
    let from = stream.local_addr().ok()?;
    let netlink = socket(
        AddressFamily::Netlink,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkSockDiag,
    );
    let netlink = netlink.ok()?;
    setsockopt(&netlink, ReceiveTimeout, &TimeVal::milliseconds(PATIENCE_MS)).ok()?;
    sendto(netlink.as_raw_fd(), &question(from, to), &NetlinkAddr::new(0, 0), MsgFlags::empty()).ok()?;
    let mut answer = [0_u8; 4096];
    let length = recv(netlink.as_raw_fd(), &mut answer, MsgFlags::empty()).ok()?;
    retransmissions(answer.get(..length)?)
}

/// `struct nlmsghdr` and `struct inet_diag_req_v2`, for exactly this connection.
fn question(from: SocketAddr, to: SocketAddr) -> Vec<u8> {
    let family = if to.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let [family, ..] = family.to_le_bytes();
    let [protocol, ..] = libc::IPPROTO_TCP.to_le_bytes();
    let mut request = vec![family, protocol, ASK_FOR_INFO, 0];
    request.extend(ANY); // states
    request.extend(from.port().to_be_bytes());
    request.extend(to.port().to_be_bytes());
    request.extend(words(from.ip()));
    request.extend(words(to.ip()));
    request.extend([0; 4]); // interface
    request.extend([ANY, ANY].concat()); // cookie
    let length = u32::try_from(16 + request.len()).unwrap_or(u32::MAX);
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(BY_FAMILY.to_ne_bytes());
    message.extend(1_u16.to_ne_bytes()); // NLM_F_REQUEST
    message.extend([0; 8]); // sequence number and port
    message.extend(request);
    message
}

fn words(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(v4) => {
            let mut words = [0; 16];
            words[..4].copy_from_slice(&v4.octets());
            words
        }
        IpAddr::V6(v6) => v6.octets(),
    }
}

fn retransmissions(answer: &[u8]) -> Option<u32> {
    let kind = u16::from_ne_bytes(bytes(answer, 4)?);
    let mut attributes = answer.get(HEADERS..).filter(|_| kind == BY_FAMILY)?;
    while let Some(length) = bytes(attributes, 0).map(u16::from_ne_bytes).map(usize::from) {
        let attribute = attributes.get(4..length)?;
        if u16::from_ne_bytes(bytes(attributes, 2)?) == INFO {
            return Some(u32::from_ne_bytes(bytes(attribute, RETRANS)?));
        }
        attributes = attributes.get(length.next_multiple_of(4)..)?;
    }
    None
}

fn bytes<const N: usize>(from: &[u8], at: usize) -> Option<[u8; N]> {
    from.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(4 + value.len()).unwrap();
        let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn answer(kind: u16, attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![0; HEADERS];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes.extend(attributes.concat());
        bytes
    }

    #[test]
    fn the_count_is_found_among_the_attributes() {
        let mut info = [0; 60];
        info[RETRANS] = 3;
        let told = answer(BY_FAMILY, &[attribute(8, &[0]), attribute(INFO, &info)]);
        assert_eq!(retransmissions(&told), Some(3));
    }

    #[test]
    fn an_error_or_a_torn_answer_tells_nothing() {
        let error = answer(2, &[attribute(INFO, &[0; 60])]);
        let torn = answer(BY_FAMILY, &[attribute(INFO, &[0; 20])]);
        let endless = answer(BY_FAMILY, &[vec![0; 4]]);
        for answer in [error, torn, endless, Vec::new()] {
            assert_eq!(retransmissions(&answer), None);
        }
    }
}
