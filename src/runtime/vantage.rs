//! Where we stand: the kernel's source address, placed on an interface of the VPC.

use std::net::IpAddr;

use crate::model::{
    host::{Host, InstanceInterface, Vantage, VantageSource},
    inventory::{Inventory, actions},
    known::{Known, Reason, Unknown},
};

/// Instance metadata speaks of this very host and is believed first; the inventory completes it, or places
/// the address alone.
pub fn locate(host: &Host, inventory: &Inventory, source_ip: Known<IpAddr>) -> Vantage {
    let ip = match source_ip.ok() {
        Ok(ip) => *ip,
        Err(why) => return nowhere(source_ip, &why),
    };
    let metadata = host.metadata.known();
    let own = metadata.and_then(|m| m.interfaces.iter().find(|interface| interface.addresses.contains(&ip)));
    let mut vantage = match own {
        Some(interface) => from_metadata(ip, interface),
        None => nowhere(Known::Known(ip), &Unknown::new(actions::NETWORK_INTERFACES, Reason::NotAsked)),
    };
    if own.is_some()
        && let Some(az_id) = metadata.and_then(|m| m.az_id.clone())
    {
        vantage.az_id = Known::Known(az_id);
    }
    complete(vantage, inventory, ip)
}

fn nowhere(source_ip: Known<IpAddr>, why: &Unknown) -> Vantage {
    Vantage {
        source_ip,
        eni: Known::Unknown(why.clone()),
        subnet: Known::Unknown(why.clone()),
        vpc: Known::Unknown(why.clone()),
        az_id: Known::Unknown(why.clone()),
        security_groups: Known::Unknown(why.clone()),
        how: VantageSource::Kernel,
    }
}

fn from_metadata(ip: IpAddr, interface: &InstanceInterface) -> Vantage {
    let absent = || Unknown::new("the instance metadata's field", Reason::Absent);
    let groups = &interface.security_groups;
    Vantage {
        source_ip: Known::Known(ip),
        eni: interface.eni.clone().ok_or_else(absent).into(),
        subnet: interface.subnet.clone().ok_or_else(absent).into(),
        vpc: interface.vpc.clone().ok_or_else(absent).into(),
        az_id: Known::Unknown(absent()),
        security_groups: (!groups.is_empty()).then(|| groups.clone()).ok_or_else(absent).into(),
        how: VantageSource::Imds,
    }
}

fn complete(vantage: Vantage, inventory: &Inventory, ip: IpAddr) -> Vantage {
    let found = inventory.interface_holding(ip, vantage.vpc.known());
    let eni = match found.ok() {
        Ok(Some(eni)) => *eni,
        Ok(None) => return lost(vantage, &Unknown::new(format!("the place of {ip}"), Reason::Unheld)),
        Err(why) => return lost(vantage, &why),
    };
    let az_id = inventory.az_id_of(eni).ok_or_else(|| Unknown::new(actions::SUBNETS, Reason::Absent));
    Vantage {
        how: if vantage.eni.is_known() { vantage.how } else { VantageSource::Inventory },
        source_ip: vantage.source_ip,
        eni: vantage.eni.or(Known::Known(eni.id.clone())),
        subnet: vantage.subnet.or(Known::Known(eni.subnet.clone())),
        vpc: vantage.vpc.or(Known::Known(eni.vpc.clone())),
        az_id: vantage.az_id.or(az_id.into()),
        // The API's word is as of now; the metadata service may lag behind a change.
        security_groups: Known::Known(eni.groups.clone()),
    }
}

/// The inventory could not place the address either: its reason is the telling one.
fn lost(vantage: Vantage, why: &Unknown) -> Vantage {
    Vantage {
        eni: vantage.eni.or(Known::Unknown(why.clone())),
        subnet: vantage.subnet.or(Known::Unknown(why.clone())),
        vpc: vantage.vpc.or(Known::Unknown(why.clone())),
        az_id: vantage.az_id.or(Known::Unknown(why.clone())),
        security_groups: vantage.security_groups.or(Known::Unknown(why.clone())),
        ..vantage
    }
}
