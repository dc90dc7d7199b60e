//! Scalars as tools print them: `443`, `"443"`, `null` or not at all.

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// Text, if there is any. A number or a truth value counts as its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) Option<String>);

/// A whole number, if there is any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Int(pub(crate) Option<i64>);

/// A truth value, if there is any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) Option<bool>);

impl Text {
    /// The text, or the empty one: for fields whose absence decides nothing.
    pub(super) fn or_empty(self) -> String {
        self.0.unwrap_or_default()
    }

    pub(super) fn map<U>(self, f: impl FnOnce(String) -> U) -> Option<U> {
        self.0.map(f)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Null => Ok(Self(None)),
            Value::String(text) => Ok(Self(Some(text))),
            Value::Number(number) => Ok(Self(Some(number.to_string()))),
            Value::Bool(truth) => Ok(Self(Some(truth.to_string()))),
            other => Err(D::Error::custom(format_args!("expected text, found {}", kind(&other)))),
        }
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = match &value {
            Value::Null => return Ok(Self(None)),
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number
            .map(|number| Self(Some(number)))
            .ok_or_else(|| D::Error::custom(format_args!("expected a whole number, found {}", kind(&value))))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let truth = match &value {
            Value::Null => return Ok(Self(None)),
            Value::Bool(truth) => Some(*truth),
            Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
            _ => None,
        };
        truth
            .map(|truth| Self(Some(truth)))
            .ok_or_else(|| D::Error::custom(format_args!("expected true or false, found {}", kind(&value))))
    }
}

fn kind(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        scalar => scalar.to_string(),
    }
}

impl From<Option<String>> for Text {
    fn from(text: Option<String>) -> Self {
        Self(text)
    }
}

impl From<Option<&str>> for Text {
    fn from(text: Option<&str>) -> Self {
        Self(text.map(str::to_owned))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Some(text))
    }
}

impl From<Option<i32>> for Int {
    fn from(number: Option<i32>) -> Self {
        Self(number.map(i64::from))
    }
}

impl From<Option<bool>> for Flag {
    fn from(truth: Option<bool>) -> Self {
        Self(truth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_parse_in_every_notation() {
        for text in ["443", "\"443\"", "\" 443 \""] {
            assert_eq!(serde_json::from_str::<Int>(text).unwrap(), Int(Some(443)), "{text}");
        }
        for text in ["true", "\"true\"", "\"True\""] {
            assert_eq!(serde_json::from_str::<Flag>(text).unwrap(), Flag(Some(true)), "{text}");
        }
        assert_eq!(serde_json::from_str::<Text>("6").unwrap(), Text(Some("6".to_owned())));
        assert_eq!(serde_json::from_str::<Text>("null").unwrap(), Text(None));
    }

    #[test]
    fn a_list_is_no_scalar() {
        let error = serde_json::from_str::<Int>("[1]").unwrap_err().to_string();
        assert!(error.starts_with("expected a whole number, found a list"), "{error}");
    }
}
