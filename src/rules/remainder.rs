//! What no finding accounts for: said, with what it may still be and what would settle it.

use crate::{
    analyze::{
        dns,
        path::{Step, StepOutcome},
    },
    model::{
        endpoint::VpcEndpoint,
        finding::{Failure, Finding, Phase, Symptom},
        inventory::actions,
        known::{Known, Reason, Unknown},
        name::{Rcode, ServerAnswer},
        net,
        report::{PathVerdict, Unexplained},
    },
};

use super::{Case, Row, dns_servers, words};

pub(super) fn remainder(case: &Case<'_>, findings: &[Finding]) -> Vec<Unexplained> {
    let explained = |symptom: &&Symptom| findings.iter().any(|finding| finding.explains.contains(symptom));
    case.symptoms
        .iter()
        .filter(|symptom| !explained(symptom))
        .map(|symptom| left_over(case, symptom))
        .collect()
}

fn left_over(case: &Case<'_>, symptom: &Symptom) -> Unexplained {
    let row = case.rows.iter().find(|row| row.symptom.as_ref() == Some(symptom));
    let (left, settle) = match (symptom, row) {
        (Symptom::AddressFails { phase: Phase::Connect, failure, .. }, Some(row)) => {
            connect(case, row, *failure)
        }
        (Symptom::AddressFails { phase: Phase::Http, .. }, Some(row)) => http(case, row),
        (Symptom::AddressFails { failure, .. }, Some(row)) => tls(case, row, *failure),
        _ => name(case),
    };
    Unexplained { symptom: symptom.clone(), left, settle }
}

/// A path decides first; what it allows lies past what the configuration shows.
fn connect(case: &Case<'_>, row: &Row<'_>, failure: Failure) -> (String, Vec<String>) {
    let port = case.target.target.port;
    let ip = row.ip();
    match failure {
        Failure::LocalError => {
            return (
                "this host would not send: a limit, a local filter or a local route".to_owned(),
                vec![format!("ip route get {ip}"), "sudo nft list ruleset".to_owned()],
            );
        }
        _ if row.is_this_host() => {
            return (
                format!(
                    "{ip} is this host itself: a filter in DNS that answers so, or a record made by hand"
                ),
                vec![format!("dig +tries=1 {} @169.254.169.253", case.host())],
            );
        }
        Failure::Unreachable => {
            return (
                "a router, or this host's own routes, said that the address cannot be reached".to_owned(),
                vec![format!("ip route get {ip}"), format!("sudo tcpdump -ni any icmp or host {ip}")],
            );
        }
        Failure::Refused => {
            return (
                "something at the address, or a firewall before it, refuses this port; groups and ACLs never refuse"
                    .to_owned(),
                vec![format!("nc -vz -w 3 {ip} {port}")],
            );
        }
        _ => {}
    }
    match row.path.verdict() {
        Known::Known(PathVerdict::Deny) => (
            format!(
                "the configuration stops these packets: {}{}",
                words::list(denials(row)),
                if_private(row)
            ),
            seen_from_here(row, port),
        ),
        Known::Known(PathVerdict::Allow) => (beyond(row), seen_from_here(row, port)),
        Known::Unknown(_) => undecided(row, port),
    }
}

/// Nothing says whether a public name was meant to lead to an endpoint.
fn if_private(row: &Row<'_>) -> &'static str {
    if net::is_private(row.ip()) {
        ""
    } else {
        "; if the name is meant to be private, nothing here leads it to an endpoint"
    }
}

fn denials<'r>(row: &'r Row<'_>) -> impl Iterator<Item = String> + 'r {
    row.path.blockers().map(|(step, _)| told(step))
}

fn told(step: &Step) -> String {
    match step.resource() {
        Some(resource) => format!("{} ({}: {})", resource.id, step.kind.as_str(), step.rule()),
        None => format!("{}: {}", step.kind.as_str(), step.rule()),
    }
}

/// Allowed by everything visible here.
fn beyond(row: &Row<'_>) -> String {
    let whose = match &row.endpoint {
        Known::Known(Some(_)) => "the provider behind the endpoint",
        _ => "whoever holds the address",
    };
    format!("allowed by everything visible here; what is left: {whose}, or a firewall on this host")
}

fn seen_from_here(row: &Row<'_>, port: u16) -> Vec<String> {
    let mut settle = Vec::new();
    if let Some(eni) = row.eni.known().copied().flatten() {
        settle.push(format!(
            "VPC flow logs of {}: REJECT is a group or an ACL, ACCEPT without replies lies beyond",
            eni.id
        ));
    }
    settle.push("sudo nft list ruleset".to_owned());
    settle.push(format!("sudo tcpdump -ni any host {} and tcp port {port}", row.ip()));
    settle
}

fn undecided(row: &Row<'_>, port: u16) -> (String, Vec<String>) {
    let gaps = words::distinct(row.path.steps.iter().filter_map(|step| match &step.outcome {
        StepOutcome::Undecided(why) => Some(why),
        _ => None,
    }));
    let not_asked = gaps.iter().all(|why| why.reason == Reason::NotAsked);
    let left = match (not_asked, net::is_private(row.ip())) {
        (_, false) => {
            "a public address: what is left is this subnet's way to the internet, or the other end".to_owned()
        }
        (true, true) => {
            "the VPC's configuration was not read: a group, an ACL, a route, the endpoint's state, the \
                         provider or a firewall on this host"
                .to_owned()
        }
        (false, true) => format!(
            "{}, which this run could not read; if that allows, the provider or a firewall on this host",
            unread(&gaps)
        ),
    };
    let mut settle = ways_to_read(&gaps);
    settle.extend(seen_from_here(row, port));
    (left, settle)
}

/// What the calls would have told that did not answer.
fn unread(gaps: &[&Unknown]) -> String {
    let thing = |why: &Unknown| match why.missing.as_str() {
        actions::SECURITY_GROUPS => "a security group",
        actions::NETWORK_ACLS => "a network ACL",
        actions::ROUTE_TABLES => "a route table",
        actions::PEERING_CONNECTIONS => "a peering connection",
        actions::PREFIX_LIST_ENTRIES => "a prefix list",
        actions::VPC_ENDPOINTS => "the endpoint's state",
        _ => "what filters at the other end",
    };
    let things = words::distinct(gaps.iter().map(|why| thing(why)));
    match things.as_slice() {
        [start @ .., last] if !start.is_empty() => format!("{} or {last}", start.join(", ")),
        _ => things.concat(),
    }
}

fn ways_to_read(gaps: &[&Unknown]) -> Vec<String> {
    let forbidden = |why: &&&Unknown| matches!(&why.reason, Reason::Denied { code, .. } if FORBIDDEN.contains(&code.as_str()));
    let actions = words::distinct(gaps.iter().filter(forbidden).map(|why| &why.missing));
    let mut ways = Vec::new();
    if !actions.is_empty() {
        ways.push(format!("allow this run's role {}, and check again", words::list(actions)));
    }
    for why in gaps.iter().filter(|why| !forbidden(why)) {
        let way = if why.reason == Reason::NotAsked {
            "check again with AWS credentials, or with --inventory DIR: a directory of `aws ec2 describe-*` output"
                .to_owned()
        } else {
            format!("{} ({})", why.missing, why.reason.describe())
        };
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    ways
}

/// The credentials are good, and the policy does not allow the action.
const FORBIDDEN: [&str; 2] = ["UnauthorizedOperation", "AccessDenied"];

fn tls(case: &Case<'_>, row: &Row<'_>, failure: Failure) -> (String, Vec<String>) {
    let target = &case.target.target;
    let left = match failure {
        Failure::TimedOut => {
            "the network is proved up to TCP; what is left: a service that hangs, a filter that drops the \
             ClientHello, or packets of full size that do not arrive"
        }
        Failure::UnexpectedEof | Failure::Reset => {
            "the network is proved up to TCP; what is left: a load balancer without a healthy target, a service \
             that wants another protocol first, or one that does not admit this endpoint or name"
        }
        Failure::Alert => "the network is proved up to TLS; the service refuses this handshake",
        _ => "the network is proved up to TCP; what is left lies in the TLS of either end",
    };
    let server_name = row.probe.tls.as_ref().map_or(target.host.as_str(), |tls| tls.server_name.as_str());
    let command =
        format!("openssl s_client -connect {}:{} -servername {server_name}", bracketed(row), target.port);
    (left.to_owned(), vec![command])
}

fn http(case: &Case<'_>, row: &Row<'_>) -> (String, Vec<String>) {
    let target = &case.target.target;
    let scheme = if target.protocol.uses_tls() { "https" } else { "http" };
    let command = format!(
        "curl -v --connect-to {}:{}:{}: {scheme}://{}:{}{}",
        target.host,
        target.port,
        bracketed(row),
        target.host,
        target.port,
        target.http.path
    );
    ("the network is proved up to HTTP; what is left is the service itself".to_owned(), vec![command])
}

fn name(case: &Case<'_>) -> (String, Vec<String>) {
    let host = case.host();
    let said = words::servers(case).into_iter().map(|evidence| evidence.fact).collect::<Vec<_>>().join("; ");
    let left =
        if said.is_empty() { no_answer(case).to_owned() } else { format!("{said}: {}", no_answer(case)) };
    let mut servers: Vec<String> = case
        .target
        .resolution
        .servers
        .iter()
        .map(|server| format!("dig +tries=1 {host} @{}", server.server.ip()))
        .collect();
    if servers.is_empty() {
        servers.push(format!("getent ahosts {host}"));
    }
    (left, servers)
}

/// What may be behind answers that no finding accounts for.
fn no_answer(case: &Case<'_>) -> &'static str {
    let says = |rcode: Rcode| {
        dns_servers::resolver(case)
            .flat_map(ServerAnswer::lookups)
            .any(move |lookup| lookup.answer().is_some_and(|answer| answer.rcode == rcode))
    };
    let covers = |endpoint: &&VpcEndpoint| {
        endpoint.private_dns_enabled
            && dns::private_dns_covers(&case.facts.inventory, endpoint, case.host()) == Some(true)
    };
    let is_private = || case.endpoints().is_ok_and(|all| all.iter().any(covers));
    if case.answers().next().is_none() {
        "no DNS server gave an answer that could be used"
    } else if says(Rcode::ServFail) {
        "a forwarding rule of Route 53 Resolver to a server that fails, or the zone's own servers"
    } else if says(Rcode::NxDomain) && is_private() {
        "private DNS of an endpoint here covers the name, so what is left is a zone of the same name in this VPC, a rule of \
         DNS Firewall, or a service that does not have this name"
    } else {
        "a record of another type, a filter, or a resolver that failed on the way"
    }
}

fn bracketed(row: &Row<'_>) -> String {
    if row.ip().is_ipv6() { format!("[{}]", row.ip()) } else { row.ip().to_string() }
}
