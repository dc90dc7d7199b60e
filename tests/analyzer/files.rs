//! The same account, however its files are cut and ordered.

use std::{fs, path::Path};

use proptest::prelude::*;
use serde_json::Value;
use tempfile::TempDir;
use vpce_doctor::{
    adapters::files::load,
    model::{
        firewall::{Direction, Peer, SecurityGroupRule},
        inventory::Inventory,
        net::{PortRange, ProtocolMatch, UDP},
    },
};

use crate::{
    answer::ask,
    cli_json::{Told, documents},
    dice::{Dice, numbers},
    world::{World, list_mut},
};

proptest! {
    #![proptest_config(crate::cases(60))]

    #[test]
    fn give_the_same_answers_in_any_order(numbers in numbers()) {
        let (world, mut dice) = World::of(&numbers);
        let told = *dice.pick(&[Told::InGroups, Told::Both]);
        let plain = read(|directory| plainly(directory, &documents(&world.inventory, told)));
        let mixed = read(|directory| mixed_up(directory, documents(&world.inventory, told), &mut dice));
        for question in &world.questions {
            let answer = ask(&world.inventory, question);
            prop_assert_eq!(&ask(&plain, question), &answer, "{:?}", question);
            prop_assert_eq!(&ask(&mixed, question), &answer, "{:?}", question);
        }
    }

    #[test]
    fn of_rules_alone_tell_what_groups_tell(numbers in numbers()) {
        let (mut world, _) = World::of(&numbers);
        for group in list_mut(&mut world.inventory.security_groups).iter_mut() {
            group.name.clear();
            // A group without rules is in no list of rules.
            if group.rules.is_empty() {
                group.rules.push(of_no_interest());
            }
        }
        let apart = read(|directory| plainly(directory, &documents(&world.inventory, Told::Apart)));
        for question in &world.questions {
            prop_assert_eq!(ask(&world.inventory, question), ask(&apart, question), "{:?}", question);
        }
    }
}

/// Discard, to nobody.
fn of_no_interest() -> SecurityGroupRule {
    SecurityGroupRule {
        id: None,
        direction: Direction::Egress,
        protocol: ProtocolMatch::Number(UDP),
        ports: PortRange::single(9),
        peer: Peer::Cidr("192.0.2.1/32".parse().expect("a network")),
    }
}

fn read(write: impl FnOnce(&Path)) -> Inventory {
    let directory = TempDir::new().expect("a directory");
    write(directory.path());
    load(directory.path()).expect("an inventory")
}

fn plainly(directory: &Path, documents: &[Value]) {
    for (at, document) in documents.iter().enumerate() {
        fs::write(directory.join(format!("{at}.json")), document.to_string()).expect("a file");
    }
}

/// Lists cut in two, entries shuffled, several documents in one file, files in directories.
fn mixed_up(directory: &Path, documents: Vec<Value>, dice: &mut Dice<'_>) {
    let mut documents: Vec<Value> = documents.into_iter().flat_map(|document| cut(document, dice)).collect();
    for document in &mut documents {
        shuffle(document, dice);
    }
    dice.shuffle(&mut documents);
    let mut number = 0;
    while !documents.is_empty() {
        let some = documents.split_off(documents.len() - 1 - dice.below(documents.len().min(4)));
        let text = if dice.chance(50) {
            Value::Array(some).to_string()
        } else {
            some.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        let below = directory.join(["", "region", "region/more"][dice.below(3)]);
        fs::create_dir_all(&below).expect("a directory");
        fs::write(below.join(format!("{number}.json")), text).expect("a file");
        number += 1;
    }
}

fn cut(document: Value, dice: &mut Dice<'_>) -> Vec<Value> {
    let mut first = document.clone();
    let mut second = document;
    let fields = first.as_object_mut().expect("a document");
    let Some((key, items)) =
        fields.iter_mut().find_map(|(key, value)| Some((key.clone(), value.as_array_mut()?)))
    else {
        return vec![second];
    };
    let rest = items.split_off(dice.below(items.len() + 1));
    second[&key] = Value::Array(rest);
    vec![first, second]
}

/// Every list of the document, at any depth.
fn shuffle(value: &mut Value, dice: &mut Dice<'_>) {
    match value {
        Value::Array(items) => {
            dice.shuffle(items);
            for item in items {
                shuffle(item, dice);
            }
        }
        Value::Object(fields) => fields.values_mut().for_each(|field| shuffle(field, dice)),
        _ => {}
    }
}
