//! `host-firewall`

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
    /// A packet filter or a security policy on this host stops the connection before anything is sent: `nftables`,
    /// `iptables`, a service's cgroup, SELinux. Nothing in the VPC matters until it lets the packets out.
    /// ## How we know
    /// One of these, each of which only this host itself can cause: `connect` fails at once with EPERM, or with EACCES
    /// although there is a route; an ICMP rejection arrives whose sender is this host's own address; or the kernel reports
    /// that it could not put the SYN's retransmissions on the wire. For names: sending the question fails with EPERM.
    /// ## What looks like it
    /// `host-route-blackhole`: this host's route lookup gives no way.
    /// `provider-silent`: the packets leave, and nobody answers. A filter on this host that lets the SYN out and drops the
    /// answer looks like that from here.
    /// `provider-no-listener`: a filter that rejects with a RST looks like that from here.
    /// ## How to confirm it by hand
    ///     sudo nft list ruleset; sudo iptables-save -c     # which rule's counter grows with each attempt?
    ///     systemctl show SERVICE -p IPAddressDeny -p RestrictAddressFamilies
    /// ## How to fix it
    /// Allow outbound TCP to the endpoint's addresses and port in the filter that this host uses, before the rule that drops
    /// or rejects.
    static HOST_FIREWALL = { title: "this host's own filter stops the packets", severity: Error, side: Client, layer: Host, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&HOST_FIREWALL, check);

fn check(case: &Case<'_>) -> Outcome {
    let rows: Vec<_> = case.failing().filter(|row| own_host::refusal(row) == Some(Refusal::Filter)).collect();
    if own_host::forbids_lookups(case) {
        return Ok(Some(lookups(case)));
    }
    if rows.is_empty() {
        return Ok(None);
    }
    let port = case.target.target.port;
    let ips = words::list(rows.iter().map(|row| row.ip()));
    let reasons = words::distinct(rows.iter().filter_map(|row| says(row)));
    let draft = Draft::new(
        Confidence::Confirmed,
        format!("A filter on this host stops packets to {ips} on tcp/{port} before they leave it."),
    )
    .evidence(rows.iter().map(|row| words::packets(case, row)))
    .evidence(reasons)
    .fix(
        Fix::text(format!(
            "Find the rule (its counter grows with each attempt), and let tcp/{port} to {ips} out before it"
        ))
        .cli(SHOW),
    )
    .explains(rows.iter().copied());
    Ok(Some(draft))
}

const SHOW: &str = "sudo nft list ruleset     # or: sudo iptables-save -c";

fn lookups(case: &Case<'_>) -> Draft {
    Draft::new(Confidence::Confirmed, "A filter on this host stops DNS questions before they leave it.")
        .evidence([here("the kernel refused to send the questions (EPERM), so no server was asked: a packet filter of this host")])
        .evidence([words::system(case)])
        .evidence(words::servers(case))
        .fix(
            Fix::text(
                "Find the rule (its counter grows with each attempt), and let UDP and TCP port 53 to the DNS servers out before it",
            )
            .cli(SHOW),
        )
        .explains_name()
}

fn here(fact: impl Into<String>) -> Evidence {
    Evidence::of(fact, ResourceRef::this_host())
}

/// Why this can be nobody but this host.
fn says(row: &Row<'_>) -> Option<Evidence> {
    let source = row.probe.source_ip.known();
    Some(match &row.probe.tcp.outcome {
        TcpOutcome::TimedOut { .. } => {
            here("the kernel reports that sending the SYN's retransmissions failed on this host")
        }
        TcpOutcome::Refused { .. } | TcpOutcome::Unreachable { .. } => {
            let own = source.map(ToString::to_string).unwrap_or_default();
            here(format!("the rejection comes from this host's own address {own}, not from the network"))
        }
        TcpOutcome::LocalError { .. } => {
            let via = source.map(|ip| format!(" (the route is there: packets would go out from {ip})"));
            here(format!("connect fails at once, and no packet is sent{}", via.unwrap_or_default()))
        }
        TcpOutcome::Connected { .. } => return None,
    })
}
