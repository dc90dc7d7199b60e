//! Proposes changes and proves them: applied to the inventory in memory, does the path then pass?

use ipnet::IpNet;

use crate::model::{
    finding::Change,
    firewall::{AclAction, NetworkAclEntry, Peer, SecurityGroupRule},
    id::{RouteTableId, SecurityGroupId},
    inventory::Inventory,
    known::Known,
    net::{self, PortRange, ProtocolMatch},
    route::{Route, RouteDestination, RouteTable, RouteTarget},
};

use super::{
    network_acl,
    path::{self, Path, Step, StepKind, StepOutcome},
    place::Place,
    route,
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
        new.passes()
    })
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

/// The least rule that would let the flow through the groups of this step: to or from a group where one may be
/// named, to the prefix list of a gateway endpoint, otherwise for one address.
pub fn group_rule(inventory: &Inventory, path: &Path, kind: StepKind) -> Option<Change> {
    let (own, other) = ends(path, kind);
    let nearest = path.step(kind).and_then(|step| step.resource.as_ref());
    let group = own.groups.known()?.iter().find(|group| nearest.is_some_and(|nearest| nearest.id == group.0));
    let group = group.or_else(|| own.groups.known()?.first())?.clone();
    let peer = reference(inventory, path, own, other)
        .or_else(|| service_list(inventory, path, kind))
        .unwrap_or_else(|| Peer::Cidr(net::host_net(other.ip)));
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
/// connection in one Region. A group of another account, which takes more words, would not be listed.
/// <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html>
fn reference(inventory: &Inventory, path: &Path, own: &Place, other: &Place) -> Option<Peer> {
    let id = narrowest(inventory, other.groups.known()?)?.clone();
    let (here, there) = (own.vpc.known()?, other.vpc.known()?);
    if here == there {
        return Some(Peer::Group { id, peering_status: None });
    }
    inventory.security_group(&id)?;
    let connection = (*route::peering_between(inventory, here, there).known()?)?;
    let decision = route::decide_from(inventory, &path.source, path.destination.ip);
    let over_it = decision.known()?.route?.target == RouteTarget::Peering(connection.id.clone());
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

/// Routes that lead the flows over the peering connection between the VPCs of their ends, there and back, where
/// other routes stop them. One that leads nowhere within its own VPC is deleted: the local route remains.
pub fn routes(inventory: &Inventory, paths: &[&Path]) -> Vec<Change> {
    let mut mended = inventory.clone();
    let mut changes = Vec::new();
    for old in paths {
        for kind in [StepKind::ForwardRoute, StepKind::ReturnRoute] {
            let path = path::analyze(&mended, &old.flow, old.source.clone(), old.destination.clone());
            if let Some(change) = route_change(&mended, &path, kind) {
                apply(&mut mended, &change);
                changes.push(change);
            }
        }
    }
    changes
}

fn route_change(inventory: &Inventory, path: &Path, kind: StepKind) -> Option<Change> {
    let (from, to) = ends(path, kind);
    let decision = route::decide_from(inventory, from, to.ip);
    let decision = decision.known()?;
    path.step(kind).filter(|step| misleads(step, decision.route, to))?;
    let table = decision.table.id.clone();
    let given = match decision.route.map(|route| (&route.destination, route.is_propagated())) {
        Some((RouteDestination::Cidr(cidr), propagated)) => Some((*cidr, propagated)),
        Some(_) => return None,
        None => None,
    };
    let (here, there) = (from.vpc.known()?, to.vpc.known()?);
    if here == there {
        let (destination, _) = given.filter(|(_, propagated)| !propagated)?;
        return Some(Change::DeleteRoute { table, destination });
    }
    let connection = (*route::peering_between(inventory, here, there).known()?)?;
    let target = RouteTarget::Peering(connection.id.clone());
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

/// The step denies, or sends a private address towards the internet.
fn misleads(step: &Step, route: Option<&Route>, to: &Place) -> bool {
    let nat = matches!(route, Some(Route { target: RouteTarget::NatGateway(_), .. }));
    matches!(step.outcome, StepOutcome::Deny(_)) || (nat && net::is_private(to.ip))
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
        let path = path::analyze(&mended, &old.flow, old.source.clone(), old.destination.clone());
        if let Some(change) = acl_entry(&mended, &path, kind) {
            apply(&mut mended, &change);
            changes.push(change);
        }
    }
    let passes = |old: &&Path| {
        let new = path::analyze(&mended, &old.flow, old.source.clone(), old.destination.clone());
        !new.step(kind).is_some_and(stops)
    };
    let enough = paths.iter().all(passes);
    AclEntries { changes, enough }
}

/// The step denies, be it only a part of the client's ports.
fn stops(step: &Step) -> bool {
    step.blocked_share > 0.0 || matches!(step.outcome, StepOutcome::Deny(_))
}

fn acl_entry(inventory: &Inventory, path: &Path, kind: StepKind) -> Option<Change> {
    let (own, other) = ends(path, kind);
    let acl = network_acl::of_subnet(inventory, own.subnet.known()?);
    let acl = *acl.known()?;
    let direction = kind.direction();
    let ports = path.ports_at(kind);
    let decision = network_acl::evaluate(acl, direction, other.ip, path.flow.protocol, ports);
    path.step(kind).filter(|step| stops(step))?;
    let entry = NetworkAclEntry {
        number: network_acl::free_number_before(acl, direction, decision.first_denial()?)?,
        direction,
        action: AclAction::Allow,
        protocol: ProtocolMatch::Number(path.flow.protocol),
        cidr: net::host_net(other.ip),
        ports,
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
