//! Which VPCs a diagnosis is about.

use std::net::IpAddr;

use futures_util::future::join;

use super::{network_interfaces, round::Round, vpc_endpoints};
use crate::{
    model::{endpoint::NetworkInterface, id::VpcId, inventory::actions, known::Reason},
    ports::Scope,
};

/// VPCs described at most. Address ranges repeat from VPC to VPC, and so an address may be held in dozens.
pub(super) const AT_MOST: usize = 8;

/// The share of the deadline for finding the VPCs. Later, everything is described without knowing them.
const SHARE: f64 = 0.4;

pub(super) struct Located {
    /// Ours first. Empty when nothing told.
    pub(super) vpcs: Vec<VpcId>,
    pub(super) holders: Result<(), Reason>,
    pub(super) named: Result<(), Reason>,
}

pub(super) async fn locate(round: &Round<'_>, scope: &Scope) -> Located {
    let until = round.until(SHARE);
    let addresses = addresses(scope);
    let (holders, named) = join(
        network_interfaces::find_holders(round, &addresses, until),
        vpc_endpoints::find(round, &scope.endpoints, until),
    )
    .await;
    Located { vpcs: vpcs(round, scope), holders, named }
}

/// The addresses an interface could hold.
pub(super) fn addresses(scope: &Scope) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> =
        scope.sources.iter().chain(&scope.destinations).copied().filter(|ip| may_be_held(*ip)).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

fn may_be_held(ip: IpAddr) -> bool {
    let link_local = match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !(link_local || ip.is_loopback() || ip.is_unspecified() || ip.is_multicast())
}

fn vpcs(round: &Round<'_>, scope: &Scope) -> Vec<VpcId> {
    let mut draft = round.draft();
    let held: Vec<&NetworkInterface> = draft.network_interfaces.iter().collect();
    let holding = |ip: &IpAddr| held.iter().filter(|eni| eni.holds(*ip)).map(|eni| eni.vpc.clone()).collect();

    let mut vpcs: Vec<VpcId> = match &scope.vpc {
        Some(vpc) => vec![vpc.clone()],
        None => scope.sources.iter().flat_map(|ip| -> Vec<VpcId> { holding(ip) }).collect(),
    };
    let ours = vpcs.clone();
    for ip in &scope.destinations {
        let theirs: Vec<VpcId> = holding(ip);
        // An address that our VPC holds is reached there, whoever else holds it too.
        if !theirs.iter().any(|vpc| ours.contains(vpc)) {
            vpcs.extend(theirs);
        }
    }
    let named = draft.vpc_endpoints.iter().filter(|endpoint| scope.endpoints.contains(&endpoint.id));
    vpcs.extend(named.map(|endpoint| endpoint.vpc.clone()));

    let mut seen = std::collections::BTreeSet::new();
    vpcs.retain(|vpc| seen.insert(vpc.clone()));
    if vpcs.len() > AT_MOST {
        let left = vpcs.split_off(AT_MOST);
        let left: Vec<String> = left.into_iter().map(|vpc| vpc.0).collect();
        draft.report(
            actions::VPCS,
            format!("more than {AT_MOST} VPCs hold these addresses; left out: {}", left.join(", ")),
        );
    }
    vpcs
}
