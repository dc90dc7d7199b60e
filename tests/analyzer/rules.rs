//! What one rule more, or one less, does.

use proptest::prelude::*;
use vpce_doctor::{
    analyze::{
        path::{Ground, Path, Step, StepKind, StepOutcome},
        security_group,
    },
    model::{
        firewall::{AclAction, NetworkAclEntry},
        inventory::Inventory,
        known::Known,
        resource::ResourceRef,
    },
};

use crate::{
    answer::{Verdict, told},
    dice::{Dice, numbers},
    world::{World, any_entry, any_rule, list, list_mut},
};

proptest! {
    #![proptest_config(crate::cases(300))]

    #[test]
    fn a_group_rule_more_never_denies(numbers in numbers()) {
        let (world, mut dice) = World::of(&numbers);
        let more = with_rule(world.inventory.clone(), &mut dice);
        for (question, path) in world.paths() {
            let after = path.again(&more);
            prop_assert!(is_no_worse(&path, &after), "{:?}\n{}\n{}", question, told(&path), told(&after));
        }
    }

    #[test]
    fn an_allowing_entry_in_front_never_denies(numbers in numbers()) {
        let (world, mut dice) = World::of(&numbers);
        let more = with_entry(world.inventory.clone(), &mut dice);
        for (question, path) in world.paths() {
            let after = path.again(&more);
            prop_assert!(is_no_worse(&path, &after), "{:?}\n{}\n{}", question, told(&path), told(&after));
        }
    }

    #[test]
    fn without_what_decides_a_step_says_something_else(numbers in numbers()) {
        let (world, _) = World::of(&numbers);
        for (question, path) in world.paths() {
            for step in path.steps.iter().filter(|step| step.outcome == StepOutcome::Allow) {
                for less in without(&world.inventory, &step.ground) {
                    let after = path.again(&less);
                    prop_assert_ne!(grounds(&path, step.kind), grounds(&after, step.kind), "{:?}", question);
                }
            }
        }
    }
}

fn with_rule(mut inventory: Inventory, dice: &mut Dice<'_>) -> Inventory {
    let groups = list(&inventory.security_groups);
    let group = groups[dice.below(groups.len())].clone();
    let rule = any_rule(dice, &inventory, group.vpc.as_ref().expect("a generated group's VPC"));
    list_mut(&mut inventory.security_groups).edit(group.id.as_str(), |group| group.rules.push(rule));
    inventory
}

fn with_entry(mut inventory: Inventory, dice: &mut Dice<'_>) -> Inventory {
    let acls = list(&inventory.network_acls);
    let acl = acls[dice.below(acls.len())].clone();
    let direction = acl.entries[dice.below(acl.entries.len())].direction;
    let entry = NetworkAclEntry { action: AclAction::Allow, ..any_entry(dice, direction, 0) };
    list_mut(&mut inventory.network_acls).edit(acl.id.as_str(), |acl| acl.entries.push(entry));
    inventory
}

/// No kind of step denies that did not, and none denies more. (Of what chance decides, nothing is told step by step.)
fn is_no_worse(before: &Path, after: &Path) -> bool {
    let worst = |path: &Path, kind| path.parts(kind).map(severity).fold(0.0, f64::max);
    StepKind::ALL.into_iter().all(|kind| worst(after, kind) <= worst(before, kind))
        && Verdict::of(after) <= Verdict::of(before)
}

/// How much of the flow is denied. What cannot be decided is worse than a part, and better than all of it.
fn severity(step: &Step) -> f64 {
    match &step.outcome {
        StepOutcome::Allow => step.blocked_share(),
        StepOutcome::Undecided(_) => 1.0,
        StepOutcome::Deny(_) => 2.0,
    }
}

/// The inventory without each thing that decides here.
fn without(inventory: &Inventory, ground: &Ground) -> Vec<Inventory> {
    let mut less = inventory.clone();
    match ground {
        Ground::Rule { group, rule } => {
            let rule = *rule;
            list_mut(&mut less.security_groups).edit(group.id.as_str(), |group| {
                group.rules.remove(rule);
            });
        }
        Ground::Route { table, route: Some(at) } => {
            let at = *at;
            list_mut(&mut less.route_tables).edit(table.id.as_str(), |table| {
                table.routes.remove(at);
            });
        }
        Ground::Transit { table, route: Some(at) } => {
            let at = *at;
            list_mut(&mut less.transit_gateway_route_tables).edit(table.id.as_str(), |table| {
                if let Known::Known(routes) = &mut table.routes {
                    routes.remove(at);
                }
            });
        }
        Ground::Acl { acl, decision, .. } => {
            let entries = decision.parts.iter().filter_map(|part| part.entry.as_ref());
            return entries.map(|entry| without_entry(inventory, acl.id.as_str(), entry)).collect();
        }
        Ground::Route { .. }
        | Ground::Transit { .. }
        | Ground::Groups(_)
        | Ground::Said { .. }
        | Ground::Unknown => {
            return Vec::new();
        }
    }
    vec![less]
}

fn without_entry(inventory: &Inventory, acl: &str, entry: &NetworkAclEntry) -> Inventory {
    let mut less = inventory.clone();
    list_mut(&mut less.network_acls).edit(acl, |acl| acl.entries.retain(|one| one != entry));
    less
}

/// What each part of a step rests on, in words; of an ACL every part of its decision.
fn grounds(path: &Path, kind: StepKind) -> Vec<(StepOutcome, Option<ResourceRef>, String)> {
    let tell = |step: &Step| {
        let rule = match &step.ground {
            Ground::Acl { decision, .. } => format!("{:?}", decision.parts),
            Ground::Rule { group, rule } => security_group::describe(&group.rules[*rule]),
            _ => step.rule(),
        };
        (step.outcome.clone(), step.resource(), rule)
    };
    path.parts(kind).map(tell).collect()
}
