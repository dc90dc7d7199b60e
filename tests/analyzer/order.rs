//! The order in which anything is told means nothing.

use proptest::prelude::*;
use vpce_doctor::model::{inventory::Inventory, known::Known, listing::Listing};

use crate::{
    answer::ask,
    dice::{Dice, numbers},
    world::{World, list_mut},
};

proptest! {
    #![proptest_config(crate::cases(300))]

    #[test]
    fn of_lists_groups_rules_entries_and_routes(numbers in numbers()) {
        let (world, mut dice) = World::of(&numbers);
        let other = shuffled(world.inventory.clone(), &mut dice);
        for question in &world.questions {
            prop_assert_eq!(ask(&world.inventory, question), ask(&other, question), "{:?}", question);
        }
    }
}

fn shuffled(mut inventory: Inventory, dice: &mut Dice<'_>) -> Inventory {
    each(&mut inventory.vpcs, dice, |vpc, dice| dice.shuffle(&mut vpc.cidrs));
    each(&mut inventory.subnets, dice, |subnet, dice| dice.shuffle(&mut subnet.cidrs));
    each(&mut inventory.security_groups, dice, |group, dice| dice.shuffle(&mut group.rules));
    each(&mut inventory.network_acls, dice, |acl, dice| {
        dice.shuffle(&mut acl.entries);
        dice.shuffle(&mut acl.subnets);
    });
    each(&mut inventory.route_tables, dice, |table, dice| dice.shuffle(&mut table.routes));
    each(&mut inventory.network_interfaces, dice, |eni, dice| {
        dice.shuffle(&mut eni.groups);
        // The first address stays: an interface that is named speaks by that one.
        dice.shuffle(&mut eni.prefixes);
    });
    each(&mut inventory.vpc_endpoints, dice, |endpoint, dice| {
        dice.shuffle(&mut endpoint.network_interfaces);
        dice.shuffle(&mut endpoint.subnets);
    });
    each(&mut inventory.endpoint_services, dice, |service, dice| {
        dice.shuffle(&mut service.availability_zones);
    });
    each(&mut inventory.peering_connections, dice, |_, _| {});
    each(&mut inventory.prefix_lists, dice, |list, dice| of_known(&mut list.entries, dice));
    each(&mut inventory.instances, dice, |_, _| {});
    each(&mut inventory.gateways, dice, |gateway, dice| dice.shuffle(&mut gateway.vpcs));
    each(&mut inventory.nat_gateways, dice, |_, _| {});
    each(&mut inventory.transit_gateways, dice, |_, _| {});
    each(&mut inventory.transit_gateway_attachments, dice, |one, dice| of_known(&mut one.subnets, dice));
    each(&mut inventory.transit_gateway_route_tables, dice, |table, dice| {
        of_known(&mut table.routes, dice);
        of_known(&mut table.associations, dice);
    });
    inventory
}

fn each<T: Clone>(
    known: &mut Known<Listing<T>>,
    dice: &mut Dice<'_>,
    inside: impl Fn(&mut T, &mut Dice<'_>),
) {
    let mut items: Vec<T> = list_mut(known).iter().cloned().collect();
    dice.shuffle(&mut items);
    for item in &mut items {
        inside(item, dice);
    }
    *known = Known::Known(items.into());
}

fn of_known<T>(known: &mut Known<Vec<T>>, dice: &mut Dice<'_>) {
    if let Known::Known(items) = known {
        dice.shuffle(items);
    }
}
