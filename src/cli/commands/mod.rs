//! One file a command.

pub(super) mod check;
pub(super) mod explain;
