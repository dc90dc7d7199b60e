//! `dns-custom-server-blocked`

use crate::{
    analyze::{
        path::{Path, Step, StepKind},
        remedy,
    },
    model::{
        finding::{Change, Confidence, Evidence, Fix},
        inventory::Inventory,
        net,
    },
};

use super::{
    Case, Draft, Outcome, Rule, access, declare_finding,
    dns_servers::{self, Blocked},
    words,
};

declare_finding! {
    /// ## What it means
    /// This host asks a DNS server of the user's own, and a security group or network ACL drops the questions or the
    /// answers, so no name resolves. Only the VPC's own resolver is exempt from groups and ACLs.
    /// ## How we know
    /// Every server of resolv.conf stayed silent, and the groups and ACLs on the way to one of them, evaluated for UDP
    /// port 53 from this host and back, deny; or they deny TCP port 53, and its answers over UDP were cut short.
    /// ## What looks like it
    /// `dns-custom-server-silent`: nothing filters the way; nobody answers there.
    /// `dns-support-disabled`: the silent server is the VPC's own.
    /// ## How to confirm it by hand
    ///     dig NAME @SERVER
    ///     dig NAME @169.254.169.253      # the VPC's own resolver
    ///     aws ec2 describe-security-group-rules --filters Name=group-id,Values=GROUP
    /// ## How to fix it
    /// Let port 53 pass over UDP and over TCP, there and, through ACLs, back to the client's ports. Or let this VPC's hosts
    /// ask the VPC's own resolver, which nothing filters.
    static DNS_CUSTOM_SERVER_BLOCKED = { title: "a group or ACL keeps this host from its DNS server", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_CUSTOM_SERVER_BLOCKED, check);

fn check(case: &Case<'_>) -> Outcome {
    if !dns_servers::all_silent(case) {
        return Ok(None);
    }
    let blocked = dns_servers::blocked(case)?;
    let Some(first) = blocked.first() else {
        return Ok(None);
    };
    let deciding = first.paths.iter().flat_map(steps).find_map(Step::resource);
    let who = deciding.map_or("a group or ACL".to_owned(), |resource| resource.id);
    let servers = words::list(blocked.iter().map(|one| one.server));
    let summary = format!("{who} does not let this host ask its DNS server {servers} {}.", over(&blocked));
    let mut evidence: Vec<Evidence> = Vec::new();
    for step in blocked.iter().flat_map(|one| &one.paths).flat_map(steps) {
        let fact = format!("{}: {}", step.kind.direction().as_str(), step.rule());
        let told = match step.resource() {
            Some(resource) => Evidence::of(format!("{} {fact}", resource.id), resource.clone()),
            None => Evidence::new(fact),
        };
        if !evidence.contains(&told) {
            evidence.push(told);
        }
    }
    let draft = Draft::new(Confidence::Confirmed, summary)
        .evidence(evidence)
        .evidence([words::system(case)])
        .evidence(words::servers(case))
        .explains_name();
    Ok(Some(fixes(&case.facts.inventory, &blocked).into_iter().fold(draft, Draft::fix)))
}

/// The transports that are denied, of which UDP is asked over first.
fn over(blocked: &[Blocked]) -> &'static str {
    let is_denied = |protocol: u8| {
        let mut paths = blocked.iter().flat_map(|one| &one.paths);
        paths.any(|(path, denied)| path.flow.protocol == protocol && !denied.is_empty())
    };
    match (is_denied(net::UDP), is_denied(net::TCP)) {
        (true, false) => "over UDP (port 53)",
        (false, true) => "over TCP (port 53), and its answers over UDP are cut short",
        _ => "on port 53",
    }
}

fn steps((path, denied): &(Path, Vec<StepKind>)) -> impl Iterator<Item = &Step> {
    denied.iter().filter_map(|kind| path.step(*kind))
}

/// Proved here, as a name that gives nothing has no path of its own.
fn fixes(inventory: &Inventory, blocked: &[Blocked]) -> Vec<Fix> {
    let paths: Vec<_> = blocked.iter().flat_map(|one| &one.paths).collect();
    let mut changes: Vec<Change> = Vec::new();
    for (path, denied) in &paths {
        for kind in denied {
            let of_acl = || remedy::acl_entries(inventory, &[path], *kind).changes;
            let group = matches!(kind, StepKind::SourceGroupEgress | StepKind::DestinationGroupIngress);
            let new = if group {
                remedy::group_rule(inventory, path, *kind).into_iter().collect()
            } else {
                of_acl()
            };
            changes.extend(new);
        }
    }
    let stopped: Vec<&Path> =
        paths.iter().filter(|(_, denied)| !denied.is_empty()).map(|(path, _)| path).collect();
    let verified = remedy::proves(inventory, &changes.iter().collect::<Vec<_>>(), &stopped);
    changes.into_iter().map(|change| Fix { verified, ..access::fix(change) }).collect()
}
