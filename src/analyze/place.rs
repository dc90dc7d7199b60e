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

    /// Where we stand when we send from this address: the inventory's word first, completed by what the
    /// vantage learnt elsewhere (instance metadata) when it is about the same address.
    pub fn of_source(facts: &Facts, ip: IpAddr) -> Self {
        let vantage = &facts.vantage;
        let found = Self::find(&facts.inventory, ip, vantage.vpc.known());
        if vantage.source_ip.known() != Some(&ip) {
            return found;
        }
        Self {
            ip,
            eni: found.eni.or(vantage.eni.clone()),
            vpc: found.vpc.or(vantage.vpc.clone()),
            subnet: found.subnet.or(vantage.subnet.clone()),
            groups: found.groups.or(vantage.security_groups.clone()),
        }
    }
}
