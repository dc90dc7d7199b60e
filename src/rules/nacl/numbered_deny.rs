//! `nacl-numbered-deny`

use crate::{
    analyze::{
        network_acl,
        path::{Blocker, StepKind},
    },
    model::{
        finding::{Confidence, Evidence, Fix},
        firewall::{AclAction, NetworkAcl, NetworkAclEntry},
        id::NetworkAclId,
        net::PortRange,
    },
};

use super::{
    Case, Draft, Outcome, Rule,
    access::{self, Blocked},
    declare_finding,
};

const STEPS: [StepKind; 4] = [
    StepKind::SourceAclEgress,
    StepKind::DestinationAclIngress,
    StepKind::ReturnAclEgress,
    StepKind::ReturnAclIngress,
];

declare_finding! {
    /// ## What it means
    /// The ACL that stops the packets has an entry that would allow them, but one with a lower number denies them first.
    /// ## How we know
    /// The first entry that matches is a numbered denial, and an entry behind it allows the same packets.
    /// ## What looks like it
    /// `nacl-client-egress`, `nacl-endpoint-ingress`: no entry allows them at all.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-network-acls --network-acl-ids ACL --query 'NetworkAcls[].Entries'
    /// ## How to fix it
    /// Narrow or remove the denial, or give the entry that allows a lower number.
    static NACL_NUMBERED_DENY = { title: "a numbered entry of a network ACL denies before another would allow", severity: Info, side: ConsumerVpc, layer: SourceAcl, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&NACL_NUMBERED_DENY, check);

fn check(case: &Case<'_>) -> Outcome {
    for step in STEPS {
        // What this step cannot tell, the finding of its own direction says.
        let blocked = access::blocked(case, step, |_| true).unwrap_or_default();
        if let Some(draft) = blocked.iter().find_map(|blocked| shadowed(case, blocked)) {
            return Ok(Some(draft));
        }
    }
    Ok(None)
}

fn shadowed(case: &Case<'_>, blocked: &Blocked<'_, '_>) -> Option<Draft> {
    let Blocker::Acl { decision } = blocked.blocker else {
        return None;
    };
    let denial = decision.main_denial().filter(|part| part.is_numbered())?;
    let resource = blocked.step.resource.as_ref()?;
    let denying = denial.entry.as_ref()?;
    let acl = find(case, &NetworkAclId::new(&resource.id))?;
    let allowing = acl.entries.iter().find(|entry| would_allow(entry, denying, blocked))?;
    let summary =
        format!("Rule {} of {} denies before rule {} would allow.", denying.number, acl.id, allowing.number);
    let draft = Draft::new(Confidence::Confirmed, summary)
        .evidence([
            Evidence::of(format!("{}: {}", acl.id, network_acl::describe(denying)), resource.clone()),
            Evidence::of(
                format!("{}: {}", acl.id, network_acl::describe(allowing)),
                resource.clone().at(allowing.number),
            ),
        ])
        .fix(Fix::text(format!(
            "Narrow rule {} of {}, or renumber rule {}",
            denying.number, acl.id, allowing.number
        )));
    Some(draft)
}

fn find<'a>(case: &Case<'a>, id: &NetworkAclId) -> Option<&'a NetworkAcl> {
    case.facts.inventory.network_acl(id).map(AsRef::as_ref)
}

fn would_allow(entry: &NetworkAclEntry, denying: &NetworkAclEntry, blocked: &Blocked<'_, '_>) -> bool {
    let path = &blocked.row.path;
    let other = if blocked.step.kind.is_at_source() { path.destination.ip } else { path.source.ip };
    entry.action == AclAction::Allow
        && entry.direction == denying.direction
        && entry.number > denying.number
        && entry.protocol.covers(path.flow.protocol)
        && entry.cidr.contains(&other)
        && overlap(entry.ports, path.ports_at(blocked.step.kind))
}

fn overlap(a: PortRange, b: PortRange) -> bool {
    a.from <= b.to && b.from <= a.to
}
