//! The report as tickets: for each failing target, what to write to whoever must act, ready to paste.
//!
//! Whole ids, no colours, times in UTC, and nothing that was not observed. Causes on this host and of this run are
//! nobody else's to mend: they get no ticket.

mod page;
mod provider;
mod seen;

use page::Page;
use seen::{Row, Seen};

use crate::{
    model::{
        finding::{Finding, Severity},
        id::{EndpointId, SecurityGroupId},
        inventory::InventorySource,
        report::{Report, TargetReport, TargetVerdict},
    },
    rules,
};

use super::human::prose::{Actor, actor};

pub fn render(report: &Report) -> String {
    let mut page = Page::default();
    for (at, (target, judged)) in report.facts.targets.iter().zip(&report.targets).enumerate() {
        if at > 0 {
            page.rule();
        }
        let seen = Seen { facts: &report.facts, target, report: judged };
        match addressed(judged) {
            Some(finding) => Ticket { seen, finding, actor: actor(finding) }.write(&mut page),
            None => page.paragraph(&nothing_to_ask(&seen)),
        }
    }
    page.into_text()
}

/// The primary, if somebody else must mend it; otherwise the first cause that is somebody else's.
fn addressed(report: &TargetReport) -> Option<&Finding> {
    let errors = report.findings.iter().filter(|finding| finding.severity == Severity::Error);
    errors.into_iter().find(|finding| !matches!(actor(finding), Actor::Host | Actor::Run))
}

fn nothing_to_ask(seen: &Seen<'_>) -> String {
    let name = &seen.target.target.name;
    let causes = |severity: Severity| {
        let of = seen.report.findings.iter().filter(|finding| finding.severity == severity);
        of.map(|finding| finding.code.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (errors, warnings) = (causes(Severity::Error), causes(Severity::Warning));
    match (seen.report.verdict, errors.as_str()) {
        (TargetVerdict::Healthy, _) if warnings.is_empty() => format!("{name}: healthy, nothing to report."),
        (TargetVerdict::Healthy, _) => format!("{name}: healthy, nothing to report. It warns of {warnings}."),
        (TargetVerdict::Unknown, _) => format!("{name}: could not be tried, so there is nothing to report."),
        (verdict, "") => {
            format!("{name}: {}. No cause was found, so there is nobody to write to.", verdict.as_str())
        }
        (verdict, codes) => format!(
            "{name}: {}. The cause is on this host ({codes}): there is nothing to ask of others.",
            verdict.as_str()
        ),
    }
}

/// One target's, for whoever must act on one finding.
struct Ticket<'a> {
    seen: Seen<'a>,
    finding: &'a Finding,
    actor: Actor<'a>,
}

impl Ticket<'_> {
    fn write(&self, page: &mut Page) {
        self.header(page);
        if self.actor != Actor::Provider {
            self.fixes(page);
        }
        self.observed(page);
        self.addresses(page);
        self.because(page);
        if self.actor == Actor::Provider {
            provider::checked_here(self, page);
            provider::to_check_there(self, page);
        }
        self.also(page);
        self.not_checked(page);
        page.blank();
        page.paragraph(concat!("Observed by vpce-doctor ", env!("CARGO_PKG_VERSION"), "."));
    }

    fn header(&self, page: &mut Page) {
        let target = &self.seen.target.target;
        page.head("To", &self.addressee());
        let title = rules::find(&self.finding.code).map_or(self.finding.code.as_str(), |meta| meta.title);
        let verdict = self.seen.report.verdict.as_str();
        page.head("Subject", &format!("{} is {verdict}: {title}", target.authority()));
        page.blank();
        if self.actor == Actor::Provider {
            page.paragraph(&provider::ask(self));
        } else {
            page.paragraph("Please make this change: a connection fails for want of it.");
        }
        page.paragraph(&self.finding.summary);
    }

    fn addressee(&self) -> String {
        match self.actor {
            Actor::Provider => {
                let service = self.seen.service().unwrap_or(&self.seen.target.target.host);
                format!("the provider of {service}")
            }
            Actor::Endpoint => match self.seen.endpoint().or(self.meant().as_ref()) {
                Some(id) => format!("the owner of endpoint {id}"),
                None => self.actor.to_string(),
            },
            Actor::Owner(thing) => match self.vpc_of(&thing.id) {
                Some(vpc) => format!("{} ({vpc})", self.actor),
                None => self.actor.to_string(),
            },
            _ => self.actor.to_string(),
        }
    }

    /// The endpoint that the finding is about, where the name does not lead to it.
    fn meant(&self) -> Option<EndpointId> {
        use crate::model::resource::ResourceKind;
        let references = self.finding.evidence.iter().filter_map(|evidence| evidence.reference.as_ref());
        let endpoint =
            references.into_iter().find(|reference| reference.kind == ResourceKind::VpcEndpoint)?;
        Some(EndpointId::new(&endpoint.id))
    }

    /// Of a group, an ACL or a route table.
    fn vpc_of(&self, id: &str) -> Option<String> {
        let inventory = &self.seen.facts.inventory;
        let group = || inventory.security_group(&SecurityGroupId::new(id))?.vpc.clone();
        let acl = || inventory.network_acls.known()?.iter().find(|acl| acl.id.as_str() == id)?.vpc.clone();
        let table =
            || inventory.route_tables.known()?.iter().find(|table| table.id.as_str() == id)?.vpc.clone();
        group().or_else(acl).or_else(table).map(|vpc| vpc.to_string())
    }

    fn observed(&self, page: &mut Page) {
        let seen = &self.seen;
        let target = &seen.target.target;
        page.heading("Observed");
        page.field("when", &format!("{} (UTC)", seen.facts.now));
        if let Some(since) = self.finding.since {
            page.field("since", &format!("{since} (UTC)"));
        }
        if let Some(comparison) = &seen.report.comparison
            && comparison.verdict == Some(TargetVerdict::Healthy)
        {
            page.field("last well", &format!("{} (UTC), by an earlier record", comparison.with));
        }
        page.field("name", &target.host);
        page.field("port", &format!("{}, spoken: {}", seen.port(), target.protocol));
        if let Some(region) = seen.region() {
            page.field("Region", region);
        }
        self.endpoint(page);
        let zone =
            seen.facts.vantage.az_id.known().map(|zone| format!(" in zone {zone}")).unwrap_or_default();
        let clients: Vec<_> = seen.clients().iter().map(ToString::to_string).collect();
        if !clients.is_empty() {
            page.field("client", &format!("{}{zone}", clients.join(", ")));
        }
    }

    fn endpoint(&self, page: &mut Page) {
        let meant = self.meant();
        let Some(id) = self.seen.endpoint().or(meant.as_ref()) else { return };
        let endpoint = self.seen.facts.inventory.endpoint(id);
        page.field(
            "endpoint",
            &match endpoint {
                Some(endpoint) => format!("{id}, state {}", endpoint.state),
                None => id.to_string(),
            },
        );
        if let Some(endpoint) = endpoint {
            page.field("service", &endpoint.service);
            // A provider knows endpoints by their ids; within one organisation the VPC says whose it is.
            if self.actor != Actor::Provider {
                page.field("its VPC", endpoint.vpc.as_str());
                let here = self.seen.facts.vantage.vpc.known().filter(|vpc| **vpc != endpoint.vpc);
                if let Some(vpc) = here {
                    page.field("client's VPC", vpc.as_str());
                }
            }
        }
    }

    fn addresses(&self, page: &mut Page) {
        let rows: Vec<Row<'_>> = self.seen.rows().collect();
        page.heading(if rows.is_empty() { "The name gives no address to connect to." } else { "Addresses" });
        for row in &rows {
            let zone = row.zone().map(|zone| format!(", zone {zone}")).unwrap_or_default();
            let eni = row.judged.eni.as_ref().map(|eni| format!(", {eni}")).unwrap_or_default();
            page.item(&format!("{}{eni}{zone}: {}", row.judged.ip, row.outcome()));
        }
        if rows.iter().any(|row| row.zone().is_some()) {
            page.paragraph("  Zone ids mean the same zone in every account; names (us-east-1a) do not.");
        }
    }

    fn because(&self, page: &mut Page) {
        page.heading(&format!(
            "What it rests on ({}, {})",
            self.finding.code,
            self.finding.confidence.as_str()
        ));
        // What the packets met is told above, address by address.
        let told = |fact: &str| self.seen.rows().any(|row| fact.ends_with(&row.probe.tcp.to_string()));
        for evidence in self.finding.evidence.iter().filter(|evidence| !told(&evidence.fact)) {
            page.item(&evidence.fact);
        }
    }

    fn fixes(&self, page: &mut Page) {
        let fixes = &self.finding.fixes;
        let changes: Vec<_> = fixes.iter().filter(|fix| fix.change.is_some()).collect();
        let proved = !changes.is_empty() && changes.iter().all(|fix| fix.verified);
        page.heading("What is asked for");
        for fix in fixes {
            page.item(&fix.text);
            if let Some(cli) = &fix.cli {
                page.command(cli);
            }
        }
        let others = self.others().any(|other| other.fixes.iter().any(|fix| fix.change.is_some()));
        if proved && others {
            let text = "Proved together with what others are asked for: with all of it, the packets pass.";
            page.paragraph(&format!("  {text}"));
        } else if proved {
            page.paragraph("  Proved on a copy of the configuration: with it, the packets pass.");
        } else if !changes.is_empty() {
            page.paragraph(
                "  Not proved: with it alone, the packets would still not pass, or it cannot be told.",
            );
        }
    }

    fn others(&self) -> impl Iterator<Item = &Finding> {
        let is_other =
            |other: &&Finding| other.severity == Severity::Error && other.code != self.finding.code;
        self.seen.report.findings.iter().filter(is_other)
    }

    /// Causes besides, and who has to see to each.
    fn also(&self, page: &mut Page) {
        let is_other =
            |other: &&Finding| other.severity == Severity::Error && other.code != self.finding.code;
        let others: Vec<_> = self.seen.report.findings.iter().filter(is_other).collect();
        if others.is_empty() {
            return;
        }
        page.heading("Also found");
        for other in others {
            page.item(&format!("{} ({}): {}", other.code, actor(other), other.summary));
        }
    }

    fn not_checked(&self, page: &mut Page) {
        let mut gaps: Vec<(String, Vec<&str>)> = Vec::new();
        for undecided in &self.seen.report.undecided {
            let gap = format!("{} ({})", undecided.why.missing, undecided.why.reason.describe());
            match gaps.iter_mut().find(|(known, _)| *known == gap) {
                Some((_, codes)) => codes.push(&undecided.code),
                None => gaps.push((gap, vec![&undecided.code])),
            }
        }
        let unread = match &self.seen.facts.inventory.source {
            InventorySource::None { why } => Some(format!("the VPC's configuration was not read ({why})")),
            _ => None,
        };
        if gaps.is_empty() && unread.is_none() {
            return;
        }
        page.heading("Could not be checked");
        if let Some(gap) = unread {
            page.item(&gap);
        }
        for (gap, codes) in gaps {
            page.item(&format!("for want of {gap}: {}", codes.join(", ")));
        }
    }
}
