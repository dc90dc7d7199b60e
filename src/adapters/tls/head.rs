//! The first bytes that came back, kept because a TLS library forgets what it could not read.

use std::{
    io,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Enough for a banner or a status line.
const KEPT: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Head(Vec<u8>);

/// A stream that copies the first bytes read from it.
pub(super) struct Recorded<'a, S> {
    stream: S,
    head: &'a Mutex<Head>,
    full: bool,
}

impl Head {
    /// The first bytes as text, when they cannot be the start of a TLS record.
    pub(super) fn foreign(head: &Mutex<Self>) -> Option<String> {
        let head = head.lock().unwrap_or_else(PoisonError::into_inner);
        if is_client_hello(&head.0) {
            return Some("our own ClientHello, sent back".to_owned());
        }
        (!head.0.is_empty() && !is_record(&head.0)).then(|| text(&head.0))
    }
}

/// RFC 8446 section 5.1: a content type from 20 to 24 (RFC 6520 has the last), then major version 3.
fn is_record(bytes: &[u8]) -> bool {
    bytes.first().is_none_or(|kind| (20..=24).contains(kind)) && bytes.get(1).is_none_or(|major| *major == 3)
}

/// Only clients send a `ClientHello` (RFC 8446 section 4.1.2): one that comes back is an echo.
fn is_client_hello(bytes: &[u8]) -> bool {
    const HANDSHAKE: u8 = 22;
    const CLIENT_HELLO: u8 = 1;
    bytes.first() == Some(&HANDSHAKE) && bytes.get(5) == Some(&CLIENT_HELLO)
}

/// The first line when it is plain text, otherwise all that was kept, with the rest escaped.
fn text(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let plain = !line.is_empty() && line.iter().all(|byte| matches!(byte, b' '..=b'~'));
    let shown = if plain { line } else { bytes };
    shown.escape_ascii().to_string()
}

impl<'a, S> Recorded<'a, S> {
    pub(super) fn new(stream: S, head: &'a Mutex<Head>) -> Self {
        Self { stream, head, full: false }
    }

    fn record(&mut self, bytes: &[u8]) {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT - head.0.len();
        head.0.extend(bytes.iter().take(room));
        self.full = head.0.len() == KEPT;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Recorded<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(context, buffer);
        if !self.full && buffer.filled().len() > before {
            self.record(&buffer.filled()[before..]);
        }
        poll
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Recorded<'_, S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(b"SSH-2.0-OpenSSH_9.2\r\n", Some("SSH-2.0-OpenSSH_9.2"))]
    #[test_case(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n", Some("HTTP/1.1 400 Bad Request"))]
    #[test_case(b"J\0\0\0\n8.0.36\0", Some(r"J\x00\x00\x00\n8.0.36\x00"); "a MySQL greeting")]
    #[test_case(b"\x16\x03\x03\0\x7a", None; "a handshake record")]
    #[test_case(b"\x16\x03\x01\x02\0\x01\0\x01", Some("our own ClientHello, sent back"); "an echo")]
    #[test_case(b"\x15\x03", None; "half an alert")]
    #[test_case(b"\x16GET", Some(r"\x16GET"))]
    #[test_case(b"", None; "nothing")]
    fn only_what_cannot_be_tls_is_foreign(bytes: &[u8], expected: Option<&str>) {
        let head = Mutex::new(Head(bytes.to_vec()));
        assert_eq!(Head::foreign(&head).as_deref(), expected);
    }
}
