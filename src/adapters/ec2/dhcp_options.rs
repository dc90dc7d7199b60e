//! `DescribeDhcpOptions`

use aws_sdk_ec2::types as sdk;

use super::{
    super::wire,
    round::{Round, filter, pages},
};
use crate::model::{inventory::actions, known::Reason};

/// The options of the VPCs found so far; all options, when the VPCs themselves could not be had.
pub(super) async fn describe(round: &Round<'_>, vpcs_known: bool) -> Result<(), Reason> {
    let mut ids: Vec<String> = round
        .draft()
        .vpcs
        .iter()
        .filter_map(|vpc| vpc.dhcp_options.as_ref())
        .map(|id| id.0.clone())
        .collect();
    ids.sort();
    ids.dedup();
    if vpcs_known && ids.is_empty() {
        round.draft().dhcp_options.open();
        return Ok(());
    }
    let filters = (!ids.is_empty()).then(|| filter("dhcp-options-id", ids));
    let ask = round.client.describe_dhcp_options().max_results(1000).set_filters(filters);
    let answer = pages!(round, actions::DHCP_OPTIONS, round.until(1.0), dhcp_options, ask).await;
    round.shelve::<wire::DhcpOptions>(actions::DHCP_OPTIONS, answer)
}

impl From<sdk::DhcpOptions> for wire::DhcpOptions {
    fn from(options: sdk::DhcpOptions) -> Self {
        let configurations = options.dhcp_configurations.into_iter().flatten();
        let configurations = configurations.map(|it| wire::DhcpConfiguration {
            key: it.key.into(),
            values: Some(it.values.into_iter().flatten().map(Into::into).collect()),
        });
        Self {
            dhcp_options_id: options.dhcp_options_id.into(),
            dhcp_configurations: Some(configurations.collect()),
        }
    }
}

impl From<sdk::AttributeValue> for wire::AttributeValue {
    fn from(value: sdk::AttributeValue) -> Self {
        Self { value: value.value.into() }
    }
}
