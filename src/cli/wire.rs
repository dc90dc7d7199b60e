//! The only place of the commands that names adapters: it plugs them into the runtime's ports.

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use crate::{
    adapters::{
        clock::SystemClock,
        dns::SystemResolver,
        ec2::{ConnectOptions, Ec2Source, Identity, Wish},
        files::FileInventory,
        host::LocalHost,
        imds::ImdsOptions,
        no_inventory::NoInventory,
        prober::NetworkProber,
        systemd::Systemd,
    },
    config::{InventoryChoice, Plan},
    ports::{Clock, InventorySource, Prober, ServiceManager},
    runtime::collect::{Limits, World},
};

use super::{args::InventoryArgs, error::CliError};

pub(super) struct Wired {
    pub(super) world: World,
    pub(super) limits: Limits,
}

pub(super) fn world(plan: &Plan, args: &InventoryArgs) -> Result<Wired, CliError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let prober = NetworkProber::new(Arc::clone(&clock));
    for target in &plan.targets {
        prober.check(target)?;
    }
    let world = World {
        inventory: inventory(plan, args)?,
        prober: Arc::new(prober),
        resolver: Arc::new(SystemResolver::new()),
        host: Arc::new(LocalHost::new(region(plan, args), imds_options())),
        clock,
    };
    let limits = Limits { inventory: args.api_timeout, concurrency: plan.concurrency, ..Limits::default() };
    Ok(Wired { world, limits })
}

fn inventory(plan: &Plan, args: &InventoryArgs) -> Result<Arc<dyn InventorySource>, CliError> {
    let wish = match args.inventory.as_ref().unwrap_or(&plan.inventory) {
        InventoryChoice::None => return Ok(Arc::new(NoInventory)),
        InventoryChoice::Directory(path) => return Ok(Arc::new(FileInventory::load(path)?)),
        InventoryChoice::Auto => Wish::IfCredentials,
        InventoryChoice::Ec2 => Wish::Required,
    };
    let options = ConnectOptions {
        region: region(plan, args),
        assume_role: plan.aws.assume_role.clone(),
        // Whether the metadata service answers is learnt at the first question.
        identity: Identity::Chain { imds: false },
        ..ConnectOptions::default()
    };
    Ok(Arc::new(Ec2Source::new(options, wish)))
}

/// The configuration alone, for a question about nothing else.
pub(super) fn path_inventory(args: &InventoryArgs) -> Result<Arc<dyn InventorySource>, CliError> {
    let wish = match &args.inventory {
        Some(InventoryChoice::None) => return Err(CliError::NoInventory),
        Some(InventoryChoice::Directory(path)) => return Ok(Arc::new(FileInventory::load(path)?)),
        Some(InventoryChoice::Auto | InventoryChoice::Ec2) | None => Wish::Required,
    };
    let options = ConnectOptions {
        region: args.region.clone(),
        identity: Identity::Chain { imds: true },
        ..ConnectOptions::default()
    };
    Ok(Arc::new(Ec2Source::new(options, wish)))
}

fn region(plan: &Plan, args: &InventoryArgs) -> Option<String> {
    args.region.clone().or_else(|| plan.aws.region.clone())
}

/// The settings that every AWS SDK reads.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html>
#[expect(clippy::disallowed_methods, reason = "the environment is read here and passed on as a value")]
fn imds_options() -> ImdsOptions {
    ImdsOptions {
        endpoint: std::env::var("AWS_EC2_METADATA_SERVICE_ENDPOINT").ok(),
        disabled: std::env::var("AWS_EC2_METADATA_DISABLED")
            .is_ok_and(|value| value.eq_ignore_ascii_case("true")),
    }
}

/// For a command that needs nothing else of the world.
pub(super) fn prober() -> impl Prober {
    NetworkProber::new(Arc::new(SystemClock))
}

pub(super) fn service_manager() -> impl ServiceManager {
    Systemd
}

/// One thread serves every socket; the C library's resolver gets threads of its own, few and short-lived.
pub(super) fn runtime() -> Result<Runtime, CliError> {
    Ok(Builder::new_current_thread().enable_all().max_blocking_threads(16).build()?)
}
