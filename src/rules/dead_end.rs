//! A way that ends in a route table, at a gateway that does not lead on, or nowhere at all.

use crate::{
    analyze::path::{Blocker, RouteBlocker, Step},
    model::{
        finding::{Evidence, Fix},
        resource::{ResourceKind, ResourceRef},
        route::{Route, RouteTable},
    },
};

use super::{
    Case, Row,
    access::Blocked,
    route_rows::{asked, towards},
    words,
};

pub(super) fn is_one(blocker: &RouteBlocker) -> bool {
    matches!(
        blocker,
        RouteBlocker::Missing
            | RouteBlocker::NotCarried
            | RouteBlocker::Detached
            | RouteBlocker::NoPublicAddress
            | RouteBlocker::Astray { .. }
            | RouteBlocker::Circle
    )
}

/// The dead end of a row's way, as its last table has it.
pub(super) struct DeadEnd<'c> {
    row: &'c Row<'c>,
    blocker: &'c RouteBlocker,
    /// Of the table; where only the whole way shows what is wrong, of the last one on it.
    step: &'c Step,
    pub(super) table: &'c RouteTable,
    route: Option<&'c Route>,
}

impl<'c> DeadEnd<'c> {
    pub(super) fn of(one: &Blocked<'c, 'c>) -> Option<Self> {
        let Blocker::Route(blocker) = one.blocker else { return None };
        let row = one.row;
        let tables = row.path.parts(one.step.kind).filter(|step| asked(step).is_some());
        let step = if asked(one.step).is_some() { one.step } else { tables.last()? };
        let (table, route) = asked(step)?;
        Some(Self { row, blocker, step, table, route })
    }

    pub(super) fn decides(&self) -> Evidence {
        let towards = towards(self.row, self.step);
        let fact = format!("{} towards {towards}: {}", self.table.id, self.step.rule());
        Evidence { fact, reference: self.step.resource() }
    }

    /// What is wrong, without a full stop.
    pub(super) fn describe(&self) -> String {
        let ip = towards(self.row, self.step);
        let back = self.step.kind.is_return();
        let (table, target) = (self.name(), self.target());
        let (what, to, from) = if back {
            (format!("the replies to {ip}"), "back to", self.row.path.destination.ip)
        } else {
            (format!("packets for {ip}"), "to", self.row.path.flow.source)
        };
        match self.blocker {
            RouteBlocker::Missing if back => {
                format!("{table} has no route back to {ip}, so the endpoint's replies are lost")
            }
            RouteBlocker::Missing => format!("{table} has no route to {ip}"),
            RouteBlocker::Detached => {
                let vpc = self.vpc("that VPC");
                format!("{table} sends {what} over {target}, which is not attached to {vpc}")
            }
            RouteBlocker::NoPublicAddress => {
                format!("{table} sends {what} over {target}, which drops them: {from} has no public address")
            }
            RouteBlocker::Astray { vpc } => {
                format!("the routes back to {ip} lead into {vpc}, where this host is not")
            }
            RouteBlocker::Circle => format!("the routes {to} {ip} lead in a circle, by {}", self.table.id),
            _ => format!("{table} sends {what} over {target}, which does not carry them"),
        }
    }

    /// What else is known of the gateway that drops.
    pub(super) fn gateway(&self, case: &Case<'_>) -> Option<Evidence> {
        let target = self.target();
        match self.blocker {
            RouteBlocker::Detached => {
                let gateway = case.facts.inventory.gateways.known()?.get(target)?;
                let vpcs =
                    if gateway.vpcs.is_empty() { "no VPC".to_owned() } else { words::list(&gateway.vpcs) };
                let fact = format!("{target} is attached to {vpcs}");
                Some(Evidence::of(fact, ResourceRef::new(ResourceKind::Gateway, target)))
            }
            RouteBlocker::NoPublicAddress if !self.step.kind.is_return() => {
                let eni = self.row.path.source.eni.known()?;
                let fact = format!("{eni} has no public address for {}", self.row.path.flow.source);
                Some(Evidence::of(fact, ResourceRef::new(ResourceKind::NetworkInterface, eni)))
            }
            _ => None,
        }
    }

    /// Where no change to a route table is known that mends it.
    pub(super) fn fix(&self) -> Fix {
        let ip = towards(self.row, self.step);
        let (table, target) = (&self.table.id, self.target());
        match self.blocker {
            RouteBlocker::Detached => {
                let vpc = self.vpc("VPC_ID");
                Fix::text(format!("Attach {target} to {vpc}")).cli(format!(
                    "aws ec2 attach-internet-gateway --internet-gateway-id {target} --vpc-id {vpc}"
                ))
            }
            RouteBlocker::NoPublicAddress if !self.step.kind.is_return() => Fix::text(format!(
                "Give {} an Elastic IP address; or lead {ip} over a NAT gateway, or to an endpoint",
                self.row.path.flow.source
            )),
            RouteBlocker::Astray { .. } | RouteBlocker::Circle => Fix::text(format!(
                "Correct the route of {table} that decides for {ip} ({})",
                self.step.rule()
            )),
            _ if self.step.kind.is_return() => {
                Fix::text(format!("Add a route for {ip} (its subnet or VPC) to {table}, as on the way there"))
            }
            _ => Fix::text(format!("Add a route for {ip} (its subnet or VPC) to {table}")),
        }
    }

    /// The table; with its VPC where that lies between the two ends.
    fn name(&self) -> String {
        let (table, vpc) = (&self.table.id, self.table.vpc.as_ref());
        let ends = [&self.row.path.source, &self.row.path.destination];
        match vpc.filter(|vpc| ends.iter().all(|end| end.vpc.known().is_some_and(|one| one != *vpc))) {
            Some(vpc) => format!("{table} of {vpc}, on the way,"),
            None => table.to_string(),
        }
    }

    fn target(&self) -> &str {
        self.route.map_or("nothing", |route| route.target.id())
    }

    fn vpc<'s>(&'s self, otherwise: &'s str) -> &'s str {
        self.table.vpc.as_ref().map_or(otherwise, |vpc| vpc.as_str())
    }
}
