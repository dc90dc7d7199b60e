//! Spans of time as people write them: `500ms`, `15s`, `2m`, `1h30m`.

use std::{fmt, time::Duration};

/// Largest first, which is also the order in which they are written and printed.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A number and a unit, once or more, without spaces. `None` for anything else, also for what no
/// `u64` of milliseconds can hold.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let (mut milliseconds, mut rest) = part(text)?;
    while !rest.is_empty() {
        let (more, after) = part(rest)?;
        milliseconds = milliseconds.checked_add(more)?;
        rest = after;
    }
    Some(Duration::from_millis(milliseconds))
}

/// The first number and its unit in milliseconds, and the text after them.
fn part(text: &str) -> Option<(u64, &str)> {
    let (digits, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let (unit, rest) = rest.split_at(rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len()));
    let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
    Some((digits.parse::<u64>().ok()?.checked_mul(*size)?, rest))
}

/// Prints a duration the way it is written in the file.
pub(super) struct Short(pub(super) Duration);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, size) in UNITS {
            if rest >= size {
                write!(f, "{}{unit}", rest / size)?;
                rest %= size;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use test_case::test_case;

    use super::*;

    #[test_case("500ms", 500)]
    #[test_case("15s", 15_000)]
    #[test_case("2m", 120_000)]
    #[test_case("1h30m", 5_400_000)]
    #[test_case("1m500ms", 60_500)]
    #[test_case("0s", 0)]
    #[test_case("90s", 90_000; "more than the next unit")]
    fn reads(text: &str, milliseconds: u64) {
        assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)));
    }

    #[test_case(""; "nothing")]
    #[test_case("15"; "no unit")]
    #[test_case("s"; "no number")]
    #[test_case("15 s"; "a space")]
    #[test_case("1.5s"; "a fraction")]
    #[test_case("-1s"; "before the beginning")]
    #[test_case("1d"; "a unit too large for a probe")]
    #[test_case("1m30"; "no unit at the end")]
    #[test_case("15S"; "the wrong case")]
    #[test_case("99999999999999999999s"; "a number past the limit")]
    #[test_case("18446744073709551615h"; "a product past the limit")]
    #[test_case("18446744073709551615ms1ms"; "a sum past the limit")]
    fn refuses(text: &str) {
        assert_eq!(parse(text), None);
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(milliseconds in 0..u64::MAX) {
            let duration = Duration::from_millis(milliseconds);
            prop_assert_eq!(parse(&Short(duration).to_string()), Some(duration));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            parse(&text);
        }
    }
}
