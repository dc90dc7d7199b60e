//! Proposes changes and proves them: applied to the inventory in memory, does the path then pass?
//!
//! The least that does it: a group before an address, one port, one address's packets in front of the entry that
//! denies, a route only where its target exists.

use ipnet::IpNet;

use crate::model::{
    finding::Change,
    firewall::{AclAction, Direction, NetworkAclEntry, Peer, SecurityGroupRule},
    id::{RouteTableId, SecurityGroupId, TransitGatewayAttachmentId, VpcId},
    inventory::Inventory,
    known::Known,
    net::{self, PortRange, ProtocolMatch},
    route::{Route, RouteDestination, RouteTable, RouteTarget},
    transit::{AttachmentKind, RouteAttachment, TransitGatewayAttachment, TransitGatewayRoute},
};

use super::{
    network_acl,
    path::{Blocker, Ground, Identity, Path, RouteBlocker, Step, StepKind, StepOutcome, TransitBlocker},
    place::Place,
    route,
};

/// Whether every path passes once all changes are made.
pub fn proves(inventory: &Inventory, changes: &[&Change], paths: &[&Path]) -> bool {
    if changes.is_empty() || paths.is_empty() {
        return false;
    }
    let mended = with(inventory, changes.iter().copied());
    paths.iter().all(|old| old.again(&mended).passes())
}

/// The inventory as it would be.
fn with<'c>(inventory: &Inventory, changes: impl IntoIterator<Item = &'c Change>) -> Inventory {
    let mut mended = inventory.clone();
    for change in changes {
        apply(&mut mended, change);
    }
    mended
}

/// Makes the change in memory. One about a resource that the inventory lacks changes nothing.
pub fn apply(inventory: &mut Inventory, change: &Change) {
    match change {
        Change::AddGroupRule { group, rule } => {
            if let Known::Known(groups) = &mut inventory.security_groups {
                groups.edit(group.as_str(), |group| group.rules.push(rule.clone()));
            }
        }
        Change::AddAclEntry { acl, entry } => {
            if let Known::Known(acls) = &mut inventory.network_acls {
                acls.edit(acl.as_str(), |acl| acl.entries.push(entry.clone()));
            }
        }
        Change::AddRoute { table, destination, target }
        | Change::ReplaceRoute { table, destination, target } => {
            remove_route(inventory, table, *destination);
            edit_table(inventory, table, |table| {
                let (destination, target) = (RouteDestination::Cidr(*destination), target.clone());
                let (state, origin) = ("active".to_owned(), "CreateRoute".to_owned());
                table.routes.push(Route { destination, target, state, origin });
            });
        }
        Change::DeleteRoute { table, destination } => remove_route(inventory, table, *destination),
        Change::AddTransitGatewayRoute { table, destination, attachment, .. } => {
            let attachments = inventory.transit_gateway_attachments.known();
            let Some(kind) =
                attachments.and_then(|all| all.get(attachment.as_str())).map(|one| one.kind.clone())
            else {
                return;
            };
            if let Known::Known(tables) = &mut inventory.transit_gateway_route_tables {
                tables.edit(table.as_str(), |table| {
                    let Known::Known(routes) = &mut table.routes else { return };
                    let destination = RouteDestination::Cidr(*destination);
                    routes.retain(|route| !(route.is_static() && route.destination == destination));
                    let attachments = vec![RouteAttachment { id: attachment.clone(), kind }];
                    let (state, kind) = ("active".to_owned(), "static".to_owned());
                    routes.push(TransitGatewayRoute { destination, state, kind, attachments });
                });
            }
        }
        Change::AssociateTransitGatewayRouteTable { table, attachment } => {
            if let Known::Known(attachments) = &mut inventory.transit_gateway_attachments {
                attachments.edit(attachment.as_str(), |attachment| {
                    attachment.association = Known::Known(Some(table.clone()));
                });
            }
        }
    }
}

fn edit_table(inventory: &mut Inventory, id: &RouteTableId, change: impl FnOnce(&mut RouteTable)) {
    if let Known::Known(tables) = &mut inventory.route_tables {
        tables.edit(id.as_str(), change);
    }
}

/// A route that a VPN propagates stays, and a static one goes before it.
fn remove_route(inventory: &mut Inventory, table: &RouteTableId, destination: IpNet) {
    let is_it =
        |route: &Route| !route.is_propagated() && route.destination == RouteDestination::Cidr(destination);
    edit_table(inventory, table, |table| table.routes.retain(|route| !is_it(route)));
}

/// One ordered set of changes that makes the whole path pass, proved; nothing where no such set is known. Without any
/// one of them the path does not pass.
pub fn whole(inventory: &Inventory, path: &Path) -> Vec<Change> {
    let mended = search(inventory, path, change_for);
    if mended.is_empty() { search(inventory, path, change_around) } else { mended }
}

/// What mends one step.
type Mend = fn(&Inventory, &Path, &Step) -> Option<Change>;

fn search(inventory: &Inventory, path: &Path, mend: Mend) -> Vec<Change> {
    let mut mended = inventory.clone();
    let mut changes: Vec<Change> = Vec::new();
    for _ in 0..MOST_CHANGES {
        let now = path.again(&mended);
        if now.passes() {
            return least(inventory, path, changes);
        }
        let Some((step, change)) = next(&mended, &now, mend).filter(|(_, change)| !changes.contains(change))
        else {
            return Vec::new();
        };
        apply(&mut mended, &change);
        changes.push(change);
        // Chance may decide between ways that each meet another ACL: while some of them pass, nothing is decided.
        for other in now.parts(step.kind).filter(|other| !std::ptr::eq(*other, step) && is_acl(other)) {
            if let Some(change) = acl_entry(&mended, &now, other) {
                apply(&mut mended, &change);
                changes.push(change);
            }
        }
    }
    Vec::new()
}

/// A way has fewer gates than that.
const MOST_CHANGES: usize = 32;

/// Without what turned out not to be needed, now that the rest is there.
fn least(inventory: &Inventory, path: &Path, mut changes: Vec<Change>) -> Vec<Change> {
    for at in (0..changes.len()).rev() {
        let others = changes.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, change)| change);
        if path.again(&with(inventory, others)).passes() {
            changes.remove(at);
        }
    }
    changes
}

/// What mends the step that decides most: routes first, since they decide what everything else is asked about.
fn next<'p>(inventory: &Inventory, path: &'p Path, mend: Mend) -> Option<(&'p Step, Change)> {
    let order = |step: &&Step| match step.kind {
        StepKind::ForwardRoute => 0,
        StepKind::ReturnRoute => 1,
        _ => 2,
    };
    let mut stopped: Vec<&Step> = path.steps.iter().filter(|step| stops(step)).collect();
    stopped.sort_by_key(order);
    stopped.into_iter().find_map(|step| mend(inventory, path, step).map(|change| (step, change)))
}

/// The change that lets the flow through this step, whatever stops it elsewhere.
pub fn alone(inventory: &Inventory, path: &Path, step: &Step) -> Option<Change> {
    Some(step).filter(|step| stops(step)).and_then(|step| change_for(inventory, path, step))
}

fn change_for(inventory: &Inventory, path: &Path, step: &Step) -> Option<Change> {
    match (&step.outcome, &step.ground) {
        (_, Ground::Acl { .. }) => acl_entry(inventory, path, step),
        (StepOutcome::Deny(Blocker::Group(_)), _) => group_rule(inventory, path, step.kind),
        (StepOutcome::Deny(Blocker::Route(RouteBlocker::Transit(why))), _) => {
            let by_gateway = transit_change(inventory, path, step, why);
            by_gateway.or_else(|| route_change(inventory, path, step.kind))
        }
        (StepOutcome::Deny(Blocker::Route(_)), _) => route_change(inventory, path, step.kind),
        _ => None,
    }
}

/// The same by another way, where a transit gateway stops the flow: more than what stops it first may be in its way
/// there.
fn change_around(inventory: &Inventory, path: &Path, step: &Step) -> Option<Change> {
    match &step.outcome {
        StepOutcome::Deny(Blocker::Route(RouteBlocker::Transit(_))) => {
            route_change(inventory, path, step.kind)
        }
        _ => change_for(inventory, path, step),
    }
}

/// The least rule that would let the flow through the groups of this step: to or from a group where one may be
/// named, to the prefix list of a gateway endpoint, otherwise for one address.
pub fn group_rule(inventory: &Inventory, path: &Path, kind: StepKind) -> Option<Change> {
    let (own, other) = ends(path, kind);
    let nearest = path.step(kind).and_then(Step::resource);
    let group = own
        .groups
        .known()?
        .iter()
        .find(|group| nearest.as_ref().is_some_and(|nearest| nearest.id == group.0));
    let group = group.or_else(|| own.groups.known()?.first())?.clone();
    let address = if kind.is_at_source() { path.flow.destination } else { path.seen.ip };
    let peer = reference(inventory, path, kind, other)
        .or_else(|| service_list(inventory, path, kind))
        .unwrap_or_else(|| Peer::Cidr(net::host_net(address)));
    let rule = SecurityGroupRule {
        id: None,
        direction: kind.direction(),
        protocol: ProtocolMatch::Number(path.flow.protocol),
        ports: PortRange::single(path.flow.destination_port),
        peer,
    };
    Some(Change::AddGroupRule { group, rule })
}

/// The other end's group, where a rule of this end may name it: within a VPC, and across an active peering
/// connection in one Region, as long as nothing in between hides who sent. A group of another account, which takes
/// more words, would not be listed.
/// <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html>
fn reference(inventory: &Inventory, path: &Path, kind: StepKind, other: &Place) -> Option<Peer> {
    let known = match path.seen.identity {
        Identity::Kept => true,
        Identity::KeptInbound => kind.direction() == Direction::Ingress,
        Identity::Lost(_) | Identity::Unknown(_) => false,
    };
    let id = narrowest(inventory, other.groups.known().filter(|_| known)?)?.clone();
    let (here, there) = (path.source.vpc.known()?, path.destination.vpc.known()?);
    if here == there {
        return Some(Peer::Group { id, peering_status: None });
    }
    inventory.security_group(&id)?;
    if path.seen.identity == Identity::KeptInbound {
        return Some(Peer::Group { id, peering_status: None });
    }
    let connection = (*route::peering_between(inventory, here, there).known()?)?;
    let decision = route::decide_from(inventory, &path.source, path.flow.destination);
    let over_it = decision.known()?.route()?.target == RouteTarget::Peering(connection.id.clone());
    let (one, two) = (&connection.requester.region, &connection.accepter.region);
    let same_region = one.is_some() && one == two;
    (over_it && same_region).then(|| Peer::Group { id, peering_status: Some(connection.status.clone()) })
}

/// Of several groups the one that admits the fewest others along; the VPC's default group only where there is no other.
fn narrowest<'a>(inventory: &Inventory, groups: &'a [SecurityGroupId]) -> Option<&'a SecurityGroupId> {
    let is_default = |id| inventory.security_group(id).is_some_and(|group| group.name == "default");
    let interfaces = inventory.network_interfaces.known();
    let members = |id: &SecurityGroupId| interfaces.map(|all| all.linked(id.as_str()).count());
    groups.iter().min_by_key(|id| (is_default(id), members(id)))
}

/// A service behind a gateway endpoint answers from many addresses: its list holds them all.
fn service_list(inventory: &Inventory, path: &Path, kind: StepKind) -> Option<Peer> {
    let (list, _) = route::gateway_endpoint(inventory, &path.source, path.destination.ip)?;
    kind.is_at_source().then(|| Peer::PrefixList(list.clone()))
}

/// Changes to route tables that lead the flows between the VPCs of their ends, there and back, where other routes
/// stop them. One that leads nowhere within its own VPC is deleted: the local route remains.
pub fn routes(inventory: &Inventory, paths: &[&Path]) -> Vec<Change> {
    let mut mended = inventory.clone();
    let mut changes = Vec::new();
    for old in paths {
        for kind in [StepKind::ForwardRoute, StepKind::ReturnRoute] {
            // A gateway's own tables may stop what the subnet's table lets go.
            for _ in 0..MOST_CHANGES {
                let path = old.again(&mended);
                let stopped = path.parts(kind).find(|step| misleads(step, &path, kind));
                let change = stopped.and_then(|step| match &step.outcome {
                    StepOutcome::Deny(Blocker::Acl { .. }) => None,
                    StepOutcome::Deny(_) => change_for(&mended, &path, step),
                    _ => route_change(&mended, &path, kind),
                });
                let Some(change) = change.filter(|change| !changes.contains(change)) else { break };
                apply(&mut mended, &change);
                changes.push(change);
            }
        }
    }
    changes
}

/// The step denies, or sends a private address towards the internet.
fn misleads(step: &Step, path: &Path, kind: StepKind) -> bool {
    let (_, to) = ends(path, kind);
    let route = match &step.ground {
        Ground::Route { table, route } => route.and_then(|at| table.routes.get(at)),
        _ => None,
    };
    let nat = matches!(route, Some(Route { target: RouteTarget::NatGateway(_), .. }));
    let elsewhere = path.source.vpc.known() != path.destination.vpc.known();
    matches!(step.outcome, StepOutcome::Deny(_)) || (nat && elsewhere && net::is_private(to.ip))
}

fn route_change(inventory: &Inventory, path: &Path, kind: StepKind) -> Option<Change> {
    let (from, to) = ends(path, kind);
    let decision = route::decide_from(inventory, from, to.ip);
    let decision = decision.known()?;
    let table = decision.table.id.clone();
    let given = match decision.route().map(|route| (&route.destination, route.is_propagated())) {
        Some((RouteDestination::Cidr(cidr), propagated)) => Some((*cidr, propagated)),
        Some(_) => return None,
        None => None,
    };
    let (here, there) = (from.vpc.known()?, to.vpc.known()?);
    if here == there {
        let (destination, _) = given.filter(|(_, propagated)| !propagated)?;
        return Some(Change::DeleteRoute { table, destination });
    }
    let target = joining(inventory, here, there)?;
    if decision.route().is_some_and(|route| route.target == target && !route.is_blackhole()) {
        return None;
    }
    let block = route::block_of(inventory, to);
    Some(match given {
        // No wider than the other VPC's block: nothing else is led astray.
        Some((destination, false)) if block.contains(&destination) => {
            Change::ReplaceRoute { table, destination, target }
        }
        Some((destination, true)) if block.contains(&destination) => {
            Change::AddRoute { table, destination, target }
        }
        _ => Change::AddRoute { table, destination: block, target },
    })
}

/// What joins two VPCs: a peering connection, or a transit gateway that both are attached to.
fn joining(inventory: &Inventory, here: &VpcId, there: &VpcId) -> Option<RouteTarget> {
    if let Some(connection) = route::peering_between(inventory, here, there).known().copied().flatten() {
        return Some(RouteTarget::Peering(connection.id.clone()));
    }
    let attachments = inventory.transit_gateway_attachments.known()?;
    let of = |vpc: &VpcId| {
        let all = attachments.linked(vpc.as_str());
        all.filter(|one| one.is_available()).map(|one| one.transit_gateway.clone()).collect::<Vec<_>>()
    };
    let theirs = of(there);
    let shared = of(here).into_iter().find(|gateway| theirs.contains(gateway))?;
    Some(RouteTarget::TransitGateway(shared.0))
}

/// What the transit gateway lacks, as far as it is one thing.
fn transit_change(inventory: &Inventory, path: &Path, step: &Step, why: &TransitBlocker) -> Option<Change> {
    let (_, to) = ends(path, step.kind);
    match (why, &step.ground) {
        (TransitBlocker::Missing | TransitBlocker::Blackhole, Ground::Transit { table, .. }) => {
            let there = to.vpc.known()?;
            let attachment = attachment_of(inventory, &table.transit_gateway.0, there)?.id.clone();
            let destination = outranking(step, route::block_of(inventory, to));
            Some(Change::AddTransitGatewayRoute {
                table: table.id.clone(),
                destination,
                attachment,
                replaces: *why == TransitBlocker::Blackhole && has_static(table, destination),
            })
        }
        (TransitBlocker::Unassociated, Ground::Said { about: Some(about), .. }) => {
            let attachment = TransitGatewayAttachmentId::new(&about.id);
            let gateway = &inventory.transit_gateway_attachments.known()?.get(&about.id)?.transit_gateway;
            let tables = inventory.transit_gateway_route_tables.known()?;
            let mut tables = tables.linked(gateway.as_str());
            // Of several, somebody has to choose.
            let (only, None) = (tables.next()?, tables.next()) else { return None };
            Some(Change::AssociateTransitGatewayRouteTable { table: only.id.clone(), attachment })
        }
        _ => None,
    }
}

/// The destination of the deciding route, where that is more specific than the block: a route for the whole of it
/// would decide nothing.
fn outranking(step: &Step, block: IpNet) -> IpNet {
    let Ground::Transit { table, route: Some(at) } = &step.ground else { return block };
    let routes = table.routes.known().map_or(&[][..], Vec::as_slice);
    match routes.get(*at).map(|route| &route.destination) {
        Some(RouteDestination::Cidr(cidr)) if block.contains(cidr) => *cidr,
        _ => block,
    }
}

fn has_static(table: &crate::model::transit::TransitGatewayRouteTable, destination: IpNet) -> bool {
    let is_it = |route: &TransitGatewayRoute| {
        route.is_static() && route.destination == RouteDestination::Cidr(destination)
    };
    table.routes.known().is_some_and(|routes| routes.iter().any(is_it))
}

fn attachment_of<'a>(
    inventory: &'a Inventory,
    gateway: &str,
    vpc: &VpcId,
) -> Option<&'a TransitGatewayAttachment> {
    let attachments = inventory.transit_gateway_attachments.known()?;
    let is_it = |one: &TransitGatewayAttachment| {
        one.transit_gateway.0 == gateway && one.kind == AttachmentKind::Vpc(vpc.clone()) && one.is_available()
    };
    attachments.linked(vpc.as_str()).map(AsRef::as_ref).find(|one| is_it(one))
}

/// Entries in front of those that deny, for these flows alone: as few as let them pass the step.
pub struct AclEntries {
    pub changes: Vec<Change>,
    /// With the changes made, every flow passes. Otherwise no number was free.
    pub enough: bool,
}

pub fn acl_entries(inventory: &Inventory, paths: &[&Path], kind: StepKind) -> AclEntries {
    let mut mended = inventory.clone();
    let mut changes = Vec::new();
    for old in paths {
        let path = old.again(&mended);
        for step in path.parts(kind) {
            if let Some(change) = acl_entry(&mended, &path, step).filter(|change| !changes.contains(change)) {
                apply(&mut mended, &change);
                changes.push(change);
            }
        }
    }
    let passes = |old: &&Path| !old.again(&mended).parts(kind).filter(|step| is_acl(step)).any(stops);
    let enough = paths.iter().all(passes);
    AclEntries { changes, enough }
}

fn is_acl(step: &Step) -> bool {
    matches!(step.ground, Ground::Acl { .. })
}

/// The step denies, be it only a part of the client's ports.
fn stops(step: &Step) -> bool {
    step.blocked_share() > 0.0 || matches!(step.outcome, StepOutcome::Deny(_))
}

fn acl_entry(inventory: &Inventory, path: &Path, step: &Step) -> Option<Change> {
    let Ground::Acl { acl, direction, other, ports, decision } = &step.ground else { return None };
    let denial = decision.first_denial().filter(|_| stops(step))?;
    let acl = inventory.network_acl(&acl.id)?;
    let entry = NetworkAclEntry {
        number: network_acl::free_number_before(acl, *direction, denial)?,
        direction: *direction,
        action: AclAction::Allow,
        protocol: ProtocolMatch::Number(path.flow.protocol),
        cidr: net::host_net(*other),
        ports: *ports,
    };
    Some(Change::AddAclEntry { acl: acl.id.clone(), entry })
}

/// The change with a number that no other entry has: its own, or the next free one below it. None where there
/// is none.
pub fn settled(inventory: &Inventory, change: &Change) -> Option<Change> {
    let Change::AddAclEntry { acl, entry } = change else {
        return Some(change.clone());
    };
    let known = inventory.network_acl(acl)?;
    // One that a neighbour proposed already will do.
    let same = |e: &&NetworkAclEntry| NetworkAclEntry { number: entry.number, ..(*e).clone() } == *entry;
    if let Some(own) = known.entries.iter().filter(same).find(|e| e.number <= entry.number) {
        return Some(Change::AddAclEntry { acl: acl.clone(), entry: own.clone() });
    }
    let taken =
        |number: u32| known.entries.iter().any(|e| e.direction == entry.direction && e.number == number);
    let number = (1..=entry.number).rev().find(|number| !taken(*number))?;
    Some(Change::AddAclEntry { acl: acl.clone(), entry: NetworkAclEntry { number, ..entry.clone() } })
}

fn ends(path: &Path, kind: StepKind) -> (&Place, &Place) {
    if kind.is_at_source() { (&path.source, &path.destination) } else { (&path.destination, &path.source) }
}
