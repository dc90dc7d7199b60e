//! `dns-custom-server-silent`

use crate::{
    analyze::dns,
    model::{
        finding::{Confidence, Evidence, Fix},
        name::{ServerAnswer, ServerRole, SystemOutcome},
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Rule, declare_finding, dns_servers, own_host, words};

declare_finding! {
    /// ## What it means
    /// This host asks DNS servers that do not answer, so no name resolves.
    /// ## How we know
    /// Every server of resolv.conf stayed silent over UDP and TCP while the lookup of the system failed or timed out.
    /// Where the VPC's own resolver was asked besides and answered, the fault lies with the configured servers. One silent
    /// server before a living one is enough: the system waits for it first.
    /// ## What looks like it
    /// `dns-custom-server-blocked`: a group or ACL on the way to the server denies.
    /// `dns-nxdomain-no-record`: the server answers, and says that the name does not exist.
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
    let servers = &case.target.resolution.servers;
    let mut configured: Vec<_> = servers.iter().filter(|s| s.role == ServerRole::Configured).collect();
    let in_front = dead_in_front(case, &configured);
    if !(dns_servers::all_silent(case) || in_front > 0) || own_host::forbids_lookups(case) {
        return Ok(None);
    }
    let living = if in_front > 0 { configured.split_off(in_front) } else { Vec::new() };
    // The VPC's own resolver is no server of anybody's.
    if configured.iter().all(|server| dns::is_vpc_resolver(&case.facts.inventory, server.server)) {
        return Ok(None);
    }
    // A group or ACL that drops the questions is another finding.
    let blocked = dns_servers::blocked(case);
    if blocked.as_ref().is_ok_and(|blocked| !blocked.is_empty()) {
        return Ok(None);
    }
    let answers = |server: &ServerAnswer| server.lookups().into_iter().any(|l| l.answer().is_some());
    let other_answers =
        !living.is_empty() || servers.iter().any(|s| s.role == ServerRole::VpcResolver && answers(s));
    // Which server is the VPC's own, and whether it is switched off, only the VPC's description tells.
    let confidence = match (other_answers, case.facts.inventory.vpcs.is_known()) {
        _ if blocked.is_err() => Confidence::Possible,
        (true, _) => Confidence::Confirmed,
        (false, true) => Confidence::Likely,
        (false, false) => Confidence::Possible,
    };
    let names = words::list(configured.iter().map(|server| server.server.ip()));
    let says = match configured.as_slice() {
        _ if !living.is_empty() => format!(
            "{names} does not answer, and this host asks it before {}: lookups take longer than anybody waits.",
            words::list(living.iter().map(|server| server.server.ip()))
        ),
        [_] => format!("The DNS server this host is set to ask, {names}, does not answer."),
        _ => format!("The DNS servers this host is set to ask, {names}, do not answer."),
    };
    let draft = Draft::new(confidence, says)
        // The server first: it is what is repaired, whatever name was asked for.
        .evidence(words::servers(case))
        .evidence([words::system(case)])
        .evidence(options(case))
        .fix(Fix::text(format!("Repair {names}, or point resolv.conf at a server that answers")))
        .explains_name();
    let options = case.vpc().filter(|_| other_answers).map(|vpc| {
        Fix::text("Or, if nothing needs this server, hand out the VPC's resolver by DHCP options (carry over what else the present ones hold); hosts learn it as they renew their leases")
            .cli(format!(
                "aws ec2 associate-dhcp-options --vpc-id {vpc} --dhcp-options-id $(aws ec2 create-dhcp-options \
                 --dhcp-configurations Key=domain-name-servers,Values=AmazonProvidedDNS \
                 --query DhcpOptions.DhcpOptionsId --output text)"
            ))
    });
    Ok(Some(options.into_iter().fold(draft, Draft::fix)))
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
