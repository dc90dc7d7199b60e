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
        name::{DnsAnswer, Lookup, Rcode, ServerAnswer},
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
            let (left, settle) = connect(case, row, *failure);
            (
                otherwise_answered(case, row).map_or(left.clone(), |changes| format!("{changes}; {left}")),
                settle,
            )
        }
        (Symptom::AddressFails { phase: Phase::Http, .. }, Some(row)) => http(case, row),
        (Symptom::AddressFails { failure, .. }, Some(row)) => tls(case, row, *failure),
        _ => name(case),
    };
    Unexplained { symptom: symptom.clone(), left, settle }
}

/// Two questions at the same time had two answers: the next one may lead elsewhere.
fn otherwise_answered(case: &Case<'_>, row: &Row<'_>) -> Option<String> {
    let resolution = &case.target.resolution;
    let ip = row.ip();
    let by_file = resolution.hosts_file.iter().any(|entry| entry.ip == ip);
    let by_search = || {
        let expanded = resolution.expansions.iter().flat_map(|named| &named.servers);
        expanded.flat_map(ServerAnswer::addresses).any(|other| other == ip)
    };
    let server = dns_servers::configured(case).find(|server| dns_servers::gives_addresses(server))?;
    (!by_file && !case.dns_gives(ip) && !by_search()).then(|| {
        format!(
            "answers change: this host got {ip}, and {}, asked at the same time, gave {}",
            words::server_name(&server.server),
            words::list(server.addresses())
        )
    })
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
    let why = no_address(case);
    let left = if said.is_empty() { why } else { format!("{said}: {why}") };
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

/// What may be behind answers that no finding accounts for, in the words of what was answered.
fn no_address(case: &Case<'_>) -> String {
    if let Some(why) = not_asked_here(case).or_else(|| by_turns(case)).or_else(|| chain(case)) {
        return why;
    }
    let failing = case.target.resolution.servers.iter().filter_map(|s| Some((s, dns_servers::failure(s)?)));
    let why = |(server, rcode)| told_by(server).unwrap_or_else(|| failed(case, server, rcode).to_owned());
    let reasons = words::distinct(failing.map(why));
    if !reasons.is_empty() {
        return reasons.join("; or ");
    }
    no_answer(case).to_owned()
}

/// DNS has addresses, and `nsswitch.conf` does not lead this host there.
fn not_asked_here(case: &Case<'_>) -> Option<String> {
    let sources = case.facts.host.resolver.known()?.sources.known()?;
    let asks = sources.iter().any(|source| matches!(source.as_str(), "dns" | "resolve"));
    let knows = case.target.resolution.servers.iter().any(dns_servers::gives_addresses);
    (knows && !asks).then(|| {
        format!("programs on this host do not ask DNS: nsswitch.conf says hosts: {}", sources.join(" "))
    })
}

/// This host got nothing, and a server asked directly at the same time has addresses.
fn by_turns(case: &Case<'_>) -> Option<String> {
    let knows = dns_servers::configured(case).find(|server| dns_servers::gives_addresses(server))?;
    let name = words::server_name(&knows.server);
    let before = dns_servers::configured(case).take_while(|server| server.server != knows.server);
    let denies = before.into_iter().find(|server| server.denies_name());
    Some(match denies {
        Some(server) => format!(
            "the servers of resolv.conf disagree, and the first answer counts: {} denies the name, {name} has it",
            words::server_name(&server.server)
        ),
        None => format!(
            "{name} gave this host's programs nothing and us an answer: answers that change, or come late"
        ),
    })
}

/// Aliases that lead to nothing: which link of the chain it is.
fn chain(case: &Case<'_>) -> Option<String> {
    let answers = || case.answers().filter(|answer| answer.addresses.is_empty());
    if let Some(answer) = answers().find(|answer| !answer.cnames.is_empty()) {
        return Some(broken_link(answer));
    }
    let stray = answers().find_map(|answer| answer.strays.first().filter(|_| answer.soa.is_none()))?;
    Some(format!(
        "the answer holds records of {} only, and none of the asked name: a server that is broken, or forged answers",
        stray.owner
    ))
}

fn broken_link(answer: &DnsAnswer) -> String {
    let Some(last) = answer.cnames.last() else { return String::new() };
    let same =
        |name: &str| name.trim_end_matches('.').eq_ignore_ascii_case(last.target.trim_end_matches('.'));
    if answer.cnames.iter().any(|cname| same(&cname.name)) {
        return format!(
            "a loop of aliases: {} is an alias of {} again; whoever owns the record of {} has to break it",
            last.name, last.target, last.name
        );
    }
    let what = match (answer.rcode, &answer.soa) {
        (Rcode::NxDomain, _) => "does not exist",
        (Rcode::NoError, Some(_)) => "exists and has no address record",
        (Rcode::NoError, None) => {
            return format!(
                "the server gives the alias {} and does not follow it: it asks nobody on behalf of its clients (recursion), or a filter took the addresses out",
                last.target
            );
        }
        _ => "could not be resolved",
    };
    format!(
        "the record of {} is an alias of {}, which {what}: its owner removed or renamed it, or the alias is misspelt",
        last.name, last.target
    )
}

/// What the server itself says of its failure (RFC 8914).
fn told_by(server: &ServerAnswer) -> Option<String> {
    let answers = server.lookups().into_iter().filter_map(Lookup::answer);
    let error = answers.flat_map(|answer| &answer.errors).next()?;
    let text = if error.text.is_empty() { String::new() } else { format!(": \"{}\"", error.text) };
    let of_signatures = matches!(error.code, 1 | 2 | 5..=12);
    let what = if of_signatures { ", a signature of the zone that does not hold (DNSSEC)" } else { "" };
    Some(format!("the server says why: extended DNS error {}{text}{what}", error.code))
}

/// Why a server that answers so has no answer.
fn failed(case: &Case<'_>, server: &ServerAnswer, rcode: Rcode) -> &'static str {
    match rcode {
        Rcode::Refused => {
            "whoever runs the server does not let this host ask: its list of clients (allow-query, access-control), or no recursion for them"
        }
        Rcode::ServFail if dns_servers::is_resolver(case, server) => {
            "a forwarding rule of Route 53 Resolver to a server that fails, or the zone's own servers"
        }
        Rcode::ServFail => {
            "the servers that it asks in turn do not answer or fail, or a signature of the zone does not hold"
        }
        Rcode::FormErr => {
            "the server does not understand the question: an old one, or something on the way that changes messages"
        }
        Rcode::NotImp => {
            "what listens there does not resolve names for clients, or something on the way answers in its place"
        }
        _ => "an error of the server itself",
    }
}

fn no_answer(case: &Case<'_>) -> &'static str {
    let denied = || dns_servers::resolver(case).any(ServerAnswer::denies_name);
    let covers = |endpoint: &&VpcEndpoint| {
        endpoint.private_dns_enabled
            && dns::private_dns_covers(&case.facts.inventory, endpoint, case.host()) == Some(true)
    };
    let is_private = || case.endpoints().is_ok_and(|all| all.iter().any(covers));
    let servers = &case.target.resolution.servers;
    let mut configured = dns_servers::configured(case).peekable();
    let only_vpcs =
        configured.peek().is_some() && configured.all(|server| dns_servers::is_resolver(case, server));
    if case.answers().next().is_none() && only_vpcs {
        "the VPC's resolver does not answer, which no group or ACL filters: a firewall on this host, more questions than it \
         takes from one interface, or this host's way to it"
    } else if case.answers().next().is_none() {
        "no DNS server gave an answer that could be used"
    } else if denied() && is_private() {
        "private DNS of an endpoint here covers the name, so what is left is a zone of the same name in this VPC, a rule of \
         DNS Firewall, or a service that does not have this name"
    } else if servers.iter().any(dns_servers::is_emptied) {
        "no zone denies like that, so something takes the records out: a rule of DNS Firewall, a protection against rebinding, \
         another filter"
    } else {
        "a record of another type, a filter, or a resolver that failed on the way"
    }
}

fn bracketed(row: &Row<'_>) -> String {
    if row.ip().is_ipv6() { format!("[{}]", row.ip()) } else { row.ip().to_string() }
}
