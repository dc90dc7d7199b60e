//! Does a flow pass, step by step, there and back?
//!
//! Every step is decided by itself, so that all blockers are seen and not only the first. A step about routes
//! has as many parts as there are tables, gateways and subnets on the way.

mod code;
mod ends;
mod ground;
mod reachability;
mod steps;
mod walk;

use std::net::IpAddr;

pub use code::{DenialKind, code, reachability_code};
pub use ends::{End, EndError, LINUX_PORTS, Question, between};
pub use ground::Ground;
pub use reachability::{Coverage, ReachabilityCode};
pub use steps::{Aim, analyze};
pub use walk::Loss;

use crate::model::{
    endpoint::EndpointState,
    firewall::{Direction, NetworkAcl},
    id::{NetworkInterfaceId, VpcId},
    inventory::Inventory,
    known::{Known, Unknown},
    net::{Flow, PortRange},
    report::PathVerdict,
    resource::ResourceRef,
};

use super::{network_acl::AclDecision, place::Place, security_group::Denial};

/// The steps of one flow in the order a packet and its reply meet them.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    pub flow: Flow,
    pub source: Place,
    /// Where the routes lead; where they lead nowhere, the only place that holds the address.
    pub destination: Place,
    pub aim: Aim,
    /// What the far end sees of the client.
    pub seen: Seen,
    pub steps: Vec<Step>,
}

/// The client as the far end sees it: itself, unless something translates its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub ip: IpAddr,
    pub ports: PortRange,
    /// Whether the far end's rules still know the client's security groups, and the client's those of the far end.
    pub identity: Identity,
}

/// A rule that names a group admits the group's members, as long as the network knows who sent a packet.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    Kept,
    /// Inbound rules know it; outbound rules do not: across a transit gateway that supports references.
    KeptInbound,
    Lost(Loss),
    Unknown(Unknown),
}

/// One part of a step: a packet meets it, and it decides.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub kind: StepKind,
    pub outcome: StepOutcome,
    /// What decides.
    pub ground: Ground,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepKind {
    SourceInterface,
    SourceGroupEgress,
    SourceAclEgress,
    ForwardRoute,
    DestinationInterface,
    DestinationAclIngress,
    DestinationGroupIngress,
    ReturnAclEgress,
    ReturnRoute,
    ReturnAclIngress,
}

#[derive(Clone, Debug, PartialEq)]
pub enum StepOutcome {
    Allow,
    Deny(Blocker),
    Undecided(Unknown),
}

/// What stops the flow at a step, with all that an explanation needs.
#[derive(Clone, Debug, PartialEq)]
pub enum Blocker {
    Acl {
        decision: AclDecision,
    },
    /// An endpoint's interface answers and never begins.
    CannotInitiate,
    EndpointState(EndpointState),
    Group(Denial),
    /// The interface is attached to nothing.
    NotInUse {
        status: String,
    },
    /// The instance of the interface does not run.
    NotRunning {
        state: String,
    },
    /// No route, or one that leads nowhere.
    Route(RouteBlocker),
    /// A gateway endpoint carries TCP alone.
    Protocol,
    /// The service behind the endpoint is not offered in the zone of this interface.
    ServiceNotInZone {
        zone: String,
    },
    /// Nobody holds the destination address, though it lies in a VPC whose interfaces are all known.
    Unheld,
    /// The routes lead elsewhere, and an interface in another VPC holds the address: the ranges of the two overlap.
    Overlapped {
        eni: NetworkInterfaceId,
        vpc: VpcId,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteBlocker {
    Missing,
    Blackhole,
    /// The route points at a gateway that does not carry private destinations, or replies.
    NotCarried,
    /// The internet gateway is attached to no VPC, or to another one.
    Detached,
    /// An internet gateway carries IPv4 for addresses that have a public one.
    NoPublicAddress,
    NatUnavailable {
        state: String,
    },
    /// The route's target is an interface that takes only what is addressed to itself.
    SourceDestCheck,
    /// The peering connection is active, and one of the two addresses is in neither of its two VPCs.
    BeyondPeering,
    PeeringInactive {
        status: String,
    },
    /// Replies are led into another VPC than they have to come to.
    Astray {
        vpc: VpcId,
    },
    /// The routes lead in a circle.
    Circle,
    Transit(TransitBlocker),
}

/// What stops packets at a transit gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransitBlocker {
    /// The gateway has no attachment to this VPC.
    Detached,
    Unavailable {
        state: String,
    },
    /// The attachment has no subnet in the zone from which the packets come.
    NotInZone {
        zone: String,
    },
    /// No route table is associated with the attachment.
    Unassociated,
    Missing,
    Blackhole,
}

/// What an ACL was asked, and what it said.
#[derive(Clone, Copy, Debug)]
pub struct AclView<'a> {
    pub acl: &'a NetworkAcl,
    pub direction: Direction,
    pub other: IpAddr,
    /// Destination ports.
    pub ports: PortRange,
    pub decision: &'a AclDecision,
}

impl Path {
    /// What a host says to itself meets nothing of the VPC.
    pub fn to_itself(flow: Flow, source: Place) -> Self {
        let seen = Seen { ip: flow.source, ports: flow.source_ports, identity: Identity::Kept };
        Self { destination: source.clone(), aim: Aim::Address, seen, steps: Vec::new(), flow, source }
    }

    /// The same question of another inventory.
    #[must_use]
    pub fn again(&self, inventory: &Inventory) -> Self {
        analyze(inventory, &self.flow, self.source.clone(), self.aim.clone())
    }

    pub fn verdict(&self) -> Known<PathVerdict> {
        if self.blockers().next().is_some() {
            return Known::Known(PathVerdict::Deny);
        }
        let undecided = self.steps.iter().find_map(|step| match &step.outcome {
            StepOutcome::Undecided(why) => Some(why.clone()),
            _ => None,
        });
        undecided.map_or(Known::Known(PathVerdict::Allow), Known::Unknown)
    }

    /// The step that denies the largest share of the client's ports while it allows the rest.
    pub fn partly_blocked(&self) -> Option<&Step> {
        let partly = self.steps.iter().filter(|step| step.blocked_share() > 0.0);
        partly.max_by(|a, b| a.blocked_share().total_cmp(&b.blocked_share()))
    }

    /// Every packet of the flow passes, there and back, whichever port the kernel draws.
    pub fn passes(&self) -> bool {
        self.verdict() == Known::Known(PathVerdict::Allow) && self.partly_blocked().is_none()
    }

    /// The part of a step that speaks for it: one that denies, or else one that cannot be decided, or else the first.
    pub fn step(&self, kind: StepKind) -> Option<&Step> {
        let severity = |step: &&Step| match &step.outcome {
            StepOutcome::Deny(_) => 0,
            StepOutcome::Undecided(_) => 1,
            StepOutcome::Allow if step.blocked_share() > 0.0 => 2,
            StepOutcome::Allow => 3,
        };
        self.parts(kind).min_by_key(severity)
    }

    /// All parts of a step, in the order in which a packet meets them.
    pub fn parts(&self, kind: StepKind) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.kind == kind)
    }

    pub fn blockers(&self) -> impl Iterator<Item = (&Step, &Blocker)> {
        self.steps.iter().filter_map(|step| match &step.outcome {
            StepOutcome::Deny(blocker) => Some((step, blocker)),
            _ => None,
        })
    }

    /// What stops the flow at this step; `Ok(None)` when the step lets it pass.
    pub fn blocker_at(&self, kind: StepKind) -> Result<Option<(&Step, &Blocker)>, Unknown> {
        match self.step(kind).map(|step| (step, &step.outcome)) {
            Some((step, StepOutcome::Deny(blocker))) => Ok(Some((step, blocker))),
            Some((_, StepOutcome::Undecided(why))) => Err(why.clone()),
            Some((_, StepOutcome::Allow)) | None => Ok(None),
        }
    }
}

impl Step {
    /// The share of the client's ports, from 0 to 1, that an ACL denies while it allows the rest.
    pub fn blocked_share(&self) -> f64 {
        let Ground::Acl { decision, .. } = &self.ground else { return 0.0 };
        decision.blocked_share().known().copied().filter(|share| *share < 1.0).unwrap_or_default()
    }

    /// The resource that decides.
    pub fn resource(&self) -> Option<ResourceRef> {
        self.ground.resource(&self.outcome)
    }

    /// The ACL, the packets that it is asked about and what it says, if it is an ACL that decides.
    pub fn acl(&self) -> Option<AclView<'_>> {
        let Ground::Acl { acl, direction, other, ports, decision } = &self.ground else { return None };
        Some(AclView { acl, direction: *direction, other: *other, ports: *ports, decision })
    }

    /// Its id, or a word for it.
    pub fn id_or(&self, word: &str) -> String {
        self.resource().map_or_else(|| word.to_owned(), |resource| resource.id)
    }

    /// The deciding rule in its own words.
    pub fn rule(&self) -> String {
        self.ground.rule(self)
    }
}

impl StepKind {
    /// In the order in which a packet and its reply meet them.
    pub const ALL: [Self; 10] = [
        Self::SourceInterface,
        Self::SourceGroupEgress,
        Self::SourceAclEgress,
        Self::ForwardRoute,
        Self::DestinationInterface,
        Self::DestinationAclIngress,
        Self::DestinationGroupIngress,
        Self::ReturnAclEgress,
        Self::ReturnRoute,
        Self::ReturnAclIngress,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::SourceInterface => "source-interface",
            Self::SourceGroupEgress => "source-sg-egress",
            Self::SourceAclEgress => "source-nacl-egress",
            Self::ForwardRoute => "forward-route",
            Self::DestinationInterface => "destination-interface",
            Self::DestinationAclIngress => "destination-nacl-ingress",
            Self::DestinationGroupIngress => "destination-sg-ingress",
            Self::ReturnAclEgress => "return-nacl-egress",
            Self::ReturnRoute => "return-route",
            Self::ReturnAclIngress => "return-nacl-ingress",
        }
    }

    /// At whose subnet or interface the step begins.
    pub fn is_at_source(self) -> bool {
        matches!(
            self,
            Self::SourceInterface
                | Self::SourceGroupEgress
                | Self::SourceAclEgress
                | Self::ForwardRoute
                | Self::ReturnAclIngress
        )
    }

    /// Seen from the resource that decides.
    pub fn direction(self) -> Direction {
        match self {
            Self::SourceInterface
            | Self::SourceGroupEgress
            | Self::SourceAclEgress
            | Self::ForwardRoute
            | Self::ReturnAclEgress
            | Self::ReturnRoute => Direction::Egress,
            Self::DestinationInterface
            | Self::DestinationAclIngress
            | Self::DestinationGroupIngress
            | Self::ReturnAclIngress => Direction::Ingress,
        }
    }

    /// The step is about replies.
    pub fn is_return(self) -> bool {
        matches!(self, Self::ReturnAclEgress | Self::ReturnRoute | Self::ReturnAclIngress)
    }
}
