//! What mends a blocker that no change of rules or routes mends.

use std::net::IpAddr;

use crate::{
    analyze::path::{Blocker, Ground, Path, RouteBlocker, Step, StepKind, TransitBlocker},
    model::{
        endpoint::EndpointState,
        finding::Fix,
        id::SubnetId,
        inventory::Inventory,
        net,
        route::{PeeringConnection, RouteTarget},
    },
};

pub(super) fn of(inventory: &Inventory, path: &Path, step: &Step, blocker: &Blocker) -> Option<Fix> {
    let id = step.id_or("the table");
    Some(match blocker {
        Blocker::NotRunning { .. } => {
            Fix::text(format!("Start {id}")).cli(format!("aws ec2 start-instances --instance-ids {id}"))
        }
        Blocker::NotInUse { .. } => Fix::text(format!("Attach {id} to what shall use it")),
        Blocker::CannotInitiate => {
            Fix::text("Ask for the way from a client: --from is who begins the connection")
        }
        Blocker::EndpointState(EndpointState::PendingAcceptance) => accept(inventory, &id),
        Blocker::Unheld if step.kind == StepKind::SourceInterface => Fix::text(format!(
            "Look up the client's own address: {} is nobody's, or its interface was made after the inventory was read",
            path.flow.source
        ))
        .cli("aws ec2 describe-network-interfaces --query 'NetworkInterfaces[].[NetworkInterfaceId,PrivateIpAddress]'"),
        Blocker::Unheld => Fix::text(format!(
            "Look up the address that is meant: an endpoint that was made anew has others than {}",
            path.flow.destination
        ))
        .cli("aws ec2 describe-vpc-endpoints --query 'VpcEndpoints[].[VpcEndpointId,State,NetworkInterfaceIds]'"),
        Blocker::ServiceNotInZone { zone } => Fix::text(format!(
            "Give {id} a subnet in a zone where the service is offered, and take the one in {zone} from it"
        )),
        Blocker::Protocol => Fix::text(format!("Nothing but TCP goes through {id}")),
        Blocker::Overlapped { vpc, .. } => Fix::text(format!(
            "Reach it from a VPC whose ranges are others than those of {vpc}, or by an endpoint in the client's own"
        )),
        Blocker::Route(blocker) => return route(inventory, path, step, &id, blocker),
        Blocker::Acl { .. } | Blocker::Group(_) | Blocker::EndpointState(_) => return None,
    })
}

/// What the provider does: it takes the id of the service.
fn accept(inventory: &Inventory, id: &str) -> Fix {
    let name = inventory.endpoint(&id.into()).map(|endpoint| endpoint.service.as_str());
    let service = name.and_then(|name| name.rsplit('.').next()).filter(|last| last.starts_with("vpce-svc-"));
    let fix = Fix::text(format!("Give the provider the id {id}, and ask to have it accepted"));
    match service {
        Some(service) => fix.cli(format!(
            "aws ec2 accept-vpc-endpoint-connections --service-id {service} --vpc-endpoint-ids {id}   # run by the provider"
        )),
        None => fix,
    }
}

fn route(inventory: &Inventory, path: &Path, step: &Step, id: &str, blocker: &RouteBlocker) -> Option<Fix> {
    let to = if step.kind.is_return() { path.seen.ip } else { path.flow.destination };
    Some(match blocker {
        RouteBlocker::PeeringInactive { .. } => return connect(peering(inventory, step)?),
        RouteBlocker::BeyondPeering => Fix::text(
            "Join the two VPCs directly, by a peering connection of their own or by a transit gateway, which leads on",
        ),
        RouteBlocker::SourceDestCheck => {
            let target = target(step)?.id().to_owned();
            Fix::text(format!("If {target} forwards packets: switch its source/destination check off")).cli(format!(
                "aws ec2 modify-network-interface-attribute --network-interface-id {target} --no-source-dest-check"
            ))
        }
        RouteBlocker::Missing | RouteBlocker::NotCarried => {
            Fix::text(format!("Add to {id} a route to {to}, over {}", way(to)))
        }
        RouteBlocker::Blackhole => {
            Fix::text(format!("Replace the route in {id} by one with a living target, over {}", way(to)))
        }
        RouteBlocker::NoPublicAddress => Fix::text(format!(
            "Send {} over a NAT gateway, or associate a public address with its interface",
            path.flow.source
        )),
        RouteBlocker::Detached => {
            let target = target(step)?.id().to_owned();
            Fix::text(format!("Attach {target} to the VPC of {id}, or replace the route"))
        }
        RouteBlocker::NatUnavailable { .. } => {
            Fix::text(format!("Make a NAT gateway that is available, and replace the route in {id}"))
        }
        RouteBlocker::Astray { vpc } => Fix::text(format!(
            "Let the routes back lead to where the client is, not into {vpc}: the ranges of the two may overlap"
        )),
        RouteBlocker::Circle => {
            Fix::text("Break the circle: one of these routes has to lead to the end of the way")
        }
        RouteBlocker::Transit(blocker) => transit(inventory, path, id, to, blocker),
    })
}

/// What a route has to go over, where the inventory has nothing that would do.
fn way(to: IpAddr) -> &'static str {
    if net::is_private(to) {
        "what joins the two VPCs: this inventory shows nothing that does"
    } else {
        "a NAT gateway, or an internet gateway where the sender has a public address"
    }
}

fn transit(inventory: &Inventory, path: &Path, id: &str, to: IpAddr, blocker: &TransitBlocker) -> Fix {
    match blocker {
        TransitBlocker::Detached => Fix::text(format!("Attach the VPC to {id}, by a subnet in the same zone"))
            .cli(format!(
                "aws ec2 create-transit-gateway-vpc-attachment --transit-gateway-id {id} --vpc-id VPC --subnet-ids SUBNET"
            )),
        TransitBlocker::Unavailable { state } if is_waiting(state) => {
            Fix::text(format!("The owner of the gateway accepts {id}")).cli(format!(
                "aws ec2 accept-transit-gateway-vpc-attachment --transit-gateway-attachment-id {id}"
            ))
        }
        TransitBlocker::Unavailable { .. } => {
            Fix::text(format!("Attach the VPC anew: {id} does not come back by itself"))
        }
        TransitBlocker::NotInZone { zone } => {
            let subnet = in_zone(inventory, path, zone);
            let which = subnet.map(|subnet| format!(": {subnet}, or better one of its own")).unwrap_or_default();
            Fix::text(format!("Give {id} a subnet in {zone}{which}")).cli(format!(
                "aws ec2 modify-transit-gateway-vpc-attachment --transit-gateway-attachment-id {id} --add-subnet-ids {}",
                subnet.map_or("SUBNET", |subnet| subnet.as_str())
            ))
        }
        TransitBlocker::Unassociated => {
            Fix::text(format!("Associate with {id} a route table of the gateway that has a route to {to}")).cli(
                format!(
                    "aws ec2 associate-transit-gateway-route-table --transit-gateway-attachment-id {id} \
                     --transit-gateway-route-table-id TABLE"
                ),
            )
        }
        TransitBlocker::Missing | TransitBlocker::Blackhole => {
            Fix::text(format!("Lead {to} in {id} to the attachment behind which it is")).cli(format!(
                "aws ec2 create-transit-gateway-route --transit-gateway-route-table-id {id} --destination-cidr-block {} \
                 --transit-gateway-attachment-id ATTACHMENT",
                net::host_net(to)
            ))
        }
    }
}

/// The subnet of the end that is in this zone: the attachment may share it.
fn in_zone<'a>(inventory: &Inventory, path: &'a Path, zone: &str) -> Option<&'a SubnetId> {
    let is_there = |id: &&SubnetId| {
        let subnet = inventory.subnet(id);
        subnet.is_some_and(|subnet| {
            subnet.az_id.as_ref().is_some_and(|az| az.0 == zone) || subnet.az.as_deref() == Some(zone)
        })
    };
    [&path.source, &path.destination].into_iter().filter_map(|place| place.subnet.known()).find(is_there)
}

fn is_waiting(state: &str) -> bool {
    state.eq_ignore_ascii_case("pendingAcceptance")
}

pub(super) fn target(step: &Step) -> Option<&RouteTarget> {
    let Ground::Route { table, route } = &step.ground else { return None };
    Some(&table.routes.get((*route)?)?.target)
}

fn peering<'a>(inventory: &'a Inventory, step: &Step) -> Option<&'a PeeringConnection> {
    let RouteTarget::Peering(id) = target(step)? else { return None };
    Some(inventory.peering_connections.known()?.get(id.as_str())?)
}

fn connect(connection: &PeeringConnection) -> Option<Fix> {
    let (id, accepter) = (&connection.id, connection.accepter.vpc.as_ref()?);
    if connection.status.eq_ignore_ascii_case("pending-acceptance") {
        return Some(Fix::text(format!("The owner of {accepter} accepts {id}")).cli(format!(
            "aws ec2 accept-vpc-peering-connection --vpc-peering-connection-id {id}   # run by the owner of {accepter}"
        )));
    }
    let requester = connection.requester.vpc.as_ref()?;
    Some(
        Fix::text(format!(
            "Connect {requester} and {accepter} again, and point the routes of both sides at the new connection"
        ))
        .cli(format!("aws ec2 create-vpc-peering-connection --vpc-id {requester} --peer-vpc-id {accepter}")),
    )
}
