//! One server asked directly: over UDP with repetition, over TCP when the answer does not fit.

use std::{
    io::{self, ErrorKind},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use hickory_resolver::proto::rr::RecordType;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::{Instant, timeout_at},
};

use super::message::{Question, Received};
use crate::{
    adapters::tcp,
    model::name::{DnsAnswer, Lookup, LookupOutcome, ServerAnswer, ServerRole, TcpTrouble, Transport},
};

/// Without EDNS an answer has at most 512 bytes (RFC 1035 section 4.2.1). Servers that send more are read too.
const DATAGRAM: usize = 4096;

pub(super) async fn ask(server: SocketAddr, role: ServerRole, host: &str, deadline: Instant) -> ServerAnswer {
    let (a, aaaa) = tokio::join!(
        lookup(server, host, RecordType::A, deadline),
        lookup(server, host, RecordType::AAAA, deadline)
    );
    ServerAnswer { server, role, a, aaaa }
}

async fn lookup(server: SocketAddr, host: &str, kind: RecordType, deadline: Instant) -> Lookup {
    let started = Instant::now();
    let outcome = match Question::new(host, kind) {
        Ok(question) => exchange(server, &question, deadline).await,
        Err(error) => failed(format!("{host:?} is no DNS name: {error}")),
    };
    outcome.after(started.elapsed().into())
}

async fn exchange(server: SocketAddr, question: &Question, deadline: Instant) -> LookupOutcome {
    match timeout_at(deadline, over_udp(server, question, deadline)).await {
        Err(_) | Ok(Ok(Received::Foreign)) => LookupOutcome::TimedOut,
        Ok(Err(error)) => failed(words(&error)),
        Ok(Ok(Received::Answer(answer))) => LookupOutcome::Answered(answer),
        Ok(Ok(Received::Truncated)) => after_truncation(server, question, deadline).await,
        Ok(Ok(Received::Malformed(message))) => LookupOutcome::Malformed { message },
    }
}

/// The first message that is meant for the question. Waits without end; the caller has the deadline.
async fn over_udp(server: SocketAddr, question: &Question, deadline: Instant) -> io::Result<Received> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    // Connected: the kernel keeps out other senders, and reports an ICMP error as an error.
    socket.connect(server).await?;
    let mut patience = first_patience(deadline);
    loop {
        socket.send(&question.bytes).await?;
        if let Ok(received) = timeout_at(Instant::now() + patience, next(&socket, question)).await {
            return received;
        }
        patience *= 2;
    }
}

/// At least two repetitions fit before the deadline, the first after a second at most.
fn first_patience(deadline: Instant) -> Duration {
    (deadline.saturating_duration_since(Instant::now()) / 4)
        .clamp(Duration::from_millis(50), Duration::from_secs(1))
}

async fn next(socket: &UdpSocket, question: &Question) -> io::Result<Received> {
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let length = socket.recv(&mut buffer).await?;
        match question.judge(&buffer[..length]) {
            Received::Foreign => {}
            received => return Ok(received),
        }
    }
}

/// The server lives, so that silence over TCP is not the silence of a server: it names the transport.
async fn after_truncation(server: SocketAddr, question: &Question, deadline: Instant) -> LookupOutcome {
    let tcp = match tcp::connect(server, deadline).await {
        (probe, None) => TcpTrouble::NotConnected(probe.outcome),
        (_, Some(stream)) => match timeout_at(deadline, over_tcp(stream, question)).await {
            Ok(Ok(answer)) => return LookupOutcome::Answered(answer),
            Ok(Err(trouble)) => trouble,
            Err(_) => TcpTrouble::TimedOut,
        },
    };
    LookupOutcome::Truncated { tcp }
}

/// Each message behind its length in two bytes (RFC 1035 section 4.2.2).
async fn over_tcp(stream: TcpStream, question: &Question) -> Result<DnsAnswer, TcpTrouble> {
    match exchange_over(stream, question).await {
        Ok(Received::Answer(answer)) => Ok(DnsAnswer { transport: Transport::Tcp, ..answer }),
        Ok(Received::Malformed(message)) => Err(TcpTrouble::Malformed { message }),
        Ok(_) => Err(TcpTrouble::Malformed { message: "the answer is truncated there too".to_owned() }),
        Err(_) => Err(TcpTrouble::Closed),
    }
}

async fn exchange_over(mut stream: TcpStream, question: &Question) -> io::Result<Received> {
    let length = u16::try_from(question.bytes.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), question.bytes.as_slice()].concat()).await?;
    loop {
        let mut bytes = vec![0; stream.read_u16().await?.into()];
        stream.read_exact(&mut bytes).await?;
        match question.judge(&bytes) {
            Received::Foreign => {}
            received => return Ok(received),
        }
    }
}

fn failed(message: String) -> LookupOutcome {
    LookupOutcome::Failed { message }
}

fn words(error: &io::Error) -> String {
    if error.kind() == ErrorKind::ConnectionRefused {
        "nothing listens there (ICMP port unreachable)".to_owned()
    } else {
        error.to_string()
    }
}
