//! The endpoint: which it is, its state, its interfaces.

use std::net::IpAddr;

use crate::model::{
    difference::{Difference, DifferenceKind},
    endpoint::{NetworkInterface, VpcEndpoint},
    id::{EndpointId, NetworkInterfaceId, SubnetId},
    resource::{ResourceKind, ResourceRef},
};

use super::{Both, apart, list, side::Side, turn};

pub(super) fn differences(both: &Both<'_>) -> Vec<Difference> {
    let mut all: Vec<Difference> = led_to(both).into_iter().collect();
    for id in both.either(Side::endpoints) {
        match (both.then.endpoint(&id), both.now.endpoint(&id)) {
            (Some(then), Some(now)) => {
                all.extend(interfaces(both, then, now));
                all.extend(state(then, now));
            }
            (Some(then), None) => all.extend(gone(both, then)),
            (None, Some(now)) => all.extend(new(both, now)),
            (None, None) => {}
        }
    }
    all
}

fn led_to(both: &Both<'_>) -> Option<Difference> {
    let (then, now) = (both.then.led_to(), both.now.led_to());
    let (lost, gained) = apart(&then, &now);
    // A name that leads to no endpoint any more is told by its addresses.
    if then.is_empty() || now.is_empty() || (lost.is_empty() && gained.is_empty()) {
        return None;
    }
    let host = &both.now.target.target.host;
    let told = Difference::new(DifferenceKind::Endpoint, format!("{host} leads to {}", turn(&lost, &gained)))
        .at(ResourceRef::new(ResourceKind::DnsName, host))
        .about(lost.iter().chain(&gained));
    Some(told.from(list(&then)).to(list(&now)))
}

fn state(then: &VpcEndpoint, now: &VpcEndpoint) -> Option<Difference> {
    let fact = format!("{} is {}, formerly {}", now.id, now.state, then.state);
    let told = Difference::new(DifferenceKind::EndpointState, fact).at(reference(&now.id));
    (then.state != now.state).then(|| told.from(then.state.to_string()).to(now.state.to_string()))
}

/// Gone only where its VPC was described: an inventory need not know of other places.
fn gone(both: &Both<'_>, then: &VpcEndpoint) -> Option<Difference> {
    let looked = both.now.inventory().vpc_endpoints.is_known() && both.now.describes(&then.vpc);
    let fact = format!("{} for {} is gone", then.id, then.service);
    let told = Difference::new(DifferenceKind::Endpoint, fact).at(reference(&then.id));
    looked.then(|| told.from(then.state.to_string()))
}

fn new(both: &Both<'_>, now: &VpcEndpoint) -> Option<Difference> {
    let looked = both.then.inventory().vpc_endpoints.is_known() && both.then.describes(&now.vpc);
    let fact = format!("{} for {} is new", now.id, now.service);
    let told = Difference::new(DifferenceKind::Endpoint, fact).at(reference(&now.id));
    let since = now.created.filter(|created| *created > both.then.facts.now);
    looked.then(|| Difference { since, ..told.to(now.state.to_string()) })
}

fn reference(id: &EndpointId) -> ResourceRef {
    ResourceRef::new(ResourceKind::VpcEndpoint, id)
}

/// Replaced, gone and new interfaces, and those that hold other addresses.
fn interfaces(both: &Both<'_>, then: &VpcEndpoint, now: &VpcEndpoint) -> Vec<Difference> {
    let (lost, mut gained) = apart(&then.network_interfaces, &now.network_interfaces);
    let mut all = Vec::new();
    for id in &lost {
        let old = Interface::new(&both.then, id);
        let here = |id: &NetworkInterfaceId| Interface::new(&both.now, id).subnet();
        let successor = gained.iter().position(|new| old.subnet().is_some() && here(new) == old.subnet());
        let new = successor.map(|at| gained.remove(at));
        all.push(shifted(&now.id, Some(&old), new.map(|id| Interface::new(&both.now, &id)).as_ref()));
    }
    for id in gained {
        all.push(shifted(&now.id, None, Some(&Interface::new(&both.now, &id))));
    }
    let kept = then.network_interfaces.iter().filter(|id| now.network_interfaces.contains(id));
    all.extend(kept.filter_map(|id| readdressed(both, &now.id, id)));
    all
}

/// An interface as far as it is known.
struct Interface<'a> {
    id: NetworkInterfaceId,
    eni: Option<&'a NetworkInterface>,
}

impl<'a> Interface<'a> {
    fn new(side: &Side<'a>, id: &NetworkInterfaceId) -> Self {
        Self { id: id.clone(), eni: side.inventory().interface(id) }
    }

    fn subnet(&self) -> Option<SubnetId> {
        self.eni.map(|eni| eni.subnet.clone())
    }

    fn addresses(&self) -> &'a [IpAddr] {
        self.eni.map_or(&[], |eni| &eni.addresses)
    }

    fn describe(&self) -> String {
        match self.addresses() {
            [] => self.id.to_string(),
            addresses => format!("{} ({})", self.id, list(addresses)),
        }
    }
}

fn shifted(endpoint: &EndpointId, old: Option<&Interface<'_>>, new: Option<&Interface<'_>>) -> Difference {
    let (before, after) = (old.map(Interface::describe), new.map(Interface::describe));
    let place = format!("{endpoint} in {}", subnet_of(old.or(new)));
    let known = [old, new].into_iter().flatten();
    let subjects: Vec<String> = known
        .flat_map(|eni| {
            std::iter::once(eni.id.to_string()).chain(eni.addresses().iter().map(ToString::to_string))
        })
        .collect();
    super::part(DifferenceKind::EndpointInterface, &place, reference(endpoint), before, after).about(subjects)
}

fn subnet_of(interface: Option<&Interface<'_>>) -> String {
    interface.and_then(Interface::subnet).map_or("a subnet that is not known".to_owned(), |id| id.to_string())
}

fn readdressed(both: &Both<'_>, endpoint: &EndpointId, id: &NetworkInterfaceId) -> Option<Difference> {
    let (then, now) = (both.then.inventory().interface(id)?, both.now.inventory().interface(id)?);
    let (lost, gained) = apart(&then.addresses, &now.addresses);
    if lost.is_empty() && gained.is_empty() {
        return None;
    }
    let fact = format!("{id} of {endpoint} holds {}", turn(&lost, &gained));
    let told = Difference::new(DifferenceKind::EndpointInterface, fact)
        .at(ResourceRef::new(ResourceKind::NetworkInterface, id))
        .about(lost.iter().chain(&gained));
    Some(told.from(list(&then.addresses)).to(list(&now.addresses)))
}
