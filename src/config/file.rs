//! The file as typed: which keys each section has, and of what type.
//!
//! A section's fields *are* its keys, so what is read, what is suggested after a slip and what the tests
//! demand of the example cannot drift apart.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::{
    error::{KeyPath, TreeFault},
    plan::InventoryChoice,
    value::{
        Concurrency, Entries, Headers, Host, Label, Port, Region, RequestPath, RoleArn, ServiceName, Status,
        Value, Word, Zones,
    },
    yaml::Node,
};
use crate::model::{id::EndpointId, target::Protocol};

macro_rules! sections {
    ($($(#[$doc:meta])* $name:ident at $place:literal {
        $($(#[$field_doc:meta])* $field:ident: $kind:ty,)*
    })*) => {
        $(
            $(#[$doc])*
            pub(super) struct $name {
                $($(#[$field_doc])* pub(super) $field: $kind,)*
            }

            impl $name {
                const KEYS: &[&str] = &[$(stringify!($field)),*];
            }

            impl Value for $name {
                fn read(node: Node, path: &KeyPath) -> Result<Self, TreeFault> {
                    let mut entries = Entries::of(node, path, Self::KEYS)?;
                    Ok(Self { $($field: entries.take(stringify!($field))?,)* })
                }
            }
        )*

        /// Where each section stands in the file, and every key it knows.
        pub const SECTIONS: &[(&str, &[&str])] = &[$(($place, $name::KEYS)),*];
    };
}

sections! {
    /// The whole file.
    File at "" {
        /// From one probe of a target to its next. `run` only.
        interval: Option<Duration>,
        /// One probe, all phases.
        timeout: Option<Duration>,
        /// Where `run` serves metrics and the status page.
        listen: Option<SocketAddr>,
        /// Where the VPC's configuration comes from.
        inventory: Option<InventoryChoice>,
        aws: Option<Aws>,
        /// The most probes under way at a time.
        concurrency: Option<Concurrency>,
        targets: Vec<TargetEntry>,
    }

    /// How the EC2 API is asked.
    Aws at "aws" {
        region: Option<Region>,
        /// The age at which the inventory is fetched anew.
        refresh: Option<Duration>,
        assume_role: Option<RoleArn>,
    }

    /// One thing to watch.
    TargetEntry at "targets[]" {
        name: Label,
        host: Host,
        port: Option<Port>,
        protocol: Option<Protocol>,
        provider: Option<Word>,
        endpoint: Option<EndpointId>,
        interval: Option<Duration>,
        timeout: Option<Duration>,
        tls: Option<Tls>,
        http: Option<Http>,
        expect: Option<Expectation>,
    }

    Tls at "targets[].tls" {
        ca_file: Option<PathBuf>,
        server_name: Option<Host>,
        client_cert: Option<PathBuf>,
        client_key: Option<PathBuf>,
    }

    Http at "targets[].http" {
        path: Option<RequestPath>,
        status: Option<Vec<Status>>,
        headers: Option<Headers>,
    }

    /// What must hold besides a connection.
    Expectation at "targets[].expect" {
        service: Option<ServiceName>,
        min_zones: Option<Zones>,
    }
}
