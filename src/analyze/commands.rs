//! A change as the commands that make it: AWS CLI and Terraform.

use ipnet::IpNet;

use crate::model::{
    finding::Change,
    firewall::{Direction, Peer},
    id::RouteTableId,
    route::RouteTarget,
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
                (_, Peer::Cidr(IpNet::V4(cidr))) => {
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
        Change::AddRoute { table, destination, target } => {
            route("create-route", table, *destination, &target_option(target))
        }
        Change::ReplaceRoute { table, destination, target } => {
            route("replace-route", table, *destination, &target_option(target))
        }
        Change::DeleteRoute { table, destination } => route("delete-route", table, *destination, ""),
        Change::AddTransitGatewayRoute { table, destination, attachment, replaces } => format!(
            "aws ec2 {}-transit-gateway-route --transit-gateway-route-table-id {table} --destination-cidr-block \
             {destination} --transit-gateway-attachment-id {attachment}",
            if *replaces { "replace" } else { "create" }
        ),
        Change::AssociateTransitGatewayRouteTable { table, attachment } => format!(
            "aws ec2 associate-transit-gateway-route-table --transit-gateway-route-table-id {table} \
             --transit-gateway-attachment-id {attachment}"
        ),
    }
}

fn route(verb: &str, table: &RouteTableId, destination: IpNet, target: &str) -> String {
    let option = if destination.addr().is_ipv4() {
        "--destination-cidr-block"
    } else {
        "--destination-ipv6-cidr-block"
    };
    format!("aws ec2 {verb} --route-table-id {table} {option} {destination}{target}")
}

fn target_option(target: &RouteTarget) -> String {
    let option = match target {
        RouteTarget::Peering(_) => "--vpc-peering-connection-id",
        RouteTarget::TransitGateway(_) => "--transit-gateway-id",
        RouteTarget::NatGateway(_) => "--nat-gateway-id",
        RouteTarget::EgressOnlyInternetGateway(_) => "--egress-only-internet-gateway-id",
        RouteTarget::NetworkInterface(_) => "--network-interface-id",
        RouteTarget::VpcEndpoint(_) => "--vpc-endpoint-id",
        RouteTarget::Local
        | RouteTarget::InternetGateway(_)
        | RouteTarget::VirtualPrivateGateway(_)
        | RouteTarget::Other(_) => "--gateway-id",
    };
    format!(" {option} {}", target.id())
}

fn permission_peer(peer: &Peer) -> String {
    match peer {
        Peer::Group { id, .. } => format!("UserIdGroupPairs=[{{GroupId={id}}}]"),
        Peer::Cidr(cidr @ IpNet::V4(_)) => format!("IpRanges=[{{CidrIp={cidr}}}]"),
        Peer::Cidr(cidr @ IpNet::V6(_)) => format!("Ipv6Ranges=[{{CidrIpv6={cidr}}}]"),
        Peer::PrefixList(id) => format!("PrefixListIds=[{{PrefixListId={id}}}]"),
        Peer::Other(text) => text.clone(),
    }
}

/// The change as a Terraform resource. To delete one takes no words.
pub fn terraform(change: &Change) -> Option<String> {
    Some(match change {
        Change::AddGroupRule { group, rule } => {
            let direction = match rule.direction {
                Direction::Egress => "egress",
                Direction::Ingress => "ingress",
            };
            let peer = match &rule.peer {
                Peer::Group { id, .. } => format!("referenced_security_group_id = \"{id}\""),
                Peer::Cidr(IpNet::V4(cidr)) => format!("cidr_ipv4 = \"{cidr}\""),
                Peer::Cidr(IpNet::V6(cidr)) => format!("cidr_ipv6 = \"{cidr}\""),
                Peer::PrefixList(id) => format!("prefix_list_id = \"{id}\""),
                Peer::Other(text) => text.clone(),
            };
            format!(
                "resource \"aws_vpc_security_group_{direction}_rule\" \"{}\" {{\n  security_group_id = \
                 \"{group}\"\n  ip_protocol = \"{}\"\n  from_port = {}\n  to_port = {}\n  {peer}\n}}",
                label(&format!("{group} {} {} {}", rule.protocol, rule.ports, peer_name(&rule.peer))),
                rule.protocol,
                rule.ports.from,
                rule.ports.to
            )
        }
        Change::AddAclEntry { acl, entry } => format!(
            "resource \"aws_network_acl_rule\" \"{}\" {{\n  network_acl_id = \"{acl}\"\n  rule_number = {}\n  \
             egress = {}\n  protocol = \"{}\"\n  rule_action = \"allow\"\n  {} = \"{}\"\n  from_port = {}\n  \
             to_port = {}\n}}",
            label(&format!("{acl} {} {}", entry.direction.as_str(), entry.number)),
            entry.number,
            entry.direction == Direction::Egress,
            entry.protocol,
            if entry.cidr.addr().is_ipv4() { "cidr_block" } else { "ipv6_cidr_block" },
            entry.cidr,
            entry.ports.from,
            entry.ports.to,
        ),
        Change::AddRoute { table, destination, target }
        | Change::ReplaceRoute { table, destination, target } => {
            format!(
                "resource \"aws_route\" \"{}\" {{\n  route_table_id = \"{table}\"\n  {} = \"{destination}\"\n  {} = \
                 \"{}\"\n}}",
                label(&format!("{table} {destination}")),
                if destination.addr().is_ipv4() {
                    "destination_cidr_block"
                } else {
                    "destination_ipv6_cidr_block"
                },
                target_argument(target),
                target.id()
            )
        }
        Change::DeleteRoute { .. } => return None,
        Change::AddTransitGatewayRoute { table, destination, attachment, .. } => format!(
            "resource \"aws_ec2_transit_gateway_route\" \"{}\" {{\n  transit_gateway_route_table_id = \
             \"{table}\"\n  destination_cidr_block = \"{destination}\"\n  transit_gateway_attachment_id = \
             \"{attachment}\"\n}}",
            label(&format!("{table} {destination}"))
        ),
        Change::AssociateTransitGatewayRouteTable { table, attachment } => format!(
            "resource \"aws_ec2_transit_gateway_route_table_association\" \"{attachment}\" {{\n  \
             transit_gateway_route_table_id = \"{table}\"\n  transit_gateway_attachment_id = \"{attachment}\"\n}}"
        ),
    })
}

/// What Terraform takes for a name, and another one for each change of a set.
fn label(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

fn peer_name(peer: &Peer) -> String {
    match peer {
        Peer::Group { id, .. } => id.to_string(),
        Peer::Cidr(cidr) => cidr.to_string(),
        Peer::PrefixList(id) => id.to_string(),
        Peer::Other(text) => text.clone(),
    }
}

fn target_argument(target: &RouteTarget) -> &'static str {
    match target {
        RouteTarget::Peering(_) => "vpc_peering_connection_id",
        RouteTarget::TransitGateway(_) => "transit_gateway_id",
        RouteTarget::NatGateway(_) => "nat_gateway_id",
        RouteTarget::EgressOnlyInternetGateway(_) => "egress_only_gateway_id",
        RouteTarget::NetworkInterface(_) => "network_interface_id",
        RouteTarget::VpcEndpoint(_) => "vpc_endpoint_id",
        RouteTarget::Local
        | RouteTarget::InternetGateway(_)
        | RouteTarget::VirtualPrivateGateway(_)
        | RouteTarget::Other(_) => "gateway_id",
    }
}
