//! Everything a diagnosis may rest on, as one value. `--record` writes it, `--replay` reads it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    host::{Host, Vantage},
    inventory::Inventory,
    name::Resolution,
    observation::AddressProbe,
    target::Target,
    time::{Seconds, Timestamp},
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// [`Facts::SCHEMA`]
    pub schema: String,
    /// When collection ended; rules ask this instead of a clock.
    pub now: Timestamp,
    /// From first question to last answer.
    pub elapsed: Seconds,
    pub host: Host,
    pub vantage: Vantage,
    /// Shared: a daemon judges many targets by one inventory.
    pub inventory: Arc<Inventory>,
    pub targets: Vec<TargetFacts>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetFacts {
    pub target: Target,
    pub resolution: Resolution,
    /// A row for every address: those an application would use first, in its order.
    pub addresses: Vec<AddressProbe>,
}

impl Facts {
    pub const SCHEMA: &str = "vpce-doctor/facts/v1";
}

impl TargetFacts {
    /// The rows an application on this host would use.
    pub fn used(&self) -> impl Iterator<Item = &AddressProbe> {
        self.addresses.iter().filter(|row| row.used)
    }

    /// How many of the system's addresses have no row: of hundreds only some are tried.
    pub fn untried(&self) -> usize {
        let all = self.resolution.system.addresses().iter();
        all.filter(|ip| self.addresses.iter().all(|row| row.ip != **ip)).count()
    }
}
