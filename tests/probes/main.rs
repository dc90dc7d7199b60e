//! The prober against real servers on loopback, healthy and broken in every way that has a name.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test reads its own files, and says when it has to skip"
)]

mod http;
mod namespace;
mod pki;
mod servers;
mod tls;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use vpce_doctor::{
    adapters::prober::NetworkProber,
    model::{
        observation::AddressProbe,
        target::{Expect, HttpSettings, Protocol, Target, TlsSettings},
        time::Timestamp,
    },
    ports::{Clock, Prober},
};

/// 2026-06-01, in the middle of the validity of a certificate from [`pki`].
const NOW: Timestamp = Timestamp(1_780_272_000);

struct Fixed(Timestamp);

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn prober() -> NetworkProber {
    NetworkProber::new(Arc::new(Fixed(NOW)))
}

async fn probe(target: &Target, to: SocketAddr) -> AddressProbe {
    prober().probe(target, to.ip(), target.timeout).await
}

fn target(protocol: Protocol, to: SocketAddr) -> Target {
    Target {
        name: "test".to_owned(),
        host: pki::NAME.to_owned(),
        port: to.port(),
        protocol,
        provider: None,
        endpoint: None,
        tls: TlsSettings::default(),
        http: HttpSettings::default(),
        expect: Expect::default(),
        interval: Duration::from_secs(30),
        timeout: Duration::from_secs(5),
    }
}

fn trusting(ca_file: &Path, protocol: Protocol, to: SocketAddr) -> Target {
    let tls = TlsSettings { ca_file: Some(ca_file.to_owned()), ..TlsSettings::default() };
    Target { tls, ..target(protocol, to) }
}
