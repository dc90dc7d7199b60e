//! What is proposed is enough, all of it is needed, and none of it is more than was asked for.

use proptest::prelude::*;
use vpce_doctor::{
    analyze::{
        network_acl,
        path::{AclView, Blocker, Path, Step, StepOutcome},
        place::Place,
        remedy, route,
    },
    model::{
        finding::Change,
        firewall::{AclAction, NetworkAclEntry, Peer, SecurityGroupRule},
        id::NetworkAclId,
        inventory::Inventory,
        net::{PortRange, ProtocolMatch, host_net},
        route::{Route, RouteDestination, RouteTarget},
    },
};

use crate::{
    answer::told,
    dice::numbers,
    world::{World, list},
};

proptest! {
    #![proptest_config(crate::cases(200))]

    #[test]
    fn is_enough_and_no_part_of_it_is_idle(numbers in numbers()) {
        let (world, _) = World::of(&numbers);
        for (question, path) in world.paths().filter(|(_, path)| !path.passes()) {
            let changes = remedy::whole(&world.inventory, &path);
            let owed = is_mendable(&world.inventory, &path);
            prop_assert!(!owed || !changes.is_empty(), "{:?}\n{}", question, told(&path));
            check(&world.inventory, &path, &changes).map_err(|error| {
                TestCaseError::fail(format!("{error}\n{question:?}\n{changes:#?}"))
            })?;
        }
    }
}

fn check(inventory: &Inventory, path: &Path, changes: &[Change]) -> Result<(), TestCaseError> {
    check_enough(inventory, path, changes)?;
    let mut mended = inventory.clone();
    for change in changes {
        narrow(&mended, path, change)?;
        remedy::apply(&mut mended, change);
    }
    Ok(())
}

/// True of any proposal for any account: all of it makes the path pass, and nothing less does.
pub(crate) fn check_enough(
    inventory: &Inventory,
    path: &Path,
    changes: &[Change],
) -> Result<(), TestCaseError> {
    prop_assert!(changes.is_empty() || passes(inventory, path, changes.iter()), "not enough");
    for at in 0..changes.len() {
        let others = changes.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, change)| change);
        prop_assert!(!passes(inventory, path, others), "idle: {:?}", changes[at]);
        prop_assert!(!changes[..at].contains(&changes[at]), "twice: {:?}", changes[at]);
    }
    Ok(())
}

fn passes<'c>(inventory: &Inventory, path: &Path, changes: impl Iterator<Item = &'c Change>) -> bool {
    let mut mended = inventory.clone();
    changes.for_each(|change| remedy::apply(&mut mended, change));
    path.again(&mended).passes()
}

/// No wider than the flow.
fn narrow(inventory: &Inventory, path: &Path, change: &Change) -> Result<(), TestCaseError> {
    match change {
        Change::AddGroupRule { rule, .. } => narrow_rule(inventory, path, rule),
        Change::AddAclEntry { acl, entry } => narrow_entry(inventory, path, acl, entry),
        Change::AddRoute { destination, target, .. } | Change::ReplaceRoute { destination, target, .. } => {
            prop_assert!(destination.prefix_len() > 0);
            prop_assert!(exists(inventory, target), "{:?}", target);
            Ok(())
        }
        Change::DeleteRoute { table, destination } => {
            let table = inventory.route_table(table).expect("the table of a route to delete");
            let is_it = |one: &Route| one.destination == RouteDestination::Cidr(*destination);
            prop_assert!(table.routes.iter().any(is_it));
            Ok(())
        }
        Change::AddTransitGatewayRoute { table, destination, attachment, .. } => {
            prop_assert!(destination.prefix_len() > 0);
            let tables = inventory.transit_gateway_route_tables.known().expect("the tables");
            let attachments = inventory.transit_gateway_attachments.known().expect("the attachments");
            prop_assert!(
                tables.get(table.as_str()).is_some() && attachments.get(attachment.as_str()).is_some()
            );
            Ok(())
        }
        Change::AssociateTransitGatewayRouteTable { table, .. } => {
            let tables = inventory.transit_gateway_route_tables.known().expect("the tables");
            prop_assert!(tables.get(table.as_str()).is_some());
            Ok(())
        }
    }
}

fn narrow_rule(inventory: &Inventory, path: &Path, rule: &SecurityGroupRule) -> Result<(), TestCaseError> {
    prop_assert_eq!(rule.protocol, ProtocolMatch::Number(path.flow.protocol));
    prop_assert_eq!(rule.ports, PortRange::single(path.flow.destination_port));
    match &rule.peer {
        Peer::Cidr(cidr) => prop_assert_eq!(*cidr, host_net(cidr.addr())),
        Peer::Group { id, .. } => {
            let ends = [&path.source, &path.destination];
            let again = path.again(inventory);
            let ends = ends.into_iter().chain([&again.destination]);
            let of_end = |place: &Place| place.groups.known().is_some_and(|all| all.contains(id));
            prop_assert!(ends.into_iter().any(of_end), "{} is nobody's", id);
        }
        Peer::PrefixList(id) => {
            let gateway = route::gateway_endpoint(inventory, &path.source, path.flow.destination);
            prop_assert_eq!(Some(id), gateway.map(|(list, _)| list));
        }
        Peer::Other(text) => prop_assert!(false, "{}", text),
    }
    Ok(())
}

/// Exactly the packets that a step asks an ACL about, in front of what denies them, under a number of its own.
fn narrow_entry(
    inventory: &Inventory,
    path: &Path,
    acl: &NetworkAclId,
    entry: &NetworkAclEntry,
) -> Result<(), TestCaseError> {
    let now = path.again(inventory);
    let asks = |view: &AclView<'_>| {
        view.acl.id == *acl
            && view.direction == entry.direction
            && host_net(view.other) == entry.cidr
            && view.ports == entry.ports
    };
    let asked = now.steps.iter().filter_map(Step::acl).find(asks);
    prop_assert!(asked.is_some(), "nobody asks {} for {:?}", acl, entry);
    prop_assert_eq!(entry.protocol, ProtocolMatch::Number(path.flow.protocol));
    prop_assert_eq!(&entry.action, &AclAction::Allow);
    let known = inventory.network_acl(acl).expect("the ACL of a proposed entry");
    let same = |one: &&NetworkAclEntry| one.direction == entry.direction && one.number == entry.number;
    prop_assert!(entry.number >= 1 && !known.entries.iter().any(|one| same(&one)), "{:?} is taken", entry);
    let decision =
        network_acl::evaluate(known, entry.direction, entry.cidr.addr(), path.flow.protocol, entry.ports);
    let denial = decision.first_denial().and_then(|part| part.entry.as_ref());
    prop_assert!(denial.is_none_or(|denial| entry.number < denial.number), "{:?} behind {:?}", entry, denial);
    Ok(())
}

fn exists(inventory: &Inventory, target: &RouteTarget) -> bool {
    match target {
        RouteTarget::Peering(id) => inventory.peering_connection(id).is_some_and(|one| one.is_active()),
        RouteTarget::TransitGateway(id) => {
            inventory.transit_gateways.known().is_some_and(|all| all.get(id).is_some())
        }
        _ => false,
    }
}

/// Every blocker is of a kind that a change mends, and what the change needs is there.
fn is_mendable(inventory: &Inventory, path: &Path) -> bool {
    let mendable = |step: &Step| match &step.outcome {
        StepOutcome::Allow => step.blocked_share() == 0.0 || has_room(step),
        StepOutcome::Deny(Blocker::Acl { .. }) => has_room(step),
        StepOutcome::Deny(Blocker::Group(_)) => true,
        StepOutcome::Deny(Blocker::Route(_)) => are_joined(inventory, path),
        StepOutcome::Deny(_) | StepOutcome::Undecided(_) => false,
    };
    path.steps.iter().all(mendable)
}

/// Numbers are free in front of what denies first, for as many entries as a way there and back may need of one ACL.
fn has_room(step: &Step) -> bool {
    let Some(asked) = step.acl() else { return false };
    let entry = asked.decision.first_denial().and_then(|part| part.entry.as_ref());
    let denial = entry.map_or(network_acl::LAST_ENTRY, |entry| entry.number);
    let is_taken =
        |number| asked.acl.entries.iter().any(|one| one.direction == asked.direction && one.number == number);
    (1..denial).filter(|number| !is_taken(*number)).count() >= 4
}

/// A peering connection in force joins the two ends, both addresses are of its VPCs, and no gateway speaks for either.
fn are_joined(inventory: &Inventory, path: &Path) -> bool {
    let (Some(here), Some(there)) = (path.source.vpc.known(), path.destination.vpc.known()) else {
        return false;
    };
    let mut connections = list(&inventory.peering_connections).iter();
    let holds =
        |vpc, ip| inventory.vpc(vpc).is_some_and(|vpc| vpc.cidrs.iter().any(|cidr| cidr.contains(&ip)));
    path.seen.ip == path.flow.source
        && connections.any(|one| one.is_active() && one.joins(here, there))
        && holds(here, path.flow.source)
        && holds(there, path.flow.destination)
}
