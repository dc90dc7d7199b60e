//! Between DNS messages and the vocabulary of a diagnosis.

use std::net::IpAddr;

use hickory_resolver::proto::{
    ProtoError,
    op::{Edns, Message, MessageType, Query, ResponseCode},
    rr::{
        DNSClass, Name, RData, Record, RecordType,
        rdata::opt::{EdnsCode, EdnsOption},
    },
};

use crate::model::name::{AddressRecord, Cname, DnsAnswer, ExtendedError, Rcode, Soa, Stray, Transport};

/// What a server may send over UDP: not more than to a client without EDNS, as C libraries are by default. With more,
/// an answer that has to be fetched over TCP by every application would reach us without it.
const PAYLOAD: u16 = 512;

/// RFC 8914 section 2.
const EXTENDED_ERROR: u16 = 15;

/// A question as sent, to hold answers against.
pub(super) struct Question {
    query: Query,
    extended: Form,
    plain: Form,
}

/// The question with or without EDNS. Identifiers differ, so that an answer tells which of the two it is to.
struct Form {
    id: u16,
    bytes: Vec<u8>,
}

/// Something that a server said to the question.
pub(super) struct Said {
    pub(super) received: Received,
    /// To the question as asked with EDNS.
    pub(super) extended: bool,
}

/// What it means.
pub(super) enum Received {
    Answer(DnsAnswer),
    /// Not readable.
    Malformed(String),
    /// To be asked again over TCP (RFC 7766 section 5).
    Truncated,
}

impl Question {
    /// Names are absolute: no search list applies.
    pub(super) fn new(host: &str, kind: RecordType) -> Result<Self, ProtoError> {
        let mut name = Name::from_ascii(host).or_else(|_| Name::from_utf8(host))?;
        name.set_fqdn(true);
        let query = Query::query(name, kind);
        let mut message = Message::query();
        message.metadata.recursion_desired = true;
        message.add_query(query.clone());
        let plain = Form::of(&message)?;
        message.metadata.id = !plain.id;
        // Servers may say more about a failure to those who speak EDNS.
        message.set_edns(edns());
        Ok(Self { query, extended: Form::of(&message)?, plain })
    }

    /// With EDNS.
    pub(super) fn extended(&self) -> &[u8] {
        &self.extended.bytes
    }

    /// As the C libraries ask.
    pub(super) fn plain(&self) -> &[u8] {
        &self.plain.bytes
    }

    /// `None` for what is meant for another question, or forged.
    pub(super) fn judge(&self, bytes: &[u8]) -> Option<Said> {
        let id = u16::from_be_bytes(*bytes.first_chunk()?);
        let extended = id == self.extended.id;
        if !extended && id != self.plain.id {
            return None;
        }
        let received = match Message::from_vec(bytes) {
            Ok(answer) => self.judge_message(&answer, bytes.len())?,
            // Some servers cut a long answer in the middle of a record; the header says that they did.
            Err(_) if bytes.get(2).is_some_and(|flags| flags & 0b10 != 0) => Received::Truncated,
            Err(error) => Received::Malformed(format!("malformed answer: {error}")),
        };
        Some(Said { received, extended })
    }

    fn judge_message(&self, answer: &Message, bytes: usize) -> Option<Received> {
        if !self.asked_for(answer) {
            return None;
        }
        Some(if answer.metadata.message_type == MessageType::Query {
            Received::Malformed("the server sent the question back".to_owned())
        } else if answer.metadata.truncation {
            Received::Truncated
        } else {
            Received::Answer(DnsAnswer { bytes: u32::try_from(bytes).ok(), ..self.read(answer) })
        })
    }

    /// A server that could not read the question, or would not, may leave it out.
    fn asked_for(&self, answer: &Message) -> bool {
        match answer.queries.first() {
            Some(theirs) => {
                theirs.name == self.query.name
                    && theirs.query_type == self.query.query_type
                    && theirs.query_class == self.query.query_class
            }
            None => !matches!(answer.metadata.response_code, ResponseCode::NoError | ResponseCode::NXDomain),
        }
    }

    fn read(&self, answer: &Message) -> DnsAnswer {
        let (cnames, last, left) = follow(&answer.answers, self.query.name.clone());
        let (held, strays): (Vec<_>, Vec<_>) = left
            .into_iter()
            .partition(|record| record.record_type() == self.query.query_type && is_of(record, &last));
        let addresses: Vec<_> = held.into_iter().filter_map(address_record).collect();
        let denied_by = answer.authorities.iter().find(|record| record.record_type() == RecordType::SOA);
        DnsAnswer {
            rcode: rcode(answer.metadata.response_code),
            authoritative: answer.metadata.authoritative,
            soa: denied_by.filter(|_| addresses.is_empty()).map(start_of_authority),
            cnames,
            addresses,
            recursion_available: Some(answer.metadata.recursion_available),
            strays: each_once(strays),
            errors: answer.edns.as_ref().map(extended_errors).unwrap_or_default(),
            bytes: None,
            transport: Transport::Udp,
        }
    }
}

impl Form {
    fn of(message: &Message) -> Result<Self, ProtoError> {
        Ok(Self { id: message.metadata.id, bytes: message.to_vec()? })
    }
}

fn edns() -> Edns {
    let mut edns = Edns::new();
    edns.set_max_payload(PAYLOAD).set_version(0);
    edns
}

/// Walks the chain from the asked name, in whatever order its records came, to its last name. Each record is used
/// once, so that a loop ends; those that are left come third.
fn follow(answers: &[Record], asked: Name) -> (Vec<Cname>, Name, Vec<&Record>) {
    let mut left: Vec<&Record> = answers.iter().collect();
    let mut chain = Vec::new();
    let mut at = asked;
    while let Some(next) = left.iter().position(|record| alias(record).is_some() && is_of(record, &at)) {
        let record = left.remove(next);
        let Some(target) = alias(record) else { break };
        chain.push(Cname { name: text(&record.name), target: text(target), ttl: record.ttl });
        at = target.clone();
    }
    (chain, at, left)
}

fn each_once(records: Vec<&Record>) -> Vec<Stray> {
    let mut strays = Vec::new();
    for record in records {
        let stray = Stray { owner: text(&record.name), kind: record.record_type().to_string() };
        if !strays.contains(&stray) {
            strays.push(stray);
        }
    }
    strays
}

/// A code, and a text that is meant for people and written by strangers (RFC 8914 section 2).
fn extended_errors(edns: &Edns) -> Vec<ExtendedError> {
    let read = |option: &&EdnsOption| match option {
        EdnsOption::Unknown(EXTENDED_ERROR, data) => {
            let (code, text) = data.split_first_chunk()?;
            let text = String::from_utf8_lossy(text).chars().filter(|sign| !sign.is_control()).collect();
            Some(ExtendedError { code: u16::from_be_bytes(*code), text })
        }
        _ => None,
    };
    edns.options().get_all(EdnsCode::Unknown(EXTENDED_ERROR)).iter().filter_map(read).collect()
}

fn start_of_authority(record: &Record) -> Soa {
    let RData::SOA(soa) = &record.data else { return Soa::from(text(&record.name).as_str()) };
    Soa {
        zone: text(&record.name),
        ttl: Some(record.ttl),
        minimum: Some(soa.minimum),
        serial: Some(soa.serial),
    }
}

fn alias(record: &Record) -> Option<&Name> {
    match &record.data {
        RData::CNAME(target) => Some(&target.0),
        _ => None,
    }
}

fn is_of(record: &Record, owner: &Name) -> bool {
    record.dns_class == DNSClass::IN && record.name == *owner
}

fn address_record(record: &Record) -> Option<AddressRecord> {
    let ip: IpAddr = match &record.data {
        RData::A(ip) => ip.0.into(),
        RData::AAAA(ip) => ip.0.into(),
        _ => return None,
    };
    Some(AddressRecord { ip, ttl: record.ttl })
}

/// Without the trailing dot, which people do not write; the root alone keeps it.
fn text(name: &Name) -> String {
    let text = name.to_ascii();
    match text.strip_suffix('.') {
        Some(bare) if !bare.is_empty() => bare.to_owned(),
        _ => text,
    }
}

fn rcode(code: ResponseCode) -> Rcode {
    match code {
        ResponseCode::NoError => Rcode::NoError,
        ResponseCode::FormErr => Rcode::FormErr,
        ResponseCode::ServFail => Rcode::ServFail,
        ResponseCode::NXDomain => Rcode::NxDomain,
        ResponseCode::NotImp => Rcode::NotImp,
        ResponseCode::Refused => Rcode::Refused,
        other => Rcode::Other(other.into()),
    }
}

#[cfg(test)]
mod tests;
