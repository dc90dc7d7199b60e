//! What the user may type.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{analyze::path::End, config::InventoryChoice};

/// Says why a connection through an AWS interface VPC endpoint fails, who must change what, and that the
/// change is enough.
#[derive(Debug, Parser)]
#[command(name = "vpce-doctor", version, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Resolve, probe, analyse and explain, once
    Check(CheckArgs),
    /// Look at a configuration file without acting on it
    #[command(subcommand)]
    Config(ConfigCommand),
    /// A broken miniature VPC on loopback, diagnosed: no AWS, no root, no network
    Demo(DemoArgs),
    /// The offline text of a finding; without a code, the list of all
    Explain(ExplainArgs),
    /// Ask a running daemon whether it is healthy
    Healthcheck(HealthcheckArgs),
    /// Whether a flow passes, by the configuration alone: every blocker, and what would mend them
    Path(PathArgs),
    /// Watch targets and serve metrics, until stopped
    Run(RunArgs),
}

/// What `check` and `run` share: what to look at, and how.
#[derive(Debug, Args)]
pub(super) struct TargetArgs {
    /// HOST or HOST:PORT, or tcp://, tls://, http:// or https:// before it
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
    /// Read targets and settings from this file
    #[arg(long, value_name = "FILE", env = "VPCE_DOCTOR_CONFIG")]
    pub config: Option<PathBuf>,
    /// For one probe, all phases; goes before the file's
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// Trust the certificates in this PEM file besides the host's own
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub targets: TargetArgs,
    #[command(flatten)]
    pub inventory: InventoryArgs,
    /// How to print the report
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Write the collected facts to this file
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Judge the facts of an earlier run instead of collecting new ones
    #[arg(long, value_name = "FILE", conflicts_with_all = ["targets", "record"])]
    pub replay: Option<PathBuf>,
    /// Show what changed since the facts in this file were recorded (check --record), when all was well
    #[arg(long, value_name = "FILE")]
    pub since: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct PathArgs {
    /// An address, or the id of an interface, an instance or an endpoint
    #[arg(long, value_name = "END")]
    pub from: End,
    /// An address, or the id of an interface, an instance or an endpoint
    #[arg(long, value_name = "END")]
    pub to: End,
    /// The destination port
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: u16,
    #[arg(long, value_enum, default_value_t = PathProtocol::Tcp)]
    pub protocol: PathProtocol,
    /// The client's port; by default, any of its ephemeral range
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub source_port: Option<u16>,
    #[command(flatten)]
    pub inventory: InventoryArgs,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t = PathFormat::Human)]
    pub format: PathFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PathProtocol {
    Tcp,
    Udp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PathFormat {
    Human,
    Json,
}

#[derive(Clone, Debug, Args)]
pub(super) struct InventoryArgs {
    /// auto, ec2, none, or a directory of AWS CLI output
    #[arg(long, value_name = "SOURCE", env = "VPCE_DOCTOR_INVENTORY", value_parser = inventory)]
    pub inventory: Option<InventoryChoice>,
    /// The Region to ask
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// For all calls of the EC2 API together
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub api_timeout: Duration,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Say whether the file is right, and where it is not
    Check {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// How to print the report
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub targets: TargetArgs,
    #[command(flatten)]
    pub inventory: InventoryArgs,
    /// Serve on this address and port
    #[arg(long, value_name = "ADDRESS:PORT", env = "VPCE_DOCTOR_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// How to write the log, on standard error
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

#[derive(Debug, Args)]
pub(super) struct HealthcheckArgs {
    /// What to ask; by default, where the configuration listens
    #[arg(long, value_name = "URL", conflicts_with_all = ["config", "listen"])]
    pub url: Option<String>,
    /// The file the daemon was started with
    #[arg(long, value_name = "FILE", env = "VPCE_DOCTOR_CONFIG")]
    pub config: Option<PathBuf>,
    /// The address and port the daemon was started with
    #[arg(long, value_name = "ADDRESS:PORT", env = "VPCE_DOCTOR_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// How long to wait for the answer
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = duration)]
    pub timeout: Duration,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Human,
    Json,
    /// For each failing target, what to write to whoever must act
    Ticket,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    Json,
    Text,
}

fn inventory(text: &str) -> Result<InventoryChoice, String> {
    text.parse::<InventoryChoice>().map_err(|problem| problem.to_string())
}

fn duration(text: &str) -> Result<Duration, String> {
    crate::config::duration(text).map_err(|problem| problem.to_string())
}
