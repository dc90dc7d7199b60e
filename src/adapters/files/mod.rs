//! A directory of AWS CLI output as an inventory.
//!
//! Every `*.json` below the directory is read, and what `aws ec2 describe-*` prints under the keys of
//! `documents` is merged. Keys that are in no file stay unknown: absent is not empty. A file that is
//! not JSON stops the reading, because half a directory would be taken for the whole; a single record
//! that cannot be understood does not: its list is unknown, and the record is named among the inventory's calls.

mod documents;
mod error;
mod walk;

use std::{path::Path, time::Duration};

use futures_util::future::{BoxFuture, FutureExt as _};

pub use self::error::FilesError;
use self::{documents::Reading, walk::json_files};
use crate::{
    model::inventory::{Inventory, InventorySource as Source},
    ports::{InventorySource, Scope},
};

/// Reads a directory of AWS CLI output.
pub fn load(directory: &Path) -> Result<Inventory, FilesError> {
    let mut reading = Reading::new();
    let files = json_files(directory)?;
    for file in &files {
        let text = walk::text(file)?;
        let name = file.strip_prefix(directory).unwrap_or(file).display().to_string();
        reading.file(&name, &text).map_err(|error| FilesError::not_json(file, &error))?;
    }
    let path = directory.display().to_string();
    reading.finish(Source::Directory { path }).ok_or_else(|| FilesError::NothingUsable {
        path: directory.to_owned(),
        files: files.len(),
        keys: documents::KEYS.join(", "),
    })
}

/// A directory read once, answering every question with all of it: files hold what they hold.
#[derive(Clone, Debug)]
pub struct FileInventory {
    inventory: Inventory,
}

impl FileInventory {
    pub fn load(directory: &Path) -> Result<Self, FilesError> {
        Ok(Self { inventory: load(directory)? })
    }
}

impl InventorySource for FileInventory {
    fn fetch<'a>(&'a self, _scope: &'a Scope, _deadline: Duration) -> BoxFuture<'a, Inventory> {
        async { self.inventory.clone() }.boxed()
    }
}
