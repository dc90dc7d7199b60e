//! `sg-pod-branch-eni`

use crate::{
    analyze::path::{Blocker, StepKind},
    model::{
        endpoint::NetworkInterface,
        finding::Evidence,
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Case, Outcome, Rule, access, declare_finding, pod, words};

declare_finding! {
    /// ## What it means
    /// This pod or task has a network interface of its own, a branch of its node's, with security groups of its own. The
    /// endpoint's groups admit the node, and everything else that runs on it, and not this one.
    /// ## How we know
    /// The interface that holds this address is of type branch; no rule of the endpoint's groups admits it on the port; one
    /// admits the node (as its metadata service tells of it, otherwise every node of this zone that carries branches); and
    /// connections get no answer.
    /// ## What looks like it
    /// `sg-endpoint-refs-other-group`, `sg-endpoint-ingress-missing`: the node is not admitted either.
    /// `sg-source-egress-missing`: the pod's own groups do not let the packets out.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=POD_ADDRESS \
    ///       --query 'NetworkInterfaces[].[InterfaceType,Groups]'
    ///     kubectl get securitygrouppolicies --all-namespaces
    /// ## How to fix it
    /// Add an inbound rule for the port that names the pod's group; or add the node's group to those that the pod is given.
    static SG_POD_BRANCH_ENI = { title: "the endpoint's security group admits the node, and the pod has groups of its own", severity: Error, side: ConsumerVpc, layer: EndpointGroup, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&SG_POD_BRANCH_ENI, check);

fn check(case: &Case<'_>) -> Outcome {
    if !case.silent().any(|row| pod::may_be_branch(case, row)) {
        return Ok(None);
    }
    let port = case.target.target.port;
    let accept = |one: &access::Blocked<'_, '_>| match one.blocker {
        Blocker::Group(denial) => pod::left_out(case, one.row, denial).is_some(),
        _ => false,
    };
    let draft = access::group(case, StepKind::DestinationGroupIngress, accept, |denial, row| {
        let found = pod::left_out(case, row, denial);
        let pod = found.as_ref().map_or("another interface", |found| found.branch.id.as_str());
        let own = found.as_ref().map(|found| words::list(&found.branch.groups)).unwrap_or_default();
        let node = found.map(|found| nodes_groups(&found.nodes)).unwrap_or_default();
        format!(
            "{} the node ({node}) on tcp/{port}; this pod or task asks from {pod}, a branch interface in {own}.",
            access::groups_verb(&denial.groups, "admits", "admit")
        )
    })?;
    let found = case
        .silent()
        .find_map(|row| access::denials(row).find_map(|denial| pod::left_out(case, row, denial)));
    Ok(draft.map(|draft| draft.evidence(found.into_iter().flat_map(evidence))))
}

fn nodes_groups(nodes: &[&NetworkInterface]) -> String {
    words::list(words::distinct(nodes.iter().flat_map(|node| &node.groups)))
}

fn evidence(found: pod::LeftOut<'_>) -> Vec<Evidence> {
    let tell = |eni: &NetworkInterface| {
        let whose = eni.instance.as_ref().map(|instance| format!(" of {instance}")).unwrap_or_default();
        let fact = format!("{}{whose} is of type {}, in {}", eni.id, eni.kind, words::list(&eni.groups));
        Evidence::of(fact, ResourceRef::new(ResourceKind::NetworkInterface, &eni.id))
    };
    std::iter::once(found.branch).chain(found.nodes).map(tell).collect()
}
