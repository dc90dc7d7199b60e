//! What the findings about DNS servers of the user's own share.

use std::net::{IpAddr, SocketAddr};

use crate::{
    analyze::{
        dns,
        path::{self, Aim, Blocker, Path, StepKind},
        place::Place,
    },
    model::{
        endpoint::VpcEndpoint,
        facts::TargetFacts,
        finding::Evidence,
        known::Unknown,
        name::{DnsAnswer, Lookup, LookupOutcome, Rcode, Resolution, ServerAnswer, ServerRole},
        net::{self, Flow, PortRange},
        time::Timestamp,
    },
};

use super::{Case, Row, words};

/// Servers of resolv.conf that are not the VPC's own.
pub(super) fn custom<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a ServerAnswer> {
    let inventory = &case.facts.inventory;
    let servers = case.target.resolution.servers.iter();
    servers.filter(|s| s.role == ServerRole::Configured && !dns::is_vpc_resolver(inventory, s.server))
}

/// The name gives nothing because no server of resolv.conf says anything.
pub(super) fn all_silent(case: &Case<'_>) -> bool {
    let servers = case.target.resolution.servers.iter();
    let mut configured = servers.filter(|server| server.role == ServerRole::Configured).peekable();
    let is_useless = |server: &ServerAnswer| server.gives_no_answer() || is_cut_short(server);
    case.name_gives_nothing() && configured.peek().is_some() && configured.all(is_useless)
}

/// Servers of resolv.conf, in order.
pub(super) fn configured<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a ServerAnswer> {
    let servers = case.target.resolution.servers.iter();
    servers.filter(|server| server.role == ServerRole::Configured)
}

/// An answer came, whatever it says.
pub(super) fn answers(server: &ServerAnswer) -> bool {
    server.lookups().into_iter().any(|lookup| lookup.answer().is_some())
}

pub(super) fn gives_addresses(server: &ServerAnswer) -> bool {
    server.addresses().next().is_some()
}

/// A server on this host itself, which asks others and keeps what they say: `systemd-resolved`, `dnsmasq`, `nscd`'s kin.
pub(super) fn is_stub(server: &ServerAnswer) -> bool {
    server.server.ip().is_loopback()
}

/// systemd-resolved(8), which has no records of its own.
pub(super) fn is_systemd_resolved(server: &ServerAnswer) -> bool {
    matches!(server.server.ip(), IpAddr::V4(ip) if [[127, 0, 0, 53], [127, 0, 0, 54]].contains(&ip.octets()))
}

/// How this server fails to be of use, where it answers: REFUSED, SERVFAIL and their like, and no address.
pub(super) fn failure(server: &ServerAnswer) -> Option<Rcode> {
    let fails = |rcode: &Rcode| !matches!(rcode, Rcode::NoError | Rcode::NxDomain);
    let mut rcodes = server.lookups().into_iter().filter_map(Lookup::answer).map(|answer| answer.rcode);
    let first = rcodes.next().filter(fails)?;
    (!gives_addresses(server) && rcodes.all(|rcode| fails(&rcode))).then_some(first)
}

/// What an error says of the server, as a sentence goes on after its name.
pub(super) fn fails_how(rcode: Rcode) -> String {
    match rcode {
        Rcode::Refused => "refuses this host's questions (REFUSED)".to_owned(),
        Rcode::ServFail => "could not find out (SERVFAIL)".to_owned(),
        Rcode::FormErr => "calls the question malformed (FORMERR)".to_owned(),
        Rcode::NotImp => "does not do what is asked of it (NOTIMP)".to_owned(),
        other => format!("answers with an error ({})", other.name()),
    }
}

/// Rows to the addresses that a server gives.
pub(super) fn rows_of<'c, 'a>(case: &'c Case<'a>, server: &ServerAnswer) -> Vec<&'c Row<'a>> {
    case.rows.iter().filter(|row| server.addresses().any(|ip| ip == row.ip())).collect()
}

/// An address that this server gives was tried, and passes.
pub(super) fn leads_somewhere(case: &Case<'_>, server: &ServerAnswer) -> bool {
    rows_of(case, server).into_iter().any(|row| row.passes_without_use(case))
}

/// The name exists, and no record says where it leads; no zone says so either, which every zone does that denies
/// (RFC 2308 section 2.2). So answers what takes records out on the way.
pub(super) fn is_emptied(server: &ServerAnswer) -> bool {
    let bare = |answer: &DnsAnswer| {
        answer.rcode == Rcode::NoError && answer.addresses.is_empty() && answer.soa.is_none()
    };
    server.a.answer().is_some_and(bare) && !gives_addresses(server)
}

/// A denial, and for how long whoever gave it may go on giving it: the lesser of the SOA record's TTL and its MINIMUM
/// field (RFC 2308 section 5). In a cache the TTL counts down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Denial {
    pub(super) seconds: u32,
    /// The server says that it does not speak for the zone, and the time left is none that anybody sets.
    pub(super) is_cached: bool,
}

pub(super) fn denial(server: &ServerAnswer) -> Option<Denial> {
    let answers = || {
        server.lookups().into_iter().filter_map(Lookup::answer).filter(|answer| answer.addresses.is_empty())
    };
    if gives_addresses(server) || answers().any(|answer| !answer.cnames.is_empty()) {
        return None;
    }
    let denied = |answer: &&DnsAnswer| matches!(answer.rcode, Rcode::NoError | Rcode::NxDomain);
    let (answer, ttl, minimum) = answers().filter(denied).find_map(|answer| {
        let soa = answer.soa.as_ref()?;
        Some((answer, soa.ttl?, soa.minimum?))
    })?;
    // Of two denials by one zone, that of the older question has less left.
    let others = answers().filter_map(|answer| answer.soa.as_ref()?.ttl).any(|other| other != ttl);
    let is_cached = !answer.authoritative && ttl < minimum && (others || ttl % 5 != 0);
    Some(Denial { seconds: ttl.min(minimum), is_cached })
}

impl Denial {
    pub(super) fn ends(self, now: Timestamp) -> Timestamp {
        Timestamp(now.0 + i64::from(self.seconds))
    }
}

/// What keeps an answer of a server from being used, where none of its answers can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mute {
    Silent,
    /// The port is closed: the host is there, and said so.
    Closed,
    /// Messages came, and none of them answers this question.
    Foreign(u32),
    Malformed(String),
    /// The answer takes TCP, and TCP does not bring it.
    CutShort,
    /// The server lives, and something keeps UDP from it or its answers from here.
    TcpAlone,
    Failed(String),
}

/// How the adapter tells of a closed port.
const CLOSED: &str = "nothing listens there";

pub(super) fn mute(server: &ServerAnswer) -> Option<Mute> {
    if !server.gives_no_answer() {
        return None;
    }
    let foreign = server.lookups().iter().map(|lookup| lookup.foreign).sum::<u32>();
    let of = |lookup: &Lookup| match &lookup.outcome {
        LookupOutcome::Truncated { .. } => Some(Mute::CutShort),
        LookupOutcome::Malformed { message } => Some(Mute::Malformed(message.clone())),
        LookupOutcome::Failed { message } if message.starts_with(CLOSED) => Some(Mute::Closed),
        LookupOutcome::Failed { message } => Some(Mute::Failed(message.clone())),
        _ => None,
    };
    let told = server.answers_over_tcp_alone().then_some(Mute::TcpAlone);
    let told = told.or_else(|| server.lookups().into_iter().find_map(of));
    Some(told.unwrap_or(if foreign > 0 { Mute::Foreign(foreign) } else { Mute::Silent }))
}

impl Mute {
    /// Of this server, as a sentence begins.
    pub(super) fn told(&self, server: &ServerAnswer) -> String {
        let name = words::server_name(&server.server);
        match self {
            Self::Silent => format!("{name} does not answer"),
            Self::Closed if is_stub(server) => format!("nothing listens at {} on this host", server.server),
            Self::Closed => {
                format!("nothing listens at port {} of {}", server.server.port(), server.server.ip())
            }
            Self::Foreign(1) => {
                format!(
                    "{name} answers, but not to this question: 1 message came with another id or another name"
                )
            }
            Self::Foreign(number) => format!(
                "{name} answers, but not to this question: {number} messages came with another id or another name"
            ),
            Self::Malformed(message) => format!("what {name} sends is no answer of DNS: {message}"),
            Self::CutShort => format!("{name} cuts its answer short and does not give it over TCP"),
            Self::TcpAlone => {
                format!("{name} answers over TCP alone: UDP to port 53 or back is lost on the way")
            }
            Self::Failed(message) => format!("{name} cannot be asked: {message}"),
        }
    }
}

/// All that this server was asked within the run, for this target and for others: names and what was said of them.
pub(super) fn asked_of<'a>(
    case: &Case<'a>,
    server: SocketAddr,
) -> impl Iterator<Item = (&'a str, &'a ServerAnswer)> {
    let of_target = |target: &'a TargetFacts| {
        let Resolution { servers, expansions, endpoint_names, .. } = &target.resolution;
        let own = servers.iter().map(|said| (target.target.host.as_str(), said));
        let more = expansions.iter().chain(endpoint_names);
        own.chain(more.flat_map(|named| named.servers.iter().map(|said| (named.name.as_str(), said))))
    };
    case.facts.targets.iter().flat_map(of_target).filter(move |(_, said)| said.server == server)
}

/// How a sentence calls a server: the VPC's resolver, or its address.
pub(super) fn called(case: &Case<'_>, server: &ServerAnswer) -> String {
    if is_resolver(case, server) {
        "the VPC's resolver".to_owned()
    } else {
        words::server_name(&server.server)
    }
}

/// Connections to what a server gives, as evidence.
pub(super) fn tried(case: &Case<'_>, server: &ServerAnswer) -> Vec<Evidence> {
    rows_of(case, server).into_iter().map(|row| words::packets(case, row)).collect()
}

/// The VPC's own resolver, wherever it was asked.
pub(super) fn resolver<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a ServerAnswer> {
    let servers = case.target.resolution.servers.iter();
    servers.filter(|server| is_resolver(case, server))
}

pub(super) fn is_resolver(case: &Case<'_>, server: &ServerAnswer) -> bool {
    server.role == ServerRole::VpcResolver || dns::is_vpc_resolver(&case.facts.inventory, server.server)
}

/// The server knows the name, or knows that it does not exist.
pub(super) fn is_settled(server: &ServerAnswer) -> bool {
    let settled = [Rcode::NoError, Rcode::NxDomain];
    server.lookups().into_iter().filter_map(Lookup::answer).any(|answer| settled.contains(&answer.rcode))
}

/// The endpoints whose interfaces hold the addresses that the VPC's own resolver gives.
pub(super) fn endpoints_by_resolver<'a>(case: &Case<'a>) -> Result<Vec<(IpAddr, &'a VpcEndpoint)>, Unknown> {
    let mut held = Vec::new();
    for server in resolver(case) {
        held.extend(endpoints_by(case, server)?);
    }
    Ok(words::distinct(held))
}

/// The endpoints whose interfaces hold the private addresses that this server gives.
pub(super) fn endpoints_by<'a>(
    case: &Case<'a>,
    server: &ServerAnswer,
) -> Result<Vec<(IpAddr, &'a VpcEndpoint)>, Unknown> {
    let inventory = &case.facts.inventory;
    let mut held = Vec::new();
    for ip in server.addresses().filter(|ip| net::is_private(*ip)) {
        if let Some(eni) = *inventory.interface_holding(ip, case.vpc()).ok()?
            && let Some(endpoint) = *inventory.endpoint_of(eni).ok()?
        {
            held.push((ip, endpoint));
        }
    }
    Ok(held)
}

/// Another name given in place of the asked one, with the TTL that a block's override has unless somebody chose another.
/// <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall-rule-actions.html>
pub(super) fn substitute(server: &ServerAnswer) -> Option<&str> {
    let first = server.lookups().into_iter().filter_map(Lookup::answer).find_map(|a| a.cnames.first())?;
    (first.ttl == 0 && dns::endpoint_of_own_name(&first.target).is_none()).then_some(first.target.as_str())
}

/// The way to a server, over UDP and over TCP, and the steps of it that groups or ACLs deny.
pub(super) struct Blocked {
    pub(super) server: IpAddr,
    pub(super) paths: Vec<(Path, Vec<StepKind>)>,
}

/// The silent servers of the user's own to which groups or ACLs let no question pass. The VPC's own resolver is never
/// filtered. <https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html>
pub(super) fn blocked(case: &Case<'_>) -> Result<Vec<Blocked>, Unknown> {
    let inventory = &case.facts.inventory;
    let mut found = Vec::new();
    for server in custom(case).filter(|server| server.gives_no_answer() || is_cut_short(server)) {
        let ip = server.server.ip();
        // A stub on this host is behind no group. Which server is the VPC's own, only the VPC's description tells.
        if ip.is_loopback() {
            continue;
        }
        inventory.vpcs.ok()?;
        let held = inventory.interface_holding(ip, case.vpc()).ok()?.is_some();
        let over_udp = denied(case, ip, net::UDP, held)?;
        let over_tcp = denied(case, ip, net::TCP, held)?;
        if over_udp.1.is_empty() && (over_tcp.1.is_empty() || !is_cut_short(server)) {
            continue;
        }
        found.push(Blocked { server: ip, paths: vec![over_udp, over_tcp] });
    }
    Ok(found)
}

/// The server answered over UDP, and its answer is to be had over TCP alone.
pub(super) fn is_cut_short(server: &ServerAnswer) -> bool {
    let truncated = |lookup: &Lookup| matches!(lookup.outcome, LookupOutcome::Truncated { .. });
    server.lookups().into_iter().any(truncated) && !gives_addresses(server)
}

const DNS_PORT: u16 = 53;
/// Whatever range the host draws from lies in it.
const UNPRIVILEGED_PORTS: PortRange = PortRange { from: 1024, to: u16::MAX };

/// Of a server that no interface here holds, only this host's own side is known.
fn denied(
    case: &Case<'_>,
    server: IpAddr,
    protocol: u8,
    held: bool,
) -> Result<(Path, Vec<StepKind>), Unknown> {
    let inventory = &case.facts.inventory;
    let source = Place::of_source(case.facts, *case.facts.vantage.source_ip.ok()?);
    let flow = Flow {
        source: source.ip,
        source_ports: case.facts.host.ephemeral_ports.known().copied().unwrap_or(UNPRIVILEGED_PORTS),
        destination: server,
        destination_port: DNS_PORT,
        protocol,
    };
    let path = path::analyze(inventory, &flow, source, Aim::Address);
    let mut steps = Vec::new();
    for kind in path.steps.iter().map(|step| step.kind).filter(|kind| held || kind.is_at_source()) {
        let is_filter =
            ![StepKind::ForwardRoute, StepKind::ReturnRoute, StepKind::DestinationInterface].contains(&kind);
        if is_filter && matches!(path.blocker_at(kind)?, Some((_, Blocker::Group(_) | Blocker::Acl { .. }))) {
            steps.push(kind);
        }
    }
    Ok((path, steps))
}
