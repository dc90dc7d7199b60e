//! Addresses that drop, refuse, or answer in the wrong language.

use std::{io, net::SocketAddr};

use socket2::{Domain, Socket, Type};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::demo::error::DemoError;

/// What nginx says, in substance, when a `ClientHello` reaches its plain port.
const WRONG_LANGUAGE: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A listener with no room left for connections, and those that fill it: the kernel drops further SYNs without
/// a word, as a security group does. Packets thus vanish on loopback without any privilege.
pub(super) fn silent(at: SocketAddr) -> Result<Vec<Socket>, DemoError> {
    fill(at).map_err(|source| DemoError::Listen { address: at, source })
}

fn fill(at: SocketAddr) -> io::Result<Vec<Socket>> {
    let listener = bound(at)?;
    listener.listen(0)?;
    let mut sockets = vec![listener];
    // A queue of length 0 has room for one (`sk_acceptq_is_full` in the kernel); the other is for certainty.
    for _ in 0..2 {
        let socket = Socket::new(Domain::for_address(at), Type::STREAM.nonblocking(), None)?;
        match socket.connect(&at.into()) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock && !in_progress(&error) => {
                return Err(error);
            }
            _ => sockets.push(socket),
        }
    }
    Ok(sockets)
}

fn in_progress(error: &io::Error) -> bool {
    error.raw_os_error() == Some(nix::errno::Errno::EINPROGRESS as i32)
}

/// A port that is taken and not listened on: SYNs are answered with a RST, and nobody else can open it meanwhile.
pub(super) fn closed(at: SocketAddr) -> Result<Socket, DemoError> {
    bound(at).map_err(|source| DemoError::Listen { address: at, source })
}

fn bound(at: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(at), Type::STREAM, None)?;
    // An earlier demo's connections may still linger in TIME-WAIT.
    socket.set_reuse_address(true)?;
    socket.bind(&at.into())?;
    Ok(socket)
}

pub(super) async fn plain_http(mut stream: TcpStream) {
    let mut request = [0; 4096];
    // A client that has left by now has its answer.
    let _ = stream.read(&mut request).await;
    let _ = stream.write_all(WRONG_LANGUAGE).await;
    let _ = stream.shutdown().await;
    // Until the client closes: closing with unread bytes would send a RST, which can overtake the answer.
    while stream.read(&mut request).await.is_ok_and(|count| count > 0) {}
}
