//! Points and spans of time as values. Collectors stamp them; nothing below reads a clock.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// A point in time, in whole seconds since the Unix epoch, printed as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A span in seconds. Kept as a float because that is what reports and Prometheus carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub f64);

impl Timestamp {
    /// From `earlier` to this; negative when this is the earlier one.
    pub fn seconds_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// Whole days from `earlier` to this, rounded towards zero.
    pub fn days_since(self, earlier: Self) -> i64 {
        self.seconds_since(earlier) / 86_400
    }

    /// How many midnights (UTC) lie between `earlier` and this.
    pub fn calendar_days_since(self, earlier: Self) -> i64 {
        self.0.div_euclid(86_400) - earlier.0.div_euclid(86_400)
    }

    /// The calendar day alone: `2026-11-20`.
    pub fn date(self) -> String {
        let text = self.to_string();
        text.get(..10).unwrap_or(&text).to_owned()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(time) => write!(f, "{time}"),
            Err(_) => write!(f, "@{}", self.0),
        }
    }
}

impl From<Duration> for Seconds {
    /// Rounded to microseconds: finer digits are noise and differ between renderers.
    fn from(duration: Duration) -> Self {
        Self((duration.as_secs_f64() * 1e6).round() / 1e6)
    }
}

impl fmt::Display for Seconds {
    /// `0.4 ms`, `12 ms`, `3.0 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0 * 1e3;
        if milliseconds < 9.95 {
            write!(f, "{milliseconds:.1} ms")
        } else if milliseconds < 999.5 {
            write!(f, "{milliseconds:.0} ms")
        } else {
            write!(f, "{:.1} s", self.0)
        }
    }
}
