//! The views of a name, one a line, and where its way is left.

use crate::{
    model::views::{Departure, Owner, View, Viewer, Views},
    render::{
        style::paint,
        wrap::{self, columns},
    },
};

use super::{Section, prose::clean};

/// Longer texts do not push the rest of the table to the right.
const WIDEST: usize = 34;

/// What the table says is not said again.
pub(super) fn tells(views: &Views, fact: &String) -> bool {
    views.differ() && views.facts.contains(fact)
}

impl Section<'_> {
    pub(super) fn views(&self, out: &mut String) {
        let views = &self.report.views;
        self.labelled(out, "name", &format!("{}, as it is seen:", clean(&self.target.target.host)));
        let lines: Vec<_> = lines(views);
        let widths = lines.iter().map(|line| columns(&line.said)).filter(|width| *width <= WIDEST);
        let width = widths.max().unwrap_or(0);
        for line in &lines {
            let (mark, style) = match line.right {
                Some(true) => ("✓", self.styles.good),
                Some(false) => ("✗", self.styles.bad),
                None => ("·", self.styles.faint),
            };
            let pad = width.saturating_sub(columns(&line.said));
            let text =
                format!("{} {}{:pad$}   {}", paint(style, mark), clean(&line.said), "", clean(&line.by));
            wrap::text(out, INDENT, LATER, &text);
        }
        if self.target.untried() > 0 {
            let all = self.target.resolution.system.addresses().len();
            let tried = all - self.target.untried();
            wrap::text(
                out,
                INDENT,
                LATER,
                &format!("! of {all} addresses {tried} were tried, the first as they are given"),
            );
        }
        if let Some(departure) = &views.departure {
            wrap::text(out, INDENT, LATER, &clean(&left_at(views, departure)));
        }
    }
}

const INDENT: &str = "      ";
const LATER: &str = "        ";

struct Line {
    right: Option<bool>,
    said: String,
    by: String,
}

fn lines(views: &Views) -> Vec<Line> {
    let inventory = views.expected.iter().map(|expected| Line {
        right: Some(true),
        said: words(expected.addresses.iter().map(ToString::to_string)),
        by: format!("{} (its network interfaces)", expected.endpoint),
    });
    let told = |view: &View| Line { right: view.right, said: view.said.clone(), by: view.by.clone() };
    let (own, rows): (Vec<_>, Vec<_>) =
        views.rows.iter().partition(|row| matches!(row.viewer, Viewer::EndpointName { .. }));
    inventory.chain(own_names(&own).into_iter().map(told)).chain(rows.into_iter().map(told)).collect()
}

/// One row for each of the endpoint's own names, the best that anybody says of it; where all are alike, the first alone.
fn own_names<'v>(rows: &[&'v View]) -> Vec<&'v View> {
    let name = |row: &View| match &row.viewer {
        Viewer::EndpointName { name, .. } => name.clone(),
        _ => String::new(),
    };
    let mut best: Vec<&View> = Vec::new();
    for row in rows {
        match best.iter_mut().find(|other| name(other) == name(row)) {
            Some(other) if other.right != Some(true) && row.right == Some(true) => *other = row,
            Some(_) => {}
            None => best.push(row),
        }
    }
    if best.windows(2).all(|pair| pair[0].right == pair[1].right) {
        best.truncate(1);
    }
    best
}

fn words(items: impl Iterator<Item = String>) -> String {
    let items: Vec<_> = items.collect();
    match items.as_slice() {
        [one, two] => format!("{one} and {two}"),
        all => all.join(", "),
    }
}

fn left_at(views: &Views, departure: &Departure) -> String {
    let viewer = views.rows.get(departure.at).map(|row| &row.viewer);
    let place = viewer.map(place).unwrap_or_default();
    let whose = match departure.owner {
        Owner::ThisHost => "yours to change, on this host",
        Owner::Server(_) => "for whoever runs it to change",
        Owner::Vpc => {
            "for whoever owns this VPC to change: a zone, a rule of Route 53 Resolver, or private DNS"
        }
        Owner::Provider => "for the service's provider to change",
    };
    let reason = departure.reason.as_ref().map(|reason| format!("; {reason}")).unwrap_or_default();
    match viewer {
        Some(Viewer::System) => format!("↑ it goes wrong on this host{reason}"),
        _ => format!("↑ it goes wrong at {place}, {whose}{reason}"),
    }
}

fn place(viewer: &Viewer) -> String {
    match viewer {
        Viewer::EndpointName { name, .. } => name.clone(),
        Viewer::VpcResolver(server) => format!("{} (the VPC's resolver)", server.ip()),
        Viewer::Upstream(server) | Viewer::Server(server) => server.ip().to_string(),
        Viewer::HostsFile => "the hosts file".to_owned(),
        Viewer::System => "this host's own resolver".to_owned(),
    }
}
