//! EC2 instances, as far as they bear on a path.

use serde::{Deserialize, Serialize};

use super::{id::InstanceId, listing::Indexed};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    pub id: InstanceId,
    /// `running`, `stopped`, …, in wire form.
    pub state: String,
    /// `Platform`: Windows draws its client ports from a range of its own.
    pub is_windows: bool,
}

impl Instance {
    pub fn is_running(&self) -> bool {
        self.state.eq_ignore_ascii_case("running")
    }
}

impl Indexed for Instance {
    fn id(&self) -> &str {
        self.id.as_str()
    }
}
