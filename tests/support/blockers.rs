//! One of each thing that can stop a flow.

use std::{collections::BTreeSet, sync::Arc};

use vpce_doctor::{
    analyze::{
        network_acl::AclDecision,
        path::{Blocker, DenialKind, Ground, Identity, Loss, Path, RouteBlocker, TransitBlocker},
        place::Place,
        security_group::{Denial, GroupVerdict, Other, evaluate},
    },
    model::{
        endpoint::EndpointState,
        firewall::{Direction, NetworkAcl, Peer, PrefixList, SecurityGroup, SecurityGroupRule},
        inventory::Inventory,
        known::{Known, Reason, Unknown},
        net::{Flow, PortRange, ProtocolMatch, TCP},
    },
};

/// Every variant, and every kind of those that have kinds.
pub(crate) fn all() -> Vec<Blocker> {
    let word = || "word".to_owned();
    let mut all = vec![
        Blocker::CannotInitiate,
        Blocker::NotInUse { status: word() },
        Blocker::NotRunning { state: word() },
        Blocker::Protocol,
        Blocker::ServiceNotInZone { zone: word() },
        Blocker::Unheld,
        Blocker::Overlapped { eni: "eni-1".into(), vpc: "vpc-1".into() },
    ];
    all.extend(
        [true, false].map(|ipv6_forgotten| Blocker::Acl {
            decision: AclDecision { parts: Vec::new(), ipv6_forgotten },
        }),
    );
    all.extend(endpoint_states().map(Blocker::EndpointState));
    all.extend(denials().into_iter().map(Blocker::Group));
    all.extend(route_blockers().into_iter().map(Blocker::Route));
    assert_eq!(all.iter().map(number).collect::<BTreeSet<_>>(), (0..=10).collect());
    all
}

/// Without a catch-all: a variant that is added asks for its place here and in the list.
fn number(blocker: &Blocker) -> usize {
    match blocker {
        Blocker::Acl { .. } => 0,
        Blocker::CannotInitiate => 1,
        Blocker::EndpointState(_) => 2,
        Blocker::Group(_) => 3,
        Blocker::NotInUse { .. } => 4,
        Blocker::NotRunning { .. } => 5,
        Blocker::Route(_) => 6,
        Blocker::Protocol => 7,
        Blocker::ServiceNotInZone { .. } => 8,
        Blocker::Unheld => 9,
        Blocker::Overlapped { .. } => 10,
    }
}

/// An ACL's blocker comes from an ACL.
pub(crate) fn ground(blocker: &Blocker) -> Ground {
    let Blocker::Acl { decision } = blocker else { return Ground::Unknown };
    let acl = NetworkAcl {
        id: "acl-1".into(),
        vpc: Some("vpc-1".into()),
        is_default: false,
        subnets: Vec::new(),
        entries: Vec::new(),
    };
    Ground::Acl {
        acl: Arc::new(acl),
        direction: Direction::Ingress,
        other: "10.0.0.1".parse().unwrap(),
        ports: PortRange::ALL,
        decision: decision.clone(),
    }
}

/// A path of which nothing is known.
pub(crate) fn nowhere() -> Path {
    let ip = "10.0.0.1".parse().unwrap();
    let flow = Flow {
        source: ip,
        source_ports: PortRange::ALL,
        destination: "10.0.0.2".parse().unwrap(),
        destination_port: 443,
        protocol: TCP,
    };
    Path::to_itself(flow, Place::nowhere(ip, &Unknown::new("its place", Reason::NotAsked)))
}

fn endpoint_states() -> impl Iterator<Item = EndpointState> {
    let words = "available deleted deleting expired failed partial pending pendingAcceptance rejected new";
    words.split(' ').map(EndpointState::parse)
}

fn denials() -> Vec<Denial> {
    let near = |rules: &[(u16, Peer)]| denied("10.0.0.1", "one", &Identity::Kept, rules);
    let lost = |loss| denied("10.0.0.1", "one", &Identity::Lost(loss), &[(443, group(MEMBER, None))]);
    let cidr = || Peer::Cidr("10.9.0.0/16".parse().unwrap());
    let all = vec![
        (DenialKind::NoRule, near(&[])),
        (DenialKind::NoRule, near(&[(22, cidr())])),
        (
            DenialKind::DefaultGroup,
            denied("10.0.0.1", "default", &Identity::Kept, &[(443, group("sg-1", None))]),
        ),
        (DenialKind::StaleReference, near(&[(443, group("sg-2", Some("deleted")))])),
        (DenialKind::ViaMiddlebox, lost(Loss::Middlebox("eni-1".to_owned()))),
        (DenialKind::ViaMiddlebox, lost(Loss::Translated("nat-1".to_owned()))),
        (DenialKind::OverTransitGateway, lost(Loss::TransitGateway)),
        (DenialKind::CrossRegion, lost(Loss::OtherRegion("pcx-1".into()))),
        (DenialKind::Ipv6Gap, denied("2001:db8::1", "one", &Identity::Kept, &[(443, cidr())])),
        (DenialKind::WrongPort, near(&[(22, Peer::Cidr("10.0.0.0/16".parse().unwrap()))])),
        (DenialKind::OtherGroup, near(&[(443, group("sg-2", None))])),
        (DenialKind::PrefixList, near(&[(443, Peer::PrefixList("pl-1".into()))])),
        (DenialKind::OtherAddresses, near(&[(443, cidr())])),
    ];
    for (kind, denial) in &all {
        assert_eq!(denial.kind(), *kind);
    }
    let number = |kind: DenialKind| match kind {
        DenialKind::DefaultGroup => 0,
        DenialKind::StaleReference => 1,
        DenialKind::ViaMiddlebox => 2,
        DenialKind::OverTransitGateway => 3,
        DenialKind::CrossRegion => 4,
        DenialKind::Ipv6Gap => 5,
        DenialKind::WrongPort => 6,
        DenialKind::OtherGroup => 7,
        DenialKind::PrefixList => 8,
        DenialKind::OtherAddresses => 9,
        DenialKind::NoRule => 10,
    };
    assert_eq!(all.iter().map(|(kind, _)| number(*kind)).collect::<BTreeSet<_>>(), (0..=10).collect());
    all.into_iter().map(|(_, denial)| denial).collect()
}

/// The client's own group.
const MEMBER: &str = "sg-client";

fn group(id: &str, status: Option<&str>) -> Peer {
    Peer::Group { id: id.into(), peering_status: status.map(str::to_owned) }
}

/// What the group `sg-1` of that name says when it has such rules for TCP and a client comes to port 443.
fn denied(client: &str, name: &str, identity: &Identity, rules: &[(u16, Peer)]) -> Denial {
    let rule = |(port, peer): &(u16, Peer)| SecurityGroupRule {
        id: None,
        direction: Direction::Ingress,
        protocol: ProtocolMatch::Number(TCP),
        ports: PortRange::single(*port),
        peer: peer.clone(),
    };
    let rules = rules.iter().map(rule).collect();
    let own = SecurityGroup { id: "sg-1".into(), name: name.to_owned(), vpc: None, rules };
    let entries = Known::Known(Vec::new());
    let list = PrefixList { id: "pl-1".into(), name: "office".to_owned(), ipv6: None, entries };
    let inventory = Inventory {
        security_groups: Known::Known(vec![own].into()),
        prefix_lists: Known::Known(vec![list].into()),
        ..Inventory::none("a test")
    };
    let groups = Known::Known(vec![MEMBER.into()]);
    let ip = client.parse().unwrap();
    let other = Other { ip, groups: &groups, identity, protocol: TCP, port: 443 };
    match evaluate(&inventory, &Known::Known(vec!["sg-1".into()]), Direction::Ingress, other) {
        GroupVerdict::Deny(denial) => denial,
        verdict => panic!("{verdict:?}"),
    }
}

fn route_blockers() -> Vec<RouteBlocker> {
    let word = || "word".to_owned();
    let mut all = vec![
        RouteBlocker::Missing,
        RouteBlocker::Blackhole,
        RouteBlocker::NotCarried,
        RouteBlocker::Detached,
        RouteBlocker::NoPublicAddress,
        RouteBlocker::NatUnavailable { state: word() },
        RouteBlocker::SourceDestCheck,
        RouteBlocker::BeyondPeering,
        RouteBlocker::PeeringInactive { status: word() },
        RouteBlocker::Astray { vpc: "vpc-1".into() },
        RouteBlocker::Circle,
    ];
    let transit = [
        TransitBlocker::Detached,
        TransitBlocker::Unavailable { state: word() },
        TransitBlocker::NotInZone { zone: word() },
        TransitBlocker::Unassociated,
        TransitBlocker::Missing,
        TransitBlocker::Blackhole,
    ];
    all.extend(transit.map(RouteBlocker::Transit));
    let number = |blocker: &RouteBlocker| match blocker {
        RouteBlocker::Missing => 0,
        RouteBlocker::Blackhole => 1,
        RouteBlocker::NotCarried => 2,
        RouteBlocker::Detached => 3,
        RouteBlocker::NoPublicAddress => 4,
        RouteBlocker::NatUnavailable { .. } => 5,
        RouteBlocker::SourceDestCheck => 6,
        RouteBlocker::BeyondPeering => 7,
        RouteBlocker::PeeringInactive { .. } => 8,
        RouteBlocker::Astray { .. } => 9,
        RouteBlocker::Circle => 10,
        RouteBlocker::Transit(TransitBlocker::Detached) => 11,
        RouteBlocker::Transit(TransitBlocker::Unavailable { .. }) => 12,
        RouteBlocker::Transit(TransitBlocker::NotInZone { .. }) => 13,
        RouteBlocker::Transit(TransitBlocker::Unassociated) => 14,
        RouteBlocker::Transit(TransitBlocker::Missing) => 15,
        RouteBlocker::Transit(TransitBlocker::Blackhole) => 16,
    };
    assert_eq!(all.iter().map(number).collect::<BTreeSet<_>>(), (0..=16).collect());
    all
}
