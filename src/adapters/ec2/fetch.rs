//! From a question to an inventory: locate, describe, complete.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use aws_sdk_ec2::Client;
use futures_util::{future::FutureExt as _, join};

use super::{
    super::wire::DnsAttribute,
    dhcp_options, endpoint_services, locate,
    locate::Located,
    nat_gateways, network_acls, network_interfaces, peering_connections, prefix_lists,
    round::{Round, Within},
    route_tables, security_groups, subnets, transit_gateway_attachments, transit_gateway_route_tables,
    transit_gateways, vpc_endpoints, vpcs,
};
use crate::{
    model::{
        endpoint::NetworkInterface,
        id::{EndpointId, SecurityGroupId, VpcId},
        inventory::{Inventory, InventorySource, actions},
        known::{Known, Reason},
    },
    ports::Scope,
};

pub(super) async fn fetch(client: &Client, region: &str, scope: &Scope, deadline: Duration) -> Inventory {
    let source = InventorySource::Ec2 { region: region.to_owned() };
    let round = Round::new(client, deadline);
    let located = locate::locate(&round, scope).await;
    // Nobody is there. Every other call would wait for the same silence.
    if let Err(reason @ Reason::Unreachable { .. }) = &located.holders {
        return Inventory { calls: round.calls(), ..Inventory::unknown(source, reason) };
    }
    let within = match located.vpcs.as_slice() {
        [] => Within::Anywhere,
        vpcs => Within::Vpcs(vpcs),
    };
    describe(&round, within, scope).await;
    complete(&round, scope).await;
    judge(&round, scope, &located);
    round.finish(source)
}

/// All calls at once. A call that needs another's answer waits for that one only. Outcomes are in the
/// draft, where each list bears its own.
async fn describe(round: &Round<'_>, within: Within<'_>, scope: &Scope) {
    let of_vpcs = async {
        let asked = vpcs::describe(round, within).await;
        let ids = if let Within::Anywhere = within { some_vpcs(round) } else { Vec::new() };
        join!(vpcs::describe_attributes(round, &ids), dhcp_options::describe(round, asked.is_ok()))
    };
    let of_known_vpcs = async {
        if let Within::Vpcs(ids) = within {
            vpcs::describe_attributes(round, ids).await;
        }
    };
    let of_endpoints = async {
        let _kept = vpc_endpoints::describe(round, within).await;
        endpoint_services::describe(round, &scope.services).await;
    };
    let of_groups = async {
        if security_groups::describe(round, within).await.is_ok() {
            prefix_lists::describe(round, &prefix_lists::in_groups(round)).await;
        }
    };
    let of_routes = async {
        if route_tables::describe(round, within).await.is_ok() {
            let lists = prefix_lists::in_routes(round);
            join!(
                prefix_lists::describe(round, &lists),
                nat_gateways::describe(round, within),
                behind_transit_gateways(round, within),
            );
        }
    };
    let _kept = join!(
        of_vpcs.boxed(),
        of_known_vpcs.boxed(),
        of_endpoints.boxed(),
        of_groups.boxed(),
        of_routes.boxed(),
        subnets::describe(round, within).boxed(),
        network_interfaces::describe(round, within).boxed(),
        network_acls::describe(round, within).boxed(),
        peering_connections::describe(round, within).boxed(),
    );
}

/// What decides about packets that a route hands to a transit gateway.
async fn behind_transit_gateways(round: &Round<'_>, within: Within<'_>) {
    let gateways = transit_gateways::in_routes(round);
    if gateways.is_empty() {
        return;
    }
    let of_attachments = async {
        if transit_gateway_attachments::describe(round, within, &gateways).await.is_ok() {
            transit_gateway_route_tables::describe(round).await;
        }
    };
    join!(transit_gateways::describe(round, &gateways), of_attachments);
}

/// Of an account's VPCs, as many as it is reasonable to ask two questions each.
fn some_vpcs(round: &Round<'_>) -> Vec<VpcId> {
    let mut draft = round.draft();
    let mut ids: Vec<VpcId> = draft.vpcs.iter().map(|vpc| vpc.id.clone()).collect();
    for vpc in ids.split_off(ids.len().min(locate::AT_MOST)) {
        for attribute in [DnsAttribute::Support, DnsAttribute::Hostnames] {
            draft.put_attribute(vpc.clone(), attribute, Known::not_asked(actions::VPC_ATTRIBUTE));
        }
    }
    ids
}

/// Groups of interfaces we care about that no described VPC owns: another VPC shares them with ours.
async fn complete(round: &Round<'_>, scope: &Scope) {
    let foreign = foreign_groups(round, &locate::addresses(scope));
    if !foreign.is_empty() {
        security_groups::describe_shared(round, &foreign).await;
        prefix_lists::describe(round, &prefix_lists::in_groups(round)).await;
    }
}

fn foreign_groups(round: &Round<'_>, addresses: &[IpAddr]) -> Vec<SecurityGroupId> {
    let draft = round.draft();
    if !draft.security_groups.is_whole() {
        return Vec::new();
    }
    let matters = |eni: &&NetworkInterface| eni.is_endpoint() || addresses.iter().any(|ip| eni.holds(*ip));
    let of_interfaces = draft.network_interfaces.iter().filter(matters).flat_map(|eni| &eni.groups);
    let of_endpoints = draft.vpc_endpoints.iter().flat_map(|endpoint| &endpoint.groups);
    let wanted: BTreeSet<&SecurityGroupId> = of_interfaces.chain(of_endpoints).collect();
    let here: BTreeSet<&SecurityGroupId> = draft.security_groups.iter().map(|group| &group.id).collect();
    wanted.difference(&here).map(|id| (*id).clone()).collect()
}

/// A search that failed leaves a hole in its list, unless the list has all that was searched for: only then is
/// "nobody holds this address" still an answer.
fn judge(round: &Round<'_>, scope: &Scope, located: &Located) {
    if located.vpcs.is_empty() {
        return; // Everything was described, wherever it is.
    }
    let mut draft = round.draft();
    if let Err(reason) = &located.holders {
        let held = |ip: &IpAddr| draft.network_interfaces.iter().any(|eni| eni.holds(*ip));
        if !locate::addresses(scope).iter().all(held) {
            draft.network_interfaces.fail(reason.clone());
        }
    }
    if let Err(reason) = &located.named {
        let found = |id: &EndpointId| draft.vpc_endpoints.iter().any(|endpoint| endpoint.id == *id);
        if !scope.endpoints.iter().all(found) {
            draft.vpc_endpoints.fail(reason.clone());
        }
    }
}
