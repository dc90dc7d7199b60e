//! Through transit gateways: attachments and their zones, route tables, peering, and out again.

use std::{net::IpAddr, sync::Arc};

use crate::{
    analyze::route,
    model::{
        endpoint::fold,
        firewall::Direction,
        id::{SubnetId, TransitGatewayAttachmentId, TransitGatewayId, VpcId},
        inventory::actions,
        known::{Known, Reason, Unknown},
        resource::ResourceKind,
        transit::{AttachmentKind, TransitGatewayAttachment, TransitGatewayRouteTable},
    },
};

use super::{
    super::{Ground, Identity, RouteBlocker, Step, StepOutcome, TransitBlocker},
    Arrival, Here, Loss, Walker, Way,
};

/// More than AWS lets one nest.
const MOST_TRANSITS: usize = 4;

impl Walker<'_> {
    /// <https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html>
    pub(super) fn transit(
        &mut self,
        here: &Here,
        gateway: &TransitGatewayId,
        ground: Ground,
    ) -> Option<Here> {
        self.pass(ground);
        self.enter_gateway(gateway);
        let attachments = match self.inventory.transit_gateway_attachments.ok() {
            Ok(attachments) => attachments,
            Err(why) => return self.lose_track(why),
        };
        let of_this = |one: &&Arc<TransitGatewayAttachment>| {
            one.transit_gateway == *gateway && one.vpc() == Some(&here.vpc)
        };
        let own: Vec<_> = attachments.linked(here.vpc.as_str()).filter(of_this).collect();
        let Some(attachment) = own.iter().find(|one| one.is_available()).or(own.first()) else {
            let what = format!("{gateway} has no attachment to {}", here.vpc);
            let ground = Ground::about(ResourceKind::TransitGateway, gateway, what);
            return self.transit_stop(TransitBlocker::Detached, ground);
        };
        let attachment = Arc::clone(attachment);
        if !attachment.is_available() {
            return self.unavailable(&attachment);
        }
        match self.entrance(&attachment, here) {
            Ok(Some(subnet)) => self.cross(&subnet, Direction::Ingress),
            Ok(None) => {
                let zone = self.zone_of(&here.subnet).unwrap_or_default();
                let what = format!("{} has no subnet in {zone}, where {} lies", attachment.id, here.subnet);
                let ground = Ground::about(ResourceKind::TransitGatewayAttachment, &attachment.id, what);
                return self.transit_stop(TransitBlocker::NotInZone { zone }, ground);
            }
            Err(why) => {
                self.uncertain(why);
            }
        }
        self.within(gateway, &attachment, Some(here))
    }

    fn transit_stop(&mut self, why: TransitBlocker, ground: Ground) -> Option<Here> {
        self.stop(RouteBlocker::Transit(why), ground)
    }

    fn uncertain(&mut self, why: Unknown) {
        let outcome = StepOutcome::Undecided(why);
        self.way.steps.push(Step { kind: self.packet.kind, outcome, ground: Ground::Unknown });
    }

    /// While it is being changed nothing is said of the packets that it carries.
    fn unavailable(&mut self, attachment: &TransitGatewayAttachment) -> Option<Here> {
        if matches!(fold(&attachment.state).as_str(), "modifying" | "rollingback" | "pending" | "initiating")
        {
            let (id, state) = (&attachment.id, &attachment.state);
            let message = "this state is transient".to_owned();
            let missing = format!("whether {id} carries packets while it is {state}");
            return self.lose_track(Unknown::new(missing, Reason::Failed { message }));
        }
        let what = format!("{} is {}", attachment.id, attachment.state);
        let ground = Ground::about(ResourceKind::TransitGatewayAttachment, &attachment.id, what);
        self.transit_stop(TransitBlocker::Unavailable { state: attachment.state.clone() }, ground)
    }

    /// The attachment's subnet in the zone where the packet is: without one it is not forwarded.
    fn entrance(
        &self,
        attachment: &TransitGatewayAttachment,
        here: &Here,
    ) -> Result<Option<SubnetId>, Unknown> {
        let subnets = attachment.subnets.ok()?;
        if subnets.contains(&here.subnet) {
            return Ok(Some(here.subnet.clone()));
        }
        let absent = || Unknown::new(actions::SUBNETS, Reason::Absent);
        let zone = self.zone_of(&here.subnet).ok_or_else(absent)?;
        let mut unread = false;
        for subnet in subnets {
            match self.zone_of(subnet) {
                Some(other) if other == zone => return Ok(Some(subnet.clone())),
                Some(_) => {}
                None => unread = true,
            }
        }
        // A Local Zone has no attachment of its own and uses that of its parent zone, which nothing here names.
        // <https://docs.aws.amazon.com/local-zones/latest/ug/local-zones-connectivity-transit-gateway-lzs.html>
        if is_local_zone(&zone) {
            let missing = format!("the parent zone of {zone}");
            return Err(Unknown::new(missing, Reason::NotAsked));
        }
        if unread { Err(absent()) } else { Ok(None) }
    }

    fn zone_of(&self, subnet: &SubnetId) -> Option<String> {
        let subnet = self.inventory.subnet(subnet)?;
        subnet.az_id.as_ref().map(ToString::to_string).or_else(|| subnet.az.clone())
    }

    /// From an attachment to the next, by the route table that is associated with the first.
    fn within(
        &mut self,
        gateway: &TransitGatewayId,
        from: &TransitGatewayAttachment,
        origin: Option<&Here>,
    ) -> Option<Here> {
        let table = match self.associated(from) {
            Ok(Some(table)) => table,
            Ok(None) => {
                let what = format!("no route table is associated with {}", from.id);
                let ground = Ground::about(ResourceKind::TransitGatewayAttachment, &from.id, what);
                return self.transit_stop(TransitBlocker::Unassociated, ground);
            }
            Err(why) => return self.lose_track(why),
        };
        let position = match route::decide_transit(self.inventory, &table, self.packet.destination) {
            Known::Known(position) => position,
            Known::Unknown(why) => return self.lose_track(why),
        };
        let ground = Ground::Transit { table: Arc::clone(&table), route: position };
        let routes = table.routes.known();
        let Some(route) = position.and_then(|at| routes?.get(at)) else {
            return self.transit_stop(TransitBlocker::Missing, ground);
        };
        if route.is_blackhole() {
            return self.transit_stop(TransitBlocker::Blackhole, ground);
        }
        self.pass(ground);
        let Some(target) = route.attachments.first() else {
            return self.beyond(table.id.as_str(), format!("where a route of {} leads", table.id));
        };
        if target.id == from.id {
            // Nothing says whether a gateway sends a packet back by where it came from.
            return self.beyond(
                target.id.as_str(),
                format!("whether {gateway} sends packets back to {}", target.id),
            );
        }
        match &target.kind {
            AttachmentKind::Vpc(vpc) => {
                self.reference_over(from, &target.id);
                self.exit(&target.id, vpc, origin)
            }
            AttachmentKind::Peering(_) => self.across(gateway, &target.id),
            AttachmentKind::Other { .. } => {
                self.beyond(target.id.as_str(), format!("what lies behind {}", target.id))
            }
        }
    }

    fn associated(
        &self,
        attachment: &TransitGatewayAttachment,
    ) -> Result<Option<Arc<TransitGatewayRouteTable>>, Unknown> {
        let tables = self.inventory.transit_gateway_route_tables.ok();
        let id = match &attachment.association {
            Known::Known(None) => return Ok(None),
            Known::Known(Some(id)) => id.clone(),
            // Who does not own the gateway is not told.
            Known::Unknown(why) => return Err(why.clone()),
        };
        let absent = || Unknown::new(actions::TRANSIT_GATEWAY_ROUTE_TABLES, Reason::Absent);
        tables?.get(id.as_str()).map(|table| Some(Arc::clone(table))).ok_or_else(absent)
    }

    /// On to the gateway at the other end of a peering attachment, which both know by one id. References end here.
    /// <https://docs.aws.amazon.com/vpc/latest/tgw/tgw-peering.html>
    fn across(&mut self, gateway: &TransitGatewayId, id: &TransitGatewayAttachmentId) -> Option<Here> {
        self.lose_identity(Loss::TransitGateway);
        let attachments = self.inventory.transit_gateway_attachments.known();
        let far = |one: &&TransitGatewayAttachment| one.id == *id && one.transit_gateway != *gateway;
        let Some(far) = attachments.and_then(|all| all.iter().find(far)).cloned() else {
            return self.beyond(id.as_str(), format!("the other end of {id}"));
        };
        if !far.is_available() {
            return self.unavailable(&far);
        }
        if self.transits >= MOST_TRANSITS {
            return self.stop(RouteBlocker::Circle, Ground::said("the routes lead in a circle"));
        }
        self.transits += 1;
        self.within(&far.transit_gateway, &far, None)
    }

    /// What a gateway that is passed leaves of who sent: nothing, unless somebody switched references on.
    fn enter_gateway(&mut self, gateway: &TransitGatewayId) {
        match &self.way.seen.identity {
            Identity::Kept => {}
            // Both VPCs have to be attached to one gateway.
            Identity::KeptInbound => return self.lose_identity(Loss::TransitGateway),
            Identity::Lost(_) | Identity::Unknown(_) => return,
        }
        let gateways = match self.inventory.transit_gateways.ok() {
            Ok(gateways) => gateways,
            Err(why) => return self.forget(why),
        };
        match gateways.get(gateway.as_str()).map(|gateway| gateway.security_group_referencing) {
            Some(Some(true)) => self.way.seen.identity = Identity::KeptInbound,
            Some(_) => self.lose_identity(Loss::TransitGateway),
            None => self.forget(Unknown::new(actions::TRANSIT_GATEWAYS, Reason::Absent)),
        }
    }

    /// References need the consent of both attachments, too.
    /// <https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html#vpc-attachment-security>
    fn reference_over(&mut self, from: &TransitGatewayAttachment, to: &TransitGatewayAttachmentId) {
        if self.way.seen.identity != Identity::KeptInbound {
            return;
        }
        let attachments = self.inventory.transit_gateway_attachments.known();
        let Some(to) = attachments.and_then(|all| all.get(to.as_str())) else {
            let why = Unknown::new(actions::TRANSIT_GATEWAY_VPC_ATTACHMENTS, Reason::Absent);
            self.way.seen.identity = Identity::Unknown(why);
            return;
        };
        let refuses = |one: &TransitGatewayAttachment| one.security_group_referencing == Some(false);
        if [from, to.as_ref()].into_iter().any(|one| refuses(one) || self.is_excluded(one)) {
            self.lose_identity(Loss::TransitGateway);
        }
    }

    /// "Not supported for VPC attachments in the Availability Zone use1-az3."
    fn is_excluded(&self, attachment: &TransitGatewayAttachment) -> bool {
        let subnets = attachment.subnets.known().into_iter().flatten();
        subnets.into_iter().any(|subnet| self.zone_of(subnet).is_some_and(|zone| zone == "use1-az3"))
    }

    /// Out of the gateway into a VPC, by the attachment's subnet in the zone that the packet came from; where it has
    /// none there, by any.
    fn exit(&mut self, id: &TransitGatewayAttachmentId, vpc: &VpcId, origin: Option<&Here>) -> Option<Here> {
        let attachments = self.inventory.transit_gateway_attachments.known();
        let Some(attachment) = attachments.and_then(|all| all.get(id.as_str())).map(Arc::clone) else {
            return self.lose_track(Unknown::new(actions::TRANSIT_GATEWAY_ATTACHMENTS, Reason::Absent));
        };
        if !attachment.is_available() {
            return self.unavailable(&attachment);
        }
        if self.transits >= MOST_TRANSITS {
            return self.stop(RouteBlocker::Circle, Ground::said("the routes lead in a circle"));
        }
        let exits = match self.exits(&attachment, origin) {
            Ok(exits) => exits,
            Err(why) => return self.lose_track(why),
        };
        let mut ways: Vec<Way> = Vec::new();
        for subnet in &exits {
            let mut walker = Walker {
                inventory: self.inventory,
                packet: self.packet,
                way: self.way.clone(),
                public: Known::Known(None),
                transits: self.transits + 1,
            };
            walker.come_out(vpc, subnet);
            ways.push(walker.way);
        }
        let Some(first) = ways.first() else {
            return self.lose_track(Unknown::new(actions::TRANSIT_GATEWAY_VPC_ATTACHMENTS, Reason::Absent));
        };
        let alike = ways.iter().all(|way| outcome_of(way) == outcome_of(first));
        let so_far = self.way.steps.len();
        // Of ways that come to the same, the one that lets fewer packets through speaks.
        let share = |way: &Way| way.steps.iter().map(Step::blocked_share).fold(0.0, f64::max);
        let either = ways.iter().any(|way| way.neighbour != ways[0].neighbour);
        let worst =
            (0..ways.len()).max_by(|a, b| share(&ways[*a]).total_cmp(&share(&ways[*b])).then(b.cmp(a)));
        self.way = ways.swap_remove(worst.unwrap_or_default());
        // Where each of them is stopped, by what stops each.
        for step in ways.iter().flat_map(|way| &way.steps[so_far..]) {
            if matches!(step.outcome, StepOutcome::Deny(_)) && !self.way.steps.contains(step) {
                self.way.steps.push(step.clone());
            }
        }
        if either {
            self.way.perhaps_neighbour = true;
            self.way.neighbour = false;
            self.way.last_subnet = None;
        }
        if !alike {
            // What one of them meets, another may not.
            self.way.steps.truncate(so_far);
            self.uncertain(Unknown::new(
                format!("by which subnet of {id} the packets come into {vpc}"),
                Reason::Ambiguous { candidates: exits.iter().map(ToString::to_string).collect() },
            ));
        }
        None
    }

    /// What stays within the attachment's subnet meets no ACL on its way out of the gateway.
    /// <https://docs.aws.amazon.com/vpc/latest/tgw/tgw-nacls.html>
    fn come_out(&mut self, vpc: &VpcId, subnet: &SubnetId) {
        let here = Here { vpc: vpc.clone(), subnet: subnet.clone() };
        if !self.is_neighbour(&here) {
            self.cross(subnet, Direction::Egress);
        }
        self.go(here);
    }

    /// The gateway keeps to the zone from which the packet comes. In appliance mode, and where the attachment has no
    /// subnet there, any zone may be the one.
    /// <https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-appliance-scenario.html>
    fn exits(
        &self,
        attachment: &TransitGatewayAttachment,
        origin: Option<&Here>,
    ) -> Result<Vec<SubnetId>, Unknown> {
        let subnets = attachment.subnets.ok()?;
        let origin = origin.and_then(|here| self.zone_of(&here.subnet));
        let same = subnets.iter().find(|subnet| origin.is_some() && self.zone_of(subnet) == origin);
        Ok(match same {
            Some(subnet) if attachment.appliance_mode != Some(true) => vec![subnet.clone()],
            _ => subnets.clone(),
        })
    }
}

/// `usw2-lax1-az1` or `us-west-2-lax-1a`, where others are called `usw2-az1` or `us-west-2a`.
fn is_local_zone(zone: &str) -> bool {
    let parts = zone.split('-').count();
    if zone.contains("-az") { parts > 2 } else { parts > 3 }
}

/// What a way comes to, to compare those that chance decides between.
fn outcome_of(way: &Way) -> (bool, bool, Option<(VpcId, IpAddr)>) {
    let denied = way.steps.iter().any(|step| matches!(step.outcome, StepOutcome::Deny(_)));
    let undecided = way.steps.iter().any(|step| matches!(step.outcome, StepOutcome::Undecided(_)));
    let arrival = if let Arrival::Vpc { vpc, ip } = &way.arrival { Some((vpc.clone(), *ip)) } else { None };
    (denied, undecided, arrival)
}
