//! What mends a blocker that no change of rules or routes mends.

use crate::{
    analyze::path::{Blocker, Ground, Path, RouteBlocker, Step, TransitBlocker},
    model::{
        endpoint::EndpointState,
        finding::Fix,
        inventory::Inventory,
        net,
        route::{PeeringConnection, RouteTarget},
    },
};

pub(super) fn of(inventory: &Inventory, path: &Path, step: &Step, blocker: &Blocker) -> Option<Fix> {
    let id = step.resource().map(|resource| resource.id)?;
    Some(match blocker {
        Blocker::NotRunning { .. } => {
            Fix::text(format!("Start {id}")).cli(format!("aws ec2 start-instances --instance-ids {id}"))
        }
        Blocker::NotInUse { .. } => Fix::text(format!("Attach {id} to what shall use it")),
        Blocker::CannotInitiate => {
            Fix::text("Ask for the way from a client: --from is who begins the connection")
        }
        Blocker::EndpointState(EndpointState::PendingAcceptance) => accept(inventory, &id),
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
        RouteBlocker::Missing => {
            let to = if step.kind.is_return() { path.seen.ip } else { path.flow.destination };
            let over = if net::is_private(to) {
                "what joins the two VPCs: this inventory shows nothing that does"
            } else {
                "a NAT gateway, or an internet gateway where the client has a public address"
            };
            Fix::text(format!("Add to {id} a route to {to}, over {over}"))
        }
        RouteBlocker::NoPublicAddress => Fix::text(format!(
            "Send {} over a NAT gateway, or associate a public address with its interface",
            path.flow.source
        )),
        RouteBlocker::Transit(TransitBlocker::NotInZone { .. }) => {
            let subnet = path.source.subnet.known().filter(|_| !step.kind.is_return());
            let subnet = subnet.or(path.destination.subnet.known())?;
            Fix::text(format!("Give {id} a subnet in that zone: {subnet}, or better one of its own")).cli(
                format!(
                    "aws ec2 modify-transit-gateway-vpc-attachment --transit-gateway-attachment-id {id} \
                 --add-subnet-ids {subnet}"
                ),
            )
        }
        RouteBlocker::Transit(TransitBlocker::Unassociated) => {
            let to = if step.kind.is_return() { path.seen.ip } else { path.flow.destination };
            Fix::text(format!("Associate with {id} a route table of the gateway that has a route to {to}"))
                .cli(format!(
                    "aws ec2 associate-transit-gateway-route-table --transit-gateway-attachment-id {id} \
                     --transit-gateway-route-table-id TABLE"
                ))
        }
        RouteBlocker::Transit(TransitBlocker::Unavailable { state }) if is_waiting(state) => Fix::text(
            format!("The owner of the gateway accepts {id}"),
        )
        .cli(format!("aws ec2 accept-transit-gateway-vpc-attachment --transit-gateway-attachment-id {id}")),
        _ => return None,
    })
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
