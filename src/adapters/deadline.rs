//! From "how long" to "until when", once per question, so that all its phases share one end.

use std::time::Duration;

use tokio::time::Instant;

/// Longer than any probe, short of what overflows.
const LONGEST: Duration = Duration::from_hours(24);

pub(super) fn after(patience: Duration) -> Instant {
    Instant::now() + patience.min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_patience_is_too_long() {
        assert!(after(Duration::MAX) > Instant::now() + Duration::from_hours(23));
    }
}
