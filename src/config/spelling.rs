//! The word a user probably meant.

use std::fmt;

/// What to say after a word that is none of those valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Near {
    Word(&'static str),
    /// Nothing resembles it: everything that is valid.
    Any(&'static [&'static str]),
}

impl Near {
    pub(super) fn to(word: &str, valid: &'static [&'static str]) -> Self {
        nearest(word, valid).map_or(Self::Any(valid), Self::Word)
    }
}

/// Jaro-Winkler similarity rewards a common beginning, which suits both slips (`hots`) and half
/// remembered names (`proto`). The tests show what 0.8 takes for near and what it does not.
pub(super) fn nearest(word: &str, valid: &'static [&'static str]) -> Option<&'static str> {
    const SIMILAR: f64 = 0.8;
    let word = word.to_ascii_lowercase();
    valid
        .iter()
        .map(|candidate| (strsim::jaro_winkler(&word, candidate), *candidate))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

impl fmt::Display for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "did you mean {word:?}?"),
            Self::Any(words) => write!(f, "valid here: {}", words.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    const KEYS: &[&str] =
        &["name", "host", "port", "protocol", "provider", "endpoint", "interval", "timeout"];

    #[test_case("hots", Some("host"))]
    #[test_case("HOST", Some("host"))]
    #[test_case("prot", Some("port"); "a slip, though protocol begins alike")]
    #[test_case("proto", Some("protocol"))]
    #[test_case("time_out", Some("timeout"))]
    #[test_case("vpc_endpoint", Some("endpoint"))]
    #[test_case("address", None)]
    #[test_case("enabled", None)]
    #[test_case("retries", None)]
    #[test_case("", None)]
    fn finds_the_word_meant(typed: &str, meant: Option<&str>) {
        assert_eq!(nearest(typed, KEYS), meant);
    }
}
