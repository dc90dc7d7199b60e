//! `dns-resolver-rule-wrong-target`

use crate::model::{
    finding::{Confidence, Fix},
    name::{DnsAnswer, Lookup, LookupOutcome, Rcode, ServerAnswer},
};

use super::{Case, Draft, Outcome, Rule, declare_finding, dns_servers, words};

declare_finding! {
    /// ## What it means
    /// The VPC's resolver does not know this name itself: a forwarding rule of Route 53 Resolver, associated with this VPC,
    /// may send the question to a server that does not answer, or that fails. The rule comes before private hosted zones.
    /// ## How we know
    /// The VPC's resolver says SERVFAIL for the name, or nothing at all, and no server has an address. It is likely
    /// where the same resolver answers for other names at the same time and takes more than a second to fail for this one, as
    /// long as it waits for the rule's targets. The rules themselves are not read.
    /// ## What looks like it
    /// `dns-support-disabled`: the VPC's resolver answers for no name.
    /// `dns-nxdomain-no-record`: it does answer, and denies the name.
    /// `dns-pps-limit`: it answers some questions about the same name and not others.
    /// ## How to confirm it by hand
    ///     dig NAME @169.254.169.253
    ///     aws route53resolver list-resolver-rule-associations --filters Name=VPCId,Values=VPC
    ///     aws route53resolver get-resolver-rule --resolver-rule-id RULE
    /// ## How to fix it
    /// Point the rule at servers that answer for the domain; for a zone of another VPC those are the addresses of its inbound
    /// Resolver endpoint. Or take the rule's association with this VPC away.
    static DNS_RESOLVER_RULE_WRONG_TARGET = { title: "the VPC's resolver fails for this name, as with a forwarding rule to a dead server", severity: Error, side: ConsumerVpc, layer: Dns, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&DNS_RESOLVER_RULE_WRONG_TARGET, check);

/// The resolver waits for the targets of a rule before it gives up.
const SLOW: f64 = 1.0;

fn check(case: &Case<'_>) -> Outcome {
    let resolvers: Vec<_> = dns_servers::resolver(case).collect();
    let known = case.target.resolution.servers.iter().any(dns_servers::gives_addresses);
    let fails =
        resolvers.iter().copied().find(|server| dns_servers::failure(server) == Some(Rcode::ServFail));
    let silent = || {
        let mute = resolvers.iter().copied().filter(|server| is_silent(server));
        mute.into_iter().find(|server| other(case, server).is_some())
    };
    let answered =
        resolvers.iter().any(|server| dns_servers::answers(server) && dns_servers::failure(server).is_none());
    let Some(server) = fails.or_else(silent).filter(|_| case.name_gives_nothing() && !known && !answered)
    else {
        return Ok(None);
    };
    // Who cannot prove an answer has had one.
    if case.answers().any(is_unproved) {
        return Ok(None);
    }
    let seconds = server.a.seconds;
    let other = other(case, server);
    let slow = seconds.0 > SLOW;
    let confidence = if other.is_some() && slow { Confidence::Likely } else { Confidence::Possible };
    let host = case.host();
    let says = if is_silent(server) {
        "gives no answer".to_owned()
    } else {
        format!("fails (SERVFAIL after {seconds})")
    };
    let beside = other.map_or(String::new(), |name| format!(", and answers for {name}"));
    let vpc = case.vpc().map_or("VPC", |vpc| vpc.as_str());
    let draft = Draft::new(
        confidence,
        format!(
            "The VPC's resolver {says} for {host}{beside}: a forwarding rule of Route 53 Resolver may send the question to a \
             server that does not answer."
        ),
    )
    .evidence(words::servers(case))
    .evidence([words::system(case)])
    .fix(
        Fix::text(format!("See whether a rule for {host} or a domain above it is associated with this VPC, and point it at servers that answer"))
            .cli(format!("aws route53resolver list-resolver-rule-associations --filters Name=VPCId,Values={vpc}")),
    )
    .explains_name();
    Ok(Some(draft))
}

fn is_silent(server: &ServerAnswer) -> bool {
    server.lookups().into_iter().all(|lookup| lookup.outcome == LookupOutcome::TimedOut)
}

/// Another name for which the same server had a proper answer.
fn other<'a>(case: &Case<'a>, server: &ServerAnswer) -> Option<&'a str> {
    let own = case.host().trim_end_matches('.');
    let mut asked = dns_servers::asked_of(case, server.server);
    let proper = |lookup: &Lookup| {
        lookup.answer().is_some_and(|a| matches!(a.rcode, Rcode::NoError | Rcode::NxDomain))
    };
    let found = asked.find(|(name, said)| {
        !name.trim_end_matches('.').eq_ignore_ascii_case(own) && said.lookups().into_iter().any(proper)
    });
    found.map(|(name, _)| name)
}

/// An extended error that speaks of a signature that does not hold (RFC 8914 section 4: codes 1, 2, 5 to 12).
fn is_unproved(answer: &DnsAnswer) -> bool {
    answer.errors.iter().any(|error| matches!(error.code, 1 | 2 | 5..=12))
}
