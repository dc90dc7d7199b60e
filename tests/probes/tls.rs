use std::{net::SocketAddr, time::Duration};

use rcgen::{BasicConstraints, IsCa};
use test_case::test_case;
use tokio::io::AsyncReadExt;
use vpce_doctor::{
    model::{
        known::Known,
        observation::{TcpOutcome, TlsOutcome, TlsProbe, Verdict, Verification},
        target::{Protocol, Target, TlsSettings},
    },
    ports::Prober,
};

use crate::{
    pki::{EXPIRED, FUTURE, Identity, NAME, Pki, VALID},
    probe, prober,
    servers::{answering, config, config_of, greeting, reset, serve, tls, wait},
    target, trusting,
};

async fn tls_probe(target: &Target, to: SocketAddr) -> TlsProbe {
    let row = probe(target, to).await;
    assert!(row.tcp.outcome.is_connected(), "{:?}", row.tcp);
    row.tls.unwrap()
}

fn verification(probe: &TlsProbe) -> &Verification {
    probe.verification.known().unwrap_or_else(|| panic!("no chain came: {probe:?}"))
}

fn reason(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Failed { reason } => reason,
        other => panic!("expected a failure, got {other:?}"),
    }
}

#[tokio::test]
async fn a_healthy_server_passes_and_shows_its_chain() {
    let pki = Pki::new();
    let to = tls(config(&pki.issue(&[NAME, "127.0.0.1", "*.pool.test"], VALID))).await;
    let probe = tls_probe(&trusting(&pki.root_file(), Protocol::Tls, to), to).await;
    assert!(probe.passed(), "{probe:?}");
    assert_eq!(probe.version.as_deref(), Some("TLSv1.3"));
    assert!(!probe.client_certificate_requested);
    assert_eq!(probe.server_name, NAME);
    assert_eq!(probe.chain.len(), 2);
    let leaf = probe.leaf().unwrap();
    assert_eq!(leaf.subject, "O=Example, CN=leaf");
    assert_eq!(leaf.issuer, "O=Example, CN=Test Intermediate");
    assert_eq!(leaf.names, [NAME, "127.0.0.1", "*.pool.test"]);
    assert_eq!(leaf.not_before.to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(leaf.not_after.to_string(), "2027-01-01T00:00:00Z");
    assert_eq!(leaf.fingerprint.len(), 64);
}

#[tokio::test]
async fn tls_1_2_passes_too() {
    let pki = Pki::new();
    let to = tls(config_of(&pki.issue(&[NAME], VALID), &[&rustls::version::TLS12], None)).await;
    let probe = tls_probe(&trusting(&pki.root_file(), Protocol::Tls, to), to).await;
    assert!(probe.passed(), "{probe:?}");
    assert_eq!(probe.version.as_deref(), Some("TLSv1.2"));
}

#[test_case("127.0.0.1")]
#[test_case("DB.Example.Test.")]
#[tokio::test]
async fn addresses_and_other_spellings_are_names_too(server_name: &str) {
    let pki = Pki::new();
    let to = tls(config(&pki.issue(&[NAME, "127.0.0.1"], VALID))).await;
    let mut target = trusting(&pki.root_file(), Protocol::Tls, to);
    target.tls.server_name = Some(server_name.to_owned());
    let probe = tls_probe(&target, to).await;
    assert!(probe.passed(), "{probe:?}");
}

#[test_case(EXPIRED, "not valid after 2025-01-01T00:00:00Z")]
#[test_case(FUTURE, "not valid before 2027-01-01T00:00:00Z")]
#[tokio::test]
async fn outside_its_window_a_chain_is_still_trusted_and_named(years: (i32, i32), expected: &str) {
    let pki = Pki::new();
    let to = tls(config(&pki.issue(&[NAME], years))).await;
    let probe = tls_probe(&trusting(&pki.root_file(), Protocol::Tls, to), to).await;
    assert_eq!(probe.outcome, TlsOutcome::Completed);
    assert_eq!(probe.chain.len(), 2);
    let Verification { name, validity, trust } = verification(&probe);
    assert_eq!((name, trust), (&Verdict::Passed, &Verdict::Passed));
    assert!(reason(validity).contains(expected), "{validity:?}");
}

#[tokio::test]
async fn a_wrong_name_is_only_that() {
    let pki = Pki::new();
    let to = tls(config(&pki.issue(&["other.example.test"], VALID))).await;
    let probe = tls_probe(&trusting(&pki.root_file(), Protocol::Tls, to), to).await;
    let Verification { name, validity, trust } = verification(&probe);
    assert!(reason(name).contains("other.example.test"), "{name:?}");
    assert_eq!((validity, trust), (&Verdict::Passed, &Verdict::Passed));
}

#[tokio::test]
async fn every_defect_of_one_certificate_is_told() {
    let (trusted, foreign) = (Pki::new(), Pki::with_root("Foreign Root"));
    let to = tls(config(&foreign.issue(&["other.example.test"], EXPIRED))).await;
    let probe = tls_probe(&trusting(&trusted.root_file(), Protocol::Tls, to), to).await;
    let Verification { name, validity, trust } = verification(&probe);
    assert!(reason(name).contains(NAME));
    assert!(reason(validity).contains("expired"));
    assert!(reason(trust).contains("UnknownIssuer"), "not time's fault: {trust:?}");
}

#[tokio::test]
async fn a_foreign_authority_and_a_missing_intermediate_fail_trust_alone() {
    let (trusted, foreign) = (Pki::new(), Pki::with_root("Foreign Root"));
    let mut incomplete = trusted.issue(&[NAME], VALID);
    incomplete.chain.truncate(1);
    for identity in [foreign.issue(&[NAME], VALID), incomplete] {
        let to = tls(config(&identity)).await;
        let probe = tls_probe(&trusting(&trusted.root_file(), Protocol::Tls, to), to).await;
        assert_eq!(probe.chain.len(), identity.chain.len());
        let Verification { name, validity, trust } = verification(&probe);
        assert_eq!(reason(trust), "UnknownIssuer");
        assert_eq!((name, validity), (&Verdict::Passed, &Verdict::Passed));
    }
}

#[test_case(IsCa::NoCa)]
#[test_case(IsCa::Ca(BasicConstraints::Unconstrained); "marked as an authority, as openssl does")]
#[tokio::test]
async fn a_self_signed_certificate_is_trusted_only_when_it_is_named(is_ca: IsCa) {
    let pki = Pki::new();
    let identity = Identity::self_signed(&[NAME], is_ca);
    let to = tls(config(&identity)).await;
    let stranger = tls_probe(&trusting(&pki.root_file(), Protocol::Tls, to), to).await;
    assert!(matches!(verification(&stranger).trust, Verdict::Failed { .. }), "{stranger:?}");
    let named = tls_probe(&trusting(&pki.file("self.pem", &identity.pem), Protocol::Tls, to), to).await;
    assert!(named.passed(), "{named:?}");
}

#[test_case(&rustls::version::TLS13; "TLS 1.3 says so after the handshake")]
#[test_case(&rustls::version::TLS12; "TLS 1.2 within it")]
#[tokio::test]
async fn a_required_client_certificate_is_missed(version: &'static rustls::SupportedProtocolVersion) {
    let pki = Pki::new();
    let to = tls(config_of(&pki.issue(&[NAME], VALID), &[version], Some(&pki))).await;
    let probe = tls_probe(&trusting(&pki.root_file(), Protocol::Tls, to), to).await;
    assert_eq!(probe.outcome, TlsOutcome::Alert { description: "certificate_required".to_owned() });
    assert!(probe.client_certificate_requested);
    assert_eq!(verification(&probe).trust, Verdict::Passed, "the server's chain was seen all the same");
}

#[tokio::test]
async fn a_client_certificate_is_presented_without_delay() {
    let pki = Pki::new();
    let to = tls(config_of(&pki.issue(&[NAME], VALID), rustls::ALL_VERSIONS, Some(&pki))).await;
    let client = pki.issue(&["client"], VALID);
    let mut target = trusting(&pki.root_file(), Protocol::Tls, to);
    target.tls.client_cert = Some(pki.file("client.pem", &client.pem));
    target.tls.client_key = Some(pki.file("client.key", &client.key.serialize_pem()));
    let probe = tls_probe(&target, to).await;
    assert!(probe.passed(), "{probe:?}");
    assert!(probe.seconds.0 < 0.5, "{}", probe.seconds);
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named() {
    let pki = Pki::new();
    let to = greeting(b"").await;
    let missing = pki.files.path().join("missing.pem");
    let empty = pki.file("empty.pem", "no certificate here\n");
    let certificate = pki.root_file();
    let cases = [
        (
            TlsSettings { ca_file: Some(missing.clone()), ..TlsSettings::default() },
            "missing.pem: No such file",
        ),
        (TlsSettings { ca_file: Some(empty), ..TlsSettings::default() }, "empty.pem holds no certificate"),
        (
            TlsSettings { client_cert: Some(certificate), ..TlsSettings::default() },
            "root.pem holds no private key",
        ),
    ];
    for (tls, expected) in cases {
        let probe = tls_probe(&Target { tls, ..target(Protocol::Tls, to) }, to).await;
        let TlsOutcome::Failed { message } = &probe.outcome else { panic!("{probe:?}") };
        assert!(message.contains(expected), "{message}");
    }
}

#[tokio::test]
async fn a_replaced_file_is_read_again() {
    let (before, after) = (Pki::new(), Pki::new());
    let to = tls(config(&after.issue(&[NAME], VALID))).await;
    let target = trusting(&before.root_file(), Protocol::Tls, to);
    let prober = prober();
    let trusted = async || {
        let row = prober.probe(&target, to.ip(), target.timeout).await;
        verification(&row.tls.unwrap()).trust == Verdict::Passed
    };
    assert!(!trusted().await);
    let replacement = std::fs::read_to_string(after.root_file()).unwrap();
    before.file("root.pem", &format!("# another length, whatever the clock's grain\n{replacement}"));
    assert!(trusted().await);
}

#[test_case(b"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0-OpenSSH_9.2")]
#[test_case(b"220 mail.example.test ESMTP\r\n", "220 mail.example.test ESMTP")]
#[test_case(b"+", "+"; "one byte and silence")]
#[tokio::test]
async fn a_server_that_speaks_first_is_quoted(banner: &'static [u8], expected: &str) {
    let to = greeting(banner).await;
    let target = Target { timeout: Duration::from_millis(500), ..target(Protocol::Tls, to) };
    let probe = tls_probe(&target, to).await;
    assert_eq!(probe.outcome, TlsOutcome::NotTls { head: expected.to_owned() });
    assert!(!probe.verification.is_known());
}

#[tokio::test]
async fn plain_http_behind_a_tls_port_is_quoted() {
    let to = answering(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
    let probe = tls_probe(&target(Protocol::Tls, to), to).await;
    assert_eq!(probe.outcome, TlsOutcome::NotTls { head: "HTTP/1.1 400 Bad Request".to_owned() });
}

#[test_case(b"\x15\x03\x01\x00\x02\x02\x70", TlsOutcome::Alert { description: "unrecognized_name".to_owned() }; "an alert")]
#[test_case(b"\x16\x03\x03\x00\x7a\x02\x00", TlsOutcome::TimedOut; "half a record and silence")]
#[test_case(b"", TlsOutcome::TimedOut; "silence")]
#[tokio::test]
async fn what_the_server_says_is_the_outcome(bytes: &'static [u8], expected: TlsOutcome) {
    let to = answering(bytes).await;
    let target = Target { timeout: Duration::from_millis(500), ..target(Protocol::Tls, to) };
    let probe = tls_probe(&target, to).await;
    assert_eq!(probe.outcome, expected);
}

#[tokio::test]
async fn a_server_of_another_age_has_no_common_version() {
    // A ServerHello of TLS 1.0: version 3.1, 32 bytes of random, no session id, a cipher suite, no compression.
    let mut hello = b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01".to_vec();
    hello.extend([7; 32]);
    hello.extend(b"\x00\x00\x2f\x00");
    let to = answering(hello.leak()).await;
    let probe = tls_probe(&target(Protocol::Tls, to), to).await;
    let TlsOutcome::Failed { message } = &probe.outcome else { panic!("{probe:?}") };
    assert!(message.starts_with(TlsOutcome::NO_COMMON_VERSION), "{message}");
}

#[tokio::test]
async fn a_close_after_the_client_hello_is_an_unexpected_end() {
    let to = serve(|mut stream| async move {
        let mut hello = [0; 4096];
        let _ = stream.read(&mut hello).await;
    })
    .await;
    let probe = tls_probe(&target(Protocol::Tls, to), to).await;
    assert_eq!(probe.outcome, TlsOutcome::UnexpectedEof);
}

#[tokio::test]
async fn a_reset_after_the_client_hello_is_a_reset() {
    let to = serve(|mut stream| async move {
        let mut hello = [0; 4096];
        let _ = stream.read(&mut hello).await;
        reset(&stream);
    })
    .await;
    let probe = tls_probe(&target(Protocol::Tls, to), to).await;
    assert_eq!(probe.outcome, TlsOutcome::Reset);
}

#[tokio::test]
async fn after_a_refused_connection_nothing_more_is_tried() {
    let to = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let row = probe(&target(Protocol::Https, to), to).await;
    assert_eq!(row.tcp.outcome, TcpOutcome::Refused { icmp: None });
    assert_eq!(row.tls.unwrap().outcome, TlsOutcome::NotTried);
    assert_eq!(row.http.unwrap().outcome.as_str(), "not-tried");
    assert_eq!(row.source_ip, Known::Known("127.0.0.1".parse().unwrap()));
}

#[tokio::test]
async fn one_deadline_spans_all_phases() {
    let to = serve(wait).await;
    let target = Target { timeout: Duration::from_millis(300), ..target(Protocol::Https, to) };
    let started = std::time::SystemTime::now();
    let row = probe(&target, to).await;
    assert!(started.elapsed().unwrap() < Duration::from_secs(3));
    assert_eq!(row.tls.unwrap().outcome, TlsOutcome::TimedOut);
    assert_eq!(row.http.unwrap().outcome.as_str(), "not-tried");
}
