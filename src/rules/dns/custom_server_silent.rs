//! `dns-custom-server-silent`

use crate::{
    analyze::dns,
    model::{
        finding::{Confidence, Evidence, Fix},
        observation::{ServerAnswer, ServerRole},
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Rule, declare_finding, dns_servers, own_host, words};

declare_finding! {
    /// ## What it means
    /// This host asks DNS servers that do not answer, so no name resolves.
    /// ## How we know
    /// Every server of resolv.conf stayed silent over UDP and TCP while the lookup of the system failed or timed out.
    /// Where the VPC's own resolver was asked besides and answered, the fault lies with the configured servers.
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
    let configured: Vec<_> = servers.iter().filter(|s| s.role == ServerRole::Configured).collect();
    if !dns_servers::all_silent(case) || own_host::forbids_lookups(case) {
        return Ok(None);
    }
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
    let other_answers = servers.iter().any(|s| s.role == ServerRole::VpcResolver && answers(s));
    // Which server is the VPC's own, and whether it is switched off, only the VPC's description tells.
    let confidence = match (other_answers, case.facts.inventory.vpcs.is_known()) {
        _ if blocked.is_err() => Confidence::Possible,
        (true, _) => Confidence::Confirmed,
        (false, true) => Confidence::Likely,
        (false, false) => Confidence::Possible,
    };
    let names = words::list(configured.iter().map(|server| server.server.ip()));
    let says = match configured.as_slice() {
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
