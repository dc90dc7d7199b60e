//! The views of a name: who says what, and where the way to the endpoint is left.
//!
//! An application gets what this host's resolver makes of the hosts file and of what the servers of `resolv.conf` say;
//! these ask the VPC's resolver or others; and that one knows the endpoint's own names. The first of them, seen from the
//! endpoint, that leads elsewhere is where something has to change.

use std::net::{IpAddr, SocketAddr};

use crate::{
    analyze::dns,
    model::{
        endpoint::VpcEndpoint,
        inventory::Inventory,
        name::{
            DnsAnswer, HostsEntry, Lookup, LookupOutcome, Rcode, ServerAnswer, ServerRole, SystemOutcome,
        },
        views::{Departure, Expected, Owner, View, Viewer, Views},
    },
};

use super::{Case, dns_servers, words};

pub(super) fn views(case: &Case<'_>) -> Views {
    let resolution = &case.target.resolution;
    if matches!(resolution.system.outcome, SystemOutcome::Literal(_)) {
        return Views::default();
    }
    let mut rows = endpoint_names(case);
    rows.extend(servers(case));
    rows.extend(hosts_file(case));
    rows.push(system(case));
    let inventory = &case.facts.inventory;
    // What lies in the domain of private names, and is none of them, is not the endpoint's.
    let serves = |e: &&VpcEndpoint| dns::shadowing_domain(inventory, e, case.host()).is_none();
    let expected = case.likely_endpoint().filter(serves).and_then(|endpoint| expected(inventory, endpoint));
    let judge = Judge {
        case,
        expected: expected.as_ref(),
        someone_connects: rows.iter().any(|row| connects(case, row)),
    };
    for row in &mut rows {
        row.right = judge.right(row);
    }
    let departure = departure(case, &rows, expected.is_some());
    let facts = words::servers(case).into_iter().chain([words::system(case)]).map(|evidence| evidence.fact);
    Views { expected, rows, departure, facts: facts.collect() }
}

/// The addresses of the endpoint's interfaces, where they were all read.
fn expected(inventory: &Inventory, endpoint: &VpcEndpoint) -> Option<Expected> {
    let all = inventory.network_interfaces.known()?;
    let interfaces: Option<Vec<_>> =
        endpoint.network_interfaces.iter().map(|id| all.get(id.as_str())).collect();
    let addresses: Vec<IpAddr> =
        interfaces?.into_iter().flat_map(|eni| eni.addresses.iter().copied()).collect();
    (!addresses.is_empty()).then(|| Expected { endpoint: endpoint.id.clone(), addresses })
}

struct Judge<'c> {
    case: &'c Case<'c>,
    expected: Option<&'c Expected>,
    someone_connects: bool,
}

impl Judge<'_> {
    fn right(&self, row: &View) -> Option<bool> {
        if row.addresses.is_empty() {
            return is_told(row).then_some(false);
        }
        if let Some(expected) = self.expected {
            return Some(row.addresses.iter().all(|ip| expected.addresses.contains(ip)));
        }
        if connects(self.case, row) {
            return Some(true);
        }
        let tried = |ip: &IpAddr| self.case.rows.iter().any(|row| row.ip() == *ip);
        (self.someone_connects && row.addresses.iter().all(tried)).then_some(false)
    }
}

/// A connection to one of its addresses was made, and what was expected of it came.
fn connects(case: &Case<'_>, row: &View) -> bool {
    let mut passing = case.rows.iter().filter(|row| row.passes_without_use(case));
    passing.any(|passing| row.addresses.contains(&passing.ip()))
}

/// Whether there was a word, if only that there is nothing.
fn is_told(row: &View) -> bool {
    !row.said.is_empty()
}

/// What is said of the names of the endpoint that is meant.
fn endpoint_names(case: &Case<'_>) -> Vec<View> {
    let mut rows = Vec::new();
    for asked in &case.target.resolution.endpoint_names {
        for answer in asked.servers.iter().filter(|answer| is_awaited(answer)) {
            let viewer = Viewer::EndpointName { name: asked.name.clone(), server: answer.server };
            let by = format!("{}, by {}", asked.name, heard(answer, ""));
            rows.push(view(viewer, answer.addresses(), said(answer), by));
        }
    }
    rows
}

/// The VPC's resolver before those that may ask it.
fn servers(case: &Case<'_>) -> Vec<View> {
    let told = |answer: &&ServerAnswer| is_awaited(answer);
    let mut all: Vec<_> = case.target.resolution.servers.iter().filter(told).collect();
    let rank = |answer: &&ServerAnswer| match answer.role {
        _ if dns_servers::is_resolver(case, answer) => 0,
        ServerRole::Upstream => 1,
        ServerRole::Configured | ServerRole::VpcResolver => 2,
    };
    all.sort_by_key(rank);
    let row = |answer: &ServerAnswer| {
        let (viewer, whose): (fn(SocketAddr) -> Viewer, _) = match (rank(&answer), answer.role) {
            (0, ServerRole::Configured) => (Viewer::VpcResolver, "resolv.conf, the VPC's resolver"),
            (0, _) => (Viewer::VpcResolver, "the VPC's resolver"),
            (1, _) => (Viewer::Upstream, "asked by this host's stub"),
            _ => (Viewer::Server, "resolv.conf"),
        };
        view(viewer(answer.server), answer.addresses(), said(answer), heard(answer, whose))
    };
    all.into_iter().map(row).collect()
}

fn hosts_file(case: &Case<'_>) -> Vec<View> {
    let lines = case.target.resolution.hosts_file.iter();
    let row = |entry: &HostsEntry| {
        let by = format!("{} line {}", entry.file, entry.line);
        view(Viewer::HostsFile, [entry.ip], entry.ip.to_string(), by)
    };
    lines.map(row).collect()
}

fn system(case: &Case<'_>) -> View {
    let system = &case.target.resolution.system;
    let said = match &system.outcome {
        SystemOutcome::Addresses(all) => few(all),
        SystemOutcome::Literal(ip) => ip.to_string(),
        SystemOutcome::Failed { message } => message.clone(),
        SystemOutcome::TimedOut => "no answer".to_owned(),
    };
    let addresses = system.addresses().iter().copied();
    view(Viewer::System, addresses, said, format!("this host (getaddrinfo), {}", system.seconds))
}

fn view(viewer: Viewer, addresses: impl IntoIterator<Item = IpAddr>, said: String, by: String) -> View {
    View { viewer, addresses: words::distinct(addresses), said, by, right: None }
}

fn is_awaited(answer: &ServerAnswer) -> bool {
    answer.lookups().into_iter().any(|lookup| lookup.outcome != LookupOutcome::NotAwaited)
}

/// Addresses of both families, and what there is beside them.
fn said(answer: &ServerAnswer) -> String {
    let addresses: Vec<_> = words::distinct(answer.addresses());
    let trouble =
        |lookup: &Lookup| !matches!(&lookup.outcome, LookupOutcome::Answered(a) if a.rcode == Rcode::NoError);
    match (addresses.is_empty(), trouble(&answer.aaaa)) {
        (true, _) => words::said_of(&answer.a),
        (false, true) if answer.a.answer().is_some_and(|a| !a.addresses.is_empty()) => {
            match &answer.aaaa.outcome {
                LookupOutcome::NotAwaited => few(&addresses),
                _ => format!("{} (AAAA: {})", few(&addresses), words::said_of(&answer.aaaa)),
            }
        }
        (false, _) => few(&addresses),
    }
}

/// As many as somebody reads.
fn few(addresses: &[IpAddr]) -> String {
    let more = addresses.len().saturating_sub(MOST);
    if more < 2 {
        return words::list(addresses);
    }
    let first: Vec<_> = addresses.iter().take(MOST).map(ToString::to_string).collect();
    format!("{} and {more} more", first.join(", "))
}

const MOST: usize = 6;

/// Who, in what time, and for how long it may be kept.
fn heard(answer: &ServerAnswer, whose: &str) -> String {
    let mut by = words::server_name(&answer.server);
    if !whose.is_empty() {
        by = format!("{by} ({whose})");
    }
    let lookup = [&answer.a, &answer.aaaa].into_iter().find(|lookup| gives(lookup)).unwrap_or(&answer.a);
    let Some(told) = lookup.answer() else { return by };
    by = format!("{by}, {}", lookup.seconds);
    if let Some(keep) = keep(told) {
        by = format!("{by}, {keep}");
    }
    // Where there are no addresses, the chain stands in what is said.
    if gives(lookup) && !told.cnames.is_empty() {
        by = format!("{by}, CNAME {}", words::list(told.cnames.iter().map(|cname| &cname.target)));
    }
    by
}

fn gives(lookup: &Lookup) -> bool {
    lookup.answer().is_some_and(|answer| !answer.addresses.is_empty())
}

/// TTL of the addresses; of a denial the lesser of two numbers (RFC 2308 section 5).
fn keep(answer: &DnsAnswer) -> Option<String> {
    if let Some(record) = answer.addresses.first() {
        return Some(format!("TTL {}", record.ttl));
    }
    let soa = answer.soa.as_ref()?;
    let lasts = soa.ttl.into_iter().chain(soa.minimum).min()?;
    Some(format!("kept for {lasts} s"))
}

fn departure(case: &Case<'_>, rows: &[View], has_expected: bool) -> Option<Departure> {
    let at = |is: &dyn Fn(&View) -> bool| rows.iter().position(is);
    let system = at(&|row| row.viewer == Viewer::System)?;
    if rows[system].right != Some(false) {
        return None;
    }
    let used = &rows[system].addresses;
    let hosts = at(&|row| {
        row.viewer == Viewer::HostsFile
            && row.right == Some(false)
            && row.addresses.iter().any(|ip| used.contains(ip))
    });
    if let Some(at) = hosts {
        return Some(Departure { at, owner: Owner::ThisHost, reason: None });
    }
    let configured: Vec<_> = (0..rows.len()).filter(|at| is_configured(case, &rows[*at])).collect();
    let wrong = configured.iter().copied().find(|at| rows[*at].right == Some(false));
    let Some(wrong) = wrong else {
        if let Some(half) = half_mute(case, rows, &configured) {
            return Some(half);
        }
        let right = configured.iter().any(|at| rows[*at].right == Some(true));
        let reason = Some(on_this_host(case, rows, system));
        return right.then_some(Departure { at: system, owner: Owner::ThisHost, reason });
    };
    let departure = behind(case, rows, wrong);
    // Nobody knows better than who denies a name that nothing else tells of.
    let is_known = has_expected || rows.iter().any(|row| row.right == Some(true));
    (is_known || !denies(case, &rows[departure.at])).then_some(departure)
}

/// A server that answers one of the two questions and not the other: applications wait for both.
fn half_mute(case: &Case<'_>, rows: &[View], configured: &[usize]) -> Option<Departure> {
    let is_mute = |lookup: &Lookup| matches!(lookup.outcome, LookupOutcome::TimedOut);
    configured.iter().find_map(|at| {
        let answer = answer_of(case, &rows[*at])?;
        let kind = match (is_mute(&answer.a), is_mute(&answer.aaaa)) {
            (true, false) => "A",
            (false, true) => "AAAA",
            _ => return None,
        };
        let reason = Some(format!("it never answers what is asked for {kind}, and applications wait for it"));
        Some(Departure { at: *at, owner: owner(&rows[*at].viewer), reason })
    })
}

fn owner(viewer: &Viewer) -> Owner {
    match viewer {
        Viewer::VpcResolver(_) => Owner::Vpc,
        Viewer::Server(server) if server.ip().is_loopback() => Owner::ThisHost,
        Viewer::Upstream(server) | Viewer::Server(server) => Owner::Server(*server),
        Viewer::EndpointName { .. } => Owner::Provider,
        Viewer::HostsFile | Viewer::System => Owner::ThisHost,
    }
}

fn denies(case: &Case<'_>, row: &View) -> bool {
    answer_of(case, row).is_some_and(dns_servers::is_settled)
}

fn is_mute(case: &Case<'_>, row: &View) -> bool {
    answer_of(case, row).is_some_and(ServerAnswer::gives_no_answer)
}

/// What the server of this row said of the name itself.
fn answer_of<'c>(case: &'c Case<'_>, row: &View) -> Option<&'c ServerAnswer> {
    let server = row.viewer.server()?;
    case.target.resolution.servers.iter().find(|answer| answer.server == server)
}

/// A server of `resolv.conf` leads elsewhere: it may only repeat what another says.
fn behind(case: &Case<'_>, rows: &[View], wrong: usize) -> Departure {
    let first =
        |is: fn(&Viewer) -> bool| rows.iter().position(|row| is(&row.viewer) && row.right == Some(false));
    // Who says nothing, or something else, is not whom it repeats.
    let same = |at: &usize| {
        let (one, other) = (&rows[*at], &rows[wrong]);
        *at == wrong || (!is_mute(case, one) && one.addresses == other.addresses && one.said == other.said)
    };
    let upstream = first(|viewer| matches!(viewer, Viewer::Upstream(_)));
    let resolver = first(|viewer| matches!(viewer, Viewer::VpcResolver(_)));
    let at = resolver.filter(same).or(upstream.filter(same)).unwrap_or(wrong);
    let name = first(|viewer| matches!(viewer, Viewer::EndpointName { .. }));
    if let Some(name) = name.filter(|_| matches!(rows[at].viewer, Viewer::VpcResolver(_))) {
        return Departure { at: name, owner: Owner::Provider, reason: None };
    }
    let owner = owner(&rows[at].viewer);
    let right = rows[..at].iter().rev().find(|row| row.right == Some(true));
    let otherwise = right.and_then(|row| Some((row.viewer.server()?, &row.said)));
    let reason = otherwise.map(|(server, said)| format!("{} says {said}", words::server_name(&server)));
    Departure { at, owner, reason }
}

fn is_configured(case: &Case<'_>, row: &View) -> bool {
    let servers = &case.target.resolution.servers;
    let mut configured = servers.iter().filter(|answer| answer.role == ServerRole::Configured);
    matches!(row.viewer, Viewer::Server(_) | Viewer::VpcResolver(_))
        && configured.any(|answer| row.viewer.server() == Some(answer.server))
}

/// Every server that was asked leads the right way, and what stands before them does not.
fn on_this_host(case: &Case<'_>, rows: &[View], system: usize) -> String {
    let used = &rows[system].addresses;
    let host = case.host().trim_end_matches('.');
    let leaked = case.target.resolution.expansions.iter().find(|asked| {
        let mut given = asked.servers.iter().flat_map(ServerAnswer::addresses);
        !asked.name.trim_end_matches('.').eq_ignore_ascii_case(host) && given.any(|ip| used.contains(&ip))
    });
    if let Some(leaked) = leaked {
        return format!("the search list makes {} of it, which exists", leaked.name);
    }
    let configuration = case.facts.host.resolver.known();
    match configuration.and_then(|all| all.sources.known()) {
        Some(sources) if !sources.iter().any(|source| source == "dns" || source == "resolve") => {
            format!("nsswitch.conf has {} asked for hosts, and not DNS", words::list(sources))
        }
        _ => "something before the servers says otherwise, a cache or the hosts file, or these do not always answer the same".to_owned(),
    }
}
