//! The report as tickets: what to write to each who must act, for one target or for many, ready to paste.
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
        finding::{Confidence, Finding, Fix, Severity},
        id::{EndpointId, SecurityGroupId},
        inventory::InventorySource,
        report::{Report, TargetReport, TargetVerdict},
    },
    rules,
};

use super::human::prose::{Actor, actor};

pub fn render(report: &Report) -> String {
    let facts = &report.facts;
    let seen: Vec<Seen<'_>> = facts
        .targets
        .iter()
        .zip(&report.targets)
        .map(|(target, judged)| Seen { facts, target, report: judged })
        .collect();
    let mut page = Page::default();
    let tickets = tickets(&seen);
    for one in &seen {
        for ticket in tickets.iter().filter(|ticket| ticket.seen.is_same(one)) {
            page.rule();
            ticket.write(&mut page);
        }
        if !tickets.iter().any(|ticket| ticket.targets().iter().any(|target| target.is_same(one))) {
            page.rule();
            page.paragraph(&nothing_to_ask(one));
        }
    }
    page.into_text()
}

/// One for each who must act, with everything that is asked of him, for whichever targets.
fn tickets<'a>(seen: &[Seen<'a>]) -> Vec<Ticket<'a>> {
    let mut tickets: Vec<Ticket<'a>> = Vec::new();
    for seen in seen {
        for finding in asked(seen.report) {
            let new = Ticket { seen: *seen, finding, actor: actor(finding), further: Vec::new() };
            let addressee = new.addressee();
            match tickets.iter_mut().find(|ticket| ticket.addressee() == addressee) {
                Some(ticket) => ticket.further.push((*seen, finding)),
                None => tickets.push(new),
            }
        }
    }
    tickets
}

/// What somebody else must mend: the causes of what fails, and those that they hide. Nobody is written to for what is
/// merely possible, unless there is nothing better.
fn asked(report: &TargetReport) -> impl Iterator<Item = &Finding> {
    let others = |finding: &&Finding| !matches!(actor(finding), Actor::Host | Actor::Run);
    let first = causes(report).find(others).map(|finding| finding.code.as_str());
    causes(report).filter(others).filter(move |finding| {
        finding.confidence > Confidence::Possible || first == Some(finding.code.as_str())
    })
}

fn causes(report: &TargetReport) -> impl Iterator<Item = &Finding> {
    report.findings.iter().filter(|finding| finding.severity == Severity::Error || finding.after.is_some())
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

/// For whoever must act: on one finding of one target, and on what else is his.
struct Ticket<'a> {
    seen: Seen<'a>,
    finding: &'a Finding,
    actor: Actor<'a>,
    further: Vec<(Seen<'a>, &'a Finding)>,
}

impl<'a> Ticket<'a> {
    fn write(&self, page: &mut Page) {
        self.header(page);
        if self.actor != Actor::Provider {
            self.fixes(page);
        }
        self.observed(page);
        for seen in self.targets() {
            self.addresses(&seen, page);
        }
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

    /// What is asked, target by target.
    fn findings(&self) -> impl Iterator<Item = &'a Finding> {
        std::iter::once(self.finding).chain(self.further.iter().map(|(_, finding)| *finding))
    }

    /// Each once, in the order of the report.
    fn targets(&self) -> Vec<Seen<'a>> {
        let mut targets = vec![self.seen];
        for (seen, _) in &self.further {
            if !targets.iter().any(|known| known.is_same(seen)) {
                targets.push(*seen);
            }
        }
        targets
    }

    fn header(&self, page: &mut Page) {
        let target = &self.seen.target.target;
        page.head("To", &self.addressee());
        let title = rules::find(&self.finding.code).map_or(self.finding.code.as_str(), |meta| meta.title);
        let targets = self.targets();
        let subject = match targets.as_slice() {
            [one] => format!("{} is {}: {title}", target.authority(), one.report.verdict.as_str()),
            many => format!("{} targets fail: {title}", many.len()),
        };
        page.head("Subject", &subject);
        page.blank();
        if self.actor == Actor::Provider {
            page.paragraph(&provider::ask(self));
        } else {
            page.paragraph(&self.ask());
        }
        for summary in once_each(self.findings().map(|finding| &finding.summary)) {
            page.paragraph(summary);
        }
    }

    fn ask(&self) -> String {
        let names: Vec<_> = self.targets().iter().map(|seen| seen.target.target.authority()).collect();
        let connections = format!("connections to {}", names.join(", "));
        match &self.finding.after {
            Some(first) => {
                format!("Please make this change: without it, {connections} will fail once {first} is fixed.")
            }
            None => format!("Please make this change: without it, {connections} fail."),
        }
    }

    fn addressee(&self) -> String {
        match self.actor {
            Actor::Provider => {
                let service = provider::service(self).unwrap_or(&self.seen.target.target.host);
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
            Actor::Vpc => match self.seen.facts.vantage.vpc.known() {
                Some(vpc) => format!("whoever owns {vpc}"),
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
        match self.targets().as_slice() {
            [_] => {
                page.field("name", &target.host);
                page.field("port", &format!("{} ({})", seen.port(), target.protocol));
            }
            many => {
                for (at, seen) in many.iter().enumerate() {
                    let (target, verdict) = (&seen.target.target, seen.report.verdict.as_str());
                    let text = format!("{} ({}), {verdict}", target.authority(), target.protocol);
                    page.field(if at == 0 { "targets" } else { "" }, &text);
                }
            }
        }
        if let Some(region) = seen.region() {
            page.field("Region", region);
        }
        self.endpoint(page);
        self.client(page);
    }

    fn client(&self, page: &mut Page) {
        let vantage = &self.seen.facts.vantage;
        let zone = vantage.az_id.known().map(|zone| format!(" in zone {zone}")).unwrap_or_default();
        let clients: Vec<_> = self.seen.clients().iter().map(ToString::to_string).collect();
        if clients.is_empty() {
            return;
        }
        // What a rule may be asked for, and nothing to a provider.
        let mut ids: Vec<String> = Vec::new();
        if self.actor != Actor::Provider {
            ids.extend(vantage.eni.known().map(ToString::to_string));
            ids.extend(vantage.security_groups.known().into_iter().flatten().map(ToString::to_string));
            ids.extend(vantage.subnet.known().map(ToString::to_string));
        }
        let ids = if ids.is_empty() { String::new() } else { format!(" ({})", ids.join(", ")) };
        page.field("client", &format!("{}{ids}{zone}", clients.join(", ")));
    }

    fn endpoint(&self, page: &mut Page) {
        let meant = self.meant();
        let mut ids: Vec<EndpointId> = Vec::new();
        for seen in self.targets() {
            let id = seen.endpoint().cloned().or_else(|| meant.clone());
            ids.extend(id.filter(|id| !ids.contains(id)));
        }
        for id in &ids {
            self.one_endpoint(id, page);
        }
    }

    fn one_endpoint(&self, id: &EndpointId, page: &mut Page) {
        let Some(endpoint) = self.seen.facts.inventory.endpoint(id) else {
            page.field("endpoint", id.as_str());
            return;
        };
        page.field("endpoint", &format!("{id}, state {}", endpoint.state));
        page.field("service", &endpoint.service);
        if self.actor == Actor::Provider {
            // With the id, what a provider knows an endpoint by.
            if let Some(owner) = &endpoint.owner {
                page.field("its account", owner);
            }
            return;
        }
        // Within one organisation the VPC says whose it is.
        page.field("its VPC", endpoint.vpc.as_str());
        if let Some(vpc) = self.seen.facts.vantage.vpc.known().filter(|vpc| **vpc != endpoint.vpc) {
            page.field("client's VPC", vpc.as_str());
        }
    }

    fn addresses(&self, seen: &Seen<'_>, page: &mut Page) {
        let rows: Vec<Row<'_>> = seen.rows().collect();
        let several = self.targets().len() > 1;
        page.heading(&match (rows.is_empty(), several) {
            (true, false) => "The name gives no address to connect to.".to_owned(),
            (true, true) => format!("{} gives no address to connect to.", seen.target.target.host),
            (false, false) => "Addresses".to_owned(),
            (false, true) => format!("Addresses of {}", seen.target.target.authority()),
        });
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
        let confidence = self.finding.confidence.as_str();
        let codes = once_each(self.findings().map(|finding| finding.code.as_str()));
        page.heading(&format!("Evidence ({}, {confidence})", codes.join(", ")));
        // What the packets met is told above, address by address.
        let targets = self.targets();
        let told = |fact: &str| {
            let rows = targets.iter().flat_map(Seen::rows);
            rows.into_iter().any(|row| fact.ends_with(&row.probe.tcp.to_string()))
        };
        let facts =
            self.findings().flat_map(|finding| &finding.evidence).map(|evidence| evidence.fact.as_str());
        for fact in once_each(facts.filter(|fact| !told(fact))) {
            page.item(fact);
        }
    }

    fn fixes(&self, page: &mut Page) {
        let mut fixes: Vec<&Fix> = Vec::new();
        for fix in self.findings().flat_map(|finding| &finding.fixes) {
            if !fixes.iter().any(|known| known.text == fix.text && known.cli == fix.cli) {
                fixes.push(fix);
            }
        }
        let changes: Vec<_> = fixes.iter().filter(|fix| fix.change.is_some()).collect();
        let proved = !changes.is_empty() && changes.iter().all(|fix| fix.verified);
        page.heading("What is asked for");
        for fix in &fixes {
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

    /// Causes besides, which are asked of others or of nobody.
    fn others(&self) -> impl Iterator<Item = &'a Finding> {
        let own = |finding: &Finding| self.findings().any(|own| std::ptr::eq(own, finding));
        let all: Vec<_> = self.targets().iter().flat_map(|seen| causes(seen.report)).collect();
        all.into_iter().filter(move |finding| !own(finding))
    }

    /// And who has to see to each.
    fn also(&self, page: &mut Page) {
        let told = self.others().map(|other| format!("{} ({}): {}", other.code, actor(other), other.summary));
        let others = once_each(told);
        if others.is_empty() {
            return;
        }
        page.heading("Also found");
        for other in others {
            page.item(&other);
        }
    }

    fn not_checked(&self, page: &mut Page) {
        let mut gaps: Vec<(String, Vec<&str>)> = Vec::new();
        let targets = self.targets();
        for undecided in targets.iter().flat_map(|seen| &seen.report.undecided) {
            let gap = format!("{} ({})", undecided.why.missing, undecided.why.reason.describe());
            match gaps.iter_mut().find(|(known, _)| *known == gap) {
                Some((_, codes)) if codes.contains(&undecided.code.as_str()) => {}
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
            page.item(&format!("without {gap}: {}", codes.join(", ")));
        }
    }
}

fn once_each<T: PartialEq>(all: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut told: Vec<T> = Vec::new();
    for one in all {
        if !told.contains(&one) {
            told.push(one);
        }
    }
    told
}
