//! Targets as words of a command line: `host`, `host:port`, `[v6]:port`, `scheme://host[:port][/path]`.

use thiserror::Error;

use super::{
    error::quote,
    host::{self, HostError},
    plan::Plan,
    services::{self, Unspoken},
    spelling::Near,
    value::is_request_path,
};
use crate::model::target::{Expect, HttpSettings, Protocol, Target, TlsSettings};

/// Why a word is no target. Printed with the word, since a command line may hold many.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}: {problem}", quote(.text))]
pub struct TargetError {
    pub text: String,
    pub problem: TargetProblem,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TargetProblem {
    #[error("expected host, host:port, [ipv6]:port or scheme://host:port, found nothing")]
    Empty,
    #[error("{0}")]
    Host(HostError),
    #[error("a path needs http:// or https://; without it, expected {0}")]
    PathWithoutHttp(String),
    #[error("expected a port from 1 to 65535 after the colon, found {0:?}")]
    Port(String),
    #[error("tcp has no default port; expected tcp://{0}:PORT")]
    PortMissing(String),
    #[error("expected a path of visible ASCII characters without #, found {}", quote(.0))]
    RequestPath(String),
    #[error("unknown scheme {}; {near}", quote(.scheme))]
    Scheme { scheme: String, near: Near },
    #[error("{0}")]
    Unspoken(Unspoken),
    #[error("a user name or password is never sent; expected the host alone, without what stands before @")]
    UserInfo,
    #[error(
        "an IPv6 address needs brackets, so that its port can be told from it; expected [2001:db8::1]:443"
    )]
    V6WithoutBrackets,
    #[error("there is a space or control character in it; expected one target a word")]
    Whitespace,
}

/// Reads one target. Its name is the text as typed.
///
/// A scheme decides the protocol. Without one, the port does: TLS unless its customary service begins in plain
/// text, as the table in `config::services` says. Neither means TLS on port 443.
pub fn parse(text: &str) -> Result<Target, TargetError> {
    address(text)
        .map(|address| address.into_target(text))
        .map_err(|problem| TargetError { text: text.to_owned(), problem })
}

struct Address {
    host: String,
    port: u16,
    protocol: Protocol,
    path: Option<String>,
}

fn address(text: &str) -> Result<Address, TargetProblem> {
    if text.is_empty() {
        return Err(TargetProblem::Empty);
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(TargetProblem::Whitespace);
    }
    let (scheme, rest) = text.split_once("://").map_or((None, text), |(scheme, rest)| (Some(scheme), rest));
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err(TargetProblem::UserInfo);
    }
    let (host, port) = host_and_port(authority)?;
    let (protocol, port) = service(scheme, authority, &host, port)?;
    Ok(Address { path: request_path(protocol, scheme, authority, path)?, host, port, protocol })
}

fn host_and_port(authority: &str) -> Result<(String, Option<u16>), TargetProblem> {
    if let Some((inner, after)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return Ok((host::v6(inner).map_err(TargetProblem::Host)?, port_after_colon(after)?));
    }
    let (name, after) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
    if after.matches(':').count() > 1 {
        return Err(TargetProblem::V6WithoutBrackets);
    }
    Ok((host::parse(name).map_err(TargetProblem::Host)?, port_after_colon(after)?))
}

/// What follows the host: nothing, or a colon and a port. `u16` alone would also take `+443`.
fn port_after_colon(text: &str) -> Result<Option<u16>, TargetProblem> {
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.strip_prefix(':').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    match digits.and_then(|digits| digits.parse().ok()) {
        Some(0) | None => Err(TargetProblem::Port(text.trim_start_matches(':').to_owned())),
        port => Ok(port),
    }
}

fn service(
    scheme: Option<&str>,
    authority: &str,
    host: &str,
    port: Option<u16>,
) -> Result<(Protocol, u16), TargetProblem> {
    let Some(scheme) = scheme else {
        return Ok(port.map_or((Protocol::Tls, 443), |port| (services::protocol_on(port), port)));
    };
    if let Some(protocol) = services::spoken(scheme) {
        let port = port.or(protocol.default_port());
        return port
            .map(|port| (protocol, port))
            .ok_or_else(|| TargetProblem::PortMissing(authority.to_owned()));
    }
    Err(match services::unspoken(scheme) {
        Some((name, default, instead)) => {
            let authority = services::authority(host, port.unwrap_or(default));
            TargetProblem::Unspoken(Unspoken { name, instead: format!("{instead}://{authority}") })
        }
        None => TargetProblem::Scheme { scheme: scheme.to_owned(), near: Near::to(scheme, services::SPOKEN) },
    })
}

fn request_path(
    protocol: Protocol,
    scheme: Option<&str>,
    authority: &str,
    path: &str,
) -> Result<Option<String>, TargetProblem> {
    if path.is_empty() {
        return Ok(None);
    }
    if scheme.is_none() || !protocol.uses_http() {
        let scheme = scheme.map(|scheme| format!("{scheme}://")).unwrap_or_default();
        return Err(TargetProblem::PathWithoutHttp(format!("{scheme}{authority}")));
    }
    // RFC 9112 section 3.2.1: an empty path before a query is sent as "/".
    let path = if path.starts_with('?') { format!("/{path}") } else { path.to_owned() };
    if !is_request_path(&path) {
        return Err(TargetProblem::RequestPath(path));
    }
    Ok(Some(path))
}

impl Address {
    fn into_target(self, name: &str) -> Target {
        let default = HttpSettings::default();
        Target {
            name: name.to_owned(),
            host: self.host,
            port: self.port,
            protocol: self.protocol,
            provider: None,
            endpoint: None,
            tls: TlsSettings::default(),
            http: HttpSettings { path: self.path.unwrap_or(default.path), ..HttpSettings::default() },
            expect: Expect::default(),
            interval: Plan::DEFAULT_INTERVAL,
            timeout: Plan::DEFAULT_TIMEOUT,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use test_case::test_case;

    use super::*;

    #[test_case("api.example.com", "api.example.com", 443, Protocol::Tls; "host alone")]
    #[test_case("api.example.com.", "api.example.com.", 443, Protocol::Tls; "absolute name")]
    #[test_case("in01.vectordb.example:19530", "in01.vectordb.example", 19530, Protocol::Tls; "host and port")]
    #[test_case("db.example:5432", "db.example", 5432, Protocol::Tcp; "a port that begins in plain text")]
    #[test_case("web.example:80", "web.example", 80, Protocol::Http; "the port of http")]
    #[test_case("10.0.2.20:443", "10.0.2.20", 443, Protocol::Tls; "IPv4")]
    #[test_case("[2001:db8::1]:8443", "2001:db8::1", 8443, Protocol::Tls; "IPv6")]
    #[test_case("[2001:db8::1]", "2001:db8::1", 443, Protocol::Tls; "IPv6 without a port")]
    #[test_case("tcp://db.example:443", "db.example", 443, Protocol::Tcp; "a scheme wins over the port")]
    #[test_case("tls://db.example:5432", "db.example", 5432, Protocol::Tls; "a scheme wins over a plain port")]
    #[test_case("tls://db.example", "db.example", 443, Protocol::Tls; "tls by default on 443")]
    #[test_case("HTTPS://api.example.com", "api.example.com", 443, Protocol::Https; "schemes have no case")]
    #[test_case("http://[::1]:8080", "::1", 8080, Protocol::Http; "IPv6 with a scheme")]
    fn reads(text: &str, host: &str, port: u16, protocol: Protocol) {
        let target = parse(text).unwrap();
        assert_eq!((&*target.host, target.port, target.protocol), (host, port, protocol));
        assert_eq!(target.name, text);
        assert_eq!(target.http, HttpSettings::default());
    }

    #[test_case("https://api.example.com/" => "/")]
    #[test_case("https://api.example.com/v1/ping?deep=1" => "/v1/ping?deep=1")]
    #[test_case("http://api.example.com?deep=1" => "/?deep=1")]
    fn keeps_the_path(text: &str) -> String {
        parse(text).unwrap().http.path
    }

    #[test_case("" => "\"\": expected host, host:port, [ipv6]:port or scheme://host:port, found nothing"; "nothing")]
    #[test_case("a b" => "\"a b\": there is a space or control character in it; expected one target a word"; "space")]
    #[test_case("host:" => "\"host:\": expected a port from 1 to 65535 after the colon, found \"\""; "empty port")]
    #[test_case("host:0" => "\"host:0\": expected a port from 1 to 65535 after the colon, found \"0\""; "port zero")]
    #[test_case("host:65536" => "\"host:65536\": expected a port from 1 to 65535 after the colon, found \"65536\""; "port past the end")]
    #[test_case("host:+443" => "\"host:+443\": expected a port from 1 to 65535 after the colon, found \"+443\""; "signed port")]
    #[test_case("host:https" => "\"host:https\": expected a port from 1 to 65535 after the colon, found \"https\""; "named port")]
    #[test_case("[::1]443" => "\"[::1]443\": expected a port from 1 to 65535 after the colon, found \"443\""; "no colon")]
    #[test_case(":443" => "\":443\": the host is empty"; "port alone")]
    #[test_case("https://" => "\"https://\": the host is empty"; "scheme alone")]
    #[test_case("https:///ping" => "\"https:///ping\": the host is empty"; "path alone")]
    #[test_case("::1" => "\"::1\": an IPv6 address needs brackets, so that its port can be told from it; expected [2001:db8::1]:443"; "bare IPv6")]
    #[test_case("[::1%eth0]:443" => "\"[::1%eth0]:443\": \"::1%eth0\" is not an IPv6 address such as 2001:db8::1; zones (%eth0) are not supported"; "zone")]
    #[test_case("10.0.0.256:443" => "\"10.0.0.256:443\": \"10.0.0.256\" is neither an IPv4 address (four numbers up to 255) nor a host name, which does not end in a number"; "bad address")]
    #[test_case("bücher.example" => "\"bücher.example\": 'ü' is not ASCII; write an international name in its xn-- form"; "international name")]
    #[test_case("https://me:secret@api.example" => "\"https://me:secret@api.example\": a user name or password is never sent; expected the host alone, without what stands before @"; "credentials")]
    #[test_case("postgres://db.example" => "\"postgres://db.example\": protocol postgres is not spoken yet; tcp://db.example:5432 tests the connection under it"; "no probe, default port")]
    #[test_case("MQTTS://[::1]:9883/x" => "\"MQTTS://[::1]:9883/x\": protocol mqtts is not spoken yet; tls://[::1]:9883 tests the connection under it"; "no probe, own port")]
    #[test_case("htps://api.example" => "\"htps://api.example\": unknown scheme \"htps\"; did you mean \"https\"?"; "slip in the scheme")]
    #[test_case("gopher://api.example" => "\"gopher://api.example\": unknown scheme \"gopher\"; valid here: http, https, tcp, tls"; "unknown scheme")]
    #[test_case("tcp://db.example" => "\"tcp://db.example\": tcp has no default port; expected tcp://db.example:PORT"; "tcp without a port")]
    #[test_case("tls://db.example/x" => "\"tls://db.example/x\": a path needs http:// or https://; without it, expected tls://db.example"; "path with tls")]
    #[test_case("web.example:80/x" => "\"web.example:80/x\": a path needs http:// or https://; without it, expected web.example:80"; "path without a scheme")]
    #[test_case("https://api.example/#top" => "\"https://api.example/#top\": expected a path of visible ASCII characters without #, found \"/#top\""; "fragment")]
    #[test_case("https://api.example/é" => "\"https://api.example/é\": expected a path of visible ASCII characters without #, found \"/é\""; "path not escaped")]
    fn refuses(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*") {
            if let Err(error) = parse(&text) {
                let _ = error.to_string();
            }
        }

        #[test]
        fn almost_targets_do_not_panic(text in "(tcp|https?|redis|x)?(://)?[a-z0-9.\\[\\]:@/?#%_-]{0,24}") {
            if let Ok(target) = parse(&text) {
                prop_assert!(target.port > 0 && !target.host.is_empty());
            }
        }
    }
}
