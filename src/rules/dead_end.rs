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
    Row,
    access::Blocked,
    route_rows::{asked, towards},
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
        Evidence::of(
            format!("{} towards {towards}: {}", self.table.id, self.step.rule()),
            ResourceRef::new(ResourceKind::RouteTable, &self.table.id),
        )
    }

    /// What is wrong, without a full stop.
    pub(super) fn describe(&self) -> String {
        let ip = towards(self.row, self.step);
        let back = self.step.kind.is_return();
        let (table, target) = (&self.table.id, self.target());
        let (what, from) = if back {
            (format!("the replies to {ip}"), self.row.path.destination.ip)
        } else {
            (format!("packets for {ip}"), self.row.path.flow.source)
        };
        match self.blocker {
            RouteBlocker::Missing if back => {
                format!("{table} has no route back to {ip}, so the endpoint's replies are lost")
            }
            RouteBlocker::Missing => format!("{table} has no route to {ip}"),
            RouteBlocker::Detached => {
                let vpc = self.vpc("that VPC");
                format!("{table} sends {what} to {target}, which is not attached to {vpc}")
            }
            RouteBlocker::NoPublicAddress => format!(
                "{table} sends {what} to {target}, which drops them: {from} has no public address there"
            ),
            RouteBlocker::Astray { vpc } => {
                format!("the routes back to {ip} lead into {vpc}, where this host is not")
            }
            RouteBlocker::Circle => format!("the routes for {what} lead in a circle, by {table}"),
            _ => format!("{table} sends {what} to {target}, which does not carry them"),
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

    fn target(&self) -> &str {
        self.route.map_or("nothing", |route| route.target.id())
    }

    fn vpc<'s>(&'s self, otherwise: &'s str) -> &'s str {
        self.table.vpc.as_ref().map_or(otherwise, |vpc| vpc.as_str())
    }
}
