//! Blame by exclusion: the provider's, where nothing that can be seen stops the packets.

use crate::model::{
    finding::{Confidence, Evidence},
    inventory::actions,
};

use super::{Case, Row, pod};

/// The service lists its zones, and the zone of the interface was not read: for all that is known, it is none of them.
pub(super) fn is_zone_unread(case: &Case<'_>, row: &Row<'_>) -> bool {
    let inventory = &case.facts.inventory;
    let (Some(Some(eni)), Some(Some(endpoint))) = (row.eni.known(), row.endpoint.known()) else {
        return false;
    };
    let listed = inventory.service(&endpoint.service).map_or(&[][..], |service| &service.availability_zones);
    let by_id = inventory.az_id_of(eni).is_some_and(|zone| listed.contains(&zone.0));
    !listed.is_empty() && !by_id && inventory.subnet(&eni.subnet).is_none()
}

/// What is left where nothing visible stops the packets is worth less where something was not looked at.
pub(super) fn doubt<'r>(
    case: &Case<'_>,
    rows: &[&'r Row<'r>],
    confidence: Confidence,
) -> (Confidence, Vec<Evidence>) {
    let mut doubts = Vec::new();
    if rows.iter().any(|row| is_zone_unread(case, row)) {
        doubts.push(format!(
            "in which zones its interfaces lie was not read ({}): the service may not be offered there",
            actions::SUBNETS
        ));
    }
    if rows.iter().any(|row| pod::translated(case, row).is_err()) {
        doubts.push(format!(
            "the blocks of this VPC were not read ({}): beyond them the endpoint may meet the node's address, not the pod's",
            actions::VPCS
        ));
    }
    let confidence = if doubts.is_empty() { confidence } else { confidence.min(Confidence::Possible) };
    (confidence, doubts.into_iter().map(Evidence::new).collect())
}
