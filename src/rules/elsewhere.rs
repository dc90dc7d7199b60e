//! What the findings about names of another VPC share: the endpoint there that the name is meant for.

use crate::{
    analyze::{dns, route},
    model::{
        endpoint::{EndpointKind, EndpointState, VpcEndpoint},
        finding::Evidence,
        id::{TransitGatewayId, VpcId},
        inventory::{Inventory, InventorySource},
        resource::{ResourceKind, ResourceRef},
        route::PeeringSide,
        transit::{AttachmentKind, TransitGatewayAttachment},
    },
};

use super::{Case, words};

/// An endpoint of another VPC, and what joins that VPC with this one.
pub(super) struct Elsewhere<'a> {
    pub(super) endpoint: &'a VpcEndpoint,
    pub(super) joint: Option<ResourceRef>,
}

/// The servers answer, and know neither an address of the name nor what it is an alias of.
pub(super) fn is_unknown_here(case: &Case<'_>) -> bool {
    case.name_gives_nothing() && !case.is_alias() && case.answers().next().is_some()
}

/// The endpoint of another VPC that the name is meant for, as the configuration says or its service's private name, where
/// this VPC has none for the service.
pub(super) fn meant<'a>(case: &Case<'a>) -> Option<Elsewhere<'a>> {
    let here = case.vpc()?;
    let inventory = &case.facts.inventory;
    let target = &case.target.target;
    let covers =
        |endpoint: &VpcEndpoint| dns::private_dns_covers(inventory, endpoint, case.host()) == Some(true);
    let is_meant = |endpoint: &VpcEndpoint| match (&target.endpoint, &target.expect.service) {
        (Some(id), _) => endpoint.id == *id,
        (None, Some(service)) => endpoint.service == *service,
        (None, None) => covers(endpoint),
    };
    let mut all = inventory.vpc_endpoints.known()?.iter();
    let endpoint = all.find(|endpoint| {
        endpoint.vpc != *here
            && endpoint.kind == EndpointKind::Interface
            && endpoint.state == EndpointState::Available
            && is_meant(endpoint)
    })?;
    let own = case.endpoints().ok()?.into_iter().any(|own| own.service == endpoint.service || covers(own));
    (!own).then(|| Elsewhere { endpoint, joint: joint(case, here, &endpoint.vpc) })
}

/// Whether the name may be that of a VPC that is joined with this one, for all that is known of the connections.
pub(super) fn is_plausible(case: &Case<'_>) -> bool {
    let inventory = &case.facts.inventory;
    if !inventory.vpc_endpoints.is_known() {
        return case.vpc().is_some_and(|here| is_joined(inventory, here));
    }
    let unread = !inventory.peering_connections.is_known();
    meant(case).is_some_and(|there| there.joint.is_some() || unread)
}

impl Elsewhere<'_> {
    pub(super) fn evidence(&self) -> Vec<Evidence> {
        let endpoint = self.endpoint;
        let switch = if endpoint.private_dns_enabled { "true" } else { "false" };
        let place = Evidence::of(
            format!(
                "{} for {} is in {}: PrivateDnsEnabled is {switch}",
                endpoint.id, endpoint.service, endpoint.vpc
            ),
            words::endpoint_ref(endpoint),
        );
        let joint = self.joint.as_ref();
        let joint = joint.map(|joint| {
            Evidence::of(format!("{} joins {} and this VPC", joint.id, endpoint.vpc), joint.clone())
        });
        std::iter::once(place).chain(joint).collect()
    }
}

/// Whether another VPC is joined with this one whose endpoints were not read: the API is asked about this VPC alone.
pub(super) fn is_unread(case: &Case<'_>) -> bool {
    let inventory = &case.facts.inventory;
    let asked = matches!(inventory.source, InventorySource::Ec2 { .. });
    asked && case.vpc().is_some_and(|here| is_joined(inventory, here))
}

/// To any other VPC.
fn is_joined(inventory: &Inventory, here: &VpcId) -> bool {
    let mut connections = inventory.peering_connections.known().into_iter().flatten();
    let touches = |side: &PeeringSide| side.vpc.as_ref() == Some(here);
    connections.any(|one| one.is_active() && (touches(&one.requester) || touches(&one.accepter)))
}

/// An active peering connection, or a transit gateway that both are attached to.
fn joint(case: &Case<'_>, here: &VpcId, there: &VpcId) -> Option<ResourceRef> {
    let inventory = &case.facts.inventory;
    if let Some(connection) = route::peering_between(inventory, here, there).known().copied().flatten() {
        return Some(ResourceRef::new(ResourceKind::PeeringConnection, &connection.id));
    }
    let attachments = inventory.transit_gateway_attachments.known()?;
    let is_of = |one: &TransitGatewayAttachment, vpc: &VpcId| {
        one.state == "available" && matches!(&one.kind, AttachmentKind::Vpc(id) if id == vpc)
    };
    let of_there = |gateway: &TransitGatewayId| {
        attachments.iter().any(|other| other.transit_gateway == *gateway && is_of(other, there))
    };
    let shared = attachments.iter().find(|one| is_of(one, here) && of_there(&one.transit_gateway))?;
    Some(ResourceRef::new(ResourceKind::TransitGateway, &shared.transit_gateway))
}
