//! What this host knows of itself.

use std::{fs, time::Duration};

use futures_util::future::{BoxFuture, FutureExt};

use super::{
    deadline,
    dns::configured_servers,
    imds::{self, ImdsOptions},
};
use crate::{
    model::{
        host::Host,
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
                metadata,
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

    #[tokio::test]
    async fn this_host_has_ports_and_says_what_it_was_told() {
        let imds = ImdsOptions { disabled: true, endpoint: None };
        let host = LocalHost::new(Some("eu-west-1".to_owned()), imds).read(Duration::from_secs(1)).await;
        assert_eq!(host.region.as_deref(), Some("eu-west-1"));
        assert!(host.ephemeral_ports.is_known());
        assert!(matches!(&host.metadata, Known::Unknown(why) if why.reason == Reason::NotAsked));
    }
}
