//! Says why a connection through an AWS interface VPC endpoint fails, who must change what, and
//! that the change is enough.
//!
//! # The house
//!
//! Facts in, findings out. A floor uses only floors below it, and modules on one floor do not use
//! each other; `tests/architecture.rs` holds both.
//!
//! | floor | modules | what lives there |
//! |---|---|---|
//! | F5 | `main` | parse, run, exit code |
//! | F4 | [`cli`], [`demo`] | commands; `cli::wire` alone names adapters |
//! | F3 | [`runtime`] | collect, diagnose, report; once or on a schedule |
//! | F2 | [`adapters`], [`rules`], [`render`], [`config`] | every syscall; every cause; every output format; the config file |
//! | F1 | [`analyze`], [`ports`] | pure questions about paths, names and certificates; the questions put to the world |
//! | F0 | [`model`] | the vocabulary |

pub mod adapters;
pub mod analyze;
pub mod cli;
pub mod config;
pub mod demo;
pub mod model;
pub mod ports;
pub mod render;
pub mod rules;
pub mod runtime;
