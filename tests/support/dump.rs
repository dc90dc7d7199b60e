//! A directory of AWS CLI output, written for one test.

use std::fs;

use tempfile::TempDir;
use vpce_doctor::{
    adapters::files::load,
    model::{
        inventory::Inventory,
        known::{Known, Reason},
    },
};

pub(crate) fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

pub(crate) fn read(files: &[(&str, &str)]) -> Inventory {
    load(directory(files).path()).unwrap()
}

pub(crate) fn failures(inventory: &Inventory) -> Vec<String> {
    let describe = |reason: &Reason| reason.describe();
    inventory.calls.iter().map(|call| call.failure.as_ref().map(describe).unwrap()).collect()
}

pub(crate) fn missing<T>(known: &Known<T>) -> (&str, &Reason) {
    match known {
        Known::Unknown(why) => (&why.missing, &why.reason),
        Known::Known(_) => panic!("known after all"),
    }
}
