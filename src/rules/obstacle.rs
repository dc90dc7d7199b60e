//! What stops the packets to an address, in as few words as a table has room for.

use crate::analyze::path::{Blocker, Path, RouteBlocker, Step, StepKind, TransitBlocker};

/// Nothing where the configuration lets them pass, or cannot be decided.
pub(super) fn obstacle(path: &Path) -> Option<String> {
    let is_place = |blocker: &Blocker| matches!(blocker, Blocker::Unheld | Blocker::Overlapped { .. });
    // Where there is nobody, whatever filters the way there matters little.
    let nobody = path.blockers().find(|(_, blocker)| is_place(blocker));
    let first = nobody.or_else(|| path.blockers().next());
    let (step, blocker) = first?;
    let rest = if nobody.is_some() { 0 } else { path.blockers().count() - 1 };
    let more = if rest == 0 { String::new() } else { format!(", and {rest} more") };
    Some(format!("{}{more}", words(step, blocker)))
}

fn words(step: &Step, blocker: &Blocker) -> String {
    let by = || match step.resource() {
        Some(resource) => format!("blocked by {}", resource.id),
        None => "blocked".to_owned(),
    };
    let back = if step.kind == StepKind::ReturnRoute { " back" } else { "" };
    match blocker {
        Blocker::Unheld => "nobody holds it".to_owned(),
        Blocker::Overlapped { vpc, .. } => format!("held in {vpc}, not in this VPC"),
        Blocker::EndpointState(state) => format!("endpoint {state}"),
        Blocker::ServiceNotInZone { zone } => format!("service not in {zone}"),
        Blocker::Protocol => "a gateway endpoint carries TCP alone".to_owned(),
        Blocker::CannotInitiate => "an endpoint begins nothing".to_owned(),
        Blocker::NotInUse { status } => format!("interface {status}"),
        Blocker::NotRunning { state } => format!("instance {state}"),
        Blocker::Group(denial) if denial.groups.len() > 1 => {
            let groups: Vec<_> = denial.groups.iter().map(ToString::to_string).collect();
            format!("blocked by {}", groups.join(", "))
        }
        Blocker::Group(_) | Blocker::Acl { .. } => by(),
        Blocker::Route(RouteBlocker::Missing) => format!("no route{back}"),
        Blocker::Route(RouteBlocker::Blackhole) => format!("blackhole route{back}"),
        Blocker::Route(RouteBlocker::NotCarried) => format!("its route{back} does not carry it"),
        Blocker::Route(RouteBlocker::BeyondPeering) => format!("beyond the peering{back}"),
        Blocker::Route(RouteBlocker::PeeringInactive { status }) => format!("peering{back} {status}"),
        Blocker::Route(RouteBlocker::Detached) => format!("gateway{back} not attached"),
        Blocker::Route(RouteBlocker::NoPublicAddress) => "no public address".to_owned(),
        Blocker::Route(RouteBlocker::NatUnavailable { state }) => format!("NAT gateway {state}"),
        Blocker::Route(RouteBlocker::SourceDestCheck) => format!("an interface{back} that forwards nothing"),
        Blocker::Route(RouteBlocker::Astray { vpc }) => format!("routes back lead into {vpc}"),
        Blocker::Route(RouteBlocker::Circle) => format!("routes{back} lead in a circle"),
        Blocker::Route(RouteBlocker::Transit(TransitBlocker::NotInZone { zone })) => {
            format!("transit gateway{back} not in {zone}")
        }
        Blocker::Route(RouteBlocker::Transit(_)) => format!("transit gateway{back} does not carry it"),
    }
}
