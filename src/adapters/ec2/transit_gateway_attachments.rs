//! `DescribeTransitGatewayAttachments` and `DescribeTransitGatewayVpcAttachments`, for the gateways that routes
//! lead to

use aws_sdk_ec2::types::{self as sdk, Filter};
use futures_util::future::join;

use super::{
    super::wire,
    round::{Round, Within, filter, pages},
};
use crate::model::{
    inventory::actions,
    known::{Known, Reason},
};

/// What the VPCs and the gateways themselves are attached by. Where the second call fails, the attachments are
/// known all the same, without their subnets.
pub(super) async fn describe(
    round: &Round<'_>,
    within: Within<'_>,
    gateways: &[String],
) -> Result<(), Reason> {
    let (of_every_kind, of_vpcs) =
        join(of_every_kind(round, within, gateways), of_vpcs(round, within, gateways)).await;
    let action = actions::TRANSIT_GATEWAY_ATTACHMENTS;
    let kept = round.shelve::<wire::TransitGatewayAttachment>(action, of_every_kind);
    match of_vpcs {
        Ok(records) => {
            let _kept = round.shelve(actions::TRANSIT_GATEWAY_VPC_ATTACHMENTS, Ok(records));
        }
        Err(reason) => without_subnets(round, &reason),
    }
    kept
}

async fn of_every_kind(
    round: &Round<'_>,
    within: Within<'_>,
    gateways: &[String],
) -> Result<Vec<wire::TransitGatewayAttachment>, Reason> {
    let mut filters = of_gateways(gateways);
    if let Within::Vpcs(vpcs) = within {
        // A gateway is the resource of another's peering attachment.
        let resources = vpcs.iter().map(|vpc| &vpc.0).chain(gateways).cloned();
        filters.extend(filter("resource-id", resources));
    }
    let action = actions::TRANSIT_GATEWAY_ATTACHMENTS;
    let ask =
        round.client.describe_transit_gateway_attachments().max_results(1000).set_filters(Some(filters));
    pages!(round, action, round.until(1.0), transit_gateway_attachments, ask).await
}

async fn of_vpcs(
    round: &Round<'_>,
    within: Within<'_>,
    gateways: &[String],
) -> Result<Vec<wire::TransitGatewayVpcAttachment>, Reason> {
    let mut filters = of_gateways(gateways);
    filters.extend(within.filters("vpc-id").into_iter().flatten());
    let action = actions::TRANSIT_GATEWAY_VPC_ATTACHMENTS;
    let ask =
        round.client.describe_transit_gateway_vpc_attachments().max_results(1000).set_filters(Some(filters));
    pages!(round, action, round.until(1.0), transit_gateway_vpc_attachments, ask).await
}

fn of_gateways(gateways: &[String]) -> Vec<Filter> {
    filter("transit-gateway-id", gateways.iter().cloned())
}

fn without_subnets(round: &Round<'_>, reason: &Reason) {
    let mut draft = round.draft();
    for attachment in draft.transit_gateway_attachments.iter_mut().filter(|it| !it.subnets.is_known()) {
        attachment.subnets = Known::unknown(actions::TRANSIT_GATEWAY_VPC_ATTACHMENTS, reason.clone());
    }
}

impl From<sdk::TransitGatewayAttachment> for wire::TransitGatewayAttachment {
    fn from(attachment: sdk::TransitGatewayAttachment) -> Self {
        let kind = attachment.resource_type.as_ref();
        Self {
            transit_gateway_attachment_id: attachment.transit_gateway_attachment_id.into(),
            transit_gateway_id: attachment.transit_gateway_id.into(),
            transit_gateway_owner_id: attachment.transit_gateway_owner_id.into(),
            resource_owner_id: attachment.resource_owner_id.into(),
            resource_type: kind.map(sdk::TransitGatewayAttachmentResourceType::as_str).into(),
            resource_id: attachment.resource_id.into(),
            state: attachment.state.as_ref().map(sdk::TransitGatewayAttachmentState::as_str).into(),
            association: attachment.association.map(Into::into),
        }
    }
}

impl From<sdk::TransitGatewayAttachmentAssociation> for wire::AttachmentAssociation {
    fn from(association: sdk::TransitGatewayAttachmentAssociation) -> Self {
        let state = association.state.as_ref().map(sdk::TransitGatewayAssociationState::as_str);
        Self {
            transit_gateway_route_table_id: association.transit_gateway_route_table_id.into(),
            transit_gateway_policy_table_id: association.transit_gateway_policy_table_id.into(),
            state: state.into(),
        }
    }
}

impl From<sdk::TransitGatewayVpcAttachment> for wire::TransitGatewayVpcAttachment {
    fn from(attachment: sdk::TransitGatewayVpcAttachment) -> Self {
        let subnets = attachment.subnet_ids.into_iter().flatten();
        Self {
            transit_gateway_attachment_id: attachment.transit_gateway_attachment_id.into(),
            transit_gateway_id: attachment.transit_gateway_id.into(),
            vpc_id: attachment.vpc_id.into(),
            state: attachment.state.as_ref().map(sdk::TransitGatewayAttachmentState::as_str).into(),
            subnet_ids: Some(subnets.map(Into::into).collect()),
            options: attachment.options.map(Into::into),
        }
    }
}

impl From<sdk::TransitGatewayVpcAttachmentOptions> for wire::VpcAttachmentOptions {
    fn from(options: sdk::TransitGatewayVpcAttachmentOptions) -> Self {
        let references = options.security_group_referencing_support.as_ref();
        let appliance = options.appliance_mode_support.as_ref();
        Self {
            appliance_mode_support: appliance.map(sdk::ApplianceModeSupportValue::as_str).into(),
            security_group_referencing_support: references
                .map(sdk::SecurityGroupReferencingSupportValue::as_str)
                .into(),
        }
    }
}
