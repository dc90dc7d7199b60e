//! The answer whole: flags, numbers, records of others, messages of others, and what changes from one to the next.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use hickory_resolver::proto::{
    op::{Message, ResponseCode},
    rr::{
        RData, Record, RecordType,
        rdata::{SOA, TXT},
    },
};
use test_case::test_case;
use vpce_doctor::model::name::{LookupOutcome, Rcode, Soa, Stray, Transport};

use crate::{
    PATIENCE, address, alias, answered, ask, asked_type, is_silent, name, one_address,
    server::{sent, server},
    the_address,
};

#[test_case(true)]
#[test_case(false)]
#[tokio::test]
async fn recursion_transport_and_size(recursion: bool) {
    let to = server(move |_, answer, _| {
        let mut answer = one_address(answer);
        answer.metadata.recursion_available = recursion;
        sent(&answer)
    })
    .await;
    let answer = ask(to, "db.example.test", PATIENCE).await;
    let a = answered(&answer.a);
    assert_eq!((a.recursion_available, a.transport), (Some(recursion), Transport::Udp));
    // Header, question, and one record whose owner is a pointer (RFC 1035 section 4.1).
    assert_eq!(a.bytes, Some(12 + 21 + 16));
    assert_eq!(answer.a.foreign, 0);
}

#[tokio::test]
async fn a_denial_says_how_long_it_may_be_kept() {
    let to = server(|_, mut answer, _| {
        answer.metadata.response_code = ResponseCode::NXDomain;
        let soa = SOA::new(name("ns.example.test."), name("admin.example.test."), 7, 2, 3, 4, 900);
        answer.add_authority(Record::from_rdata(name("example.test."), 431, RData::SOA(soa)));
        sent(&answer)
    })
    .await;
    let answer = ask(to, "db.example.test", PATIENCE).await;
    let expected =
        Soa { zone: "example.test".to_owned(), ttl: Some(431), minimum: Some(900), serial: Some(7) };
    assert_eq!(answered(&answer.a).soa, Some(expected));
}

#[tokio::test]
async fn records_of_other_names_are_told_and_not_taken() {
    let to = server(|_, mut answer, _| {
        let txt = RData::TXT(TXT::new(vec!["v=1".to_owned()]));
        answer.add_answers([
            address("other.example.test.", "192.0.2.1", 60),
            address("Other.example.test.", "192.0.2.2", 60),
            alias("third.example.test.", "db.example.test.", 60),
            Record::from_rdata(name("db.example.test."), 60, txt),
        ]);
        sent(&answer)
    })
    .await;
    let answer = ask(to, "db.example.test", PATIENCE).await;
    let stray = |owner: &str, kind: &str| Stray { owner: owner.to_owned(), kind: kind.to_owned() };
    assert_eq!(answered(&answer.a).addresses, []);
    assert_eq!(answered(&answer.a).cnames, []);
    let expected = [
        stray("other.example.test", "A"),
        stray("Other.example.test", "A"),
        stray("third.example.test", "CNAME"),
        stray("db.example.test", "TXT"),
    ];
    assert_eq!(answered(&answer.a).strays, expected);
}

#[test_case(&["b", "c", "DB"], true; "back to the start")]
#[test_case(&["b", "c", "b"], true; "back to the middle")]
#[test_case(&["db"], true; "itself")]
#[test_case(&["b", "c"], false; "an end")]
#[test_case(&[], false; "no alias")]
#[tokio::test]
async fn a_circle_of_aliases_is_one(path: &'static [&'static str], expected: bool) {
    let to = server(move |_, mut answer, _| {
        let mut from = "db";
        for to in path {
            answer.add_answer(alias(&format!("{from}.test."), &format!("{to}.test."), 1));
            from = to;
        }
        sent(&answer)
    })
    .await;
    let answer = ask(to, "db.test", PATIENCE).await;
    assert_eq!(answered(&answer.a).is_loop(), expected, "{answer:?}");
    assert_eq!(answered(&answer.a).cnames.len(), path.len());
}

#[derive(Clone, Copy)]
enum Foreign {
    Id,
    Name,
    Kind,
    Bytes,
}

fn spoilt(how: Foreign, answer: &Message) -> Vec<u8> {
    let mut answer = one_address(answer.clone());
    match how {
        Foreign::Id => answer.metadata.id ^= 0x55,
        Foreign::Name => drop(answer.queries[0].set_name(name("other.test."))),
        Foreign::Kind => drop(answer.queries[0].set_query_type(RecordType::MX)),
        Foreign::Bytes => return b"\0".to_vec(),
    }
    answer.to_vec().unwrap()
}

#[test_case(Foreign::Id)]
#[test_case(Foreign::Name)]
#[test_case(Foreign::Kind)]
#[test_case(Foreign::Bytes)]
#[tokio::test]
async fn messages_for_others_are_counted(how: Foreign) {
    let before = server(move |_, answer, _| {
        vec![spoilt(how, &answer), spoilt(how, &answer), one_address(answer).to_vec().unwrap()]
    });
    let answer = ask(before.await, "db.example.test", PATIENCE).await;
    assert_eq!(answered(&answer.a).addresses, the_address());
    assert_eq!(answer.a.foreign, 2);
    let instead = server(move |_, answer, _| vec![spoilt(how, &answer)]).await;
    let answer = ask(instead, "db.example.test", Duration::from_millis(300)).await;
    assert!(is_silent(&answer), "{answer:?}");
    // The question and its repetitions, on whichever transport.
    assert!(answer.lookups().iter().all(|lookup| lookup.foreign >= 2), "{answer:?}");
}

#[tokio::test]
async fn answers_may_change_and_ttls_count_down() {
    let asked = AtomicU32::new(0);
    let to = server(move |_, mut answer, _| {
        if asked_type(&answer) == RecordType::A {
            let before = asked.fetch_add(1, Ordering::Relaxed);
            answer.add_answer(address("db.example.test.", &format!("10.0.2.{}", 20 + before), 60 - before));
        }
        sent(&answer)
    })
    .await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let answer = ask(to, "db.example.test", PATIENCE).await;
        let record = &answered(&answer.a).addresses[0];
        seen.push((record.ip.to_string(), record.ttl));
    }
    assert_eq!(seen, [("10.0.2.20".to_owned(), 60), ("10.0.2.21".to_owned(), 59)]);
}

#[test_case(RecordType::A)]
#[test_case(RecordType::AAAA)]
#[tokio::test]
async fn one_family_may_answer_alone(silent: RecordType) {
    let to = server(
        move |_, answer, _| {
            if asked_type(&answer) == silent { Vec::new() } else { sent(&one_address(answer)) }
        },
    )
    .await;
    let answer = ask(to, "db.example.test", Duration::from_millis(300)).await;
    let (quiet, heard) =
        if silent == RecordType::A { (&answer.a, &answer.aaaa) } else { (&answer.aaaa, &answer.a) };
    assert_eq!(quiet.outcome, LookupOutcome::TimedOut);
    assert_eq!(answered(heard).rcode, Rcode::NoError);
    assert!(heard.seconds.0 < quiet.seconds.0);
    assert!(!answer.gives_no_answer());
}

#[tokio::test]
async fn a_slow_answer_says_how_slow() {
    let to = server(|_, answer, _| {
        std::thread::sleep(Duration::from_millis(120));
        sent(&one_address(answer))
    })
    .await;
    let answer = ask(to, "db.example.test", PATIENCE).await;
    assert_eq!(answered(&answer.a).addresses, the_address());
    assert!((0.12..2.5).contains(&answer.a.seconds.0), "{}", answer.a.seconds);
}
