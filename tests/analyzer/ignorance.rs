//! What was not read is never taken for fine, and nothing that an account may say stops the analysis.

use proptest::prelude::*;
use vpce_doctor::{
    analyze::path::{Path, Question, Step, StepKind, StepOutcome, between},
    model::{
        inventory::Inventory,
        known::{Known, Reason, Unknown},
        listing::Listing,
    },
};

use crate::{
    answer::{Verdict, told},
    dice::{Dice, numbers},
    world::{World, list, list_mut},
};

/// A list of the inventory, and how to hide it.
pub(crate) type Veil = (&'static str, fn(&mut Inventory));

/// All but the instances, which are taken for running, the services, which are taken for offered in every zone that an
/// endpoint has an interface in, and what paths never ask for.
pub(crate) const VEILS: [Veil; 14] = [
    ("vpcs", |it| hide(&mut it.vpcs)),
    ("subnets", |it| hide(&mut it.subnets)),
    ("security_groups", |it| hide(&mut it.security_groups)),
    ("network_acls", |it| hide(&mut it.network_acls)),
    ("route_tables", |it| hide(&mut it.route_tables)),
    ("network_interfaces", |it| hide(&mut it.network_interfaces)),
    ("vpc_endpoints", |it| hide(&mut it.vpc_endpoints)),
    ("peering_connections", |it| hide(&mut it.peering_connections)),
    ("prefix_lists", |it| hide(&mut it.prefix_lists)),
    ("gateways", |it| hide(&mut it.gateways)),
    ("nat_gateways", |it| hide(&mut it.nat_gateways)),
    ("transit_gateways", |it| hide(&mut it.transit_gateways)),
    ("transit_gateway_attachments", |it| hide(&mut it.transit_gateway_attachments)),
    ("transit_gateway_route_tables", |it| hide(&mut it.transit_gateway_route_tables)),
];

/// What decides about ways. Where these are not known, an ACL is asked although the packets may come to the destination
/// from within its subnet, where a transit gateway hands them out; and an address that several VPCs could have is taken
/// for that of the only one who has it.
const WAYS: [&str; 8] = [
    "vpcs",
    "route_tables",
    "peering_connections",
    "gateways",
    "nat_gateways",
    "transit_gateways",
    "transit_gateway_attachments",
    "transit_gateway_route_tables",
];

fn hide<T>(known: &mut Known<Listing<T>>) {
    *known = Known::Unknown(why());
}

fn why() -> Unknown {
    Unknown::new("hidden", Reason::Absent)
}

proptest! {
    #![proptest_config(crate::cases(150))]

    #[test]
    fn of_one_list_never_allows(numbers in numbers()) {
        let (world, _) = World::of(&numbers);
        for (question, path) in world.paths() {
            for (name, veil) in VEILS.into_iter().chain(PARTS) {
                let mut veiled = world.inventory.clone();
                veil(&mut veiled);
                cautious(&path, question, &veiled, name)?;
            }
        }
    }

    #[test]
    fn of_one_list_never_denies(numbers in numbers()) {
        let (world, _) = World::of(&numbers);
        for (question, path) in world.paths().filter(|(_, path)| Verdict::of(path) != Verdict::Deny) {
            for (name, veil) in VEILS.into_iter().filter(|(name, _)| !WAYS.contains(name)) {
                let mut veiled = world.inventory.clone();
                veil(&mut veiled);
                let less = path.again(&veiled);
                let denies = Verdict::of(&less) == Verdict::Deny && !is_lost(&less);
                prop_assert!(!denies, "{}: {:?}\n{}\n{}", name, question, told(&path), told(&less));
            }
        }
    }

    #[test]
    fn of_one_resource_never_allows(numbers in numbers()) {
        let (world, mut dice) = World::of(&numbers);
        for (name, lose) in LOSSES {
            let mut less = world.inventory.clone();
            lose(&mut less, &mut dice);
            for (question, path) in world.paths() {
                cautious(&path, question, &less, name)?;
            }
        }
    }
}

/// Nobody knows where the packets go: they are taken to arrive, where more knowledge might lose them.
fn is_lost(path: &Path) -> bool {
    let is_lost = |step: &Step| matches!(step.outcome, StepOutcome::Undecided(_));
    path.parts(StepKind::ForwardRoute).any(is_lost)
}

/// A part of every resource of a list, and how to hide it.
const PARTS: [Veil; 5] = [
    ("entries of prefix lists", |it| each(&mut it.prefix_lists, |list| list.entries = Known::Unknown(why()))),
    ("routes of transit gateways", |it| {
        each(&mut it.transit_gateway_route_tables, |table| table.routes = Known::Unknown(why()));
    }),
    ("associations", |it| {
        each(&mut it.transit_gateway_attachments, |one| one.association = Known::Unknown(why()));
    }),
    ("associations on either side", |it| {
        each(&mut it.transit_gateway_attachments, |one| one.association = Known::Unknown(why()));
        each(&mut it.transit_gateway_route_tables, |table| table.associations = Known::Unknown(why()));
    }),
    ("subnets of attachments", |it| {
        each(&mut it.transit_gateway_attachments, |one| one.subnets = Known::Unknown(why()));
    }),
];

fn each<T: Clone>(known: &mut Known<Listing<T>>, change: impl FnMut(&mut T)) {
    list_mut(known).iter_mut().for_each(change);
}

/// One resource that others name is gone from its list. (Without a route table its subnets have the main one, and an
/// address that one interface less holds is nobody's: both may well allow.)
type Loss = (&'static str, fn(&mut Inventory, &mut Dice<'_>));

const LOSSES: [Loss; 12] = [
    ("vpc", |it, dice| lose(&mut it.vpcs, dice)),
    ("subnet", |it, dice| lose(&mut it.subnets, dice)),
    ("group", |it, dice| lose(&mut it.security_groups, dice)),
    ("ACL", |it, dice| lose(&mut it.network_acls, dice)),
    ("endpoint", |it, dice| lose(&mut it.vpc_endpoints, dice)),
    ("peering connection", |it, dice| lose(&mut it.peering_connections, dice)),
    ("prefix list", |it, dice| lose(&mut it.prefix_lists, dice)),
    ("instance", |it, dice| lose(&mut it.instances, dice)),
    ("internet gateway", |it, dice| lose(&mut it.gateways, dice)),
    ("NAT gateway", |it, dice| lose(&mut it.nat_gateways, dice)),
    ("transit gateway", |it, dice| lose(&mut it.transit_gateways, dice)),
    ("route table of a transit gateway", |it, dice| lose(&mut it.transit_gateway_route_tables, dice)),
];

fn lose<T: Clone>(known: &mut Known<Listing<T>>, dice: &mut Dice<'_>) {
    let mut items: Vec<T> = list(known).iter().cloned().collect();
    if !items.is_empty() {
        items.remove(dice.below(items.len()));
    }
    *known = Known::Known(items.into());
}

/// What is allowed with less knowledge is allowed with more: for who finds the ends anew, and for who knew them. (Who
/// knew an end without reading interfaces is that end himself, and it is in use.)
pub(crate) fn cautious(
    path: &Path,
    question: &Question,
    veiled: &Inventory,
    what: &str,
) -> Result<(), TestCaseError> {
    let known = Verdict::of(path);
    let anew = between(veiled, question).ok();
    let again = veiled.network_interfaces.is_known().then(|| path.again(veiled));
    for less in anew.iter().chain(&again) {
        let allowed = Verdict::of(less) == Verdict::Allow;
        prop_assert!(
            !allowed || known == Verdict::Allow,
            "{}: {:?}\n{}\n{}",
            what,
            question,
            told(path),
            told(less)
        );
    }
    Ok(())
}
