//! Two ways of not having a list.

use vpce_doctor::model::{
    inventory::Inventory,
    known::{Known, Reason, Unknown},
};

/// A directory's inventory, told as the API's: it is asked only where a route leads, and a directory without the
/// list is nobody's answer to it either.
pub(crate) fn as_by_api(loaded: Inventory) -> Inventory {
    Inventory {
        instances: unasked(loaded.instances),
        gateways: unasked(loaded.gateways),
        nat_gateways: unasked(loaded.nat_gateways),
        transit_gateways: unasked(loaded.transit_gateways),
        transit_gateway_attachments: unasked(loaded.transit_gateway_attachments),
        transit_gateway_route_tables: unasked(loaded.transit_gateway_route_tables),
        ..loaded
    }
}

fn unasked<T>(list: Known<T>) -> Known<T> {
    match list {
        Known::Unknown(Unknown { missing, reason: Reason::Absent }) => Known::not_asked(missing),
        list => list,
    }
}
