//! One list of the inventory while it is being put together.

use std::collections::{BTreeMap, btree_map::Entry};

use crate::model::{
    known::{Known, Reason, Unknown},
    listing::Listing,
};

/// A record that has an id and may be met more than once.
pub(crate) trait Shelved: PartialEq + Sized {
    fn key(&self) -> &str;

    /// Which of those that share the id: both ends of a peering attachment have one.
    fn side(&self) -> Option<&str> {
        None
    }

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
    /// By id and side.
    records: Option<BTreeMap<Place, T>>,
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
        self.records.get_or_insert_default().entry(place(&record)).or_insert(record);
    }

    pub(super) fn put(&mut self, record: T) -> Result<(), Contradiction> {
        match self.records.get_or_insert_default().entry(place(&record)) {
            Entry::Vacant(free) => {
                free.insert(record);
                Ok(())
            }
            Entry::Occupied(mut known) => known.get_mut().join(record),
        }
    }

    /// What is on the shelf so far, whole or not.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.records.iter().flat_map(BTreeMap::values)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.records.iter_mut().flat_map(BTreeMap::values_mut)
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

type Place = (String, Option<String>);

fn place<T: Shelved>(record: &T) -> Place {
    (record.key().to_owned(), record.side().map(str::to_owned))
}

fn settled<T: Shelved>(mut record: T) -> T {
    record.settle();
    record
}

/// A list that comes on several pages and from several calls: all that they add, or why a part is missing.
pub(super) fn extend<T: PartialEq>(list: &mut Known<Vec<T>>, more: Known<Vec<T>>) {
    match (list, more) {
        (Known::Known(items), Known::Known(more)) => {
            for item in more {
                if !items.contains(&item) {
                    items.push(item);
                }
            }
        }
        (_, more) if is_absent(&more) => {}
        (list @ Known::Unknown(_), more) if is_absent(list) => *list = more,
        (Known::Unknown(_), _) => {}
        (list @ Known::Known(_), why @ Known::Unknown(_)) => *list = why,
    }
}

/// A fact that either of two calls tells.
pub(super) fn agree<T: PartialEq>(fact: &mut Known<T>, told: Known<T>) -> Result<(), Contradiction> {
    match (&*fact, &told) {
        (Known::Known(one), Known::Known(other)) if one != other => return Err(Contradiction),
        (Known::Known(_), _) => {}
        (Known::Unknown(_), _) if is_absent(&told) => {}
        (Known::Unknown(_), _) => *fact = told,
    }
    Ok(())
}

/// The same for a text that is empty where it was not told.
pub(super) fn fill(text: &mut String, told: String) -> Result<(), Contradiction> {
    if text.is_empty() {
        *text = told;
        return Ok(());
    }
    if told.is_empty() || *text == told { Ok(()) } else { Err(Contradiction) }
}

fn is_absent<T>(known: &Known<T>) -> bool {
    matches!(known, Known::Unknown(why) if why.reason == Reason::Absent)
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
    crate::model::gateway::AttachedGateway,
    crate::model::gateway::NatGateway,
    crate::model::instance::Instance,
    crate::model::transit::TransitGateway,
}
