//! Where do the routes lead a packet, from subnet to subnet and gateway to gateway?

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;

use crate::{
    analyze::{
        network_acl,
        place::Place,
        route::{self, RouteDecision},
    },
    model::{
        endpoint::fold,
        firewall::{Direction, NetworkAcl},
        gateway::NatGateway,
        id::{
            EndpointId, PeeringConnectionId, SubnetId, TransitGatewayAttachmentId, TransitGatewayId, VpcId,
        },
        inventory::{Inventory, actions},
        known::{Known, Reason, Unknown},
        net::{self, PortRange},
        resource::ResourceKind,
        route::{PeeringConnection, RouteTarget},
        transit::{AttachmentKind, TransitGatewayAttachment, TransitGatewayRouteTable},
    },
};

use super::{
    Blocker, Ground, Identity, RouteBlocker, Seen, Step, StepKind, StepOutcome, TransitBlocker, steps,
};

/// Why the far end takes nobody for a member of the client's groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The peering connection leads into another Region.
    /// <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html>
    OtherRegion(PeeringConnectionId),
    /// A transit gateway that does not support references, or not in this direction or for this end.
    /// <https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html#vpc-attachment-security>
    TransitGateway,
    /// The packets come through an appliance, a firewall or another target of that kind.
    /// <https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html>
    Middlebox(String),
    /// Another address stands in for the client's.
    Translated(String),
}

/// A NAT gateway uses these for its own side of a connection.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html>
pub(super) const NAT_PORTS: PortRange = PortRange { from: 1024, to: u16::MAX };

/// Longer ways are circles: AWS nests no more than a few gateways.
const FARTHEST: usize = 24;
const MOST_TRANSITS: usize = 4;

/// Where a packet came out.
#[derive(Clone, Debug)]
pub(super) enum Arrival {
    /// At the router of a VPC, which has this address within it.
    Vpc { vpc: VpcId, ip: IpAddr },
    /// A gateway endpoint ends the route.
    GatewayEndpoint(EndpointId),
    /// Something on the way stops it.
    Stopped,
    /// Out of an internet gateway.
    Internet(Unknown),
    /// Out of what the inventory shows.
    Beyond(Unknown),
}

/// A packet's way, as far as it could be followed.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) steps: Vec<Step>,
    pub(super) arrival: Arrival,
    pub(super) seen: Seen,
    /// NAT gateways on the way, in order.
    pub(super) translations: Vec<Translation>,
    /// The subnet out of which the packet is delivered, if it comes out of one: what stays within a subnet meets no
    /// ACL.
    pub(super) last_subnet: Option<SubnetId>,
    /// The subnet of the NAT gateway that comes first.
    pub(super) first_subnet: Option<SubnetId>,
    /// The last table was not asked: the destination lies in the same subnet.
    pub(super) neighbour: bool,
    /// Chance decides whether it does.
    pub(super) perhaps_neighbour: bool,
    /// A gateway on the way speaks with an address of its own, and which is not known.
    pub(super) masked: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Translation {
    pub(super) vpc: VpcId,
    pub(super) subnet: SubnetId,
    pub(super) ip: IpAddr,
    /// The address and ports that came in.
    pub(super) before: (IpAddr, PortRange),
}

/// A packet's destination ports and protocol, which ACLs on the way ask for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet {
    pub(super) kind: StepKind,
    pub(super) protocol: u8,
    pub(super) source: IpAddr,
    /// Of the sender, as far as the receiver will answer to them.
    pub(super) source_ports: PortRange,
    pub(super) destination: IpAddr,
    pub(super) destination_ports: PortRange,
}

impl Way {
    /// Before the first step.
    pub(super) fn standing(packet: Packet, arrival: Arrival) -> Self {
        Self {
            steps: Vec::with_capacity(1),
            arrival,
            seen: Seen { ip: packet.source, ports: packet.source_ports, identity: Identity::Kept },
            translations: Vec::new(),
            last_subnet: None,
            first_subnet: None,
            neighbour: false,
            perhaps_neighbour: false,
            masked: false,
        }
    }
}

struct Walker<'a> {
    inventory: &'a Inventory,
    packet: Packet,
    way: Way,
    /// The public address that stands for the packet's source at an internet gateway.
    public: Known<Option<IpAddr>>,
    /// How many transit gateways it went through.
    transits: usize,
}

/// Where the packet is.
#[derive(Clone)]
struct Here {
    vpc: VpcId,
    subnet: SubnetId,
}

/// Follows the packet from a place to its destination.
pub(super) fn follow(inventory: &Inventory, from: &Place, packet: Packet) -> Way {
    let here = match (from.vpc.ok(), from.subnet.ok()) {
        (Ok(vpc), Ok(subnet)) => Ok(Here { vpc: vpc.clone(), subnet: subnet.clone() }),
        (Err(why), _) | (_, Err(why)) => Err(why),
    };
    let mut walker = Walker {
        inventory,
        packet,
        way: Way::standing(packet, Arrival::Stopped),
        public: public_address(inventory, from, packet.source),
        transits: 0,
    };
    match here {
        Ok(here) => walker.go(here),
        Err(why) => {
            walker.lose_track(why);
        }
    }
    walker.way
}

/// The public IPv4 address of the interface's address.
fn public_address(inventory: &Inventory, from: &Place, ip: IpAddr) -> Known<Option<IpAddr>> {
    if ip.is_ipv6() {
        return Known::Known(Some(ip));
    }
    let interface = from.eni.as_ref().and_then(|id| match inventory.interface(id) {
        Some(eni) => Known::Known(eni),
        None => Known::unknown(actions::NETWORK_INTERFACES, Reason::Absent),
    });
    interface.map(|eni| eni.public_addresses.iter().find(|one| one.private_ip == ip).map(|one| one.public_ip))
}

impl Walker<'_> {
    fn go(&mut self, from: Here) {
        let mut next = Some(from);
        for _ in 0..FARTHEST {
            let Some(here) = next.take() else { return };
            next = self.leave(here);
        }
        if next.is_some() {
            let ground = Ground::said("the routes lead in a circle");
            self.stop(RouteBlocker::Circle, ground);
        }
    }

    /// One table's decision: where the packet is next, unless this was the end.
    fn leave(&mut self, here: Here) -> Option<Here> {
        let table = route::table_of(self.inventory, &here.subnet, &here.vpc);
        let destination = self.packet.destination;
        let decision = table.and_then(|table| {
            let position = route::decide(self.inventory, table, destination);
            position.map(|position| RouteDecision { table, position })
        });
        // Neighbours in a subnet talk without a router.
        if self.is_neighbour(&here) {
            match decision {
                Known::Known(decision) if is_local(&decision) => self.pass(decided(&decision)),
                _ => self.pass(Ground::about(ResourceKind::Subnet, &here.subnet, "within one subnet")),
            }
            self.way.neighbour = true;
            return self.arrive(here.vpc, Some(here.subnet));
        }
        let decision = match decision {
            Known::Known(decision) => decision,
            Known::Unknown(why) => return self.lose_track(why),
        };
        let ground = decided(&decision);
        let Some(route) = decision.route() else { return self.stop(RouteBlocker::Missing, ground) };
        if route.is_blackhole() {
            return self.stop(RouteBlocker::Blackhole, ground);
        }
        if !route.is_active() {
            self.pass(ground);
            return self.beyond(&route.state, format!("what a route in state {} does", route.state));
        }
        if self.is_detached(&here.vpc, route.target.id()) {
            return self.stop(RouteBlocker::Detached, ground);
        }
        match &route.target {
            RouteTarget::Local => {
                self.pass(ground);
                self.arrive(here.vpc, Some(here.subnet))
            }
            RouteTarget::Peering(id) => self.peering(&here, id, ground),
            RouteTarget::TransitGateway(id) => self.transit(&here, &TransitGatewayId::new(id), ground),
            RouteTarget::NatGateway(id) => self.nat(&here, id, ground),
            RouteTarget::InternetGateway(id) => self.internet(id, ground),
            RouteTarget::EgressOnlyInternetGateway(id) => self.egress_only(id, ground),
            RouteTarget::NetworkInterface(id) => self.interface(here, id, ground),
            // "Endpoint connections cannot be extended out of a VPC."
            // <https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html>
            RouteTarget::VpcEndpoint(id) if route::is_gateway(self.inventory, id) && self.transits > 0 => {
                self.stop(RouteBlocker::NotCarried, ground)
            }
            RouteTarget::VpcEndpoint(id) if route::is_gateway(self.inventory, id) => {
                self.pass(ground);
                self.way.arrival = Arrival::GatewayEndpoint(EndpointId::new(id));
                None
            }
            RouteTarget::VpcEndpoint(id) => self.middlebox(id, ground),
            RouteTarget::Other(id) if id.starts_with("i-") => self.middlebox(id, ground),
            RouteTarget::VirtualPrivateGateway(id) | RouteTarget::Other(id) => {
                self.pass(ground);
                self.beyond(id, format!("what lies behind {id}"))
            }
        }
    }

    /// The gateway at the VPC's edge is attached to nothing, or to another VPC.
    fn is_detached(&self, vpc: &VpcId, id: &str) -> bool {
        let gateway = self.inventory.gateways.known().and_then(|all| all.get(id));
        gateway.is_some_and(|gateway| !gateway.vpcs.contains(vpc))
    }

    fn is_neighbour(&self, here: &Here) -> bool {
        let destination = self.packet.destination;
        let Some(subnet) = self.inventory.subnet(&here.subnet) else {
            // The interfaces tell of their subnets, too.
            let all = self.inventory.network_interfaces.known();
            let mut holders = all.into_iter().flat_map(|all| all.holding(destination));
            return holders.any(|eni| eni.vpc == here.vpc && eni.subnet == here.subnet);
        };
        subnet.vpc == here.vpc && contains(&subnet.cidrs, destination)
    }

    fn pass(&mut self, ground: Ground) {
        self.way.steps.push(Step { kind: self.packet.kind, outcome: StepOutcome::Allow, ground });
    }

    fn stop(&mut self, why: RouteBlocker, ground: Ground) -> Option<Here> {
        let outcome = StepOutcome::Deny(Blocker::Route(why));
        self.way.steps.push(Step { kind: self.packet.kind, outcome, ground });
        self.way.arrival = Arrival::Stopped;
        None
    }

    fn transit_stop(&mut self, why: TransitBlocker, ground: Ground) -> Option<Here> {
        self.stop(RouteBlocker::Transit(why), ground)
    }

    fn arrive(&mut self, vpc: VpcId, out_of: Option<SubnetId>) -> Option<Here> {
        self.way.last_subnet = out_of;
        self.way.arrival = Arrival::Vpc { vpc, ip: self.packet.destination };
        None
    }

    /// What decides cannot be seen.
    fn lose_track(&mut self, why: Unknown) -> Option<Here> {
        let outcome = StepOutcome::Undecided(why.clone());
        self.way.steps.push(Step { kind: self.packet.kind, outcome, ground: Ground::Unknown });
        self.forget(why.clone());
        self.way.arrival = Arrival::Beyond(why);
        None
    }

    /// The routes lead out of what the inventory shows.
    fn beyond(&mut self, target: &str, missing: String) -> Option<Here> {
        let message = format!("{target} leads out of what this inventory shows");
        self.lose_track(Unknown::new(missing, Reason::Failed { message }))
    }

    fn forget(&mut self, why: Unknown) {
        if self.way.seen.identity == Identity::Kept {
            self.way.seen.identity = Identity::Unknown(why);
        }
    }

    fn lose_identity(&mut self, loss: Loss) {
        if !matches!(self.way.seen.identity, Identity::Lost(_)) {
            self.way.seen.identity = Identity::Lost(loss);
        }
    }

    /// The ACL of a subnet between the two ends; `other` and `ports` as that ACL sees the packet.
    fn cross(&mut self, subnet: &SubnetId, direction: Direction) {
        let (other, ports) = match direction {
            Direction::Ingress => (self.packet.source, self.packet.destination_ports),
            Direction::Egress => (self.packet.destination, self.packet.destination_ports),
        };
        let step = match network_acl::of_subnet(self.inventory, subnet) {
            Known::Known(acl) => {
                steps::weigh_acl(self.packet.kind, acl, direction, other, self.packet.protocol, ports)
            }
            Known::Unknown(why) => {
                Step { kind: self.packet.kind, outcome: StepOutcome::Undecided(why), ground: Ground::Unknown }
            }
        };
        self.way.steps.push(step);
    }

    /// Only addresses of its two VPCs, each on its side: nothing that comes from beyond, and nothing that goes there.
    /// <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html>
    fn peering(&mut self, here: &Here, id: &PeeringConnectionId, ground: Ground) -> Option<Here> {
        let connections = match self.inventory.peering_connections.ok() {
            Ok(connections) => connections,
            Err(why) => return self.lose_track(why),
        };
        let Some(connection) = connections.get(id.as_str()) else {
            return self.lose_track(Unknown::new(actions::PEERING_CONNECTIONS, Reason::Absent));
        };
        if !connection.is_active() {
            let status = connection.status.clone();
            return self.stop(RouteBlocker::PeeringInactive { status }, ground);
        }
        let Some((own, far)) = sides(connection, &here.vpc) else {
            return self.lose_track(Unknown::new(
                format!("the sides of {id}"),
                Reason::Failed { message: format!("{id} does not join {}", here.vpc) },
            ));
        };
        let far_cidrs = self.ranges(far.0, far.1);
        let own_cidrs = self.ranges(own.0, own.1);
        let Some(vpc) = far.0.cloned() else {
            return self.lose_track(Unknown::new(actions::PEERING_CONNECTIONS, Reason::Absent));
        };
        let outside = |cidrs: &[IpNet], ip| !cidrs.is_empty() && !contains(cidrs, ip);
        if outside(&far_cidrs, self.packet.destination) || outside(&own_cidrs, self.packet.source) {
            return self.stop(RouteBlocker::BeyondPeering, ground);
        }
        self.pass(ground);
        let (one, two) = (&connection.requester.region, &connection.accepter.region);
        if one.is_some() && two.is_some() && one != two {
            self.lose_identity(Loss::OtherRegion(id.clone()));
        }
        self.arrive(vpc, None)
    }

    /// The ranges of a side of a peering connection: what the connection says, completed by what the VPC itself says.
    fn ranges(&self, vpc: Option<&VpcId>, told: &[IpNet]) -> Vec<IpNet> {
        let own = vpc.and_then(|id| self.inventory.vpc(id)).map_or(&[][..], |vpc| &vpc.cidrs);
        told.iter().chain(own).copied().collect()
    }

    /// <https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html>
    fn transit(&mut self, here: &Here, gateway: &TransitGatewayId, ground: Ground) -> Option<Here> {
        self.pass(ground);
        self.enter_gateway(gateway);
        let attachments = match self.inventory.transit_gateway_attachments.ok() {
            Ok(attachments) => attachments,
            Err(why) => return self.lose_track(why),
        };
        let of_this = |one: &&Arc<TransitGatewayAttachment>| {
            one.transit_gateway == *gateway && one.vpc() == Some(&here.vpc)
        };
        let own: Vec<_> = attachments.linked(here.vpc.as_str()).filter(of_this).collect();
        let Some(attachment) = own.iter().find(|one| one.is_available()).or(own.first()) else {
            let what = format!("{gateway} has no attachment to {}", here.vpc);
            let ground = Ground::about(ResourceKind::TransitGateway, gateway, what);
            return self.transit_stop(TransitBlocker::Detached, ground);
        };
        let attachment = Arc::clone(attachment);
        if !attachment.is_available() {
            return self.unavailable(&attachment);
        }
        match self.entrance(&attachment, here) {
            Ok(Some(subnet)) => self.cross(&subnet, Direction::Ingress),
            Ok(None) => {
                let zone = self.zone_of(&here.subnet).unwrap_or_default();
                let what = format!("{} has no subnet in {zone}, where {} lies", attachment.id, here.subnet);
                let ground = Ground::about(ResourceKind::TransitGatewayAttachment, &attachment.id, what);
                return self.transit_stop(TransitBlocker::NotInZone { zone }, ground);
            }
            Err(why) => {
                self.uncertain(why);
            }
        }
        self.within(gateway, &attachment, Some(here))
    }

    fn uncertain(&mut self, why: Unknown) {
        let outcome = StepOutcome::Undecided(why);
        self.way.steps.push(Step { kind: self.packet.kind, outcome, ground: Ground::Unknown });
    }

    /// While it is being changed nothing is said of the packets that it carries.
    fn unavailable(&mut self, attachment: &TransitGatewayAttachment) -> Option<Here> {
        if matches!(fold(&attachment.state).as_str(), "modifying" | "rollingback" | "pending" | "initiating")
        {
            let (id, state) = (&attachment.id, &attachment.state);
            let message = "this state is transient".to_owned();
            let missing = format!("whether {id} carries packets while it is {state}");
            return self.lose_track(Unknown::new(missing, Reason::Failed { message }));
        }
        let what = format!("{} is {}", attachment.id, attachment.state);
        let ground = Ground::about(ResourceKind::TransitGatewayAttachment, &attachment.id, what);
        self.transit_stop(TransitBlocker::Unavailable { state: attachment.state.clone() }, ground)
    }

    /// The attachment's subnet in the zone where the packet is: without one it is not forwarded.
    fn entrance(
        &self,
        attachment: &TransitGatewayAttachment,
        here: &Here,
    ) -> Result<Option<SubnetId>, Unknown> {
        let subnets = attachment.subnets.ok()?;
        if subnets.contains(&here.subnet) {
            return Ok(Some(here.subnet.clone()));
        }
        let absent = || Unknown::new(actions::SUBNETS, Reason::Absent);
        let zone = self.zone_of(&here.subnet).ok_or_else(absent)?;
        let mut unread = false;
        for subnet in subnets {
            match self.zone_of(subnet) {
                Some(other) if other == zone => return Ok(Some(subnet.clone())),
                Some(_) => {}
                None => unread = true,
            }
        }
        // A Local Zone has no attachment of its own and uses that of its parent zone, which nothing here names.
        // <https://docs.aws.amazon.com/local-zones/latest/ug/local-zones-connectivity-transit-gateway-lzs.html>
        if is_local_zone(&zone) {
            let missing = format!("the parent zone of {zone}");
            return Err(Unknown::new(missing, Reason::NotAsked));
        }
        if unread { Err(absent()) } else { Ok(None) }
    }

    fn zone_of(&self, subnet: &SubnetId) -> Option<String> {
        let subnet = self.inventory.subnet(subnet)?;
        subnet.az_id.as_ref().map(ToString::to_string).or_else(|| subnet.az.clone())
    }

    /// From an attachment to the next, by the route table that is associated with the first.
    fn within(
        &mut self,
        gateway: &TransitGatewayId,
        from: &TransitGatewayAttachment,
        origin: Option<&Here>,
    ) -> Option<Here> {
        let table = match self.associated(from) {
            Ok(Some(table)) => table,
            Ok(None) => {
                let what = format!("no route table is associated with {}", from.id);
                let ground = Ground::about(ResourceKind::TransitGatewayAttachment, &from.id, what);
                return self.transit_stop(TransitBlocker::Unassociated, ground);
            }
            Err(why) => return self.lose_track(why),
        };
        let position = match route::decide_transit(self.inventory, &table, self.packet.destination) {
            Known::Known(position) => position,
            Known::Unknown(why) => return self.lose_track(why),
        };
        let ground = Ground::Transit { table: Arc::clone(&table), route: position };
        let routes = table.routes.known();
        let Some(route) = position.and_then(|at| routes?.get(at)) else {
            return self.transit_stop(TransitBlocker::Missing, ground);
        };
        if route.is_blackhole() {
            return self.transit_stop(TransitBlocker::Blackhole, ground);
        }
        self.pass(ground);
        let Some(target) = route.attachments.first() else {
            return self.beyond(table.id.as_str(), format!("where a route of {} leads", table.id));
        };
        if target.id == from.id {
            // Nothing says whether a gateway sends a packet back by where it came from.
            return self.beyond(
                target.id.as_str(),
                format!("whether {gateway} sends packets back to {}", target.id),
            );
        }
        match &target.kind {
            AttachmentKind::Vpc(vpc) => {
                self.reference_over(from, &target.id);
                self.exit(&target.id, vpc, origin)
            }
            AttachmentKind::Peering(_) => self.across(gateway, &target.id),
            AttachmentKind::Other { .. } => {
                self.beyond(target.id.as_str(), format!("what lies behind {}", target.id))
            }
        }
    }

    fn associated(
        &self,
        attachment: &TransitGatewayAttachment,
    ) -> Result<Option<Arc<TransitGatewayRouteTable>>, Unknown> {
        let tables = self.inventory.transit_gateway_route_tables.ok();
        let id = match &attachment.association {
            Known::Known(None) => return Ok(None),
            Known::Known(Some(id)) => id.clone(),
            // Who does not own the gateway is not told.
            Known::Unknown(why) => return Err(why.clone()),
        };
        let absent = || Unknown::new(actions::TRANSIT_GATEWAY_ROUTE_TABLES, Reason::Absent);
        tables?.get(id.as_str()).map(|table| Some(Arc::clone(table))).ok_or_else(absent)
    }

    /// On to the gateway at the other end of a peering attachment, which both know by one id. References end here.
    /// <https://docs.aws.amazon.com/vpc/latest/tgw/tgw-peering.html>
    fn across(&mut self, gateway: &TransitGatewayId, id: &TransitGatewayAttachmentId) -> Option<Here> {
        self.lose_identity(Loss::TransitGateway);
        let attachments = self.inventory.transit_gateway_attachments.known();
        let far = |one: &&TransitGatewayAttachment| one.id == *id && one.transit_gateway != *gateway;
        let Some(far) = attachments.and_then(|all| all.iter().find(far)).cloned() else {
            return self.beyond(id.as_str(), format!("the other end of {id}"));
        };
        if !far.is_available() {
            return self.unavailable(&far);
        }
        if self.transits >= MOST_TRANSITS {
            return self.stop(RouteBlocker::Circle, Ground::said("the routes lead in a circle"));
        }
        self.transits += 1;
        self.within(&far.transit_gateway, &far, None)
    }

    /// What a gateway that is passed leaves of who sent: nothing, unless somebody switched references on.
    fn enter_gateway(&mut self, gateway: &TransitGatewayId) {
        match &self.way.seen.identity {
            Identity::Kept => {}
            // Both VPCs have to be attached to one gateway.
            Identity::KeptInbound => return self.lose_identity(Loss::TransitGateway),
            Identity::Lost(_) | Identity::Unknown(_) => return,
        }
        let gateways = match self.inventory.transit_gateways.ok() {
            Ok(gateways) => gateways,
            Err(why) => return self.forget(why),
        };
        match gateways.get(gateway.as_str()).map(|gateway| gateway.security_group_referencing) {
            Some(Some(true)) => self.way.seen.identity = Identity::KeptInbound,
            Some(_) => self.lose_identity(Loss::TransitGateway),
            None => self.forget(Unknown::new(actions::TRANSIT_GATEWAYS, Reason::Absent)),
        }
    }

    /// References need the consent of both attachments, too.
    /// <https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html#vpc-attachment-security>
    fn reference_over(&mut self, from: &TransitGatewayAttachment, to: &TransitGatewayAttachmentId) {
        if self.way.seen.identity != Identity::KeptInbound {
            return;
        }
        let attachments = self.inventory.transit_gateway_attachments.known();
        let Some(to) = attachments.and_then(|all| all.get(to.as_str())) else {
            let why = Unknown::new(actions::TRANSIT_GATEWAY_VPC_ATTACHMENTS, Reason::Absent);
            self.way.seen.identity = Identity::Unknown(why);
            return;
        };
        let refuses = |one: &TransitGatewayAttachment| one.security_group_referencing == Some(false);
        if [from, to.as_ref()].into_iter().any(|one| refuses(one) || self.is_excluded(one)) {
            self.lose_identity(Loss::TransitGateway);
        }
    }

    /// "Not supported for VPC attachments in the Availability Zone use1-az3."
    fn is_excluded(&self, attachment: &TransitGatewayAttachment) -> bool {
        let subnets = attachment.subnets.known().into_iter().flatten();
        subnets.into_iter().any(|subnet| self.zone_of(subnet).is_some_and(|zone| zone == "use1-az3"))
    }

    /// Out of the gateway into a VPC, by the attachment's subnet in the zone that the packet came from; where it has
    /// none there, by any.
    fn exit(&mut self, id: &TransitGatewayAttachmentId, vpc: &VpcId, origin: Option<&Here>) -> Option<Here> {
        let attachments = self.inventory.transit_gateway_attachments.known();
        let Some(attachment) = attachments.and_then(|all| all.get(id.as_str())).map(Arc::clone) else {
            return self.lose_track(Unknown::new(actions::TRANSIT_GATEWAY_ATTACHMENTS, Reason::Absent));
        };
        if !attachment.is_available() {
            return self.unavailable(&attachment);
        }
        if self.transits >= MOST_TRANSITS {
            return self.stop(RouteBlocker::Circle, Ground::said("the routes lead in a circle"));
        }
        let exits = match self.exits(&attachment, origin) {
            Ok(exits) => exits,
            Err(why) => return self.lose_track(why),
        };
        let mut ways: Vec<Way> = Vec::new();
        for subnet in &exits {
            let mut walker = Walker {
                inventory: self.inventory,
                packet: self.packet,
                way: self.way.clone(),
                public: Known::Known(None),
                transits: self.transits + 1,
            };
            walker.come_out(vpc, subnet);
            ways.push(walker.way);
        }
        let Some(first) = ways.first() else {
            return self.lose_track(Unknown::new(actions::TRANSIT_GATEWAY_VPC_ATTACHMENTS, Reason::Absent));
        };
        let alike = ways.iter().all(|way| outcome_of(way) == outcome_of(first));
        let so_far = self.way.steps.len();
        // Of ways that come to the same, the one that lets fewer packets through speaks.
        let share = |way: &Way| way.steps.iter().map(Step::blocked_share).fold(0.0, f64::max);
        let either = ways.iter().any(|way| way.neighbour != ways[0].neighbour);
        let worst =
            (0..ways.len()).max_by(|a, b| share(&ways[*a]).total_cmp(&share(&ways[*b])).then(b.cmp(a)));
        self.way = ways.swap_remove(worst.unwrap_or_default());
        if either {
            self.way.perhaps_neighbour = true;
            self.way.neighbour = false;
            self.way.last_subnet = None;
        }
        if !alike {
            // What one of them meets, another may not.
            self.way.steps.truncate(so_far);
            self.uncertain(Unknown::new(
                format!("by which subnet of {id} the packets come into {vpc}"),
                Reason::Ambiguous { candidates: exits.iter().map(ToString::to_string).collect() },
            ));
        }
        None
    }

    /// What stays within the attachment's subnet meets no ACL on its way out of the gateway.
    /// <https://docs.aws.amazon.com/vpc/latest/tgw/tgw-nacls.html>
    fn come_out(&mut self, vpc: &VpcId, subnet: &SubnetId) {
        let here = Here { vpc: vpc.clone(), subnet: subnet.clone() };
        if !self.is_neighbour(&here) {
            self.cross(subnet, Direction::Egress);
        }
        self.go(here);
    }

    /// The gateway keeps to the zone from which the packet comes. In appliance mode, and where the attachment has no
    /// subnet there, any zone may be the one.
    /// <https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-appliance-scenario.html>
    fn exits(
        &self,
        attachment: &TransitGatewayAttachment,
        origin: Option<&Here>,
    ) -> Result<Vec<SubnetId>, Unknown> {
        let subnets = attachment.subnets.ok()?;
        let origin = origin.and_then(|here| self.zone_of(&here.subnet));
        let same = subnets.iter().find(|subnet| origin.is_some() && self.zone_of(subnet) == origin);
        Ok(match same {
            Some(subnet) if attachment.appliance_mode != Some(true) => vec![subnet.clone()],
            _ => subnets.clone(),
        })
    }

    /// <https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html>
    fn nat(&mut self, here: &Here, id: &str, ground: Ground) -> Option<Here> {
        // A reply with another sender's address belongs to no connection.
        if self.packet.kind.is_return() {
            return self.stop(RouteBlocker::NotCarried, ground);
        }
        if self.packet.destination.is_ipv6() {
            self.pass(ground);
            self.way.masked = true;
            return self.beyond(id, format!("whether {id} translates {} (NAT64)", self.packet.destination));
        }
        self.lose_identity(Loss::Translated(id.to_owned()));
        self.way.masked = true;
        let gateways = match self.inventory.nat_gateways.ok() {
            Ok(gateways) => gateways,
            Err(why) => {
                self.pass(ground);
                return self.lose_track(why);
            }
        };
        let Some(gateway) = gateways.get(id).map(Arc::clone) else {
            self.pass(ground);
            return self.lose_track(Unknown::new(actions::NAT_GATEWAYS, Reason::Absent));
        };
        if !gateway.is_available() {
            let state = gateway.state.clone();
            return self.stop(RouteBlocker::NatUnavailable { state }, ground);
        }
        self.pass(ground);
        let address = gateway.addresses.first().and_then(|one| one.private_ip);
        let (Some(subnet), Some(ip)) = (gateway.subnet.clone(), address) else {
            return self.beyond(id, format!("the subnet and address of {id}"));
        };
        let there = Here { vpc: gateway.vpc.clone().unwrap_or_else(|| here.vpc.clone()), subnet };
        if there.subnet != here.subnet {
            self.cross(&there.subnet, Direction::Ingress);
        }
        self.translate(&gateway, &there, ip);
        // Out of its subnet again, unless the destination is a neighbour.
        if !self.is_neighbour(&there) {
            self.cross(&there.subnet, Direction::Egress);
        }
        Some(there)
    }

    fn translate(&mut self, gateway: &NatGateway, there: &Here, ip: IpAddr) {
        if self.way.translations.is_empty() {
            self.way.first_subnet = Some(there.subnet.clone());
        }
        self.way.translations.push(Translation {
            vpc: there.vpc.clone(),
            subnet: there.subnet.clone(),
            ip,
            before: (self.packet.source, self.packet.source_ports),
        });
        self.way.masked = false;
        self.packet.source = ip;
        self.packet.source_ports = NAT_PORTS;
        self.way.seen.ip = ip;
        self.way.seen.ports = NAT_PORTS;
        let public = gateway.addresses.first().and_then(|one| one.public_ip);
        self.public = Known::Known(public.filter(|_| !gateway.is_private));
    }

    /// <https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html>
    fn internet(&mut self, id: &str, ground: Ground) -> Option<Here> {
        if net::is_private(self.packet.destination) || is_unique_local(self.packet.source) {
            return self.stop(RouteBlocker::NotCarried, ground);
        }
        let public = match self.public.ok() {
            Ok(Some(public)) => *public,
            Ok(None) => return self.stop(RouteBlocker::NoPublicAddress, ground),
            Err(why) => {
                self.pass(ground);
                return self.lose_track(why);
            }
        };
        self.pass(ground);
        if self.packet.source.is_ipv4() {
            self.lose_identity(Loss::Translated(id.to_owned()));
            self.way.seen.ip = public;
        }
        if let Some((vpc, ip)) = self.published() {
            self.way.last_subnet = None;
            self.way.arrival = Arrival::Vpc { vpc, ip };
            return None;
        }
        let message = format!("the internet lies beyond {id}");
        let missing = format!("what answers at {}", self.packet.destination);
        let why = Unknown::new(missing, Reason::Failed { message });
        self.way.arrival = Arrival::Internet(why);
        None
    }

    /// The interface of the inventory that the destination stands for.
    fn published(&self) -> Option<(VpcId, IpAddr)> {
        let ip = self.packet.destination;
        let interfaces = self.inventory.network_interfaces.known()?;
        let eni = interfaces.known_as(ip).next()?;
        let private =
            eni.public_addresses.iter().find(|one| one.public_ip == ip).map(|one| one.private_ip)?;
        Some((eni.vpc.clone(), private))
    }

    /// IPv6 alone, and only what begins inside.
    /// <https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html>
    fn egress_only(&mut self, id: &str, ground: Ground) -> Option<Here> {
        let carried = self.packet.destination.is_ipv6()
            && !net::is_private(self.packet.destination)
            && !is_unique_local(self.packet.source)
            && !self.packet.kind.is_return();
        if !carried {
            return self.stop(RouteBlocker::NotCarried, ground);
        }
        self.pass(ground);
        let message = format!("the internet lies beyond {id}");
        let missing = format!("what answers at {}", self.packet.destination);
        self.way.arrival = Arrival::Internet(Unknown::new(missing, Reason::Failed { message }));
        None
    }

    /// The destination itself, or an appliance.
    fn interface(&mut self, here: Here, id: &str, ground: Ground) -> Option<Here> {
        let eni = self.inventory.interface(&id.into());
        if eni.is_some_and(|eni| eni.vpc == here.vpc && eni.holds(self.packet.destination)) {
            self.pass(ground);
            return self.arrive(here.vpc, Some(here.subnet));
        }
        if eni.is_some_and(|eni| eni.source_dest_check == Some(true) && !eni.is_managed()) {
            return self.stop(RouteBlocker::SourceDestCheck, ground);
        }
        // "The target network interface must be attached to a running instance."
        // <https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html>
        let instances = self.inventory.instances.known();
        let instance = eni.and_then(|eni| eni.instance.as_ref());
        if instance.and_then(|id| instances?.get(id.as_str())).is_some_and(|one| !one.is_running()) {
            return self.stop(RouteBlocker::Blackhole, ground);
        }
        self.middlebox(id, ground)
    }

    /// What an appliance does with packets is its own affair.
    fn middlebox(&mut self, id: &str, ground: Ground) -> Option<Here> {
        self.pass(ground);
        self.lose_identity(Loss::Middlebox(id.to_owned()));
        self.beyond(id, format!("what lies behind {id}"))
    }
}

/// `usw2-lax1-az1` or `us-west-2-lax-1a`, where others are called `usw2-az1` or `us-west-2a`.
fn is_local_zone(zone: &str) -> bool {
    let parts = zone.split('-').count();
    if zone.contains("-az") { parts > 2 } else { parts > 3 }
}

/// What a way comes to, to compare those that chance decides between.
fn outcome_of(way: &Way) -> (bool, bool, Option<(VpcId, IpAddr)>) {
    let denied = way.steps.iter().any(|step| matches!(step.outcome, StepOutcome::Deny(_)));
    let undecided = way.steps.iter().any(|step| matches!(step.outcome, StepOutcome::Undecided(_)));
    let arrival = if let Arrival::Vpc { vpc, ip } = &way.arrival { Some((vpc.clone(), *ip)) } else { None };
    (denied, undecided, arrival)
}

fn decided(decision: &RouteDecision<'_>) -> Ground {
    Ground::Route { table: Arc::clone(decision.table), route: decision.position }
}

fn is_local(decision: &RouteDecision<'_>) -> bool {
    decision.route().is_some_and(|route| route.target == RouteTarget::Local)
}

pub(super) fn contains(cidrs: &[IpNet], ip: IpAddr) -> bool {
    cidrs.iter().any(|cidr| cidr.contains(&ip))
}

/// An IPv6 address that no internet gateway carries.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-ip-addressing.html>
fn is_unique_local(ip: IpAddr) -> bool {
    ip.is_ipv6() && net::is_private(ip)
}

type Side<'c> = (Option<&'c VpcId>, &'c [IpNet]);

/// The side of a VPC, and the other.
fn sides<'c>(connection: &'c PeeringConnection, here: &VpcId) -> Option<(Side<'c>, Side<'c>)> {
    let side = |side: &'c crate::model::route::PeeringSide| (side.vpc.as_ref(), side.cidrs.as_slice());
    let (requester, accepter) = (side(&connection.requester), side(&connection.accepter));
    if requester.0 == Some(here) {
        Some((requester, accepter))
    } else if accepter.0 == Some(here) {
        Some((accepter, requester))
    } else {
        None
    }
}

/// The ACL as the far end of a translation meets it on the way back.
pub(super) fn return_through(
    inventory: &Inventory,
    translation: &Translation,
    packet: Packet,
    to: Option<&SubnetId>,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut cross = |direction, other, ports| {
        let acl: Known<&Arc<NetworkAcl>> = network_acl::of_subnet(inventory, &translation.subnet);
        steps.push(match acl {
            Known::Known(acl) => steps::weigh_acl(packet.kind, acl, direction, other, packet.protocol, ports),
            Known::Unknown(why) => {
                Step { kind: packet.kind, outcome: StepOutcome::Undecided(why), ground: Ground::Unknown }
            }
        });
    };
    let subnet = inventory.subnet(&translation.subnet);
    let neighbour = |ip| subnet.is_some_and(|subnet| contains(&subnet.cidrs, ip));
    if !neighbour(packet.source) {
        cross(Direction::Ingress, packet.source, NAT_PORTS);
    }
    if to != Some(&translation.subnet) {
        cross(Direction::Egress, translation.before.0, translation.before.1);
    }
    steps
}
