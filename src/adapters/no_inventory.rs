//! The inventory of a run that wants none.

use std::time::Duration;

use futures_util::future::{self, BoxFuture};

use crate::{
    model::inventory::Inventory,
    ports::{InventorySource, Scope},
};

pub struct NoInventory;

impl InventorySource for NoInventory {
    fn fetch<'a>(&'a self, _: &'a Scope, _: Duration) -> BoxFuture<'a, Inventory> {
        Box::pin(future::ready(Inventory::none("--inventory none")))
    }
}
