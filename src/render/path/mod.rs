//! The answer of `vpce-doctor path`, for people and for programs.

pub mod human;
pub mod json;
