//! One record of a target: the two ends of its way, and what stands on it.

use std::net::IpAddr;

use crate::{
    analyze::place::Place,
    model::{
        endpoint::{NetworkInterface, VpcEndpoint},
        facts::{Facts, TargetFacts},
        id::{EndpointId, SecurityGroupId, SubnetId, VpcId},
        inventory::Inventory,
        known::Known,
    },
};

#[derive(Clone)]
pub(super) struct Side<'a> {
    pub(super) facts: &'a Facts,
    pub(super) target: &'a TargetFacts,
    /// Nothing when this host has no source address.
    pub(super) source: Option<Place>,
    /// Where the name leads, address by address.
    pub(super) destinations: Vec<Place>,
}

impl<'a> Side<'a> {
    pub(super) fn new(facts: &'a Facts, target: &'a TargetFacts) -> Self {
        let ip = target.used().find_map(|row| row.source_ip.known()).or(facts.vantage.source_ip.known());
        let source = ip.map(|ip| Place::of_source(facts, *ip));
        let here = source.as_ref().and_then(|source| source.vpc.known());
        let destinations =
            target.used().map(|row| Place::find(&facts.inventory, row.ip, here)).collect::<Vec<_>>();
        Self { facts, target, source, destinations }
    }

    /// Where the name gives nothing, the source is that towards the resolver. On a host with several interfaces it
    /// may be another than that towards the target, which is no move as long as the host keeps that one, too.
    pub(super) fn standing_like(&self, other: &Side<'_>) -> Self {
        let kept = other.source.as_ref().filter(|place| {
            self.destinations.is_empty() && !other.destinations.is_empty() && self.keeps(place)
        });
        let source = self.towards_the_same(other).or(kept.map(|place| place.ip));
        let source = source.map(|ip| Place::of_source(self.facts, ip)).or(self.source.clone());
        Self { source, destinations: self.destinations.clone(), ..*self }
    }

    /// A host may ask different addresses from different sources, and a name may list its addresses in any order:
    /// only the sources towards one and the same address can be compared.
    fn towards_the_same(&self, other: &Side<'_>) -> Option<IpAddr> {
        let asked = |side: &Side<'_>, ip: IpAddr| {
            side.target.used().any(|row| row.ip == ip && row.source_ip.is_known())
        };
        let shared = self.target.used().filter(|row| asked(other, row.ip)).min_by_key(|row| row.ip);
        shared.and_then(|row| row.source_ip.known().copied())
    }

    fn keeps(&self, place: &Place) -> bool {
        if let Some(metadata) = self.facts.host.metadata.known() {
            return metadata.interfaces.iter().any(|interface| interface.addresses.contains(&place.ip));
        }
        let found = Place::find(self.inventory(), place.ip, place.vpc.known());
        found.eni.is_known() && found.eni == place.eni
    }

    pub(super) fn inventory(&self) -> &'a Inventory {
        &self.facts.inventory
    }

    /// The interfaces behind the name's addresses.
    pub(super) fn interfaces(&self) -> Vec<&'a NetworkInterface> {
        let ids = self.destinations.iter().filter_map(|place| place.eni.known());
        ids.filter_map(|id| self.inventory().interface(id)).collect()
    }

    /// The endpoints that the addresses belong to.
    pub(super) fn led_to(&self) -> Vec<EndpointId> {
        let mut ids: Vec<EndpointId> = Vec::new();
        for eni in self.interfaces() {
            if let Known::Known(Some(endpoint)) = self.inventory().endpoint_of(eni)
                && !ids.contains(&endpoint.id)
            {
                ids.push(endpoint.id.clone());
            }
        }
        ids
    }

    /// Those, and the one that the user configured.
    pub(super) fn endpoints(&self) -> Vec<EndpointId> {
        let mut ids = self.led_to();
        ids.extend(self.target.target.endpoint.iter().filter(|id| !self.led_to().contains(id)).cloned());
        ids
    }

    pub(super) fn endpoint(&self, id: &EndpointId) -> Option<&'a VpcEndpoint> {
        self.inventory().endpoint(id)
    }

    /// Whether this VPC was described, so that what is not listed of it is not there.
    pub(super) fn describes(&self, vpc: &VpcId) -> bool {
        let inventory = self.inventory();
        inventory.vpc(vpc).is_some()
            || inventory.subnets.known().is_some_and(|all| all.iter().any(|subnet| subnet.vpc == *vpc))
    }

    pub(super) fn source_groups(&self) -> Vec<SecurityGroupId> {
        groups(self.source.iter())
    }

    pub(super) fn endpoint_groups(&self) -> Vec<SecurityGroupId> {
        groups(self.destinations.iter())
    }

    pub(super) fn source_subnets(&self) -> Vec<(SubnetId, VpcId)> {
        subnets(self.source.iter())
    }

    pub(super) fn endpoint_subnets(&self) -> Vec<(SubnetId, VpcId)> {
        subnets(self.destinations.iter())
    }

    pub(super) fn source_addresses(&self) -> Vec<IpAddr> {
        self.source.iter().map(|place| place.ip).collect()
    }

    pub(super) fn endpoint_addresses(&self) -> Vec<IpAddr> {
        self.destinations.iter().map(|place| place.ip).collect()
    }
}

fn groups<'p>(places: impl Iterator<Item = &'p Place>) -> Vec<SecurityGroupId> {
    let mut all: Vec<_> =
        places.filter_map(|place| place.groups.known()).flatten().cloned().collect::<Vec<_>>();
    all.sort();
    all.dedup();
    all
}

fn subnets<'p>(places: impl Iterator<Item = &'p Place>) -> Vec<(SubnetId, VpcId)> {
    let known = |place: &Place| Some((place.subnet.known()?.clone(), place.vpc.known()?.clone()));
    let mut all: Vec<_> = Vec::new();
    for subnet in places.filter_map(known) {
        if !all.contains(&subnet) {
            all.push(subnet);
        }
    }
    all
}
