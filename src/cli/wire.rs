//! The only place of the commands that names adapters: it plugs them into the runtime's ports.

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use crate::{
    adapters::{
        clock::SystemClock,
        dns::SystemResolver,
        ec2::{ConnectOptions, Ec2Source, Identity, Wish},
        files::FileInventory,
        no_inventory::NoInventory,
        prober::NetworkProber,
    },
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
        resolver: Arc::new(SystemResolver::new()),
        host: Arc::new(Tmp),
        clock,
    };
    let limits = Limits { inventory: args.api_timeout, concurrency: plan.concurrency, ..Limits::default() };
    Ok(Wired { world, limits })
}

struct Tmp;
impl crate::ports::HostReader for Tmp {
    fn read(&self, _: std::time::Duration) -> futures_util::future::BoxFuture<'_, crate::model::host::Host> {
        use crate::model::known::Known;
        Box::pin(std::future::ready(crate::model::host::Host {
            region: None,
            ephemeral_ports: Known::not_asked("tmp"),
            name_servers: Known::not_asked("tmp"),
            metadata: Known::not_asked("tmp"),
        }))
    }
}

fn inventory(plan: &Plan, args: &InventoryArgs) -> Result<Arc<dyn InventorySource>, CliError> {
    let wish = match args.inventory.as_ref().unwrap_or(&plan.inventory) {
        InventoryChoice::None => return Ok(Arc::new(NoInventory)),
        InventoryChoice::Directory(path) => return Ok(Arc::new(FileInventory::load(path)?)),
        InventoryChoice::Auto => Wish::IfCredentials,
        InventoryChoice::Ec2 => Wish::Required,
    };
    let options = ConnectOptions {
        region: args.region.clone().or_else(|| plan.aws.region.clone()),
        assume_role: plan.aws.assume_role.clone(),
        // Whether the metadata service answers is learnt at the first question.
        identity: Identity::Chain { imds: false },
        ..ConnectOptions::default()
    };
    Ok(Arc::new(Ec2Source::new(options, wish)))
}

/// One thread serves every socket; the C library's resolver gets threads of its own, few and short-lived.
pub(super) fn runtime() -> Result<Runtime, CliError> {
    Ok(Builder::new_current_thread().enable_all().max_blocking_threads(16).build()?)
}
