//! `dns-truncation-tcp53`

use crate::model::{
    finding::{Confidence, Fix},
    name::{LookupOutcome, ServerAnswer, TcpTrouble},
    observation::TcpOutcome,
};

use super::{Case, Draft, Outcome, Rule, declare_finding, dns_servers, words};

declare_finding! {
    /// ## What it means
    /// The answer for this name does not fit into one message over UDP. The DNS server says so, the client has to come
    /// again over TCP, and TCP port 53 does not bring the answer. Names with short answers resolve.
    /// ## How we know
    /// The server's answer over UDP came with the bit that says that it is truncated, and the same question over TCP was
    /// refused, closed or left without an answer.
    /// ## What looks like it
    /// `dns-custom-server-blocked`: a security group or network ACL denies TCP port 53 on the way.
    /// `dns-custom-server-silent`: nothing comes over UDP either.
    /// ## How to confirm it by hand
    ///     dig +ignore NAME @SERVER       # flags: tc
    ///     dig +tcp NAME @SERVER
    /// ## How to fix it
    /// Let the server answer on TCP port 53 as it does on UDP port 53 (RFC 7766 asks it of every server), and let the
    /// firewalls between pass it. Fewer records under the name are a way round.
    static DNS_TRUNCATION_TCP53 = { title: "the DNS answer needs TCP port 53, which does not work", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_TRUNCATION_TCP53, check);

fn check(case: &Case<'_>) -> Outcome {
    let cut: Vec<_> =
        dns_servers::configured(case).filter_map(|server| Some((server, trouble(server)?))).collect();
    let resolves = dns_servers::configured(case).any(dns_servers::gives_addresses);
    let Some((server, tcp)) = cut.first().filter(|_| case.name_gives_nothing() && !resolves) else {
        return Ok(None);
    };
    // A group or ACL known to deny TCP port 53 is the nearer cause.
    let denied = dns_servers::blocked(case).is_ok_and(|blocked| !blocked.is_empty());
    let name = words::server_name(&server.server);
    let draft = Draft::new(
        if denied { Confidence::Likely } else { Confidence::Confirmed },
        format!(
            "The answer for {} does not fit into a UDP message, and {name} {} TCP port 53, over which it is to be had.",
            case.host(),
            does(tcp)
        ),
    )
    .evidence(words::servers(case))
    .evidence([words::system(case)])
    .fix(Fix::text(format!(
        "Let TCP port 53 of {name} serve this host as UDP port 53 does: its own setting, its firewall, and those between"
    )))
    .explains_name();
    Ok(Some(draft))
}

fn trouble(server: &ServerAnswer) -> Option<&TcpTrouble> {
    server.lookups().into_iter().find_map(|lookup| match &lookup.outcome {
        LookupOutcome::Truncated { tcp } => Some(tcp),
        _ => None,
    })
}

fn does(tcp: &TcpTrouble) -> &'static str {
    match tcp {
        TcpTrouble::NotConnected(TcpOutcome::Refused { .. }) => "refuses connections to",
        TcpTrouble::NotConnected(TcpOutcome::LocalError { .. }) => "cannot be asked from here over",
        TcpTrouble::NotConnected(_) => "cannot be reached over",
        TcpTrouble::Closed => "closes without an answer what is connected to",
        TcpTrouble::TimedOut => "sends no answer over",
        TcpTrouble::Malformed { .. } => "sends something else than an answer over",
    }
}
