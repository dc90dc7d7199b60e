//! What stops a flow, in one sentence. Neither end need be this host or an endpoint.

use std::net::IpAddr;

use crate::{
    analyze::{
        path::{Blocker, DenialKind, Loss, Path, RouteBlocker, Step, StepKind, TransitBlocker},
        security_group::{self, Denial},
    },
    model::{endpoint::EndpointState, firewall::Peer, known::Known, net},
};

use super::{access::groups_verb, words};

pub(super) fn of(path: &Path, step: &Step, blocker: &Blocker) -> String {
    match blocker {
        Blocker::Acl { decision } if decision.ipv6_forgotten => {
            format!("{} has no entry for IPv6, so it drops {}.", step.id_or("the ACL"), packets(path, step))
        }
        Blocker::Acl { .. } => acl(path, step),
        Blocker::CannotInitiate => {
            format!(
                "{} is an endpoint's: it answers connections and begins none.",
                step.id_or("the interface")
            )
        }
        Blocker::EndpointState(EndpointState::PendingAcceptance) => {
            format!(
                "The provider has not accepted {}: what is sent to it is lost.",
                step.id_or("the endpoint")
            )
        }
        Blocker::EndpointState(state) => {
            format!("{} is {state}: what is sent to it is lost.", step.id_or("the endpoint"))
        }
        Blocker::Group(denial) => group(path, step, denial),
        Blocker::NotInUse { status } => {
            format!("{} is attached to nothing ({status}).", step.id_or("the interface"))
        }
        Blocker::NotRunning { state } => format!("{} is {state}.", step.id_or("the instance")),
        Blocker::Route(blocker) => route(path, step, blocker),
        Blocker::Protocol | Blocker::ServiceNotInZone { .. } => format!("{}.", step.rule()),
        Blocker::Unheld if step.kind == StepKind::SourceInterface => {
            format!("Nobody is there to send: {}.", step.rule())
        }
        Blocker::Unheld => format!("Nothing answers there: {}.", step.rule()),
        Blocker::Overlapped { .. } => {
            format!(
                "{}: the ranges of the two VPCs overlap, and packets stay in the nearer one.",
                step.rule()
            )
        }
    }
}

/// Of an ACL that denies replies to some of the ports only.
pub(super) fn of_part(step: &Step) -> String {
    let ports = step.acl().map(|asked| asked.ports.to_string()).unwrap_or_default();
    let percent = (step.blocked_share() * 100.0).floor();
    format!(
        "{} drops the replies to {percent:.0} % of ports {ports}: connections from those ports time out.",
        step.id_or("the ACL")
    )
}

/// `tcp/443`
fn service(path: &Path) -> String {
    format!("{}/{}", net::ProtocolMatch::Number(path.flow.protocol), path.flow.destination_port)
}

/// What the step is asked about, as an object.
fn packets(path: &Path, step: &Step) -> String {
    if step.kind.is_return() {
        "the replies".to_owned()
    } else {
        format!("packets to {} on {}", path.flow.destination, service(path))
    }
}

fn acl(path: &Path, step: &Step) -> String {
    let acl = step.id_or("the ACL");
    let (seen, to, service) = (path.seen.ip, path.flow.destination, service(path));
    match step.kind {
        StepKind::SourceAclEgress => {
            format!("{acl} does not let packets to {to} on {service} out of the client's subnet.")
        }
        StepKind::DestinationAclIngress => {
            format!("{acl} does not let packets from {seen} on {service} into the destination's subnet.")
        }
        StepKind::ReturnAclEgress => {
            format!("{acl} does not let the replies to {seen} out of the destination's subnet.")
        }
        StepKind::ReturnAclIngress => {
            format!("{acl} does not let the replies from {to} into the client's subnet.")
        }
        _ => format!("{acl}, on the way between the two, drops {}.", packets(path, step)),
    }
}

fn group(path: &Path, step: &Step, denial: &Denial) -> String {
    let (groups, peer, service) = (&denial.groups, denial.peer, service(path));
    let at_source = step.kind == StepKind::SourceGroupEgress;
    let opens = groups_verb(groups, "opens", "open");
    match denial.kind() {
        _ if at_source && denial.rules == 0 => {
            format!("{} no outbound rule at all.", groups_verb(groups, "has", "have"))
        }
        DenialKind::StaleReference => {
            format!(
                "{opens} {service} to {}, which is out of reach: nobody is a member.",
                peers(denial, Peer::is_stale_reference)
            )
        }
        DenialKind::ViaMiddlebox | DenialKind::OverTransitGateway | DenialKind::CrossRegion => {
            let lost = denial.lost.as_ref().map(lost).unwrap_or_default();
            format!("{} by group, and {lost}.", groups_verb(groups, "admits", "admit"))
        }
        DenialKind::Ipv6Gap => format!("{opens} {service} for IPv4 addresses only, and {peer} is none."),
        DenialKind::PrefixList => {
            let lists = peers(denial, |peer| matches!(peer, Peer::PrefixList(_)));
            format!("{opens} {service} to {lists}, and {peer} is not in there.")
        }
        _ if at_source => {
            format!(
                "{} not let {} send to {peer} on {service}.",
                groups_verb(groups, "does", "do"),
                path.flow.source
            )
        }
        DenialKind::DefaultGroup => {
            format!("{} is the VPC's default group, which admits its own members only.", words::list(groups))
        }
        DenialKind::WrongPort => wrong_port(path, denial),
        DenialKind::OtherGroup => {
            let named = peers(denial, |peer| matches!(peer, Peer::Group { .. }));
            format!(
                "{opens} {service} to members of {named}, and {} is not one{}.",
                path.flow.source,
                own(path)
            )
        }
        DenialKind::OtherAddresses => {
            let named = peers(denial, |peer| matches!(peer, Peer::Cidr(_)));
            format!("{opens} {service} to {named}, and {peer} is not in there.")
        }
        DenialKind::NoRule => {
            format!("{} no inbound rule that admits {peer} on {service}.", groups_verb(groups, "has", "have"))
        }
    }
}

fn wrong_port(path: &Path, denial: &Denial) -> String {
    let ports = denial.other_ports().map(|(_, rule)| format!("{}/{}", rule.protocol, rule.ports));
    format!(
        "{} {} on {} only; the port asked for is {}.",
        groups_verb(&denial.groups, "admits", "admit"),
        who(path, denial.peer),
        words::list(words::distinct(ports)),
        path.flow.destination_port
    )
}

/// The client by its own address, where another stands in for it.
fn who(path: &Path, peer: IpAddr) -> String {
    if peer == path.flow.source { peer.to_string() } else { format!("{peer}, as which the client comes,") }
}

fn own(path: &Path) -> String {
    match &path.source.groups {
        Known::Known(groups) if !groups.is_empty() => format!(": it is in {}", words::list(groups)),
        _ => String::new(),
    }
}

/// More of them say nothing to a reader.
const TOLD: usize = 3;

fn peers(denial: &Denial, wanted: impl Fn(&Peer) -> bool) -> String {
    let all = denial.other_peers().map(|(_, rule)| &rule.peer).filter(|peer| wanted(peer));
    let mut named = words::distinct(all.map(security_group::describe_peer));
    let more = named.len().saturating_sub(TOLD);
    if more > 1 {
        named.truncate(TOLD);
        named.push(format!("{more} more"));
    }
    words::list(named)
}

/// Why the far end takes nobody for a member.
fn lost(loss: &Loss) -> String {
    match loss {
        Loss::OtherRegion(id) => format!("{id} leads into another Region, where no group of this one counts"),
        Loss::TransitGateway => "across this transit gateway nobody counts as a member: the gateway, or an \
                                 attachment, does not support references"
            .to_owned(),
        Loss::Middlebox(id) => format!("what comes through {id} is no member's"),
        Loss::Translated(id) => format!("{id} puts an address of its own before the client's"),
    }
}

fn route(path: &Path, step: &Step, blocker: &RouteBlocker) -> String {
    let table = step.id_or("the route table");
    let what = if step.kind.is_return() { "the replies" } else { "these packets" };
    match blocker {
        RouteBlocker::Missing | RouteBlocker::Transit(TransitBlocker::Missing) => {
            format!("{table} has no route {}.", towards(path, step))
        }
        RouteBlocker::Blackhole | RouteBlocker::Transit(TransitBlocker::Blackhole) => {
            format!("{table} sends {what} into a blackhole: {}.", step.rule())
        }
        RouteBlocker::NotCarried => {
            format!("{table} sends {what} to a gateway that does not carry them: {}.", step.rule())
        }
        RouteBlocker::Detached => {
            format!("{table} sends {what} to a gateway that is not attached to its VPC: {}.", step.rule())
        }
        RouteBlocker::NoPublicAddress => format!(
            "{} has no public address, and an internet gateway carries nothing without: {}.",
            path.flow.source,
            step.rule()
        ),
        RouteBlocker::NatUnavailable { state } => {
            format!("{table} sends {what} to a NAT gateway that is {state}: {}.", step.rule())
        }
        RouteBlocker::SourceDestCheck => format!(
            "{table} sends {what} to an interface that takes only what is addressed to itself: {}.",
            step.rule()
        ),
        RouteBlocker::BeyondPeering => format!(
            "{table} sends {what} over a peering connection, which carries nothing from or to a third VPC: {}.",
            step.rule()
        ),
        RouteBlocker::PeeringInactive { status } => format!(
            "{table} sends {what} over a peering connection that is {status} and carries nothing: {}.",
            step.rule()
        ),
        RouteBlocker::Transit(TransitBlocker::NotInZone { .. }) => {
            format!("{}: from there nothing gets into the gateway.", step.rule())
        }
        RouteBlocker::Astray { .. } => format!("{}, and the client is not there.", capital(&step.rule())),
        RouteBlocker::Circle
        | RouteBlocker::Transit(
            TransitBlocker::Detached | TransitBlocker::Unavailable { .. } | TransitBlocker::Unassociated,
        ) => format!("{}.", capital(&step.rule())),
    }
}

fn towards(path: &Path, step: &Step) -> String {
    match step.kind.is_return() {
        false => format!("to {}", path.flow.destination),
        // A gateway on the way may have to find another than the far end.
        true if path.seen.ip == path.source.ip => format!("back to {}", path.source.ip),
        true => "for the replies".to_owned(),
    }
}

/// Ids stay as they are.
fn capital(text: &str) -> String {
    match text.strip_prefix("the ").or_else(|| text.strip_prefix("no ")) {
        Some(_) => text[..1].to_uppercase() + &text[1..],
        None => text.to_owned(),
    }
}
