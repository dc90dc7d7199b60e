//! The socket's error queue: which ICMP message ended a connection, and who sent it (`IP_RECVERR` in `ip(7)`).

use std::{
    io::IoSliceMut,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    os::fd::{AsFd, AsRawFd, BorrowedFd},
};

use nix::{
    cmsg_space,
    errno::Errno,
    libc,
    sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt},
};

use crate::model::observation::IcmpError;

/// From now on the kernel keeps ICMP errors with the socket. Without it the outcome is only less precise,
/// so that a refusal to record is no error.
pub(super) fn start_recording(socket: BorrowedFd<'_>, to: SocketAddr) {
    let _ = record(&socket, to, true);
}

pub(super) fn stop_recording(socket: BorrowedFd<'_>, to: SocketAddr) {
    let _ = record(&socket, to, false);
}

fn record(socket: &impl AsFd, to: SocketAddr, on: bool) -> nix::Result<()> {
    match to {
        SocketAddr::V4(_) => setsockopt(socket, sockopt::Ipv4RecvErr, &on),
        SocketAddr::V6(_) => setsockopt(socket, sockopt::Ipv6RecvErr, &on),
    }
}

/// The next ICMP error and the `errno` the kernel derives from it. Errors of this host's own making are skipped.
pub(super) fn pop(socket: BorrowedFd<'_>) -> Option<(i32, IcmpError)> {
    // The kernel returns as much of the offending packet as fits; nobody reads it.
    let mut payload = [0_u8; 64];
    let mut iov = [IoSliceMut::new(&mut payload)];
    let mut space = cmsg_space!([libc::sock_extended_err; 1], libc::sockaddr_in6);
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    loop {
        match recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut iov, Some(&mut space), flags) {
            Ok(message) => {
                if let Some(error) = message.cmsgs().ok()?.find_map(|message| icmp_error(&message)) {
                    return Some(error);
                }
            }
            Err(Errno::EINTR) => {}
            Err(_) => return None,
        }
    }
}

fn icmp_error(message: &ControlMessageOwned) -> Option<(i32, IcmpError)> {
    let (error, from) = match message {
        ControlMessageOwned::Ipv4RecvErr(error, from) => (error, from.as_ref().and_then(ipv4)),
        ControlMessageOwned::Ipv6RecvErr(error, from) => (error, from.as_ref().and_then(ipv6)),
        _ => return None,
    };
    let from_network = matches!(error.ee_origin, libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6);
    let errno = i32::try_from(error.ee_errno).ok()?;
    from_network.then_some((errno, IcmpError { kind: error.ee_type, code: error.ee_code, from }))
}

/// The family is zero when the kernel does not know the sender.
fn ipv4(address: &libc::sockaddr_in) -> Option<IpAddr> {
    (i32::from(address.sin_family) == libc::AF_INET)
        .then(|| Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr)).into())
}

fn ipv6(address: &libc::sockaddr_in6) -> Option<IpAddr> {
    (i32::from(address.sin6_family) == libc::AF_INET6)
        .then(|| Ipv6Addr::from(address.sin6_addr.s6_addr).into())
}
