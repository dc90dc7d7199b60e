//! `DescribeDhcpOptions`

use serde::Deserialize;

use super::{Draft, Notes, Record, Shelf, Text, shelf::Shelved};
use crate::model::{id::DhcpOptionsId, inventory};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct DhcpOptions {
    pub(crate) dhcp_options_id: Text,
    pub(crate) dhcp_configurations: Option<Vec<DhcpConfiguration>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct DhcpConfiguration {
    pub(crate) key: Text,
    pub(crate) values: Option<Vec<AttributeValue>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct AttributeValue {
    pub(crate) value: Text,
}

impl Record for DhcpOptions {
    type Model = inventory::DhcpOptions;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.dhcp_options
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let id = DhcpOptionsId(notes.vital("DhcpOptionsId", self.dhcp_options_id)?);
        let domain_name_servers = self
            .dhcp_configurations
            .unwrap_or_default()
            .into_iter()
            .filter(|configuration| configuration.key.0.as_deref() == Some("domain-name-servers"))
            .flat_map(|configuration| configuration.values.unwrap_or_default())
            .filter_map(|value| value.value.0)
            .collect();
        Some(Self::Model { id, domain_name_servers })
    }
}

impl Shelved for inventory::DhcpOptions {
    fn key(&self) -> &str {
        self.id.as_str()
    }
}
