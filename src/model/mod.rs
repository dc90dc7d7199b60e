//! F0, the vocabulary: what was observed, what it means, what we say about it.
//!
//! Plain values. Nothing here waits, reads a clock, an environment or a file, and no type of
//! an AWS, DNS or TLS library appears: adapters translate at the border.

pub mod difference;
pub mod endpoint;
pub mod facts;
pub mod finding;
pub mod firewall;
pub mod gateway;
pub mod host;
pub mod id;
pub mod instance;
pub mod inventory;
pub mod known;
pub mod listing;
pub mod name;
pub mod net;
pub mod observation;
pub mod path;
pub mod report;
pub mod resource;
pub mod route;
pub mod target;
pub mod time;
pub mod transit;
pub mod views;
