//! Does a flow pass, step by step, there and back?
//!
//! Every step is decided by itself, so that all blockers are seen and not only the first.

mod steps;

pub use steps::{analyze, describe_denial};

use crate::model::{
    endpoint::EndpointState,
    firewall::Direction,
    id::{NetworkInterfaceId, VpcId},
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
    pub destination: Place,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub kind: StepKind,
    pub outcome: StepOutcome,
    /// The resource that decides.
    pub resource: Option<ResourceRef>,
    /// The deciding rule in its own words.
    pub rule: String,
    /// The share of the client's ports, from 0 to 1, that an allowing step denies all the same.
    pub blocked_share: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepKind {
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
    EndpointState(EndpointState),
    Group(Denial),
    /// No route, or one that leads nowhere.
    Route(RouteBlocker),
    /// Nobody holds the destination address, though it lies in a VPC whose interfaces are all known.
    Unheld,
    /// The same, and an endpoint's interface in another VPC holds it: the ranges of the two overlap.
    Overlapped {
        eni: NetworkInterfaceId,
        vpc: VpcId,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum RouteBlocker {
    Missing,
    Blackhole,
    /// The route points at a gateway that does not carry private destinations, or replies.
    NotCarried,
    /// The peering connection is active, and the address is in neither of its two VPCs.
    BeyondPeering,
    PeeringInactive {
        status: String,
    },
}

impl Path {
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
        let partly = self.steps.iter().filter(|step| step.blocked_share > 0.0);
        partly.max_by(|a, b| a.blocked_share.total_cmp(&b.blocked_share))
    }

    /// Every packet of the flow passes, there and back, whichever port the kernel draws.
    pub fn passes(&self) -> bool {
        self.verdict() == Known::Known(PathVerdict::Allow) && self.partly_blocked().is_none()
    }

    pub fn step(&self, kind: StepKind) -> Option<&Step> {
        self.steps.iter().find(|step| step.kind == kind)
    }

    pub fn blockers(&self) -> impl Iterator<Item = (&Step, &Blocker)> {
        self.steps.iter().filter_map(|step| match &step.outcome {
            StepOutcome::Deny(blocker) => Some((step, blocker)),
            _ => None,
        })
    }

    /// The destination ports of the packets that this step sees: the replies go to the client's.
    pub fn ports_at(&self, kind: StepKind) -> PortRange {
        ports_at(&self.flow, kind)
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

impl StepKind {
    /// In the order in which a packet and its reply meet them.
    pub const ALL: [Self; 9] = [
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

    /// At whose subnet or interface the step stands.
    pub fn is_at_source(self) -> bool {
        matches!(
            self,
            Self::SourceGroupEgress | Self::SourceAclEgress | Self::ForwardRoute | Self::ReturnAclIngress
        )
    }

    /// Seen from the resource that decides.
    pub fn direction(self) -> Direction {
        match self {
            Self::SourceGroupEgress
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

    fn is_return(self) -> bool {
        matches!(self, Self::ReturnAclEgress | Self::ReturnRoute | Self::ReturnAclIngress)
    }
}

fn ports_at(flow: &Flow, kind: StepKind) -> PortRange {
    if kind.is_return() { flow.source_ports } else { PortRange::single(flow.destination_port) }
}
