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
        firewall::Direction,
        id::{EndpointId, PeeringConnectionId, SubnetId, TransitGatewayId, VpcId},
        inventory::{Inventory, actions},
        known::{Known, Reason, Unknown},
        net::PortRange,
        resource::ResourceKind,
        route::{PeeringConnection, RouteDestination, RouteTable, RouteTarget},
    },
};

mod edge;
mod transit;

pub(super) use edge::return_through;

use super::{Blocker, Ground, Identity, RouteBlocker, Seen, Step, StepKind, StepOutcome, steps};

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
        public: edge::public_address(inventory, from, packet.source),
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
            Known::Unknown(why) => {
                let table = route::table_of(self.inventory, &here.subnet, &here.vpc);
                self.way.masked |= table.known().is_some_and(|table| may_translate(table, destination));
                return self.lose_track(why);
            }
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
}

/// One of the routes that may be the one leads to a NAT gateway.
fn may_translate(table: &RouteTable, destination: IpAddr) -> bool {
    let mut routes = table.routes.iter().filter(|route| matches!(route.target, RouteTarget::NatGateway(_)));
    routes.any(|route| match &route.destination {
        RouteDestination::Cidr(cidr) => cidr.contains(&destination),
        _ => true,
    })
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
