//! One server asked directly: over UDP with repetition, over TCP when the answer does not fit or none comes.

use std::{
    io::{self, ErrorKind},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::pin,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use hickory_resolver::proto::rr::RecordType;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::{Instant, sleep_until, timeout_at},
};

use super::message::{Question, Received, Said};
use crate::{
    adapters::tcp,
    model::name::{
        DnsAnswer, Lookup, LookupOutcome, OverTcp, Rcode, ServerAnswer, ServerRole, TcpTrouble, Transport,
    },
};

/// More than we ask for. Servers that send it all the same are read.
const DATAGRAM: usize = 4096;

/// BADVERS (RFC 6891 section 9).
const BAD_VERSION: Rcode = Rcode::Other(16);

pub(super) async fn ask(server: SocketAddr, role: ServerRole, host: &str, deadline: Instant) -> ServerAnswer {
    let (a, aaaa) = tokio::join!(
        lookup(server, host, RecordType::A, deadline),
        lookup(server, host, RecordType::AAAA, deadline)
    );
    ServerAnswer { server, role, a, aaaa }
}

async fn lookup(server: SocketAddr, host: &str, kind: RecordType, deadline: Instant) -> Lookup {
    let started = Instant::now();
    let question = match Question::new(host, kind) {
        Ok(question) => question,
        Err(error) => {
            return failed(format!("{host:?} is no DNS name: {error}")).after(started.elapsed().into());
        }
    };
    let exchange = Exchange::new(server, &question, started, deadline);
    let (outcome, tcp) = exchange.outcome().await;
    let foreign = exchange.foreign.into_inner();
    Lookup { foreign, tcp, ..outcome.after(started.elapsed().into()) }
}

/// A question on its way to a server.
struct Exchange<'q> {
    server: SocketAddr,
    question: &'q Question,
    /// How long the first datagram is waited for.
    patience: Duration,
    /// When UDP has been silent for so long that TCP is tried beside it.
    doubt: Instant,
    deadline: Instant,
    /// Messages passed over, on either transport.
    foreign: AtomicU32,
}

impl Said {
    /// Servers and middleboxes that do not know EDNS answer so, or with something unreadable (RFC 6891 section 7).
    fn refuses_edns(&self) -> bool {
        let refusal = match &self.received {
            Received::Answer(answer) => {
                matches!(answer.rcode, Rcode::FormErr | Rcode::NotImp | BAD_VERSION)
            }
            Received::Malformed(_) => true,
            Received::Truncated => false,
        };
        self.extended && refusal
    }
}

impl<'q> Exchange<'q> {
    fn new(server: SocketAddr, question: &'q Question, started: Instant, deadline: Instant) -> Self {
        let share = deadline.saturating_duration_since(started);
        Self {
            server,
            question,
            // At least two repetitions fit before the deadline, the first after a second at most.
            patience: (share / 4).clamp(Duration::from_millis(50), Duration::from_secs(1)),
            doubt: started + share / 2,
            deadline,
            foreign: AtomicU32::new(0),
        }
    }

    /// With what TCP brought, where it was tried because UDP brought nothing.
    async fn outcome(&self) -> (LookupOutcome, Option<OverTcp>) {
        let mut tcp = pin!(self.beside());
        let mut brought = None;
        let mut udp = pin!(self.over_udp());
        let said = loop {
            tokio::select! {
                biased;
                said = &mut udp => break said,
                end = &mut tcp, if brought.is_none() => brought = Some(end),
            }
        };
        match said {
            Ok(Some(said)) => (self.settled(said).await, None),
            Ok(None) => {
                let brought = match brought {
                    None => tcp.await,
                    Some(brought) => brought,
                };
                (LookupOutcome::TimedOut, Some(brought))
            }
            Err(error) => {
                let deadline = self.deadline.min(Instant::now() + self.patience);
                (failed(words(&error)), Some(self.over_tcp(false, deadline).await))
            }
        }
    }

    async fn settled(&self, said: Said) -> LookupOutcome {
        match said.received {
            Received::Answer(answer) => LookupOutcome::Answered(answer),
            // The server lives, so that silence over TCP is not the silence of a server: it names the transport.
            Received::Truncated => match self.over_tcp(said.extended, self.deadline).await {
                OverTcp::Answered(answer) => LookupOutcome::Answered(answer),
                OverTcp::Trouble(tcp) => LookupOutcome::Truncated { tcp },
            },
            Received::Malformed(message) => LookupOutcome::Malformed { message },
        }
    }

    /// The first message that settles the question. First asked with EDNS, then without: a refusal of EDNS, or its
    /// loss on the way, is not yet an answer.
    async fn over_udp(&self) -> io::Result<Option<Said>> {
        let socket = connected(self.server).await?;
        let mut bytes = self.question.extended();
        let mut patience = self.patience;
        let mut refusal = None;
        loop {
            socket.send(bytes).await?;
            let pause = self.deadline.min(Instant::now() + patience);
            match timeout_at(pause, self.next(&socket, refusal.is_some())).await {
                Err(_) if pause == self.deadline => return Ok(refusal),
                Err(_) => patience *= 2,
                Ok(said) => match said? {
                    said if said.refuses_edns() => refusal = Some(said),
                    said => return Ok(Some(said)),
                },
            }
            bytes = self.question.plain();
        }
    }

    /// `refused`: EDNS is out of the question already, and further refusals of it say nothing new.
    async fn next(&self, socket: &UdpSocket, refused: bool) -> io::Result<Said> {
        let mut buffer = vec![0; DATAGRAM];
        loop {
            let length = socket.recv(&mut buffer).await?;
            if let Some(said) = self.judge(&buffer[..length])
                && !(refused && said.refuses_edns())
            {
                return Ok(said);
            }
        }
    }

    /// Counts what is meant for another question.
    fn judge(&self, bytes: &[u8]) -> Option<Said> {
        let said = self.question.judge(bytes);
        if said.is_none() {
            self.foreign.fetch_add(1, Ordering::Relaxed);
        }
        said
    }

    /// Where UDP stays silent: a filter may stop UDP alone.
    async fn beside(&self) -> OverTcp {
        sleep_until(self.doubt).await;
        self.over_tcp(false, self.deadline).await
    }

    async fn over_tcp(&self, extended: bool, deadline: Instant) -> OverTcp {
        let stream = match tcp::connect(self.server, deadline).await {
            (probe, None) => return OverTcp::Trouble(TcpTrouble::NotConnected(probe.outcome)),
            (_, Some(stream)) => stream,
        };
        OverTcp::Trouble(match timeout_at(deadline, self.exchange_over(stream, extended)).await {
            Ok(Ok(Received::Answer(answer))) => {
                return OverTcp::Answered(DnsAnswer { transport: Transport::Tcp, ..answer });
            }
            Ok(Ok(Received::Malformed(message))) => TcpTrouble::Malformed { message },
            Ok(Ok(Received::Truncated)) => {
                TcpTrouble::Malformed { message: "the answer is truncated there too".to_owned() }
            }
            Ok(Err(_)) => TcpTrouble::Closed,
            Err(_) => TcpTrouble::TimedOut,
        })
    }

    /// Each message behind its length in two bytes (RFC 1035 section 4.2.2).
    async fn exchange_over(&self, mut stream: TcpStream, extended: bool) -> io::Result<Received> {
        let bytes = if extended { self.question.extended() } else { self.question.plain() };
        let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes(), bytes].concat()).await?;
        loop {
            let mut bytes = vec![0; stream.read_u16().await?.into()];
            stream.read_exact(&mut bytes).await?;
            if let Some(said) = self.judge(&bytes) {
                return Ok(said.received);
            }
        }
    }
}

/// The kernel keeps out other senders, and reports an ICMP error as an error.
async fn connected(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    Ok(socket)
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
