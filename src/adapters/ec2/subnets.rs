//! `DescribeSubnets`

use aws_sdk_ec2::types as sdk;

use super::{
    super::wire,
    round::{Round, Within, pages},
};
use crate::model::{inventory::actions, known::Reason};

pub(super) async fn describe(round: &Round<'_>, within: Within<'_>) -> Result<(), Reason> {
    let ask = round.client.describe_subnets().max_results(1000).set_filters(within.filters("vpc-id"));
    let answer = pages!(round, actions::SUBNETS, round.until(1.0), subnets, ask).await;
    round.shelve::<wire::Subnet>(actions::SUBNETS, answer)
}

impl From<sdk::Subnet> for wire::Subnet {
    fn from(subnet: sdk::Subnet) -> Self {
        let v6 = subnet.ipv6_cidr_block_association_set.into_iter().flatten();
        let v6 = v6.map(|it| wire::Ipv6CidrAssociation {
            ipv6_cidr_block: it.ipv6_cidr_block.into(),
            ipv6_cidr_block_state: it.ipv6_cidr_block_state.map(|state| wire::CidrState {
                state: state.state.as_ref().map(sdk::SubnetCidrBlockStateCode::as_str).into(),
            }),
        });
        Self {
            subnet_id: subnet.subnet_id.into(),
            vpc_id: subnet.vpc_id.into(),
            cidr_block: subnet.cidr_block.into(),
            ipv6_cidr_block_association_set: Some(v6.collect()),
            availability_zone: subnet.availability_zone.into(),
            availability_zone_id: subnet.availability_zone_id.into(),
            owner_id: subnet.owner_id.into(),
        }
    }
}
