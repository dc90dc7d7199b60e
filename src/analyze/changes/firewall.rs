//! Groups and ACLs at both ends: which they are, and what is in them.

use crate::{
    analyze::{network_acl, security_group},
    model::{
        difference::{Difference, DifferenceKind},
        firewall::{Direction, NetworkAclEntry, Peer, SecurityGroup, SecurityGroupRule},
        id::{NetworkAclId, NetworkInterfaceId, PrefixListId, SecurityGroupId, SubnetId, VpcId},
        known::Known,
        net,
        resource::{ResourceKind, ResourceRef},
    },
};

use super::{Both, apart, list, part, side::Side, turn};

pub(super) fn at_source(both: &Both<'_>) -> Vec<Difference> {
    let mut all = worn_here(both).into_iter().collect::<Vec<_>>();
    all.extend(rules(both, Side::source_groups, Direction::Egress));
    all.extend(acls(both, Side::source_subnets));
    all
}

pub(super) fn at_endpoint(both: &Both<'_>) -> Vec<Difference> {
    let mut all = acls(both, Side::endpoint_subnets);
    all.extend(worn_there(both));
    all.extend(rules(both, Side::endpoint_groups, Direction::Ingress));
    all
}

fn worn_here(both: &Both<'_>) -> Option<Difference> {
    let (then, now) = (both.then.source.as_ref()?, both.now.source.as_ref()?);
    let (before, after) = (then.groups.known()?, now.groups.known()?);
    let who = match now.eni.known() {
        Some(eni) => format!("{eni} (this host)"),
        None => "this host".to_owned(),
    };
    worn(&who, now.eni.known().into_iter().chain(then.eni.known()), before, after)
}

/// Interface by interface where they are the same ones; otherwise all of them together.
fn worn_there(both: &Both<'_>) -> Vec<Difference> {
    let (then, now) = (both.then.interfaces(), both.now.interfaces());
    let common = then.iter().filter_map(|old| Some((*old, *now.iter().find(|new| new.id == old.id)?)));
    let common: Vec<_> = common.collect();
    if common.is_empty() {
        let (before, after) = (both.then.endpoint_groups(), both.now.endpoint_groups());
        let known = !then.is_empty() && !now.is_empty();
        let ids = now.iter().chain(&then).map(|eni| &eni.id);
        let told =
            known.then(|| worn("the interfaces that the name leads to", ids, &before, &after)).flatten();
        return told.into_iter().collect();
    }
    // Interfaces that turned alike are told together.
    let mut turns: Vec<(Vec<&NetworkInterfaceId>, &[SecurityGroupId], &[SecurityGroupId])> = Vec::new();
    for (old, new) in common {
        match turns.iter_mut().find(|(_, before, after)| *before == old.groups && *after == new.groups) {
            Some((ids, ..)) => ids.push(&new.id),
            None => turns.push((vec![&new.id], &old.groups, &new.groups)),
        }
    }
    turns
        .iter()
        .filter_map(|(ids, before, after)| worn(&list(ids), ids.iter().copied(), before, after))
        .collect()
}

fn worn<'i>(
    who: &str,
    interfaces: impl IntoIterator<Item = &'i NetworkInterfaceId>,
    before: &[SecurityGroupId],
    after: &[SecurityGroupId],
) -> Option<Difference> {
    let (lost, gained) = apart(before, after);
    if lost.is_empty() && gained.is_empty() {
        return None;
    }
    let fact = format!("groups of {who}: {}", turn(&lost, &gained));
    let told = Difference::new(DifferenceKind::InterfaceGroups, fact).from(list(before)).to(list(after));
    let mut interfaces = interfaces.into_iter();
    let reference = interfaces.next().map(|eni| ResourceRef::new(ResourceKind::NetworkInterface, eni));
    let told = told.about(lost.iter().chain(&gained)).about(interfaces);
    Some(Difference { reference, ..told })
}

/// The rules of the groups that one of both sides has at this end, in the direction that decides there.
fn rules<'a>(
    both: &Both<'a>,
    groups: impl Fn(&Side<'a>) -> Vec<SecurityGroupId>,
    direction: Direction,
) -> Vec<Difference> {
    let port = both.now.target.target.port;
    let mut all = Vec::new();
    for id in both.either(groups) {
        let group = |side: &Side<'_>| side.inventory().security_group(&id).cloned();
        if let (Some(then), Some(now)) = (group(&both.then), group(&both.now)) {
            let mut shifts = shifts(&then, &now, direction);
            // What could let this target's packets through comes first.
            shifts.sort_by_key(|shift| !shift.covers(port));
            all.extend(shifts.iter().map(|shift| shift.told(&id, direction)));
        }
    }
    all
}

/// A rule before and after; one of them may be missing.
struct Shift<'r> {
    before: Option<&'r SecurityGroupRule>,
    after: Option<&'r SecurityGroupRule>,
}

fn shifts<'r>(then: &'r SecurityGroup, now: &'r SecurityGroup, direction: Direction) -> Vec<Shift<'r>> {
    let of = |group: &'r SecurityGroup| group.rules.iter().filter(move |rule| rule.direction == direction);
    let mut gained: Vec<&SecurityGroupRule> = of(now).collect();
    let mut lost = Vec::new();
    // A rule that was deleted and made again lets through what it let through: its id does not matter.
    for rule in of(then) {
        match gained.iter().position(|new| same(rule, new)) {
            Some(at) => drop(gained.remove(at)),
            None => lost.push(rule),
        }
    }
    let mut shifts = Vec::new();
    for rule in lost {
        let successor = gained.iter().position(|new| succeeds(rule, new)).map(|at| gained.remove(at));
        shifts.push(Shift { before: Some(rule), after: successor });
    }
    shifts.extend(gained.into_iter().map(|rule| Shift { before: None, after: Some(rule) }));
    shifts
}

/// Admits the same. The state of a peering connection is often not told, and then it has not changed.
fn same(then: &SecurityGroupRule, now: &SecurityGroupRule) -> bool {
    let status = |rule: &SecurityGroupRule| match &rule.peer {
        Peer::Group { peering_status, .. } => peering_status.clone(),
        _ => None,
    };
    let (before, after) = (status(then), status(now));
    alike(then, now) && (before == after || before.is_none() || after.is_none())
}

/// Equal in words.
fn alike(then: &SecurityGroupRule, now: &SecurityGroupRule) -> bool {
    security_group::describe(then) == security_group::describe(now)
}

fn succeeds(then: &SecurityGroupRule, now: &SecurityGroupRule) -> bool {
    (then.id.is_some() && then.id == now.id) || alike(then, now)
}

impl Shift<'_> {
    fn covers(&self, port: u16) -> bool {
        let covers = |rule: &SecurityGroupRule| {
            rule.protocol == net::ProtocolMatch::All
                || (rule.protocol.covers(net::TCP) && rule.ports.contains(port))
        };
        self.before.into_iter().chain(self.after).any(covers)
    }

    fn told(&self, group: &SecurityGroupId, direction: Direction) -> Difference {
        let id = self.after.or(self.before).and_then(|rule| rule.id.as_ref());
        let reference = ResourceRef::new(ResourceKind::SecurityGroup, group);
        let reference = match id {
            Some(id) => reference.at(id),
            None => reference,
        };
        let place = format!("{group} {}", direction.as_str());
        part(
            DifferenceKind::SecurityGroupRule,
            &place,
            reference,
            self.before.map(describe),
            self.after.map(describe),
        )
    }
}

fn describe(rule: &SecurityGroupRule) -> String {
    let text = security_group::describe(rule);
    match &rule.peer {
        Peer::Group { peering_status: Some(status), .. } if !status.eq_ignore_ascii_case("active") => {
            format!("{text} (peering {status})")
        }
        _ => text,
    }
}

fn acls<'a>(both: &Both<'a>, subnets: impl Fn(&Side<'a>) -> Vec<(SubnetId, VpcId)>) -> Vec<Difference> {
    let mut all = Vec::new();
    let mut compared: Vec<NetworkAclId> = Vec::new();
    for (subnet, _) in both.either(subnets) {
        let (then, now) = (
            network_acl::of_subnet(both.then.inventory(), &subnet),
            network_acl::of_subnet(both.now.inventory(), &subnet),
        );
        let (Known::Known(then), Known::Known(now)) = (then, now) else { continue };
        if then.id != now.id {
            let fact = format!("{subnet} has network ACL {}, no longer {}", now.id, then.id);
            let told = Difference::new(DifferenceKind::NetworkAcl, fact)
                .at(ResourceRef::new(ResourceKind::Subnet, &subnet))
                .about([&then.id, &now.id]);
            all.push(told.from(then.id.as_str()).to(now.id.as_str()));
        }
        for id in [&then.id, &now.id] {
            if !compared.contains(id) {
                compared.push(id.clone());
                all.extend(entries(both, id));
            }
        }
    }
    all
}

fn entries(both: &Both<'_>, id: &NetworkAclId) -> Vec<Difference> {
    let of = |side: &Side<'_>| {
        let acl = side.inventory().network_acl(id)?;
        // The last entry is always there.
        Some(acl.entries.iter().filter(|entry| entry.number < network_acl::LAST_ENTRY).cloned().collect())
    };
    let (Some(then), Some(now)): (Option<Vec<NetworkAclEntry>>, Option<Vec<_>>) =
        (of(&both.then), of(&both.now))
    else {
        return Vec::new();
    };
    let place = |entry: &NetworkAclEntry| (entry.direction, entry.number);
    let (lost, gained) = apart(&then, &now);
    let mut places: Vec<_> = lost.iter().chain(&gained).map(place).collect();
    places.sort_unstable();
    places.dedup();
    let told = |(direction, number): (Direction, u32)| {
        let find = |entries: &[NetworkAclEntry]| {
            entries.iter().find(|entry| place(entry) == (direction, number)).map(describe_entry)
        };
        let reference = ResourceRef::new(ResourceKind::NetworkAcl, id).at(number);
        let where_ = format!("{id} {}", direction.as_str());
        part(DifferenceKind::NetworkAclEntry, &where_, reference, find(&lost), find(&gained))
    };
    places.into_iter().map(told).collect()
}

/// `rule 100 (allows tcp/443 from 10.0.0.0/16)`
fn describe_entry(entry: &NetworkAclEntry) -> String {
    let head = format!("rule {}", entry.number);
    let text = network_acl::describe(entry);
    format!("{head} ({})", text.strip_prefix(&head).unwrap_or(&text).trim_start())
}

/// Lists that rules at either end name.
pub(super) fn prefix_lists(both: &Both<'_>) -> Vec<Difference> {
    let named = |side: &Side<'_>| {
        let groups = side.source_groups().into_iter().chain(side.endpoint_groups());
        let groups = groups.filter_map(|id| side.inventory().security_group(&id));
        let lists = groups.flat_map(|group| &group.rules).filter_map(|rule| match &rule.peer {
            Peer::PrefixList(id) => Some(id.clone()),
            _ => None,
        });
        lists.collect::<Vec<_>>()
    };
    both.either(named).iter().filter_map(|id| prefix_list(both, id)).collect()
}

fn prefix_list(both: &Both<'_>, id: &PrefixListId) -> Option<Difference> {
    let entries = |side: &Side<'_>| {
        let mut all = side.inventory().prefix_list(id)?.entries.known()?.clone();
        all.sort();
        Some(all)
    };
    let (then, now) = (entries(&both.then)?, entries(&both.now)?);
    let (lost, gained) = apart(&then, &now);
    if lost.is_empty() && gained.is_empty() {
        return None;
    }
    let fact = format!("prefix list {id} has {}", turn(&lost, &gained));
    let told = Difference::new(DifferenceKind::PrefixList, fact).about([id]);
    Some(told.from(list(&then)).to(list(&now)))
}
