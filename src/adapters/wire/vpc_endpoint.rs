//! `DescribeVpcEndpoints`

use serde::Deserialize;

use super::{Draft, Flag, Notes, Record, Shelf, Text, shelf::Shelved, words};
use crate::model::{
    endpoint::{self, EndpointKind, EndpointState},
    id::{EndpointId, NetworkInterfaceId, SecurityGroupId, SubnetId, VpcId},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct VpcEndpoint {
    pub(crate) vpc_endpoint_id: Text,
    pub(crate) vpc_endpoint_type: Text,
    pub(crate) vpc_id: Text,
    pub(crate) service_name: Text,
    /// In place of a service name, on endpoints of type `Resource`.
    pub(crate) resource_configuration_arn: Text,
    /// In place of a service name, on endpoints of type `ServiceNetwork`.
    pub(crate) service_network_arn: Text,
    pub(crate) state: Text,
    pub(crate) subnet_ids: Option<Vec<Text>>,
    pub(crate) network_interface_ids: Option<Vec<Text>>,
    pub(crate) groups: Option<Vec<GroupRef>>,
    pub(crate) private_dns_enabled: Flag,
    pub(crate) dns_entries: Option<Vec<DnsEntry>>,
    pub(crate) creation_timestamp: Text,
    pub(crate) last_error: Option<LastError>,
    pub(crate) failure_reason: Text,
    pub(crate) owner_id: Text,
    pub(crate) service_region: Text,
    pub(crate) dns_options: Option<DnsOptions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct GroupRef {
    pub(crate) group_id: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct DnsEntry {
    pub(crate) dns_name: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct DnsOptions {
    pub(crate) private_dns_only_for_inbound_resolver_endpoint: Flag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct LastError {
    pub(crate) code: Text,
    pub(crate) message: Text,
}

impl Record for VpcEndpoint {
    type Model = endpoint::VpcEndpoint;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.vpc_endpoints
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let id = EndpointId(notes.vital("VpcEndpointId", self.vpc_endpoint_id)?);
        let network_interfaces = interfaces(self.network_interface_ids);
        // Endpoints were all gateways when the field did not exist, and gateways have no interfaces.
        let kind = match self.vpc_endpoint_type.0 {
            Some(word) => EndpointKind::parse(&word),
            None if network_interfaces.is_empty() => EndpointKind::Gateway,
            None => EndpointKind::Interface,
        };
        if kind == EndpointKind::Interface && self.private_dns_enabled.0.is_none() {
            notes.say(format_args!("{id} has no PrivateDnsEnabled, taken as switched off"));
        }
        if self.state.0.is_none() {
            notes.say(format_args!("{id} has no State"));
        }
        let service =
            self.service_name.0.or(self.resource_configuration_arn.0).or(self.service_network_arn.0);
        Some(Self::Model {
            id,
            vpc: VpcId(notes.vital("VpcId", self.vpc_id)?),
            service: service.unwrap_or_default(),
            kind,
            state: EndpointState::parse(&self.state.or_empty()),
            subnets: self.subnet_ids.into_iter().flatten().filter_map(|id| id.map(SubnetId)).collect(),
            network_interfaces,
            groups: self
                .groups
                .into_iter()
                .flatten()
                .filter_map(|g| g.group_id.map(SecurityGroupId))
                .collect(),
            private_dns_enabled: self.private_dns_enabled.0 == Some(true),
            dns_names: self.dns_entries.into_iter().flatten().filter_map(|entry| entry.dns_name.0).collect(),
            created: self.creation_timestamp.0.and_then(|text| notes.keep(words::time(&text))),
            last_error: trouble(self.last_error, self.failure_reason),
            owner: self.owner_id.0,
            service_region: self.service_region.0,
            inbound_resolver_only: self.dns_options.is_some_and(|options| {
                options.private_dns_only_for_inbound_resolver_endpoint.0 == Some(true)
            }),
        })
    }
}

fn interfaces(ids: Option<Vec<Text>>) -> Vec<NetworkInterfaceId> {
    ids.into_iter().flatten().filter_map(|id| id.map(NetworkInterfaceId)).collect()
}

fn trouble(last: Option<LastError>, failure: Text) -> Option<String> {
    let LastError { code, message } = last.unwrap_or_default();
    let last = match (code.0, message.0) {
        (Some(code), Some(message)) => Some(format!("{code}: {message}")),
        (code, message) => code.or(message),
    };
    let said: Vec<String> = [last, failure.0].into_iter().flatten().filter(|text| !text.is_empty()).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

impl Shelved for endpoint::VpcEndpoint {
    fn key(&self) -> &str {
        self.id.as_str()
    }
}
