//! `DescribeRouteTables`

use serde::Deserialize;

use super::{Draft, Flag, Notes, Record, Shelf, Text, shelf::Shelved, words};
use crate::model::{
    endpoint::fold,
    id::{PeeringConnectionId, PrefixListId, RouteTableId, SubnetId, VpcId},
    route::{self, RouteDestination, RouteTarget},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct RouteTable {
    pub(crate) route_table_id: Text,
    pub(crate) vpc_id: Text,
    pub(crate) associations: Option<Vec<RouteAssociation>>,
    pub(crate) routes: Option<Vec<Route>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct RouteAssociation {
    pub(crate) main: Flag,
    pub(crate) subnet_id: Text,
    pub(crate) gateway_id: Text,
    pub(crate) association_state: Option<AssociationState>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct AssociationState {
    pub(crate) state: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Route {
    pub(crate) destination_cidr_block: Text,
    pub(crate) destination_ipv6_cidr_block: Text,
    pub(crate) destination_prefix_list_id: Text,
    pub(crate) gateway_id: Text,
    pub(crate) egress_only_internet_gateway_id: Text,
    pub(crate) instance_id: Text,
    pub(crate) nat_gateway_id: Text,
    pub(crate) transit_gateway_id: Text,
    pub(crate) local_gateway_id: Text,
    pub(crate) carrier_gateway_id: Text,
    pub(crate) network_interface_id: Text,
    pub(crate) vpc_peering_connection_id: Text,
    pub(crate) core_network_arn: Text,
    pub(crate) odb_network_arn: Text,
    /// The next hop of a route that a VPC Route Server put in.
    pub(crate) ip_address: Text,
    pub(crate) origin: Text,
    pub(crate) state: Text,
}

impl Record for RouteTable {
    type Model = route::RouteTable;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.route_tables
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let id = RouteTableId(notes.vital("RouteTableId", self.route_table_id)?);
        let associations: Vec<_> =
            self.associations.into_iter().flatten().filter(RouteAssociation::in_force).collect();
        Some(Self::Model {
            vpc: self.vpc_id.map(VpcId),
            main: associations.iter().any(|association| association.main.0 == Some(true)),
            gateways: associations.iter().filter_map(|a| a.gateway_id.0.clone()).collect(),
            subnets: associations.into_iter().filter_map(|a| a.subnet_id.map(SubnetId)).collect(),
            routes: match self.routes {
                Some(routes) => routes.into_iter().map(|route| route.read(&id, notes)).collect(),
                None => vec![unreadable(format!("{id} without its Routes"), notes)],
            },
            id,
        })
    }
}

impl RouteAssociation {
    fn in_force(&self) -> bool {
        let state = self.association_state.as_ref().and_then(|state| state.state.0.as_deref());
        !state.is_some_and(|state| matches!(fold(state).as_str(), "disassociated" | "failed"))
    }
}

impl Route {
    fn read(mut self, table: &RouteTableId, notes: &mut Notes) -> route::Route {
        route::Route {
            target: self.take_target(table, notes),
            destination: self.destination(table, notes),
            state: self.state.0.unwrap_or_else(|| "active".to_owned()),
            origin: self.origin.or_empty(),
        }
    }

    fn destination(&self, table: &RouteTableId, notes: &mut Notes) -> RouteDestination {
        let cidr = self.destination_cidr_block.0.as_ref().or(self.destination_ipv6_cidr_block.0.as_ref());
        match (cidr, &self.destination_prefix_list_id.0) {
            (Some(text), _) => words::cidr(text).map_or_else(
                |why| {
                    notes.lose(format_args!("{table}: destination {why}"));
                    RouteDestination::Other(text.clone())
                },
                RouteDestination::Cidr,
            ),
            (None, Some(list)) => RouteDestination::PrefixList(PrefixListId::new(list)),
            (None, None) => {
                notes.lose(format_args!("{table}: a route without a destination"));
                RouteDestination::Other(String::new())
            }
        }
    }

    /// EC2 names the target in one of a dozen fields; a route to an instance has its interface too.
    fn take_target(&mut self, table: &RouteTableId, notes: &mut Notes) -> RouteTarget {
        let fields: [(&mut Text, Make); 12] = [
            (&mut self.vpc_peering_connection_id, |id| RouteTarget::Peering(PeeringConnectionId(id))),
            (&mut self.transit_gateway_id, RouteTarget::TransitGateway),
            (&mut self.nat_gateway_id, RouteTarget::NatGateway),
            (&mut self.egress_only_internet_gateway_id, RouteTarget::EgressOnlyInternetGateway),
            (&mut self.network_interface_id, RouteTarget::NetworkInterface),
            (&mut self.gateway_id, gateway),
            (&mut self.instance_id, RouteTarget::Other),
            (&mut self.local_gateway_id, RouteTarget::Other),
            (&mut self.carrier_gateway_id, RouteTarget::Other),
            (&mut self.core_network_arn, RouteTarget::Other),
            (&mut self.odb_network_arn, RouteTarget::Other),
            (&mut self.ip_address, RouteTarget::Other),
        ];
        fields.into_iter().find_map(|(field, make)| field.0.take().map(make)).unwrap_or_else(|| {
            notes.say(format_args!("{table}: a route without a target"));
            RouteTarget::Other(String::new())
        })
    }
}

type Make = fn(String) -> RouteTarget;

/// `GatewayId` holds whatever has a gateway's place: the prefix of the id tells which.
fn gateway(id: String) -> RouteTarget {
    match id.split('-').next() {
        Some("local") => RouteTarget::Local,
        Some("igw") => RouteTarget::InternetGateway(id),
        Some("eigw") => RouteTarget::EgressOnlyInternetGateway(id),
        Some("vgw") => RouteTarget::VirtualPrivateGateway(id),
        Some("vpce") => RouteTarget::VpcEndpoint(id),
        Some("nat") => RouteTarget::NatGateway(id),
        Some("tgw") => RouteTarget::TransitGateway(id),
        _ => RouteTarget::Other(id),
    }
}

fn unreadable(why: String, notes: &mut Notes) -> route::Route {
    notes.lose(&why);
    route::Route {
        destination: RouteDestination::Other(why),
        target: RouteTarget::Other(String::new()),
        state: String::new(),
        origin: String::new(),
    }
}

impl Shelved for route::RouteTable {
    fn key(&self) -> &str {
        self.id.as_str()
    }
}
