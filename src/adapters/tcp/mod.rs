//! Connects to one address and says exactly how it ended.
//!
//! `connect(2)` folds very different causes into one `errno`; the socket's error queue, its line in
//! `/proc/net/tcp` and its diagnosis by the kernel tell them apart.

mod errqueue;
mod sock_diag;
mod syns;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    os::fd::AsFd,
};

use nix::errno::Errno;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    io::Interest,
    net::TcpStream,
    time::{Instant, timeout_at},
};

use crate::model::{
    known::{Known, Reason},
    observation::{IcmpError, TcpOutcome, TcpProbe},
};

/// Connects before the deadline. The stream is there exactly when the outcome is [`TcpOutcome::Connected`].
pub(crate) async fn connect(to: SocketAddr, deadline: Instant) -> (TcpProbe, Option<TcpStream>) {
    let started = Instant::now();
    let (outcome, stream) = match attempt(to, deadline).await {
        Ok((source_port, stream)) => (TcpOutcome::Connected { source_port }, Some(stream)),
        Err(outcome) => (outcome, None),
    };
    (TcpProbe { outcome, seconds: started.elapsed().into() }, stream)
}

/// The kernel's choice of source address, learnt by connecting a datagram socket, which sends nothing.
pub(crate) fn source_towards(ip: IpAddr) -> Known<IpAddr> {
    let chosen = UdpSocket::bind((unspecified(ip), 0)).and_then(|socket| {
        // The port plays no part in routing; 9 is the discard service (RFC 863).
        socket.connect((ip, 9))?;
        socket.local_addr()
    });
    match chosen {
        Ok(local) => Known::Known(local.ip()),
        Err(error) => Known::unknown(
            format!("a route from this host to {ip}"),
            Reason::Failed { message: Errno::from_raw(errno(&error)).desc().to_owned() },
        ),
    }
}

fn unspecified(family: IpAddr) -> IpAddr {
    match family {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

async fn attempt(to: SocketAddr, deadline: Instant) -> Result<(u16, TcpStream), TcpOutcome> {
    let failures = syns::failed_retransmissions();
    let stream = begin(to)?;
    let Ok(result) = timeout_at(deadline, settled(&stream)).await else {
        return Err(silence(&stream, to, failures));
    };
    result?;
    // From here on the stream behaves as an application's would: ICMP errors are advice again.
    errqueue::stop_recording(stream.as_fd(), to);
    let source_port = stream.local_addr().map_err(|error| local(errno(&error)))?.port();
    Ok((source_port, stream))
}

/// `failures`: how many retransmissions this host could not send before the connection began.
fn silence(stream: &TcpStream, to: SocketAddr, failures: Option<u64>) -> TcpOutcome {
    let syns = syns::sent(stream, to);
    let retransmitted = syns.is_some_and(|syns| syns > 1);
    let failed = || failures.zip(syns::failed_retransmissions()).is_some_and(|(old, new)| new > old);
    let unsent = retransmitted && failed() && sock_diag::outstanding_retransmissions(stream, to) == Some(0);
    TcpOutcome::TimedOut { syns, unsent }
}

/// Sends the SYN. An error here is this host's own: nothing has left it yet.
fn begin(to: SocketAddr) -> Result<TcpStream, TcpOutcome> {
    let socket = open(to).map_err(|error| local(errno(&error)))?;
    match socket.connect(&to.into()) {
        Ok(()) => {}
        Err(error) if error.raw_os_error() == Some(Errno::EINPROGRESS as i32) => {}
        Err(error) => return Err(refused_at_once(&socket, errno(&error))),
    }
    TcpStream::from_std(socket.into()).map_err(|error| local(errno(&error)))
}

fn open(to: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    errqueue::start_recording(socket.as_fd(), to);
    Ok(socket)
}

/// Over loopback an answer can arrive before `connect` returns, so even an immediate error may be the network's.
fn refused_at_once(socket: &Socket, errno: i32) -> TcpOutcome {
    match errqueue::pop(socket.as_fd()) {
        Some((errno, icmp)) => by_icmp(errno, icmp),
        None if errno == Errno::ECONNREFUSED as i32 => TcpOutcome::Refused { icmp: None },
        None => local(errno),
    }
}

/// Waits until the handshake has ended one way or the other.
async fn settled(stream: &TcpStream) -> Result<(), TcpOutcome> {
    stream
        .async_io(Interest::WRITABLE, || match verdict(stream) {
            Some(verdict) => Ok(verdict),
            None => Err(io::ErrorKind::WouldBlock.into()),
        })
        .await
        .unwrap_or_else(|error| Err(local(errno(&error))))
}

/// The queue is read first: reading it clears the pending error, and the queue says more.
fn verdict(stream: &TcpStream) -> Option<Result<(), TcpOutcome>> {
    if let Some((errno, icmp)) = errqueue::pop(stream.as_fd()) {
        return Some(Err(by_icmp(errno, icmp)));
    }
    match stream.take_error() {
        Ok(Some(error)) | Err(error) => Some(Err(by_errno(errno(&error)))),
        Ok(None) => stream.peer_addr().is_ok().then_some(Ok(())),
    }
}

fn by_icmp(errno: i32, icmp: IcmpError) -> TcpOutcome {
    if errno == Errno::ECONNREFUSED as i32 {
        TcpOutcome::Refused { icmp: Some(icmp) }
    } else {
        TcpOutcome::Unreachable { icmp: Some(icmp), errno }
    }
}

/// An error that came after the SYN was handed to the network, without an ICMP message.
fn by_errno(errno: i32) -> TcpOutcome {
    match Errno::from_raw(errno) {
        Errno::ECONNREFUSED => TcpOutcome::Refused { icmp: None },
        // A SYN is refused; what is reset was connected before, if only for a moment.
        Errno::ECONNRESET => TcpOutcome::Connected { source_port: 0 },
        // The kernel's own patience (`net.ipv4.tcp_syn_retries`) ended before ours; the count went with the socket.
        Errno::ETIMEDOUT => TcpOutcome::TimedOut { syns: None, unsent: false },
        Errno::EHOSTUNREACH => TcpOutcome::Unreachable { icmp: None, errno },
        _ => local(errno),
    }
}

fn local(errno: i32) -> TcpOutcome {
    TcpOutcome::LocalError { errno, message: Errno::from_raw(errno).desc().to_owned() }
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(Errno::UnknownErrno as i32)
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, time::Duration};

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    /// A listener that never accepts, and the connections that fill its backlog: the kernel then drops
    /// further SYNs without a word, as a security group does.
    fn full_listener(bind: SocketAddr) -> (SocketAddr, Socket, Vec<Socket>) {
        let listener = Socket::new(Domain::for_address(bind), Type::STREAM, None).unwrap();
        listener.bind(&bind.into()).unwrap();
        listener.listen(0).unwrap();
        let to = listener.local_addr().unwrap().as_socket().unwrap();
        let fill = || {
            let socket = Socket::new(Domain::for_address(to), Type::STREAM.nonblocking(), None).unwrap();
            drop(socket.connect(&to.into()));
            socket
        };
        (to, listener, std::iter::repeat_with(fill).take(3).collect())
    }

    #[tokio::test]
    async fn a_listener_is_connected_to_from_the_port_it_sees() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (probe, stream) = connect(listener.local_addr().unwrap(), soon()).await;
        let (_, peer) = listener.accept().unwrap();
        assert_eq!(probe.outcome, TcpOutcome::Connected { source_port: peer.port() });
        assert_eq!(stream.unwrap().local_addr().unwrap(), peer);
        assert!(probe.seconds.0 < 1.0);
    }

    #[tokio::test]
    async fn a_closed_port_refuses_without_icmp() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(host).unwrap();
            let closed = listener.local_addr().unwrap();
            drop(listener);
            let (probe, stream) = connect(closed, soon()).await;
            assert_eq!(probe.outcome, TcpOutcome::Refused { icmp: None });
            assert!(stream.is_none());
        }
    }

    #[tokio::test]
    async fn silence_times_out_and_counts_its_syns() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let (to, _listener, _filling) = full_listener(host.parse().unwrap());
            let (probe, _) = connect(to, Instant::now() + Duration::from_millis(1300)).await;
            // The first retransmission comes after one second (RFC 6298 section 2).
            assert_eq!(probe.outcome, TcpOutcome::TimedOut { syns: Some(2), unsent: false }, "{host}");
            assert!((1.2..3.0).contains(&probe.seconds.0), "{}", probe.seconds);
        }
    }

    #[tokio::test]
    async fn an_address_without_a_route_is_a_local_error() {
        // TCP has no multicast: the kernel says so at once.
        let (probe, _) = connect("224.0.0.1:443".parse().unwrap(), soon()).await;
        let expected = Errno::ENETUNREACH;
        assert_eq!(
            probe.outcome,
            TcpOutcome::LocalError { errno: expected as i32, message: expected.desc().to_owned() }
        );
    }

    #[test]
    fn the_source_towards_loopback_is_loopback() {
        for ip in ["127.0.0.1", "::1"] {
            let ip = ip.parse().unwrap();
            assert_eq!(source_towards(ip), Known::Known(ip));
        }
    }

    #[test]
    fn errors_after_the_syn_are_told_apart() {
        assert_eq!(by_errno(Errno::ECONNREFUSED as i32), TcpOutcome::Refused { icmp: None });
        assert_eq!(by_errno(Errno::ETIMEDOUT as i32), TcpOutcome::TimedOut { syns: None, unsent: false });
        assert!(matches!(by_errno(Errno::ENETUNREACH as i32), TcpOutcome::LocalError { .. }));
        let icmp = IcmpError { kind: 3, code: 3, from: None };
        assert_eq!(by_icmp(Errno::ECONNREFUSED as i32, icmp), TcpOutcome::Refused { icmp: Some(icmp) });
    }
}
