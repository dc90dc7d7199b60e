//! What stops a flow, as one word: ours, and that of VPC Reachability Analyzer.

use crate::{
    analyze::security_group::Denial,
    model::{
        endpoint::EndpointState,
        firewall::{Direction, Peer},
        net,
    },
};

use super::{
    Blocker, Loss, Path, RouteBlocker, Step, StepKind, TransitBlocker,
    reachability::{self, ReachabilityCode},
};

/// The ways in which groups can fail to admit a flow, the telling one first: a denial is of exactly one kind, so
/// exactly one finding speaks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DenialKind {
    /// Only the VPC's default group, which admits its own members.
    DefaultGroup,
    /// A rule admits this port, to a group behind a peering connection that is gone.
    StaleReference,
    /// A rule admits the client's group, and the client comes through something that hides who it is.
    ViaMiddlebox,
    /// The same, across a transit gateway.
    OverTransitGateway,
    /// The same, from another Region.
    CrossRegion,
    /// Rules admit this port to IPv4 addresses alone, and the client has an IPv6 address.
    Ipv6Gap,
    /// A rule admits this client, on other ports.
    WrongPort,
    /// A rule admits this port, to members of another group.
    OtherGroup,
    /// A rule admits this port, to a prefix list that the client is not in.
    PrefixList,
    /// A rule admits this port, to addresses that are not the client's.
    OtherAddresses,
    /// Nothing comes near.
    NoRule,
}

impl Denial {
    pub fn kind(&self) -> DenialKind {
        let names = |is: fn(&Peer) -> bool| self.other_peers().any(|(_, rule)| is(&rule.peer));
        if self.default_group && self.lost.is_none() {
            return DenialKind::DefaultGroup;
        }
        match &self.lost {
            Some(Loss::TransitGateway) => return DenialKind::OverTransitGateway,
            Some(Loss::OtherRegion(_)) => return DenialKind::CrossRegion,
            Some(Loss::Middlebox(_) | Loss::Translated(_)) => return DenialKind::ViaMiddlebox,
            None => {}
        }
        if names(Peer::is_stale_reference) {
            DenialKind::StaleReference
        } else if self.is_ipv6_gap() {
            DenialKind::Ipv6Gap
        } else if self.other_ports().next().is_some() {
            DenialKind::WrongPort
        } else if names(|peer| matches!(peer, Peer::Group { .. })) {
            DenialKind::OtherGroup
        } else if names(|peer| matches!(peer, Peer::PrefixList(_))) {
            DenialKind::PrefixList
        } else if self.other_peers().next().is_some() {
            DenialKind::OtherAddresses
        } else {
            DenialKind::NoRule
        }
    }
}

/// The code of the finding that explains this blocker.
pub fn code(path: &Path, step: &Step, blocker: &Blocker) -> &'static str {
    match blocker {
        Blocker::Acl { decision } if decision.ipv6_forgotten => "nacl-ipv6-missing",
        Blocker::Acl { .. } => acl_code(path, step),
        Blocker::CannotInitiate => "endpoint-cannot-initiate",
        Blocker::EndpointState(state) => state_code(state),
        Blocker::Group(denial) => group_code(denial, step.kind),
        Blocker::NotInUse { .. } => "interface-not-in-use",
        Blocker::NotRunning { .. } => "instance-not-running",
        Blocker::Route(route) => route_code(route, step.kind),
        Blocker::Protocol => "endpoint-wrong-type",
        Blocker::ServiceNotInZone { .. } => "endpoint-service-az-gap",
        Blocker::Unheld => "address-not-held",
        Blocker::Overlapped { .. } => "route-overlap-local",
    }
}

/// By whose side of the way the subnet is on.
fn acl_code(path: &Path, step: &Step) -> &'static str {
    let own = step.acl().and_then(|asked| asked.acl.vpc.as_ref());
    let at_source = match step.kind {
        StepKind::ForwardRoute | StepKind::ReturnRoute => {
            let (source, destination) = (path.source.vpc.known(), path.destination.vpc.known());
            own.is_none() || own == source || own != destination
        }
        kind => kind.is_at_source(),
    };
    match (at_source, step.kind.is_return()) {
        (true, false) => "nacl-client-egress",
        (false, false) => "nacl-endpoint-ingress",
        (false, true) => "nacl-endpoint-egress-ephemeral",
        (true, true) => "nacl-client-ingress-ephemeral",
    }
}

fn state_code(state: &EndpointState) -> &'static str {
    match state {
        EndpointState::PendingAcceptance => "endpoint-pending-acceptance",
        EndpointState::Rejected => "endpoint-rejected",
        EndpointState::Expired => "endpoint-expired",
        EndpointState::Failed => "endpoint-failed",
        EndpointState::Deleted | EndpointState::Deleting => "endpoint-deleted",
        EndpointState::Pending => "endpoint-pending",
        EndpointState::Available | EndpointState::Partial | EndpointState::Other(_) => "endpoint-partial",
    }
}

fn group_code(denial: &Denial, kind: StepKind) -> &'static str {
    let at_source = kind.direction() == Direction::Egress;
    match denial.kind() {
        _ if at_source && denial.rules == 0 => "sg-source-no-rules",
        DenialKind::StaleReference => "sg-ref-stale",
        DenialKind::ViaMiddlebox => "sg-ref-via-middlebox",
        DenialKind::OverTransitGateway => "sg-ref-over-tgw",
        DenialKind::CrossRegion => "sg-ref-cross-region",
        DenialKind::Ipv6Gap => "sg-ipv6-gap",
        DenialKind::PrefixList => "sg-prefix-list-incomplete",
        _ if at_source => "sg-source-egress-missing",
        DenialKind::DefaultGroup => "sg-endpoint-default-group",
        DenialKind::WrongPort => "sg-endpoint-wrong-port",
        DenialKind::OtherGroup => "sg-endpoint-refs-other-group",
        DenialKind::OtherAddresses => "sg-endpoint-cidr-omits-source",
        DenialKind::NoRule => "sg-endpoint-ingress-missing",
    }
}

fn route_code(blocker: &RouteBlocker, kind: StepKind) -> &'static str {
    match blocker {
        RouteBlocker::Blackhole | RouteBlocker::NatUnavailable { .. } => "route-blackhole",
        RouteBlocker::BeyondPeering => "route-edge-to-edge",
        RouteBlocker::PeeringInactive { .. } => "route-peering-inactive",
        RouteBlocker::SourceDestCheck => "route-more-specific-middlebox",
        RouteBlocker::Transit(TransitBlocker::NotInZone { .. }) => "tgw-az-missing",
        RouteBlocker::Transit(_) => "tgw-route-missing",
        RouteBlocker::Missing
        | RouteBlocker::NotCarried
        | RouteBlocker::Detached
        | RouteBlocker::NoPublicAddress
        | RouteBlocker::Astray { .. }
        | RouteBlocker::Circle => {
            if kind.is_return() {
                "route-return-missing"
            } else {
                "route-missing"
            }
        }
    }
}

/// The code under which Reachability Analyzer would show this blocker, where it has one.
pub fn reachability_code(path: &Path, step: &Step, blocker: &Blocker) -> Option<ReachabilityCode> {
    use ReachabilityCode as Code;
    Some(match blocker {
        Blocker::Acl { .. } => Code::SubnetAclRestriction,
        Blocker::CannotInitiate => Code::VpceIntraVpcTraffic,
        Blocker::EndpointState(_) | Blocker::NotInUse { .. } | Blocker::NotRunning { .. } => Code::BadState,
        Blocker::Group(denial) if denial.rules == 0 => Code::SgHasNoRules,
        Blocker::Group(denial) => match denial.kind() {
            DenialKind::OverTransitGateway => Code::SgReferencingSupport,
            DenialKind::ViaMiddlebox | DenialKind::CrossRegion => Code::SgReferencesNotPreserved,
            _ => Code::EniSgRulesMismatch,
        },
        Blocker::Protocol => Code::VpceGatewayProtocolRestriction,
        Blocker::ServiceNotInZone { .. } => Code::VpceServiceNotInstalledInAz,
        Blocker::Unheld | Blocker::Overlapped { .. } => Code::EniAddressRestriction,
        Blocker::Route(route) => return reachability_route(path, step.kind, route),
    })
}

fn reachability_route(path: &Path, kind: StepKind, blocker: &RouteBlocker) -> Option<ReachabilityCode> {
    use ReachabilityCode as Code;
    let to = if kind.is_return() { path.source.ip } else { path.flow.destination };
    Some(match blocker {
        RouteBlocker::Missing | RouteBlocker::Astray { .. } => Code::NoRouteToDestination,
        RouteBlocker::Blackhole => Code::BadStateRoute,
        RouteBlocker::NotCarried if reachability::is_shared_range(to) => {
            Code::IgwDestinationAddressNotInRfc6598Egress
        }
        RouteBlocker::NotCarried if net::is_private(to) => Code::IgwDestinationAddressNotInRfc1918Egress,
        RouteBlocker::NotCarried => Code::CannotRoute,
        RouteBlocker::Detached => Code::BadStateAttachment,
        RouteBlocker::NoPublicAddress if kind.is_return() => Code::IgwPrivateIpAssociationForIngress,
        RouteBlocker::NoPublicAddress => Code::IgwPublicIpAssociationForEgress,
        RouteBlocker::NatUnavailable { .. } | RouteBlocker::PeeringInactive { .. } => Code::BadState,
        RouteBlocker::SourceDestCheck => Code::EniSourceDestCheckRestriction,
        RouteBlocker::BeyondPeering => Code::PcxRequiresAddressInVpcCidr,
        RouteBlocker::Circle => return None,
        RouteBlocker::Transit(transit) => match transit {
            TransitBlocker::Detached => Code::NoRouteToDestination,
            TransitBlocker::Unavailable { .. } => Code::BadStateAttachment,
            TransitBlocker::NotInZone { .. } => Code::TgwRouteAzRestriction,
            TransitBlocker::Unassociated => Code::TgwAttachMissingTgwRtbAssociation,
            TransitBlocker::Missing => Code::TgwRtbNoRouteToTgwAttachment,
            TransitBlocker::Blackhole => Code::TgwRtbBadStateRoute,
        },
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, net::IpAddr};

    use super::*;
    use crate::{
        analyze::{
            network_acl::AclDecision,
            path::{Aim, Coverage, Ground, Identity, Seen, StepOutcome},
            place::Place,
        },
        model::{
            known::{Reason, Unknown},
            net::{Flow, PortRange, TCP},
        },
    };

    /// One of every way in which a step stops a flow.
    fn blockers() -> Vec<Blocker> {
        let decision = AclDecision { parts: Vec::new(), ipv6_forgotten: false };
        let status = || "available".to_owned();
        let transit = [
            TransitBlocker::Detached,
            TransitBlocker::Unavailable { state: "deleted".to_owned() },
            TransitBlocker::NotInZone { zone: "usw2-az1".to_owned() },
            TransitBlocker::Unassociated,
            TransitBlocker::Missing,
            TransitBlocker::Blackhole,
        ];
        let routes = [
            RouteBlocker::Missing,
            RouteBlocker::Blackhole,
            RouteBlocker::NotCarried,
            RouteBlocker::Detached,
            RouteBlocker::NoPublicAddress,
            RouteBlocker::NatUnavailable { state: "failed".to_owned() },
            RouteBlocker::SourceDestCheck,
            RouteBlocker::BeyondPeering,
            RouteBlocker::PeeringInactive { status: "deleted".to_owned() },
            RouteBlocker::Astray { vpc: "vpc-1".into() },
            RouteBlocker::Circle,
        ];
        let losses = [
            Loss::OtherRegion("pcx-1".into()),
            Loss::TransitGateway,
            Loss::Middlebox("eni-1".to_owned()),
            Loss::Translated("nat-1".to_owned()),
        ];
        let mut all = vec![
            Blocker::Acl { decision },
            Blocker::CannotInitiate,
            Blocker::EndpointState(EndpointState::Rejected),
            Blocker::NotInUse { status: status() },
            Blocker::NotRunning { state: "stopped".to_owned() },
            Blocker::Protocol,
            Blocker::ServiceNotInZone { zone: "usw2-az1".to_owned() },
            Blocker::Unheld,
            Blocker::Overlapped { eni: "eni-1".into(), vpc: "vpc-1".into() },
            Blocker::Group(Denial::bare(0, None)),
            Blocker::Group(Denial::bare(1, None)),
        ];
        all.extend(losses.into_iter().map(|loss| Blocker::Group(Denial::bare(1, Some(loss)))));
        all.extend(routes.into_iter().map(Blocker::Route));
        all.extend(transit.into_iter().map(|why| Blocker::Route(RouteBlocker::Transit(why))));
        all
    }

    fn path_to(destination: &str) -> Path {
        let source: IpAddr = "10.0.0.1".parse().unwrap();
        let destination = destination.parse().unwrap();
        let nowhere = Unknown::new("a place", Reason::Absent);
        let flow = Flow {
            source,
            source_ports: PortRange { from: 32_768, to: 60_999 },
            destination,
            destination_port: 443,
            protocol: TCP,
        };
        Path {
            seen: Seen { ip: source, ports: flow.source_ports, identity: Identity::Kept },
            flow,
            source: Place::nowhere(source, &nowhere),
            destination: Place::nowhere(destination, &nowhere),
            aim: Aim::Address,
            steps: Vec::new(),
        }
    }

    fn each(mut look: impl FnMut(&Path, &Step, &Blocker)) {
        for destination in ["10.1.0.1", "100.64.0.1", "8.8.8.8"] {
            let path = path_to(destination);
            for blocker in blockers() {
                for kind in StepKind::ALL {
                    let outcome = StepOutcome::Deny(blocker.clone());
                    look(&path, &Step { kind, outcome, ground: Ground::Unknown }, &blocker);
                }
            }
        }
    }

    #[test]
    fn the_table_tells_which_codes_of_aws_come_out() {
        assert_eq!(ReachabilityCode::ALL.len(), 76);
        let names: BTreeSet<_> = ReachabilityCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), 76, "each once");
        let mut seen = BTreeSet::new();
        each(|path, step, blocker| seen.extend(reachability_code(path, step, blocker)));
        let produced: BTreeSet<_> = ReachabilityCode::ALL
            .iter()
            .copied()
            .filter(|code| code.coverage() == Coverage::Produced)
            .collect();
        assert_eq!(seen, produced);
    }

    #[test]
    fn every_blocker_has_a_code_of_ours() {
        each(|path, step, blocker| {
            let code = code(path, step, blocker);
            assert!(
                code.contains('-') && code.chars().all(|c| c.is_ascii_lowercase() || "-6".contains(c)),
                "{code}"
            );
        });
    }
}
