//! The EC2 API as an inventory.
//!
//! ```text
//! locate    who holds our addresses and the destinations, and in which VPCs
//! describe  everything that decides about packets in those VPCs, all calls at once
//!           and what routes lead to: NAT gateways, transit gateways with their attachments and tables
//! complete  what the answers refer to: prefix lists, DHCP options, endpoint services, groups of other VPCs
//! ```
//! Every call stands for itself: one that is refused, throttled or never answered leaves its own list
//! unknown, and the others known. Types of the SDK stay in this module; each resource has one file,
//! which asks the API and copies the answer into the records of `adapters::wire`.

mod connect;
mod dhcp_options;
mod endpoint_services;
mod failure;
mod fetch;
mod locate;
mod nat_gateways;
mod network_acls;
mod network_interfaces;
mod peering_connections;
mod prefix_lists;
mod round;
mod route_tables;
mod security_groups;
mod source;
mod subnets;
mod transit_gateway_attachments;
mod transit_gateway_route_tables;
mod transit_gateways;
mod vpc_endpoints;
mod vpcs;

use std::time::Duration;

use aws_sdk_ec2::Client;
use futures_util::future::{BoxFuture, FutureExt as _};

pub use self::{
    connect::{ConnectError, ConnectOptions, Identity, connect},
    source::{Ec2Source, Wish},
};
use crate::{
    model::inventory::Inventory,
    ports::{InventorySource, Scope},
};

/// A client of one Region's EC2 API, made by [`connect()`].
#[derive(Clone, Debug)]
pub struct Ec2Inventory {
    client: Client,
    region: String,
}

impl Ec2Inventory {
    pub fn region(&self) -> &str {
        &self.region
    }
}

impl InventorySource for Ec2Inventory {
    fn fetch<'a>(&'a self, scope: &'a Scope, deadline: Duration) -> BoxFuture<'a, Inventory> {
        fetch::fetch(&self.client, &self.region, scope, deadline).boxed()
    }
}
