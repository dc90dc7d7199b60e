//! The way there and back as stairs: the source's side on the left, what lies between in the middle, the destination's
//! side on the right, each hop on a line, in the order in which packets meet it.

use std::fmt::Write as _;

use crate::{
    model::{
        firewall::Direction,
        known::Reason,
        net::ProtocolMatch,
        path::{EndReport, GroupReport, PartReport, PathReport, StepVerdict},
    },
    render::{
        human::prose::clean,
        style::{Styles, paint},
        wrap,
    },
};

/// Columns before the rails of the three sides.
const SOURCE: usize = 2;
const BETWEEN: usize = 7;
const DESTINATION: usize = 12;

pub(super) fn draw(out: &mut String, report: &PathReport, styles: &Styles) {
    let (first, further) = way(report, "forward-route");
    let leaves = hops(report, &["source-interface", "source-sg-egress", "source-nacl-egress"], first);
    let arrives = ["destination-interface", "destination-nacl-ingress", "destination-sg-ingress"];
    let arrives = hops(report, &arrives, None);
    let (first, further_back) = way(report, "return-route");
    let replies = hops(report, &["return-nacl-egress"], first);
    let returns = hops(report, &["return-nacl-ingress"], None);

    let at_source = widest(&[&leaves, &returns]);
    let between = widest(&[&further, &further_back]);
    let at_destination = widest(&[&arrives, &replies]);
    let mut picture = Picture { out, styles, lost: false };

    picture.end(SOURCE, "", &report.from);
    picture.hops(SOURCE, at_source, &leaves);
    let stair = picture.go_on(&further, between);
    let tread = picture.tread(DESTINATION - stair - 3);
    picture.end(stair, &format!("'{tread}> "), &report.to);
    picture.hops(DESTINATION, at_destination, &arrives);

    picture.turn(report);
    picture.hops(DESTINATION, at_destination, &replies);
    picture.go_back(&further_back, between);
    picture.hops(SOURCE, at_source, &returns);
    if !picture.lost {
        picture.line(SOURCE, "v");
    }
}

/// The steps that one line tells of: several, where they have no resource and the same to say.
#[derive(Clone)]
struct Hop<'a> {
    part: &'a PartReport,
    words: Vec<&'static str>,
}

/// The route that the sender's own table takes, and what lies behind it.
fn way<'a>(report: &'a PathReport, step: &str) -> (Option<Hop<'a>>, Vec<Hop<'a>>) {
    let mut all = parts(report, step).into_iter();
    (all.next(), all.collect())
}

fn hops<'a>(report: &'a PathReport, steps: &[&str], last: Option<Hop<'a>>) -> Vec<Hop<'a>> {
    let mut told: Vec<Hop<'a>> = Vec::new();
    for hop in steps.iter().flat_map(|step| parts(report, step)).chain(last) {
        match told.last_mut() {
            Some(before) if before.says_the_same(&hop) => before.words.extend(hop.words),
            _ => told.push(hop),
        }
    }
    told
}

fn parts<'a>(report: &'a PathReport, step: &str) -> Vec<Hop<'a>> {
    let word = match step {
        "source-interface" | "destination-interface" => "interface",
        "source-sg-egress" | "destination-sg-ingress" => "security group",
        "forward-route" | "return-route" => "route",
        _ => "network ACL",
    };
    let step = report.steps.iter().filter(|one| one.step == step);
    step.flat_map(|step| &step.parts).map(|part| Hop { part, words: vec![word] }).collect()
}

fn widest(sides: &[&Vec<Hop<'_>>]) -> usize {
    let labels = sides.iter().flat_map(|side| side.iter()).flat_map(|hop| {
        let groups = hop.part.admits.iter().map(|admits| admits.group.as_str());
        hop.label().into_iter().chain(groups)
    });
    labels.map(str::len).max().unwrap_or(0)
}

impl<'a> Hop<'a> {
    fn says_the_same(&self, other: &Hop<'_>) -> bool {
        self.part.resource.is_none()
            && other.part.resource.is_none()
            && self.part.verdict == other.part.verdict
            && self.part.rule == other.part.rule
    }

    /// What stands in the first column: an id, or the word for what could not be read. What is not met has neither.
    fn label(&self) -> Option<&'a str> {
        match (&self.part.resource, self.words.as_slice()) {
            (Some(resource), _) => Some(&resource.id),
            (None, [word]) if self.part.verdict != StepVerdict::Allow => Some(word),
            (None, _) => None,
        }
    }

    /// Without the id that stands before it.
    fn rule(&self) -> String {
        let part = self.part;
        let about = part.resource.as_ref().map(|resource| format!("{} ", resource.id));
        let own = about.and_then(|about| part.rule.strip_prefix(&about));
        let rule = own.unwrap_or(&part.rule);
        match self.words.as_slice() {
            words @ [_, _, ..] if part.verdict != StepVerdict::Allow => {
                format!("{}: {rule}", words.join(", "))
            }
            _ => rule.to_owned(),
        }
    }
}

struct Picture<'a> {
    out: &'a mut String,
    styles: &'a Styles,
    /// Something stopped the packets before: what follows is what they would meet.
    lost: bool,
}

/// The columns of a hop.
struct Row<'a> {
    rail: String,
    mark: String,
    width: usize,
    part: &'a PartReport,
}

impl Row<'_> {
    /// Rules that do not fit on one line together stand under one another.
    fn write(&self, out: &mut String, label: &str, rules: &[String]) {
        let direction = match self.part.direction {
            Some(Direction::Egress) => "out",
            Some(Direction::Ingress) => "in",
            None => "",
        };
        let (rail, width) = (&self.rail, self.width);
        let first = format!("{rail} {} {:width$}  {direction:3}  ", self.mark, clean(label));
        let later = format!("{rail}   {:width$}       ", "");
        let whole = clean(&rules.join("; "));
        if rules.len() == 1 || wrap::columns(&first) + wrap::columns(&whole) <= wrap::WIDTH {
            return wrap::text(out, &first, &later, &whole);
        }
        let under = format!("{later}{:1$}", "", "only ".len());
        for (at, rule) in rules.iter().enumerate() {
            wrap::text(out, if at == 0 { &first } else { &under }, &under, &clean(rule));
        }
    }
}

impl Picture<'_> {
    fn line(&mut self, indent: usize, drawn: &str) {
        let _ = writeln!(self.out, "{:indent$}{}", "", paint(self.styles.faint, drawn));
    }

    /// An end, with all that says where it is.
    fn end(&mut self, indent: usize, arrow: &str, end: &EndReport) {
        let mut about = vec![paint(self.styles.heading, clean(&end.named))];
        let ip = end.ip.to_string();
        if ip != end.named {
            about.push(ip);
        }
        if let Some(owner) = end.owner.as_ref().filter(|owner| owner.id != end.named) {
            about.push(clean(&owner.id));
        } else if let Some(eni) = end.eni.as_ref().filter(|eni| end.owner.is_none() && eni.0 != end.named) {
            about.push(clean(eni.as_str()));
        }
        about.extend(end.az_id.as_ref().map(|az| clean(az.as_str())));
        about.extend(end.vpc.as_ref().map(|vpc| clean(vpc.as_str())));
        about.extend(end.unplaced.as_ref().map(|why| match why.reason {
            Reason::Unheld => why.reason.describe(),
            _ => "its place is not known".to_owned(),
        }));
        let first = format!("{:indent$}{}", "", paint(self.styles.faint, arrow));
        let later = " ".repeat(indent + arrow.len());
        wrap::text(self.out, &first, &later, &about.join("  "));
    }

    fn hops(&mut self, indent: usize, width: usize, hops: &[Hop<'_>]) {
        for hop in hops {
            self.hop(indent, width, hop);
            self.lost |= hop.part.verdict == StepVerdict::Deny;
        }
    }

    fn hop(&mut self, indent: usize, width: usize, hop: &Hop<'_>) {
        let row = Row { rail: self.rail(indent), mark: self.mark(hop.part), width, part: hop.part };
        match (hop.label(), hop.part.admits.as_slice()) {
            (Some(label), []) => row.write(self.out, label, &[hop.rule()]),
            (Some(_), groups) => {
                for GroupReport { group, rules } in groups {
                    row.write(self.out, group.as_str(), rules);
                }
            }
            (None, _) => {
                let (first, later) = (format!("{} {} ", row.rail, row.mark), format!("{}   ", row.rail));
                wrap::text(self.out, &first, &later, &clean(&hop.rule()));
            }
        }
    }

    fn rail(&self, indent: usize) -> String {
        format!("{:indent$}{}", "", paint(self.styles.faint, "|"))
    }

    fn mark(&self, part: &PartReport) -> String {
        match part.verdict {
            StepVerdict::Allow if part.blocked_share > 0.0 => paint(self.styles.doubtful, "!"),
            StepVerdict::Allow => paint(self.styles.good, "✓"),
            StepVerdict::Undecided => paint(self.styles.doubtful, "?"),
            StepVerdict::Deny => paint(self.styles.bad, "✗"),
        }
    }

    /// From the source's side to where the last step leads to the destination.
    fn go_on(&mut self, further: &[Hop<'_>], width: usize) -> usize {
        if further.is_empty() {
            return SOURCE;
        }
        let tread = self.tread(BETWEEN - SOURCE - 1);
        self.line(SOURCE, &format!("'{tread}."));
        self.hops(BETWEEN, width, further);
        BETWEEN
    }

    fn turn(&mut self, report: &PathReport) {
        // Whether the destination answers is asked by itself.
        self.lost = false;
        let seen = report.seen;
        let service = format!("{}/{}", ProtocolMatch::Number(report.protocol), seen.ports);
        let whom = if seen.ip == report.from.ip { "" } else { ", as which the client comes" };
        self.line(DESTINATION, "|");
        let caption = format!("| replies to {}{whom}, {service}:", seen.ip);
        self.line(DESTINATION, &caption);
    }

    fn go_back(&mut self, further: &[Hop<'_>], width: usize) {
        let mut stair = DESTINATION;
        if !further.is_empty() {
            let tread = self.tread(DESTINATION - BETWEEN - 1);
            self.line(BETWEEN, &format!(".{tread}'"));
            self.hops(BETWEEN, width, further);
            stair = BETWEEN;
        }
        let tread = self.tread(stair - SOURCE - 1);
        self.line(SOURCE, &format!(".{tread}'"));
    }

    /// Drawn through as far as packets come.
    fn tread(&self, columns: usize) -> String {
        if self.lost { "- ".repeat(columns).chars().take(columns).collect() } else { "-".repeat(columns) }
    }
}
