//! F3, what happens when: everything is collected at once under one deadline, then judged; once, or on a
//! schedule.

pub mod collect;
pub mod doctor;
pub mod schedule;
pub mod transitions;
pub mod vantage;
