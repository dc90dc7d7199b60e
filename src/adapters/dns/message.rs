//! Between DNS messages and the vocabulary of a diagnosis.

use std::net::IpAddr;

use hickory_resolver::proto::{
    ProtoError,
    op::{Message, MessageType, Query, ResponseCode},
    rr::{DNSClass, Name, RData, Record, RecordType},
};

use crate::model::name::{AddressRecord, Cname, DnsAnswer, Rcode, Soa, Transport};

/// A question as sent, to hold answers against.
pub(super) struct Question {
    message: Message,
    pub(super) bytes: Vec<u8>,
}

/// What a received message means for a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    Answer(DnsAnswer),
    /// Meant for another question, or forged.
    Foreign,
    /// Meant for this one, and not readable.
    Malformed(String),
    /// To be asked again over TCP (RFC 7766 section 5).
    Truncated,
}

impl Question {
    /// Names are absolute: no search list applies. Without EDNS, as the C libraries ask.
    pub(super) fn new(host: &str, kind: RecordType) -> Result<Self, ProtoError> {
        let mut name = Name::from_ascii(host).or_else(|_| Name::from_utf8(host))?;
        name.set_fqdn(true);
        let mut message = Message::query();
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(name, kind));
        let bytes = message.to_vec()?;
        Ok(Self { message, bytes })
    }

    pub(super) fn judge(&self, bytes: &[u8]) -> Received {
        if bytes.get(..2) != Some(&self.message.metadata.id.to_be_bytes()) {
            return Received::Foreign;
        }
        match Message::from_vec(bytes) {
            Ok(answer) => self.judge_message(&answer),
            // Some servers cut a long answer in the middle of a record; the header says that they did.
            Err(_) if bytes.get(2).is_some_and(|flags| flags & 0b10 != 0) => Received::Truncated,
            Err(error) => Received::Malformed(format!("malformed answer: {error}")),
        }
    }

    fn judge_message(&self, answer: &Message) -> Received {
        if !self.asked_for(answer) {
            Received::Foreign
        } else if answer.metadata.message_type == MessageType::Query {
            Received::Malformed("the server sent the question back".to_owned())
        } else if answer.metadata.truncation {
            Received::Truncated
        } else {
            Received::Answer(self.read(answer))
        }
    }

    /// A server that could not read the question, or would not, may leave it out.
    fn asked_for(&self, answer: &Message) -> bool {
        match (answer.queries.first(), self.query()) {
            (Some(theirs), Some(ours)) => {
                theirs.name == ours.name
                    && theirs.query_type == ours.query_type
                    && theirs.query_class == ours.query_class
            }
            _ => !matches!(answer.metadata.response_code, ResponseCode::NoError | ResponseCode::NXDomain),
        }
    }

    fn query(&self) -> Option<&Query> {
        self.message.queries.first()
    }

    fn read(&self, answer: &Message) -> DnsAnswer {
        let asked = self.query().map(|query| query.name.clone()).unwrap_or_default();
        let (cnames, last) = follow(&answer.answers, asked);
        let addresses = self.addresses(&answer.answers, &last);
        let denied_by = answer.authorities.iter().find(|record| record.record_type() == RecordType::SOA);
        DnsAnswer {
            rcode: rcode(answer.metadata.response_code),
            authoritative: answer.metadata.authoritative,
            soa: denied_by.filter(|_| addresses.is_empty()).map(start_of_authority),
            cnames,
            addresses,
            recursion_available: Some(answer.metadata.recursion_available),
            strays: Vec::new(),
            errors: Vec::new(),
            bytes: None,
            transport: Transport::Udp,
        }
    }

    fn addresses(&self, answers: &[Record], owner: &Name) -> Vec<AddressRecord> {
        let wanted = self.query().map(|query| query.query_type);
        answers
            .iter()
            .filter(|record| Some(record.record_type()) == wanted && is_of(record, owner))
            .filter_map(|record| Some(AddressRecord { ip: address(&record.data)?, ttl: record.ttl }))
            .collect()
    }
}

/// Walks the chain from the asked name, in whatever order its records came. Each record is used once, so that
/// a loop ends.
fn follow(answers: &[Record], asked: Name) -> (Vec<Cname>, Name) {
    let mut left: Vec<(&Record, &Name)> = answers.iter().filter_map(alias).collect();
    let mut chain = Vec::new();
    let mut at = asked;
    while let Some(next) = left.iter().position(|(record, _)| is_of(record, &at)) {
        let (record, target) = left.remove(next);
        chain.push(Cname { name: text(&record.name), target: text(target), ttl: record.ttl });
        at = target.clone();
    }
    (chain, at)
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

fn alias(record: &Record) -> Option<(&Record, &Name)> {
    match &record.data {
        RData::CNAME(target) => Some((record, &target.0)),
        _ => None,
    }
}

fn is_of(record: &Record, owner: &Name) -> bool {
    record.dns_class == DNSClass::IN && record.name == *owner
}

fn address(data: &RData) -> Option<IpAddr> {
    match data {
        RData::A(ip) => Some(ip.0.into()),
        RData::AAAA(ip) => Some(ip.0.into()),
        _ => None,
    }
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
mod tests {
    use super::*;

    /// With each message's own question asked, so that all of it is read. Which way it ends is the message's
    /// affair; here it must end.
    #[test]
    fn any_bytes_are_judged() {
        let mut answers = 0;
        for line in include_str!("../../../tests/data/dns-messages.jsonl").lines() {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            let mut bytes = hex(record["hex"].as_str().unwrap());
            let question = question_of(&bytes);
            bytes[..2].copy_from_slice(&question.message.metadata.id.to_be_bytes());
            for flags in [bytes[2] | 0x80, bytes[2] & !0b10 | 0x80] {
                bytes[2] = flags;
                answers += usize::from(matches!(question.judge(&bytes), Received::Answer(_)));
            }
            for length in 0..bytes.len() {
                question.judge(&bytes[..length]);
            }
        }
        assert!(answers > 30, "only {answers} were read as answers: the selection is of no use");
    }

    fn question_of(bytes: &[u8]) -> Question {
        let theirs = Message::from_vec(bytes).ok().and_then(|message| message.queries.first().cloned());
        let mut question = Question::new("db.example.test", RecordType::A).unwrap();
        question.message.queries[0] = theirs.unwrap_or_else(|| question.message.queries[0].clone());
        question
    }

    fn hex(text: &str) -> Vec<u8> {
        let digits = text.as_bytes().as_chunks::<2>().0;
        digits.iter().map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }
}
