//! `egress-proxy-capture`

use std::net::IpAddr;

use ipnet::IpNet;

use crate::model::{
    finding::{Confidence, Evidence, Fix},
    host::{ProxySettings, ProxyVariable},
    known::Known,
    net,
    resource::{ResourceKind, ResourceRef},
    target::{Protocol, Target},
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, words};

declare_finding! {
    /// ## What it means
    /// The environment names a proxy and no exception for this host. Programs that honour it send their requests to the
    /// proxy, which has no private way to the service: it reaches the public side of it, or nothing.
    /// ## How we know
    /// `HTTPS_PROXY` (or `ALL_PROXY`, for plain HTTP `HTTP_PROXY`) is set in this program's environment, nothing in
    /// `NO_PROXY` covers the host, and the name leads to private addresses. This check itself never uses a proxy.
    /// ## What looks like it
    /// A 403 of the service itself: the answer has its headers, and none of a proxy.
    /// ## How to confirm it by hand
    ///     env | grep -i proxy
    ///     curl -v https://NAME/ ; curl -v --noproxy '*' https://NAME/
    /// ## How to fix it
    /// Add the host to `NO_PROXY` for the applications that use it; for endpoints' own names `.vpce.amazonaws.com`.
    static EGRESS_PROXY_CAPTURE = { title: "programs that honour the proxy settings do not use the endpoint", severity: Warning, side: Client, layer: Host, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&EGRESS_PROXY_CAPTURE, check);

fn check(case: &Case<'_>) -> Outcome {
    let target = &case.target.target;
    let settings = &case.facts.host.proxy;
    let Some(proxy) = proxy_for(settings, target).filter(|_| !is_excepted(settings, target)) else {
        return Ok(None);
    };
    // Towards the public internet a proxy is the usual way, and no endpoint misses anything.
    let mut used = case.rows.iter().filter(|row| row.probe.used).peekable();
    if used.peek().is_none() || !used.all(is_inside) {
        return Ok(None);
    }
    let host = case.host();
    let exceptions = settings.exceptions.as_deref().unwrap_or_default();
    let extended = if exceptions.is_empty() { host.to_owned() } else { format!("{exceptions},{host}") };
    let told = settings.exceptions.as_ref().map_or("NO_PROXY is not set".to_owned(), |exceptions| {
        format!("NO_PROXY is {exceptions}, which does not cover {host}")
    });
    let draft = Draft::new(
        Confidence::Possible,
        format!(
            "Programs that honour {} ask {} for {host} and bypass the endpoint.",
            proxy.name, proxy.value
        ),
    )
    .evidence([
        Evidence::new(format!("{} is {} in this program's environment", proxy.name, proxy.value)),
        Evidence::of(told, ResourceRef::new(ResourceKind::DnsName, host)),
        words::system(case),
    ])
    .fix(
        Fix::text(format!("Except {host} from the proxy wherever its users are started"))
            .cli(format!("export NO_PROXY={extended} no_proxy={extended}")),
    );
    Ok(Some(draft))
}

fn is_inside(row: &Row<'_>) -> bool {
    let private = net::is_private(row.ip()) && !row.ip().is_loopback();
    private || matches!(row.eni, Known::Known(Some(_)))
}

/// The variable that decides for the protocol. Bare TCP has no proxy; TLS on the port of HTTPS is mostly that.
fn proxy_for<'a>(settings: &'a ProxySettings, target: &Target) -> Option<&'a ProxyVariable> {
    let own = match (target.protocol, target.port) {
        (Protocol::Http, _) => "http_proxy",
        (Protocol::Https, _) | (Protocol::Tls, 443) => "https_proxy",
        (Protocol::Tls | Protocol::Tcp, _) => return None,
    };
    let named = |name: &str| settings.proxies.iter().find(|proxy| proxy.name.eq_ignore_ascii_case(name));
    named(own).or_else(|| named("all_proxy"))
}

/// As curl, Go and Python read the list: names cover what is below them, `*` covers everything.
fn is_excepted(settings: &ProxySettings, target: &Target) -> bool {
    let entries = settings.exceptions.as_deref().unwrap_or_default().split([',', ' ']);
    let host = target.host.trim_end_matches('.').to_ascii_lowercase();
    entries.map(|entry| entry.trim().to_ascii_lowercase()).filter(|entry| !entry.is_empty()).any(|entry| {
        let (name, port) = match entry.rsplit_once(':') {
            Some((name, port)) if port.parse() == Ok(target.port) => (name.to_owned(), true),
            Some((_, port)) if port.parse::<u16>().is_ok() && entry.parse::<IpAddr>().is_err() => {
                (String::new(), false)
            }
            _ => (entry, true),
        };
        port && covers(&name, &host, target.literal())
    })
}

fn covers(entry: &str, host: &str, literal: Option<IpAddr>) -> bool {
    if entry == "*" {
        return true;
    }
    if let Some(ip) = literal {
        return entry.parse() == Ok(ip) || entry.parse::<IpNet>().is_ok_and(|net| net.contains(&ip));
    }
    let domain = entry.trim_start_matches('*').trim_start_matches('.').trim_end_matches('.');
    !domain.is_empty()
        && (host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use test_case::test_case;

    use super::*;
    use crate::model::target::{Expect, HttpSettings, TlsSettings};

    #[test_case("api.vendor.example" => true; "the name itself")]
    #[test_case("vendor.example" => true; "a domain above it")]
    #[test_case(".vendor.example" => true; "with a dot")]
    #[test_case("*.vendor.example" => true; "with a star")]
    #[test_case("localhost, VENDOR.example" => true; "letter case and white space")]
    #[test_case("api.vendor.example:443" => true; "with the port")]
    #[test_case("api.vendor.example:8443" => false; "with another port")]
    #[test_case("dor.example" => false; "half a label")]
    #[test_case("10.0.0.0/8,169.254.169.254" => false; "addresses do not cover names")]
    #[test_case("*" => true; "everything")]
    #[test_case("" => false; "nothing")]
    fn an_exception_covers(exceptions: &str) -> bool {
        covered(exceptions, "api.vendor.example")
    }

    #[test_case("10.0.0.0/8" => true; "a block")]
    #[test_case("10.0.2.20" => true; "the address")]
    #[test_case("10.1.0.0/16" => false; "another block")]
    fn an_exception_covers_an_address(exceptions: &str) -> bool {
        covered(exceptions, "10.0.2.20")
    }

    fn covered(exceptions: &str, host: &str) -> bool {
        let settings = ProxySettings { proxies: Vec::new(), exceptions: Some(exceptions.to_owned()) };
        is_excepted(&settings, &target(host))
    }

    fn target(host: &str) -> Target {
        Target {
            name: "test".to_owned(),
            host: host.to_owned(),
            port: 443,
            protocol: Protocol::Https,
            provider: None,
            endpoint: None,
            tls: TlsSettings::default(),
            http: HttpSettings::default(),
            expect: Expect::default(),
            interval: Duration::ZERO,
            timeout: Duration::ZERO,
        }
    }
}
