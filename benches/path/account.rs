//! An account of any size, built the same way every time.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use vpce_doctor::model::{
    endpoint::NetworkInterface,
    firewall::{
        AclAction, Direction, NetworkAcl, NetworkAclEntry, Peer, PrefixList, SecurityGroup, SecurityGroupRule,
    },
    id::{InstanceId, PeeringConnectionId, SecurityGroupId, SubnetId, VpcId},
    instance::Instance,
    inventory::{Inventory, Subnet, Vpc},
    known::Known,
    listing::Listing,
    net::{PortRange, ProtocolMatch, TCP, host_net},
    route::{PeeringConnection, PeeringSide, Route, RouteDestination, RouteTable, RouteTarget},
};

/// Where every service of the account listens.
pub(crate) const PORT: u16 = 443;

pub(crate) const VPCS: usize = 20;
const SUBNETS: usize = 10;
const RULES: usize = 60;

/// How many interfaces use one pair of groups.
const SHARE: usize = 5;

/// With so many interfaces, a fifth as many groups of 60 rules, and 20 VPCs of 10 subnets, each with an ACL and a route
/// table of its own; the first VPC is peered with all others.
pub(crate) fn account(interfaces: usize) -> Inventory {
    let groups = interfaces.div_ceil(SHARE).next_multiple_of(4 * VPCS);
    let plots = || (0..VPCS).flat_map(|vpc| (0..SUBNETS).map(move |place| (vpc, place)));
    Inventory {
        vpcs: list((0..VPCS).map(vpc)),
        subnets: list(plots().map(|(vpc, place)| subnet(vpc, place))),
        security_groups: list((0..groups).map(|number| group(number, groups))),
        network_acls: list(plots().map(|(vpc, place)| acl(vpc, place))),
        route_tables: list(plots().map(|(vpc, place)| table(vpc, place))),
        network_interfaces: list((0..interfaces).map(|number| interface(number, groups))),
        vpc_endpoints: list([]),
        endpoint_services: list([]),
        peering_connections: list((1..VPCS).map(peering)),
        prefix_lists: list([prefix_list()]),
        gateways: list([]),
        nat_gateways: list([]),
        transit_gateways: list([]),
        transit_gateway_attachments: list([]),
        transit_gateway_route_tables: list([]),
        instances: list((0..interfaces).map(instance)),
        ..Inventory::none("generated")
    }
}

fn list<T>(items: impl IntoIterator<Item = T>) -> Known<Listing<T>> {
    Known::Known(items.into_iter().collect())
}

fn vpc_id(vpc: usize) -> VpcId {
    VpcId(format!("vpc-{vpc:017x}"))
}

fn subnet_id(vpc: usize, place: usize) -> SubnetId {
    SubnetId(format!("subnet-{:017x}", vpc * SUBNETS + place))
}

fn group_id(number: usize) -> SecurityGroupId {
    SecurityGroupId(format!("sg-{number:017x}"))
}

fn instance_id(number: usize) -> InstanceId {
    InstanceId(format!("i-{number:017x}"))
}

fn peering_id(vpc: usize) -> PeeringConnectionId {
    PeeringConnectionId(format!("pcx-{vpc:017x}"))
}

fn byte(number: usize) -> u8 {
    u8::try_from(number).expect("a byte of an address")
}

/// `10.VPC.0.0/16`
fn range(vpc: usize) -> IpNet {
    Ipv4Net::new_assert(Ipv4Addr::new(10, byte(vpc), 0, 0), 16).into()
}

/// The n-th host of a /20.
fn address(vpc: usize, place: usize, host: usize) -> IpAddr {
    Ipv4Addr::new(10, byte(vpc), byte(place * 16 + host / 250), byte(host % 250 + 4)).into()
}

fn instance(number: usize) -> Instance {
    Instance { id: instance_id(number), state: "running".to_owned(), is_windows: false }
}

fn vpc(number: usize) -> Vpc {
    let unasked = || Known::not_asked("an attribute of the VPC");
    Vpc {
        id: vpc_id(number),
        cidrs: vec![range(number)],
        dhcp_options: None,
        dns_support: unasked(),
        dns_hostnames: unasked(),
    }
}

fn subnet(vpc: usize, place: usize) -> Subnet {
    let block = Ipv4Net::new_assert(Ipv4Addr::new(10, byte(vpc), byte(place * 16), 0), 20);
    let zone = place % 3;
    Subnet {
        id: subnet_id(vpc, place),
        vpc: vpc_id(vpc),
        cidrs: vec![block.into()],
        az: Some(format!("us-west-2{}", ["a", "b", "c"][zone])),
        az_id: Some(format!("usw2-az{}", zone + 1).as_str().into()),
        owner: None,
    }
}

/// Interface `n` stands in VPC `n mod 20` and has a group of clients and one of a service.
fn interface(number: usize, groups: usize) -> NetworkInterface {
    let (vpc, place, host) = (number % VPCS, number / VPCS % SUBNETS, number / VPCS / SUBNETS);
    let own = number / VPCS % (groups / VPCS);
    let next = (own + 1) % (groups / VPCS);
    NetworkInterface {
        id: format!("eni-{number:017x}").as_str().into(),
        vpc: vpc_id(vpc),
        subnet: subnet_id(vpc, place),
        az: None,
        az_id: None,
        kind: "interface".to_owned(),
        status: "in-use".to_owned(),
        description: format!("interface {number}"),
        instance: Some(instance_id(number)),
        groups: vec![group_id(own * VPCS + vpc), group_id(next * VPCS + vpc)],
        addresses: vec![address(vpc, place, host)],
        prefixes: Vec::new(),
        public_addresses: Vec::new(),
        source_dest_check: Some(true),
        attachment_status: Some("attached".to_owned()),
        owner: Some("123456789012".to_owned()),
    }
}

/// Group `n` belongs to VPC `n mod 20`. The last rule inbound admits the whole network, except of every fourth pair of
/// groups, which admit nobody on this port.
fn group(number: usize, groups: usize) -> SecurityGroup {
    let vpc = number % VPCS;
    let inbound = |at: usize| {
        let port = 1000 + u16::try_from(at).expect("a port");
        match at % 8 {
            0..5 => tcp(Direction::Ingress, port, Peer::Cidr(host_net(address(vpc, at % SUBNETS, at)))),
            5..7 => {
                let id = group_id((number + at * VPCS) % groups);
                tcp(Direction::Ingress, port, Peer::Group { id, peering_status: None })
            }
            _ => tcp(Direction::Ingress, port, Peer::PrefixList("pl-office".into())),
        }
    };
    let outbound = |at: usize| {
        let port = 2000 + u16::try_from(at).expect("a port");
        tcp(Direction::Egress, port, Peer::Cidr(range(at)))
    };
    let mut rules: Vec<_> = (0..RULES - 12).map(inbound).chain((0..10).map(outbound)).collect();
    let all = Peer::Cidr(Ipv4Net::default().into());
    rules.push(SecurityGroupRule {
        protocol: ProtocolMatch::All,
        ports: PortRange::ALL,
        ..tcp(Direction::Egress, 0, all)
    });
    let service = if is_closed(number / VPCS) { 8443 } else { PORT };
    let network = Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 8);
    rules.push(tcp(Direction::Ingress, service, Peer::Cidr(network.into())));
    SecurityGroup { id: group_id(number), name: format!("group-{number}"), vpc: Some(vpc_id(vpc)), rules }
}

/// Of every four groups of a VPC the first two in a row admit nobody.
pub(crate) fn is_closed(number: usize) -> bool {
    number % 4 < 2
}

fn tcp(direction: Direction, port: u16, peer: Peer) -> SecurityGroupRule {
    let protocol = ProtocolMatch::Number(TCP);
    SecurityGroupRule { id: None, direction, protocol, ports: PortRange::single(port), peer }
}

/// A few numbered denials in front of what everybody has.
fn acl(vpc: usize, place: usize) -> NetworkAcl {
    let mut entries = Vec::new();
    for direction in [Direction::Egress, Direction::Ingress] {
        let entry = |number, action, cidr: IpNet| NetworkAclEntry {
            number,
            direction,
            action,
            protocol: ProtocolMatch::All,
            cidr,
            ports: PortRange::ALL,
        };
        for number in 1..6 {
            let stranger = host_net(Ipv4Addr::new(192, 168, byte(vpc), number).into());
            entries.push(entry(u32::from(number), AclAction::Deny, stranger));
        }
        entries.push(entry(100, AclAction::Allow, Ipv4Net::default().into()));
        entries.push(entry(32_767, AclAction::Deny, Ipv4Net::default().into()));
    }
    NetworkAcl {
        id: format!("acl-{:017x}", vpc * SUBNETS + place).as_str().into(),
        vpc: Some(vpc_id(vpc)),
        is_default: false,
        subnets: vec![subnet_id(vpc, place)],
        entries,
    }
}

fn table(vpc: usize, place: usize) -> RouteTable {
    let local = Route {
        destination: RouteDestination::Cidr(range(vpc)),
        target: RouteTarget::Local,
        state: "active".to_owned(),
        origin: "CreateRouteTable".to_owned(),
    };
    let over = |other: usize, connection: usize| Route {
        destination: RouteDestination::Cidr(range(other)),
        target: RouteTarget::Peering(peering_id(connection)),
        state: "active".to_owned(),
        origin: "CreateRoute".to_owned(),
    };
    let peers: Vec<_> =
        if vpc == 0 { (1..VPCS).map(|other| over(other, other)).collect() } else { vec![over(0, vpc)] };
    RouteTable {
        id: format!("rtb-{:017x}", vpc * SUBNETS + place).as_str().into(),
        vpc: Some(vpc_id(vpc)),
        main: place == 0,
        subnets: vec![subnet_id(vpc, place)],
        gateways: Vec::new(),
        routes: std::iter::once(local).chain(peers).collect(),
    }
}

fn peering(vpc: usize) -> PeeringConnection {
    let side = |vpc: usize| PeeringSide {
        vpc: Some(vpc_id(vpc)),
        cidrs: vec![range(vpc)],
        region: Some("us-west-2".to_owned()),
    };
    PeeringConnection {
        id: peering_id(vpc),
        requester: side(0),
        accepter: side(vpc),
        status: "active".to_owned(),
    }
}

fn prefix_list() -> PrefixList {
    let entries = (0..20).map(|n| host_net(Ipv4Addr::new(203, 0, 113, n).into())).collect();
    PrefixList {
        id: "pl-office".into(),
        name: "office".to_owned(),
        ipv6: None,
        entries: Known::Known(entries),
    }
}
