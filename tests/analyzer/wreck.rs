//! Accounts that contradict themselves: nothing stops the analysis, and it never takes the unknown for fine.

use proptest::prelude::*;
use vpce_doctor::{
    analyze::remedy,
    model::{
        endpoint::EndpointState,
        firewall::Direction,
        id::{SubnetId, VpcId},
        inventory::Inventory,
        known::Known,
        listing::Listing,
        net::PortRange,
        route::{RouteDestination, RouteTarget},
        transit::AttachmentKind,
    },
    render::path::json,
    rules,
};

use crate::{
    dice::{Dice, numbers},
    ignorance::{VEILS, cautious},
    shape,
    world::{World, list, list_mut, net},
};

proptest! {
    #![proptest_config(crate::cases(150))]

    #[test]
    fn is_analysed_like_any_other(numbers in numbers()) {
        let (mut world, mut dice) = World::of(&numbers);
        let contradicts = dice.chance(40);
        for _ in 0..=dice.below(4) {
            let deeds = if contradicts { &CONTRADICTIONS[..] } else { &ODDITIES[..] };
            dice.pick(deeds)(&mut world.inventory, &mut dice);
        }
        for (question, path) in world.paths() {
            shape::check(&path)?;
            crate::remedy::check_enough(&world.inventory, &path, &remedy::whole(&world.inventory, &path))?;
            let report = rules::explain_path(&world.inventory, question, &path);
            prop_assert!(json::render(&report).contains("verdict"));
            let (name, veil) = dice.pick(&VEILS);
            let mut veiled = world.inventory.clone();
            veil(&mut veiled);
            shape::check(&path.again(&veiled))?;
            // Of two lists that contradict each other, either alone may allow.
            if !contradicts {
                cautious(&path, question, &veiled, name)?;
            }
        }
    }
}

type Deed = fn(&mut Inventory, &mut Dice<'_>);

/// What no account has, or only one that a hurried hand wrote.
const ODDITIES: [Deed; 8] = [
    |it, dice| some(&mut it.subnets, dice, |subnet, _| (subnet.az, subnet.az_id) = (None, None)),
    |it, dice| some(&mut it.network_acls, dice, |acl, dice| acl.subnets = subnets(dice)),
    |it, dice| {
        some(&mut it.network_acls, dice, |acl, dice| {
            let ports = PortRange { from: 60_000, to: 0 };
            let mut entry = acl.entries[dice.below(acl.entries.len())].clone();
            (entry.ports, entry.direction) = (ports, Direction::Egress);
            acl.entries.extend([entry.clone(), entry]);
        });
    },
    |it, dice| {
        some(&mut it.route_tables, dice, |table, dice| {
            (table.vpc, table.subnets, table.main) = (Some(vpc(dice)), subnets(dice), dice.chance(50));
        });
    },
    |it, dice| {
        some(&mut it.route_tables, dice, |table, dice| {
            let at = dice.below(table.routes.len());
            table.routes[at].target = target(dice);
            let states = ["active", "blackhole", "filtered", ""];
            (*dice.pick(&states)).clone_into(&mut table.routes[at].state);
        });
    },
    |it, dice| {
        some(&mut it.route_tables, dice, |table, dice| {
            let at = dice.below(table.routes.len());
            let twice = table.routes[at].clone();
            table.routes.push(twice);
            table.routes[at].target = target(dice);
            table.routes[at].destination = destination(dice);
        });
    },
    |it, dice| {
        some(&mut it.network_interfaces, dice, |eni, dice| {
            eni.groups = vec!["sg-gone".into(), "sg-00".into()];
            eni.instance = dice.chance(50).then(|| "i-gone".into());
        });
    },
    transit,
];

/// What one list says and another denies.
const CONTRADICTIONS: [Deed; 9] = [
    |it, dice| some(&mut it.vpcs, dice, |vpc, dice| vpc.cidrs = absurd(dice)),
    |it, dice| some(&mut it.vpcs, dice, |vpc, _| vpc.cidrs.clear()),
    |it, dice| some(&mut it.subnets, dice, |subnet, dice| subnet.cidrs = absurd(dice)),
    |it, dice| some(&mut it.subnets, dice, |subnet, dice| subnet.vpc = vpc(dice)),
    |it, dice| {
        some(&mut it.network_interfaces, dice, |eni, dice| {
            (eni.vpc, eni.subnet) = (vpc(dice), subnets(dice).remove(0));
            eni.prefixes = absurd(dice);
            let kinds = ["interface", "vpc_endpoint", "nat_gateway", "new"];
            (*dice.pick(&kinds)).clone_into(&mut eni.kind);
        });
    },
    |it, dice| {
        some(&mut it.vpc_endpoints, dice, |endpoint, dice| {
            endpoint.state = EndpointState::parse(dice.pick::<&str>(&["deleting", "Partial", "odd", ""]));
            endpoint.network_interfaces.truncate(dice.below(2));
        });
    },
    |it, dice| {
        some(&mut it.peering_connections, dice, |connection, dice| {
            (connection.requester.vpc, connection.accepter.cidrs) = (Some(vpc(dice)), absurd(dice));
        });
    },
    |it, dice| {
        let others = list(&it.network_interfaces);
        let taken = others[dice.below(others.len())].addresses.clone();
        some(&mut it.network_interfaces, dice, |eni, _| eni.addresses.splice(0..0, taken).for_each(drop));
    },
    |it, dice| {
        some(&mut it.nat_gateways, dice, |gateway, dice| {
            (gateway.vpc, gateway.subnet) = (Some(vpc(dice)), Some(subnets(dice).remove(0)));
            if dice.chance(30) {
                gateway.addresses.clear();
            }
        });
    },
];

/// Attachments and routes that lead anywhere, also in circles.
fn transit(inventory: &mut Inventory, dice: &mut Dice<'_>) {
    some(&mut inventory.transit_gateway_attachments, dice, |one, dice| {
        one.subnets = Known::Known(subnets(dice));
        one.kind = AttachmentKind::Vpc(vpc(dice));
        one.appliance_mode = Some(true);
    });
    let attachments: Vec<_> = list(&inventory.transit_gateway_attachments).iter().cloned().collect();
    some(&mut inventory.transit_gateway_route_tables, dice, |table, dice| {
        let Known::Known(routes) = &mut table.routes else { return };
        for route in routes {
            for to in &mut route.attachments {
                let other = dice.pick(&attachments);
                (to.id, to.kind) = (other.id.clone(), AttachmentKind::Vpc(vpc(dice)));
            }
        }
    });
    some(&mut inventory.route_tables, dice, |table, _| {
        for route in &mut table.routes {
            route.target = RouteTarget::TransitGateway("tgw-1".to_owned());
        }
    });
}

fn some<T: Clone>(
    known: &mut Known<Listing<T>>,
    dice: &mut Dice<'_>,
    change: impl FnOnce(&mut T, &mut Dice<'_>),
) {
    let list = list_mut(known);
    if !list.is_empty() {
        let at = dice.below(list.len());
        change(&mut list[at], dice);
    }
}

fn absurd(dice: &mut Dice<'_>) -> Vec<ipnet::IpNet> {
    let all = ["0.0.0.0/0", "::/0", "10.0.1.10/32", "10.0.0.0/31", "255.255.255.255/32", "10.0.0.0/8"];
    (0..=dice.below(2)).map(|_| net(dice.pick::<&str>(&all))).collect()
}

fn vpc(dice: &mut Dice<'_>) -> VpcId {
    (*dice.pick(&["vpc-0", "vpc-1", "vpc-2", "vpc-gone"])).into()
}

fn subnets(dice: &mut Dice<'_>) -> Vec<SubnetId> {
    let all = ["subnet-01", "subnet-02", "subnet-11", "subnet-12", "subnet-21", "subnet-gone"];
    (0..=dice.below(3)).map(|_| (*dice.pick(&all)).into()).collect()
}

fn destination(dice: &mut Dice<'_>) -> RouteDestination {
    match dice.below(4) {
        0 => RouteDestination::Other("10.0.0.0/33".to_owned()),
        1 => RouteDestination::PrefixList((*dice.pick(&["pl-most", "pl-unread", "pl-gone"])).into()),
        _ => RouteDestination::Cidr(absurd(dice)[0]),
    }
}

fn target(dice: &mut Dice<'_>) -> RouteTarget {
    let id = |dice: &mut Dice<'_>, own: &str| (*dice.pick(&[own, "gone"])).to_owned();
    match dice.below(9) {
        0 => RouteTarget::Local,
        1 => RouteTarget::Peering(id(dice, "pcx-1").as_str().into()),
        2 => RouteTarget::TransitGateway(id(dice, "tgw-1")),
        3 => RouteTarget::NatGateway(id(dice, "nat-1")),
        4 => RouteTarget::InternetGateway(id(dice, "igw-0")),
        5 => RouteTarget::EgressOnlyInternetGateway(id(dice, "eigw-1")),
        6 => RouteTarget::NetworkInterface(id(dice, "eni-010")),
        7 => RouteTarget::VpcEndpoint(id(dice, "vpce-s3")),
        _ => RouteTarget::Other(id(dice, "i-010")),
    }
}
