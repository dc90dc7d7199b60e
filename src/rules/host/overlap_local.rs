//! `route-overlap-local`

use crate::{
    analyze::path::{Blocker, StepKind},
    model::{
        finding::{Confidence, Evidence, Fix},
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{
    Case, Draft, Outcome, Row, Rule, declare_finding,
    own_host::{self, Captured},
    route_rows, words,
};

declare_finding! {
    /// ## What it means
    /// A network that exists only on this host, usually a bridge for containers (`docker0`: 172.17.0.0/16), covers the
    /// endpoint's address. The kernel delivers there and not to the VPC, and nobody on the bridge has that address, or
    /// somebody else has. Or this VPC's own range covers the address of an endpoint in another VPC: its local route keeps
    /// the packets inside. Or the routes lead to a VPC whose range is that of the endpoint's.
    /// ## How we know
    /// The source address that the kernel chose towards the endpoint belongs to no interface of the VPC but to a network
    /// of this host that contains the endpoint's address. Or: the address lies in this VPC, or in the one that the routes lead
    /// to, where no interface holds it, and an endpoint's interface in another VPC does.
    /// ## What looks like it
    /// `provider-silent`, `provider-no-listener`: the packets went out through the VPC's interface.
    /// `host-route-blackhole`: no route at all.
    /// `dns-stale-a-record`: nobody anywhere holds the address.
    /// ## How to confirm it by hand
    ///     ip route get ADDRESS      # dev docker0, src 172.17.0.1
    ///     ip -brief address
    /// ## How to fix it
    /// Give the bridge another network (Docker: `bip` and `default-address-pools` in `daemon.json`), or put the endpoint
    /// into a subnet that no host uses for itself.
    static ROUTE_OVERLAP_LOCAL = { title: "a nearer network covers the endpoint's address", severity: Error, side: Client, layer: Host, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ROUTE_OVERLAP_LOCAL, check);

fn check(case: &Case<'_>) -> Outcome {
    match on_this_host(case) {
        Ok(Some(draft)) => Ok(Some(draft)),
        Ok(None) => Ok(in_this_vpc(case)),
        Err(why) => in_this_vpc(case).map_or(Err(why), |draft| Ok(Some(draft))),
    }
}

/// The VPC's own local route covers the address of an endpoint in another VPC.
fn in_this_vpc(case: &Case<'_>) -> Option<Draft> {
    let overlapped = |row: &Row<'_>| match row.path.blocker_at(StepKind::DestinationInterface) {
        Ok(Some((step, Blocker::Overlapped { vpc, .. }))) => Some((step.clone(), vpc.clone())),
        _ => None,
    };
    let rows: Vec<_> = case.silent().filter_map(|row| Some((row, overlapped(row)?))).collect();
    let (_, (_, there)) = rows.first()?;
    let here = case.vpc().map_or("this VPC", |vpc| vpc.as_str());
    let ips = words::list(rows.iter().map(|(row, _)| row.ip()));
    let reached = rows.iter().find_map(|(row, _)| row.path.destination.vpc.known());
    let (summary, fix) = match reached.filter(|vpc| Some(*vpc) != case.vpc()) {
        Some(other) => (
            format!(
                "The routes lead to {other}, where nobody holds {ips}; the endpoint that does is in {there}."
            ),
            format!(
                "Lead {ips} to {there} by longer routes, or create an endpoint for the service in {here}"
            ),
        ),
        None => (
            format!(
                "The own range of {here} covers {ips} of the endpoint in {there}: packets for it never leave {here}."
            ),
            format!(
                "Create an endpoint for the service in {here}; no route can lead to an address of its own range elsewhere"
            ),
        ),
    };
    let draft = Draft::new(Confidence::Likely, summary)
        .evidence(
            rows.iter().map(|(_, (step, _))| Evidence { fact: step.rule(), reference: step.resource() }),
        )
        .evidence(rows.iter().filter_map(|(row, _)| {
            let (table, route) = route_rows::deciding(case, row, StepKind::ForwardRoute)?;
            Some(route_rows::says(table, route, row, StepKind::ForwardRoute))
        }))
        .evidence(rows.iter().map(|(row, _)| words::packets(case, row)))
        .fix(Fix::text(fix))
        .explains(rows.iter().map(|(row, _)| *row));
    Some(draft)
}

fn another_network(interface: &str) -> String {
    let give = format!("Give {interface} a network that does not overlap with the VPC's");
    if interface == "docker0" {
        let file = r#""bip": "192.168.240.1/24", for instance, in /etc/docker/daemon.json"#;
        return format!("{give} ({file}; then restart Docker)");
    }
    give
}

fn on_this_host(case: &Case<'_>) -> Outcome {
    let mut rows: Vec<(&Row<'_>, Captured<'_>)> = Vec::new();
    let mut undecided = None;
    for row in case.failing() {
        match own_host::captured(case, row) {
            Ok(found) => rows.extend(found.map(|captured| (row, captured))),
            Err(why) => undecided = Some(why),
        }
    }
    let Some((first, Captured { interface, network, .. })) = rows.first() else {
        return undecided.map_or(Ok(None), Err);
    };
    let certain = rows.iter().all(|(_, captured)| captured.certain);
    let confidence = if certain { Confidence::Confirmed } else { Confidence::Likely };
    let name = &interface.name;
    let ips = words::list(rows.iter().map(|(row, _)| row.ip()));
    let source = first.probe.source_ip.known().map(ToString::to_string).unwrap_or_default();
    let summary =
        format!("This host sends packets for {ips} to its own network {network} on {name}, not to the VPC.");
    let draft = Draft::new(confidence, summary)
        .evidence([Evidence::of(
            format!(
                "the kernel's source address towards {} is {source}, which is this host's address on {name} ({network})",
                first.ip()
            ),
            ResourceRef::this_host(),
        )])
        .evidence(rows.iter().filter_map(|(row, _)| {
            let eni = row.eni.known().copied().flatten()?;
            let fact = format!("{} is held by {} in {}; no interface holds {source}", row.ip(), eni.id, eni.vpc);
            Some(Evidence::of(fact, ResourceRef::new(ResourceKind::NetworkInterface, &eni.id)))
        }))
        .evidence(rows.iter().map(|(row, _)| words::packets(case, row)))
        .fix(Fix::text(another_network(name)))
        .explains(rows.iter().map(|(row, _)| *row));
    Ok(Some(draft))
}
