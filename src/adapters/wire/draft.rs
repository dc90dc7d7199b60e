//! An inventory while it is being put together from records.

use std::collections::BTreeMap;

use super::{Notes, Record, Shelf, Shelved as _, association::reconcile};
use crate::model::{
    endpoint::{EndpointService, NetworkInterface, VpcEndpoint},
    firewall::{NetworkAcl, PrefixList, SecurityGroup},
    gateway::{AttachedGateway, NatGateway},
    id::VpcId,
    instance::Instance,
    inventory::{self, ApiCall, DhcpOptions, Inventory, InventorySource, Subnet, actions},
    known::{Known, Reason},
    route::{PeeringConnection, RouteTable},
    time::Seconds,
    transit::{TransitGateway, TransitGatewayAttachment, TransitGatewayRouteTable},
};

pub(crate) struct Draft {
    pub(crate) vpcs: Shelf<inventory::Vpc>,
    pub(crate) subnets: Shelf<Subnet>,
    pub(crate) security_groups: Shelf<SecurityGroup>,
    pub(crate) network_acls: Shelf<NetworkAcl>,
    pub(crate) route_tables: Shelf<RouteTable>,
    pub(crate) network_interfaces: Shelf<NetworkInterface>,
    pub(crate) vpc_endpoints: Shelf<VpcEndpoint>,
    pub(crate) endpoint_services: Shelf<EndpointService>,
    pub(crate) peering_connections: Shelf<PeeringConnection>,
    pub(crate) prefix_lists: Shelf<PrefixList>,
    pub(crate) dhcp_options: Shelf<DhcpOptions>,
    pub(crate) instances: Shelf<Instance>,
    pub(crate) gateways: Shelf<AttachedGateway>,
    pub(crate) nat_gateways: Shelf<NatGateway>,
    pub(crate) transit_gateways: Shelf<TransitGateway>,
    pub(crate) transit_gateway_attachments: Shelf<TransitGatewayAttachment>,
    pub(crate) transit_gateway_route_tables: Shelf<TransitGatewayRouteTable>,
    attributes: BTreeMap<(VpcId, DnsAttribute), Known<bool>>,
    pub(crate) calls: Vec<ApiCall>,
}

/// The two attributes of a VPC that `DescribeVpcs` leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DnsAttribute {
    Support,
    Hostnames,
}

impl Draft {
    pub(crate) fn new() -> Self {
        Self {
            vpcs: Shelf::new(actions::VPCS),
            subnets: Shelf::new(actions::SUBNETS),
            security_groups: Shelf::new(actions::SECURITY_GROUPS),
            network_acls: Shelf::new(actions::NETWORK_ACLS),
            route_tables: Shelf::new(actions::ROUTE_TABLES),
            network_interfaces: Shelf::new(actions::NETWORK_INTERFACES),
            vpc_endpoints: Shelf::new(actions::VPC_ENDPOINTS),
            endpoint_services: Shelf::new(actions::ENDPOINT_SERVICES),
            peering_connections: Shelf::new(actions::PEERING_CONNECTIONS),
            prefix_lists: Shelf::new(actions::PREFIX_LIST_ENTRIES),
            dhcp_options: Shelf::new(actions::DHCP_OPTIONS),
            instances: Shelf::new(actions::INSTANCES),
            gateways: Shelf::new(actions::INTERNET_GATEWAYS),
            nat_gateways: Shelf::new(actions::NAT_GATEWAYS),
            transit_gateways: Shelf::new(actions::TRANSIT_GATEWAYS),
            transit_gateway_attachments: Shelf::new(actions::TRANSIT_GATEWAY_ATTACHMENTS),
            transit_gateway_route_tables: Shelf::new(actions::TRANSIT_GATEWAY_ROUTE_TABLES),
            attributes: BTreeMap::new(),
            calls: Vec::new(),
        }
    }

    /// Shelves one record. What of it cannot be read becomes a failed entry of `calls`, under the
    /// action that supplies such records. Where a record is lost, so is the list as a whole.
    pub(crate) fn put<R: Record>(&mut self, record: R, origin: impl Into<String>) {
        let mut notes = Notes::about(origin);
        let model = record.read(&mut notes);
        let place = R::shelf(self);
        place.open();
        if let Some(model) = model {
            let key = model.key().to_owned();
            if place.put(model).is_err() {
                notes.lose(format_args!("{key} was already described, differently"));
            }
        }
        if let Some(message) = notes.lost {
            place.fail(Reason::Failed { message });
        }
        let action = place.action;
        for message in notes.said {
            self.report(action, message);
        }
    }

    /// A record of this kind was there, and nothing of it can be read.
    pub(crate) fn lose<R: Record>(&mut self, message: String) {
        let place = R::shelf(self);
        let action = place.action;
        place.fail(Reason::Failed { message: message.clone() });
        self.report(action, message);
    }

    pub(crate) fn put_attribute(&mut self, vpc: VpcId, attribute: DnsAttribute, value: Known<bool>) {
        let known = value.is_known();
        let place = self.attributes.entry((vpc, attribute)).or_insert_with(|| value.clone());
        if known && !place.is_known() {
            *place = value;
        }
    }

    /// Something was lost on the way, and this is what.
    pub(crate) fn report(&mut self, action: &str, message: impl Into<String>) {
        self.calls.push(ApiCall {
            action: action.to_owned(),
            seconds: Seconds::default(),
            failure: Some(Reason::Failed { message: message.into() }),
        });
    }

    /// The inventory. Lists nobody gave are unknown for the reason `otherwise`.
    pub(crate) fn finish(mut self, source: InventorySource, otherwise: &Reason) -> Inventory {
        reconcile(&mut self.transit_gateway_attachments, &mut self.transit_gateway_route_tables, otherwise);
        let attributes = self.attributes;
        let vpcs = self.vpcs.take(otherwise).map(|mut vpcs| {
            for vpc in vpcs.iter_mut() {
                let value = |attribute| attributes.get(&(vpc.id.clone(), attribute)).cloned();
                let (support, hostnames) = (value(DnsAttribute::Support), value(DnsAttribute::Hostnames));
                vpc.dns_support = support.unwrap_or(Known::unknown(actions::VPC_ATTRIBUTE, Reason::Absent));
                vpc.dns_hostnames =
                    hostnames.unwrap_or(Known::unknown(actions::VPC_ATTRIBUTE, Reason::Absent));
            }
            vpcs
        });
        Inventory {
            source,
            vpcs,
            subnets: self.subnets.take(otherwise),
            security_groups: self.security_groups.take(otherwise),
            network_acls: self.network_acls.take(otherwise),
            route_tables: self.route_tables.take(otherwise),
            network_interfaces: self.network_interfaces.take(otherwise),
            vpc_endpoints: self.vpc_endpoints.take(otherwise),
            endpoint_services: self.endpoint_services.take(otherwise),
            peering_connections: self.peering_connections.take(otherwise),
            prefix_lists: self.prefix_lists.take(otherwise),
            dhcp_options: self.dhcp_options.take(otherwise),
            instances: self.instances.take(otherwise),
            gateways: self.gateways.take(otherwise),
            nat_gateways: self.nat_gateways.take(otherwise),
            transit_gateways: self.transit_gateways.take(otherwise),
            transit_gateway_attachments: self.transit_gateway_attachments.take(otherwise),
            transit_gateway_route_tables: self.transit_gateway_route_tables.take(otherwise),
            calls: self.calls,
        }
    }
}
