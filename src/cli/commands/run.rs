//! `vpce-doctor run`

use std::io;

use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};

use crate::{
    cli::{args::RunArgs, error::CliError, exit::Exit, logging, plan, wire},
    runtime::daemon,
};

pub(in crate::cli) fn run(args: &RunArgs) -> Result<Exit, CliError> {
    let mut plan = plan::of(&args.targets)?;
    plan.listen = args.listen.unwrap_or(plan.listen);
    logging::start(log_filter().as_deref(), args.log_format);
    let wired = wire::world(&plan, &args.inventory)?;
    let runtime = wire::runtime()?;
    let ended = runtime.block_on(async {
        let shutdown = Stop::new()?;
        let address = plan.listen;
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|source| CliError::Listen { address, source })?;
        // Port 0 becomes a real one.
        let address = listener.local_addr().unwrap_or(address);
        tracing::info!("listening on http://{address}");
        let manager = wire::service_manager();
        daemon::run(listener, shutdown.asked(), &wired.world, &plan, wired.limits, &manager).await?;
        tracing::info!("stopped");
        Ok(Exit::Healthy)
    });
    // A resolver call of the C library that hangs must not keep the process from ending.
    runtime.shutdown_background();
    ended
}

#[expect(clippy::disallowed_methods, reason = "the environment is read here and passed on as a value")]
fn log_filter() -> Option<String> {
    std::env::var("RUST_LOG").ok()
}

/// The signals by which people and service managers end a daemon.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// From here on, the signals no longer kill the process.
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn asked(mut self) {
        let name = tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        };
        tracing::info!("{name}: stopping");
    }
}
