//! `host-route-blackhole`

use crate::model::{
    finding::{Confidence, Evidence, Fix},
    observation::TcpOutcome,
    resource::ResourceRef,
};

use super::{
    Case, Draft, Outcome, Row, Rule, declare_finding,
    own_host::{self, Refusal},
    words,
};

declare_finding! {
    /// ## What it means
    /// This host's own routing table has no way to the address, or a route made to refuse it (blackhole, prohibit,
    /// unreachable). The connection fails at once and no packet leaves.
    /// ## How we know
    /// `connect` fails in no time with EINVAL (blackhole), EACCES (prohibit), EHOSTUNREACH (unreachable) or ENETUNREACH (no
    /// route), and no ICMP message came with it: a router's message would be in the socket's error queue with its sender.
    /// ## What looks like it
    /// `host-firewall`: the route is there, a filter refuses.
    /// `dns-aaaa-mismatch`: this host has no address of that version, IPv4 or IPv6, at all.
    /// `route-blackhole`: a route of the VPC drops, and the connection times out.
    /// ## How to confirm it by hand
    ///     ip route get ADDRESS
    ///     ip route show table all type blackhole; ip rule
    /// ## How to fix it
    /// Remove the route, or add one through the VPC's router. Such routes are often left behind by a VPN client, a cluster
    /// network or a script that tests failures.
    static HOST_ROUTE_BLACKHOLE = { title: "this host's own routes lead nowhere", severity: Error, side: Client, layer: Host, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&HOST_ROUTE_BLACKHOLE, check);

fn check(case: &Case<'_>) -> Outcome {
    // A host without any address of this version lacks more than a route.
    let lacks_family = |row: &Row<'_>| own_host::lacks_family(case, row) == Ok(true);
    let no_route = |row: &&Row<'_>| own_host::refusal(row) == Some(Refusal::NoRoute) && !lacks_family(row);
    let rows: Vec<_> = case.failing().filter(no_route).collect();
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let ips = words::list(rows.iter().map(|row| row.ip()));
    let draft = Draft::new(
        Confidence::Confirmed,
        format!("This host's own routing table {} {ips}: no packet leaves.", verb(first)),
    )
    .evidence(rows.iter().map(|row| words::packets(case, row)))
    .evidence([Evidence::of(
        format!("sending fails at once{}, and no ICMP message came: no router said it, this host did", error(first)),
        ResourceRef::this_host(),
    )])
    .fix(
        Fix::text(format!("Find the route of this host that refuses {ips} and delete it (sudo ip route del), or add one that leads there"))
            .cli(show(first)),
    )
    .explains(rows.iter().copied());
    Ok(Some(draft))
}

/// What the kernel says of it, by its name.
fn error(row: &Row<'_>) -> &'static str {
    match row.probe.tcp.outcome {
        TcpOutcome::LocalError { errno: 22, .. } => {
            " with EINVAL, which the kernel gives for a blackhole route"
        }
        TcpOutcome::LocalError { errno: 13, .. } => {
            " with EACCES, which the kernel gives for a prohibiting route"
        }
        TcpOutcome::LocalError { errno: 113, .. } => {
            " with EHOSTUNREACH, which the kernel gives for an unreachable route"
        }
        TcpOutcome::LocalError { errno: 101, .. } => {
            " with ENETUNREACH, which the kernel gives where no route matches"
        }
        _ => "",
    }
}

fn show(row: &Row<'_>) -> String {
    let family = if row.ip().is_ipv6() { "ip -6" } else { "ip" };
    let kind = match row.probe.tcp.outcome {
        TcpOutcome::LocalError { errno: 22, .. } => " type blackhole",
        TcpOutcome::LocalError { errno: 13, .. } => " type prohibit",
        TcpOutcome::LocalError { errno: 113, .. } => " type unreachable",
        _ => "",
    };
    format!("{family} route show table all{kind}; {family} rule")
}

/// Each kind of route has its own error (`ip-route(8)`).
fn verb(row: &Row<'_>) -> &'static str {
    match row.probe.tcp.outcome {
        TcpOutcome::LocalError { errno: 22, .. } => "has a blackhole route for",
        TcpOutcome::LocalError { errno: 13, .. } => "prohibits",
        TcpOutcome::LocalError { errno: 113, .. } => "has an unreachable route for",
        _ => "has no route to",
    }
}
