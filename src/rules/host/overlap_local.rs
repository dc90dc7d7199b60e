//! `route-overlap-local`

use crate::model::{
    finding::{Confidence, Evidence, Fix},
    resource::{ResourceKind, ResourceRef},
};

use super::{
    Case, Draft, Outcome, Row, Rule, declare_finding,
    own_host::{self, Captured},
    words,
};

declare_finding! {
    /// ## What it means
    /// A network that exists only on this host, usually a bridge for containers (`docker0`: 172.17.0.0/16), covers the
    /// endpoint's address. The kernel delivers there and not to the VPC, and nobody on the bridge has that address, or
    /// somebody else has.
    /// ## How we know
    /// The source address that the kernel chose towards the endpoint belongs to no interface of the VPC but to a network
    /// of this host that contains the endpoint's address.
    /// ## What looks like it
    /// `provider-silent`, `provider-no-listener`: the packets went out through the VPC's interface.
    /// `host-route-blackhole`: no route at all.
    /// ## How to confirm it by hand
    ///     ip route get ADDRESS      # dev docker0, src 172.17.0.1
    ///     ip -brief address
    /// ## How to fix it
    /// Give the bridge another network (Docker: `bip` and `default-address-pools` in `daemon.json`), or put the endpoint
    /// into a subnet that no host uses for itself.
    static ROUTE_OVERLAP_LOCAL = { title: "a network of this host itself covers the endpoint's address", severity: Error, side: Client, layer: Host, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ROUTE_OVERLAP_LOCAL, check);

fn check(case: &Case<'_>) -> Outcome {
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
        .evidence([Evidence::new(format!(
            "the kernel's source address towards {} is {source}, which is this host's address on {name} ({network})",
            first.ip()
        ))])
        .evidence(rows.iter().filter_map(|(row, _)| {
            let eni = row.eni.known().copied().flatten()?;
            let fact = format!("{} is held by {} in {}; no interface holds {source}", row.ip(), eni.id, eni.vpc);
            Some(Evidence::of(fact, ResourceRef::new(ResourceKind::NetworkInterface, &eni.id)))
        }))
        .evidence(rows.iter().map(|(row, _)| words::packets(case, row)))
        .fix(
            Fix::text(format!("Give {name} a network that does not overlap with the VPC's"))
                .cli(format!("ip route get {}", first.ip())),
        )
        .explains(rows.iter().map(|(row, _)| *row));
    Ok(Some(draft))
}
