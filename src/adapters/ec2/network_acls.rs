//! `DescribeNetworkAcls`

use aws_sdk_ec2::types as sdk;

use super::{
    super::wire,
    round::{Round, Within, pages},
};
use crate::model::{inventory::actions, known::Reason};

pub(super) async fn describe(round: &Round<'_>, within: Within<'_>) -> Result<(), Reason> {
    let ask = round.client.describe_network_acls().max_results(1000).set_filters(within.filters("vpc-id"));
    let answer = pages!(round, actions::NETWORK_ACLS, round.until(1.0), network_acls, ask).await;
    round.shelve::<wire::NetworkAcl>(actions::NETWORK_ACLS, answer)
}

impl From<sdk::NetworkAcl> for wire::NetworkAcl {
    fn from(acl: sdk::NetworkAcl) -> Self {
        let associations = acl.associations.into_iter().flatten();
        let associations = associations.map(|it| wire::AclAssociation { subnet_id: it.subnet_id.into() });
        Self {
            network_acl_id: acl.network_acl_id.into(),
            vpc_id: acl.vpc_id.into(),
            is_default: acl.is_default.into(),
            associations: Some(associations.collect()),
            entries: Some(acl.entries.into_iter().flatten().map(Into::into).collect()),
        }
    }
}

impl From<sdk::NetworkAclEntry> for wire::AclEntry {
    fn from(entry: sdk::NetworkAclEntry) -> Self {
        Self {
            rule_number: entry.rule_number.into(),
            egress: entry.egress.into(),
            protocol: entry.protocol.into(),
            rule_action: entry.rule_action.as_ref().map(sdk::RuleAction::as_str).into(),
            cidr_block: entry.cidr_block.into(),
            ipv6_cidr_block: entry.ipv6_cidr_block.into(),
            port_range: entry
                .port_range
                .map(|range| wire::AclPortRange { from: range.from.into(), to: range.to.into() }),
        }
    }
}
