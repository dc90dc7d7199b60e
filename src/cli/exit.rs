//! Every exit code of the program, in one place. They follow the plugin convention of Nagios, so that any
//! monitoring system can read them.

use std::process::ExitCode;

use crate::model::{
    finding::Severity,
    known::Known,
    report::{PathVerdict, Report, TargetVerdict},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Every target is healthy, and nothing warns. Also: the path that is allowed, the help that was asked for, the demo that went as told.
    Healthy = 0,
    /// Every target is healthy, and at least one finding warns.
    Warning = 1,
    /// At least one target is down or degraded. Also: the path that is denied, a demo that did not go as told.
    Failing = 2,
    /// Could not tell: bad usage, bad configuration, or nothing could be tried. Never confused with 0.
    Unknown = 3,
}

impl Exit {
    pub fn of(report: &Report) -> Self {
        let verdicts = || report.targets.iter().map(|target| target.verdict);
        let warns = report.targets.iter().flat_map(|t| &t.findings).any(|f| f.severity >= Severity::Warning);
        if verdicts().any(|verdict| matches!(verdict, TargetVerdict::Down | TargetVerdict::Degraded)) {
            Self::Failing
        } else if report.targets.is_empty() || verdicts().any(|verdict| verdict == TargetVerdict::Unknown) {
            Self::Unknown
        } else if warns {
            Self::Warning
        } else {
            Self::Healthy
        }
    }
}

impl Exit {
    pub fn of_path(verdict: &Known<PathVerdict>) -> Self {
        match verdict {
            Known::Known(PathVerdict::Allow) => Self::Healthy,
            Known::Known(PathVerdict::Deny) => Self::Failing,
            Known::Unknown(_) => Self::Unknown,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
