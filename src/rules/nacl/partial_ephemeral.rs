//! `nacl-partial-ephemeral`

use crate::{
    analyze::{
        path::{Step, StepKind},
        remedy,
    },
    model::{
        finding::{Confidence, Evidence, Fix, Severity},
        known::Known,
        report::PathVerdict,
    },
};

use super::{Case, Draft, Outcome, Row, Rule, access, declare_finding, words};

declare_finding! {
    /// ## What it means
    /// Replies go to the port that this host's kernel drew for the connection. The ACL admits some of these ports and denies
    /// the rest, so connections fail now and then, by chance of their source port.
    /// ## How we know
    /// The entries for the replies allow part of `net.ipv4.ip_local_port_range` (by default 32768 to 60999) and deny the rest,
    /// and a connection got no answer. Where connections pass, by the luck of their ports, it is a warning.
    /// ## What looks like it
    /// `provider-silent`: the whole range is admitted.
    /// `nacl-client-ingress-ephemeral`, `nacl-endpoint-egress-ephemeral`: none of it is.
    /// ## How to confirm it by hand
    ///     cat /proc/sys/net/ipv4/ip_local_port_range
    ///     nc -p 40000 -vz -w 3 ADDRESS PORT; nc -p 60000 -vz -w 3 ADDRESS PORT
    /// ## How to fix it
    /// Allow the replies to the whole range of the clients' ports: by entries for these flows alone, or by widening the one
    /// that admits a part (1024 to 65535 where clients differ).
    static NACL_PARTIAL_EPHEMERAL = { title: "a network ACL admits replies to part of this host's ports only", severity: Error, side: ConsumerVpc, layer: SourceAcl, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&NACL_PARTIAL_EPHEMERAL, check);

fn check(case: &Case<'_>) -> Outcome {
    let mut rows: Vec<(&Row<'_>, &Step)> = Vec::new();
    let mut denied: Vec<(&Row<'_>, &Step)> = Vec::new();
    let mut undecided = None;
    for (row, step) in case.silent().filter_map(|row| Some((row, row.path.partly_blocked()?))) {
        match row.path.verdict() {
            Known::Known(PathVerdict::Allow) => rows.push((row, step)),
            Known::Known(PathVerdict::Deny) => denied.push((row, step)),
            Known::Unknown(why) => undecided = Some(why),
        }
    }
    // Where something else stops every packet, this waits behind it: whoever mends that meets this next.
    let (rows, confidence) =
        if rows.is_empty() { (denied, Confidence::Possible) } else { (rows, Confidence::Likely) };
    match (rows.first(), undecided) {
        (Some((_, step)), _) => Ok(Some(draft(case, &rows, step, confidence))),
        (None, Some(why)) => Err(why),
        (None, None) => Ok(lucky(case)),
    }
}

/// This connection drew a port that passes; the next may not.
fn lucky(case: &Case<'_>) -> Option<Draft> {
    let answered = case.rows.iter().filter(|row| row.probe.used && row.probe.tcp.outcome.is_connected());
    let allowed = answered.filter(|row| row.path.verdict() == Known::Known(PathVerdict::Allow));
    let rows: Vec<_> = allowed.filter_map(|row| Some((row, row.path.partly_blocked()?))).collect();
    let (_, step) = rows.first()?;
    Some(draft(case, &rows, step, Confidence::Likely).severity(Severity::Warning))
}

/// The part of this host's ports to which the ACL lets the replies through.
fn admitted(step: &Step) -> Option<String> {
    let allowed = step.acl()?.decision.parts.iter().filter(|part| part.allowed == Known::Known(true));
    Some(words::list(allowed.map(|part| part.ports)))
}

fn draft(case: &Case<'_>, rows: &[(&Row<'_>, &Step)], step: &Step, confidence: Confidence) -> Draft {
    let acl = step.id_or("the ACL");
    let percent = step.blocked_share() * 100.0;
    let share = if percent < 1.0 { "less than 1".to_owned() } else { format!("{:.0}", percent.floor()) };
    let mut evidence: Vec<Evidence> = Vec::new();
    for (row, step) in rows {
        let fact = match admitted(step) {
            Some(ports) => format!(
                "{acl} {} admits replies from {} to ports {ports}; this host uses {}",
                access::direction(step),
                row.ip(),
                row.path.flow.source_ports
            ),
            None => format!("{acl} on the way back from {}: {}", row.ip(), step.rule()),
        };
        evidence.push(Evidence { fact, reference: step.resource() });
    }
    let draft = Draft::new(
        confidence,
        format!(
            "{acl} drops the replies to {share} % of this host's ports: {}.",
            if percent < 90.0 { "connections fail by chance" } else { "nearly every connection fails" }
        ),
    )
    .evidence(evidence)
    .evidence(rows.iter().map(|(row, _)| words::packets(case, row)))
    .explains(rows.iter().map(|(row, _)| *row));
    let paths: Vec<_> = rows.iter().map(|(row, _)| &row.path).collect();
    let kinds = [StepKind::ReturnAclEgress, StepKind::ReturnRoute, StepKind::ReturnAclIngress];
    let changes: Vec<_> = kinds
        .iter()
        .flat_map(|kind| remedy::acl_entries(&case.facts.inventory, &paths, *kind).changes)
        .collect();
    if changes.is_empty() {
        return draft.fix(Fix::text(format!(
            "Widen the entry of {acl} that allows the replies to all of the clients' ports"
        )));
    }
    changes.into_iter().fold(draft, |draft, change| draft.fix(access::fix(change)))
}
