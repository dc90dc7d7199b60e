//! Questions with EDNS, and servers and middleboxes that do not like them.

use std::{sync::Mutex, time::Duration};

use hickory_resolver::proto::{
    op::{Edns, Message, ResponseCode},
    rr::rdata::opt::EdnsOption,
};
use test_case::test_case;
use vpce_doctor::model::name::{ExtendedError, LookupOutcome, Rcode};

use crate::{
    PATIENCE, answered, ask, ask_a, one_address,
    server::{Transport, sent, server},
    the_address,
};

fn opt(question: &[u8]) -> Option<Edns> {
    Message::from_vec(question).unwrap().edns
}

#[tokio::test]
async fn the_question_with_edns_offers_what_fits_without_and_asks_for_no_signatures() {
    let seen = std::sync::Arc::new(Mutex::new(Vec::new()));
    let noted = std::sync::Arc::clone(&seen);
    let to = server(move |question, _, transport| {
        if transport == Transport::Udp {
            noted.lock().unwrap().push(question.to_vec());
        }
        Vec::new()
    })
    .await;
    ask(to, "db.example.test", Duration::from_millis(300)).await;
    let seen = seen.lock().unwrap();
    let (with, without): (Vec<_>, Vec<_>) = seen.iter().partition(|question| opt(question).is_some());
    assert_eq!(with.len(), 2, "one for each family");
    assert!(without.len() >= 2, "the repetitions are plain");
    for question in &with {
        let edns = opt(question).unwrap();
        assert_eq!((edns.max_payload(), edns.version(), edns.flags().dnssec_ok), (512, 0, false));
        assert!(without.iter().all(|plain| plain[..2] != question[..2]), "each has its identifier");
    }
}

#[tokio::test]
async fn extended_errors_are_read_and_hold_nothing_that_moves_a_cursor() {
    let to = server(|_, mut answer, _| {
        let mut edns = Edns::new();
        let no_authority = [b"\0\x16".as_slice(), b"no answer\x1b[2J from 10.0.0.9\0"].concat();
        for data in [no_authority, b"\0\x0f".to_vec(), b"\0".to_vec()] {
            edns.options_mut().insert(EdnsOption::Unknown(15, data));
        }
        answer.set_edns(edns);
        answer.metadata.response_code = ResponseCode::ServFail;
        sent(&answer)
    })
    .await;
    let answer = ask(to, "db.example.test", PATIENCE).await;
    let error = |code, text: &str| ExtendedError { code, text: text.to_owned() };
    assert_eq!(answered(&answer.a).rcode, Rcode::ServFail);
    assert_eq!(answered(&answer.a).errors, [error(22, "no answer[2J from 10.0.0.9"), error(15, "")]);
}

/// What a server that knows no EDNS says to a question with it.
#[test_case(|answer| answer.metadata.response_code = ResponseCode::FormErr; "format error")]
#[test_case(|answer| answer.metadata.response_code = ResponseCode::NotImp; "not implemented")]
#[test_case(bad_version; "other version")]
#[test_case(|answer| answer.metadata.message_type = hickory_resolver::proto::op::MessageType::Query; "the question itself")]
#[tokio::test]
async fn a_refusal_of_edns_is_no_answer(refuse: fn(&mut Message)) {
    let to = server(move |question, mut answer, _| {
        if opt(question).is_none() {
            return sent(&one_address(answer));
        }
        refuse(&mut answer);
        sent(&answer)
    })
    .await;
    let answer = ask(to, "db.example.test", PATIENCE).await;
    assert_eq!(answered(&answer.a).addresses, the_address());
    assert_eq!(answered(&answer.aaaa).rcode, Rcode::NoError);
    assert!(answer.a.seconds.0 < 0.9, "asked again at once, not after {}", answer.a.seconds);
}

fn bad_version(answer: &mut Message) {
    answer.set_edns(Edns::new());
    answer.metadata.response_code = ResponseCode::BADVERS;
}

#[tokio::test]
async fn a_refusal_stays_where_the_plain_question_gets_nothing() {
    let to = server(|question, mut answer, _| {
        answer.metadata.response_code = ResponseCode::NotImp;
        if opt(question).is_some() { [sent(&answer), sent(&answer)].concat() } else { Vec::new() }
    })
    .await;
    let answer = ask(to, "db.example.test", Duration::from_millis(300)).await;
    assert_eq!(answered(&answer.a).rcode, Rcode::NotImp);
    assert!((0.3..2.5).contains(&answer.a.seconds.0), "{}", answer.a.seconds);
}

#[tokio::test]
async fn a_refusal_of_both_forms_is_the_answer() {
    let to = server(|_, mut answer, _| {
        answer.metadata.response_code = ResponseCode::FormErr;
        sent(&answer)
    })
    .await;
    let answer = ask(to, "db.example.test", PATIENCE).await;
    assert_eq!(answered(&answer.a).rcode, Rcode::FormErr);
    assert!(answer.a.seconds.0 < 2.5, "{}", answer.a.seconds);
}

#[tokio::test]
async fn a_middlebox_that_drops_edns_is_no_dead_server() {
    let to = server(
        |question, answer, _| {
            if opt(question).is_some() { Vec::new() } else { sent(&one_address(answer)) }
        },
    )
    .await;
    let answer = ask(to, "db.example.test", Duration::from_secs(2)).await;
    assert_eq!(answered(&answer.a).addresses, the_address());
    assert!(answer.a.seconds.0 < 1.0, "by the first repetition, not after {}", answer.a.seconds);
}

#[tokio::test]
async fn garbage_for_both_forms_stays_garbage() {
    let to = server(|question, _, _| vec![vec![question[0], question[1], 0x81]]).await;
    assert!(matches!(ask_a(to).await, LookupOutcome::Malformed { .. }));
}
