//! Whatever a server sends is read to its end, and nothing is claimed that it did not send.

use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME};
use proptest::{collection::vec, prelude::*, sample};

use super::*;

/// Real messages and fuzzers' findings.
fn seeds() -> Vec<Vec<u8>> {
    let lines = include_str!("../../../../tests/data/dns-messages.jsonl").lines();
    lines
        .map(|line| hex(serde_json::from_str::<serde_json::Value>(line).unwrap()["hex"].as_str().unwrap()))
        .collect()
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().as_chunks::<2>().0;
    digits.iter().map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// With the message's own question asked, so that all of it is read.
fn question_of(bytes: &[u8]) -> Question {
    let theirs = Message::from_vec(bytes).ok().and_then(|message| message.queries.first().cloned());
    let mut question = Question::new("db.example.test", RecordType::A).unwrap();
    question.query = theirs.unwrap_or(question.query);
    question
}

/// Judges the bytes as the answer to their own question; whether they were one.
fn judged(mut bytes: Vec<u8>) -> bool {
    let question = question_of(&bytes);
    for (at, byte) in bytes.iter_mut().zip(question.plain.id.to_be_bytes()) {
        *at = byte;
    }
    if let Some(flags) = bytes.get_mut(2) {
        *flags |= 0x80;
    }
    match question.judge(&bytes) {
        Some(Said { received: Received::Answer(answer), .. }) => {
            is_in_the_message(&question, &answer, &wire::answers(&bytes).expect("it was read already"));
            true
        }
        _ => false,
    }
}

/// Nothing is claimed that is not there under the name that the chain leads to.
fn is_in_the_message(question: &Question, answer: &DnsAnswer, records: &[wire::Record]) {
    let mut at = text(&question.query.name);
    for link in &answer.cnames {
        assert!(link.name.eq_ignore_ascii_case(&at), "{link:?} does not go on from {at}");
        let alias = |one: &wire::Record| {
            (one.kind, one.class, one.ttl, one.owner == link.name) == (5, 1, link.ttl, true)
                && one.target.as_ref() == Some(&link.target)
        };
        assert!(records.iter().any(alias), "{link:?} is in none of {records:?}");
        at.clone_from(&link.target);
    }
    let kind = u16::from(question.query.query_type);
    for address in &answer.addresses {
        let held = |one: &wire::Record| {
            one.owner.eq_ignore_ascii_case(&at)
                && (one.kind, one.class, one.ttl) == (kind, 1, address.ttl)
                && one.data == wire::octets(address.ip)
        };
        assert!(records.iter().any(held), "{address:?} of {at} is in none of {records:?}");
    }
    assert!(answer.addresses.len() + answer.cnames.len() <= records.len());
    for stray in &answer.strays {
        assert!(records.iter().any(|one| one.owner == stray.owner), "{stray:?} is in none of {records:?}");
    }
}

#[test]
fn any_bytes_are_judged() {
    let mut answers = 0;
    for mut bytes in seeds() {
        for flags in [bytes[2], bytes[2] & !0b10] {
            bytes[2] = flags;
            answers += usize::from(judged(bytes.clone()));
        }
        for length in 0..bytes.len() {
            judged(bytes[..length].to_vec());
        }
    }
    assert!(answers > 30, "only {answers} were read as answers: the selection is of no use");
}

/// What a fuzzer does to a message.
#[derive(Clone, Debug)]
enum Mutation {
    Byte(sample::Index, u8),
    Bit(sample::Index, u8),
    Cut(sample::Index),
    Insert(sample::Index, Vec<u8>),
    Repeat(sample::Index, sample::Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<sample::Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
        (at(), 0..8_u8).prop_map(|(at, bit)| Mutation::Bit(at, bit)),
        at().prop_map(Mutation::Cut),
        (at(), vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        (at(), at()).prop_map(|(from, to)| Mutation::Repeat(from, to)),
    ]
}

fn mutated(mut bytes: Vec<u8>, how: &[Mutation]) -> Vec<u8> {
    for one in how {
        let length = bytes.len().max(1);
        bytes.resize(length, 0);
        match one {
            Mutation::Byte(at, byte) => bytes[at.index(length)] = *byte,
            Mutation::Bit(at, bit) => bytes[at.index(length)] ^= 1 << bit,
            Mutation::Cut(at) => bytes.truncate(at.index(length)),
            Mutation::Insert(at, more) => {
                drop(bytes.splice(at.index(length)..at.index(length), more.clone()));
            }
            Mutation::Repeat(from, to) => {
                let (from, to) = (from.index(length), to.index(length));
                let part = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.extend(part);
            }
        }
    }
    bytes
}

/// Names that meet often, so that chains branch, end and come back.
fn owner() -> impl Strategy<Value = Name> {
    sample::select(vec!["db.test.", "DB.test.", "b.test.", "c.test.", "d.other.", "."])
        .prop_map(|text| Name::from_ascii(text).unwrap())
}

fn record() -> impl Strategy<Value = Record> {
    let data = prop_oneof![
        3 => any::<[u8; 4]>().prop_map(|ip| RData::A(A(ip.into()))),
        1 => any::<[u8; 16]>().prop_map(|ip| RData::AAAA(AAAA(ip.into()))),
        3 => owner().prop_map(|target| RData::CNAME(CNAME(target))),
    ];
    (owner(), any::<u32>(), data).prop_map(|(owner, ttl, data)| Record::from_rdata(owner, ttl, data))
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    vec(record(), 0..12).prop_map(|records| {
        let mut message = Message::query();
        message.add_query(Query::query(Name::from_ascii("db.test.").unwrap(), RecordType::A));
        message.metadata.message_type = MessageType::Response;
        message.add_answers(records);
        message.to_vec().unwrap()
    })
}

proptest! {
    #[test]
    fn nothing_is_claimed_that_is_not_in_a_message(bytes in message()) {
        prop_assert!(judged(bytes));
    }

    #[test]
    fn nothing_is_claimed_that_is_not_in_a_mutated_message(
        bytes in prop_oneof![message(), sample::select(seeds())],
        how in vec(mutation(), 1..6),
    ) {
        judged(mutated(bytes, &how));
    }

    #[test]
    fn random_bytes_are_judged(bytes in vec(any::<u8>(), 0..100)) {
        judged(bytes);
    }
}

/// A second reader of messages, which shares nothing with the first but how a name is written.
mod wire {
    use super::*;

    #[derive(Debug)]
    pub(super) struct Record {
        pub owner: String,
        pub kind: u16,
        pub class: u16,
        pub ttl: u32,
        pub data: Vec<u8>,
        /// Where the data are a name.
        pub target: Option<String>,
    }

    pub(super) fn octets(ip: IpAddr) -> Vec<u8> {
        match ip {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        }
    }

    /// The answer section (RFC 1035 section 4.1).
    pub(super) fn answers(bytes: &[u8]) -> Option<Vec<Record>> {
        let mut at = 12;
        for _ in 0..number(bytes, 4)? {
            at = name(bytes, at)?.1 + 4;
        }
        (0..number(bytes, 6)?).map(|_| record(bytes, &mut at)).collect()
    }

    fn record(bytes: &[u8], at: &mut usize) -> Option<Record> {
        let (owner, fixed) = name(bytes, *at)?;
        let ttl = u32::from(number(bytes, fixed + 4)?) << 16 | u32::from(number(bytes, fixed + 6)?);
        let start = fixed + 10;
        *at = start + usize::from(number(bytes, fixed + 8)?);
        Some(Record {
            owner,
            kind: number(bytes, fixed)?,
            class: number(bytes, fixed + 2)?,
            ttl,
            data: bytes.get(start..*at)?.to_vec(),
            target: name(bytes, start).map(|(target, _)| target),
        })
    }

    fn number(bytes: &[u8], at: usize) -> Option<u16> {
        Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
    }

    /// With where the bytes go on behind it. Each jump of the compression leads before the last, so that they end.
    fn name(bytes: &[u8], mut at: usize) -> Option<(String, usize)> {
        let mut labels: Vec<&[u8]> = Vec::new();
        let mut end = None;
        let mut before = at;
        loop {
            let length = usize::from(*bytes.get(at)?);
            match length {
                0 => break,
                1..=63 => labels.push(bytes.get(at + 1..=at + length)?),
                _ => {
                    let to = usize::from(number(bytes, at)? & 0x3fff);
                    end.get_or_insert(at + 2);
                    at = (to < before).then_some(to)?;
                    before = at;
                    continue;
                }
            }
            at += 1 + length;
        }
        let name = Name::from_labels(labels).ok()?;
        Some((text(&name), end.unwrap_or(at + 1)))
    }
}
