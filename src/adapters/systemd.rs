//! The service manager, where systemd is one: `sd_notify(3)`.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::ports::{ServiceManager, ServiceState};

/// Speaks to `NOTIFY_SOCKET`; without it, to nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Systemd;

impl ServiceManager for Systemd {
    /// A message that does not arrive is systemd's to miss: the daemon works without.
    fn tell(&self, state: ServiceState<'_>) {
        let state = match state {
            ServiceState::Ready => NotifyState::Ready,
            ServiceState::Status(line) => NotifyState::Status(line),
            ServiceState::Alive => NotifyState::Watchdog,
            ServiceState::Stopping => NotifyState::Stopping,
        };
        if let Err(error) = sd_notify::notify(&[state]) {
            tracing::debug!("the service manager cannot be told: {error}");
        }
    }

    fn watchdog(&self) -> Option<Duration> {
        sd_notify::watchdog_enabled()
    }
}
