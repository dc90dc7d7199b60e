//! What a step rests on, told only when somebody asks.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use crate::{
    analyze::{
        network_acl::{self, AclDecision, AclPart},
        route,
        security_group::{self, Denial},
    },
    model::{
        firewall::{Direction, NetworkAcl, SecurityGroup},
        known::Unknown,
        net::PortRange,
        resource::{ResourceKind, ResourceRef},
        route::RouteTable,
        transit::TransitGatewayRouteTable,
    },
};

use super::{Blocker, Step, StepOutcome};

#[derive(Clone, Debug, PartialEq)]
pub enum Ground {
    /// The rule of a group that admits.
    Rule { group: Arc<SecurityGroup>, rule: usize },
    /// None of a group's rules admits; the blocker has them.
    Groups(Direction),
    /// Packets between an ACL's subnet and another address, by their destination ports.
    Acl { acl: Arc<NetworkAcl>, direction: Direction, other: IpAddr, ports: PortRange, decision: AclDecision },
    /// The route that decides, if any does.
    Route { table: Arc<RouteTable>, route: Option<usize> },
    /// The same at a transit gateway.
    Transit { table: Arc<TransitGatewayRouteTable>, route: Option<usize> },
    /// A sentence, and what it is about.
    Said { about: Option<ResourceRef>, what: Cow<'static, str> },
    /// What is missing.
    Unknown,
}

impl Ground {
    pub(super) fn said(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Said { about: None, what: what.into() }
    }

    pub(super) fn about(
        kind: ResourceKind,
        id: impl std::fmt::Display,
        what: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Said { about: Some(ResourceRef::new(kind, id)), what: what.into() }
    }

    pub(super) fn resource(&self, outcome: &StepOutcome) -> Option<ResourceRef> {
        match self {
            Self::Rule { group, rule } => {
                let group_reference = ResourceRef::new(ResourceKind::SecurityGroup, &group.id);
                Some(match group.rules.get(*rule).and_then(|rule| rule.id.as_ref()) {
                    Some(id) => group_reference.at(id),
                    None => group_reference,
                })
            }
            Self::Groups(_) => {
                let StepOutcome::Deny(Blocker::Group(denial)) = outcome else { return None };
                let nearest = denial.misses().next().map(|(id, _)| id).or(denial.groups.first());
                nearest.map(|id| ResourceRef::new(ResourceKind::SecurityGroup, id))
            }
            Self::Acl { acl, decision, .. } => {
                let resource = ResourceRef::new(ResourceKind::NetworkAcl, &acl.id);
                Some(match decision.main_denial().map(|denial| &denial.entry) {
                    Some(Some(entry)) if entry.number < network_acl::LAST_ENTRY => resource.at(entry.number),
                    Some(_) => resource.at("*"),
                    None => match decision.parts.first().and_then(|part| part.entry.as_ref()) {
                        Some(entry) => resource.at(entry.number),
                        None => resource,
                    },
                })
            }
            Self::Route { table, route } => {
                let resource = ResourceRef::new(ResourceKind::RouteTable, &table.id);
                Some(match route.and_then(|at| table.routes.get(at)) {
                    Some(route) => resource.at(&route.destination),
                    None => resource,
                })
            }
            Self::Transit { table, route } => {
                let resource = ResourceRef::new(ResourceKind::TransitGatewayRouteTable, &table.id);
                let routes = table.routes.known().map_or(&[][..], Vec::as_slice);
                Some(match route.and_then(|at| routes.get(at)) {
                    Some(route) => resource.at(&route.destination),
                    None => resource,
                })
            }
            Self::Said { about, .. } => about.clone(),
            Self::Unknown => None,
        }
    }

    pub(super) fn rule(&self, step: &Step) -> String {
        match self {
            Self::Rule { group, rule } => {
                group.rules.get(*rule).map(security_group::describe).unwrap_or_default()
            }
            Self::Groups(direction) => match &step.outcome {
                StepOutcome::Deny(Blocker::Group(denial)) => describe_denial(denial, *direction),
                outcome => missing(outcome),
            },
            Self::Acl { decision, ports, .. } => match decision.main_denial() {
                Some(denial) if step.blocked_share() > 0.0 => {
                    let percent = (step.blocked_share() * 100.0).floor();
                    format!("{} ({percent:.0} % of ports {ports})", denial.describe())
                }
                Some(denial) => denial.describe(),
                None => decision.parts.first().map(AclPart::describe).unwrap_or_default(),
            },
            Self::Route { table, route } => match route.and_then(|at| table.routes.get(at)) {
                Some(route) => route::describe(route),
                None => "no route matches".to_owned(),
            },
            Self::Transit { table, route } => {
                let routes = table.routes.known().map_or(&[][..], Vec::as_slice);
                match route.and_then(|at| routes.get(at)) {
                    Some(route) => route::describe_transit(route),
                    None => "no route matches".to_owned(),
                }
            }
            Self::Said { what, .. } => what.clone().into_owned(),
            Self::Unknown => missing(&step.outcome),
        }
    }
}

fn missing(outcome: &StepOutcome) -> String {
    let StepOutcome::Undecided(Unknown { missing, reason }) = outcome else { return String::new() };
    format!("{missing}: {}", reason.describe())
}

/// What the rules do admit, nearest misses first, in one phrase; with the group of each where there are several.
fn describe_denial(denial: &Denial, direction: Direction) -> String {
    let several = denial.groups.len() > 1;
    let tell = |(id, rule): (_, _)| {
        if several {
            format!("{id}: {}", security_group::describe(rule))
        } else {
            security_group::describe(rule)
        }
    };
    let told: Vec<_> = denial.misses().take(TOLD).map(tell).collect();
    match denial.rules {
        0 => format!("no {} rule at all", direction.as_str()),
        rules if rules > told.len() => format!("{}; and {} more", told.join("; "), rules - told.len()),
        _ => told.join("; "),
    }
}

/// Enough to see why none fits.
const TOLD: usize = 4;
