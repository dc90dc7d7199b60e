//! Shakes hands over a connected stream, captures whatever chain is presented and judges it afterwards.
//!
//! The handshake itself accepts every certificate, because an expired or foreign one is a finding and not a
//! reason to stop looking. The peer's possession of the key is still verified. Nothing secret is sent over
//! such a session.

mod certificate;
mod contexts;
mod head;
mod outcome;
mod verify;
mod witness;

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use rustls::{ProtocolVersion, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

pub use contexts::TlsFileError;
pub(crate) use contexts::{TlsContext, TlsContexts, distrustful_config};

use self::{
    head::{Head, Recorded},
    witness::Witness,
};
use crate::model::{
    known::{Known, Reason},
    observation::{TlsOutcome, TlsProbe},
    time::{Seconds, Timestamp},
};

/// What a chain would tell when none came.
const CHAIN: &str = "a certificate chain from the server";

/// Shakes hands before the deadline. `now` is what the certificates' validity is judged against.
pub(crate) async fn handshake(
    stream: TcpStream,
    server_name: &str,
    context: &TlsContext,
    now: Timestamp,
    deadline: Instant,
) -> TlsProbe {
    let Ok(name) = parse_name(server_name) else {
        let message = format!("{server_name:?} is neither a DNS name nor an address");
        return without_chain(server_name, TlsOutcome::Failed { message });
    };
    let witness = context.witness();
    let session = shake(stream, name.clone(), context, &witness, deadline).await;
    let chain = witness.chain();
    let certificates = certificate::read_chain(chain);
    TlsProbe {
        outcome: session.outcome,
        seconds: session.seconds,
        server_name: server_name.to_owned(),
        verification: verify::judge(chain, &certificates, &name, context, now),
        chain: certificates,
        version: session.version,
        client_certificate_requested: witness.client_certificate_was_requested(),
    }
}

/// For everything that ends before a handshake: TCP failed, or the settings cannot be used.
pub(crate) fn without_chain(server_name: &str, outcome: TlsOutcome) -> TlsProbe {
    TlsProbe {
        outcome,
        seconds: Seconds::default(),
        server_name: server_name.to_owned(),
        chain: Vec::new(),
        verification: Known::unknown(CHAIN, Reason::NotAsked),
        version: None,
        client_certificate_requested: false,
    }
}

/// Without brackets and without the trailing dot, which no certificate carries (RFC 6066 section 3).
fn parse_name(name: &str) -> Result<ServerName<'static>, rustls::pki_types::InvalidDnsNameError> {
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(bare.strip_suffix('.').unwrap_or(bare).to_owned())
}

struct Session {
    outcome: TlsOutcome,
    seconds: Seconds,
    version: Option<String>,
}

async fn shake(
    stream: TcpStream,
    name: ServerName<'static>,
    context: &TlsContext,
    witness: &Arc<Witness>,
    deadline: Instant,
) -> Session {
    let head = Mutex::new(Head::default());
    let started = Instant::now();
    let failed = |outcome| Session { outcome, seconds: started.elapsed().into(), version: None };

    let connector = TlsConnector::from(Arc::new(context.config(witness)));
    let mut stream = match timeout_at(deadline, connector.connect(name, Recorded::new(stream, &head))).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return failed(outcome::of(&error, &head)),
        Err(_) => return failed(outcome::timed_out(&head)),
    };
    let seconds = started.elapsed();
    let version = stream.get_ref().1.protocol_version();
    if version == Some(ProtocolVersion::TLSv1_3)
        && witness.client_certificate_was_requested()
        && let Some(outcome) = rejection(&mut stream, &head, deadline.min(patience(seconds))).await
    {
        return Session { version: version.map(version_text), ..failed(outcome) };
    }
    // Says goodbye, so that the server need not log a broken connection.
    let _ = timeout_at(deadline, stream.shutdown()).await;
    Session { outcome: TlsOutcome::Completed, seconds: seconds.into(), version: version.map(version_text) }
}

/// In TLS 1.3 the client is done before the server has seen its certificate, so a server that wants another
/// one says so only after the handshake (RFC 8446 section 4.4.2.4). Only a server that asked for a
/// certificate is waited for, and not longer than until its first session ticket.
async fn rejection(
    stream: &mut TlsStream<Recorded<'_, TcpStream>>,
    head: &Mutex<Head>,
    until: Instant,
) -> Option<TlsOutcome> {
    let mut byte = [0_u8; 1];
    let accepted = poll_fn(|context| {
        let read = Pin::new(&mut *stream).poll_read(context, &mut ReadBuf::new(&mut byte));
        match read {
            Poll::Pending if stream.get_ref().1.tls13_tickets_received() > 0 => Poll::Ready(Ok(())),
            other => other,
        }
    });
    match timeout_at(until, accepted).await {
        Ok(Err(error)) => Some(outcome::of(&error, head)),
        Ok(Ok(())) | Err(_) => None,
    }
}

/// The alert needs one round trip and the server's thinking; the handshake took at least as much.
fn patience(handshake: Duration) -> Instant {
    Instant::now() + 2 * handshake + Duration::from_millis(50)
}

fn version_text(version: ProtocolVersion) -> String {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2".to_owned(),
        ProtocolVersion::TLSv1_3 => "TLSv1.3".to_owned(),
        other => format!("{other:?}"),
    }
}
