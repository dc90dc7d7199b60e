//! One file a command.

pub(super) mod check;
pub(super) mod config;
pub(super) mod demo;
pub(super) mod explain;
pub(super) mod healthcheck;
pub(super) mod path;
pub(super) mod run;
