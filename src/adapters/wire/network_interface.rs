//! `DescribeNetworkInterfaces`

use std::net::IpAddr;

use serde::Deserialize;

use super::{Draft, Flag, GroupRef, Notes, Record, Shelf, Text, shelf::Shelved, words};
use crate::model::{
    endpoint::{self, PublicAddress},
    id::{AzId, InstanceId, NetworkInterfaceId, SecurityGroupId, SubnetId, VpcId},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct NetworkInterface {
    pub(crate) network_interface_id: Text,
    pub(crate) vpc_id: Text,
    pub(crate) subnet_id: Text,
    pub(crate) availability_zone: Text,
    pub(crate) availability_zone_id: Text,
    pub(crate) interface_type: Text,
    pub(crate) status: Text,
    pub(crate) description: Text,
    pub(crate) attachment: Option<Attachment>,
    pub(crate) groups: Option<Vec<GroupRef>>,
    pub(crate) source_dest_check: Flag,
    pub(crate) private_ip_address: Text,
    /// The primary address's, as `PrivateIpAddresses` has it too.
    pub(crate) association: Option<PublicAssociation>,
    pub(crate) private_ip_addresses: Option<Vec<PrivateAddress>>,
    pub(crate) ipv6_addresses: Option<Vec<Ipv6Address>>,
    pub(crate) ipv4_prefixes: Option<Vec<Ipv4Prefix>>,
    pub(crate) ipv6_prefixes: Option<Vec<Ipv6Prefix>>,
    pub(crate) owner_id: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Attachment {
    pub(crate) instance_id: Text,
    pub(crate) status: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct PrivateAddress {
    pub(crate) private_ip_address: Text,
    pub(crate) association: Option<PublicAssociation>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct PublicAssociation {
    pub(crate) public_ip: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Ipv6Address {
    pub(crate) ipv6_address: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Ipv4Prefix {
    pub(crate) ipv4_prefix: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Ipv6Prefix {
    pub(crate) ipv6_prefix: Text,
}

impl Record for NetworkInterface {
    type Model = endpoint::NetworkInterface;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.network_interfaces
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let public_addresses = self.public_addresses(notes);
        let id = NetworkInterfaceId(notes.vital("NetworkInterfaceId", self.network_interface_id)?);
        let attachment = self.attachment.unwrap_or_default();
        let secondary = self.private_ip_addresses.into_iter().flatten().map(|a| a.private_ip_address);
        let v6 = self.ipv6_addresses.into_iter().flatten().map(|a| a.ipv6_address);
        let addresses = addresses(std::iter::once(self.private_ip_address).chain(secondary).chain(v6), notes);
        let v4 = self.ipv4_prefixes.into_iter().flatten().map(|p| p.ipv4_prefix);
        let v6 = self.ipv6_prefixes.into_iter().flatten().map(|p| p.ipv6_prefix);
        Some(Self::Model {
            id,
            vpc: VpcId(notes.vital("VpcId", self.vpc_id)?),
            subnet: SubnetId(notes.vital("SubnetId", self.subnet_id)?),
            az_id: self.availability_zone_id.map(AzId),
            az: self.availability_zone.0,
            // The field is younger than the call; before it there was one kind.
            kind: self.interface_type.0.unwrap_or_else(|| "interface".to_owned()),
            status: self.status.or_empty(),
            description: self.description.or_empty(),
            instance: attachment.instance_id.map(InstanceId),
            groups: groups(self.groups, notes)?,
            addresses,
            prefixes: words::cidrs(v4.chain(v6), notes),
            public_addresses,
            source_dest_check: self.source_dest_check.0,
            attachment_status: attachment.status.0,
            owner: self.owner_id.0,
        })
    }
}

impl NetworkInterface {
    /// Each with the private address that it stands for. A carrier's or a customer's own is not public.
    fn public_addresses(&self, notes: &mut Notes) -> Vec<PublicAddress> {
        let secondary = self.private_ip_addresses.iter().flatten();
        let secondary = secondary.map(|it| (&it.private_ip_address, it.association.as_ref()));
        let mut public = Vec::new();
        for (private, association) in
            std::iter::once((&self.private_ip_address, self.association.as_ref())).chain(secondary)
        {
            let outside = association.and_then(|association| association.public_ip.0.as_deref());
            let Some((private, outside)) = private.0.as_deref().zip(outside) else { continue };
            let pair = words::address(private)
                .and_then(|private_ip| Ok(PublicAddress { public_ip: words::address(outside)?, private_ip }));
            if let Some(pair) = notes.need(pair)
                && !public.contains(&pair)
            {
                public.push(pair);
            }
        }
        public
    }
}

/// Some interfaces have no group, and then the list is there and empty. One that was queried away, or names
/// a group without its id, would deny everything that the group admits.
fn groups(refs: Option<Vec<GroupRef>>, notes: &mut Notes) -> Option<Vec<SecurityGroupId>> {
    let refs = notes.given("Groups", refs)?;
    let groups = refs.into_iter().map(|group| notes.vital("GroupId", group.group_id).map(SecurityGroupId));
    let mut groups: Vec<_> = groups.collect::<Option<_>>()?;
    // Which comes first means nothing.
    groups.sort();
    Some(groups)
}

fn addresses(texts: impl Iterator<Item = Text>, notes: &mut Notes) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    for text in texts.filter_map(|text| text.0) {
        if let Some(ip) = notes.need(words::address(&text))
            && !addresses.contains(&ip)
        {
            addresses.push(ip);
        }
    }
    addresses
}

impl Shelved for endpoint::NetworkInterface {
    fn key(&self) -> &str {
        self.id.as_str()
    }
}
