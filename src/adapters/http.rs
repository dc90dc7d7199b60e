//! One request to one address, for protocols where a connection alone proves little.

use std::{error::Error, net::SocketAddr, sync::Arc, time::Duration};

use reqwest::{
    Client, Response,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{HOST, HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use rustls::ClientConfig;
use tokio::time::Instant;

use crate::model::{
    observation::{HttpDenial, HttpOutcome, HttpProbe},
    target::{Protocol, Target},
};

/// GET of the target's path over a connection of its own. Redirects are not followed, and of bodies only the
/// beginning of a 403's is read: the status alone proves that something answers.
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
    let mut denial = None;
    let outcome = match send(target, to, tls, trusted, remaining).await {
        Ok(answer) => {
            let status = answer.status().as_u16();
            if status == FORBIDDEN {
                denial = read_denial(answer).await;
            }
            HttpOutcome::Answered { status }
        }
        Err(HttpError::Request(error)) if error.is_timeout() => HttpOutcome::TimedOut,
        Err(error) => HttpOutcome::Failed { message: error.describe() },
    };
    HttpProbe { outcome, seconds: started.elapsed().into(), denial }
}

const FORBIDDEN: u16 = 403;
/// Of a 403's body: error messages of AWS are shorter by far.
const AT_MOST: usize = 4096;
/// Of what is kept: enough for the longest name of an action.
const KEPT: usize = 160;

/// What cannot be read in time is as if it was not there.
async fn read_denial(mut answer: Response) -> Option<HttpDenial> {
    let error_type = answer.headers().get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    // Some services append a URL: `AccessDeniedException:http://…`.
    let error_type = error_type.and_then(|text| text.split(':').next()).map(|text| shortened(text.trim()));
    let mut body = Vec::new();
    while let (true, Ok(Some(chunk))) = (body.len() < AT_MOST, answer.chunk().await) {
        body.extend_from_slice(&chunk);
    }
    body.truncate(AT_MOST);
    let endpoint_policy = about_endpoint_policy(&String::from_utf8_lossy(&body));
    (error_type.is_some() || endpoint_policy.is_some()).then_some(HttpDenial { error_type, endpoint_policy })
}

/// The clause of an error message that names a VPC endpoint's policy, without the principal before it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
fn about_endpoint_policy(body: &str) -> Option<String> {
    const CLAUSES: [&str; 3] =
        ["no vpc endpoint policy", "explicit deny in a vpc endpoint policy", "vpc endpoint policy"];
    let lower = body.to_ascii_lowercase();
    let start = CLAUSES.iter().find_map(|clause| lower.find(clause))?;
    // Lowering ASCII letters moves no byte.
    let clause = body.get(start..)?.split(['"', '<', '\n', '\r', '\\']).next()?;
    Some(shortened(clause.trim()))
}

fn shortened(text: &str) -> String {
    text.chars().take(KEPT).collect()
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
) -> Result<Response, HttpError> {
    let mut request = client(to, tls, timeout)?.get(url(target));
    if connect_name(target) != target.host {
        request = request.header(HOST, target.authority());
    }
    if trusted || target.protocol == Protocol::Http {
        request = request.headers(headers(target)?);
    }
    Ok(request.send().await?)
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

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(
        r#"{"Message":"User: arn:aws:sts::1:assumed-role/app is not authorized to perform: s3:GetObject because no VPC endpoint policy allows the s3:GetObject action"}"#
        => Some("no VPC endpoint policy allows the s3:GetObject action".to_owned()); "nothing allows it"
    )]
    #[test_case(
        "<Message>User: x is not authorized with an explicit deny in a VPC endpoint policy</Message>"
        => Some("explicit deny in a VPC endpoint policy".to_owned()); "something denies it"
    )]
    #[test_case(r#"{"message":"Forbidden"}"# => None; "nothing of it")]
    #[test_case("because no identity-based policy allows it" => None; "another policy")]
    fn the_policys_clause_is_kept(body: &str) -> Option<String> {
        about_endpoint_policy(body)
    }
}
