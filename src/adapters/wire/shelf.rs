//! One list of the inventory while it is being put together.

use std::collections::{BTreeMap, btree_map::Entry};

use crate::model::{
    known::{Known, Reason, Unknown},
    listing::Listing,
};

/// A record that has an id and may be met more than once.
pub(crate) trait Shelved: PartialEq + Sized {
    fn key(&self) -> &str;

    /// Takes in what another record with the same id says.
    fn join(&mut self, other: Self) -> Result<(), Contradiction> {
        if *self == other { Ok(()) } else { Err(Contradiction) }
    }

    /// Called once, when nothing more will come.
    fn settle(&mut self) {}
}

/// Two records with one id tell two stories.
pub(crate) struct Contradiction;

/// Records by id. A shelf nobody opened is a list nobody gave us.
pub(crate) struct Shelf<T> {
    pub(crate) action: &'static str,
    records: Option<BTreeMap<String, T>>,
    /// Why a part of the list is missing, which makes the whole of it unknown.
    hole: Option<Reason>,
}

impl<T: Shelved> Shelf<T> {
    pub(super) fn new(action: &'static str) -> Self {
        Self { action, records: None, hole: None }
    }

    /// The list was given, even if nothing is in it.
    pub(crate) fn open(&mut self) {
        self.records.get_or_insert_default();
    }

    /// The list, or a part of it, could not be had. The first reason stays.
    pub(crate) fn fail(&mut self, reason: Reason) {
        self.hole.get_or_insert(reason);
    }

    /// The list was given, and no part of it is missing.
    pub(crate) fn is_whole(&self) -> bool {
        self.records.is_some() && self.hole.is_none()
    }

    /// Puts a record where none with its id can be.
    pub(crate) fn add(&mut self, record: T) {
        self.records.get_or_insert_default().entry(record.key().to_owned()).or_insert(record);
    }

    pub(super) fn put(&mut self, record: T) -> Result<(), Contradiction> {
        match self.records.get_or_insert_default().entry(record.key().to_owned()) {
            Entry::Vacant(place) => {
                place.insert(record);
                Ok(())
            }
            Entry::Occupied(mut known) => known.get_mut().join(record),
        }
    }

    /// What is on the shelf so far, whole or not.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.records.iter().flat_map(BTreeMap::values)
    }

    /// Sorted by id, so that the order of files, pages and answers leaves no trace.
    pub(super) fn take(self, otherwise: &Reason) -> Known<Listing<T>> {
        let unknown = |reason| Known::Unknown(Unknown::new(self.action, reason));
        match (self.records, self.hole) {
            (_, Some(reason)) => unknown(reason),
            (None, None) => unknown(otherwise.clone()),
            (Some(records), None) => Known::Known(records.into_values().map(settled).collect()),
        }
    }
}

fn settled<T: Shelved>(mut record: T) -> T {
    record.settle();
    record
}

/// Records of one call that say all there is in one piece.
macro_rules! shelved {
    ($($record:path),+ $(,)?) => {$(
        impl Shelved for $record {
            fn key(&self) -> &str {
                $crate::model::listing::Indexed::id(self)
            }
        }
    )+};
}

shelved! {
    crate::model::gateway::InternetGateway,
    crate::model::gateway::NatGateway,
    crate::model::instance::Instance,
    crate::model::transit::TransitGateway,
    crate::model::transit::TransitGatewayAttachment,
    crate::model::transit::TransitGatewayRouteTable,
}
