//! The time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::{model::time::Timestamp, ports::Clock};

/// The host's clock. A host whose clock is wrong judges certificates wrongly; so would its applications.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_counts_seconds_since_the_epoch() {
        // 2025-01-01 and 2100-01-01: a clock in other units would miss the span.
        assert!((1_735_689_600..4_102_444_800).contains(&SystemClock.now().0));
    }
}
