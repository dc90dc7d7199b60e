//! One file a command.

pub(super) mod check;
pub(super) mod demo;
pub(super) mod explain;
