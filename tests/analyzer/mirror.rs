//! A flow and its mirror, where in and out are exchanged everywhere.

use proptest::prelude::*;
use vpce_doctor::{
    analyze::{
        path::{Aim, Ground, Identity, LINUX_PORTS, Loss, Path, StepKind, analyze},
        place::Place,
    },
    model::{
        endpoint::NetworkInterface,
        firewall::{Direction, NetworkAcl, SecurityGroup},
        inventory::Inventory,
        net::{Flow, TCP},
        route::RouteTarget,
    },
};

use crate::{
    answer::{Verdict, told},
    dice::numbers,
    world::{PORT, World, list, list_mut},
};

proptest! {
    #![proptest_config(crate::cases(200))]

    #[test]
    fn passes_as_the_flow_does(numbers in numbers()) {
        let (world, _) = World::of(&numbers);
        agree(&world.inventory, &exchanged(world.inventory.clone()))?;
    }

    #[test]
    fn passes_as_the_flow_does_where_both_ways_have_the_same_rules(numbers in numbers()) {
        let (world, _) = World::of(&numbers);
        let same = symmetric(world.inventory);
        agree(&same, &same)?;
    }
}

/// Every pair of interfaces that begin connections.
fn agree(inventory: &Inventory, mirrored: &Inventory) -> Result<(), TestCaseError> {
    let ends: Vec<_> = list(&inventory.network_interfaces).iter().filter(|eni| !eni.is_endpoint()).collect();
    for (one, other) in ends.iter().flat_map(|one| ends.iter().map(move |other| (*one, *other))) {
        if one.id == other.id || one.addresses[0] == other.addresses[0] {
            continue;
        }
        let there = between(inventory, one, other);
        let back = between(mirrored, other, one);
        if !(is_plain(&there) && is_plain(&back)) {
            continue;
        }
        let both = format!("{} {}\n{}\n{}", one.id, other.id, told(&there), told(&back));
        prop_assert_eq!(Verdict::of(&there), Verdict::of(&back), "{}", both);
        if [&there, &back].iter().all(|path| is_connected(path)) {
            let there: Vec<_> = StepKind::ALL.iter().filter(|kind| denies(&there, **kind)).copied().collect();
            let mut back: Vec<_> =
                StepKind::ALL.iter().filter(|kind| denies(&back, **kind)).map(|kind| mirror(*kind)).collect();
            back.sort();
            prop_assert_eq!(there, back, "{}", both);
        }
    }
    Ok(())
}

fn between(inventory: &Inventory, from: &NetworkInterface, to: &NetworkInterface) -> Path {
    let (source, destination) = (from.addresses[0], to.addresses[0]);
    let flow = Flow { source, source_ports: LINUX_PORTS, destination, destination_port: PORT, protocol: TCP };
    let aim = Aim::Interface(Box::new(Place::of_interface(destination, to)));
    analyze(inventory, &flow, Place::of_interface(source, from), aim)
}

fn denies(path: &Path, kind: StepKind) -> bool {
    path.blockers().any(|(step, _)| step.kind == kind)
}

/// The routes lead both ways between the interfaces that were meant, so that both flows know who the other end is.
fn is_connected(path: &Path) -> bool {
    let arrives = matches!(&path.aim, Aim::Interface(place) if **place == path.destination);
    arrives && !denies(path, StepKind::ForwardRoute) && !denies(path, StepKind::ReturnRoute)
}

/// Nothing between the ends but their tables and a peering connection: gateways treat the two directions differently.
fn is_plain(path: &Path) -> bool {
    let routes = path.parts(StepKind::ForwardRoute).chain(path.parts(StepKind::ReturnRoute));
    let plain = |ground: &Ground| match ground {
        Ground::Route { table, route: Some(at) } => {
            matches!(table.routes[*at].target, RouteTarget::Local | RouteTarget::Peering(_))
        }
        Ground::Route { .. } | Ground::Said { .. } => true,
        _ => false,
    };
    let known = matches!(path.seen.identity, Identity::Kept | Identity::Lost(Loss::OtherRegion(_)));
    known && routes.map(|step| &step.ground).all(plain)
}

fn mirror(kind: StepKind) -> StepKind {
    use StepKind as Kind;
    match kind {
        Kind::SourceInterface => Kind::DestinationInterface,
        Kind::SourceGroupEgress => Kind::DestinationGroupIngress,
        Kind::SourceAclEgress => Kind::DestinationAclIngress,
        Kind::ForwardRoute => Kind::ReturnRoute,
        Kind::DestinationInterface => Kind::SourceInterface,
        Kind::DestinationAclIngress => Kind::SourceAclEgress,
        Kind::DestinationGroupIngress => Kind::SourceGroupEgress,
        Kind::ReturnAclEgress => Kind::ReturnAclIngress,
        Kind::ReturnRoute => Kind::ForwardRoute,
        Kind::ReturnAclIngress => Kind::ReturnAclEgress,
    }
}

fn other(direction: Direction) -> Direction {
    match direction {
        Direction::Egress => Direction::Ingress,
        Direction::Ingress => Direction::Egress,
    }
}

fn exchanged(inventory: Inventory) -> Inventory {
    edited(
        inventory,
        |group| group.rules.iter_mut().for_each(|rule| rule.direction = other(rule.direction)),
        |acl| acl.entries.iter_mut().for_each(|entry| entry.direction = other(entry.direction)),
    )
}

/// Rules of both directions count in both; entries of the one count in both.
fn symmetric(inventory: Inventory) -> Inventory {
    edited(
        inventory,
        |group| {
            let mut mirrored = group.rules.clone();
            for rule in &mut mirrored {
                rule.direction = other(rule.direction);
            }
            group.rules.extend(mirrored);
        },
        |acl| {
            acl.entries.retain(|entry| entry.direction == Direction::Ingress);
            let mut mirrored = acl.entries.clone();
            for entry in &mut mirrored {
                entry.direction = Direction::Egress;
            }
            acl.entries.extend(mirrored);
        },
    )
}

fn edited(
    mut inventory: Inventory,
    group: impl Fn(&mut SecurityGroup),
    acl: impl Fn(&mut NetworkAcl),
) -> Inventory {
    list_mut(&mut inventory.security_groups).iter_mut().for_each(group);
    list_mut(&mut inventory.network_acls).iter_mut().for_each(acl);
    inventory
}
