//! `DescribeVpcEndpointServices`

use serde::Deserialize;

use super::{Draft, Flag, Notes, Record, Shelf, Text, shelf::Shelved};
use crate::model::endpoint;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct EndpointService {
    pub(crate) service_name: Text,
    pub(crate) private_dns_name: Text,
    pub(crate) private_dns_names: Option<Vec<ServicePrivateDnsName>>,
    pub(crate) private_dns_name_verification_state: Text,
    pub(crate) acceptance_required: Flag,
    pub(crate) availability_zones: Option<Vec<Text>>,
    pub(crate) availability_zone_ids: Option<Vec<Text>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct ServicePrivateDnsName {
    pub(crate) private_dns_name: Text,
}

impl Record for EndpointService {
    type Model = endpoint::EndpointService;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.endpoint_services
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let name = notes.vital("ServiceName", self.service_name)?;
        let listed = self.private_dns_names.unwrap_or_default().into_iter().map(|name| name.private_dns_name);
        let mut private_dns_names: Vec<String> = Vec::new();
        for name in std::iter::once(self.private_dns_name).chain(listed).filter_map(|name| name.0) {
            if !private_dns_names.contains(&name) {
                private_dns_names.push(name);
            }
        }
        let zones = [self.availability_zones, self.availability_zone_ids];
        Some(Self::Model {
            name,
            private_dns_names,
            private_dns_verification: self.private_dns_name_verification_state.0,
            acceptance_required: self.acceptance_required.0,
            availability_zones: zones.into_iter().flatten().flatten().filter_map(|zone| zone.0).collect(),
        })
    }
}

impl Shelved for endpoint::EndpointService {
    fn key(&self) -> &str {
        &self.name
    }
}
