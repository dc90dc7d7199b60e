//! `dns-custom-server-silent`

use crate::{
    analyze::dns,
    model::{
        finding::{Confidence, Evidence, Fix, Severity, Side},
        name::{ServerAnswer, ServerRole, SystemOutcome},
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{
    Case, Draft, Outcome, Rule, declare_finding,
    dns_servers::{self, Mute},
    own_host, words,
};

declare_finding! {
    /// ## What it means
    /// This host asks DNS servers that give no answer, so no name resolves; or one of them gives none, and each lookup waits
    /// for it before it asks the next.
    /// ## How we know
    /// Every server of resolv.conf stayed silent, has its port closed, or sent what is no answer to the question, while the
    /// lookup of the system failed or timed out. Where the VPC's own resolver was asked besides and answered, the fault lies
    /// with the configured servers. One silent server before a living one is enough: the system waits for it first. Where
    /// the name resolves in spite of it, this is a warning, with the time that it costs.
    /// ## What looks like it
    /// `dns-custom-server-blocked`: a group or ACL on the way to the server denies.
    /// `dns-nxdomain-no-record`: the server answers, and says that the name does not exist.
    /// `dns-truncation-tcp53`: it answers over UDP, and the answer takes TCP.
    /// ## How to confirm it by hand
    ///     dig NAME @SERVER
    ///     dig +tcp NAME @SERVER
    ///     cat /etc/resolv.conf
    /// ## How to fix it
    /// Repair or replace the server in resolv.conf (the VPC's DHCP options).
    static DNS_CUSTOM_SERVER_SILENT = { title: "the configured DNS servers do not answer", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_CUSTOM_SERVER_SILENT, check);

fn check(case: &Case<'_>) -> Outcome {
    if own_host::forbids_lookups(case) {
        return Ok(None);
    }
    if !case.name_gives_nothing() {
        return Ok(delay(case).or_else(|| slow(case)).or_else(|| only_by_file(case)));
    }
    let mut configured: Vec<_> = dns_servers::configured(case).collect();
    let in_front = dead_in_front(case, &configured);
    if !(dns_servers::all_silent(case) || in_front > 0) {
        return Ok(None);
    }
    let living = if in_front > 0 { configured.split_off(in_front) } else { Vec::new() };
    // The VPC's own resolver is no server of anybody's; one that answers over UDP is not silent.
    let is_vpcs = |server: &ServerAnswer| dns::is_vpc_resolver(&case.facts.inventory, server.server);
    if configured.iter().all(|server| is_vpcs(server))
        || configured.iter().any(|s| dns_servers::is_cut_short(s))
    {
        return Ok(None);
    }
    // A group or ACL that drops the questions is another finding.
    let blocked = dns_servers::blocked(case);
    if blocked.as_ref().is_ok_and(|blocked| !blocked.is_empty()) {
        return Ok(None);
    }
    let mute: Vec<_> =
        configured.iter().filter_map(|server| Some((*server, dns_servers::mute(server)?))).collect();
    let servers = &case.target.resolution.servers;
    let resolver_answers =
        servers.iter().any(|s| s.role == ServerRole::VpcResolver && dns_servers::answers(s));
    let confidence = confidence(case, &mute, !living.is_empty(), resolver_answers, blocked.is_err());
    let names = words::list(configured.iter().map(|server| server.server.ip()));
    let draft = Draft::new(confidence, summary(&mute, &living))
        // The server first: it is what is repaired, whatever name was asked for.
        .evidence(words::servers(case))
        .evidence([words::system(case)])
        .evidence(options(case))
        .fix(Fix::text(repair(&mute, &names)))
        .explains_name();
    let draft = if mute.iter().all(|(server, _)| dns_servers::is_stub(server)) {
        draft.side(Side::Client)
    } else {
        draft
    };
    let options = case.vpc().filter(|_| resolver_answers || !living.is_empty()).map(|vpc| {
        Fix::text("Or, if nothing needs this server, hand out the VPC's resolver by DHCP options (carry over what else the present ones hold); hosts learn it as they renew their leases")
            .cli(format!(
                "aws ec2 associate-dhcp-options --vpc-id {vpc} --dhcp-options-id $(aws ec2 create-dhcp-options \
                 --dhcp-configurations Key=domain-name-servers,Values=AmazonProvidedDNS \
                 --query DhcpOptions.DhcpOptionsId --output text)"
            ))
    });
    Ok(Some(options.into_iter().fold(draft, Draft::fix)))
}

/// Which server is the VPC's own, and whether it is switched off, only the VPC's description tells. Where something came
/// back, no group or ACL dropped the question.
fn confidence(
    case: &Case<'_>,
    mute: &[(&ServerAnswer, Mute)],
    beside_living: bool,
    resolver_answers: bool,
    paths_unknown: bool,
) -> Confidence {
    let heard = mute.iter().all(|(_, how)| !matches!(how, Mute::Silent | Mute::Failed(_)));
    let closed_here =
        |(server, how): &(&ServerAnswer, Mute)| dns_servers::is_stub(server) && *how == Mute::Closed;
    if mute.iter().all(closed_here) || ((beside_living || resolver_answers) && (heard || !paths_unknown)) {
        return Confidence::Confirmed;
    }
    let vpc_known = !paths_unknown && case.facts.inventory.vpcs.is_known();
    if beside_living || heard || vpc_known { Confidence::Likely } else { Confidence::Possible }
}

fn summary(mute: &[(&ServerAnswer, Mute)], living: &[&ServerAnswer]) -> String {
    let names = words::list(mute.iter().map(|(server, _)| server.server.ip()));
    let silent = mute.iter().all(|(_, how)| *how == Mute::Silent);
    let told = words::list(mute.iter().map(|(server, how)| how.told(server)));
    match mute {
        _ if !living.is_empty() && silent => format!(
            "{names} {} not answer, and this host asks {} before {}: lookups take longer than anybody waits.",
            if mute.len() == 1 { "does" } else { "do" },
            if mute.len() == 1 { "it" } else { "them" },
            words::list(living.iter().map(|server| server.server.ip()))
        ),
        _ if !living.is_empty() => format!(
            "{told}, and this host asks there before {}: lookups take longer than anybody waits.",
            words::list(living.iter().map(|server| server.server.ip()))
        ),
        [_] if silent => format!("The DNS server this host is set to ask, {names}, does not answer."),
        _ if silent => format!("The DNS servers this host is set to ask, {names}, do not answer."),
        _ => format!("This host is set to ask for names where it gets no answer: {told}."),
    }
}

fn repair(mute: &[(&ServerAnswer, Mute)], names: &str) -> String {
    let here = mute.iter().all(|(server, _)| dns_servers::is_stub(server));
    if here {
        return format!(
            "Start the DNS server that is meant to listen at {names} on this host (systemctl status systemd-resolved, or what else it is), or point resolv.conf at a server that answers"
        );
    }
    format!("Repair {names}, or point resolv.conf at a server that answers")
}

/// The name resolves, by a later server, and every lookup first waits for one that gives no answer, or goes by one
/// that fails.
fn delay(case: &Case<'_>) -> Option<Draft> {
    let system = &case.target.resolution.system;
    let configured: Vec<_> = dns_servers::configured(case).collect();
    let at = configured.iter().position(|server| dns_servers::gives_addresses(server))?;
    let (dead, living) = (configured.get(..at)?, configured.get(at)?);
    if dead.iter().all(|server| dns_servers::is_resolver(case, server)) {
        return None;
    }
    let waited = system.seconds.0 >= SHORTEST_WAIT && living.a.seconds.0 < system.seconds.0 / 2.0;
    let told = |server: &&ServerAnswer| {
        let late = || {
            waited.then(|| {
                format!("{} had not answered after {}", words::server_name(&server.server), system.seconds)
            })
        };
        let how = dns_servers::mute(server).filter(|how| *how != Mute::Silent || waited);
        let fails = || dns_servers::failure(server);
        how.map(|how| how.told(server))
            .or_else(|| {
                fails().map(|rcode| {
                    format!("{} {}", words::server_name(&server.server), dns_servers::fails_how(rcode))
                })
            })
            .or_else(|| late().filter(|_| !dns_servers::answers(server)))
    };
    let told: Vec<_> = dead.iter().filter_map(told).collect();
    if told.len() != dead.len() || dead.is_empty() || !case.failing().all(|row| case.dns_gives(row.ip())) {
        return None;
    }
    let names = words::list(dead.iter().map(|server| server.server.ip()));
    let cost = if waited {
        format!("every lookup waits {} before it is asked", system.seconds)
    } else {
        "should it fail as well, no name resolves".to_owned()
    };
    let summary = format!(
        "{}, and {} after {} on this host's list answers: {cost}.",
        words::list(told),
        words::server_name(&living.server),
        if dead.len() == 1 { "it" } else { "them" }
    );
    Some(
        Draft::new(if waited { Confidence::Likely } else { Confidence::Confirmed }, summary)
            .severity(Severity::Warning)
            .evidence(words::servers(case))
            .evidence([
                Evidence::new(format!("the lookup of the system took {}", system.seconds)),
                words::system(case),
            ])
            .evidence(options(case))
            .fix(Fix::text(format!("Repair {names}, or take it out of resolv.conf"))),
    )
}

/// The server that is asked answers, after a time that programs notice.
fn slow(case: &Case<'_>) -> Option<Draft> {
    let server = dns_servers::configured(case).find(|server| dns_servers::gives_addresses(server))?;
    let first = dns_servers::configured(case).next()?;
    let system = &case.target.resolution.system;
    let took = server.a.seconds;
    if dns_servers::is_resolver(case, server)
        || first.server != server.server
        || took.0 < SHORTEST_WAIT
        || system.seconds.0 < SHORTEST_WAIT
    {
        return None;
    }
    let name = words::server_name(&server.server);
    let fact = format!("{name} answered after {took}, and the lookup of the system took {}", system.seconds);
    Some(
        Draft::new(
            Confidence::Likely,
            format!("{name} takes {took} to answer for {}: who waits less gets no address.", case.host()),
        )
        .severity(Severity::Warning)
        .evidence([
            Evidence::of(fact, ResourceRef::new(ResourceKind::DnsServer, server.server)),
            words::system(case),
        ])
        .evidence(words::servers(case))
        .fix(Fix::text(format!(
            "See what {name} waits for: servers that it asks and that are dead, or its load"
        ))),
    )
}

/// The C library waits for a server for whole seconds (resolv.conf(5): timeout).
const SHORTEST_WAIT: f64 = 0.9;

/// Nothing but the hosts file knows the name here, as no server says anything.
fn only_by_file(case: &Case<'_>) -> Option<Draft> {
    let resolution = &case.target.resolution;
    let all: Vec<_> = dns_servers::configured(case).collect();
    let told: Vec<_> = all.iter().filter_map(|s| Some(dns_servers::mute(s)?.told(s))).collect();
    let by_file = |ip| resolution.hosts_file.iter().any(|entry| entry.ip == ip);
    if all.is_empty()
        || told.len() != all.len()
        || !resolution.system.addresses().iter().all(|ip| by_file(*ip))
    {
        return None;
    }
    let names = words::list(all.iter().map(|server| server.server.ip()));
    Some(
        Draft::new(
            Confidence::Likely,
            format!("Only the hosts file knows {} on this host: {}.", case.host(), words::list(told)),
        )
        .severity(Severity::Warning)
        .evidence(words::servers(case))
        .evidence([words::system(case)])
        .fix(Fix::text(format!("Repair {names}, or point resolv.conf at a server that answers"))),
    )
}

/// How many silent servers stand before one that gives the name an address, where the lookup itself ran out of time:
/// the C library waits for each of them, several times (resolv.conf(5): timeout, attempts).
fn dead_in_front(case: &Case<'_>, configured: &[&ServerAnswer]) -> usize {
    let timed_out = case.target.resolution.system.outcome == SystemOutcome::TimedOut;
    let silent = configured.iter().take_while(|server| server.gives_no_answer()).count();
    let next_gives = configured.get(silent).is_some_and(|server| server.addresses().next().is_some());
    if case.name_gives_nothing() && timed_out && next_gives { silent } else { 0 }
}

/// Where the server comes from, if the VPC hands it out.
fn options(case: &Case<'_>) -> Option<Evidence> {
    let inventory = &case.facts.inventory;
    let vpc = inventory.vpc(case.vpc()?)?;
    let id = vpc.dhcp_options.as_ref()?;
    let options = inventory.dhcp_options.known()?.iter().find(|options| options.id == *id)?;
    let given: Vec<_> = dns_servers::custom(case).map(|server| server.server.ip().to_string()).collect();
    let named = options.domain_name_servers.iter().any(|server| given.contains(server));
    let fact = format!("{id} of {} hands out {}", vpc.id, words::list(&options.domain_name_servers));
    named.then(|| Evidence::of(fact, ResourceRef::new(ResourceKind::Vpc, &vpc.id)))
}
