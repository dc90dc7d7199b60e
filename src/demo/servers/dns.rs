//! The resolver of the miniature VPC: answers from a table, over UDP and TCP.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use hickory_resolver::proto::{
    ProtoError,
    op::{Message, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, CNAME, SOA},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinSet,
};

use crate::demo::{
    error::DemoError,
    story::{Chapter, DnsRecord, Story},
    world,
};

/// Seconds; what Route 53 gives for an alias to an endpoint.
const TTL: u32 = 60;

/// Without EDNS a question has at most 512 bytes (RFC 1035 section 4.2.1).
const DATAGRAM: usize = 512;

/// Ports are asked for one after the other, and another program may hold the one that UDP gave over TCP.
const ATTEMPTS: usize = 8;

/// Names and what they lead to.
pub(super) struct Zone {
    entries: Vec<(String, Entry)>,
}

enum Entry {
    Alias(String),
    Addresses(Vec<Ipv4Addr>),
}

impl Zone {
    pub(super) fn of(story: &Story) -> Self {
        Self { entries: story.chapters.iter().flat_map(entries).collect() }
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        let name = name.trim_end_matches('.');
        self.entries.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, entry)| entry)
    }

    fn answer(&self, question: &[u8]) -> Result<Vec<u8>, ProtoError> {
        let asked = Message::from_vec(question)?;
        let mut answer = Message::response(asked.metadata.id, asked.metadata.op_code);
        answer.metadata.recursion_desired = asked.metadata.recursion_desired;
        answer.metadata.recursion_available = true;
        answer.add_queries(asked.queries.clone());
        if let Some(query) = asked.queries.first() {
            self.resolve(&mut answer, &query.name, query.query_type)?;
        }
        answer.to_vec()
    }

    fn resolve(&self, answer: &mut Message, name: &Name, kind: RecordType) -> Result<(), ProtoError> {
        match self.find(&name.to_ascii()) {
            None => {
                answer.metadata.response_code = ResponseCode::NXDomain;
                answer.add_authority(start_of_authority(name));
            }
            Some(Entry::Alias(target)) => {
                let target = absolute(target)?;
                answer.add_answer(Record::from_rdata(name.clone(), TTL, RData::CNAME(CNAME(target.clone()))));
                self.resolve(answer, &target, kind)?;
            }
            Some(Entry::Addresses(all)) if kind == RecordType::A => {
                let record = |ip: &Ipv4Addr| Record::from_rdata(name.clone(), TTL, RData::A(A(*ip)));
                answer.add_answers(all.iter().map(record));
            }
            Some(Entry::Addresses(_)) => {
                answer.add_authority(start_of_authority(name));
            }
        }
        Ok(())
    }
}

/// An endpoint's own name always resolves; the vendor's does as the story tells.
fn entries(chapter: &Chapter) -> Vec<(String, Entry)> {
    let own = world::endpoint_name(chapter.name);
    let host = chapter.host.clone();
    let vendors = match chapter.record {
        DnsRecord::Alias => Some((host, Entry::Alias(own.clone()))),
        DnsRecord::Fixed(ip) => Some((host, Entry::Addresses(vec![ip]))),
        DnsRecord::Own | DnsRecord::Missing => None,
    };
    let own = (own, Entry::Addresses(chapter.interfaces.clone()));
    vendors.into_iter().chain([own]).collect()
}

fn absolute(name: &str) -> Result<Name, ProtoError> {
    let mut name = Name::from_ascii(name)?;
    name.set_fqdn(true);
    Ok(name)
}

/// As if every name's parent were a zone, with its own name server.
fn start_of_authority(name: &Name) -> Record {
    let zone = name.base_name();
    let soa = SOA::new(zone.clone(), zone.clone(), 1, 7200, 900, 1_209_600, TTL);
    Record::from_rdata(zone, TTL, RData::SOA(soa))
}

/// Serves until the servers end; returns where.
pub(super) async fn serve(serving: &mut JoinSet<()>, zone: Zone) -> Result<SocketAddr, DemoError> {
    let (udp, tcp, at) = listen().await?;
    let zone = Arc::new(zone);
    serving.spawn(over_udp(udp, Arc::clone(&zone)));
    serving.spawn(over_tcp(tcp, zone));
    Ok(at)
}

/// One port for both, which the kernel chooses: port 53 would need privileges.
async fn listen() -> Result<(UdpSocket, TcpListener, SocketAddr), DemoError> {
    let mut address = SocketAddr::from((world::RESOLVER, 0));
    let mut attempt = 1;
    loop {
        let listen = |address| move |source| DemoError::Listen { address, source };
        let udp = UdpSocket::bind((world::RESOLVER, 0)).await.map_err(listen(address))?;
        address = udp.local_addr().map_err(listen(address))?;
        match super::listen(address).await {
            Ok(tcp) => return Ok((udp, tcp, address)),
            Err(error) if error.is_in_use() && attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

async fn over_udp(socket: UdpSocket, zone: Arc<Zone>) {
    let mut question = [0; DATAGRAM];
    while let Ok((length, peer)) = socket.recv_from(&mut question).await {
        // What is no question is left unanswered; a lost answer is asked for again.
        if let Ok(answer) = zone.answer(question.get(..length).unwrap_or_default()) {
            let _ = socket.send_to(&answer, peer).await;
        }
    }
}

async fn over_tcp(listener: TcpListener, zone: Arc<Zone>) {
    while let Ok((stream, _)) = listener.accept().await {
        // One at a time is enough: every answer fits a datagram, so that nobody has to come here.
        let _ = converse(stream, &zone).await;
    }
}

/// Each message behind its length in two bytes (RFC 1035 section 4.2.2).
async fn converse(mut stream: TcpStream, zone: &Zone) -> std::io::Result<()> {
    let mut question = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut question).await?;
    if let Ok(answer) = zone.answer(&question) {
        stream.write_u16(u16::try_from(answer.len()).unwrap_or(u16::MAX)).await?;
        stream.write_all(&answer).await?;
    }
    Ok(())
}
