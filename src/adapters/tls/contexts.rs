//! Roots, client certificates and the configuration made of them: read once, shared by every target with the
//! same settings, read again when a file changes (client certificates are often short-lived).

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError},
};

use rustls::{
    ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier,
    client::Resumption,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use thiserror::Error;

use super::witness::{AcceptAll, Witness};
use crate::{adapters::stamp::Stamp, model::target::TlsSettings};

/// The one crypto provider of this program.
pub(crate) fn provider() -> &'static Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));
    &PROVIDER
}

fn builder() -> ConfigBuilder<ClientConfig, WantsVerifier> {
    ClientConfig::builder_with_provider(Arc::clone(provider()))
        .with_safe_default_protocol_versions()
        .expect("fails only for a provider without TLS 1.2 and 1.3 suites, and ring's has both")
}

/// For clients that speak plain HTTP, which still demand a configuration. Trusts nobody.
pub(crate) fn distrustful_config() -> ClientConfig {
    builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth()
}

/// Every context made so far. Cheap to ask: one lock, and one `stat` per file that the settings name.
#[derive(Debug, Default)]
pub(crate) struct TlsContexts {
    host_roots: OnceLock<Arc<RootCertStore>>,
    made: Mutex<HashMap<Files, Made>>,
}

/// A context, and its files' stamps when it was made.
type Made = (Vec<Stamp>, Arc<TlsContext>);

/// What a handshake and its judgement need.
#[derive(Debug)]
pub(crate) struct TlsContext {
    base: ClientConfig,
    pub(super) roots: Arc<RootCertStore>,
    /// The certificates of `ca_file` as they are.
    pub(super) extra: Vec<CertificateDer<'static>>,
}

#[derive(Debug, Error)]
pub enum TlsFileError {
    #[error("cannot read {}: {source}", file.display())]
    Read { file: PathBuf, source: io::Error },
    #[error("{} is not valid PEM: {message}", file.display())]
    Pem { file: PathBuf, message: String },
    #[error("{} holds no certificate", file.display())]
    NoCertificate { file: PathBuf },
    #[error("{} holds no private key", file.display())]
    NoKey { file: PathBuf },
    #[error("a certificate of {} cannot be trusted: {source}", file.display())]
    UnusableRoot { file: PathBuf, source: rustls::Error },
    #[error("the client certificate {} cannot be used: {source}", file.display())]
    UnusableClient { file: PathBuf, source: rustls::Error },
}

/// The part of the settings that names files.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Files {
    ca: Option<PathBuf>,
    client_cert: Option<PathBuf>,
    client_key: Option<PathBuf>,
}

impl TlsContexts {
    pub(crate) fn context(&self, settings: &TlsSettings) -> Result<Arc<TlsContext>, TlsFileError> {
        let files = Files::of(settings);
        let stamps = files.stamps();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((then, context)) = made.get(&files)
            && *then == stamps
        {
            return Ok(Arc::clone(context));
        }
        let context = Arc::new(TlsContext::load(&files, self.host_roots())?);
        made.insert(files, (stamps, Arc::clone(&context)));
        Ok(context)
    }

    fn host_roots(&self) -> Arc<RootCertStore> {
        Arc::clone(self.host_roots.get_or_init(|| Arc::new(load_host_roots())))
    }
}

impl TlsContext {
    fn load(files: &Files, host_roots: Arc<RootCertStore>) -> Result<Self, TlsFileError> {
        let extra = files.ca.as_deref().map_or_else(|| Ok(Vec::new()), certificates)?;
        let roots = match &files.ca {
            Some(file) => Arc::new(with_extra(&host_roots, &extra, file)?),
            None => host_roots,
        };
        let builder = builder().dangerous().with_custom_certificate_verifier(Arc::new(AcceptAll));
        let mut base = match &files.client_cert {
            None => builder.with_no_client_auth(),
            Some(cert) => builder
                .with_client_auth_cert(
                    certificates(cert)?,
                    private_key(files.client_key.as_deref().unwrap_or(cert))?,
                )
                .map_err(|source| TlsFileError::UnusableClient { file: cert.clone(), source })?,
        };
        // A resumed session shows no certificate, so that every probe asks for a full handshake.
        base.resumption = Resumption::disabled();
        Ok(Self { base, roots, extra })
    }

    pub(super) fn witness(&self) -> Arc<Witness> {
        Arc::new(Witness::new(Arc::clone(&self.base.client_auth_cert_resolver)))
    }

    /// A copy of a few pointers, with this handshake's witness in place.
    pub(super) fn config(&self, witness: &Arc<Witness>) -> ClientConfig {
        let mut config = self.base.clone();
        config.client_auth_cert_resolver = Arc::<Witness>::clone(witness);
        config.dangerous().set_certificate_verifier(Arc::<Witness>::clone(witness));
        config
    }

    /// The same settings for a client that judges no certificates: [`super::handshake`] has done that.
    pub(crate) fn indifferent_config(&self) -> ClientConfig {
        self.base.clone()
    }
}

impl Files {
    fn of(settings: &TlsSettings) -> Self {
        Self {
            ca: settings.ca_file.clone(),
            client_cert: settings.client_cert.clone(),
            client_key: settings.client_key.clone(),
        }
    }

    fn stamps(&self) -> Vec<Stamp> {
        [&self.ca, &self.client_cert, &self.client_key]
            .into_iter()
            .flatten()
            .map(|file| Stamp::of(file))
            .collect()
    }
}

/// The host's own roots (`SSL_CERT_FILE` and `SSL_CERT_DIR` are heeded), or Mozilla's where the host has none,
/// as in a container made from scratch.
fn load_host_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::warn!(%error, "a trusted certificate of this host could not be read");
    }
    roots.add_parsable_certificates(native.certs);
    if roots.is_empty() {
        tracing::info!("this host has no trusted certificates; Mozilla's list, as built in, is used");
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

fn with_extra(
    host: &RootCertStore,
    extra: &[CertificateDer<'static>],
    file: &Path,
) -> Result<RootCertStore, TlsFileError> {
    let mut roots = host.clone();
    for der in extra {
        roots
            .add(der.clone())
            .map_err(|source| TlsFileError::UnusableRoot { file: file.to_owned(), source })?;
    }
    Ok(roots)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsFileError> {
    let all: Vec<_> = CertificateDer::pem_slice_iter(&read(file)?)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsFileError::Pem { file: file.to_owned(), message: error.to_string() })?;
    if all.is_empty() { Err(TlsFileError::NoCertificate { file: file.to_owned() }) } else { Ok(all) }
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsFileError> {
    PrivateKeyDer::from_pem_slice(&read(file)?).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => TlsFileError::NoKey { file: file.to_owned() },
        other => TlsFileError::Pem { file: file.to_owned(), message: other.to_string() },
    })
}

fn read(file: &Path) -> Result<Vec<u8>, TlsFileError> {
    fs::read(file).map_err(|source| TlsFileError::Read { file: file.to_owned(), source })
}
