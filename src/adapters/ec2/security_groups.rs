//! `DescribeSecurityGroups`

use aws_sdk_ec2::types as sdk;
use futures_util::future::join_all;

use super::{
    super::wire,
    round::{FILTER_VALUES, Round, Within, filter, pages},
};
use crate::model::{id::SecurityGroupId, inventory::actions, known::Reason};

pub(super) async fn describe(round: &Round<'_>, within: Within<'_>) -> Result<(), Reason> {
    let ask = round.client.describe_security_groups().max_results(1000).set_filters(within.filters("vpc-id"));
    let answer = pages!(round, actions::SECURITY_GROUPS, round.until(1.0), security_groups, ask).await;
    round.shelve::<wire::SecurityGroup>(actions::SECURITY_GROUPS, answer)
}

/// Groups by id: those that another VPC shares with ours. One that stays missing is simply not in the list,
/// so a failure here does not make the list unknown.
pub(super) async fn describe_shared(round: &Round<'_>, groups: &[SecurityGroupId]) {
    join_all(groups.chunks(FILTER_VALUES).map(|some| async move {
        let filters = filter("group-id", some.iter().map(|group| group.0.clone()));
        let ask = round.client.describe_security_groups().max_results(1000).set_filters(Some(filters));
        let answer = pages!(round, actions::SECURITY_GROUPS, round.until(1.0), security_groups, ask).await;
        if answer.is_ok() {
            let _known = round.shelve::<wire::SecurityGroup>(actions::SECURITY_GROUPS, answer);
        }
    }))
    .await;
}

impl From<sdk::SecurityGroup> for wire::SecurityGroup {
    fn from(group: sdk::SecurityGroup) -> Self {
        let permissions =
            |some: Option<Vec<sdk::IpPermission>>| some.into_iter().flatten().map(Into::into).collect();
        Self {
            group_id: group.group_id.into(),
            group_name: group.group_name.into(),
            vpc_id: group.vpc_id.into(),
            ip_permissions: Some(permissions(group.ip_permissions)),
            ip_permissions_egress: Some(permissions(group.ip_permissions_egress)),
        }
    }
}

impl From<sdk::IpPermission> for wire::IpPermission {
    fn from(permission: sdk::IpPermission) -> Self {
        let v4 = permission.ip_ranges.into_iter().flatten();
        let v6 = permission.ipv6_ranges.into_iter().flatten();
        let lists = permission.prefix_list_ids.into_iter().flatten();
        let pairs = permission.user_id_group_pairs.into_iter().flatten().map(|pair| wire::GroupPair {
            group_id: pair.group_id.into(),
            group_name: pair.group_name.into(),
            peering_status: pair.peering_status.into(),
        });
        Self {
            ip_protocol: permission.ip_protocol.into(),
            from_port: permission.from_port.into(),
            to_port: permission.to_port.into(),
            ip_ranges: Some(v4.map(|it| wire::IpRange { cidr_ip: it.cidr_ip.into() }).collect()),
            ipv6_ranges: Some(v6.map(|it| wire::Ipv6Range { cidr_ipv6: it.cidr_ipv6.into() }).collect()),
            prefix_list_ids: Some(
                lists.map(|it| wire::PrefixListRef { prefix_list_id: it.prefix_list_id.into() }).collect(),
            ),
            user_id_group_pairs: Some(pairs.collect()),
        }
    }
}
