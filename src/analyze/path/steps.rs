//! How each step is decided, by itself.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;

use crate::{
    analyze::{
        network_acl,
        place::Place,
        security_group::{self, Denial, GroupVerdict, Other},
    },
    model::{
        endpoint::{EndpointState, NetworkInterface, VpcEndpoint, says},
        firewall::{Direction, NetworkAcl, Peer, SecurityGroupRule},
        id::{AzId, EndpointId, NetworkInterfaceId, VpcId},
        inventory::{Inventory, actions},
        known::{Known, Reason, Unknown},
        net::{self, Flow, PortRange},
        resource::ResourceKind,
        transit::TransitGatewayAttachment,
    },
};

use super::{
    Blocker, Ground, Identity, Loss, Path, RouteBlocker, Seen, Step, StepKind, StepOutcome,
    walk::{self, Arrival, Packet, Way},
};

/// What the flow is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Aim {
    /// Whoever has the address where the routes lead.
    Address,
    /// This interface, and no other that has the same address in some other VPC.
    Interface(Box<Place>),
}

/// Analyses a flow from a place. The destination is found along the routes, never by its address alone: VPCs repeat
/// the ranges of others.
pub fn analyze(inventory: &Inventory, flow: &Flow, source: Place, aim: Aim) -> Path {
    if is_unfiltered(inventory, flow, &source) {
        return unfiltered(flow, source);
    }
    let mut forward = walk::follow(
        inventory,
        &source,
        Packet {
            kind: StepKind::ForwardRoute,
            protocol: flow.protocol,
            source: flow.source,
            source_ports: flow.source_ports,
            destination: flow.destination,
            destination_ports: PortRange::single(flow.destination_port),
        },
    );
    let destination = destination(inventory, flow, &source, &aim, &forward);
    // "Not supported for PrivateLink endpoints."
    // <https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html#vpc-attachment-security>
    if forward.seen.identity == Identity::KeptInbound && is_endpoint(inventory, &destination) {
        forward.seen.identity = Identity::Lost(Loss::TransitGateway);
    }
    let question = Question {
        inventory,
        flow,
        source: &source,
        destination: &destination,
        aim: &aim,
        forward: &forward,
    };
    let mut steps = question.steps();
    join_shares(&mut steps);
    Path { flow: flow.clone(), seen: forward.seen.clone(), steps, source, destination, aim }
}

fn is_endpoint(inventory: &Inventory, place: &Place) -> bool {
    let eni = place.eni.known().and_then(|id| inventory.interface(id));
    eni.is_some_and(NetworkInterface::is_endpoint)
}

const DNS_PORT: u16 = 53;

/// The VPC's resolver, at the base of the VPC's primary range plus two, and what answers at link-local addresses.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html>
fn is_unfiltered(inventory: &Inventory, flow: &Flow, source: &Place) -> bool {
    let own = source.vpc.known().and_then(|id| inventory.vpc(id));
    let base = own.and_then(|vpc| vpc.cidrs.iter().find(|cidr| cidr.addr().is_ipv4()));
    let plus_two = |ip: IpAddr| match (base, ip) {
        (Some(IpNet::V4(base)), IpAddr::V4(ip)) => u32::from(base.network()).wrapping_add(2) == u32::from(ip),
        _ => false,
    };
    let link_local = match flow.destination {
        IpAddr::V4(ip) => LINK_LOCAL_SERVICES.contains(&ip.octets()),
        IpAddr::V6(ip) => ip.segments()[..2] == [0xfd00, 0xec2],
    };
    let resolver = flow.destination_port == DNS_PORT && plus_two(flow.destination);
    source.vpc.is_known() && (resolver || link_local)
}

/// Time Sync, licences for Windows, the resolver, instance metadata, ECS task metadata.
const LINK_LOCAL_SERVICES: [[u8; 4]; 6] = [
    [169, 254, 169, 123],
    [169, 254, 169, 250],
    [169, 254, 169, 251],
    [169, 254, 169, 253],
    [169, 254, 169, 254],
    [169, 254, 170, 2],
];

/// Neither groups nor ACLs filter traffic to them, and no route leads it elsewhere.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html>
fn unfiltered(flow: &Flow, source: Place) -> Path {
    let what = "a service of the VPC itself: nothing filters the way to it";
    let step = |kind| Step { kind, outcome: StepOutcome::Allow, ground: Ground::said(what) };
    let steps = StepKind::ALL.into_iter().map(step).collect();
    let seen = Seen { ip: flow.source, ports: flow.source_ports, identity: Identity::Kept };
    let nowhere = Unknown::new(format!("the place of {}", flow.destination), Reason::Unheld);
    let destination = Place::nowhere(flow.destination, &nowhere);
    Path { flow: flow.clone(), source, destination, aim: Aim::Address, seen, steps }
}

/// ACLs on the way back that each deny a part of the client's ports may together deny them all.
fn join_shares(steps: &mut [Step]) {
    let partly: Vec<usize> = (0..steps.len()).filter(|at| steps[*at].blocked_share() > 0.0).collect();
    for ports in partly.iter().filter_map(|at| steps[*at].acl().map(|asked| asked.ports)).collect::<Vec<_>>()
    {
        let same: Vec<usize> = partly
            .iter()
            .copied()
            .filter(|at| steps[*at].acl().is_some_and(|asked| asked.ports == ports))
            .collect();
        let denied = same.iter().filter_map(|at| steps[*at].acl()).flat_map(|asked| asked.decision.denied());
        if covers(ports, denied.collect()) {
            for at in same {
                let decision = steps[at].acl().map(|asked| asked.decision.clone());
                if let Some(decision) = decision {
                    steps[at].outcome = StepOutcome::Deny(Blocker::Acl { decision });
                }
            }
        }
    }
}

/// Whether ranges leave nothing of another.
fn covers(whole: PortRange, mut ranges: Vec<PortRange>) -> bool {
    ranges.sort();
    let mut next = u32::from(whole.from);
    for range in ranges {
        if u32::from(range.from) > next {
            return false;
        }
        next = next.max(u32::from(range.to) + 1);
    }
    next > u32::from(whole.to)
}

/// Where the routes lead; where they lead nowhere, the only place that holds the address.
fn destination(inventory: &Inventory, flow: &Flow, source: &Place, aim: &Aim, forward: &Way) -> Place {
    match (&forward.arrival, aim) {
        (Arrival::Vpc { vpc, .. }, Aim::Interface(place)) if place.vpc.known() != Some(vpc) => {
            Place::clone(place)
        }
        (Arrival::Vpc { vpc, ip }, _) => Place::within(inventory, *ip, vpc),
        (Arrival::GatewayEndpoint(_) | Arrival::Internet(_), _) => Place::nowhere(
            flow.destination,
            &Unknown::new(format!("the place of {}", flow.destination), Reason::Unheld),
        ),
        (Arrival::Stopped | Arrival::Beyond(_), Aim::Interface(place)) => Place::clone(place),
        (Arrival::Stopped | Arrival::Beyond(_), Aim::Address) => match inventory.network_interfaces.ok() {
            Ok(all) => {
                let found = Place::find(inventory, flow.destination, source.vpc.known());
                let unheld = matches!(&found.eni, Known::Unknown(why) if why.reason == Reason::Unheld);
                // From the internet, a public address stands for the private one behind it.
                match all.known_as(flow.destination).next().filter(|_| unheld) {
                    Some(eni) => Place::of_interface(behind(eni, flow.destination), eni),
                    None => found,
                }
            }
            Err(why) => Place::nowhere(flow.destination, &why),
        },
    }
}

/// The private address for which a public one stands.
fn behind(eni: &NetworkInterface, public: IpAddr) -> IpAddr {
    eni.public_addresses.iter().find(|one| one.public_ip == public).map_or(public, |one| one.private_ip)
}

struct Question<'a> {
    inventory: &'a Inventory,
    flow: &'a Flow,
    source: &'a Place,
    destination: &'a Place,
    aim: &'a Aim,
    forward: &'a Way,
}

impl Question<'_> {
    fn steps(&self) -> Vec<Step> {
        let way_back = self.way_back();
        let mut steps = Vec::with_capacity(12);
        steps.push(told(self.source_interface(), StepKind::SourceInterface));
        steps.push(self.group(StepKind::SourceGroupEgress));
        steps.push(self.acl(
            StepKind::SourceAclEgress,
            self.source,
            self.stays_in(self.forward, self.source),
        ));
        steps.extend(self.forward.steps.iter().cloned());
        if let Arrival::GatewayEndpoint(id) = &self.forward.arrival {
            self.beyond_gateway(id, &way_back, &mut steps);
            return steps;
        }
        steps.push(told(self.destination_interface(), StepKind::DestinationInterface));
        let arrives_in = self.forward.last_subnet.as_ref();
        let inside = self.forward.neighbour
            || (self.arrives() && arrives_in.is_some() && arrives_in == self.destination.subnet.known());
        let step = self.acl(StepKind::DestinationAclIngress, self.destination, inside);
        steps.push(by_chance(step, self.perhaps_inside(self.forward, self.destination)));
        steps.push(self.group(StepKind::DestinationGroupIngress));
        let neighbours = self.forward.neighbour && is_direct(self.forward);
        steps.push(self.acl(StepKind::ReturnAclEgress, self.destination, neighbours || way_back.stays));
        steps.extend_from_slice(&way_back.way.steps);
        steps.push(self.last_acl(&way_back, neighbours));
        steps
    }

    /// A gateway endpoint is a target of routes and ends them: it has no interface, and so no subnet, group or ACL.
    /// <https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html>
    fn beyond_gateway(&self, id: &EndpointId, way_back: &WayBack, steps: &mut Vec<Step>) {
        let step = match self.inventory.endpoint(id) {
            // <https://docs.aws.amazon.com/vpc/latest/reachability/explanation-codes.html>
            Some(_) if self.flow.protocol != net::TCP => {
                let what = format!("{id} is a gateway endpoint, which carries TCP alone");
                let ground = Ground::about(ResourceKind::VpcEndpoint, id, what);
                Ok((StepOutcome::Deny(Blocker::Protocol), ground))
            }
            Some(endpoint) => endpoint_state(endpoint),
            None => Err(Unknown::new(actions::VPC_ENDPOINTS, Reason::Absent)),
        };
        steps.push(told(step, StepKind::DestinationInterface));
        for kind in [
            StepKind::DestinationAclIngress,
            StepKind::DestinationGroupIngress,
            StepKind::ReturnAclEgress,
            StepKind::ReturnRoute,
        ] {
            let ground =
                Ground::said(format!("{id} is a gateway endpoint: nothing of the VPC lies behind it"));
            steps.push(Step { kind, outcome: StepOutcome::Allow, ground });
        }
        steps.extend_from_slice(&way_back.way.steps);
        steps.push(self.last_acl(way_back, false));
    }

    /// The ACL of the client's subnet, which replies meet unless they come from within it.
    fn last_acl(&self, way_back: &WayBack, neighbours: bool) -> Step {
        let way = &way_back.way;
        let from = way.last_subnet.as_ref();
        let inside = neighbours
            || way.neighbour
            || way_back.arrived && from.is_some() && from == self.source.subnet.known();
        let step = self.acl(StepKind::ReturnAclIngress, self.source, inside);
        by_chance(step, self.perhaps_inside(way, self.source))
    }

    /// The packets may come out of a transit gateway in the very subnet of the end: by chance, or because nobody could
    /// follow them so far.
    fn perhaps_inside(&self, way: &Way, end: &Place) -> bool {
        let Known::Known(subnet) = &end.subnet else { return way.perhaps_neighbour };
        let attachments = self.inventory.transit_gateway_attachments.known();
        let comes_out = |attachment: &TransitGatewayAttachment| {
            attachment.subnets.known().is_some_and(|subnets| subnets.contains(subnet))
        };
        let lost = matches!(way.arrival, Arrival::Beyond(_));
        way.perhaps_neighbour || lost && attachments.is_some_and(|all| all.iter().any(comes_out))
    }

    fn arrives(&self) -> bool {
        matches!(self.forward.arrival, Arrival::Vpc { .. })
    }

    /// The packet stays in its subnet: on the whole of its way, or up to the gateway that speaks for it from there.
    fn stays_in(&self, way: &Way, from: &Place) -> bool {
        let Known::Known(subnet) = &from.subnet else { return false };
        if let Some(first) = &way.first_subnet {
            return first == subnet;
        }
        if way.neighbour && is_direct(way) {
            return true;
        }
        let other = if std::ptr::eq(from, self.source) { self.destination } else { self.source };
        way.last_subnet.as_ref() == Some(subnet)
            && matches!(way.arrival, Arrival::Vpc { .. })
            && other.subnet.known() == Some(subnet)
            && is_direct(way)
    }

    fn group(&self, kind: StepKind) -> Step {
        let at_source = kind == StepKind::SourceGroupEgress;
        let (own, other) =
            if at_source { (self.source, self.destination) } else { (self.destination, self.source) };
        if !at_source && let Some(why) = self.out_of_sight() {
            return undecided(kind, why.clone());
        }
        let seen = &self.forward.seen;
        let ip = if at_source { self.flow.destination } else { seen.ip };
        let verdict = security_group::evaluate(
            self.inventory,
            &own.groups,
            kind.direction(),
            Other {
                ip,
                groups: &other.groups,
                identity: &seen.identity,
                protocol: self.flow.protocol,
                port: self.flow.destination_port,
            },
        );
        let (outcome, ground) = match verdict {
            GroupVerdict::Allow { group, rule } => (StepOutcome::Allow, Ground::Rule { group, rule }),
            GroupVerdict::Deny(denial) if !at_source && self.may_come_as_another(&denial) => {
                (StepOutcome::Undecided(self.what_is_lost()), Ground::Unknown)
            }
            GroupVerdict::Deny(denial) => {
                (StepOutcome::Deny(Blocker::Group(denial)), Ground::Groups(kind.direction()))
            }
            GroupVerdict::Unfiltered => {
                (StepOutcome::Allow, Ground::said("the interface has no security group: nothing filters it"))
            }
            GroupVerdict::Undecided(why) => (StepOutcome::Undecided(why), Ground::Unknown),
        };
        Step { kind, outcome, ground }
    }

    /// The address that stands for the client's is not known, and a rule would admit some address on this port.
    fn may_come_as_another(&self, denial: &Denial) -> bool {
        let by_address = |rule: &SecurityGroupRule| !matches!(rule.peer, Peer::Group { .. });
        self.forward.masked && denial.other_peers().any(|(_, rule)| by_address(rule))
    }

    fn what_is_lost(&self) -> Unknown {
        match &self.forward.arrival {
            Arrival::Beyond(why) => why.clone(),
            _ => Unknown::new("the way there", Reason::NotAsked),
        }
    }

    /// The ACL of one end's subnet. What stays within the subnet never meets it.
    /// <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html>
    fn acl(&self, kind: StepKind, own: &Place, inside: bool) -> Step {
        if inside {
            let ground = Ground::said("same subnet: network ACLs do not apply");
            return Step { kind, outcome: StepOutcome::Allow, ground };
        }
        let at_source = kind.is_at_source();
        if !at_source && let Some(why) = self.out_of_sight() {
            return undecided(kind, why.clone());
        }
        let acl = match own.subnet.ok() {
            Ok(subnet) => network_acl::of_subnet(self.inventory, subnet),
            Err(why) => Known::Unknown(why),
        };
        let seen = &self.forward.seen;
        let (other, ports) = match kind {
            StepKind::ReturnAclIngress => (self.flow.destination, self.flow.source_ports),
            StepKind::ReturnAclEgress => (seen.ip, seen.ports),
            _ if at_source => (self.flow.destination, PortRange::single(self.flow.destination_port)),
            _ => (seen.ip, PortRange::single(self.flow.destination_port)),
        };
        let step = match acl {
            Known::Known(acl) => weigh_acl(kind, acl, kind.direction(), other, self.flow.protocol, ports),
            Known::Unknown(why) => undecided(kind, why),
        };
        if !at_source && self.forward.masked && matches!(step.outcome, StepOutcome::Deny(_)) {
            return undecided(kind, self.what_is_lost());
        }
        step
    }

    /// The flow ends at something that the inventory does not show.
    fn out_of_sight(&self) -> Option<&Unknown> {
        match (&self.forward.arrival, &self.destination.eni) {
            (Arrival::Internet(why), _) | (Arrival::Beyond(why), Known::Unknown(_)) => Some(why),
            _ => None,
        }
    }

    fn source_interface(&self) -> Result<(StepOutcome, Ground), Unknown> {
        let id = self.source.eni.ok()?;
        let Some(eni) = self.inventory.interface(id) else {
            return Ok((
                StepOutcome::Allow,
                Ground::about(ResourceKind::NetworkInterface, id, "the interface exists"),
            ));
        };
        if eni.is_endpoint() {
            let what = "an endpoint's interface begins no connection";
            let ground = Ground::about(ResourceKind::NetworkInterface, id, what);
            return Ok((StepOutcome::Deny(Blocker::CannotInitiate), ground));
        }
        self.attached(eni)
    }

    /// In use, and its instance running. Who reads no instances takes them for running.
    fn attached(&self, eni: &NetworkInterface) -> Result<(StepOutcome, Ground), Unknown> {
        let about = |what: String| Ground::about(ResourceKind::NetworkInterface, &eni.id, what);
        let detached = eni
            .attachment_status
            .as_ref()
            .filter(|status| !says(status, "attached") && !says(status, "attaching"));
        let status = says(&eni.status, "available").then_some(&eni.status).or(detached);
        if let Some(status) = status {
            let blocker = Blocker::NotInUse { status: status.clone() };
            return Ok((StepOutcome::Deny(blocker), about(format!("attached to nothing: {status}"))));
        }
        let Some(instance) = &eni.instance else {
            return Ok((StepOutcome::Allow, about("in use".to_owned())));
        };
        let Known::Known(instances) = &self.inventory.instances else {
            return Ok((StepOutcome::Allow, about(format!("attached to {instance}"))));
        };
        let absent = || Unknown::new(actions::INSTANCES, Reason::Absent);
        let known = instances.get(instance.as_str()).ok_or_else(absent)?;
        let ground =
            Ground::about(ResourceKind::Instance, instance, format!("{instance} is {}", known.state));
        if known.is_running() {
            return Ok((StepOutcome::Allow, ground));
        }
        Ok((StepOutcome::Deny(Blocker::NotRunning { state: known.state.clone() }), ground))
    }

    fn destination_interface(&self) -> Result<(StepOutcome, Ground), Unknown> {
        if let Some(astray) = self.another_holder() {
            return Ok(astray);
        }
        let Ok(eni) = self.destination.eni.ok() else {
            return self.nobody_holds();
        };
        let about = |what: String| Ground::about(ResourceKind::NetworkInterface, eni, what);
        let Some(interface) = self.inventory.interface(eni) else {
            return Ok((StepOutcome::Allow, about("the interface exists".to_owned())));
        };
        if ["natgateway", "transitgateway"].iter().any(|kind| says(&interface.kind, kind)) {
            return Err(Unknown::new(
                format!("what answers at {eni}"),
                Reason::Failed {
                    message: format!(
                        "an interface of kind {} takes no connections of its own",
                        interface.kind
                    ),
                },
            ));
        }
        let endpoint = self.inventory.endpoint_of(interface);
        if !interface.is_endpoint() && endpoint.known().is_none_or(Option::is_none) {
            return self.attached(interface);
        }
        let Some(endpoint) = endpoint.ok()? else {
            return Err(Unknown::new(actions::VPC_ENDPOINTS, Reason::Absent));
        };
        let state = endpoint_state(endpoint);
        if matches!(&state, Ok((StepOutcome::Deny(_), _))) {
            return state;
        }
        if let Some(gap) = self.zone_gap(endpoint, interface)? {
            return Ok(gap);
        }
        state
    }

    /// The routes lead to another VPC than that of the interface that was meant.
    fn another_holder(&self) -> Option<(StepOutcome, Ground)> {
        let Aim::Interface(meant) = self.aim else { return None };
        let (Known::Known(eni), Known::Known(vpc)) = (&meant.eni, &meant.vpc) else { return None };
        let Arrival::Vpc { vpc: arrived, .. } = &self.forward.arrival else { return None };
        if arrived == vpc {
            return None;
        }
        Some(overlapped(self.flow.destination, arrived, eni, vpc))
    }

    /// An endpoint's interface in a zone that the service does not list. Across Regions zones need not match.
    /// <https://docs.aws.amazon.com/vpc/latest/privatelink/create-endpoint-service.html>
    fn zone_gap(
        &self,
        endpoint: &VpcEndpoint,
        eni: &NetworkInterface,
    ) -> Result<Option<(StepOutcome, Ground)>, Unknown> {
        let Some(service) = self.inventory.service(&endpoint.service) else { return Ok(None) };
        let subnet = self.inventory.subnet(&eni.subnet);
        let zone = eni.az.as_ref().or_else(|| subnet?.az.as_ref());
        if zone.is_none() && subnet.is_none() {
            return Err(Unknown::new(actions::SUBNETS, Reason::Absent));
        }
        let local = endpoint
            .service_region
            .as_ref()
            .is_none_or(|region| zone.is_some_and(|zone| zone.starts_with(region.as_str())));
        let offered = &service.availability_zones;
        let id = self.inventory.az_id_of(eni);
        let listed = |zone: &str| offered.iter().any(|offered| offered == zone);
        let here = zone.into_iter().map(String::as_str).chain(id.iter().map(AzId::as_str));
        let comparable = zone.is_some() && !offered.is_empty() && local;
        if !comparable || here.clone().any(listed) {
            return Ok(None);
        }
        let Some(zone) = here.last().map(str::to_owned) else { return Ok(None) };
        let what = format!("{} is not offered in {zone}, where {} lies", endpoint.service, eni.id);
        let ground = Ground::about(ResourceKind::VpcEndpoint, &endpoint.id, what);
        Ok(Some((StepOutcome::Deny(Blocker::ServiceNotInZone { zone }), ground)))
    }

    /// An address that no known interface holds: a dead end inside a VPC we can see whole, unknown elsewhere.
    fn nobody_holds(&self) -> Result<(StepOutcome, Ground), Unknown> {
        self.inventory.network_interfaces.ok()?;
        if let Arrival::Beyond(why) | Arrival::Internet(why) = &self.forward.arrival {
            return Err(why.clone());
        }
        let ip = self.destination.ip;
        let unheld = matches!(&self.destination.eni, Known::Unknown(why) if why.reason == Reason::Unheld);
        let vpc = match &self.forward.arrival {
            Arrival::Vpc { vpc, .. } => vpc.clone(),
            _ => self.source.vpc.ok()?.clone(),
        };
        let inside = self.inventory.vpc(&vpc).is_some_and(|vpc| walk::contains(&vpc.cidrs, ip));
        if inside && unheld {
            self.sees_whole_vpc()?;
            if let Some(eni) = self.held_elsewhere() {
                return Ok(overlapped(ip, &vpc, &eni.id, &eni.vpc));
            }
            let ground = Ground::about(ResourceKind::Vpc, &vpc, format!("no interface of {vpc} holds {ip}"));
            return Ok((StepOutcome::Deny(Blocker::Unheld), ground));
        }
        Err(self
            .destination
            .eni
            .ok()
            .err()
            .unwrap_or_else(|| Unknown::new(actions::NETWORK_INTERFACES, Reason::Absent)))
    }

    /// From a subnet that another account shares, that account's interfaces are not to be seen.
    fn sees_whole_vpc(&self) -> Result<(), Unknown> {
        let (Known::Known(subnet), Known::Known(eni)) = (&self.source.subnet, &self.source.eni) else {
            return Ok(());
        };
        if !*self.inventory.is_shared(subnet, eni).ok()? {
            return Ok(());
        }
        let message = format!("{subnet} is shared by another account, whose interfaces are not listed");
        Err(Unknown::new(actions::NETWORK_INTERFACES, Reason::Failed { message }))
    }

    /// The endpoint's interface that holds the destination address in some other VPC.
    fn held_elsewhere(&self) -> Option<&NetworkInterface> {
        let holders = self.inventory.interfaces_holding(self.destination.ip);
        holders.known()?.iter().copied().find(|eni| eni.is_endpoint())
    }

    /// The replies' way: to the address that the far end saw, and from each gateway that translated on to the one
    /// before.
    fn way_back(&self) -> WayBack {
        let kind = StepKind::ReturnRoute;
        let mut packet = Packet {
            kind,
            protocol: self.flow.protocol,
            source: self.destination.ip,
            source_ports: PortRange::single(self.flow.destination_port),
            destination: self.forward.seen.ip,
            destination_ports: self.forward.seen.ports,
        };
        let mut way = match (self.out_of_sight(), &self.forward.arrival) {
            (Some(why), _) => Way::lost(packet, why.clone()),
            // A service answers by the gateway through which it was asked.
            (None, arrival @ Arrival::GatewayEndpoint(_)) => Way::standing(packet, arrival.clone()),
            (None, _) if self.forward.masked => Way::lost(packet, self.what_is_lost()),
            (None, _) => walk::follow(self.inventory, self.destination, packet),
        };
        let gateway = self.forward.translations.last().map(|translation| &translation.subnet);
        let stays = match gateway {
            Some(gateway) => is_direct(&way) && Some(gateway) == self.destination.subnet.known(),
            None => self.stays_in(&way, self.destination),
        };
        packet.source = self.flow.destination;
        for translation in self.forward.translations.iter().rev() {
            if let Arrival::Vpc { vpc, .. } = &way.arrival
                && *vpc != translation.vpc
            {
                way.stray(kind, vpc.clone(), translation.ip);
                break;
            }
            let to = self.source.subnet.known();
            way.steps.extend(walk::return_through(self.inventory, translation, packet, to));
            packet.destination = translation.before.0;
            packet.destination_ports = translation.before.1;
            let place = Place {
                ip: translation.ip,
                eni: Known::not_asked("the gateway's interface"),
                vpc: Known::Known(translation.vpc.clone()),
                subnet: Known::Known(translation.subnet.clone()),
                groups: Known::Known(Vec::new()),
            };
            let further = walk::follow(self.inventory, &place, packet);
            way.steps.extend(further.steps);
            way.arrival = further.arrival;
            way.last_subnet = further.last_subnet;
            way.neighbour = further.neighbour;
            way.perhaps_neighbour = further.perhaps_neighbour;
        }
        let home = self.source.vpc.known();
        let mut arrived = false;
        if let Arrival::Vpc { vpc, .. } = &way.arrival {
            arrived = true;
            if home.is_some() && home != Some(vpc) {
                way.stray(kind, vpc.clone(), self.source.ip);
            }
        }
        // What stands for a client by IPv4 is led to it; an IPv6 address might be reached.
        if let Arrival::Internet(_) = &way.arrival
            && home.is_some()
            && packet.destination.is_ipv6()
        {
            let message = "they leave by an internet gateway, and come from there like strangers".to_owned();
            let missing = format!("whether replies come back to {}", packet.destination);
            way.steps.push(undecided(kind, Unknown::new(missing, Reason::Failed { message })));
        }
        WayBack { way, arrived, stays }
    }
}

struct WayBack {
    way: Way,
    arrived: bool,
    /// The replies reach whoever speaks for the client without leaving their subnet.
    stays: bool,
}

/// Delivered by the first table: nothing between the two ends.
fn is_direct(way: &Way) -> bool {
    way.steps.len() == 1 && way.last_subnet.is_some() && matches!(way.arrival, Arrival::Vpc { .. })
}

impl Way {
    fn lost(packet: Packet, why: Unknown) -> Self {
        let step = undecided(packet.kind, why.clone());
        let mut way = Self::standing(packet, Arrival::Beyond(why.clone()));
        way.steps.push(step);
        way.seen.identity = Identity::Unknown(why);
        way
    }

    fn stray(&mut self, kind: StepKind, vpc: VpcId, ip: IpAddr) {
        let what = format!("the routes back to {ip} lead into {vpc}");
        let ground = Ground::about(ResourceKind::Vpc, &vpc, what);
        let outcome = StepOutcome::Deny(Blocker::Route(RouteBlocker::Astray { vpc }));
        self.steps.push(Step { kind, outcome, ground });
        self.arrival = Arrival::Stopped;
    }
}

fn overlapped(ip: IpAddr, here: &VpcId, eni: &NetworkInterfaceId, vpc: &VpcId) -> (StepOutcome, Ground) {
    let what = format!("{ip} lies in {here}, and {eni} in {vpc} holds it");
    let blocker = Blocker::Overlapped { eni: eni.clone(), vpc: vpc.clone() };
    (StepOutcome::Deny(blocker), Ground::about(ResourceKind::NetworkInterface, eni, what))
}

/// A denial that only some of the packets' possible ways meet.
fn by_chance(step: Step, perhaps: bool) -> Step {
    if !perhaps || !matches!(step.outcome, StepOutcome::Deny(_)) {
        return step;
    }
    let missing = "in which subnet of its attachment the transit gateway hands the packets out".to_owned();
    let message = "only what comes out in another subnet than the ACL's own meets this ACL".to_owned();
    undecided(step.kind, Unknown::new(missing, Reason::Failed { message }))
}

/// Both branches of a decision end in a step, so `?` may carry an unknown out early.
fn told(result: Result<(StepOutcome, Ground), Unknown>, kind: StepKind) -> Step {
    match result {
        Ok((outcome, ground)) => Step { kind, outcome, ground },
        Err(why) => undecided(kind, why),
    }
}

fn undecided(kind: StepKind, why: Unknown) -> Step {
    Step { kind, outcome: StepOutcome::Undecided(why), ground: Ground::Unknown }
}

/// One ACL's word on packets between its subnet and another address.
pub(super) fn weigh_acl(
    kind: StepKind,
    acl: &Arc<NetworkAcl>,
    direction: Direction,
    other: IpAddr,
    protocol: u8,
    ports: PortRange,
) -> Step {
    let decision = network_acl::evaluate(acl, direction, other, protocol, ports);
    let outcome = match decision.blocked_share() {
        Known::Known(share) if share < 1.0 => StepOutcome::Allow,
        Known::Known(_) => StepOutcome::Deny(Blocker::Acl { decision: decision.clone() }),
        Known::Unknown(why) => StepOutcome::Undecided(why),
    };
    let ground = Ground::Acl { acl: Arc::clone(acl), direction, other, ports, decision };
    Step { kind, outcome, ground }
}

/// While a connection is not accepted, its interfaces and names exist and everything sent to them times out.
/// <https://repost.aws/knowledge-center/connect-endpoint-service-vpc>
fn endpoint_state(endpoint: &VpcEndpoint) -> Result<(StepOutcome, Ground), Unknown> {
    let what = format!("{} is {}", endpoint.id, endpoint.state);
    let ground = Ground::about(ResourceKind::VpcEndpoint, &endpoint.id, what);
    match &endpoint.state {
        EndpointState::Available => Ok((StepOutcome::Allow, ground)),
        // Re-entered on every modification, and undocumented: neither proves that packets stop.
        EndpointState::Pending | EndpointState::Partial | EndpointState::Other(_) => Err(Unknown::new(
            format!("whether {} passes traffic while it is {}", endpoint.id, endpoint.state),
            Reason::Failed { message: "this state is transient or undocumented".to_owned() },
        )),
        state => Ok((StepOutcome::Deny(Blocker::EndpointState(state.clone())), ground)),
    }
}
