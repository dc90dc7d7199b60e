//! What can go wrong before anything is diagnosed: the user's world, told in the user's words.

use std::{fmt, io, io::Write as _, net::SocketAddr, path::PathBuf};

use thiserror::Error;

use super::exit::Exit;

/// Messages are fragments that end a sentence beginning with `vpce-doctor: `.
#[derive(Debug, Error)]
pub enum CliError {
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    #[error(transparent)]
    Target(#[from] crate::config::target::TargetError),
    #[error("{option}: {message}")]
    Option { option: &'static str, message: String },
    #[error(
        "nothing to check: name a target (HOST:PORT), a file (--config FILE) or a recording (--replay FILE)"
    )]
    NoTargets,
    #[error("{0} is no code of a finding{1}; `vpce-doctor explain` lists them all")]
    UnknownCode(String, Suggestion),
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
    #[error(
        "{path}:{line}:{column}: not a recording of vpce-doctor: {message}; what is needed are the facts that \
         `vpce-doctor check … --record FILE` writes"
    )]
    Recording { path: PathBuf, line: usize, column: usize, message: String },
    #[error("{error}{}", .near.as_deref().map(|near| format!(" (did you mean {near}?)")).unwrap_or_default())]
    End { error: Box<crate::analyze::path::EndError>, near: Option<String> },
    #[error("nothing to look at: path needs the configuration (--inventory DIR, or ec2)")]
    NoInventory,
    #[error("cannot read the inventory: {0}")]
    Inventory(#[from] crate::adapters::files::FilesError),
    #[error(transparent)]
    Demo(#[from] crate::demo::DemoError),
    #[error("cannot listen on {address}: {source}{}", listen_hint(.source))]
    Listen { address: SocketAddr, source: io::Error },
    #[error("--url {url}: {problem}")]
    HealthcheckUrl { url: String, problem: String },
    #[error("cannot declare metrics: {0}")]
    Metrics(#[from] crate::render::metrics::DeclarationError),
    #[error(transparent)]
    Tls(#[from] crate::adapters::prober::TlsFileError),
    #[error("cannot start: {0}")]
    Start(#[from] io::Error),
}

fn listen_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; is another vpce-doctor running? --listen names another port",
        io::ErrorKind::AddrNotAvailable => "; this host has no such address",
        _ => "",
    }
}

/// The nearest valid spelling, if any is near.
#[derive(Debug)]
pub struct Suggestion(pub Option<&'static str>);

impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(near) => write!(f, " (did you mean {near}?)"),
            None => Ok(()),
        }
    }
}

impl CliError {
    /// Says it on standard error, if anybody listens there.
    pub fn report(&self) -> Exit {
        let _ = writeln!(io::stderr(), "vpce-doctor: {self}");
        Exit::Unknown
    }
}
