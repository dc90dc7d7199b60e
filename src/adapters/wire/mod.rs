//! EC2's records as EC2 words them, and the one translation of them into the model.
//!
//! The EC2 API and the AWS CLI's JSON tell the same story in two notations. Both adapters fill the
//! records of this module, so that a port range or a state means the same whichever way it came.
//!
//! Nothing here fails as a whole. What cannot be read is said in [`Notes`]; a part that would change a
//! verdict by its absence (a rule, an ACL entry) is kept in a form that no rule can take for a decision.
//! Where no such form exists, as for a record without its id, the list it belongs to is unknown: a list
//! that silently lacks one would say of it that it does not exist.

#![expect(clippy::struct_field_names, reason = "fields carry EC2's names")]

mod association;
mod dhcp_options;
mod draft;
mod endpoint_service;
mod instance;
mod internet_gateway;
mod lenient;
mod nat_gateway;
mod network_acl;
mod network_interface;
mod peering_connection;
mod prefix_list;
mod route_table;
mod security_group;
mod shelf;
mod subnet;
mod transit_gateway;
mod transit_gateway_attachment;
mod transit_gateway_route_table;
mod vpc;
mod vpc_endpoint;
mod words;

pub(super) use self::{
    dhcp_options::{AttributeValue, DhcpConfiguration, DhcpOptions},
    draft::{DnsAttribute, Draft},
    endpoint_service::{EndpointService, ServicePrivateDnsName},
    instance::Reservation,
    internet_gateway::{EgressOnlyInternetGateway, InternetGateway, VpnGateway},
    lenient::{Flag, Int, Text},
    nat_gateway::{NatGateway, NatGatewayAddress},
    network_acl::{AclAssociation, AclEntry, AclPortRange, NetworkAcl},
    network_interface::{
        Attachment, Ipv4Prefix, Ipv6Address, Ipv6Prefix, NetworkInterface, PrivateAddress, PublicAssociation,
    },
    peering_connection::{PeeringConnection, PeeringStatus, PeeringVpc},
    prefix_list::{PrefixList, PrefixListEntries, PrefixListEntry},
    route_table::{AssociationState, Route, RouteAssociation, RouteTable},
    security_group::{
        GroupPair, IpPermission, IpRange, Ipv6Range, PrefixListRef, SecurityGroup, SecurityGroupRule,
    },
    shelf::{Shelf, Shelved},
    subnet::Subnet,
    transit_gateway::{TransitGateway, TransitGatewayOptions},
    transit_gateway_attachment::{
        AttachmentAssociation, TransitGatewayAttachment, TransitGatewayPeeringAttachment,
        TransitGatewayVpcAttachment, VpcAttachmentOptions,
    },
    transit_gateway_route_table::{
        TransitGatewayAssociations, TransitGatewayRoute, TransitGatewayRouteAttachment,
        TransitGatewayRouteTable, TransitGatewayRoutes,
    },
    vpc::{CidrAssociation, CidrState, Ipv6CidrAssociation, Vpc},
    vpc_endpoint::{DnsEntry, DnsOptions, GroupRef, LastError, VpcEndpoint},
};

/// A record as EC2 words it, with a place in the inventory.
pub(super) trait Record {
    type Model: Shelved;

    /// The shelf this kind of record belongs on.
    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model>;

    /// The record in the model's words. `None` when it lacks what identifies it; the notes say what.
    fn read(self, notes: &mut Notes) -> Option<Self::Model>;
}

/// What could not be read of one record, each sentence beginning with where the record stands.
pub(super) struct Notes {
    origin: String,
    said: Vec<String>,
    /// The first note of something that its list cannot do without.
    lost: Option<String>,
}

impl Notes {
    pub(super) fn about(origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), said: Vec::new(), lost: None }
    }

    fn say(&mut self, what: impl std::fmt::Display) {
        self.said.push(format!("{}: {what}", self.origin));
    }

    /// What is missing now would be taken for something that does not exist.
    fn lose(&mut self, what: impl std::fmt::Display) {
        self.say(what);
        if self.lost.is_none() {
            self.lost = self.said.last().cloned();
        }
    }

    /// The value when it could be read; otherwise the reason becomes a note.
    fn keep<T>(&mut self, read: Result<T, String>) -> Option<T> {
        read.map_err(|why| self.say(why)).ok()
    }

    /// The same for a value without which the record says too little.
    fn need<T>(&mut self, read: Result<T, String>) -> Option<T> {
        read.map_err(|why| self.lose(why)).ok()
    }

    /// A field the record is worthless without.
    fn vital(&mut self, field: &str, value: Text) -> Option<String> {
        self.given(field, value.0)
    }

    fn given<T>(&mut self, field: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.lose(format_args!("the record has no {field} and was left out"));
        }
        value
    }
}
