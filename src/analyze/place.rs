//! The two ends of a flow, as far as the inventory knows them.

use std::net::IpAddr;

use crate::model::{
    endpoint::NetworkInterface,
    facts::Facts,
    id::{NetworkInterfaceId, SecurityGroupId, SubnetId, VpcId},
    inventory::Inventory,
    known::{Known, Reason, Unknown},
};

/// One end: an address and the interface that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub ip: IpAddr,
    pub eni: Known<NetworkInterfaceId>,
    pub vpc: Known<VpcId>,
    pub subnet: Known<SubnetId>,
    pub groups: Known<Vec<SecurityGroupId>>,
}

impl Place {
    pub fn of_interface(ip: IpAddr, eni: &NetworkInterface) -> Self {
        Self {
            ip,
            eni: Known::Known(eni.id.clone()),
            vpc: Known::Known(eni.vpc.clone()),
            subnet: Known::Known(eni.subnet.clone()),
            groups: Known::Known(eni.groups.clone()),
        }
    }

    pub fn nowhere(ip: IpAddr, why: &Unknown) -> Self {
        Self {
            ip,
            eni: Known::Unknown(why.clone()),
            vpc: Known::Unknown(why.clone()),
            subnet: Known::Unknown(why.clone()),
            groups: Known::Unknown(why.clone()),
        }
    }

    /// The place of an address, preferring this VPC where several hold it. An address that no interface
    /// holds is a place of which nothing is known.
    pub fn find(inventory: &Inventory, ip: IpAddr, vpc: Option<&VpcId>) -> Self {
        match inventory.interface_holding(ip, vpc) {
            Known::Known(Some(eni)) => Self::of_interface(ip, eni),
            Known::Known(None) => {
                Self::nowhere(ip, &Unknown::new(format!("the place of {ip}"), Reason::Unheld))
            }
            Known::Unknown(why) => Self::nowhere(ip, &why),
        }
    }

    /// The place of an address within one VPC, wherever else it is held.
    pub fn within(inventory: &Inventory, ip: IpAddr, vpc: &VpcId) -> Self {
        let mut holders = match inventory.interfaces_holding(ip) {
            Known::Known(holders) => holders,
            Known::Unknown(why) => return Self { vpc: Known::Known(vpc.clone()), ..Self::nowhere(ip, &why) },
        };
        holders.retain(|eni| eni.vpc == *vpc);
        let (missing, reason) = match holders.as_slice() {
            [one] => return Self::of_interface(ip, one),
            [] => (format!("the place of {ip}"), Reason::Unheld),
            many => (
                format!("which interface of several holds {ip}"),
                Reason::Ambiguous { candidates: many.iter().map(|eni| eni.id.to_string()).collect() },
            ),
        };
        Self { vpc: Known::Known(vpc.clone()), ..Self::nowhere(ip, &Unknown::new(missing, reason)) }
    }

    /// Where we stand when we send from this address: the inventory's word first, completed by what the
    /// vantage learnt elsewhere (instance metadata) when it is about the same address.
    pub fn of_source(facts: &Facts, ip: IpAddr) -> Self {
        let vantage = &facts.vantage;
        let mut place = Self::find(&facts.inventory, ip, vantage.vpc.known());
        if vantage.source_ip.known() == Some(&ip) {
            place.eni = place.eni.or(vantage.eni.clone());
            place.vpc = place.vpc.or(vantage.vpc.clone());
            place.subnet = place.subnet.or(vantage.subnet.clone());
            place.groups = place.groups.or(vantage.security_groups.clone());
        }
        // A container's address may leave the host as another's: nothing is settled about whose member that is.
        if matches!(&place.groups, Known::Unknown(why) if why.reason == Reason::Unheld) {
            let message = "no interface holds it, and it may be translated on its way out".to_owned();
            place.groups = Known::unknown(format!("the groups of {ip}"), Reason::Failed { message });
        }
        place
    }
}
