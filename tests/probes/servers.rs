//! Servers on port 0 of loopback, each with one habit.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::ring::default_provider,
    server::{NoServerSessionStorage, WebPkiClientVerifier},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use crate::pki::{Identity, Pki};

pub(crate) async fn serve<F>(habit: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(habit(stream));
        }
    });
    address
}

/// Reads the client's first flight, says something, then waits for the client to leave.
pub(crate) async fn answering(bytes: &'static [u8]) -> SocketAddr {
    serve(move |mut stream| async move {
        let mut first = [0; 4096];
        let _ = stream.read(&mut first).await;
        let _ = stream.write_all(bytes).await;
        wait(stream).await;
    })
    .await
}

/// Speaks before the client does.
pub(crate) async fn greeting(bytes: &'static [u8]) -> SocketAddr {
    serve(move |mut stream| async move {
        let _ = stream.write_all(bytes).await;
        wait(stream).await;
    })
    .await
}

/// Holds the connection until the client has left, answering nothing.
pub(crate) async fn wait(mut stream: TcpStream) {
    let mut sink = [0; 4096];
    while stream.read(&mut sink).await.is_ok_and(|count| count > 0) {}
}

pub(crate) fn reset(stream: &TcpStream) {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)).unwrap();
}

/// Completes handshakes and then echoes until the client leaves.
pub(crate) async fn tls(config: ServerConfig) -> SocketAddr {
    tls_then(config, b"").await
}

/// Completes handshakes, reads something and answers with the bytes.
pub(crate) async fn tls_then(config: ServerConfig, answer: &'static [u8]) -> SocketAddr {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

pub(crate) fn config(identity: &Identity) -> ServerConfig {
    config_of(identity, rustls::ALL_VERSIONS, None)
}

pub(crate) fn config_of(
    identity: &Identity,
    versions: &[&'static SupportedProtocolVersion],
    clients: Option<&Pki>,
) -> ServerConfig {
    let provider = Arc::new(default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions).unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(pki) => {
            let mut roots = RootCertStore::empty();
            roots.add(pki.root_der()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let mut config = builder.with_single_cert(identity.chain.clone(), identity.key_der()).unwrap();
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config
}
