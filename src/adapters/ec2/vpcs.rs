//! `DescribeVpcs` and `DescribeVpcAttribute`

use aws_sdk_ec2::types::{self as sdk, VpcAttributeName};
use futures_util::future::join_all;

use super::{
    super::wire::{self, DnsAttribute},
    round::{Page, Round, Within, pages},
};
use crate::model::{
    id::VpcId,
    inventory::actions,
    known::{Known, Reason},
};

pub(super) async fn describe(round: &Round<'_>, within: Within<'_>) -> Result<(), Reason> {
    let ask = round.client.describe_vpcs().max_results(1000).set_filters(within.filters("vpc-id"));
    let answer = pages!(round, actions::VPCS, round.until(1.0), vpcs, ask).await;
    round.shelve::<wire::Vpc>(actions::VPCS, answer)
}

/// The API tells one attribute of one VPC at a time.
pub(super) async fn describe_attributes(round: &Round<'_>, vpcs: &[VpcId]) {
    join_all(vpcs.iter().flat_map(|vpc| {
        [DnsAttribute::Support, DnsAttribute::Hostnames].map(|attribute| describe_one(round, vpc, attribute))
    }))
    .await;
}

async fn describe_one(round: &Round<'_>, vpc: &VpcId, attribute: DnsAttribute) {
    let name = match attribute {
        DnsAttribute::Support => VpcAttributeName::EnableDnsSupport,
        DnsAttribute::Hostnames => VpcAttributeName::EnableDnsHostnames,
    };
    let ask = round.client.describe_vpc_attribute().vpc_id(vpc.as_str()).attribute(name);
    let answer = round.pages(actions::VPC_ATTRIBUTE, round.until(1.0), |_, watch| {
        let ask = ask.clone();
        async move {
            let answer = ask.customize().interceptor(watch).send().await?;
            let value = match attribute {
                DnsAttribute::Support => answer.enable_dns_support,
                DnsAttribute::Hostnames => answer.enable_dns_hostnames,
            };
            Ok(Page { records: value.and_then(|value| value.value).into_iter().collect(), next: None })
        }
    });
    let value = match answer.await.map(|values| values.first().copied()) {
        Ok(Some(value)) => Known::Known(value),
        Ok(None) => Known::unknown(actions::VPC_ATTRIBUTE, Reason::Absent),
        Err(reason) => Known::unknown(actions::VPC_ATTRIBUTE, reason),
    };
    round.draft().put_attribute(vpc.clone(), attribute, value);
}

impl From<sdk::Vpc> for wire::Vpc {
    fn from(vpc: sdk::Vpc) -> Self {
        let v4 = vpc.cidr_block_association_set.into_iter().flatten().map(|it| wire::CidrAssociation {
            cidr_block: it.cidr_block.into(),
            cidr_block_state: it.cidr_block_state.as_ref().map(state),
        });
        let v6 = vpc.ipv6_cidr_block_association_set.into_iter().flatten();
        let v6 = v6.map(|it| wire::Ipv6CidrAssociation {
            ipv6_cidr_block: it.ipv6_cidr_block.into(),
            ipv6_cidr_block_state: it.ipv6_cidr_block_state.as_ref().map(state),
        });
        Self {
            vpc_id: vpc.vpc_id.into(),
            cidr_block: vpc.cidr_block.into(),
            cidr_block_association_set: Some(v4.collect()),
            ipv6_cidr_block_association_set: Some(v6.collect()),
            dhcp_options_id: vpc.dhcp_options_id.into(),
        }
    }
}

fn state(state: &sdk::VpcCidrBlockState) -> wire::CidrState {
    wire::CidrState { state: state.state.as_ref().map(sdk::VpcCidrBlockStateCode::as_str).into() }
}
