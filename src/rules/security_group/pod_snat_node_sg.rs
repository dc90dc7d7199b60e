//! `sg-pod-snat-node-sg`

use crate::{
    analyze::{
        path::{Step, StepKind},
        remedy,
    },
    model::{
        finding::{Confidence, Evidence, Fix},
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{
    Case, Draft, Outcome, Row, Rule, access, declare_finding,
    pod::{self, Translated},
    words,
};

declare_finding! {
    /// ## What it means
    /// A pod on EKS has an address of its node's interfaces. To addresses outside the VPC's own blocks, as those of an endpoint
    /// in a peered VPC, its packets leave by default under the node's primary address: the endpoint's groups then have to admit
    /// the node, whatever they say of the pod.
    /// ## How we know
    /// This host asks from an address that is not the first of its interface, to an IPv4 address outside the VPC's blocks; the
    /// endpoint's groups admit that address, and not the node's; and connections get no answer. Whether the node translates is
    /// a setting that cannot be seen from here.
    /// ## What looks like it
    /// `provider-silent`: the endpoint's groups admit the node, too.
    /// `sg-pod-branch-eni`: the pod has an interface of its own, and that is not admitted.
    /// ## How to confirm it by hand
    ///     kubectl -n kube-system get daemonset aws-node -o yaml | grep -A1 -E 'EXTERNALSNAT|EXCLUDE_SNAT_CIDRS'
    ///     sudo tcpdump -ni any host ADDRESS and tcp port PORT      # on the node: which source do the SYNs leave with?
    /// ## How to fix it
    /// Admit the node's address or group on the endpoint. Or let pods keep their addresses towards the peered network
    /// (`AWS_VPC_K8S_CNI_EXTERNALSNAT=true`, or its blocks in `AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS`).
    static SG_POD_SNAT_NODE_SG = { title: "pods leave the VPC under their node's address, which the endpoint's group does not admit", severity: Error, side: ConsumerVpc, layer: EndpointGroup, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&SG_POD_SNAT_NODE_SG, check);

fn check(case: &Case<'_>) -> Outcome {
    let mut rows: Vec<(&Row<'_>, Translated<'_>)> = Vec::new();
    let mut undecided = None;
    for row in case.silent() {
        match pod::translated(case, row) {
            Ok(found) => rows.extend(found.map(|found| (row, found))),
            Err(why) => undecided = Some(why),
        }
    }
    let Some((first, Translated { pod, node, .. })) = rows.first() else {
        return undecided.map_or(Ok(None), Err);
    };
    let confidence = rows.iter().map(|(_, found)| found.confidence).min().unwrap_or(Confidence::Possible);
    let own = node.addresses.first().map(ToString::to_string).unwrap_or_default();
    let step = |found: &Translated<'_>| found.path.step(StepKind::DestinationGroupIngress).map(told);
    let groups = first.path.destination.groups.known().map(Vec::as_slice).unwrap_or_default();
    let admit = access::groups_verb(groups, "admits", "admit");
    let draft = Draft::new(
        confidence,
        format!(
            "{admit} this pod and not its node, and pods leave the VPC under the node's address {own} unless told otherwise."
        ),
    )
    .evidence(words::distinct(rows.iter().filter_map(|(_, found)| step(found))))
    .evidence([holds(first, pod), Evidence::of(
        format!("{} of the same node has {own} first", node.id),
        ResourceRef::new(ResourceKind::NetworkInterface, &node.id),
    )])
    .evidence([outside(case, &rows, pod.vpc.as_str())])
    .evidence(rows.iter().map(|(row, _)| words::packets(case, row)))
    .explains(rows.iter().map(|(row, _)| *row));
    let changes = rows.iter().filter_map(|(_, found)| {
        remedy::group_rule(&case.facts.inventory, &found.path, StepKind::DestinationGroupIngress)
    });
    // The way from the pod's address passes as it is: nothing here could prove the change.
    let fixes = changes.map(|change| Fix { change: None, ..access::fix(change) });
    Ok(Some(fixes.chain([keep_addresses()]).fold(draft, Draft::fix)))
}

fn told(step: &Step) -> Evidence {
    let fact = format!("{} inbound admits no more than: {}", step.id_or("the group"), step.rule());
    Evidence { fact, reference: step.resource() }
}

fn holds(row: &Row<'_>, pod: &crate::model::endpoint::NetworkInterface) -> Evidence {
    let ip = row.path.source.ip;
    let how = match pod.prefixes.iter().find(|prefix| prefix.contains(&ip)) {
        Some(prefix) => format!("is within {prefix}, a prefix of {}", pod.id),
        None if pod.addresses.first() == Some(&ip) => format!("is held by {}, a branch interface", pod.id),
        None => format!("is a secondary address of {}", pod.id),
    };
    Evidence::of(format!("{ip} {how}"), ResourceRef::new(ResourceKind::NetworkInterface, &pod.id))
}

fn outside(case: &Case<'_>, rows: &[(&Row<'_>, Translated<'_>)], vpc: &str) -> Evidence {
    let ips = words::list(rows.iter().map(|(row, _)| row.ip()));
    let blocks = case.facts.inventory.vpc(&vpc.into()).map(|vpc| words::list(&vpc.cidrs)).unwrap_or_default();
    Evidence::new(format!(
        "{ips} {} outside the blocks of {vpc} ({blocks})",
        if rows.len() == 1 { "is" } else { "are" }
    ))
}

fn keep_addresses() -> Fix {
    Fix::text("Or let all pods keep their addresses out of the VPC (what has no public address then needs a NAT gateway)")
        .cli("kubectl -n kube-system set env daemonset/aws-node AWS_VPC_K8S_CNI_EXTERNALSNAT=true")
}
