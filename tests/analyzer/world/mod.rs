//! Random accounts, as values of the model, in which about half of all flows pass.

mod filters;
mod land;
mod ways;

pub(crate) use filters::{any_entry, any_rule};

use std::net::IpAddr;

use ipnet::IpNet;
use vpce_doctor::{
    analyze::path::{End, Path, Question, between},
    model::{
        endpoint::NetworkInterface,
        inventory::Inventory,
        known::{Known, Unknown},
        listing::Listing,
        net::{TCP, UDP},
    },
};

use crate::dice::{Dice, Numbers};

pub(crate) struct World {
    pub(crate) inventory: Inventory,
    pub(crate) questions: Vec<Question>,
}

/// Where most services of these worlds listen.
pub(crate) const PORT: u16 = 443;

const QUESTIONS: usize = 6;

impl World {
    /// The world of these numbers, and what is left of them.
    pub(crate) fn of(numbers: &Numbers) -> (Self, Dice<'_>) {
        let mut dice = numbers.dice();
        let mut inventory = empty();
        land::settle(&mut dice, &mut inventory);
        filters::put(&mut dice, &mut inventory);
        ways::lay(&mut dice, &mut inventory);
        let questions = (0..QUESTIONS).map(|_| question(&mut dice, &inventory)).collect();
        (Self { inventory, questions }, dice)
    }

    /// The questions that have an answer, each with its path.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (&Question, Path)> {
        self.questions.iter().filter_map(|one| Some((one, between(&self.inventory, one).ok()?)))
    }
}

/// An account that was read whole and has nothing.
pub(crate) fn empty() -> Inventory {
    fn none<T>() -> Known<Listing<T>> {
        Known::Known(Listing::default())
    }
    Inventory {
        vpcs: none(),
        subnets: none(),
        security_groups: none(),
        network_acls: none(),
        route_tables: none(),
        network_interfaces: none(),
        vpc_endpoints: none(),
        endpoint_services: none(),
        peering_connections: none(),
        prefix_lists: none(),
        dhcp_options: none(),
        instances: none(),
        gateways: none(),
        nat_gateways: none(),
        transit_gateways: none(),
        transit_gateway_attachments: none(),
        transit_gateway_route_tables: none(),
        ..Inventory::none("generated")
    }
}

/// A list of a generated account, before anything of it was hidden.
pub(crate) fn list<T>(known: &Known<Listing<T>>) -> &Listing<T> {
    known.known().expect("a generated list")
}

pub(crate) fn list_mut<T>(known: &mut Known<Listing<T>>) -> &mut Listing<T> {
    match known {
        Known::Known(list) => list,
        Known::Unknown(Unknown { missing, .. }) => panic!("{missing} is hidden"),
    }
}

fn add<T: Clone>(known: &mut Known<Listing<T>>, items: impl IntoIterator<Item = T>) {
    let list = list_mut(known);
    items.into_iter().for_each(|item| list.push(item));
}

pub(crate) fn net(text: &str) -> IpNet {
    text.parse().expect("a CIDR")
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn question(dice: &mut Dice<'_>, inventory: &Inventory) -> Question {
    let all = list(&inventory.network_interfaces);
    // Plainest: the first interface to the next one.
    let from = dice.below(all.len());
    let to = &all[(from + 1 + dice.below(all.len() - 1)) % all.len()];
    let mut from = &all[from];
    if from.is_endpoint() && !dice.chance(10) {
        from = &all[0];
    }
    Question {
        from: named(dice, from),
        to: if dice.chance(12) { elsewhere(dice) } else { named(dice, to) },
        protocol: if dice.chance(6) { UDP } else { TCP },
        port: if dice.chance(10) { *dice.pick(&[80, 8080]) } else { PORT },
        source_port: dice.chance(15).then_some(50_000),
    }
}

fn named(dice: &mut Dice<'_>, eni: &NetworkInterface) -> End {
    let address = |dice: &mut Dice<'_>| End::Address(*dice.pick(&eni.addresses));
    match dice.below(8) {
        0..4 => End::Interface(eni.id.clone()),
        4..6 => address(dice),
        6 => eni.instance.clone().map_or_else(|| address(dice), End::Instance),
        _ => match eni.prefixes.first().and_then(|prefix| prefix.hosts().nth(3)) {
            Some(pod) => End::Address(pod),
            None => address(dice),
        },
    }
}

/// The internet, a service behind a gateway endpoint, a data centre, and addresses that nobody holds.
fn elsewhere(dice: &mut Dice<'_>) -> End {
    let all = ["198.51.100.10", "52.216.0.9", "192.168.3.4", "10.0.1.250", "8.8.8.8", "2001:db8:ffff::1"];
    End::Address(ip(dice.pick::<&str>(&all)))
}
