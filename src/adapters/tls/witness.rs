//! Stands in a handshake to see and not to judge: the chain that came, and whether a client certificate was wanted.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use rustls::{
    DigitallySignedStruct, Error, SignatureScheme,
    client::{
        ResolvesClientCert,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    sign::CertifiedKey,
};

use super::contexts::provider;

/// One handshake's witness. Plays both parts that rustls lets others play, the verifier and the holder of the
/// client's key, and passes the second on.
#[derive(Debug)]
pub(crate) struct Witness {
    chain: OnceLock<Vec<CertificateDer<'static>>>,
    client: Arc<dyn ResolvesClientCert>,
    requested: AtomicBool,
}

impl Witness {
    pub(super) fn new(client: Arc<dyn ResolvesClientCert>) -> Self {
        Self { chain: OnceLock::new(), client, requested: AtomicBool::new(false) }
    }

    /// As presented, leaf first. Empty when the handshake did not come that far.
    pub(super) fn chain(&self) -> &[CertificateDer<'static>] {
        self.chain.get().map_or(&[], Vec::as_slice)
    }

    pub(super) fn client_certificate_was_requested(&self) -> bool {
        self.requested.load(Ordering::Relaxed)
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let presented = std::iter::once(leaf).chain(intermediates);
        // A second chain in one handshake does not exist.
        let _ = self.chain.set(presented.map(|der| der.clone().into_owned()).collect());
        AcceptAll.verify_server_cert(leaf, intermediates, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        AcceptAll.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        AcceptAll.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        AcceptAll.supported_verify_schemes()
    }
}

impl ResolvesClientCert for Witness {
    /// Called when, and only when, the server sends a `CertificateRequest`.
    fn resolve(&self, hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.requested.store(true, Ordering::Relaxed);
        self.client.resolve(hints, schemes)
    }

    fn has_certs(&self) -> bool {
        self.client.has_certs()
    }
}

/// Lets every certificate pass, but still holds the peer to the key of the one it presented.
#[derive(Debug)]
pub(crate) struct AcceptAll;

impl ServerCertVerifier for AcceptAll {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signed, algorithms())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signed, algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        algorithms().supported_schemes()
    }
}

fn algorithms() -> &'static WebPkiSupportedAlgorithms {
    &provider().signature_verification_algorithms
}
