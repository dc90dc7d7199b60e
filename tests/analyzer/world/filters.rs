//! Security groups, network ACLs and prefix lists.

use ipnet::IpNet;
use vpce_doctor::model::{
    firewall::{
        AclAction, Direction, NetworkAcl, NetworkAclEntry, Peer, PrefixList, SecurityGroup, SecurityGroupRule,
    },
    id::{SecurityGroupId, SubnetId, VpcId},
    inventory::{Inventory, Vpc, actions},
    known::Known,
    net::{PortRange, ProtocolMatch, TCP, UDP},
};

use super::{PORT, add, land, list, net};
use crate::dice::Dice;

const GROUPS: usize = 3;

pub(super) fn put(dice: &mut Dice<'_>, inventory: &mut Inventory) {
    add(&mut inventory.prefix_lists, prefix_lists(dice));
    let vpcs: Vec<Vpc> = list(&inventory.vpcs).iter().cloned().collect();
    for vpc in &vpcs {
        for number in 0..GROUPS {
            let group = group(dice, inventory, &vpc.id, number);
            add(&mut inventory.security_groups, [group]);
        }
        let subnets = land::subnets_of(inventory, &vpc.id);
        add(&mut inventory.network_acls, acls(dice, &vpc.id, subnets));
    }
}

/// One that holds most clients, one that holds few, one whose entries nobody read, and S3's.
fn prefix_lists(dice: &mut Dice<'_>) -> Vec<PrefixList> {
    let list = |id: &str, entries| PrefixList { id: id.into(), name: id.to_owned(), ipv6: None, entries };
    let some = if dice.chance(50) { "10.0.1.0/24" } else { "10.1.0.0/16" };
    vec![
        list("pl-most", Known::Known(vec![net("10.0.0.0/15"), net("2001:db8::/32")])),
        list("pl-some", Known::Known(vec![net(some)])),
        list("pl-unread", Known::not_asked(actions::PREFIX_LIST_ENTRIES)),
        list("pl-s3", Known::Known(vec![net("52.216.0.0/15"), net("3.5.0.0/16")])),
    ]
}

fn group(dice: &mut Dice<'_>, inventory: &Inventory, vpc: &VpcId, number: usize) -> SecurityGroup {
    let id = SecurityGroupId(format!("sg-{}{number}", &vpc.as_str()["vpc-".len()..]));
    let mut rules = Vec::new();
    if !dice.chance(6) {
        rules.extend(["0.0.0.0/0", "::/0"].map(|all| rule(Direction::Egress, Peer::Cidr(net(all)))));
    }
    if !dice.chance(7) {
        let peer = if dice.chance(30) { peer(dice, inventory, vpc) } else { Peer::Cidr(net("10.0.0.0/8")) };
        rules.push(service(Direction::Ingress, PortRange::single(PORT), peer));
    }
    if !dice.chance(30) {
        rules.push(service(Direction::Ingress, PortRange::single(PORT), Peer::Cidr(net("2001:db8::/32"))));
    }
    for _ in 0..dice.below(4) {
        rules.push(any_rule(dice, inventory, vpc));
    }
    for (at, rule) in rules.iter_mut().enumerate() {
        rule.id = Some(format!("sgr-{}{at}", &id.as_str()["sg-".len()..]));
    }
    let name = if number == 2 { "default".to_owned() } else { id.to_string() };
    SecurityGroup { id, name, vpc: Some(vpc.clone()), rules }
}

/// All traffic.
fn rule(direction: Direction, peer: Peer) -> SecurityGroupRule {
    SecurityGroupRule { id: None, direction, protocol: ProtocolMatch::All, ports: PortRange::ALL, peer }
}

fn service(direction: Direction, ports: PortRange, peer: Peer) -> SecurityGroupRule {
    SecurityGroupRule { protocol: ProtocolMatch::Number(TCP), ports, ..rule(direction, peer) }
}

pub(crate) fn any_rule(dice: &mut Dice<'_>, inventory: &Inventory, vpc: &VpcId) -> SecurityGroupRule {
    let direction = direction(dice);
    let peer = peer(dice, inventory, vpc);
    let protocol = protocol(dice);
    let ports = if has_ports(protocol) { ports(dice) } else { PortRange::ALL };
    SecurityGroupRule { protocol, ports, ..rule(direction, peer) }
}

fn direction(dice: &mut Dice<'_>) -> Direction {
    *dice.pick(&[Direction::Ingress, Direction::Egress])
}

fn protocol(dice: &mut Dice<'_>) -> ProtocolMatch {
    let tcp = ProtocolMatch::Number(TCP);
    *dice.pick(&[tcp, tcp, tcp, ProtocolMatch::All, ProtocolMatch::Number(UDP), ProtocolMatch::Number(47)])
}

fn has_ports(protocol: ProtocolMatch) -> bool {
    matches!(protocol, ProtocolMatch::Number(TCP | UDP))
}

fn ports(dice: &mut Dice<'_>) -> PortRange {
    let service = PortRange::single(PORT);
    let ephemeral = PortRange { from: 1024, to: u16::MAX };
    let some = PortRange { from: 40_000, to: 50_000 };
    *dice.pick(&[
        service,
        PortRange::ALL,
        PortRange { from: 400, to: 500 },
        PortRange::single(80),
        ephemeral,
        some,
    ])
}

fn peer(dice: &mut Dice<'_>, inventory: &Inventory, vpc: &VpcId) -> Peer {
    match dice.below(12) {
        0..3 => Peer::Cidr(cidr(dice)),
        3..8 => reference(dice, inventory, vpc),
        8..10 => Peer::PrefixList("pl-most".into()),
        10 => Peer::PrefixList((*dice.pick(&["pl-some", "pl-unread", "pl-gone"])).into()),
        _ if dice.chance(25) => Peer::Other("something new".to_owned()),
        _ => Peer::Cidr(cidr(dice)),
    }
}

fn cidr(dice: &mut Dice<'_>) -> IpNet {
    let all = [
        "10.0.0.0/8",
        "0.0.0.0/0",
        "::/0",
        "10.0.0.0/16",
        "10.1.0.0/16",
        "10.0.1.10/32",
        "2001:db8:0:100::/56",
    ];
    net(dice.pick::<&str>(&all))
}

/// A group of the same VPC, or of another one, as seen over a peering connection that may be gone.
fn reference(dice: &mut Dice<'_>, inventory: &Inventory, vpc: &VpcId) -> Peer {
    let vpcs = list(&inventory.vpcs);
    let other = &vpcs[dice.below(vpcs.len())].id;
    let id = SecurityGroupId(format!("sg-{}{}", &other.as_str()["vpc-".len()..], dice.below(GROUPS)));
    let status = if dice.chance(15) { "deleted" } else { "active" };
    Peer::Group { id, peering_status: (other != vpc).then(|| status.to_owned()) }
}

/// The VPC's default ACL, and perhaps one for a single subnet.
fn acls(dice: &mut Dice<'_>, vpc: &VpcId, mut subnets: Vec<SubnetId>) -> Vec<NetworkAcl> {
    let mut all = Vec::new();
    if dice.chance(40) {
        let at = dice.below(subnets.len());
        all.push(acl(dice, vpc, "own", vec![subnets.remove(at)]));
    }
    all.push(acl(dice, vpc, "default", subnets));
    all
}

fn acl(dice: &mut Dice<'_>, vpc: &VpcId, name: &str, subnets: Vec<SubnetId>) -> NetworkAcl {
    let mut entries = Vec::new();
    for direction in [Direction::Egress, Direction::Ingress] {
        let mut own = if dice.chance(30) { some_entries(dice, direction) } else { open(direction, 100) };
        for (number, all) in [(32_767, "0.0.0.0/0"), (32_768, "::/0")] {
            own.push(entry(number, direction, AclAction::Deny, net(all)));
        }
        entries.extend(own);
    }
    NetworkAcl {
        id: format!("acl-{name}-{}", &vpc.as_str()["vpc-".len()..]).as_str().into(),
        vpc: Some(vpc.clone()),
        is_default: name == "default",
        subnets,
        entries,
    }
}

/// All traffic.
fn entry(number: u32, direction: Direction, action: AclAction, cidr: IpNet) -> NetworkAclEntry {
    NetworkAclEntry { number, direction, action, protocol: ProtocolMatch::All, cidr, ports: PortRange::ALL }
}

fn open(direction: Direction, number: u32) -> Vec<NetworkAclEntry> {
    vec![
        entry(number, direction, AclAction::Allow, net("0.0.0.0/0")),
        entry(number + 1, direction, AclAction::Allow, net("::/0")),
    ]
}

/// Mostly open behind a few numbers of their own.
fn some_entries(dice: &mut Dice<'_>, direction: Direction) -> Vec<NetworkAclEntry> {
    let mut entries = if dice.chance(30) { services(direction) } else { open(direction, 200) };
    let mut number = 1;
    for _ in 0..dice.below(4) {
        number += u32::try_from(dice.below(30)).expect("a small number");
        entries.push(any_entry(dice, direction, number));
        number += 1;
    }
    entries
}

/// What a careful administrator lets through.
fn services(direction: Direction) -> Vec<NetworkAclEntry> {
    let tcp = |number, ports, cidr: &str| NetworkAclEntry {
        protocol: ProtocolMatch::Number(TCP),
        ports,
        ..entry(number, direction, AclAction::Allow, net(cidr))
    };
    let ephemeral = PortRange { from: 1024, to: u16::MAX };
    vec![
        tcp(200, PortRange::single(PORT), "10.0.0.0/8"),
        tcp(201, ephemeral, "10.0.0.0/8"),
        tcp(202, ephemeral, "52.216.0.0/15"),
    ]
}

pub(crate) fn any_entry(dice: &mut Dice<'_>, direction: Direction, number: u32) -> NetworkAclEntry {
    let protocol = protocol(dice);
    let ports = if has_ports(protocol) { ports(dice) } else { PortRange::ALL };
    let action = if dice.chance(50) { AclAction::Deny } else { AclAction::Allow };
    NetworkAclEntry { protocol, ports, ..entry(number, direction, action, cidr(dice)) }
}
