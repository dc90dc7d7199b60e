//! `DescribeVpcPeeringConnections`

use aws_sdk_ec2::types as sdk;
use futures_util::future::try_join;

use super::{
    super::wire,
    round::{Round, Within, pages},
};
use crate::model::{inventory::actions, known::Reason};

/// Filters narrow one another, so each side is asked for by itself.
pub(super) async fn describe(round: &Round<'_>, within: Within<'_>) -> Result<(), Reason> {
    let side = |name: &'static str| async move {
        let ask = round.client.describe_vpc_peering_connections().max_results(1000);
        let ask = ask.set_filters(within.filters(name));
        pages!(round, actions::PEERING_CONNECTIONS, round.until(1.0), vpc_peering_connections, ask).await
    };
    let answer = match within {
        Within::Vpcs(_) => {
            let (ours, theirs) = (side("requester-vpc-info.vpc-id"), side("accepter-vpc-info.vpc-id"));
            try_join(ours, theirs).await.map(|(ours, theirs)| ours.into_iter().chain(theirs).collect())
        }
        Within::Anywhere => side("").await,
    };
    round.shelve::<wire::PeeringConnection>(actions::PEERING_CONNECTIONS, answer)
}

impl From<sdk::VpcPeeringConnection> for wire::PeeringConnection {
    fn from(connection: sdk::VpcPeeringConnection) -> Self {
        let code = |status: sdk::VpcPeeringConnectionStateReason| wire::PeeringStatus {
            code: status.code.as_ref().map(sdk::VpcPeeringConnectionStateReasonCode::as_str).into(),
        };
        Self {
            vpc_peering_connection_id: connection.vpc_peering_connection_id.into(),
            requester_vpc_info: connection.requester_vpc_info.map(Into::into),
            accepter_vpc_info: connection.accepter_vpc_info.map(Into::into),
            status: connection.status.map(code),
        }
    }
}

impl From<sdk::VpcPeeringConnectionVpcInfo> for wire::PeeringVpc {
    fn from(side: sdk::VpcPeeringConnectionVpcInfo) -> Self {
        let v4 = side
            .cidr_block_set
            .into_iter()
            .flatten()
            .map(|it| wire::CidrAssociation { cidr_block: it.cidr_block.into(), cidr_block_state: None });
        let v6 = side.ipv6_cidr_block_set.into_iter().flatten().map(|it| wire::Ipv6CidrAssociation {
            ipv6_cidr_block: it.ipv6_cidr_block.into(),
            ipv6_cidr_block_state: None,
        });
        Self {
            vpc_id: side.vpc_id.into(),
            region: side.region.into(),
            cidr_block: side.cidr_block.into(),
            cidr_block_set: Some(v4.collect()),
            ipv6_cidr_block_set: Some(v6.collect()),
        }
    }
}
