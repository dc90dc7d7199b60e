//! `network-firewall-drop`

use crate::model::{
    finding::{Confidence, Evidence, Fix},
    observation::{TlsOutcome, TlsProbe},
};

use super::{
    Case, Draft, Outcome, Row, Rule, declare_finding,
    route_rows::{self, Middlebox},
    words,
};

declare_finding! {
    /// ## What it means
    /// The packets pass a firewall or appliance on their way, which lets the TCP connection through and not the TLS handshake:
    /// filters that decide by the server's name (SNI) can do so only once they have seen the ClientHello.
    /// ## How we know
    /// A route, there or back, leads through a firewall endpoint or an appliance's interface; TCP connects; and the ClientHello
    /// is answered by nothing, by a RST or by the end of the connection. What the firewall does cannot be seen from here.
    /// ## What looks like it
    /// A server that hangs or refuses this client: the same from here, without a firewall on the way.
    /// `route-more-specific-middlebox`: not even TCP connects.
    /// `tls-intercepted`: the firewall answers, with a certificate of its own.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-route-tables --filters Name=association.subnet-id,Values=SUBNET --query 'RouteTables[].Routes'
    ///     openssl s_client -connect ADDRESS:PORT -servername NAME </dev/null; openssl s_client -connect ADDRESS:PORT -noservername </dev/null
    /// ## How to fix it
    /// Allow the name in the firewall's domain list, or route the endpoint's subnets past the firewall. Its own log of alerts
    /// says whether it dropped.
    static NETWORK_FIREWALL_DROP = { title: "a firewall on the way may let TCP through and drop TLS", severity: Error, side: ConsumerVpc, layer: Route, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&NETWORK_FIREWALL_DROP, check);

fn check(case: &Case<'_>) -> Outcome {
    let found = |row| Some((row, ending(row)?, route_rows::middlebox(case, row)?));
    let rows: Vec<(&Row<'_>, &str, Middlebox<'_>)> = case.failing().filter_map(found).collect();
    let Some((first, _, Middlebox { route, .. })) = rows.first() else {
        return Ok(None);
    };
    let target = route.target.id();
    let name = first.probe.tls.as_ref().map_or(case.host(), |tls| tls.server_name.as_str());
    let draft = Draft::new(
        Confidence::Possible,
        format!("The way to {name} leads through {target}, which may let TCP through and drop TLS."),
    )
    .evidence(words::distinct(rows.iter().map(|(row, _, middlebox)| {
        route_rows::says(middlebox.table, Some(middlebox.route), row, middlebox.kind)
    })))
    .evidence(rows.iter().map(|(row, ending, _)| {
        Evidence::of(format!("{} connects, and then {ending}", row.ip()), words::address(row.ip()))
    }))
    .fix(Fix::text(format!("Allow {name} in the rules of {target}, or route these addresses past it")))
    .explains(rows.iter().map(|(row, ..)| *row));
    Ok(Some(draft))
}

/// How the handshake ended, where nothing of it came back. A server that asked for a client certificate spoke.
fn ending(row: &Row<'_>) -> Option<&'static str> {
    let silent = |tls: &&TlsProbe| tls.chain.is_empty() && !tls.client_certificate_requested;
    match row.probe.tls.as_ref().filter(silent)?.outcome {
        TlsOutcome::TimedOut => Some("the ClientHello gets no answer"),
        TlsOutcome::Reset => Some("the ClientHello is answered with a RST"),
        TlsOutcome::UnexpectedEof => Some("the connection is closed at the ClientHello"),
        _ => None,
    }
}
