//! Servers that shake hands properly, with whatever certificate the story gives them.

use std::sync::Arc;

use rustls::{ServerConfig, crypto::ring};
use tokio::{io::AsyncReadExt as _, net::TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::demo::{error::DemoError, story::Presents};

use super::certificates::{Authority, Identity};

pub(super) fn acceptor(
    authority: &Authority,
    name: &str,
    presents: Presents,
) -> Result<TlsAcceptor, DemoError> {
    let Identity { certificate, key } = authority.sign(name, presents)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Shakes hands and listens until the client leaves.
pub(super) async fn shake(acceptor: TlsAcceptor, stream: TcpStream) {
    if let Ok(mut stream) = acceptor.accept(stream).await {
        let mut ignored = [0; 256];
        while stream.read(&mut ignored).await.is_ok_and(|count| count > 0) {}
    }
}
