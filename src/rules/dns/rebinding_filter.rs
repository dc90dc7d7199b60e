//! `dns-rebinding-filter`

use crate::model::{
    finding::{Confidence, Fix},
    name::ServerAnswer,
    net,
};

use super::{Case, Draft, Outcome, Rule, declare_finding, dns_servers, words};

declare_finding! {
    /// ## What it means
    /// The DNS server takes private addresses out of the answers that it passes on, to protect browsers from DNS rebinding.
    /// The names of endpoints are public and lead to private addresses, so nothing is left of their answers.
    /// ## How we know
    /// The configured server says that the name exists, gives no address, and shows no zone that would say so, as a
    /// zone does (RFC 2308 section 2.2), while another server gives addresses for the name, all of them private.
    /// ## What looks like it
    /// `dns-custom-server-no-forward`: the server denies the name, or gives other addresses.
    /// `dns-firewall-block`: it is the VPC's own resolver that answers so.
    /// ## How to confirm it by hand
    ///     dig NAME @SERVER               # NOERROR, no answer, no SOA record
    ///     dig NAME @169.254.169.253      # private addresses
    ///     dig example.com @SERVER        # public addresses pass
    /// ## How to fix it
    /// Exempt the domain on that server: `rebind-domain-ok` of dnsmasq, `private-domain` of unbound; or ask the VPC's
    /// resolver for it.
    static DNS_REBINDING_FILTER = { title: "the DNS server removes private addresses from answers", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_REBINDING_FILTER, check);

fn check(case: &Case<'_>) -> Outcome {
    let emptied = dns_servers::custom(case).find(|server| dns_servers::is_emptied(server));
    let (Some(server), Some(right)) = (emptied, private_view(case)) else {
        return Ok(None);
    };
    if !case.name_gives_nothing() {
        return Ok(None);
    }
    let leads = dns_servers::leads_somewhere(case, right)
        || dns_servers::endpoints_by(case, right).is_ok_and(|held| !held.is_empty());
    let name = words::server_name(&server.server);
    let host = case.host();
    let draft = Draft::new(
        if leads { Confidence::Likely } else { Confidence::Possible },
        format!(
            "{name} answers for {host} without any record, while {} gives {}, all private: it may remove private addresses.",
            dns_servers::called(case, right),
            words::list(right.addresses())
        ),
    )
    .evidence(words::servers(case))
    .evidence([words::system(case)])
    .evidence(dns_servers::tried(case, right))
    .fix(Fix::text(format!(
        "On {name}, exempt {host} or its domain from the protection against rebinding (dnsmasq: rebind-domain-ok, unbound: private-domain)"
    )))
    .explains_name();
    Ok(Some(draft))
}

/// Another server, all of whose addresses a filter would take out.
fn private_view<'a>(case: &Case<'a>) -> Option<&'a ServerAnswer> {
    let all_private = |server: &&ServerAnswer| {
        dns_servers::gives_addresses(server) && server.addresses().all(net::is_private)
    };
    case.target.resolution.servers.iter().find(all_private)
}
