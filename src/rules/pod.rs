//! Pods and tasks: by whose interface their packets leave, and under whose address.
//!
//! <https://docs.aws.amazon.com/eks/latest/userguide/security-groups-for-pods.html>,
//! <https://docs.aws.amazon.com/eks/latest/userguide/external-snat.html>

use std::net::IpAddr;

use crate::{
    analyze::{
        path::{self, Aim, Blocker, Identity, Path, StepKind},
        place::Place,
        security_group::{self, Denial, GroupVerdict, Other},
    },
    model::{
        endpoint::{NetworkInterface, says},
        finding::Confidence,
        firewall::Direction,
        known::{Known, Unknown},
        net::Flow,
        report::PathVerdict,
    },
};

use super::{Case, Row, access::DenialKind};

/// The interface that this row's packets leave by.
fn source<'a>(case: &Case<'a>, row: &Row<'_>) -> Option<&'a NetworkInterface> {
    case.facts.inventory.interface(row.path.source.eni.known()?)
}

fn is_branch(eni: &NetworkInterface) -> bool {
    says(&eni.kind, "branch")
}

/// The packets leave by a branch interface, for all that is known: a node's metadata service tells of none.
pub(super) fn may_be_branch(case: &Case<'_>, row: &Row<'_>) -> bool {
    let told = case.facts.host.metadata.known().into_iter().flat_map(|metadata| &metadata.interfaces);
    let own = told.flat_map(|interface| &interface.addresses).any(|ip| *ip == row.path.source.ip);
    !own && source(case, row).is_none_or(is_branch)
}

/// An interface of a pod's or task's own, and those of the node that the endpoint's groups admit.
pub(super) struct LeftOut<'a> {
    pub(super) branch: &'a NetworkInterface,
    pub(super) nodes: Vec<&'a NetworkInterface>,
}

/// The endpoint's groups admit the node and not the pod, which asks from an interface with groups of its own.
pub(super) fn left_out<'a>(case: &Case<'a>, row: &Row<'_>, denial: &Denial) -> Option<LeftOut<'a>> {
    use DenialKind::{DefaultGroup, NoRule, OtherAddresses, OtherGroup};
    let branch = source(case, row).filter(|eni| is_branch(eni))?;
    if !matches!(denial.kind(), DefaultGroup | NoRule | OtherAddresses | OtherGroup) {
        return None;
    }
    let nodes = nodes(case, branch);
    let admitted = !nodes.is_empty() && nodes.iter().all(|node| admits(case, &row.path, node));
    admitted.then_some(LeftOut { branch, nodes })
}

/// Nothing in EC2's description leads from a branch interface to its node. The node's metadata service tells of its other
/// interfaces; else any node of this zone that has a trunk for branches may be the one.
fn nodes<'a>(case: &Case<'a>, branch: &NetworkInterface) -> Vec<&'a NetworkInterface> {
    let inventory = &case.facts.inventory;
    let metadata = case.facts.host.metadata.known();
    let told = metadata.into_iter().flat_map(|metadata| &metadata.interfaces);
    let told = told.filter_map(|interface| inventory.interface(interface.eni.as_ref()?));
    let told: Vec<_> = told.filter(|eni| !is_branch(eni)).collect();
    if !told.is_empty() {
        return told;
    }
    let zone = inventory.az_id_of(branch);
    let trunks = inventory.network_interfaces.known().into_iter().flatten();
    trunks
        .filter(|eni| says(&eni.kind, "trunk") && eni.vpc == branch.vpc && inventory.az_id_of(eni) == zone)
        .collect()
}

fn admits(case: &Case<'_>, path: &Path, node: &NetworkInterface) -> bool {
    let Some(ip) = node.addresses.first() else { return false };
    // Where the way is not known, as far as the groups themselves go.
    let identity = match &path.seen.identity {
        Identity::Unknown(_) => &Identity::Kept,
        known => known,
    };
    let verdict = security_group::evaluate(
        &case.facts.inventory,
        &path.destination.groups,
        Direction::Ingress,
        Other {
            ip: *ip,
            groups: &Known::Known(node.groups.clone()),
            identity,
            protocol: path.flow.protocol,
            port: path.flow.destination_port,
        },
    );
    matches!(verdict, GroupVerdict::Allow { .. })
}

/// A pod whose packets leave the VPC under its node's address, which the endpoint's groups do not admit.
pub(super) struct Translated<'a> {
    pub(super) pod: &'a NetworkInterface,
    pub(super) node: &'a NetworkInterface,
    /// The way as it would be from the node's address.
    pub(super) path: Path,
    pub(super) confidence: Confidence,
}

/// EKS gives pods addresses of their node's interfaces, and by default lets them out of the VPC under the node's
/// primary address only. The endpoint then sees the node.
pub(super) fn translated<'a>(case: &Case<'a>, row: &Row<'_>) -> Result<Option<Translated<'a>>, Unknown> {
    let source_ip = row.path.source.ip;
    let allowed = row.path.verdict() == Known::Known(PathVerdict::Allow) && source_ip.is_ipv4();
    let Some(pod) = source(case, row).filter(|_| allowed) else {
        return Ok(None);
    };
    let primary = pod.addresses.first() == Some(&source_ip);
    if primary && !is_branch(pod) {
        return Ok(None);
    }
    let inventory = &case.facts.inventory;
    let vpcs = inventory.vpcs.ok()?;
    let Some(vpc) = vpcs.get(pod.vpc.as_str()) else {
        return Ok(None);
    };
    if vpc.cidrs.iter().any(|cidr| cidr.contains(&row.ip())) {
        return Ok(None);
    }
    let nodes = hosts(case, pod);
    let denied: Vec<_> = nodes.iter().filter_map(|node| denied(case, &row.path, node)).collect();
    // Which of several is the primary one, nothing tells.
    let all = !nodes.is_empty() && denied.len() == nodes.len();
    let first = denied.into_iter().next().filter(|_| all);
    let confidence = confidence(case, pod, source_ip);
    Ok(first.map(|(node, path)| Translated { pod, node, path, confidence }))
}

/// The interfaces of which one is the node's primary: not those that the network plug-in made for more pods.
fn hosts<'a>(case: &Case<'a>, pod: &'a NetworkInterface) -> Vec<&'a NetworkInterface> {
    let all = match (&pod.instance, case.facts.inventory.network_interfaces.known()) {
        (Some(instance), Some(all)) => all.linked(instance.as_str()).map(AsRef::as_ref).collect(),
        _ => nodes(case, pod),
    };
    all.into_iter().filter(|eni| !eni.description.starts_with(PLUGIN_INTERFACE) && !is_branch(eni)).collect()
}

/// What the description of an interface begins with that the plug-in of EKS attaches to a node.
/// <https://github.com/aws/amazon-vpc-cni-k8s>
const PLUGIN_INTERFACE: &str = "aws-K8S-";

fn denied<'a>(
    case: &Case<'_>,
    path: &Path,
    node: &'a NetworkInterface,
) -> Option<(&'a NetworkInterface, Path)> {
    let ip = *node.addresses.first()?;
    let flow = Flow { source: ip, ..path.flow.clone() };
    let path = path::analyze(&case.facts.inventory, &flow, Place::of_interface(ip, node), Aim::Address);
    let group = path.blocker_at(StepKind::DestinationGroupIngress);
    matches!(group, Ok(Some((_, Blocker::Group(_))))).then_some((node, path))
}

/// An address within a prefix is a pod's, and so is one of a host that lacks the interface's first address. Pods with
/// interfaces of their own are translated in one of two modes alone.
fn confidence(case: &Case<'_>, pod: &NetworkInterface, ip: IpAddr) -> Confidence {
    let lacks_primary = || {
        let local = case.facts.host.interfaces.known()?;
        let has = |ip: &IpAddr| local.iter().flat_map(|one| &one.networks).any(|net| net.addr() == *ip);
        Some(!pod.addresses.first().is_some_and(has) && has(&ip))
    };
    if !is_branch(pod) && (!pod.addresses.contains(&ip) || lacks_primary() == Some(true)) {
        Confidence::Likely
    } else {
        Confidence::Possible
    }
}

/// What the endpoint's groups admit may not be what they meet.
pub(super) fn is_likely_translated(case: &Case<'_>, row: &Row<'_>) -> bool {
    matches!(translated(case, row), Ok(Some(found)) if found.confidence == Confidence::Likely)
}
