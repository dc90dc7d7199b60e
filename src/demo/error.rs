//! Why a demo cannot begin.

use std::{io, net::SocketAddr};

use thiserror::Error;

#[derive(Debug, Error)]
pub enum DemoError {
    #[error("the demo cannot use {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("the demo cannot make its certificates: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("the demo cannot use the certificates it made: {0}")]
    Tls(#[from] rustls::Error),
    #[error("the demo cannot keep its root certificate in memory: {0}")]
    Memory(#[source] io::Error),
}

impl DemoError {
    /// Another program holds an address and port that the demo wants.
    pub(super) fn is_in_use(&self) -> bool {
        matches!(self, Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse)
    }
}
