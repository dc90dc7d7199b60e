//! UDP and TCP told apart: silence, refusal and truncation on the one, and what the other then says.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use test_case::test_case;
use tokio::{io::AsyncWriteExt, net::TcpListener};
use vpce_doctor::model::{
    name::{DnsAnswer, Lookup, LookupOutcome, OverTcp, TcpTrouble, Transport as Over},
    observation::TcpOutcome,
};

use crate::{
    address, answered, ask, one_address,
    server::{Habit, Transport, one_port, over_tcp, over_udp, sent, server},
    the_address,
};

const SHORT: Duration = Duration::from_secs(1);

async fn lookup(server: SocketAddr) -> Lookup {
    ask(server, "db.example.test", SHORT).await.a
}

/// A server with the habit over UDP, and whose TCP is what becomes of the listener.
async fn udp_server(
    habit: impl Fn(&[u8], hickory_resolver::proto::op::Message, Transport) -> Vec<Vec<u8>> + Send + Sync + 'static,
) -> (SocketAddr, TcpListener) {
    let (tcp, udp) = one_port().await;
    tokio::spawn(over_udp(udp, Arc::new(habit)));
    (tcp.local_addr().unwrap(), tcp)
}

fn refused() -> TcpTrouble {
    TcpTrouble::NotConnected(TcpOutcome::Refused { icmp: None })
}

/// Says the same to whoever comes, and closes.
async fn say(listener: TcpListener, bytes: &'static [u8]) {
    while let Ok((mut stream, _)) = listener.accept().await {
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn tcp_is_tried_where_udp_is_silent() {
    let to = server(
        |_, answer, transport| {
            if transport == Transport::Udp { Vec::new() } else { sent(&one_address(answer)) }
        },
    )
    .await;
    let answer = ask(to, "db.example.test", SHORT).await;
    // Applications ask over UDP.
    assert_eq!(answer.a.outcome, LookupOutcome::TimedOut);
    assert!(answer.gives_no_answer() && answer.answers_over_tcp_alone());
    assert_eq!(over_tcp_alone(&answer.a).addresses, the_address());
    assert_eq!(over_tcp_alone(&answer.a).transport, Over::Tcp);
    assert_eq!(over_tcp_alone(&answer.aaaa).addresses, []);
}

fn over_tcp_alone(lookup: &Lookup) -> &DnsAnswer {
    match &lookup.tcp {
        Some(OverTcp::Answered(answer)) => answer,
        other => panic!("no answer over TCP: {other:?}"),
    }
}

#[tokio::test]
async fn tcp_is_tried_where_udp_is_refused() {
    let (tcp, udp) = one_port().await;
    let to = tcp.local_addr().unwrap();
    drop(udp);
    let habit: Arc<Habit> = Arc::new(|_, answer, _| sent(&one_address(answer)));
    tokio::spawn(over_tcp(tcp, habit));
    let lookup = lookup(to).await;
    assert!(matches!(lookup.outcome, LookupOutcome::Failed { .. }), "{lookup:?}");
    assert_eq!(over_tcp_alone(&lookup).addresses, the_address());
    assert!(lookup.seconds.0 < 0.5, "at once, not after {}", lookup.seconds);
}

#[tokio::test]
async fn a_slow_server_is_not_one_that_answers_over_tcp_alone() {
    let to = server(|_, answer, _| {
        std::thread::sleep(Duration::from_millis(30));
        sent(&one_address(answer))
    })
    .await;
    let lookup = lookup(to).await;
    assert_eq!((answered(&lookup).transport, &lookup.tcp), (Over::Udp, &None));
}

#[tokio::test]
async fn silence_says_how_tcp_went() {
    let silent = |_: &[u8], _, _| Vec::new();
    let (mute, listener) = udp_server(silent).await;
    let lookup_mute = lookup(mute).await;
    assert_eq!(
        (lookup_mute.outcome, lookup_mute.tcp),
        (LookupOutcome::TimedOut, Some(OverTcp::Trouble(TcpTrouble::TimedOut)))
    );
    drop(listener);
    let lookup_refused = lookup(mute).await;
    assert_eq!(
        (lookup_refused.outcome, lookup_refused.tcp),
        (LookupOutcome::TimedOut, Some(OverTcp::Trouble(refused())))
    );
    assert!(lookup_refused.seconds.0 >= 1.0, "{}", lookup_refused.seconds);
}

#[tokio::test]
async fn a_refusal_says_how_tcp_went() {
    let (tcp, udp) = one_port().await;
    let to = tcp.local_addr().unwrap();
    drop((tcp, udp));
    let lookup = lookup(to).await;
    assert!(matches!(lookup.outcome, LookupOutcome::Failed { .. }), "{lookup:?}");
    assert_eq!(lookup.tcp, Some(OverTcp::Trouble(refused())));
}

#[test_case(b"", TcpTrouble::Closed; "closes")]
#[test_case(b"\x02\0HTTP", TcpTrouble::Closed; "closes in the middle")]
#[test_case(b"HTTP/1.1 400 Bad Request\r\n\r\n", TcpTrouble::Closed; "speaks something else")]
#[tokio::test]
async fn truncation_and_what_tcp_said(bytes: &'static [u8], trouble: TcpTrouble) {
    let (to, listener) = udp_server(cut).await;
    tokio::spawn(say(listener, bytes));
    assert_eq!(lookup(to).await.outcome, LookupOutcome::Truncated { tcp: trouble });
}

#[tokio::test]
async fn truncation_and_silence() {
    let (to, _listener) = udp_server(cut).await;
    assert_eq!(lookup(to).await.outcome, LookupOutcome::Truncated { tcp: TcpTrouble::TimedOut });
}

fn cut(_: &[u8], mut answer: hickory_resolver::proto::op::Message, _: Transport) -> Vec<Vec<u8>> {
    answer.metadata.truncation = true;
    sent(&answer)
}

#[tokio::test]
async fn truncation_on_both_is_no_answer() {
    let to = server(cut).await;
    let outcome = lookup(to).await.outcome;
    assert!(
        matches!(&outcome, LookupOutcome::Truncated { tcp: TcpTrouble::Malformed { .. } }),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn garbage_after_truncation() {
    let to = server(|question, answer, transport| {
        if transport == Transport::Udp { cut(question, answer, transport) } else { vec![question.to_vec()] }
    })
    .await;
    let message = "the server sent the question back".to_owned();
    assert_eq!(lookup(to).await.outcome, LookupOutcome::Truncated { tcp: TcpTrouble::Malformed { message } });
}

#[tokio::test]
async fn three_hundred_records_come_over_tcp() {
    let to = server(|_, mut answer, transport| {
        let all = (0..300_u32).map(|number| {
            let ip = format!("10.9.{}.{}", number / 256, number % 256);
            address("db.example.test.", &ip, 60)
        });
        match transport {
            Transport::Udp => answer.metadata.truncation = true,
            Transport::Tcp => drop(answer.add_answers(all)),
        }
        sent(&answer)
    })
    .await;
    let lookup = lookup(to).await;
    let answer = answered(&lookup);
    assert_eq!((answer.addresses.len(), answer.transport), (300, Over::Tcp));
    assert!(answer.bytes.unwrap() > 300 * 16, "{:?}", answer.bytes);
}
