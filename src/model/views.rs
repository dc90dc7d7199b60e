//! What everybody says of one name, side by side, and where its way is left.

use std::net::{IpAddr, SocketAddr};

use super::id::EndpointId;

/// From the endpoint's truth to the application.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Views {
    /// Where the name should lead, as far as that is known.
    pub expected: Option<Expected>,
    pub rows: Vec<View>,
    /// Nothing where an application gets what it should, or nobody can tell.
    pub departure: Option<Departure>,
    /// Facts as findings have them that the rows tell as well.
    pub facts: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    pub endpoint: EndpointId,
    pub addresses: Vec<IpAddr>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct View {
    pub viewer: Viewer,
    pub addresses: Vec<IpAddr>,
    /// In words: the addresses, or why there are none.
    pub said: String,
    /// How that was learnt: `10.0.2.53 (resolv.conf), 17 ms, TTL 60`.
    pub by: String,
    /// Leads where the name should lead; where that is not known, to where connections are made.
    pub right: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// A name of the endpoint's own, asked of a server.
    EndpointName {
        name: String,
        server: SocketAddr,
    },
    /// The resolver of the VPC.
    VpcResolver(SocketAddr),
    /// Asked by a stub on this host.
    Upstream(SocketAddr),
    /// Named by `resolv.conf`.
    Server(SocketAddr),
    HostsFile,
    /// What applications on this host get.
    System,
}

/// The first place, coming from the endpoint, that leads elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// Among the rows.
    pub at: usize,
    pub owner: Owner,
    /// What the row itself does not tell.
    pub reason: Option<String>,
}

/// Whose that place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    ThisHost,
    /// Whoever runs the server.
    Server(SocketAddr),
    /// Its zones, its rules, its endpoints' private DNS.
    Vpc,
    /// AWS keeps the endpoint's names; the service decides what they hold.
    Provider,
}

impl Views {
    /// Somebody says something else than another, or leads nowhere.
    pub fn differ(&self) -> bool {
        let told = self.rows.iter().filter(|row| row.right.is_some());
        self.departure.is_some() || told.clone().any(|row| row.right == Some(false))
    }
}

impl Viewer {
    /// As in JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::EndpointName { .. } => "endpoint-name",
            Self::VpcResolver(_) => "vpc-resolver",
            Self::Upstream(_) => "upstream",
            Self::Server(_) => "server",
            Self::HostsFile => "hosts-file",
            Self::System => "system",
        }
    }

    pub fn server(&self) -> Option<SocketAddr> {
        match self {
            Self::EndpointName { server, .. }
            | Self::VpcResolver(server)
            | Self::Upstream(server)
            | Self::Server(server) => Some(*server),
            Self::HostsFile | Self::System => None,
        }
    }
}

impl Owner {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ThisHost => "this-host",
            Self::Server(_) => "server",
            Self::Vpc => "vpc",
            Self::Provider => "provider",
        }
    }
}
