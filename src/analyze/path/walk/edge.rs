//! Out of a VPC, or through something that speaks for the client: NAT gateways, internet gateways, appliances.

use std::{net::IpAddr, sync::Arc};

use crate::{
    analyze::{network_acl, place::Place},
    model::{
        firewall::{Direction, NetworkAcl},
        gateway::NatGateway,
        id::{SubnetId, VpcId},
        inventory::{Inventory, actions},
        known::{Known, Reason, Unknown},
        net,
    },
};

use super::{
    super::{Ground, RouteBlocker, Step, StepOutcome, steps},
    Arrival, Here, Loss, NAT_PORTS, Packet, Translation, Walker, contains,
};

/// The public IPv4 address of the interface's address.
pub(super) fn public_address(inventory: &Inventory, from: &Place, ip: IpAddr) -> Known<Option<IpAddr>> {
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
    /// <https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html>
    pub(super) fn nat(&mut self, here: &Here, id: &str, ground: Ground) -> Option<Here> {
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
    pub(super) fn internet(&mut self, id: &str, ground: Ground) -> Option<Here> {
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
    pub(super) fn egress_only(&mut self, id: &str, ground: Ground) -> Option<Here> {
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
    pub(super) fn interface(&mut self, here: Here, id: &str, ground: Ground) -> Option<Here> {
        let eni = self.inventory.interface(&id.into());
        if eni.is_some_and(|eni| eni.vpc == here.vpc && eni.holds(self.packet.destination)) {
            self.pass(ground);
            return self.arrive(here.vpc, Some(here.subnet));
        }
        if let Known::Unknown(why) = &self.inventory.network_interfaces {
            let why = why.clone();
            self.pass(ground);
            return self.lose_track(why);
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
    pub(super) fn middlebox(&mut self, id: &str, ground: Ground) -> Option<Here> {
        self.pass(ground);
        self.lose_identity(Loss::Middlebox(id.to_owned()));
        self.beyond(id, format!("what lies behind {id}"))
    }
}

/// An IPv6 address that no internet gateway carries.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-ip-addressing.html>
fn is_unique_local(ip: IpAddr) -> bool {
    ip.is_ipv6() && net::is_private(ip)
}

/// The ACL as the far end of a translation meets it on the way back.
pub(in crate::analyze::path) fn return_through(
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
