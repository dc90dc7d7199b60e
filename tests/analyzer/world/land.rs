//! VPCs, subnets, and who stands in them.

use std::net::IpAddr;

use vpce_doctor::model::{
    endpoint::{EndpointKind, EndpointService, EndpointState, NetworkInterface, PublicAddress, VpcEndpoint},
    id::{AzId, SecurityGroupId, SubnetId, VpcId},
    instance::Instance,
    inventory::{Inventory, Subnet, Vpc},
    known::Known,
};

use super::{add, ip, list, net};
use crate::dice::Dice;

/// The second byte of each VPC's addresses; the third VPC may repeat the first one's.
struct Site {
    number: usize,
    octet: usize,
    has_ipv6: bool,
}

pub(super) fn settle(dice: &mut Dice<'_>, inventory: &mut Inventory) {
    let count = *dice.pick(&[1, 2, 3, 2]);
    for number in 0..count {
        let octet = if number == 2 && dice.chance(40) { 0 } else { number };
        let site = Site { number, octet, has_ipv6: dice.chance(50) };
        add(&mut inventory.vpcs, [vpc(dice, &site)]);
        for place in 1..=2 + dice.below(2) {
            add(&mut inventory.subnets, [subnet(&site, place)]);
            for host in 0..=dice.below(2) {
                stand(dice, inventory, &site, place, host);
            }
        }
        if dice.chance(50) {
            endpoint(dice, inventory, &site);
        }
    }
}

fn vpc(dice: &mut Dice<'_>, site: &Site) -> Vpc {
    let mut cidrs = vec![net(&format!("10.{}.0.0/16", site.octet))];
    if dice.chance(20) {
        cidrs.push(net(&format!("100.{}.0.0/16", 64 + site.number)));
    }
    if site.has_ipv6 {
        cidrs.push(net(&format!("2001:db8:0:{}00::/56", site.number)));
    }
    let unasked = || Known::not_asked("an attribute of the VPC");
    let (dns_support, dns_hostnames) = (unasked(), unasked());
    Vpc { id: site.vpc(), cidrs, dhcp_options: None, dns_support, dns_hostnames }
}

impl Site {
    fn vpc(&self) -> VpcId {
        VpcId(format!("vpc-{}", self.number))
    }

    fn subnet(&self, place: usize) -> SubnetId {
        SubnetId(format!("subnet-{}{place}", self.number))
    }

    fn group(&self, number: usize) -> SecurityGroupId {
        SecurityGroupId(format!("sg-{}{number}", self.number))
    }

    fn v4(&self, place: usize, host: usize) -> IpAddr {
        ip(&format!("10.{}.{place}.{host}", self.octet))
    }

    fn v6(&self, place: usize, host: usize) -> IpAddr {
        ip(&format!("2001:db8:0:{}0{place}::{host}", self.number))
    }
}

/// Two zones: the third subnet is again in the first.
fn subnet(site: &Site, place: usize) -> Subnet {
    let mut cidrs = vec![net(&format!("10.{}.{place}.0/24", site.octet))];
    if site.has_ipv6 {
        cidrs.push(net(&format!("2001:db8:0:{}0{place}::/64", site.number)));
    }
    let zone = (place + 1) % 2;
    Subnet {
        id: site.subnet(place),
        vpc: site.vpc(),
        cidrs,
        az: Some(format!("us-west-2{}", ["a", "b"][zone])),
        az_id: Some(zone_id(zone)),
        owner: None,
    }
}

fn zone_id(zone: usize) -> AzId {
    AzId(format!("usw2-az{}", zone + 1))
}

/// An interface, mostly of an instance that runs.
fn stand(dice: &mut Dice<'_>, inventory: &mut Inventory, site: &Site, place: usize, host: usize) {
    let name = format!("{}{place}{host}", site.number);
    let mut eni = interface(dice, site, place, &name, 10 + host);
    if dice.chance(25) {
        eni.addresses.push(site.v4(place, 40 + host));
    }
    if dice.chance(20) {
        eni.prefixes.push(net(&format!("10.{}.{place}.{}/28", site.octet, 128 + 16 * host)));
    }
    if site.has_ipv6 && dice.chance(60) {
        eni.addresses.push(site.v6(place, 10 + host));
    }
    if dice.chance(25) {
        let public_ip = ip(&format!("198.51.100.{}", 10 + 40 * site.number + 4 * place + host));
        eni.public_addresses = vec![PublicAddress { public_ip, private_ip: eni.addresses[0] }];
    }
    if dice.chance(70) {
        let id = format!("i-{name}");
        let state = if dice.chance(3) { "stopped" } else { "running" }.to_owned();
        add(
            &mut inventory.instances,
            [Instance { id: id.as_str().into(), state, is_windows: dice.chance(10) }],
        );
        eni.instance = Some(id.as_str().into());
        eni.attachment_status = Some("attached".to_owned());
    }
    if dice.chance(2) {
        "available".clone_into(&mut eni.status);
    }
    add(&mut inventory.network_interfaces, [eni]);
}

fn interface(dice: &mut Dice<'_>, site: &Site, place: usize, name: &str, host: usize) -> NetworkInterface {
    let mut groups = vec![site.group(dice.below(3))];
    if dice.chance(30) {
        groups.push(site.group(dice.below(3)));
        groups.dedup();
    }
    if dice.chance(3) {
        groups.clear();
    }
    NetworkInterface {
        id: format!("eni-{name}").as_str().into(),
        vpc: site.vpc(),
        subnet: site.subnet(place),
        az: None,
        az_id: dice.chance(50).then(|| zone_id((place + 1) % 2)),
        kind: "interface".to_owned(),
        status: "in-use".to_owned(),
        description: String::new(),
        instance: None,
        groups,
        addresses: vec![site.v4(place, host)],
        prefixes: Vec::new(),
        public_addresses: Vec::new(),
        source_dest_check: Some(!dice.chance(15)),
        attachment_status: None,
        owner: None,
    }
}

/// An interface endpoint with an interface in each of the first two subnets.
fn endpoint(dice: &mut Dice<'_>, inventory: &mut Inventory, site: &Site) {
    let service = format!("com.amazonaws.vpce.us-west-2.vpce-svc-{}", site.number);
    let mut interfaces = Vec::new();
    for place in 1..=2 {
        let mut eni = interface(dice, site, place, &format!("{}{place}e", site.number), 20);
        "vpc_endpoint".clone_into(&mut eni.kind);
        interfaces.push(eni);
    }
    let states = [EndpointState::Available, EndpointState::PendingAcceptance, EndpointState::Pending];
    let troubled = dice.chance(10);
    let mut endpoint =
        of_service(&service, EndpointKind::Interface, &format!("vpce-{}", site.number), site.vpc());
    endpoint.state = states[if troubled { 1 + dice.below(2) } else { 0 }].clone();
    endpoint.network_interfaces = interfaces.iter().map(|eni| eni.id.clone()).collect();
    endpoint.subnets = interfaces.iter().map(|eni| eni.subnet.clone()).collect();
    endpoint.groups.clone_from(&interfaces[0].groups);
    let zones = if dice.chance(8) { 1 } else { 2 };
    let availability_zones = ["us-west-2a", "us-west-2b"][..zones].iter().map(ToString::to_string).collect();
    add(
        &mut inventory.endpoint_services,
        [EndpointService {
            name: service,
            private_dns_names: Vec::new(),
            private_dns_verification: None,
            acceptance_required: Some(true),
            availability_zones,
        }],
    );
    add(&mut inventory.network_interfaces, interfaces);
    add(&mut inventory.vpc_endpoints, [endpoint]);
}

pub(super) fn of_service(service: &str, kind: EndpointKind, id: &str, vpc: VpcId) -> VpcEndpoint {
    VpcEndpoint {
        id: id.into(),
        vpc,
        service: service.to_owned(),
        kind,
        state: EndpointState::Available,
        subnets: Vec::new(),
        network_interfaces: Vec::new(),
        groups: Vec::new(),
        private_dns_enabled: false,
        dns_names: Vec::new(),
        created: None,
        last_error: None,
        owner: None,
        inbound_resolver_only: false,
        service_region: None,
    }
}

/// The subnets of a VPC, in order.
pub(super) fn subnets_of(inventory: &Inventory, vpc: &VpcId) -> Vec<SubnetId> {
    let own = list(&inventory.subnets).iter().filter(|subnet| subnet.vpc == *vpc);
    own.map(|subnet| subnet.id.clone()).collect()
}
