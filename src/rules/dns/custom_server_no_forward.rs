//! `dns-custom-server-no-forward`

use std::net::IpAddr;

use crate::model::{
    endpoint::VpcEndpoint,
    finding::{Confidence, Evidence, Fix},
    known::Known,
    net,
    name::ServerAnswer,
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, dns_servers, words};

declare_finding! {
    /// ## What it means
    /// This host asks a DNS server of the user's own, and that server does not ask the VPC's resolver about this name.
    /// Private hosted zones and private DNS names exist for the VPC's resolver alone.
    /// ## How we know
    /// The configured server denies the name or gives addresses that do not answer, public ones or such as no interface
    /// holds, while the VPC's resolver, asked besides, gives addresses that interfaces of an endpoint hold.
    /// ## What looks like it
    /// `dns-nxdomain-no-record`: the VPC's resolver denies the name too.
    /// `dns-private-dns-disabled`: the VPC's resolver gives public addresses too.
    /// `dns-stale-a-record`: the VPC's resolver gives the address that nobody holds, too.
    /// ## How to confirm it by hand
    ///     dig +short NAME @SERVER
    ///     dig +short NAME @169.254.169.253
    /// ## How to fix it
    /// On the server, forward the domain to the VPC's resolver, the base of the VPC's primary CIDR block plus two; a server
    /// outside the VPC needs an inbound Resolver endpoint to forward to. Or let this VPC's hosts ask the VPC's resolver, by
    /// its DHCP options.
    static DNS_CUSTOM_SERVER_NO_FORWARD = { title: "the configured DNS server does not forward the name to the VPC's resolver", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_CUSTOM_SERVER_NO_FORWARD, check);

fn check(case: &Case<'_>) -> Outcome {
    let wrong: Vec<_> = dns_servers::custom(case).filter(|server| gives_nothing_held(case, server)).collect();
    let gives = |ip: IpAddr| wrong.iter().any(|server| server.addresses().any(|answer| answer == ip));
    let rows: Vec<_> = case.failing().filter(|row| row.is_undelivered() && gives(row.ip())).collect();
    if wrong.is_empty() || (rows.is_empty() && !case.name_gives_nothing()) {
        return Ok(None);
    }
    let right = dns_servers::endpoints_by_resolver(case)?;
    if right.is_empty() {
        return Ok(None);
    }
    let draft = draft(case, &wrong, &right, &rows).explains(rows.iter().copied());
    Ok(Some(if case.name_gives_nothing() { draft.explains_name() } else { draft }))
}

/// Neither an endpoint's address nor anybody's in this VPC.
fn gives_nothing_held(case: &Case<'_>, server: &ServerAnswer) -> bool {
    let inventory = &case.facts.inventory;
    let is_unheld = |ip: IpAddr| inventory.interface_holding(ip, case.vpc()) == Known::Known(None);
    dns_servers::is_settled(server) && server.addresses().all(|ip| !net::is_private(ip) || is_unheld(ip))
}

fn draft(
    case: &Case<'_>,
    wrong: &[&ServerAnswer],
    right: &[(IpAddr, &VpcEndpoint)],
    rows: &[&Row<'_>],
) -> Draft {
    let host = case.host();
    let servers = words::list(wrong.iter().map(|server| server.server.ip()));
    let ips = words::list(rows.iter().map(|row| row.ip()));
    let (asked, says) = match (wrong.len(), rows.is_empty()) {
        (1, true) => ("The DNS server this host is set to ask", "knows no address for".to_owned()),
        (1, false) => ("The DNS server this host is set to ask", format!("gives {ips} for")),
        (_, true) => ("The DNS servers this host is set to ask", "know no address for".to_owned()),
        (_, false) => ("The DNS servers this host is set to ask", format!("give {ips} for")),
    };
    let tried: Vec<_> = case.rows.iter().filter(|row| right.iter().any(|(ip, _)| *ip == row.ip())).collect();
    // Tried for comparison and without success: something else is in the way as well.
    let fails = !tried.is_empty() && !tried.iter().any(|row| row.passes_without_use(case));
    let confidence = if fails { Confidence::Likely } else { Confidence::Confirmed };
    let leads = right.iter().map(|(ip, endpoint)| {
        Evidence::of(
            format!("{ip}, which the VPC's resolver gives, belongs to {}", endpoint.id),
            words::address(*ip),
        )
    });
    Draft::new(
        confidence,
        format!("{asked}, {servers}, {says} {host}; the VPC's resolver leads to the endpoint."),
    )
    .evidence(words::servers(case))
    .evidence([words::system(case)])
    .evidence(leads)
    .evidence(rows.iter().copied().chain(tried).map(|row| words::packets(case, row)))
    .fix(Fix::text(format!(
        "On {servers}, forward {host} (or its domain) to the VPC's resolver, or let this VPC's hosts ask that resolver"
    )))
}
