//! One request to one address, for protocols where a connection alone proves little.

use std::{error::Error, net::SocketAddr, sync::Arc, time::Duration};

use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{HOST, HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use rustls::ClientConfig;
use tokio::time::Instant;

use crate::model::{
    observation::{HttpOutcome, HttpProbe},
    target::{Protocol, Target},
};

/// GET of the target's path over a connection of its own. Redirects are not followed and the body is not read:
/// the status alone proves that something answers.
///
/// The target's own headers may carry credentials, so they go only to a peer that proved its name (`trusted`),
/// or where the user chose plain HTTP.
pub(crate) async fn request(
    target: &Target,
    to: SocketAddr,
    tls: ClientConfig,
    trusted: bool,
    deadline: Instant,
) -> HttpProbe {
    let started = Instant::now();
    let remaining = deadline.saturating_duration_since(started);
    let outcome = match send(target, to, tls, trusted, remaining).await {
        Ok(status) => HttpOutcome::Answered { status },
        Err(HttpError::Request(error)) if error.is_timeout() => HttpOutcome::TimedOut,
        Err(error) => HttpOutcome::Failed { message: error.describe() },
    };
    HttpProbe { outcome, seconds: started.elapsed().into() }
}

#[derive(Debug, thiserror::Error)]
enum HttpError {
    #[error(transparent)]
    Request(#[from] reqwest::Error),
    #[error("the header {name:?} cannot be sent")]
    Header { name: String },
}

async fn send(
    target: &Target,
    to: SocketAddr,
    tls: ClientConfig,
    trusted: bool,
    timeout: Duration,
) -> Result<u16, HttpError> {
    let mut request = client(to, tls, timeout)?.get(url(target));
    if connect_name(target) != target.host {
        request = request.header(HOST, target.authority());
    }
    if trusted || target.protocol == Protocol::Http {
        request = request.headers(headers(target)?);
    }
    Ok(request.send().await?.status().as_u16())
}

fn client(to: SocketAddr, tls: ClientConfig, timeout: Duration) -> reqwest::Result<Client> {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(Arc::new(Pinned(to)))
        .redirect(Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(0)
        .timeout(timeout)
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Every name is at the address under probe; nothing else is ever looked up.
struct Pinned(SocketAddr);

impl Resolve for Pinned {
    fn resolve(&self, _name: Name) -> Resolving {
        let addresses: Addrs = Box::new(std::iter::once(self.0));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

/// The host of the URL is what reqwest sends as SNI.
fn connect_name(target: &Target) -> &str {
    if target.protocol.uses_tls() { target.server_name() } else { &target.host }
}

fn url(target: &Target) -> String {
    let named = Target { host: connect_name(target).to_owned(), ..target.clone() };
    let slash = if target.http.path.starts_with('/') { "" } else { "/" };
    format!("{}://{}{slash}{}", target.protocol, named.authority(), target.http.path)
}

fn headers(target: &Target) -> Result<HeaderMap, HttpError> {
    let parse = |(name, value): &(String, String)| {
        let parsed = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
        parsed.ok_or_else(|| HttpError::Header { name: name.clone() })
    };
    target.http.headers.iter().map(parse).collect()
}

impl HttpError {
    /// The innermost cause says most; the outer layers say only that a request was sent.
    fn describe(&self) -> String {
        let mut cause: &dyn Error = self;
        while let Some(source) = cause.source() {
            cause = source;
        }
        cause.to_string()
    }
}
