//! The only place that names adapters: it plugs them into the runtime's ports.

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use crate::{
    adapters::{clock::SystemClock, files::FileInventory, no_inventory::NoInventory, prober::NetworkProber},
    config::{InventoryChoice, Plan},
    ports::{Clock, InventorySource},
    runtime::collect::{Limits, World},
};

use super::{args::InventoryArgs, error::CliError};

pub(super) struct Wired {
    pub(super) world: World,
    pub(super) limits: Limits,
}

pub(super) fn world(plan: &Plan, args: &InventoryArgs) -> Result<Wired, CliError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let world = World {
        inventory: inventory(plan, args)?,
        prober: Arc::new(NetworkProber::new(Arc::clone(&clock))),
        resolver: todo!(),
        host: todo!(),
        clock,
    };
    let limits = Limits { inventory: args.api_timeout, concurrency: plan.concurrency, ..Limits::default() };
    Ok(Wired { world, limits })
}

fn inventory(plan: &Plan, args: &InventoryArgs) -> Result<Arc<dyn InventorySource>, CliError> {
    Ok(match args.inventory.as_ref().unwrap_or(&plan.inventory) {
        InventoryChoice::None => Arc::new(NoInventory),
        InventoryChoice::Directory(path) => Arc::new(FileInventory::load(path)?),
        InventoryChoice::Auto | InventoryChoice::Ec2 => todo!(),
    })
}

/// One thread serves every socket; the C library's resolver gets threads of its own, few and short-lived.
pub(super) fn runtime() -> Result<Runtime, CliError> {
    Ok(Builder::new_current_thread().enable_all().max_blocking_threads(16).build()?)
}
