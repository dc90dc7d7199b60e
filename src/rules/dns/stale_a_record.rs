//! `dns-stale-a-record`

use crate::{
    analyze::path::{Blocker, StepKind},
    model::{
        finding::{Confidence, Evidence, Fix},
        id::VpcId,
        known::{Known, Unknown},
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, dns_servers, endpoint_state, words};

declare_finding! {
    /// ## What it means
    /// DNS answers with an address inside this VPC that no network interface holds. Usually a hand-made A record
    /// survived the endpoint it was made for: an endpoint's addresses stay for its lifetime and go with it.
    /// ## How we know
    /// DNS gives the address, it lies in the VPC's CIDR blocks, DescribeNetworkInterfaces lists no interface that
    /// holds it, and connections to it get no answer.
    /// ## What looks like it
    /// `dns-custom-server-no-forward`: a DNS server of the user's own gives it, and the VPC's resolver does not.
    /// `dns-hosts-override`: the address comes from one host's hosts file, not from DNS.
    /// `endpoint-deleted`: the endpoint that it belonged to is known.
    /// `sg-endpoint-ingress-missing`: the address belongs to an endpoint, and its group drops the packets.
    /// ## How to confirm it by hand
    ///     dig +noall +answer NAME
    ///     aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=ADDRESS
    /// ## How to fix it
    /// Replace the A record by an alias (or a CNAME below the zone's apex) to the endpoint's regional DNS name, so that
    /// it follows the endpoint.
    static DNS_STALE_A_RECORD = { title: "a DNS record points at an address that nobody holds", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_STALE_A_RECORD, check);

fn check(case: &Case<'_>) -> Outcome {
    let mut stale = Vec::new();
    let mut undecided = None;
    for row in case.failing().filter(|row| row.is_undelivered() && comes_from_dns(case, row)) {
        match is_unheld(row) {
            Ok(true) => stale.push(row),
            Ok(false) => {}
            Err(why) => undecided = Some(why),
        }
    }
    // The VPC's resolver knows better: the record is a copy that another server keeps. What no server gives any more came
    // from a record that is there by turns.
    let is_copy = |row: &&Row<'_>| {
        let elsewhere = case.dns_gives(row.ip());
        elsewhere && dns_servers::resolver(case).all(|s| s.addresses().all(|ip| ip != row.ip()))
    };
    if dns_servers::endpoints_by_resolver(case).is_ok_and(|held| !held.is_empty()) {
        stale.retain(|row| !is_copy(row));
    }
    // The endpoint that the address belonged to is known by its id: a finding of its own.
    if !stale.is_empty() && endpoint_state::vanished(case)?.is_some() {
        return Ok(None);
    }
    match (stale.as_slice(), undecided) {
        ([], Some(why)) => Err(why),
        ([], None) => Ok(None),
        (rows, _) => Ok(Some(draft(case, rows))),
    }
}

fn comes_from_dns(case: &Case<'_>, row: &Row<'_>) -> bool {
    let literal = case.target.target.literal().is_some();
    let from_file = case.target.resolution.hosts_file.iter().any(|entry| entry.ip == row.ip());
    let private = crate::model::net::is_private(row.ip());
    private && !literal && (case.dns_gives(row.ip()) || !from_file)
}

fn is_unheld(row: &Row<'_>) -> Result<bool, Unknown> {
    if matches!(row.eni, Known::Known(Some(_))) {
        return Ok(false);
    }
    let blocker = row.path.blocker_at(StepKind::DestinationInterface)?;
    Ok(matches!(blocker, Some((_, Blocker::Unheld))))
}

fn draft(case: &Case<'_>, stale: &[&Row<'_>]) -> Draft {
    let host = case.host();
    let ips = words::list(stale.iter().map(|row| row.ip()));
    let live = case.likely_endpoint().and_then(|endpoint| endpoint.dns_names.first());
    let to = live.map_or("the endpoint's regional DNS name", String::as_str);
    let abroad = stale.iter().find_map(|row| place(row)).filter(|vpc| Some(*vpc) != case.vpc());
    let whose = abroad.map_or("this VPC", |vpc| vpc.as_str());
    // The endpoint it belonged to may be listed as deleted.
    let listed = case.facts.inventory.vpc_endpoints.is_known();
    Draft::new(
        if listed { Confidence::Confirmed } else { Confidence::Possible },
        format!("DNS sends {host} to {ips}, which no network interface of {whose} holds."),
    )
    .evidence([words::system(case)])
    .evidence(words::servers(case))
    .evidence(stale.iter().map(|row| {
        let vpc = place(row).or(case.vpc()).map_or("this VPC", |vpc| vpc.as_str());
        Evidence::of(
            format!("{} lies in {vpc}, and no interface there holds it", row.ip()),
            ResourceRef::new(ResourceKind::Address, row.ip()),
        )
    }))
    .evidence(stale.iter().map(|row| words::packets(case, row)))
    .fix(Fix::text(format!("Replace the A record of {host} by an alias to {to}")))
    .explains(stale.iter().copied())
}

/// The VPC that the routes lead to.
fn place<'r>(row: &'r Row<'_>) -> Option<&'r VpcId> {
    row.path.destination.vpc.known()
}
