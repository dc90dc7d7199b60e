//! The resolver against a DNS server in this process, well-behaved and not.

mod edns;
mod server;
mod transport;
mod whole;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use hickory_resolver::proto::{
    op::{Message, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, AAAA, CNAME, SOA},
    },
};
use test_case::test_case;
use tokio::{net::UdpSocket, time::Instant};
use vpce_doctor::{
    adapters::dns::DirectResolver,
    model::{
        name::{
            AddressRecord, Cname, DnsAnswer, Lookup, LookupOutcome, Rcode, ServerAnswer, ServerRole,
            SystemOutcome, TcpTrouble,
        },
        observation::TcpOutcome,
    },
    ports::Resolver,
};

use crate::server::{Habit, Transport, over_udp, sent, server};

const ROLE: ServerRole = ServerRole::VpcResolver;
const PATIENCE: Duration = Duration::from_secs(5);

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn asked_type(message: &Message) -> RecordType {
    message.queries[0].query_type
}

fn address(owner: &str, ip: &str, ttl: u32) -> Record {
    let data = match ip.parse().unwrap() {
        IpAddr::V4(ip) => RData::A(A(ip)),
        IpAddr::V6(ip) => RData::AAAA(AAAA(ip)),
    };
    Record::from_rdata(name(owner), ttl, data)
}

fn alias(owner: &str, target: &str, ttl: u32) -> Record {
    Record::from_rdata(name(owner), ttl, RData::CNAME(CNAME(name(target))))
}

/// The habit of answering A questions with this address and the others with nothing.
fn one_address(mut answer: Message) -> Message {
    if asked_type(&answer) == RecordType::A {
        answer.add_answer(address("db.example.test.", "10.0.2.20", 60));
    }
    answer
}

fn resolver(servers: &[SocketAddr], hosts: &str) -> DirectResolver {
    DirectResolver::new(servers.iter().map(|server| (*server, ROLE)).collect(), hosts)
}

async fn ask(server: SocketAddr, host: &str, patience: Duration) -> ServerAnswer {
    resolver(&[], "").ask(server, ROLE, host, patience).await
}

async fn ask_a(server: SocketAddr) -> LookupOutcome {
    ask(server, "db.example.test", PATIENCE).await.a.outcome
}

fn answered(lookup: &Lookup) -> &DnsAnswer {
    lookup.answer().unwrap_or_else(|| panic!("no answer: {lookup:?}"))
}

fn message_of(outcome: LookupOutcome) -> String {
    match outcome {
        LookupOutcome::Failed { message } => message,
        other => panic!("expected a failure, got {other:?}"),
    }
}

fn garbage_in(outcome: LookupOutcome) -> String {
    match outcome {
        LookupOutcome::Malformed { message } => message,
        other => panic!("expected garbage, got {other:?}"),
    }
}

fn the_address() -> Vec<AddressRecord> {
    vec![AddressRecord { ip: "10.0.2.20".parse().unwrap(), ttl: 60 }]
}

#[test_case("db.example.test")]
#[test_case("db.example.test."; "absolute already")]
#[test_case("DB.Example.Test"; "in capitals")]
#[tokio::test]
async fn both_families_are_asked(host: &str) {
    let to = server(|_, mut answer, _| {
        answer.metadata.authoritative = true;
        answer.add_answer(match asked_type(&answer) {
            RecordType::A => address("db.example.test.", "10.0.2.20", 60),
            _ => address("DB.EXAMPLE.test.", "fd00::20", 30),
        });
        sent(&answer)
    })
    .await;
    let answer = ask(to, host, PATIENCE).await;
    assert_eq!((answer.server, answer.role), (to, ROLE));
    let (a, aaaa) = (answered(&answer.a), answered(&answer.aaaa));
    assert_eq!((a.rcode, a.authoritative), (Rcode::NoError, true));
    assert_eq!(a.addresses, the_address());
    assert_eq!(aaaa.addresses, [AddressRecord { ip: "fd00::20".parse().unwrap(), ttl: 30 }]);
}

#[tokio::test]
async fn a_chain_is_followed_in_order_and_stray_records_are_left() {
    let to = server(|_, mut answer, _| {
        answer.add_answers([
            address("Pool.example.test.", "10.0.2.20", 60),
            alias("vpce.example.test.", "pool.example.test.", 20),
            address("stray.example.test.", "192.0.2.1", 60),
            alias("DB.example.test.", "vpce.example.TEST.", 300),
        ]);
        sent(&answer)
    })
    .await;
    let answer = ask(to, "db.example.test", PATIENCE).await;
    let link =
        |name: &str, target: &str, ttl| Cname { name: name.to_owned(), target: target.to_owned(), ttl };
    let expected = [
        link("DB.example.test", "vpce.example.TEST", 300),
        link("vpce.example.test", "pool.example.test", 20),
    ];
    assert_eq!(answered(&answer.a).cnames, expected);
    assert_eq!(answered(&answer.a).addresses, the_address());
    assert_eq!(answered(&answer.aaaa).addresses, []);
}

#[tokio::test]
async fn a_loop_ends() {
    let to = server(|_, mut answer, _| {
        answer
            .add_answers([alias("db.example.test.", "a.test.", 1), alias("a.test.", "db.example.test.", 1)]);
        sent(&answer)
    })
    .await;
    assert_eq!(answered(&ask(to, "db.example.test", PATIENCE).await.a).cnames.len(), 2);
}

#[test_case(ResponseCode::NXDomain, Rcode::NxDomain)]
#[test_case(ResponseCode::NoError, Rcode::NoError; "no data")]
#[tokio::test]
async fn a_negative_answer_names_its_zone(code: ResponseCode, expected: Rcode) {
    let to = server(move |_, mut answer, _| {
        answer.metadata.response_code = code;
        let soa = SOA::new(name("ns.example.test."), name("admin.example.test."), 1, 2, 3, 4, 5);
        answer.add_authority(Record::from_rdata(name("Example.test."), 60, RData::SOA(soa)));
        sent(&answer)
    })
    .await;
    let answer = ask(to, "db.example.test", PATIENCE).await;
    assert_eq!(answered(&answer.a).rcode, expected);
    assert_eq!(answered(&answer.a).soa.as_ref().map(|soa| soa.zone.as_str()), Some("Example.test"));
    assert_eq!(answer.denies_name(), code == ResponseCode::NXDomain);
}

#[test_case(ResponseCode::ServFail, Rcode::ServFail)]
#[test_case(ResponseCode::Refused, Rcode::Refused)]
#[test_case(ResponseCode::FormErr, Rcode::FormErr)]
#[test_case(ResponseCode::NotImp, Rcode::NotImp)]
#[test_case(ResponseCode::NotAuth, Rcode::Other(9))]
#[tokio::test]
async fn refusals_need_not_repeat_the_question(code: ResponseCode, expected: Rcode) {
    let to = server(move |_, mut answer, _| {
        answer.metadata.response_code = code;
        answer.queries.clear();
        sent(&answer)
    })
    .await;
    assert_eq!(answered(&ask(to, "db.example.test", PATIENCE).await.a).rcode, expected);
}

/// What a server says in place of, or before, its answer.
#[derive(Clone, Copy)]
enum Noise {
    WrongId,
    WrongQuestion,
    NoQuestion,
}

#[test_case(Noise::WrongId)]
#[test_case(Noise::WrongQuestion)]
#[test_case(Noise::NoQuestion)]
#[tokio::test]
async fn answers_to_other_questions_are_passed_over(noise: Noise) {
    let spoil = move |mut answer: Message| {
        answer.add_answer(address("db.example.test.", "192.0.2.66", 60));
        match noise {
            Noise::WrongId => answer.metadata.id ^= 1,
            Noise::WrongQuestion => {
                answer.queries[0].set_name(name("other.test."));
            }
            Noise::NoQuestion => answer.queries.clear(),
        }
        answer.to_vec().unwrap()
    };
    let before = server(move |_, answer, _| {
        vec![spoil(answer.clone()), b"\0".to_vec(), one_address(answer).to_vec().unwrap()]
    });
    assert_eq!(answered(&ask(before.await, "db.example.test", PATIENCE).await.a).addresses, the_address());
    let instead = server(move |_, answer, _| vec![spoil(answer)]).await;
    let answer = ask(instead, "db.example.test", Duration::from_millis(200)).await;
    assert!(is_silent(&answer), "{answer:?}");
}

#[tokio::test]
async fn a_lost_question_is_repeated() {
    let lost = std::sync::Mutex::new(Vec::new());
    let to = server(move |_, answer, _| {
        let mut lost = lost.lock().unwrap();
        if lost.contains(&asked_type(&answer)) {
            return sent(&one_address(answer));
        }
        lost.push(asked_type(&answer));
        Vec::new()
    })
    .await;
    let answer = ask(to, "db.example.test", Duration::from_secs(1)).await;
    assert_eq!(answered(&answer.a).addresses, the_address());
    assert!(answer.a.seconds.0 >= 0.25, "{}", answer.a.seconds);
}

#[tokio::test]
async fn silence_lasts_until_the_deadline() {
    let to = server(|_, _, _| Vec::new()).await;
    let started = Instant::now();
    let answer = ask(to, "db.example.test", Duration::from_millis(300)).await;
    assert!(is_silent(&answer), "{answer:?}");
    assert!((300..2500).contains(&started.elapsed().as_millis()));
    assert!(answer.a.seconds.0 >= 0.3);
}

#[tokio::test]
async fn a_truncated_answer_is_fetched_over_tcp() {
    let to = server(|_, mut answer, transport| {
        match transport {
            Transport::Udp => answer.metadata.truncation = true,
            Transport::Tcp => {
                let all = (1..=200).map(|last| address("db.example.test.", &format!("10.0.2.{last}"), 60));
                answer.add_answers(all);
            }
        }
        sent(&answer)
    })
    .await;
    assert_eq!(answered(&ask(to, "db.example.test", PATIENCE).await.a).addresses.len(), 200);
}

#[tokio::test]
async fn an_answer_cut_in_the_middle_of_a_record_is_fetched_over_tcp() {
    let to = server(|_, answer, transport| {
        let mut answer = one_address(answer);
        answer.metadata.truncation = transport == Transport::Udp;
        let mut bytes = answer.to_vec().unwrap();
        if transport == Transport::Udp {
            bytes.truncate(bytes.len() - 2);
        }
        vec![bytes]
    })
    .await;
    assert_eq!(answered(&ask(to, "db.example.test", PATIENCE).await.a).addresses, the_address());
}

#[tokio::test]
async fn truncation_without_tcp_names_the_transport() {
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = udp.local_addr().unwrap();
    let habit: Arc<Habit> = Arc::new(|_, mut answer, _| {
        answer.metadata.truncation = true;
        sent(&answer)
    });
    tokio::spawn(over_udp(udp, habit));
    let tcp = TcpTrouble::NotConnected(TcpOutcome::Refused { icmp: None });
    assert_eq!(ask_a(to).await, LookupOutcome::Truncated { tcp });
}

#[tokio::test]
async fn tcp_that_closes_early_says_so() {
    let to = server(|_, mut answer, transport| {
        answer.metadata.truncation = true;
        if transport == Transport::Udp { sent(&answer) } else { Vec::new() }
    })
    .await;
    assert_eq!(ask_a(to).await, LookupOutcome::Truncated { tcp: TcpTrouble::Closed });
}

#[tokio::test]
async fn garbage_for_this_question_is_no_answer() {
    let cut = server(|question, _, _| vec![vec![question[0], question[1], 0x81]]).await;
    assert!(garbage_in(ask_a(cut).await).starts_with("malformed answer: "));
    let echo = server(|question, _, _| vec![question.to_vec()]).await;
    assert_eq!(garbage_in(ask_a(echo).await), "the server sent the question back");
}

#[tokio::test]
async fn a_closed_port_is_not_silence() {
    let to = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(message_of(ask_a(to).await), "nothing listens there (ICMP port unreachable)");
}

#[tokio::test]
async fn a_name_that_cannot_be_asked_for_fails() {
    let to = server(|_, answer, _| sent(&answer)).await;
    let answer = ask(to, &"a".repeat(64), PATIENCE).await;
    assert!(message_of(answer.a.outcome).contains("is no DNS name"));
}

/// Real messages and fuzzers' findings, each sent with the right id as the answer to our question.
#[tokio::test]
async fn no_message_hangs_or_breaks_the_resolver() {
    for line in include_str!("../data/dns-messages.jsonl").lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let bytes = hex(record["hex"].as_str().unwrap());
        let to = server(move |question, answer, _| {
            let mut odd = bytes.clone();
            let header = odd.len().min(2);
            odd[..header].copy_from_slice(&question[..header]);
            // Bytes that are no answer to this question are passed over, and the answer that follows is read.
            vec![odd, one_address(answer).to_vec().unwrap()]
        })
        .await;
        let answer = ask(to, "db.example.test", PATIENCE).await;
        assert!(!is_silent(&answer), "{}: {answer:?}", record["id"]);
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().as_chunks::<2>().0;
    digits.iter().map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

async fn system(resolver: &DirectResolver, host: &str) -> SystemOutcome {
    resolver.system(host, Duration::from_millis(600)).await.outcome
}

fn addresses(all: &[&str]) -> SystemOutcome {
    SystemOutcome::Addresses(all.iter().map(|ip| ip.parse().unwrap()).collect())
}

fn failure(message: &str) -> SystemOutcome {
    SystemOutcome::Failed { message: message.to_owned() }
}

#[tokio::test]
async fn a_host_made_of_servers_and_a_hosts_file_answers_as_a_real_one() {
    let to = server(|_, mut answer, _| {
        match answer.queries[0].name.to_ascii().as_str() {
            "db.example.test." => answer = one_address(answer),
            "empty.example.test." => {}
            "broken.example.test." => answer.metadata.response_code = ResponseCode::ServFail,
            _ => answer.metadata.response_code = ResponseCode::NXDomain,
        }
        sent(&answer)
    })
    .await;
    let resolver = resolver(&[to], "10.0.9.9 pinned.example.test\n10.0.9.9 pinned.example.test\n");
    assert_eq!(resolver.servers(), [(to, ROLE)]);
    assert_eq!(resolver.hosts_file("PINNED.example.test").len(), 2);
    assert_eq!(system(&resolver, "pinned.example.test").await, addresses(&["10.0.9.9"]));
    assert_eq!(system(&resolver, "db.example.test").await, addresses(&["10.0.2.20"]));
    assert_eq!(system(&resolver, "empty.example.test").await, failure("No address associated with hostname"));
    assert_eq!(system(&resolver, "none.example.test").await, failure("Name or service not known"));
    assert_eq!(
        system(&resolver, "broken.example.test").await,
        failure("Temporary failure in name resolution")
    );
    assert_eq!(system(&resolver, "10.1.2.3").await, SystemOutcome::Literal("10.1.2.3".parse().unwrap()));
}

#[tokio::test]
async fn the_next_server_is_asked_when_one_is_broken() {
    let broken = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let healthy = server(|_, answer, _| sent(&one_address(answer))).await;
    let resolver = resolver(&[broken, healthy], "");
    assert_eq!(system(&resolver, "db.example.test").await, addresses(&["10.0.2.20"]));
}

#[tokio::test]
async fn a_silent_server_times_out() {
    let silent = server(|_, _, _| Vec::new()).await;
    assert_eq!(system(&resolver(&[silent], ""), "db.example.test").await, SystemOutcome::TimedOut);
}

/// Nothing came back for either question.
fn is_silent(answer: &ServerAnswer) -> bool {
    answer.lookups().into_iter().all(|lookup| lookup.outcome == LookupOutcome::TimedOut)
}
