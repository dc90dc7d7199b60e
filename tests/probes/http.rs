use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
};
use vpce_doctor::model::{
    observation::HttpOutcome,
    target::{HttpSettings, Protocol, Target},
};

use crate::{
    pki::{EXPIRED, NAME, Pki, VALID},
    probe,
    servers::{answering, config, serve, tls_then},
    target, trusting,
};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const MOVED: &[u8] = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";

async fn outcome(target: &Target, to: SocketAddr) -> HttpOutcome {
    probe(target, to).await.http.unwrap().outcome
}

/// Answers 200 and hands over the head of every request that is not empty.
async fn listening() -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let (sender, requests) = mpsc::unbounded_channel();
    let to = serve(move |mut stream| {
        let sender = sender.clone();
        async move {
            let mut request = vec![0; 4096];
            let count = stream.read(&mut request).await.unwrap_or_default();
            if count > 0 {
                sender.send(String::from_utf8_lossy(&request[..count]).into_owned()).unwrap();
                let _ = stream.write_all(OK).await;
            }
        }
    })
    .await;
    (to, requests)
}

#[tokio::test]
async fn the_request_names_the_host_and_carries_the_headers() {
    let (to, mut requests) = listening().await;
    let mut target = target(Protocol::Http, to);
    target.http = HttpSettings {
        path: "/health?full=1".to_owned(),
        headers: vec![("X-Api-Key".to_owned(), "abc".to_owned())],
        ..HttpSettings::default()
    };
    assert_eq!(outcome(&target, to).await, HttpOutcome::Answered { status: 200 });
    let request = requests.recv().await.unwrap();
    assert!(request.starts_with("GET /health?full=1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("host: {NAME}:{}\r\n", to.port())), "{request}");
    assert!(request.contains("x-api-key: abc\r\n"), "{request}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let to = answering(MOVED).await;
    assert_eq!(outcome(&target(Protocol::Http, to), to).await, HttpOutcome::Answered { status: 302 });
}

#[tokio::test]
async fn a_403_is_asked_for_its_reason() {
    const DENIED: &[u8] = b"HTTP/1.1 403 Forbidden\r\nx-amzn-ErrorType: AccessDeniedException:http://x/\r\n\
        Content-Length: 58\r\n\r\n{\"Message\":\"no VPC endpoint policy allows the a:B action\"}";
    const BARE: &[u8] = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    let denial = async |bytes| {
        let to = answering(bytes).await;
        let probe = probe(&target(Protocol::Http, to), to).await.http.unwrap();
        assert_eq!(probe.outcome, HttpOutcome::Answered { status: 403 });
        probe.denial
    };
    let reason = denial(DENIED).await.unwrap();
    assert_eq!(reason.error_type.as_deref(), Some("AccessDeniedException"));
    assert_eq!(reason.endpoint_policy.as_deref(), Some("no VPC endpoint policy allows the a:B action"));
    assert_eq!(denial(BARE).await, None);
}

#[tokio::test]
async fn https_answers_whatever_the_certificate_says() {
    let pki = Pki::new();
    for years in [VALID, EXPIRED] {
        let to = tls_then(config(&pki.issue(&[NAME], years)), OK).await;
        let target = trusting(&pki.root_file(), Protocol::Https, to);
        let row = probe(&target, to).await;
        assert_eq!(row.tls.unwrap().passed(), years == VALID);
        assert_eq!(row.http.unwrap().outcome, HttpOutcome::Answered { status: 200 });
    }
}

#[tokio::test]
async fn headers_stay_home_when_the_peer_is_not_proved() {
    let pki = Pki::new();
    let to = tls_then(config(&pki.issue(&[NAME], EXPIRED)), OK).await;
    let mut target = trusting(&pki.root_file(), Protocol::Https, to);
    // A header that cannot be sent fails the request as soon as one tries to.
    target.http.headers = vec![("Authorization".to_owned(), "line\nbreak".to_owned())];
    assert_eq!(outcome(&target, to).await, HttpOutcome::Answered { status: 200 });

    let to = tls_then(config(&pki.issue(&[NAME], VALID)), OK).await;
    target.port = to.port();
    let HttpOutcome::Failed { message } = outcome(&target, to).await else {
        panic!("sent to the proved peer")
    };
    assert!(message.contains("Authorization"), "{message}");
}

#[tokio::test]
async fn silence_and_nonsense_are_told_apart() {
    let silent = answering(b"").await;
    let target_of = |to| Target { timeout: Duration::from_millis(400), ..target(Protocol::Http, to) };
    assert_eq!(outcome(&target_of(silent), silent).await, HttpOutcome::TimedOut);
    let nonsense = answering(b"SSH-2.0-OpenSSH_9.2\r\n").await;
    assert!(matches!(outcome(&target_of(nonsense), nonsense).await, HttpOutcome::Failed { .. }));
}
