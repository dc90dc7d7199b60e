//! What a provider needs besides: one sentence that asks, what was verified on the consumer's side, and where it can
//! look that the consumer cannot.

use crate::model::{
    endpoint::{EndpointState, VpcEndpoint},
    finding::{Failure, Layer, Phase, Symptom},
};

use super::{Ticket, page::Page, seen::Row};

/// By what was observed, whichever finding told it.
enum Trouble<'a> {
    /// The endpoint waits for the provider, or was turned away.
    State(&'a VpcEndpoint),
    /// The name fails, not the service.
    Domain,
    Silent,
    Refused,
    /// Hung up before any certificate came.
    Closed,
    Expired,
    Untrusted,
    Tls,
    Http,
    Other,
}

fn trouble<'a>(ticket: &Ticket<'a>) -> Trouble<'a> {
    let endpoint = ticket.seen.endpoint().and_then(|id| ticket.seen.facts.inventory.endpoint(id));
    let phase = |wanted: Phase| {
        let is =
            |symptom: &Symptom| matches!(symptom, Symptom::AddressFails { phase, .. } if *phase == wanted);
        ticket.finding.explains.iter().any(is)
    };
    let rows: Vec<Row<'_>> = ticket.seen.explained(ticket.finding).collect();
    let fails = |wanted: &[Failure]| {
        let is = |symptom: &Symptom| matches!(symptom, Symptom::AddressFails { phase: Phase::Tls, failure, .. } if wanted.contains(failure));
        ticket.finding.explains.iter().any(is)
    };
    match endpoint {
        _ if ticket.finding.layer == Layer::Dns => Trouble::Domain,
        Some(endpoint) if waits(&endpoint.state) => Trouble::State(endpoint),
        _ if rows.iter().any(Row::is_silent) => Trouble::Silent,
        _ if rows.iter().any(Row::is_refused) => Trouble::Refused,
        _ if fails(&[Failure::UnexpectedEof, Failure::Reset]) => Trouble::Closed,
        _ if fails(&[Failure::CertificateValidity]) => Trouble::Expired,
        _ if fails(&[Failure::CertificateTrust]) => Trouble::Untrusted,
        _ if phase(Phase::Tls) => Trouble::Tls,
        _ if phase(Phase::Http) => Trouble::Http,
        _ => Trouble::Other,
    }
}

fn waits(state: &EndpointState) -> bool {
    matches!(state, EndpointState::PendingAcceptance | EndpointState::Rejected)
}

pub(super) fn ask(ticket: &Ticket<'_>) -> String {
    let port = ticket.seen.port();
    let through = match ticket.seen.endpoint() {
        Some(id) => format!(" through our interface endpoint {id}"),
        None => String::new(),
    };
    match trouble(ticket) {
        Trouble::State(endpoint) => {
            let (id, state) = (&endpoint.id, &endpoint.state);
            format!(
                "Please accept the connection of our interface endpoint {id} to your service: it is {state}."
            )
        }
        Trouble::Silent => {
            format!(
                "Please find out why your service does not answer on {port}{through}{}.",
                in_zones(ticket)
            )
        }
        Trouble::Refused => {
            format!(
                "Please find out why {port} is refused{through}: is it your service's port, and does it listen?"
            )
        }
        Trouble::Domain => {
            let service = service(ticket).map(|service| format!(" for {service}")).unwrap_or_default();
            format!("Please verify the domain of {}{service}.", ticket.seen.target.target.host)
        }
        Trouble::Closed => format!(
            "Please find out why your side hangs up at the first TLS message (ClientHello) on {port}{through}: is \
             the endpoint registered with you?"
        ),
        Trouble::Expired => format!(
            "Please renew the certificate of your service on {port}: by our clock it is outside its validity."
        ),
        Trouble::Untrusted => format!(
            "Please let your service present on {port} a certificate that leads to an authority which clients \
             trust, its intermediate certificates included."
        ),
        Trouble::Tls => format!("Please look at the TLS side of your service on {port}{through}."),
        Trouble::Http => format!("Please look at what answers HTTP for your service on {port}{through}."),
        Trouble::Other => format!("Please look at your service on {port}{through}."),
    }
}

/// Of the endpoint that the finding is about; where it names none, of the one that the name leads to.
pub(super) fn service<'a>(ticket: &Ticket<'a>) -> Option<&'a str> {
    let meant = ticket.meant().and_then(|id| ticket.seen.facts.inventory.endpoint(&id));
    meant.map(|endpoint| endpoint.service.as_str()).or_else(|| ticket.seen.service())
}

/// Named where only some zones fail.
fn in_zones(ticket: &Ticket<'_>) -> String {
    let zones = zones(ticket);
    let failing = ticket.seen.explained(ticket.finding).count();
    if zones.is_empty() || failing == ticket.seen.rows().count() {
        String::new()
    } else {
        format!(" in {zones}, while it does elsewhere")
    }
}

/// `zone usw2-az1`, `zones usw2-az1, usw2-az2`: those of the addresses that fail.
fn zones(ticket: &Ticket<'_>) -> String {
    let mut zones: Vec<&str> = Vec::new();
    for zone in ticket.seen.explained(ticket.finding).filter_map(|row| row.zone()) {
        if !zones.contains(&zone.as_str()) {
            zones.push(zone.as_str());
        }
    }
    match zones.as_slice() {
        [] => String::new(),
        [one] => format!("zone {one}"),
        many => format!("zones {}", many.join(", ")),
    }
}

pub(super) fn checked_here(ticket: &Ticket<'_>, page: &mut Page) {
    let trouble = trouble(ticket);
    if matches!(trouble, Trouble::Domain) {
        return;
    }
    let seen = &ticket.seen;
    let rows: Vec<Row<'_>> = seen.rows().collect();
    let ips = |is: &dyn Fn(&Row<'_>) -> bool| {
        let ips = rows.iter().filter(|row| is(row)).map(|row| row.judged.ip.to_string());
        ips.collect::<Vec<_>>().join(", ")
    };
    let mut facts = Vec::new();
    if let Some(id) = seen.endpoint()
        && !rows.is_empty()
        && rows.iter().all(|row| row.judged.endpoint.as_ref() == Some(id))
    {
        facts.push(format!("{} leads to interfaces of {id} and nowhere else", seen.target.target.host));
    }
    let open = ips(&|row| row.is_open());
    if !open.is_empty() {
        let port = seen.port();
        facts.push(format!(
            "security groups, network ACLs, routes and the endpoint's state allow {port} to {open} and the replies back"
        ));
    }
    // By the endpoint's state, then, and by nothing else.
    let blocked = matches!(trouble, Trouble::State(_)) && rows.iter().any(Row::is_blocked);
    if blocked && ticket.others().next().is_none() && seen.report.undecided.is_empty() {
        facts.push(format!("nothing else that was looked at stops {}", seen.port()));
    }
    let undecided = ips(&|row| row.is_undecided());
    if !undecided.is_empty() {
        facts.push(format!(
            "whether our configuration allows the way to {undecided} could not be told; see below"
        ));
    }
    if facts.is_empty() {
        return;
    }
    page.heading("Checked on our side");
    for fact in facts {
        page.item(&fact);
    }
}

pub(super) fn to_check_there(ticket: &Ticket<'_>, page: &mut Page) {
    let port = ticket.seen.port();
    let zones = zones(ticket);
    let there = if zones.is_empty() { String::new() } else { format!(" in {zones}") };
    let registered = match ticket.seen.endpoint() {
        Some(id) => format!("whether {id} is accepted, and registered in your console if you have one"),
        None => "whether our endpoint is accepted, and registered in your console if you have one".to_owned(),
    };
    let mut items = match trouble(ticket) {
        Trouble::State(endpoint) => vec![format!("accept {}", endpoint.id)],
        Trouble::Domain => vec![format!(
            "publish the TXT record that AWS gives for the domain of {}, and start its verification",
            ticket.seen.target.target.host
        )],
        Trouble::Closed => vec![
            registered,
            "whether the load balancer and its targets agree on the PROXY protocol".to_owned(),
            format!("healthy targets{there}"),
        ],
        Trouble::Expired => vec!["the certificate of every target and listener, and when it was renewed".to_owned()],
        Trouble::Untrusted => vec!["which certificates are sent: all but the root are needed".to_owned()],
        Trouble::Silent => vec![
            "the load balancer's security group: it also applies to traffic from PrivateLink, unless switched off"
                .to_owned(),
            format!("a listener on {port}"),
            format!("healthy targets{there}, or cross-zone load balancing"),
            "filters of the targets themselves: their security groups and firewalls".to_owned(),
            registered,
        ],
        Trouble::Refused => vec![
            format!("a listener on {port}"),
            format!("a process that listens on the targets' port{there}"),
            "a firewall that rejects".to_owned(),
        ],
        Trouble::Tls => vec!["the certificate, its chain and the TLS settings of what answers".to_owned()],
        Trouble::Http => vec!["the targets behind the load balancer: they answer, but not as they should".to_owned()],
        Trouble::Other => Vec::new(),
    };
    let commands: Vec<&String> = ticket.finding.fixes.iter().filter_map(|fix| fix.cli.as_ref()).collect();
    if items.is_empty() && commands.is_empty() {
        items.push("what the evidence above points at".to_owned());
    }
    page.heading(match trouble(ticket) {
        Trouble::State(_) | Trouble::Domain => "Please do",
        _ => "Please look at what we cannot see",
    });
    for item in items {
        page.item(&item);
    }
    for command in commands {
        page.command(command);
    }
}
