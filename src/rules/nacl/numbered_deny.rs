//! `nacl-numbered-deny`

use crate::{
    analyze::{network_acl, path::Blocker},
    model::{
        finding::{Confidence, Evidence, Fix},
        firewall::{AclAction, NetworkAclEntry},
        net::PortRange,
    },
};

use super::{
    Case, Draft, Outcome, Rule,
    access::{self, Blocked},
    declare_finding,
};

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
    for step in access::ACL_STEPS {
        // What this step cannot tell, the finding of its own direction says.
        let blocked = access::denied_by_acl(case, step, |_| true).unwrap_or_default();
        if let Some(draft) = blocked.iter().find_map(|blocked| shadowed(blocked)) {
            return Ok(Some(draft));
        }
    }
    Ok(None)
}

fn shadowed(blocked: &Blocked<'_, '_>) -> Option<Draft> {
    let Blocker::Acl { decision } = blocked.blocker else {
        return None;
    };
    let denial = decision.main_denial().filter(|part| part.is_numbered())?;
    let resource = blocked.step.resource()?;
    let denying = denial.entry.as_ref()?;
    let acl = blocked.step.acl()?.acl;
    let allowing = acl.entries.iter().find(|entry| would_allow(entry, denying, blocked))?;
    let summary =
        format!("Rule {} of {} denies before rule {} would allow.", denying.number, acl.id, allowing.number);
    let draft = Draft::new(Confidence::Confirmed, summary)
        .evidence([
            Evidence::of(format!("{}: {}", acl.id, network_acl::describe(denying)), resource.clone()),
            Evidence::of(
                format!("{}: {}", acl.id, network_acl::describe(allowing)),
                resource.at(allowing.number),
            ),
        ])
        .fix(Fix::text(format!(
            "Narrow rule {} of {}, or renumber rule {}",
            denying.number, acl.id, allowing.number
        )));
    Some(draft)
}

fn would_allow(entry: &NetworkAclEntry, denying: &NetworkAclEntry, blocked: &Blocked<'_, '_>) -> bool {
    let Some(asked) = blocked.step.acl() else { return false };
    entry.action == AclAction::Allow
        && entry.direction == denying.direction
        && entry.number > denying.number
        && entry.protocol.covers(blocked.row.path.flow.protocol)
        && entry.cidr.contains(&asked.other)
        && overlap(entry.ports, asked.ports)
}

fn overlap(a: PortRange, b: PortRange) -> bool {
    a.from <= b.to && b.from <= a.to
}
