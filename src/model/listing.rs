//! A list of resources of one kind that answers by id without being searched.

use std::{
    collections::BTreeMap,
    fmt,
    net::IpAddr,
    ops::{Index, IndexMut},
    slice,
    sync::{Arc, OnceLock},
};

use ipnet::IpNet;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What can be asked for by name.
pub trait Indexed {
    /// The resource's own id, unique in its list.
    fn id(&self) -> &str;

    /// Ids of other resources under which this one is looked up: a route table's subnets, an endpoint's interfaces.
    /// Prefixes (`subnet-`, `eni-`) keep ids of different kinds apart.
    fn links(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }

    /// Addresses under which it is looked up.
    fn addresses(&self) -> &[IpAddr] {
        &[]
    }

    /// Addresses that stand for it elsewhere: its public ones.
    fn aliases(&self) -> impl Iterator<Item = IpAddr> {
        std::iter::empty()
    }

    /// Networks by whose addresses it is looked up.
    fn networks(&self) -> &[IpNet] {
        &[]
    }
}

/// The resources in the order in which they were given. An index is made when it is first needed. Copies share
/// every resource that neither of them changes, so that "what if" costs what is changed and not what there is.
pub struct Listing<T> {
    items: Arc<Vec<Arc<T>>>,
    index: Arc<OnceLock<Positions>>,
}

/// Positions of resources by what they are asked for.
#[derive(Default)]
struct Positions {
    ids: FxHashMap<String, usize>,
    links: FxHashMap<String, Vec<usize>>,
    addresses: FxHashMap<IpAddr, Vec<usize>>,
    aliases: FxHashMap<IpAddr, Vec<usize>>,
    /// By length of prefix.
    networks: BTreeMap<u8, FxHashMap<IpNet, Vec<usize>>>,
}

impl<T> Listing<T> {
    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub fn iter(&self) -> Iter<'_, T> {
        Iter(self.items.iter())
    }

    pub fn first(&self) -> Option<&T> {
        self.iter().next()
    }
}

impl<T: Indexed> Listing<T> {
    /// The resource with this id.
    pub fn get(&self, id: &str) -> Option<&Arc<T>> {
        self.items.get(*self.positions().ids.get(id)?)
    }

    /// The resources that name this one, in the list's order.
    pub fn linked(&self, id: &str) -> impl Iterator<Item = &Arc<T>> {
        self.positions().links.get(id).into_iter().flatten().map(|at| &self.items[*at])
    }

    /// The resources that hold this address, themselves or within a network of theirs, in the list's order.
    pub fn holding(&self, ip: IpAddr) -> impl Iterator<Item = &Arc<T>> {
        let positions = self.positions();
        let mut found = positions.addresses.get(&ip).cloned().unwrap_or_default();
        for (length, networks) in &positions.networks {
            let network = IpNet::new(ip, *length).map(|net| net.trunc());
            found.extend(network.ok().and_then(|network| networks.get(&network)).into_iter().flatten());
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|at| &self.items[at])
    }

    /// The resources that this address stands for, in the list's order.
    pub fn known_as(&self, ip: IpAddr) -> impl Iterator<Item = &Arc<T>> {
        self.positions().aliases.get(&ip).into_iter().flatten().map(|at| &self.items[*at])
    }

    fn positions(&self) -> &Positions {
        self.index.get_or_init(|| {
            let mut positions = Positions::default();
            positions.ids.reserve(self.items.len());
            for (at, item) in self.items.iter().enumerate() {
                positions.ids.entry(item.id().to_owned()).or_insert(at);
                for link in item.links() {
                    match positions.links.get_mut(link) {
                        Some(places) => places.push(at),
                        None => drop(positions.links.insert(link.to_owned(), vec![at])),
                    }
                }
                for ip in item.addresses() {
                    positions.addresses.entry(*ip).or_default().push(at);
                }
                for ip in item.aliases() {
                    positions.aliases.entry(ip).or_default().push(at);
                }
                for network in item.networks() {
                    let of_length = positions.networks.entry(network.prefix_len()).or_default();
                    of_length.entry(network.trunc()).or_default().push(at);
                }
            }
            positions
        })
    }
}

impl<T: Indexed + Clone> Listing<T> {
    /// Changes what one resource says, not by what it is found.
    pub fn edit(&mut self, id: &str, change: impl FnOnce(&mut T)) {
        let Some(at) = self.positions().ids.get(id).copied() else { return };
        change(Arc::make_mut(&mut Arc::make_mut(&mut self.items)[at]));
    }
}

/// Whoever changes the list itself loses the index: it is made again when needed.
impl<T: Clone> Listing<T> {
    pub fn push(&mut self, item: T) {
        self.items_mut().push(Arc::new(item));
    }

    pub fn pop(&mut self) -> Option<T> {
        self.items_mut().pop().map(Arc::unwrap_or_clone)
    }

    pub fn clear(&mut self) {
        self.items_mut().clear();
    }

    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.items_mut().retain(|item| keep(item));
    }

    pub fn reverse(&mut self) {
        self.items_mut().reverse();
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items_mut().iter_mut().map(Arc::make_mut)
    }

    fn items_mut(&mut self) -> &mut Vec<Arc<T>> {
        self.index = Arc::default();
        Arc::make_mut(&mut self.items)
    }
}

/// Over the resources of a [`Listing`].
pub struct Iter<'a, T>(slice::Iter<'a, Arc<T>>);

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        self.0.next().map(Arc::as_ref)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<'a, T> IntoIterator for &'a Listing<T> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> FromIterator<T> for Listing<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self { items: Arc::new(items.into_iter().map(Arc::new).collect()), index: Arc::default() }
    }
}

impl<T> From<Vec<T>> for Listing<T> {
    fn from(items: Vec<T>) -> Self {
        items.into_iter().collect()
    }
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T> Clone for Listing<T> {
    fn clone(&self) -> Self {
        Self { items: Arc::clone(&self.items), index: Arc::clone(&self.index) }
    }
}

impl<T: PartialEq> PartialEq for Listing<T> {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}

impl<T: Eq> Eq for Listing<T> {}

impl<T: fmt::Debug> fmt::Debug for Listing<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<T> Index<usize> for Listing<T> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        &self.items[at]
    }
}

impl<T: Clone> IndexMut<usize> for Listing<T> {
    fn index_mut(&mut self, at: usize) -> &mut T {
        Arc::make_mut(&mut self.items_mut()[at])
    }
}

impl<T: Serialize> Serialize for Listing<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.items.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Listing<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Thing {
        id: String,
        subnet: String,
        addresses: Vec<IpAddr>,
        networks: Vec<IpNet>,
    }

    impl Indexed for Thing {
        fn id(&self) -> &str {
            &self.id
        }

        fn links(&self) -> impl Iterator<Item = &str> {
            std::iter::once(self.subnet.as_str())
        }

        fn addresses(&self) -> &[IpAddr] {
            &self.addresses
        }

        fn networks(&self) -> &[IpNet] {
            &self.networks
        }
    }

    fn thing(id: &str, subnet: &str, address: &str, network: &str) -> Thing {
        Thing {
            id: id.to_owned(),
            subnet: subnet.to_owned(),
            addresses: vec![address.parse().unwrap()],
            networks: vec![network.parse().unwrap()],
        }
    }

    fn listing() -> Listing<Thing> {
        vec![
            thing("eni-1", "subnet-a", "10.0.0.1", "10.0.16.0/28"),
            thing("eni-2", "subnet-a", "10.0.0.2", "10.0.16.16/28"),
            thing("eni-3", "subnet-b", "10.0.0.1", "2001:db8::/80"),
        ]
        .into()
    }

    fn ids<'a>(found: impl Iterator<Item = &'a Arc<Thing>>) -> Vec<&'a str> {
        found.map(|thing| thing.id.as_str()).collect()
    }

    #[test]
    fn resources_are_found_by_what_they_are_asked_for() {
        let listing = listing();
        assert_eq!(listing.get("eni-2").unwrap().subnet, "subnet-a");
        assert!(listing.get("eni-9").is_none());
        assert_eq!(ids(listing.linked("subnet-a")), ["eni-1", "eni-2"]);
        assert_eq!(ids(listing.holding("10.0.0.1".parse().unwrap())), ["eni-1", "eni-3"]);
        assert_eq!(ids(listing.holding("10.0.16.17".parse().unwrap())), ["eni-2"]);
        assert_eq!(ids(listing.holding("2001:db8::7".parse().unwrap())), ["eni-3"]);
        assert!(ids(listing.holding("10.0.17.1".parse().unwrap())).is_empty());
    }

    #[test]
    fn a_copy_that_changes_leaves_the_original() {
        let original = listing();
        assert!(original.get("eni-1").is_some());
        let mut copy = original.clone();
        copy.edit("eni-1", |thing| thing.networks.clear());
        copy.retain(|thing| thing.id != "eni-2");
        copy.push(thing("eni-4", "subnet-a", "10.0.0.4", "10.0.16.32/28"));
        assert_eq!(ids(copy.linked("subnet-a")), ["eni-1", "eni-4"]);
        assert_eq!(original.get("eni-1").unwrap().networks.len(), 1);
        assert_eq!(ids(original.linked("subnet-a")), ["eni-1", "eni-2"]);
        assert_ne!(copy, original);
    }
}
