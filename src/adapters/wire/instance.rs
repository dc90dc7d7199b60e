//! `DescribeInstances`

use serde::Deserialize;

use super::{Draft, Notes, Record, Shelf, Text};
use crate::model::{id::InstanceId, instance};

/// Instances come in the reservations by which they were launched.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Reservation {
    pub(crate) instances: Vec<Instance>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Instance {
    pub(crate) instance_id: Text,
    pub(crate) state: Option<InstanceState>,
    /// `windows`, or nothing.
    pub(crate) platform: Text,
    /// `Linux/UNIX`, `Windows with SQL Server Standard`, …: younger than `Platform`.
    pub(crate) platform_details: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct InstanceState {
    pub(crate) name: Text,
}

impl Record for Instance {
    type Model = instance::Instance;

    fn shelf(draft: &mut Draft) -> &mut Shelf<Self::Model> {
        &mut draft.instances
    }

    fn read(self, notes: &mut Notes) -> Option<Self::Model> {
        let is_windows = self.is_windows();
        Some(Self::Model {
            id: InstanceId(notes.vital("InstanceId", self.instance_id)?),
            state: notes.vital("State", self.state.unwrap_or_default().name)?,
            is_windows,
        })
    }
}

impl Instance {
    fn is_windows(&self) -> bool {
        let platform = self.platform.0.as_deref().unwrap_or_default();
        let details = self.platform_details.0.as_deref().unwrap_or_default();
        platform.eq_ignore_ascii_case("windows") || details.starts_with("Windows")
    }
}
