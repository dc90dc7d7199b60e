//! Joins the phases of a probe under one deadline.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt};
use tokio::time::Instant;

pub use super::tls::TlsFileError;
use super::{
    deadline, http, tcp,
    tls::{self, TlsContext, TlsContexts},
};
use crate::{
    model::{
        known::Known,
        observation::{AddressProbe, HttpOutcome, HttpProbe, TlsOutcome, TlsProbe},
        target::Target,
        time::Seconds,
    },
    ports::{Clock, Prober},
};

/// Probes over this host's network. Shares roots and client certificates among all targets.
pub struct NetworkProber {
    contexts: TlsContexts,
    clock: Arc<dyn Clock>,
}

impl NetworkProber {
    /// The clock is what certificates' validity is judged by.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { contexts: TlsContexts::default(), clock }
    }

    /// Whether the files that a target's TLS settings name can be used.
    pub fn check(&self, target: &Target) -> Result<(), TlsFileError> {
        if target.protocol.uses_tls() {
            self.contexts.context(&target.tls)?;
        }
        Ok(())
    }

    async fn run(&self, target: &Target, ip: IpAddr, deadline: Instant) -> AddressProbe {
        // Loaded first, so that no server waits for us to read our files.
        let context = target.protocol.uses_tls().then(|| self.contexts.context(&target.tls));
        let to = SocketAddr::new(ip, target.port);
        let (tcp, stream) = tcp::connect(to, deadline).await;
        let connected = stream.is_some();
        let tls = match (&context, stream) {
            (None, _) => None,
            (Some(_), None) if tcp.outcome.is_connected() => {
                Some(tls::without_chain(target.server_name(), TlsOutcome::Reset))
            }
            (Some(_), None) => Some(tls::without_chain(target.server_name(), TlsOutcome::NotTried)),
            (Some(Err(error)), Some(_)) => Some(unusable(target, error)),
            (Some(Ok(context)), Some(stream)) => {
                let now = self.clock.now();
                Some(tls::handshake(stream, target.server_name(), context, now, deadline).await)
            }
        };
        let http = match target.protocol.uses_http() {
            true if connected => Some(request(target, to, context, tls.as_ref(), deadline).await),
            true => Some(not_requested()),
            false => None,
        };
        AddressProbe { ip, used: true, source_ip: tcp::source_towards(ip), tcp, tls, http }
    }
}

impl Prober for NetworkProber {
    fn probe<'a>(
        &'a self,
        target: &'a Target,
        ip: IpAddr,
        deadline: Duration,
    ) -> BoxFuture<'a, AddressProbe> {
        self.run(target, ip, deadline::after(deadline)).boxed()
    }

    fn source_towards(&self, ip: IpAddr) -> Known<IpAddr> {
        tcp::source_towards(ip)
    }
}

/// Certificate problems are the TLS phase's verdict: a request is tried wherever a handshake completed.
async fn request(
    target: &Target,
    to: SocketAddr,
    context: Option<Result<Arc<TlsContext>, TlsFileError>>,
    tls: Option<&TlsProbe>,
    deadline: Instant,
) -> HttpProbe {
    let config = match (context, tls) {
        (Some(Ok(context)), Some(TlsProbe { outcome: TlsOutcome::Completed, .. })) => {
            context.indifferent_config()
        }
        (None, None) => tls::distrustful_config(),
        _ => return not_requested(),
    };
    http::request(target, to, config, tls.is_some_and(TlsProbe::passed), deadline).await
}

fn unusable(target: &Target, error: &TlsFileError) -> TlsProbe {
    tls::without_chain(target.server_name(), TlsOutcome::Failed { message: error.to_string() })
}

fn not_requested() -> HttpProbe {
    HttpProbe { outcome: HttpOutcome::NotTried, seconds: Seconds::default(), denial: None }
}
