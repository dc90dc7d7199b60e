//! F3, what happens when: everything is collected at once under one deadline, then judged; once, or on a
//! schedule.

mod board;
pub mod collect;
pub mod daemon;
mod http;
mod lapse;
mod meant;
mod names;
mod observe;
pub mod schedule;
pub mod transitions;
pub mod vantage;
