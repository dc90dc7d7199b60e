//! Route tables and what they lead to: peering, transit, NAT and internet gateways, gateway endpoints.

use vpce_doctor::model::{
    endpoint::EndpointKind,
    gateway::{AttachedGateway, NatGateway, NatGatewayAddress},
    id::{SubnetId, TransitGatewayRouteTableId, VpcId},
    inventory::{Inventory, Vpc},
    known::Known,
    route::{PeeringConnection, PeeringSide, Route, RouteDestination, RouteTable, RouteTarget},
    transit::{
        AttachmentKind, RouteAttachment, TransitGateway, TransitGatewayAttachment, TransitGatewayRoute,
        TransitGatewayRouteTable,
    },
};

use super::{add, ip, land, list, net};
use crate::dice::Dice;

pub(super) fn lay(dice: &mut Dice<'_>, inventory: &mut Inventory) {
    let vpcs: Vec<Vpc> = list(&inventory.vpcs).iter().cloned().collect();
    let (first, others) = vpcs.split_first().expect("a VPC");
    for other in others {
        if !dice.chance(10) {
            add(&mut inventory.peering_connections, [peering(dice, first, other)]);
        }
    }
    if dice.chance(45) {
        transit_gateway(dice, inventory, &vpcs);
    }
    gateways(dice, inventory, &first.id);
    for vpc in &vpcs {
        let vpcs = if dice.chance(8) { Vec::new() } else { vec![vpc.id.clone()] };
        add(
            &mut inventory.gateways,
            [AttachedGateway { id: internet_gateway(&vpc.id).as_str().into(), vpcs }],
        );
        let tables = tables(dice, inventory, vpc);
        add(&mut inventory.route_tables, tables);
    }
}

fn peering(dice: &mut Dice<'_>, one: &Vpc, other: &Vpc) -> PeeringConnection {
    let side = |vpc: &Vpc, region: &str| PeeringSide {
        vpc: Some(vpc.id.clone()),
        cidrs: vpc.cidrs.clone(),
        region: Some(region.to_owned()),
    };
    let region = if dice.chance(10) { "eu-west-1" } else { "us-west-2" };
    let status = if dice.chance(8) { "pending-acceptance" } else { "active" };
    PeeringConnection {
        id: format!("pcx-{}", number(&other.id)).as_str().into(),
        requester: side(one, "us-west-2"),
        accepter: side(other, region),
        status: status.to_owned(),
    }
}

fn internet_gateway(vpc: &VpcId) -> String {
    format!("igw-{}", number(vpc))
}

fn number(vpc: &VpcId) -> &str {
    &vpc.as_str()["vpc-".len()..]
}

const GATEWAY: &str = "tgw-1";

fn transit_gateway(dice: &mut Dice<'_>, inventory: &mut Inventory, vpcs: &[Vpc]) {
    let gateway = TransitGateway {
        id: GATEWAY.into(),
        state: "available".to_owned(),
        security_group_referencing: Some(dice.chance(50)),
        owner: None,
    };
    let mut attachments = Vec::new();
    for vpc in vpcs {
        if !dice.chance(10) {
            attachments.push(attachment(dice, inventory, &vpc.id));
        }
    }
    let tables = ["tgw-rtb-1", "tgw-rtb-2"];
    let tables = tables.map(|id| transit_table(dice, id.into(), vpcs, &attachments));
    add(&mut inventory.transit_gateways, [gateway]);
    add(&mut inventory.transit_gateway_attachments, attachments);
    add(&mut inventory.transit_gateway_route_tables, tables);
}

fn attachment(dice: &mut Dice<'_>, inventory: &Inventory, vpc: &VpcId) -> TransitGatewayAttachment {
    // One subnet for each zone; a third subnet shares its zone with the first.
    let mut subnets = land::subnets_of(inventory, vpc);
    subnets.truncate(if dice.chance(20) { 1 } else { 2 });
    let table = if dice.chance(25) { "tgw-rtb-2" } else { "tgw-rtb-1" };
    TransitGatewayAttachment {
        id: format!("tgw-attach-{}", number(vpc)).as_str().into(),
        transit_gateway: GATEWAY.into(),
        kind: AttachmentKind::Vpc(vpc.clone()),
        state: if dice.chance(5) { "pendingAcceptance" } else { "available" }.to_owned(),
        subnets: Known::Known(subnets),
        appliance_mode: Some(dice.chance(10)),
        security_group_referencing: dice.chance(50).then_some(true),
        association: Known::Known((!dice.chance(8)).then(|| table.into())),
    }
}

fn transit_table(
    dice: &mut Dice<'_>,
    id: TransitGatewayRouteTableId,
    vpcs: &[Vpc],
    attachments: &[TransitGatewayAttachment],
) -> TransitGatewayRouteTable {
    let mut routes: Vec<TransitGatewayRoute> = Vec::new();
    for attachment in attachments {
        let cidrs = vpcs.iter().filter(|vpc| attachment.vpc() == Some(&vpc.id)).flat_map(|vpc| &vpc.cidrs);
        for cidr in cidrs {
            let destination = RouteDestination::Cidr(*cidr);
            // Of two VPCs with one range the gateway propagates the first alone.
            if routes.iter().all(|route| route.destination != destination) && !dice.chance(10) {
                routes.push(transit_route(dice, destination, attachment, "propagated"));
            }
        }
    }
    if let Some(attachment) = attachments.first() {
        for more in ["10.1.0.0/17", "10.0.0.0/8", "0.0.0.0/0"] {
            if dice.chance(12) {
                let attachment =
                    if dice.chance(50) { &attachments[dice.below(attachments.len())] } else { attachment };
                routes.push(transit_route(dice, RouteDestination::Cidr(net(more)), attachment, "static"));
            }
        }
    }
    let own = attachments.iter().filter(|one| one.association == Known::Known(Some(id.clone())));
    TransitGatewayRouteTable {
        transit_gateway: GATEWAY.into(),
        routes: Known::Known(routes),
        associations: Known::Known(own.map(|one| one.id.clone()).collect()),
        id,
    }
}

fn transit_route(
    dice: &mut Dice<'_>,
    destination: RouteDestination,
    to: &TransitGatewayAttachment,
    kind: &str,
) -> TransitGatewayRoute {
    let blackhole = kind == "static" && dice.chance(30);
    let attachment = RouteAttachment { id: to.id.clone(), kind: to.kind.clone() };
    TransitGatewayRoute {
        destination,
        state: if blackhole { "blackhole" } else { "active" }.to_owned(),
        kind: kind.to_owned(),
        attachments: if blackhole { Vec::new() } else { vec![attachment] },
    }
}

/// In the first VPC: a NAT gateway in its last subnet, and S3's endpoint.
fn gateways(dice: &mut Dice<'_>, inventory: &mut Inventory, vpc: &VpcId) {
    let is_private = dice.chance(50);
    let last = land::subnets_of(inventory, vpc).pop().expect("a subnet");
    let address = format!("10.0.{}.5", &last.as_str()["subnet-0".len()..]);
    let address = NatGatewayAddress {
        eni: None,
        private_ip: Some(ip(&address)),
        public_ip: (!is_private).then(|| ip("198.51.100.200")),
    };
    add(
        &mut inventory.nat_gateways,
        [NatGateway {
            id: "nat-1".into(),
            vpc: Some(vpc.clone()),
            subnet: Some(last),
            state: if dice.chance(8) { "failed" } else { "available" }.to_owned(),
            is_private,
            addresses: vec![address],
        }],
    );
    let (service, kind) = ("com.amazonaws.us-west-2.s3", EndpointKind::Gateway);
    add(&mut inventory.vpc_endpoints, [land::of_service(service, kind, "vpce-s3", vpc.clone())]);
}

/// The main table, and perhaps one for the last subnet.
fn tables(dice: &mut Dice<'_>, inventory: &Inventory, vpc: &Vpc) -> Vec<RouteTable> {
    let subnets = land::subnets_of(inventory, &vpc.id);
    let mut all = vec![table(dice, inventory, vpc, "main", Vec::new())];
    if dice.chance(50) {
        all.push(table(dice, inventory, vpc, "last", subnets.last().cloned().into_iter().collect()));
    }
    all
}

fn table(
    dice: &mut Dice<'_>,
    inventory: &Inventory,
    vpc: &Vpc,
    name: &str,
    subnets: Vec<SubnetId>,
) -> RouteTable {
    let mut routes: Vec<Route> =
        vpc.cidrs.iter().map(|cidr| route(RouteDestination::Cidr(*cidr), RouteTarget::Local)).collect();
    let mut lead = |destination: RouteDestination, target| {
        // A table has one route for a destination.
        if routes.iter().all(|route| route.destination != destination) {
            routes.push(route(destination, target));
        }
    };
    for other in list(&inventory.vpcs).iter().filter(|other| other.id != vpc.id) {
        for cidr in &other.cidrs {
            if let Some(target) = between(dice, inventory, &vpc.id, &other.id) {
                lead(RouteDestination::Cidr(*cidr), target);
            }
        }
    }
    if !list(&inventory.transit_gateways).is_empty() && dice.chance(50) {
        lead(RouteDestination::Cidr(net("10.0.0.0/8")), RouteTarget::TransitGateway(GATEWAY.to_owned()));
    }
    if number(&vpc.id) == "0" && dice.chance(70) {
        lead(RouteDestination::PrefixList("pl-s3".into()), RouteTarget::VpcEndpoint("vpce-s3".to_owned()));
    }
    if dice.chance(80) {
        lead(RouteDestination::Cidr(net("0.0.0.0/0")), way_out(dice, &vpc.id, name));
    }
    if dice.chance(60) {
        lead(RouteDestination::Cidr(net("::/0")), RouteTarget::InternetGateway(internet_gateway(&vpc.id)));
    }
    if number(&vpc.id) == "0" && dice.chance(10) {
        lead(RouteDestination::Cidr(net("10.0.1.0/24")), odd_target(dice));
    }
    if dice.chance(8) {
        // What leads out of the VPC may be gone; the local route never is.
        let at = dice.below(routes.len());
        let route = &mut routes[at];
        if route.target != RouteTarget::Local {
            "blackhole".clone_into(&mut route.state);
        }
    }
    RouteTable {
        id: format!("rtb-{name}-{}", number(&vpc.id)).as_str().into(),
        vpc: Some(vpc.id.clone()),
        main: name == "main",
        subnets,
        gateways: Vec::new(),
        routes,
    }
}

fn route(destination: RouteDestination, target: RouteTarget) -> Route {
    let origin = if target == RouteTarget::Local { "CreateRouteTable" } else { "CreateRoute" }.to_owned();
    Route { destination, target, state: "active".to_owned(), origin }
}

/// What a table leads to another VPC by.
fn between(dice: &mut Dice<'_>, inventory: &Inventory, here: &VpcId, there: &VpcId) -> Option<RouteTarget> {
    let peering = list(&inventory.peering_connections).iter().find(|one| one.joins(here, there));
    let peering = peering.map(|one| RouteTarget::Peering(one.id.clone()));
    let transit = list(&inventory.transit_gateways).first();
    let transit = transit.map(|one| RouteTarget::TransitGateway(one.id.to_string()));
    match dice.below(20) {
        0..12 => peering.or(transit),
        12..19 => transit.or(peering),
        _ => None,
    }
}

/// A NAT gateway serves its own VPC, and is of no use to its own subnet.
fn way_out(dice: &mut Dice<'_>, vpc: &VpcId, name: &str) -> RouteTarget {
    let has_nat = name == "main" && number(vpc) == "0";
    match dice.below(10) {
        0..5 if has_nat => RouteTarget::NatGateway("nat-1".to_owned()),
        9 => RouteTarget::VirtualPrivateGateway("vgw-1".to_owned()),
        _ => RouteTarget::InternetGateway(internet_gateway(vpc)),
    }
}

/// A route within a VPC that somebody redirected.
fn odd_target(dice: &mut Dice<'_>) -> RouteTarget {
    match dice.below(4) {
        0 => RouteTarget::NatGateway("nat-1".to_owned()),
        1 => RouteTarget::NetworkInterface("eni-010".to_owned()),
        2 => RouteTarget::VpcEndpoint("vpce-gwlb".to_owned()),
        _ => RouteTarget::Other("lgw-1".to_owned()),
    }
}
