//! F2, every syscall. Types of the AWS SDK, of hickory, rustls and reqwest stop here.
#![expect(clippy::disallowed_methods, reason = "adapters are where clocks, files and sockets are met")]

pub mod clock;
mod deadline;
pub mod dns;
pub mod ec2;
pub mod files;
pub mod host;
mod http;
pub mod imds;
pub mod no_inventory;
pub mod prober;
mod stamp;
pub mod systemd;
mod tcp;
mod tls;
mod wire;
