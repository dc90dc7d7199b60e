//! F1, pure questions about configuration: does this flow pass, what would mend it, what should this
//! name answer, does this certificate fit. Functions of their arguments; no I/O, no clock.

pub mod changes;
pub mod commands;
pub mod dns;
pub mod network_acl;
pub mod path;
pub mod place;
pub mod remedy;
pub mod route;
pub mod security_group;
pub mod symptom;
pub mod vendors;
