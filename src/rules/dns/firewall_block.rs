//! `dns-firewall-block`

use crate::model::{
    finding::{Confidence, Evidence, Fix},
    known::Known,
    name::{DnsAnswer, Rcode, ServerAnswer},
    resource::{ResourceKind, ResourceRef},
};

use super::{Case, Draft, Outcome, Rule, declare_finding, dns_servers, endpoint_state, words};

declare_finding! {
    /// ## What it means
    /// The VPC's resolver answers in a way that zones do not and that a rule of Route 53 Resolver DNS Firewall does: nothing
    /// at all where a zone would say who denies, or a substitute name. Such a rule may block the name.
    /// ## How we know
    /// The answer is NOERROR without any record and without the SOA record that every zone's denial carries (RFC 2308
    /// section 2.2); or it begins with a CNAME whose TTL is 0, the default of a block's override, and what it leads to does
    /// not work. No more than a possibility: the rules themselves are not read.
    /// ## What looks like it
    /// `dns-nxdomain-no-record`: the name is denied, by a zone. A block that answers NXDOMAIN looks just like it.
    /// `dns-custom-server-no-forward`: the VPC's resolver does give an address.
    /// ## How to confirm it by hand
    ///     dig NAME @169.254.169.253
    ///     aws route53resolver list-firewall-rule-group-associations --vpc-id VPC
    ///     aws route53resolver list-firewall-rules --firewall-rule-group-id GROUP
    /// ## How to fix it
    /// Add a rule that allows the name, with a lower priority number than the one that blocks it, or take the name out of
    /// the blocked domain list.
    static DNS_FIREWALL_BLOCK = { title: "a DNS Firewall rule may block the name", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_FIREWALL_BLOCK, check);

fn check(case: &Case<'_>) -> Outcome {
    let astray: Vec<_> = case.failing().filter(|row| row.endpoint == Known::Known(None)).collect();
    let nothing = case.name_gives_nothing();
    let host = case.host();
    let empty = dns_servers::resolver(case).any(is_empty).then(|| {
        (
            format!("the VPC's resolver answers NOERROR for {host}, without a record and without a zone that says so"),
            format!("A rule of DNS Firewall may block {host}: no zone denies like that."),
        )
    });
    let replaced = || {
        let alias = dns_servers::resolver(case).find_map(dns_servers::substitute)?;
        Some((
            format!("the VPC's resolver answers with {alias} instead, with a TTL of 0"),
            format!(
                "A rule of DNS Firewall may replace {host} by {alias}: the alias may be kept for 0 seconds, the default of \
                 such a rule."
            ),
        ))
    };
    let (says, summary) =
        match empty.filter(|_| nothing).or_else(|| replaced().filter(|_| nothing || !astray.is_empty())) {
            Some(says) if endpoint_state::vanished(case)?.is_none() => says,
            _ => return Ok(None),
        };
    let vpc = case.vpc().map_or("VPC", |vpc| vpc.as_str());
    let draft = Draft::new(Confidence::Possible, summary)
        .evidence([Evidence::of(says, ResourceRef::new(ResourceKind::DnsName, case.host()))])
        .evidence([words::system(case)])
        .evidence(words::servers(case))
        .evidence(astray.iter().map(|row| words::packets(case, row)))
        .fix(
            Fix::text("See whether a rule group of DNS Firewall blocks the name, and allow it there")
                .cli(format!("aws route53resolver list-firewall-rule-group-associations --vpc-id {vpc}")),
        )
        .explains(astray.iter().copied());
    Ok(Some(if nothing { draft.explains_name() } else { draft }))
}

/// Neither addresses, nor an alias, nor a zone that would deny them.
fn is_empty(server: &ServerAnswer) -> bool {
    let bare = |answer: &DnsAnswer| {
        answer.rcode == Rcode::NoError
            && answer.addresses.is_empty()
            && answer.cnames.is_empty()
            && answer.soa.is_none()
    };
    server.a.answer().is_some_and(bare) && server.addresses().next().is_none()
}
