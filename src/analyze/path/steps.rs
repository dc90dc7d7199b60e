//! How each step is decided, by itself.

use crate::{
    analyze::{
        network_acl,
        place::Place,
        route,
        security_group::{self, Denial, GroupVerdict, Other},
    },
    model::{
        endpoint::{EndpointState, NetworkInterface, VpcEndpoint},
        firewall::Direction,
        id::PeeringConnectionId,
        inventory::{Inventory, actions},
        known::{Known, Reason, Unknown},
        net::{self, Flow},
        resource::{ResourceKind, ResourceRef},
        route::{PeeringConnection, RouteTarget},
    },
};

use super::{Blocker, Path, RouteBlocker, Step, StepKind, StepOutcome, ports_at};

/// Analyses a flow between two places.
pub fn analyze(inventory: &Inventory, flow: &Flow, source: Place, destination: Place) -> Path {
    let question = Question { inventory, flow, source: &source, destination: &destination };
    let gateway = route::gateway_endpoint(inventory, &source, destination.ip);
    let steps = StepKind::ALL.map(|kind| match gateway {
        Some((_, endpoint)) if !kind.is_at_source() => beyond_gateway(endpoint, kind),
        _ => question.step(kind),
    });
    Path { flow: flow.clone(), source, destination, steps: steps.to_vec() }
}

/// A gateway endpoint is a target of routes and ends them: it has no interface, and so no subnet, group or ACL.
/// <https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html>
fn beyond_gateway(endpoint: &VpcEndpoint, kind: StepKind) -> Step {
    if kind == StepKind::DestinationInterface {
        return endpoint_state(endpoint).step(kind);
    }
    Told::allow(None, format!("{} is a gateway endpoint: nothing of the VPC lies behind it", endpoint.id))
        .step(kind)
}

struct Question<'a> {
    inventory: &'a Inventory,
    flow: &'a Flow,
    source: &'a Place,
    destination: &'a Place,
}

/// What a step came to, before it is told as a [`Step`].
struct Told {
    outcome: StepOutcome,
    resource: Option<ResourceRef>,
    rule: String,
    blocked_share: f64,
}

impl Told {
    fn allow(resource: Option<ResourceRef>, rule: impl Into<String>) -> Self {
        Self { outcome: StepOutcome::Allow, resource, rule: rule.into(), blocked_share: 0.0 }
    }

    fn deny(blocker: Blocker, resource: Option<ResourceRef>, rule: impl Into<String>) -> Self {
        Self { outcome: StepOutcome::Deny(blocker), resource, rule: rule.into(), blocked_share: 0.0 }
    }

    fn step(self, kind: StepKind) -> Step {
        Step {
            kind,
            outcome: self.outcome,
            resource: self.resource,
            rule: self.rule,
            blocked_share: self.blocked_share,
        }
    }
}

impl From<Unknown> for Told {
    fn from(why: Unknown) -> Self {
        let rule = format!("{}: {}", why.missing, why.reason.describe());
        Self { outcome: StepOutcome::Undecided(why), resource: None, rule, blocked_share: 0.0 }
    }
}

/// Both branches of a decision end in a step, so `?` may carry an unknown out early.
fn told(result: Result<Told, Unknown>, kind: StepKind) -> Step {
    result.unwrap_or_else(Told::from).step(kind)
}

impl Question<'_> {
    fn step(&self, kind: StepKind) -> Step {
        match kind {
            StepKind::SourceGroupEgress | StepKind::DestinationGroupIngress => self.group(kind),
            StepKind::ForwardRoute | StepKind::ReturnRoute => self.route(kind),
            StepKind::DestinationInterface => self.destination_interface(),
            StepKind::SourceAclEgress
            | StepKind::DestinationAclIngress
            | StepKind::ReturnAclEgress
            | StepKind::ReturnAclIngress => self.acl(kind),
        }
    }

    fn group(&self, kind: StepKind) -> Step {
        let (own, other) = self.sides(kind);
        let peer = Other {
            ip: other.ip,
            groups: &other.groups,
            protocol: self.flow.protocol,
            port: self.flow.destination_port,
        };
        let verdict = security_group::evaluate(self.inventory, &own.groups, kind.direction(), peer);
        let reference = |id: &dyn std::fmt::Display| Some(ResourceRef::new(ResourceKind::SecurityGroup, id));
        match verdict {
            GroupVerdict::Allow { group, rule } => {
                let resource = reference(&group).map(|r| match &rule.id {
                    Some(id) => r.at(id),
                    None => r,
                });
                Told::allow(resource, security_group::describe(&rule))
            }
            GroupVerdict::Deny(denial) => {
                let nearest = denial.misses().next().map(|(id, _)| id).or(denial.groups.first());
                let resource = nearest.and_then(|id| reference(id));
                let rule = describe_denial(&denial, kind.direction());
                Told::deny(Blocker::Group(denial), resource, rule)
            }
            GroupVerdict::Unfiltered => {
                Told::allow(None, "the interface has no security group: nothing filters it")
            }
            GroupVerdict::Undecided(why) => why.into(),
        }
        .step(kind)
    }

    fn acl(&self, kind: StepKind) -> Step {
        told(self.weigh_acl(kind), kind)
    }

    fn weigh_acl(&self, kind: StepKind) -> Result<Told, Unknown> {
        let (own, other) = self.sides(kind);
        if let (Known::Known(a), Known::Known(b)) = (&self.source.subnet, &self.destination.subnet)
            && a == b
        {
            return Ok(Told::allow(None, "same subnet: network ACLs do not apply"));
        }
        let acl = network_acl::of_subnet(self.inventory, own.subnet.ok()?);
        let acl = *acl.ok()?;
        let ports = ports_at(self.flow, kind);
        let decision = network_acl::evaluate(acl, kind.direction(), other.ip, self.flow.protocol, ports);
        let resource = ResourceRef::new(ResourceKind::NetworkAcl, &acl.id);
        let share = *decision.blocked_share().ok()?;
        let Some(denial) = decision.main_denial() else {
            let rule = decision.parts.first().map(network_acl::AclPart::describe).unwrap_or_default();
            return Ok(Told::allow(Some(resource), rule));
        };
        let resource = Some(match &denial.entry {
            Some(entry) => resource.at(entry.number),
            None => resource.at("*"),
        });
        let rule = denial.describe();
        if share < 1.0 {
            let rule = format!("{rule} ({:.0} % of the client's ports)", (share * 100.0).floor());
            return Ok(Told { blocked_share: share, ..Told::allow(resource, rule) });
        }
        Ok(Told::deny(Blocker::Acl { decision }, resource, rule))
    }

    fn route(&self, kind: StepKind) -> Step {
        told(self.weigh_route(kind), kind)
    }

    fn weigh_route(&self, kind: StepKind) -> Result<Told, Unknown> {
        let (from, to) =
            if kind.is_return() { (self.destination, self.source) } else { (self.source, self.destination) };
        let decision = route::decide_from(self.inventory, from, to.ip);
        let decision = decision.ok()?;
        let resource = Some(ResourceRef::new(ResourceKind::RouteTable, &decision.table.id));
        let Some(route) = decision.route else {
            return Ok(Told::deny(Blocker::Route(RouteBlocker::Missing), resource, "no route matches"));
        };
        let rule = route::describe(route);
        let deny = |why| Ok(Told::deny(Blocker::Route(why), resource.clone(), rule.clone()));
        if route.is_blackhole() {
            return deny(RouteBlocker::Blackhole);
        }
        match &route.target {
            RouteTarget::Local => Ok(Told::allow(resource, rule)),
            RouteTarget::Peering(id) => match self.peering_carries(id, to)? {
                None => Ok(Told::allow(resource, rule)),
                Some(why) => deny(why),
            },
            RouteTarget::InternetGateway(_) | RouteTarget::EgressOnlyInternetGateway(_)
                if net::is_private(to.ip) =>
            {
                deny(RouteBlocker::NotCarried)
            }
            // A reply with another sender's address belongs to no connection.
            RouteTarget::NatGateway(_) if kind.is_return() => deny(RouteBlocker::NotCarried),
            RouteTarget::VpcEndpoint(id) if route::is_gateway(self.inventory, id) => {
                Ok(Told::allow(resource, rule))
            }
            other => Err(Unknown::new(
                format!("what lies behind {}", other.id()),
                Reason::Failed { message: format!("{rule} leaves what this inventory shows") },
            )),
        }
    }

    /// Why a peering connection would not carry packets to this place, if so.
    fn peering_carries(&self, id: &PeeringConnectionId, to: &Place) -> Result<Option<RouteBlocker>, Unknown> {
        let connections = self.inventory.peering_connections.ok()?;
        let Some(connection) = connections.iter().find(|connection| connection.id == *id) else {
            return Err(Unknown::new(actions::PEERING_CONNECTIONS, Reason::Absent));
        };
        if !connection.is_active() {
            return Ok(Some(RouteBlocker::PeeringInactive { status: connection.status.clone() }));
        }
        Ok((!carries_address(connection, to)).then_some(RouteBlocker::BeyondPeering))
    }

    fn destination_interface(&self) -> Step {
        told(self.weigh_destination(), StepKind::DestinationInterface)
    }

    fn weigh_destination(&self) -> Result<Told, Unknown> {
        let Ok(eni) = self.destination.eni.ok() else {
            return self.nobody_holds();
        };
        let resource = Some(ResourceRef::new(ResourceKind::NetworkInterface, eni));
        let Some(interface) = self.inventory.interface(eni) else {
            return Ok(Told::allow(resource, "the interface exists"));
        };
        let endpoint = self.inventory.endpoint_of(interface);
        if !interface.is_endpoint() && endpoint.known().is_none_or(Option::is_none) {
            return Ok(Told::allow(resource, format!("held by {eni}, which belongs to no endpoint")));
        }
        let Some(endpoint) = endpoint.ok()? else {
            return Err(Unknown::new(actions::VPC_ENDPOINTS, Reason::Absent));
        };
        Ok(endpoint_state(endpoint))
    }

    /// An address that no known interface holds: a dead end inside a VPC we can see whole, unknown elsewhere.
    fn nobody_holds(&self) -> Result<Told, Unknown> {
        self.inventory.network_interfaces.ok()?;
        let ip = self.destination.ip;
        let vpc = self.source.vpc.ok()?;
        let inside =
            self.inventory.vpc(vpc).is_some_and(|vpc| vpc.cidrs.iter().any(|cidr| cidr.contains(&ip)));
        if inside && matches!(&self.destination.eni, Known::Unknown(why) if why.reason == Reason::Unheld) {
            self.sees_whole_vpc()?;
            if let Some(eni) = self.held_elsewhere() {
                let resource = Some(ResourceRef::new(ResourceKind::NetworkInterface, &eni.id));
                let rule = format!("{ip} lies in {vpc}, and {} in {} holds it", eni.id, eni.vpc);
                let blocker = Blocker::Overlapped { eni: eni.id.clone(), vpc: eni.vpc.clone() };
                return Ok(Told::deny(blocker, resource, rule));
            }
            let resource = Some(ResourceRef::new(ResourceKind::Vpc, vpc));
            return Ok(Told::deny(Blocker::Unheld, resource, format!("no interface of {vpc} holds {ip}")));
        }
        Err(self
            .destination
            .eni
            .ok()
            .err()
            .unwrap_or_else(|| Unknown::new(actions::NETWORK_INTERFACES, Reason::Absent)))
    }

    /// From a subnet that another account shares, that account's interfaces are not to be seen.
    fn sees_whole_vpc(&self) -> Result<(), Unknown> {
        let (Known::Known(subnet), Known::Known(eni)) = (&self.source.subnet, &self.source.eni) else {
            return Ok(());
        };
        if !*self.inventory.is_shared(subnet, eni).ok()? {
            return Ok(());
        }
        let message = format!("{subnet} is shared by another account, whose interfaces are not listed");
        Err(Unknown::new(actions::NETWORK_INTERFACES, Reason::Failed { message }))
    }

    /// The endpoint's interface that holds the destination address in some other VPC.
    fn held_elsewhere(&self) -> Option<&NetworkInterface> {
        let holders = self.inventory.interfaces_holding(self.destination.ip);
        holders.known()?.iter().copied().find(|eni| eni.is_endpoint())
    }

    /// The place whose rules are asked, and the one they are asked about.
    fn sides(&self, kind: StepKind) -> (&Place, &Place) {
        if kind.is_at_source() { (self.source, self.destination) } else { (self.destination, self.source) }
    }
}

/// A peering connection carries addresses of its two VPCs and nothing beyond them.
fn carries_address(connection: &PeeringConnection, to: &Place) -> bool {
    let sides = [&connection.requester, &connection.accepter];
    let known: Vec<_> = sides.iter().flat_map(|side| &side.cidrs).collect();
    known.is_empty() || known.iter().any(|cidr| cidr.contains(&to.ip))
}

/// While a connection is not accepted, its interfaces and names exist and everything sent to them times out.
/// <https://repost.aws/knowledge-center/connect-endpoint-service-vpc>
fn endpoint_state(endpoint: &VpcEndpoint) -> Told {
    let resource = Some(ResourceRef::new(ResourceKind::VpcEndpoint, &endpoint.id));
    let rule = format!("{} is {}", endpoint.id, endpoint.state);
    match &endpoint.state {
        EndpointState::Available => Told::allow(resource, rule),
        // Re-entered on every modification, and undocumented: neither proves that packets stop.
        EndpointState::Pending | EndpointState::Partial | EndpointState::Other(_) => Unknown::new(
            format!("whether {} passes traffic while it is {}", endpoint.id, endpoint.state),
            Reason::Failed { message: "this state is transient or undocumented".to_owned() },
        )
        .into(),
        state => Told::deny(Blocker::EndpointState(state.clone()), resource, rule),
    }
}

/// What the rules do admit, nearest misses first, in one phrase; with the group of each where there are several.
pub fn describe_denial(denial: &Denial, direction: Direction) -> String {
    let several = denial.groups.len() > 1;
    let tell = |(id, rule): &(_, _)| {
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
