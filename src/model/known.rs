//! Facts that may be missing, with the reason why. Unknown is never false.

use serde::{Deserialize, Serialize};

/// A fact, or why we do not have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Known<T> {
    Known(T),
    Unknown(Unknown),
}

/// Why a fact is missing: what would have supplied it, and what happened instead.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unknown {
    /// What would supply the fact: an IAM action (`ec2:DescribeNetworkAcls`) wherever there
    /// is one, otherwise a condition in plain words.
    pub missing: String,
    pub reason: Reason,
}

/// What happened instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The API refused: the error code (`UnauthorizedOperation`, `AuthFailure`, …) and its message.
    Denied { code: String, message: String },
    /// The API asked us to slow down until our deadline passed.
    Throttled { code: String },
    /// The API could not be reached at all.
    Unreachable { message: String },
    /// No answer before the deadline.
    TimedOut,
    /// An answer that could not be used.
    Failed { message: String },
    /// The directory has no such output, or the record lacks the field.
    Absent,
    /// The network interfaces were read, and none holds the address.
    Unheld,
    /// Several candidates fit, and nothing tells which is meant.
    Ambiguous { candidates: Vec<String> },
    /// Nobody asked: there is no inventory, or the question did not arise.
    NotAsked,
}

impl<T> Known<T> {
    pub fn as_ref(&self) -> Known<&T> {
        match self {
            Self::Known(value) => Known::Known(value),
            Self::Unknown(why) => Known::Unknown(why.clone()),
        }
    }

    /// The fact, if we have it. Prefer matching or `?` on [`Known::ok`]: a rule that drops the reason
    /// must have nothing to say about it.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// The fact, or the reason as an error, so that `?` carries it out of a rule.
    pub fn ok(&self) -> Result<&T, Unknown> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Unknown(why) => Err(why.clone()),
        }
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Known(value) => Known::Known(f(value)),
            Self::Unknown(why) => Known::Unknown(why),
        }
    }

    pub fn and_then<U>(self, f: impl FnOnce(T) -> Known<U>) -> Known<U> {
        match self {
            Self::Known(value) => f(value),
            Self::Unknown(why) => Known::Unknown(why),
        }
    }

    /// This fact, otherwise the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self.is_known() { self } else { other }
    }

    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }

    pub fn unknown(missing: impl Into<String>, reason: Reason) -> Self {
        Self::Unknown(Unknown::new(missing, reason))
    }

    pub fn not_asked(missing: impl Into<String>) -> Self {
        Self::unknown(missing, Reason::NotAsked)
    }
}

impl<T> From<Result<T, Unknown>> for Known<T> {
    fn from(result: Result<T, Unknown>) -> Self {
        match result {
            Ok(value) => Self::Known(value),
            Err(why) => Self::Unknown(why),
        }
    }
}

impl Unknown {
    pub fn new(missing: impl Into<String>, reason: Reason) -> Self {
        Self { missing: missing.into(), reason }
    }
}

impl Reason {
    /// One short phrase, for the `why` of the report.
    pub fn describe(&self) -> String {
        match self {
            Self::Denied { code, .. } | Self::Throttled { code } => code.clone(),
            Self::Unreachable { message } => format!("the API could not be reached: {message}"),
            Self::TimedOut => "no answer before the deadline".to_owned(),
            Self::Failed { message } => message.clone(),
            Self::Absent => "not among what was given".to_owned(),
            Self::Unheld => "no network interface that was read holds it".to_owned(),
            Self::Ambiguous { candidates } => format!("ambiguous: {}", candidates.join(", ")),
            Self::NotAsked => "not asked".to_owned(),
        }
    }
}
