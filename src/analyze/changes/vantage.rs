//! From where the questions were asked.

use crate::{
    analyze::place::Place,
    model::{
        difference::{Difference, DifferenceKind},
        known::Known,
    },
};

use super::{Both, side::Side};

pub(super) fn differences(both: &Both<'_>) -> Option<Difference> {
    let (then, now) = (both.then.source.as_ref()?, both.now.source.as_ref()?);
    let moved = then.ip != now.ip
        || changed(&then.eni, &now.eni)
        || changed(&then.subnet, &now.subnet)
        || changed(&then.vpc, &now.vpc);
    if !moved {
        return None;
    }
    let (before, after) = (describe(&both.then, then), describe(&both.now, now));
    let fact = format!("this host asks from {after}, formerly from {before}");
    let subjects = [then, now].into_iter().flat_map(ids);
    Some(Difference::new(DifferenceKind::Vantage, fact).about(subjects).from(before).to(after))
}

fn changed<T: PartialEq>(then: &Known<T>, now: &Known<T>) -> bool {
    matches!((then, now), (Known::Known(then), Known::Known(now)) if then != now)
}

/// `10.0.1.10, eni-app, subnet-app (usw2-az1), vpc-app`
fn describe(side: &Side<'_>, place: &Place) -> String {
    let mut parts = vec![place.ip.to_string()];
    parts.extend(place.eni.known().map(ToString::to_string));
    if let Some(subnet) = place.subnet.known() {
        let zone = side.inventory().subnet(subnet).and_then(|subnet| subnet.az_id.as_ref());
        let own = || side.facts.vantage.az_id.known().filter(|_| is_vantage(side, place));
        let zone = zone.or_else(own).map(|zone| format!(" ({zone})")).unwrap_or_default();
        parts.push(format!("{subnet}{zone}"));
    }
    parts.extend(place.vpc.known().map(ToString::to_string));
    parts.join(", ")
}

fn is_vantage(side: &Side<'_>, place: &Place) -> bool {
    side.facts.vantage.source_ip.known() == Some(&place.ip)
}

/// The VPC is left out: too much is mentioned along with it.
fn ids(place: &Place) -> Vec<String> {
    let mut ids = vec![place.ip.to_string()];
    ids.extend(place.eni.known().map(ToString::to_string));
    ids.extend(place.subnet.known().map(ToString::to_string));
    ids
}
