//! What this host knows of itself.

use std::{env, fs, net::IpAddr, time::Duration};

use futures_util::future::{BoxFuture, FutureExt};
use ipnet::IpNet;
use nix::ifaddrs::{InterfaceAddress, getifaddrs};

use super::{
    deadline,
    dns::{configured_servers, resolver_configuration},
    imds::{self, ImdsOptions},
};
use crate::{
    model::{
        host::{Host, LocalInterface, ProxySettings, ProxyVariable},
        known::{Known, Reason},
        net::PortRange,
    },
    ports::HostReader,
};

const PORT_RANGE: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// The host this program runs on.
#[derive(Clone, Debug, Default)]
pub struct LocalHost {
    region: Option<String>,
    imds: ImdsOptions,
}

impl LocalHost {
    /// `region` is the configured one, which goes before that of the metadata service.
    pub fn new(region: Option<String>, imds: ImdsOptions) -> Self {
        Self { region, imds }
    }
}

impl HostReader for LocalHost {
    fn read(&self, deadline: Duration) -> BoxFuture<'_, Host> {
        let deadline = deadline::after(deadline);
        async move {
            let metadata = imds::read(&self.imds, deadline).await;
            let found = metadata.known().and_then(|metadata| metadata.region.clone());
            Host {
                region: self.region.clone().or(found),
                ephemeral_ports: ephemeral_ports(),
                name_servers: configured_servers(),
                resolver: resolver_configuration(),
                metadata,
                interfaces: interfaces(),
                proxy: proxy_settings(|name| env::var(name).ok()),
            }
        }
        .boxed()
    }
}

fn ephemeral_ports() -> Known<PortRange> {
    let failed = |message| Known::unknown(PORT_RANGE, Reason::Failed { message });
    match fs::read_to_string(PORT_RANGE) {
        Err(error) => failed(format!("cannot read {PORT_RANGE}: {error}")),
        Ok(text) => match parse_range(&text) {
            Some(range) => Known::Known(range),
            None => failed(format!("{PORT_RANGE} holds {text:?}, which is no range")),
        },
    }
}

/// Two numbers with white space between them.
fn parse_range(text: &str) -> Option<PortRange> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse);
    let range = PortRange { from: numbers.next()?.ok()?, to: numbers.next()?.ok()? };
    (numbers.next().is_none() && !range.is_empty()).then_some(range)
}

/// Interfaces that are up and have addresses, in the kernel's order.
fn interfaces() -> Known<Vec<LocalInterface>> {
    let all = match getifaddrs() {
        Ok(all) => all,
        Err(error) => {
            let message = format!("cannot list the network interfaces: {}", error.desc());
            return Known::unknown("this host's network interfaces", Reason::Failed { message });
        }
    };
    let mut interfaces: Vec<LocalInterface> = Vec::new();
    for (name, network) in all.filter_map(|one| Some((one.interface_name.clone(), network(&one)?))) {
        match interfaces.iter_mut().find(|interface| interface.name == name) {
            Some(interface) => interface.networks.push(network),
            None => interfaces.push(LocalInterface { name, networks: vec![network] }),
        }
    }
    Known::Known(interfaces)
}

fn network(one: &InterfaceAddress) -> Option<IpNet> {
    let ip = |address: Option<&nix::sys::socket::SockaddrStorage>| -> Option<IpAddr> {
        let address = address?;
        let v4 = address.as_sockaddr_in().map(|v4| v4.ip().into());
        v4.or_else(|| address.as_sockaddr_in6().map(|v6| v6.ip().into()))
    };
    IpNet::with_netmask(ip(one.address.as_ref())?, ip(one.netmask.as_ref())?).ok()
}

/// Where programs disagree on the letter case, the lower case goes first, as with most of them.
fn proxy_settings(variable: impl Fn(&str) -> Option<String>) -> ProxySettings {
    let either = |name: &str| {
        let spellings = [name.to_owned(), name.to_ascii_uppercase()];
        spellings.into_iter().find_map(|name| Some((variable(&name).filter(|v| !v.is_empty())?, name)))
    };
    let proxies = ["https_proxy", "http_proxy", "all_proxy"].into_iter().filter_map(either);
    ProxySettings {
        proxies: proxies
            .map(|(value, name)| ProxyVariable { name, value: without_credentials(&value) })
            .collect(),
        exceptions: either("no_proxy").map(|(value, _)| value),
    }
}

/// `http://user:password@proxy:3128` → `http://proxy:3128`. What follows the last at sign is no secret.
fn without_credentials(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let host = rest.rsplit('@').next().unwrap_or_default();
    if scheme.is_empty() { host.to_owned() } else { format!("{scheme}://{host}") }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("32768\t60999\n", Some((32768, 60999)))]
    #[test_case("1024 65535", Some((1024, 65535)))]
    #[test_case("60999 32768", None; "backwards")]
    #[test_case("32768", None; "half")]
    #[test_case("1 2 3", None; "too many")]
    #[test_case("1 70000", None; "no port")]
    fn a_range_is_two_ports_in_order(text: &str, expected: Option<(u16, u16)>) {
        assert_eq!(parse_range(text), expected.map(|(from, to)| PortRange { from, to }));
    }

    #[test_case("http://proxy:3128" => "http://proxy:3128")]
    #[test_case("http://user:p@ss@proxy:3128/" => "http://proxy:3128/"; "an at sign in the password")]
    #[test_case("user:secret@proxy:3128" => "proxy:3128"; "no scheme")]
    fn proxies_are_kept_without_credentials(url: &str) -> String {
        without_credentials(url)
    }

    #[test]
    fn the_lower_case_goes_first() {
        let told = |name: &str| match name {
            "https_proxy" => Some("http://one:1".to_owned()),
            "HTTPS_PROXY" => Some("http://two:2".to_owned()),
            "ALL_PROXY" => Some(String::new()),
            "NO_PROXY" => Some(".example".to_owned()),
            _ => None,
        };
        let settings = proxy_settings(told);
        let one = ProxyVariable { name: "https_proxy".to_owned(), value: "http://one:1".to_owned() };
        assert_eq!(settings, ProxySettings { proxies: vec![one], exceptions: Some(".example".to_owned()) });
    }

    #[tokio::test]
    async fn this_host_has_ports_and_says_what_it_was_told() {
        let imds = ImdsOptions { disabled: true, endpoint: None };
        let host = LocalHost::new(Some("eu-west-1".to_owned()), imds).read(Duration::from_secs(1)).await;
        assert_eq!(host.region.as_deref(), Some("eu-west-1"));
        assert!(host.ephemeral_ports.is_known());
        let loopback = "127.0.0.1/8".parse().unwrap();
        assert!(
            host.interfaces.known().unwrap().iter().any(|interface| interface.networks.contains(&loopback))
        );
        assert!(matches!(&host.metadata, Known::Unknown(why) if why.reason == Reason::NotAsked));
    }
}
