//! `DescribeNetworkInterfaces`

use std::net::IpAddr;

use aws_sdk_ec2::types as sdk;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::{
    super::wire,
    round::{FILTER_VALUES, Round, Within, filter, pages},
};
use crate::model::{inventory::actions, known::Reason};

pub(super) async fn describe(round: &Round<'_>, within: Within<'_>) -> Result<(), Reason> {
    let ask =
        round.client.describe_network_interfaces().max_results(1000).set_filters(within.filters("vpc-id"));
    let answer = pages!(round, actions::NETWORK_INTERFACES, round.until(1.0), network_interfaces, ask).await;
    round.shelve::<wire::NetworkInterface>(actions::NETWORK_INTERFACES, answer)
}

/// The interfaces that hold these addresses, in whatever VPC. A failure is returned and leaves the list as
/// it is: whether it matters depends on what the other calls find.
pub(super) async fn find_holders(
    round: &Round<'_>,
    addresses: &[IpAddr],
    until: Instant,
) -> Result<(), Reason> {
    let (v4, v6): (Vec<&IpAddr>, Vec<&IpAddr>) = addresses.iter().partition(|ip| ip.is_ipv4());
    let v4 = v4.chunks(FILTER_VALUES).map(|some| ("addresses.private-ip-address", some));
    let v6 = v6.chunks(FILTER_VALUES).map(|some| ("ipv6-addresses.ipv6-address", some));
    let answers = join_all(v4.chain(v6).map(|(name, some)| async move {
        let filters = filter(name, some.iter().map(ToString::to_string));
        let ask = round.client.describe_network_interfaces().max_results(1000).set_filters(Some(filters));
        pages!(round, actions::NETWORK_INTERFACES, until, network_interfaces, ask).await
    }));
    // Shelved even when another part failed: who was found, was found.
    answers.await.into_iter().try_for_each(|answer| {
        round.shelve::<wire::NetworkInterface>(actions::NETWORK_INTERFACES, Ok(answer?))
    })
}

impl From<sdk::NetworkInterface> for wire::NetworkInterface {
    fn from(eni: sdk::NetworkInterface) -> Self {
        let addresses = eni.private_ip_addresses.into_iter().flatten();
        let addresses = addresses.map(|it| wire::PrivateAddress {
            private_ip_address: it.private_ip_address.into(),
            association: it.association.map(Into::into),
        });
        let v6 = eni.ipv6_addresses.into_iter().flatten();
        let v6_prefixes = eni.ipv6_prefixes.into_iter().flatten();
        let v4_prefixes = eni.ipv4_prefixes.into_iter().flatten();
        Self {
            owner_id: eni.owner_id.into(),
            network_interface_id: eni.network_interface_id.into(),
            vpc_id: eni.vpc_id.into(),
            subnet_id: eni.subnet_id.into(),
            availability_zone: eni.availability_zone.into(),
            availability_zone_id: eni.availability_zone_id.into(),
            interface_type: eni.interface_type.as_ref().map(sdk::NetworkInterfaceType::as_str).into(),
            status: eni.status.as_ref().map(sdk::NetworkInterfaceStatus::as_str).into(),
            description: eni.description.into(),
            attachment: eni.attachment.map(|it| wire::Attachment {
                instance_id: it.instance_id.into(),
                status: it.status.as_ref().map(sdk::AttachmentStatus::as_str).into(),
            }),
            source_dest_check: eni.source_dest_check.into(),
            association: eni.association.map(Into::into),
            groups: Some(eni.groups.into_iter().flatten().map(Into::into).collect()),
            private_ip_address: eni.private_ip_address.into(),
            private_ip_addresses: Some(addresses.collect()),
            ipv6_addresses: Some(
                v6.map(|it| wire::Ipv6Address { ipv6_address: it.ipv6_address.into() }).collect(),
            ),
            ipv4_prefixes: Some(
                v4_prefixes.map(|it| wire::Ipv4Prefix { ipv4_prefix: it.ipv4_prefix.into() }).collect(),
            ),
            ipv6_prefixes: Some(
                v6_prefixes.map(|it| wire::Ipv6Prefix { ipv6_prefix: it.ipv6_prefix.into() }).collect(),
            ),
        }
    }
}

impl From<sdk::NetworkInterfaceAssociation> for wire::PublicAssociation {
    fn from(association: sdk::NetworkInterfaceAssociation) -> Self {
        Self { public_ip: association.public_ip.into() }
    }
}

impl From<sdk::GroupIdentifier> for wire::GroupRef {
    fn from(group: sdk::GroupIdentifier) -> Self {
        Self { group_id: group.group_id.into() }
    }
}
