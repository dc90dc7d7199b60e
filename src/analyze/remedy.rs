//! Proposes changes and proves them: applied to the inventory in memory, does the path then pass?

use crate::model::{
    finding::Change,
    firewall::{AclAction, Direction, NetworkAclEntry, Peer, SecurityGroupRule},
    inventory::Inventory,
    known::Known,
    net::{self, PortRange, ProtocolMatch},
    report::PathVerdict,
};

use super::{
    network_acl,
    path::{self, Blocker, Path, Step, StepKind},
    place::Place,
};

/// Whether every path passes once all changes are made.
pub fn proves(inventory: &Inventory, changes: &[&Change], paths: &[&Path]) -> bool {
    if changes.is_empty() || paths.is_empty() {
        return false;
    }
    let mut mended = inventory.clone();
    for change in changes {
        apply(&mut mended, change);
    }
    paths.iter().all(|old| {
        let new = path::analyze(&mended, &old.flow, old.source.clone(), old.destination.clone());
        new.verdict() == Known::Known(PathVerdict::Allow)
    })
}

fn apply(inventory: &mut Inventory, change: &Change) {
    match change {
        Change::AddGroupRule { group, rule } => {
            if let Known::Known(groups) = &mut inventory.security_groups
                && let Some(group) = groups.iter_mut().find(|g| g.id == *group)
            {
                group.rules.push(rule.clone());
            }
        }
        Change::AddAclEntry { acl, entry } => {
            if let Known::Known(acls) = &mut inventory.network_acls
                && let Some(acl) = acls.iter_mut().find(|a| a.id == *acl)
            {
                acl.entries.push(entry.clone());
            }
        }
    }
}

/// The least rule that would let the flow through the groups of this step: to or from a group where both
/// ends share a VPC, otherwise one address.
pub fn group_rule(path: &Path, kind: StepKind) -> Option<Change> {
    let (own, other) = ends(path, kind);
    let group = own.groups.known()?.first()?.clone();
    let shared_vpc = own.vpc.is_known() && own.vpc == other.vpc;
    let reference = other.groups.known().and_then(|groups| groups.first()).filter(|_| shared_vpc);
    let peer = match reference {
        Some(id) => Peer::Group { id: id.clone(), peering_status: None },
        None => Peer::Cidr(net::host_net(other.ip)),
    };
    let rule = SecurityGroupRule {
        id: None,
        direction: kind.direction(),
        protocol: ProtocolMatch::Number(path.flow.protocol),
        ports: PortRange::single(path.flow.destination_port),
        peer,
    };
    Some(Change::AddGroupRule { group, rule })
}

/// An entry in front of the one that denies, for this flow alone.
pub fn acl_entry(inventory: &Inventory, path: &Path, step: &Step, blocker: &Blocker) -> Option<Change> {
    let Blocker::Acl { decision } = blocker else {
        return None;
    };
    let (own, other) = ends(path, step.kind);
    let acl = network_acl::of_subnet(inventory, own.subnet.known()?);
    let acl = *acl.known()?;
    let denial = decision.main_denial()?;
    let direction = step.kind.direction();
    let ports = match step.kind {
        StepKind::ReturnAclEgress | StepKind::ReturnAclIngress => path.flow.source_ports,
        _ => PortRange::single(path.flow.destination_port),
    };
    let entry = NetworkAclEntry {
        number: network_acl::free_number_before(acl, direction, denial)?,
        direction,
        action: AclAction::Allow,
        protocol: ProtocolMatch::Number(path.flow.protocol),
        cidr: net::host_net(other.ip),
        ports,
    };
    Some(Change::AddAclEntry { acl: acl.id.clone(), entry })
}

fn ends(path: &Path, kind: StepKind) -> (&Place, &Place) {
    if kind.is_at_source() { (&path.source, &path.destination) } else { (&path.destination, &path.source) }
}

/// The change as an AWS CLI command.
pub fn cli(change: &Change) -> String {
    match change {
        Change::AddGroupRule { group, rule } => {
            let verb = match rule.direction {
                Direction::Egress => "egress",
                Direction::Ingress => "ingress",
            };
            let ports = format!("--protocol {} --port {}", rule.protocol, rule.ports);
            match (rule.direction, &rule.peer) {
                // Only the inbound command has a short form for a group.
                (Direction::Ingress, Peer::Group { id, .. }) => {
                    format!(
                        "aws ec2 authorize-security-group-ingress --group-id {group} {ports} --source-group {id}"
                    )
                }
                (_, Peer::Cidr(ipnet::IpNet::V4(cidr))) => {
                    format!(
                        "aws ec2 authorize-security-group-{verb} --group-id {group} {ports} --cidr {cidr}"
                    )
                }
                (_, peer) => format!(
                    "aws ec2 authorize-security-group-{verb} --group-id {group} --ip-permissions \
                     'IpProtocol={},FromPort={},ToPort={},{}'",
                    rule.protocol,
                    rule.ports.from,
                    rule.ports.to,
                    permission_peer(peer)
                ),
            }
        }
        Change::AddAclEntry { acl, entry } => format!(
            "aws ec2 create-network-acl-entry --network-acl-id {acl} {} --rule-number {} --protocol {} \
             --port-range From={},To={} {} {} --rule-action allow",
            match entry.direction {
                Direction::Egress => "--egress",
                Direction::Ingress => "--ingress",
            },
            entry.number,
            entry.protocol,
            entry.ports.from,
            entry.ports.to,
            if entry.cidr.addr().is_ipv4() { "--cidr-block" } else { "--ipv6-cidr-block" },
            entry.cidr,
        ),
    }
}

fn permission_peer(peer: &Peer) -> String {
    match peer {
        Peer::Group { id, .. } => format!("UserIdGroupPairs=[{{GroupId={id}}}]"),
        Peer::Cidr(cidr @ ipnet::IpNet::V4(_)) => format!("IpRanges=[{{CidrIp={cidr}}}]"),
        Peer::Cidr(cidr @ ipnet::IpNet::V6(_)) => format!("Ipv6Ranges=[{{CidrIpv6={cidr}}}]"),
        Peer::PrefixList(id) => format!("PrefixListIds=[{{PrefixListId={id}}}]"),
        Peer::Other(text) => text.clone(),
    }
}

/// The change as a Terraform resource.
pub fn terraform(change: &Change) -> String {
    match change {
        Change::AddGroupRule { group, rule } => {
            let direction = match rule.direction {
                Direction::Egress => "egress",
                Direction::Ingress => "ingress",
            };
            let peer = match &rule.peer {
                Peer::Group { id, .. } => format!("referenced_security_group_id = \"{id}\""),
                Peer::Cidr(ipnet::IpNet::V4(cidr)) => format!("cidr_ipv4 = \"{cidr}\""),
                Peer::Cidr(ipnet::IpNet::V6(cidr)) => format!("cidr_ipv6 = \"{cidr}\""),
                Peer::PrefixList(id) => format!("prefix_list_id = \"{id}\""),
                Peer::Other(text) => text.clone(),
            };
            format!(
                "resource \"aws_vpc_security_group_{direction}_rule\" \"endpoint\" {{\n  security_group_id = \
                 \"{group}\"\n  ip_protocol = \"{}\"\n  from_port = {}\n  to_port = {}\n  {peer}\n}}",
                rule.protocol, rule.ports.from, rule.ports.to
            )
        }
        Change::AddAclEntry { acl, entry } => format!(
            "resource \"aws_network_acl_rule\" \"endpoint\" {{\n  network_acl_id = \"{acl}\"\n  rule_number = {}\n  \
             egress = {}\n  protocol = \"{}\"\n  rule_action = \"allow\"\n  {} = \"{}\"\n  from_port = {}\n  \
             to_port = {}\n}}",
            entry.number,
            entry.direction == Direction::Egress,
            entry.protocol,
            if entry.cidr.addr().is_ipv4() { "cidr_block" } else { "ipv6_cidr_block" },
            entry.cidr,
            entry.ports.from,
            entry.ports.to,
        ),
    }
}
