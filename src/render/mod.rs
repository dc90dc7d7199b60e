//! F2, reports as text: one small file a format. Nothing here decides anything.

pub mod explain;
pub mod glossary;
pub mod human;
pub mod json;
pub mod metrics;
pub mod page;
pub mod path;
pub mod plural;
pub mod style;
pub mod ticket;
mod wrap;
