//! A change as the commands that make it: AWS CLI and Terraform.

use crate::model::{
    finding::Change,
    firewall::{Direction, Peer},
};

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
