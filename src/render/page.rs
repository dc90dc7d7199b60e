//! The page at `/`: what is watched, how it fares, and where to read more. No script, no style sheet to load.

use std::fmt::Write as _;

use crate::model::{report::TargetReport, target::Target};

/// One row a target; no report yet before its first cycle ended.
pub fn render<'a>(targets: impl IntoIterator<Item = (&'a Target, Option<&'a TargetReport>)>) -> String {
    let mut page = HEAD.to_owned();
    for (target, report) in targets {
        let verdict = report.map_or("not probed yet", |report| report.verdict.as_str());
        let cause = report.and_then(|report| report.findings.first());
        let cause = cause.map_or(String::new(), |cause| {
            format!("<code>{}</code> {}", escape(&cause.code), escape(&cause.summary))
        });
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "<tr><td>{}<td>{}<td>{verdict}<td>{cause}",
            escape(&target.name),
            escape(&target.authority()),
        );
    }
    page.push_str("</table>\n");
    page
}

const HEAD: &str = concat!(
    "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<title>vpce-doctor</title>\n<h1>vpce-doctor ",
    env!("CARGO_PKG_VERSION"),
    "</h1>\n<p><a href=/metrics>metrics</a> · <a href=/api/v1/report>report</a> · \
     <a href=/-/healthy>healthy</a> · <a href=/-/ready>ready</a>\n\
     <table>\n<tr><th>target<th>address<th>verdict<th>first finding\n",
);

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
