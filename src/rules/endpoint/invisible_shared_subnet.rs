//! `endpoint-invisible-shared-subnet`

use crate::model::{
    endpoint::NetworkInterface,
    finding::{Confidence, Evidence, Fix},
    known::Known,
    net,
    resource::{ResourceKind, ResourceRef},
};

use super::{Case, Draft, Outcome, Row, Rule, declare_finding, endpoint_state, words};

declare_finding! {
    /// ## What it means
    /// Nothing is wrong by that: this host stands in a subnet that another account shares with its own. Whoever is a guest
    /// there is told of none of the owner's endpoints, so that nothing can be checked of the one that answers.
    /// ## How we know
    /// The subnet and this host's interface belong to different accounts, the address lies in this VPC, and
    /// DescribeVpcEndpoints lists no endpoint that has it.
    /// ## What looks like it
    /// `dns-stale-a-record`: this account owns the subnet, and nobody holds the address.
    /// `endpoint-missing`: the name leads to public addresses.
    /// ## How to confirm it by hand
    ///     aws ec2 describe-subnets --subnet-ids SUBNET --query 'Subnets[].OwnerId'
    ///     aws sts get-caller-identity
    /// ## How to fix it
    /// Run with credentials of the account that owns the VPC, or with an inventory that it wrote; or live with what the
    /// packets alone say.
    static ENDPOINT_INVISIBLE_SHARED_SUBNET = { title: "the endpoint belongs to the account that shares this subnet, and is not listed", severity: Info, side: Tool, layer: Tool, since: "0.1.0" }
}

pub(super) const RULE: Rule = Rule::new(&ENDPOINT_INVISIBLE_SHARED_SUBNET, check);

fn check(case: &Case<'_>) -> Outcome {
    let unseen: Vec<_> = case.rows.iter().filter(|row| row.probe.used && is_unseen(case, row)).collect();
    if unseen.is_empty() {
        return Ok(None);
    }
    let Some(subnet) = *endpoint_state::shared_subnet(case).ok()? else {
        return Ok(None);
    };
    let inventory = &case.facts.inventory;
    let owner = inventory.subnet(subnet).and_then(|subnet| subnet.owner.as_deref());
    let owner = owner.map_or("another account".to_owned(), |owner| format!("account {owner}"));
    let vpc = case.vpc().map_or("this VPC", |vpc| vpc.as_str());
    let ips = words::list(unseen.iter().map(|row| row.ip()));
    let (verb, what) = if unseen.len() == 1 { ("lies", "it") } else { ("lie", "them") };
    let draft = Draft::new(
        Confidence::Confirmed,
        format!("{ips} {verb} in {vpc}, which {owner} shares: the endpoint behind {what} is not listed to this account."),
    )
    .evidence([
        Evidence::of(
            format!("{subnet} is shared by {owner}, whose endpoints are not listed"),
            ResourceRef::new(ResourceKind::Subnet, subnet),
        ),
        Evidence::new(format!("DescribeVpcEndpoints lists no endpoint that has {ips}")),
    ])
    .evidence(unseen.iter().map(|row| words::packets(case, row)))
    .fix(Fix::text(format!(
        "To have the endpoint checked as well, run with credentials of {owner}, or with an inventory that it wrote"
    )));
    Ok(Some(draft))
}

/// In this VPC, and of no endpoint that is listed; whoever may hold it.
fn is_unseen(case: &Case<'_>, row: &Row<'_>) -> bool {
    let of_endpoint = row.eni.known().is_some_and(|eni| eni.is_none_or(NetworkInterface::is_endpoint));
    let vpc = case.vpc().and_then(|vpc| case.facts.inventory.vpc(vpc));
    let inside = vpc.is_none_or(|vpc| vpc.cidrs.iter().any(|cidr| cidr.contains(&row.ip())));
    of_endpoint && row.endpoint == Known::Known(None) && inside && net::is_private(row.ip())
}
