//! What can be wrong with a configuration file, and where.

use std::{fmt, time::Duration};

use thiserror::Error;

use super::{duration::Short, host::HostError, services::Unspoken, spelling::Near, yaml};
use crate::model::target::Protocol;

/// A mistake in a configuration file: `config.yaml:12:5: targets[1].hots: unknown key; did you mean "host"?`
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct ConfigError {
    /// As the caller named it.
    pub file: String,
    /// `None` only where the parser itself cannot tell, as for aliases that multiply without end.
    pub place: Option<Place>,
    pub path: KeyPath,
    pub problem: Box<Problem>,
}

/// Counted from 1, in characters, as editors do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

/// The way from the top of the file to a value: `targets[1].tls.ca_file`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPath(pub Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Key(String),
    /// Counted from 0.
    Index(usize),
}

/// What is wrong there. Each reads on from the path and a colon.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// YAML 1.2 section 5.1.
    #[error("{0:?} is not allowed in YAML")]
    Character(char),
    #[error("key given twice")]
    DuplicateKey,
    #[error("{} is the name of targets[{first}] already; names tell targets apart, also in metrics", quote(.name))]
    DuplicateName { name: String, first: usize },
    #[error("expected {expected}, found {found}")]
    Expected { expected: &'static str, found: String },
    #[error("{0}")]
    Host(HostError),
    #[error("{} is shorter than the timeout of {}, which a probe may need", Short(*.interval), Short(*.timeout))]
    IntervalTooShort { interval: Duration, timeout: Duration },
    #[error("missing key {0:?}")]
    MissingKey(&'static str),
    #[error("missing key \"port\", which protocol {0} has no default for")]
    MissingPort(Protocol),
    #[error("not valid YAML: {0}")]
    NotYaml(String),
    #[error("the file holds a second YAML document; expected one")]
    SecondDocument,
    #[error("{needs} is missing; a client certificate and its key go together")]
    Unpaired { needs: &'static str },
    #[error("{} is longer than the interval of {}, so probes would overlap", Short(*.timeout), Short(*.interval))]
    TimeoutTooLong { interval: Duration, timeout: Duration },
    #[error("unknown key; {0}")]
    UnknownKey(Near),
    #[error("expected {expected}, found {}; {near}", quote(.found))]
    UnknownWord { expected: &'static str, found: String, near: Near },
    #[error("{0}")]
    Unspoken(Unspoken),
    /// Settings that nothing would read: taken silently they would be believed to work.
    #[error("no use with protocol {protocol}{}; these settings need {needs}", implied(.implied_by.as_ref()))]
    Unused { protocol: Protocol, implied_by: Option<u16>, needs: &'static str },
}

/// A problem whose line is not known yet.
#[derive(Debug)]
pub(super) enum Fault {
    /// In the tree; the place is looked up by path.
    InTree(TreeFault),
    /// In the text, where the parser stood.
    InText { place: Option<Place>, path: KeyPath, problem: Problem },
}

#[derive(Debug)]
pub(super) struct TreeFault {
    pub(super) path: KeyPath,
    pub(super) aspect: Aspect,
    pub(super) problem: Problem,
}

/// What to point at: the key of an entry, or what stands after the colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aspect {
    Key,
    Value,
}

impl Fault {
    pub(super) fn in_file(self, text: &str, file_name: &str) -> ConfigError {
        let (place, path, problem) = match self {
            Self::InText { place, path, problem } => (place, path, problem),
            Self::InTree(TreeFault { path, aspect, problem }) => {
                (yaml::locate(text, &path, aspect), path, problem)
            }
        };
        ConfigError { file: file_name.to_owned(), place, path, problem: Box::new(problem) }
    }
}

impl TreeFault {
    pub(super) fn at_key(path: KeyPath, problem: Problem) -> Self {
        Self { path, aspect: Aspect::Key, problem }
    }

    pub(super) fn at_value(path: KeyPath, problem: Problem) -> Self {
        Self { path, aspect: Aspect::Value, problem }
    }
}

impl From<TreeFault> for Fault {
    fn from(fault: TreeFault) -> Self {
        Self::InTree(fault)
    }
}

impl KeyPath {
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.child(Step::Key(key.to_owned()))
    }

    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.child(Step::Index(index))
    }

    fn child(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) if !is_plain(key) => write!(f, "[{}]", quote(key))?,
                Step::Key(key) if depth == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(Place { line, column }) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        if !self.path.0.is_empty() {
            write!(f, ": {}", self.path)?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// A piece of the user's text for a message: quoted, escaped, and cut where it stops being helpful.
pub(super) fn quote(text: &str) -> String {
    const ENOUGH: usize = 60;
    match text.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

fn is_plain(key: &str) -> bool {
    const LONGEST: usize = 60;
    (1..=LONGEST).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

fn implied(port: Option<&u16>) -> String {
    port.map(|port| format!(", which port {port} implies")).unwrap_or_default()
}
