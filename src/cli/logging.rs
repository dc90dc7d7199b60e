//! The daemon's log, on standard error: journald and container runtimes add the time themselves.

use tracing_subscriber::{EnvFilter, fmt};

use super::args::LogFormat;

/// Starts logging. `filter` is `RUST_LOG`'s syntax; the libraries below us stay quiet unless it names them.
pub(super) fn start(filter: Option<&str>, format: LogFormat) {
    let filter = EnvFilter::try_new(filter.unwrap_or("vpce_doctor=info"))
        .unwrap_or_else(|_| EnvFilter::new("vpce_doctor=info"));
    let log = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A line that cannot be written would be complained of where it could not be written, and panic there.
    let log = log.log_internal_errors(false);
    // Fails only when a log was started before, and then that one serves.
    let _ = match format {
        LogFormat::Json => log.json().without_time().try_init().is_ok(),
        LogFormat::Text => log.with_ansi(false).without_time().try_init().is_ok(),
    };
}
