//! The configuration of the miniature VPC, as the EC2 API would tell it.
//!
//! Loopback plays the VPC's network: the client sends from 127.0.0.1, because the kernel chooses that, the VPC's
//! resolver is at the base of the block plus two, and endpoints have interfaces in two zones.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

use crate::model::{
    endpoint::{EndpointKind, EndpointService, NetworkInterface, VpcEndpoint},
    firewall::{AclAction, Direction, NetworkAcl, NetworkAclEntry, Peer, SecurityGroup, SecurityGroupRule},
    id::{
        AzId, DhcpOptionsId, EndpointId, InstanceId, NetworkAclId, NetworkInterfaceId, RouteTableId,
        SecurityGroupId, SubnetId, VpcId,
    },
    inventory::{DhcpOptions, Inventory, InventorySource, Subnet, Vpc},
    known::Known,
    listing::Listing,
    net::{PortRange, ProtocolMatch, TCP},
    route::{Route, RouteDestination, RouteTable, RouteTarget},
};

use super::story::{Chapter, Story};

pub(super) const REGION: &str = "us-west-2";

/// The VPC's resolver: base plus two.
pub(super) const RESOLVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// What the kernel sends from towards every other loopback address.
const CLIENT: Ipv4Addr = Ipv4Addr::LOCALHOST;

const VPC: IpNet = block(0, 16);

/// Whom an endpoint's security group lets in, and on which port.
#[derive(Clone, Copy)]
pub(super) enum Admission {
    Client(u16),
    /// Members of a group that the client is not in.
    Strangers(u16),
}

/// The subnets, in order: the client's, then the endpoints' in two zones.
const SUBNETS: [(&str, IpNet, &str); 3] = [
    ("clients", block(0, 24), "a"),
    ("endpoints-a", block(10, 24), "a"),
    ("endpoints-b", block(11, 24), "b"),
];

const fn block(third: u8, length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(127, 0, third, 0), length))
}

pub(super) fn inventory(story: &Story) -> Inventory {
    let chapters = &story.chapters;
    let interfaces = chapters.iter().flat_map(|c| c.interfaces.iter().map(|ip| endpoint_interface(c, *ip)));
    Inventory {
        source: InventorySource::Directory { path: "built into vpce-doctor demo".to_owned() },
        vpcs: Known::Known(vec![vpc()].into()),
        subnets: Known::Known(SUBNETS.iter().map(subnet).collect()),
        security_groups: Known::Known(
            [client_group()].into_iter().chain(chapters.iter().map(endpoint_group)).collect(),
        ),
        network_acls: Known::Known(acls(story).into()),
        route_tables: Known::Known(vec![main_routes()].into()),
        network_interfaces: Known::Known([client_interface()].into_iter().chain(interfaces).collect()),
        vpc_endpoints: Known::Known(chapters.iter().map(endpoint).collect()),
        endpoint_services: Known::Known(chapters.iter().map(service).collect()),
        peering_connections: Known::Known(Listing::default()),
        prefix_lists: Known::Known(Listing::default()),
        dhcp_options: Known::Known([dhcp_options()].into_iter().collect()),
        ..Inventory::none("built into vpce-doctor demo")
    }
}

/// An id that looks like those of AWS and is the same in every run: FNV-1a of what it stands for.
fn id(kind: &str, of: &str) -> String {
    let hash = format!("{kind}/{of}").bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{kind}-0{hash:016x}")
}

fn vpc_id() -> VpcId {
    VpcId::new(id("vpc", ""))
}

fn subnet_id(name: &str) -> SubnetId {
    SubnetId::new(id("subnet", name))
}

fn group_id(name: &str) -> SecurityGroupId {
    SecurityGroupId::new(id("sg", name))
}

fn interface_id(of: impl std::fmt::Display) -> NetworkInterfaceId {
    NetworkInterfaceId::new(id("eni", &of.to_string()))
}

pub(super) fn endpoint_id(name: &str) -> EndpointId {
    EndpointId::new(id("vpce", name))
}

fn service_id(name: &str) -> String {
    id("vpce-svc", name)
}

/// The endpoint's regional DNS name.
pub(super) fn endpoint_name(name: &str) -> String {
    let endpoint = endpoint_id(name);
    // Real names carry a random suffix behind the id; the hash of the id is as good.
    let suffix = &id("suffix", name)["suffix-0".len()..][..8];
    format!("{endpoint}-{suffix}.{}.{REGION}.vpce.amazonaws.com", service_id(name))
}

fn service_name(name: &str) -> String {
    format!("com.amazonaws.vpce.{REGION}.{}", service_id(name))
}

fn vpc() -> Vpc {
    Vpc {
        id: vpc_id(),
        cidrs: vec![VPC],
        dhcp_options: Some(DhcpOptionsId::new(id("dopt", ""))),
        dns_support: Known::Known(true),
        dns_hostnames: Known::Known(true),
    }
}

fn dhcp_options() -> DhcpOptions {
    DhcpOptions {
        id: DhcpOptionsId::new(id("dopt", "")),
        domain_name_servers: vec!["AmazonProvidedDNS".to_owned()],
    }
}

fn subnet((name, cidr, zone): &(&str, IpNet, &str)) -> Subnet {
    Subnet {
        id: subnet_id(name),
        vpc: vpc_id(),
        cidrs: vec![*cidr],
        az: Some(format!("{REGION}{zone}")),
        az_id: Some(AzId::new(if *zone == "a" { "usw2-az1" } else { "usw2-az2" })),
        owner: None,
    }
}

fn client_group() -> SecurityGroup {
    let anywhere = Peer::Cidr(IpNet::V4(Ipv4Net::default()));
    group("clients", vec![rule(Direction::Egress, ProtocolMatch::All, PortRange::ALL, anywhere)])
}

fn endpoint_group(chapter: &Chapter) -> SecurityGroup {
    let (port, peer) = match chapter.admission {
        Admission::Client(port) => (port, group_id("clients")),
        Admission::Strangers(port) => (port, group_id("strangers")),
    };
    let peer = Peer::Group { id: peer, peering_status: None };
    let tcp = ProtocolMatch::Number(TCP);
    group(chapter.name, vec![rule(Direction::Ingress, tcp, PortRange::single(port), peer)])
}

fn group(name: &str, rules: Vec<SecurityGroupRule>) -> SecurityGroup {
    SecurityGroup { id: group_id(name), name: name.to_owned(), vpc: Some(vpc_id()), rules }
}

fn rule(direction: Direction, protocol: ProtocolMatch, ports: PortRange, peer: Peer) -> SecurityGroupRule {
    SecurityGroupRule { id: None, direction, protocol, ports, peer }
}

/// Both allow everything, but the second zone's ACL denies the HTTPS port in front of that.
fn acls(story: &Story) -> Vec<NetworkAcl> {
    let everything = |direction| NetworkAclEntry {
        number: 100,
        direction,
        action: AclAction::Allow,
        protocol: ProtocolMatch::All,
        cidr: IpNet::V4(Ipv4Net::default()),
        ports: PortRange::ALL,
    };
    let open = vec![everything(Direction::Ingress), everything(Direction::Egress)];
    let denial = NetworkAclEntry {
        number: 90,
        action: AclAction::Deny,
        protocol: ProtocolMatch::Number(TCP),
        cidr: block(0, 24),
        ports: PortRange::single(story.ports.https),
        ..everything(Direction::Ingress)
    };
    let acl = |name: &str, is_default, subnets: &[&str], entries| NetworkAcl {
        id: NetworkAclId::new(id("acl", name)),
        vpc: Some(vpc_id()),
        is_default,
        subnets: subnets.iter().map(|name| subnet_id(name)).collect(),
        entries,
    };
    let strict = [vec![denial], open.clone()].concat();
    vec![
        acl("default", true, &["clients", "endpoints-a"], open),
        acl("strict", false, &["endpoints-b"], strict),
    ]
}

fn main_routes() -> RouteTable {
    let local = Route {
        destination: RouteDestination::Cidr(VPC),
        target: RouteTarget::Local,
        state: "active".to_owned(),
        origin: "CreateRouteTable".to_owned(),
    };
    RouteTable {
        id: RouteTableId::new(id("rtb", "")),
        vpc: Some(vpc_id()),
        main: true,
        subnets: Vec::new(),
        gateways: Vec::new(),
        routes: vec![local],
    }
}

fn client_interface() -> NetworkInterface {
    NetworkInterface {
        id: interface_id(CLIENT),
        kind: "interface".to_owned(),
        description: "the demo's client".to_owned(),
        instance: Some(InstanceId::new(id("i", ""))),
        ..interface(CLIENT, "clients")
    }
}

fn endpoint_interface(chapter: &Chapter, ip: Ipv4Addr) -> NetworkInterface {
    NetworkInterface {
        kind: "vpc_endpoint".to_owned(),
        description: format!("VPC Endpoint Interface {}", endpoint_id(chapter.name)),
        ..interface(ip, chapter.name)
    }
}

fn interface(ip: Ipv4Addr, group: &str) -> NetworkInterface {
    NetworkInterface {
        id: interface_id(ip),
        vpc: vpc_id(),
        subnet: subnet_of(ip),
        az_id: None,
        az: None,
        kind: String::new(),
        status: "in-use".to_owned(),
        description: String::new(),
        instance: None,
        groups: vec![group_id(group)],
        addresses: vec![IpAddr::V4(ip)],
        prefixes: Vec::new(),
        public_addresses: Vec::new(),
        source_dest_check: None,
        attachment_status: None,
        owner: None,
    }
}

fn subnet_of(ip: Ipv4Addr) -> SubnetId {
    let holding = SUBNETS.iter().find(|(_, cidr, _)| cidr.contains(&IpAddr::V4(ip)));
    holding.map(|(name, ..)| subnet_id(name)).unwrap_or_default()
}

fn endpoint(chapter: &Chapter) -> VpcEndpoint {
    VpcEndpoint {
        id: endpoint_id(chapter.name),
        vpc: vpc_id(),
        service: service_name(chapter.name),
        kind: EndpointKind::Interface,
        state: chapter.state.clone(),
        subnets: chapter.interfaces.iter().map(|ip| subnet_of(*ip)).collect(),
        network_interfaces: chapter.interfaces.iter().map(interface_id).collect(),
        groups: vec![group_id(chapter.name)],
        private_dns_enabled: false,
        dns_names: vec![endpoint_name(chapter.name)],
        created: None,
        last_error: None,
        owner: None,
        inbound_resolver_only: false,
        service_region: None,
    }
}

fn service(chapter: &Chapter) -> EndpointService {
    EndpointService {
        name: service_name(chapter.name),
        private_dns_names: Vec::new(),
        private_dns_verification: None,
        acceptance_required: Some(true),
        availability_zones: vec![format!("{REGION}a"), format!("{REGION}b")],
    }
}
