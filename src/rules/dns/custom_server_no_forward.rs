//! `dns-custom-server-no-forward`

use std::net::IpAddr;

use crate::model::{
    endpoint::VpcEndpoint,
    finding::{Confidence, Evidence, Fix},
    known::{Known, Unknown},
    name::{Rcode, ServerAnswer},
    net,
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, dns_servers, words};

declare_finding! {
    /// ## What it means
    /// This host asks a DNS server of the user's own, and that server does not ask the VPC's resolver about this name.
    /// Private hosted zones and private DNS names exist for the VPC's resolver alone.
    /// ## How we know
    /// The configured server denies the name, fails (REFUSED, SERVFAIL) or gives addresses that do not answer, public ones or
    /// such as no interface holds, while the VPC's resolver, asked besides, gives addresses that interfaces of an endpoint
    /// hold. Where the interfaces are not known it is likely if those addresses connect, or those of another server that
    /// this host is set to ask: the first answer counts, also when it is a denial.
    /// ## What looks like it
    /// `dns-nxdomain-no-record`: the VPC's resolver denies the name too.
    /// `dns-private-dns-disabled`: the VPC's resolver gives public addresses too.
    /// `dns-stale-a-record`: the VPC's resolver gives the address that nobody holds, too.
    /// `dns-negative-cache`: the server does forward, and keeps a denial from before the record was made.
    /// `dns-stub-cache-stale`: a server on this host keeps an old address.
    /// `dns-rebinding-filter`: it forwards, and takes private addresses out of the answer.
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
    let wrong: Vec<_> = dns_servers::custom(case).filter(|server| is_wrong(case, server)).collect();
    let gives = |ip: IpAddr| wrong.iter().any(|server| server.addresses().any(|answer| answer == ip));
    let rows: Vec<_> = case.failing().filter(|row| row.is_undelivered() && gives(row.ip())).collect();
    if wrong.is_empty() || (rows.is_empty() && !case.name_gives_nothing()) {
        return Ok(None);
    }
    let Some(right) = right(case, &wrong, &rows)? else {
        return Ok(None);
    };
    let draft = draft(case, &wrong, &right, &rows).explains(rows.iter().copied());
    Ok(Some(if case.name_gives_nothing() { draft.explains_name() } else { draft }))
}

/// Another view of the name, and why it is the right one.
struct Right<'a> {
    server: &'a ServerAnswer,
    ips: Vec<IpAddr>,
    why: Why<'a>,
}

enum Why<'a> {
    /// Interfaces of an endpoint hold its addresses.
    Endpoint(Vec<(IpAddr, &'a VpcEndpoint)>),
    Connects,
    /// Nobody tried, and nobody knows who holds the addresses.
    Untried,
}

/// Of the servers that do not lead to the same failing addresses, the VPC's resolver before others.
fn right<'a>(
    case: &Case<'a>,
    wrong: &[&ServerAnswer],
    rows: &[&Row<'_>],
) -> Result<Option<Right<'a>>, Unknown> {
    let mut others: Vec<_> = case.target.resolution.servers.iter().collect();
    let fails = |ip: IpAddr| rows.iter().any(|row| row.ip() == ip);
    others.retain(|server| {
        wrong.iter().all(|one| one.server != server.server) && !server.addresses().any(fails)
    });
    others.sort_by_key(|server| !dns_servers::is_resolver(case, server));
    let mut unknown = None;
    for server in &others {
        match dns_servers::endpoints_by(case, server) {
            Ok(held) if held.is_empty() => {}
            Ok(held) => {
                let ips = held.iter().map(|(ip, _)| *ip).collect();
                return Ok(Some(Right { server, ips, why: Why::Endpoint(held) }));
            }
            Err(why) => unknown = Some(why),
        }
    }
    let by_packets = others.iter().find_map(|server| connecting(case, server));
    let untried = || others.iter().find_map(|server| untried(case, server)).filter(|_| unknown.is_some());
    match by_packets.or_else(untried) {
        Some(right) => Ok(Some(right)),
        None => unknown.map_or(Ok(None), Err),
    }
}

/// Its addresses were tried and connect: private ones, or any where this host has none at all.
fn connecting<'a>(case: &Case<'a>, server: &'a ServerAnswer) -> Option<Right<'a>> {
    let rows = dns_servers::rows_of(case, server).into_iter();
    let meant = |row: &&Row<'_>| case.name_gives_nothing() || net::is_private(row.ip());
    let ips: Vec<_> = rows.filter(|row| row.passes_without_use(case)).filter(meant).map(Row::ip).collect();
    (!ips.is_empty()).then_some(Right { server, ips, why: Why::Connects })
}

/// Private addresses, none of which was tried.
fn untried<'a>(case: &Case<'a>, server: &'a ServerAnswer) -> Option<Right<'a>> {
    let ips: Vec<_> = server.addresses().filter(|ip| net::is_private(*ip)).collect();
    let none_tried = dns_servers::rows_of(case, server).is_empty();
    (!ips.is_empty() && none_tried).then_some(Right { server, ips, why: Why::Untried })
}

/// Denies the name, fails, or gives neither an endpoint's address nor anybody's in this VPC. A private address from a
/// server on this host itself is rather an old one.
fn is_wrong(case: &Case<'_>, server: &ServerAnswer) -> bool {
    let inventory = &case.facts.inventory;
    let is_dead = |ip: IpAddr| case.failing().any(|row| row.ip() == ip && row.is_undelivered());
    let leads_nowhere = |ip: IpAddr| match inventory.interface_holding(ip, case.vpc()) {
        Known::Known(holder) => holder.is_none(),
        Known::Unknown(_) => is_dead(ip),
    };
    let is_old = |ip: IpAddr| dns_servers::is_stub(server) && net::is_private(ip);
    let astray = server.addresses().all(|ip| !is_old(ip) && (!net::is_private(ip) || leads_nowhere(ip)));
    let settled = dns_servers::is_settled(server) && !dns_servers::is_cut_short(server);
    (settled && astray) || dns_servers::failure(server).is_some()
}

fn draft(case: &Case<'_>, wrong: &[&ServerAnswer], right: &Right<'_>, rows: &[&Row<'_>]) -> Draft {
    let host = case.host();
    let servers = words::list(wrong.iter().map(|server| server.server.ip()));
    let asked = if wrong.len() == 1 { "The DNS server" } else { "The DNS servers" };
    let says = says(wrong, rows);
    let tried: Vec<_> = case.rows.iter().filter(|row| right.ips.contains(&row.ip())).collect();
    let (name, gives) = (dns_servers::called(case, right.server), words::list(&right.ips));
    let several = right.ips.len() > 1;
    let better = match right.why {
        Why::Endpoint(_) => format!("{name} leads to the endpoint"),
        Why::Connects => {
            format!("{name} gives {gives}, which {}", if several { "connect" } else { "connects" })
        }
        Why::Untried => format!("{name} gives {gives}"),
    };
    let held = if let Why::Endpoint(held) = &right.why { held.as_slice() } else { &[] };
    let leads = held.iter().map(|(ip, endpoint)| {
        Evidence::of(format!("{ip}, which {name} gives, belongs to {}", endpoint.id), words::address(*ip))
    });
    Draft::new(
        confidence(case, wrong, right, &tried),
        format!("{asked} this host is set to ask, {servers}, {says} {host}; {better}."),
    )
    .evidence(words::servers(case))
    .evidence([words::system(case)])
    .evidence(leads)
    .evidence(rows.iter().copied().chain(tried).map(|row| words::packets(case, row)))
    .fix(Fix::text(format!(
        "On {servers}, forward {host} (or its domain) to the VPC's resolver, or let this VPC's hosts ask that resolver"
    )))
}

/// As a sentence goes on after the servers' names, and before the asked name.
fn says(wrong: &[&ServerAnswer], rows: &[&Row<'_>]) -> String {
    let one = wrong.len() == 1;
    if !rows.is_empty() {
        let ips = words::list(rows.iter().map(|row| row.ip()));
        return format!("{} {ips} for", if one { "gives" } else { "give" });
    }
    match wrong {
        [server] if dns_servers::failure(server).is_some() => {
            let how = dns_servers::failure(server).map(dns_servers::fails_how).unwrap_or_default();
            format!("{how} about")
        }
        _ => format!("{} no address for", if one { "knows" } else { "know" }),
    }
}

/// What else explains the same: a denial that is only kept, private addresses that are only taken out, an error that
/// passes, an address tried without success.
fn confidence(case: &Case<'_>, wrong: &[&ServerAnswer], right: &Right<'_>, tried: &[&Row<'_>]) -> Confidence {
    let kept = |server: &ServerAnswer| dns_servers::denial(server).is_some_and(|denial| denial.is_cached);
    let filters = |server: &ServerAnswer| {
        dns_servers::is_emptied(server) && right.ips.iter().copied().all(net::is_private)
    };
    let limit = |server: &&ServerAnswer| match dns_servers::failure(server) {
        _ if filters(server) || (kept(server) && dns_servers::is_stub(server)) => Confidence::Possible,
        _ if kept(server) || dns_servers::is_stub(server) => Confidence::Likely,
        Some(Rcode::Refused) | None => Confidence::Confirmed,
        Some(_) => Confidence::Likely,
    };
    let fails = !tried.is_empty() && !tried.iter().any(|row| row.passes_without_use(case));
    let weakest = wrong.iter().map(limit).min().unwrap_or(Confidence::Possible);
    match right.why {
        Why::Untried => Confidence::Possible,
        // Tried for comparison and without success: something else is in the way as well.
        Why::Endpoint(_) if !fails => weakest,
        _ => weakest.min(Confidence::Likely),
    }
}
