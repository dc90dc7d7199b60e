//! One address in one line: where it lies, what the configuration says of the way, how far the packets came.

use crate::{
    model::{
        known::Known,
        observation::{AddressProbe, HttpOutcome, TcpOutcome, TcpProbe, TlsOutcome, TlsProbe},
        report::{AddressReport, Cell, PathVerdict},
    },
    render::style::{Styles, paint},
};

use super::prose::clean;

pub(super) fn told(probe: &AddressProbe, row: &AddressReport, styles: &Styles) -> String {
    Line(styles).told(probe, row)
}

struct Line<'a>(&'a Styles);

impl Line<'_> {
    fn told(&self, probe: &AddressProbe, row: &AddressReport) -> String {
        let mut parts = Vec::new();
        if let Some(az) = &row.az_id {
            parts.push(az.to_string());
        }
        if !probe.used {
            parts.push("not what applications get".to_owned());
        }
        parts.push(self.path(row));
        parts.push(self.tcp(&probe.tcp));
        if row.cell == Some(Cell::DeniedAnswered) {
            parts.push("answers although the configuration denies it".to_owned());
        }
        parts.extend(probe.tls.as_ref().and_then(|tls| self.tls(tls)));
        if let Some(http) = &probe.http
            && let Some(text) = self.http(&http.outcome)
        {
            parts.push(text);
        }
        parts.join("   ")
    }

    fn path(&self, row: &AddressReport) -> String {
        match &row.path {
            Known::Known(PathVerdict::Allow) if row.blocked_share > 0.0 => {
                let percent = (row.blocked_share * 100.0).floor();
                format!(
                    "path {} blocked for {percent:.0} % of this host's ports",
                    paint(self.0.doubtful, "!")
                )
            }
            Known::Known(PathVerdict::Allow) => format!("path {} allowed", paint(self.0.good, "✓")),
            Known::Known(PathVerdict::Deny) => {
                let why = row.blocked_by.as_deref().unwrap_or("blocked");
                format!("path {} {}", paint(self.0.bad, "✗"), clean(why))
            }
            Known::Unknown(_) => format!("path {} not known", paint(self.0.doubtful, "?")),
        }
    }

    fn mark(&self, good: bool) -> String {
        if good { paint(self.0.good, "✓") } else { paint(self.0.bad, "✗") }
    }

    fn tcp(&self, probe: &TcpProbe) -> String {
        match &probe.outcome {
            TcpOutcome::Connected { .. } => format!("tcp {} {}", self.mark(true), probe.seconds),
            _ => format!("tcp {} {probe}", self.mark(false)),
        }
    }

    fn tls(&self, probe: &TlsProbe) -> Option<String> {
        let text = match &probe.outcome {
            TlsOutcome::NotTried => return None,
            TlsOutcome::Completed if probe.passed() => {
                format!("{} {}", probe.version.as_deref().unwrap_or(""), probe.seconds)
            }
            TlsOutcome::Completed => "certificate does not verify".to_owned(),
            TlsOutcome::Alert { description } => format!("alert {description}"),
            TlsOutcome::NotTls { .. } => "no TLS on this port".to_owned(),
            TlsOutcome::UnexpectedEof => "closed during the handshake".to_owned(),
            TlsOutcome::Reset => "reset during the handshake".to_owned(),
            TlsOutcome::TimedOut => format!("no answer to the ClientHello in {}", probe.seconds),
            TlsOutcome::Failed { message } => message.clone(),
        };
        Some(format!("tls {} {}", self.mark(probe.passed()), text.trim()))
    }

    fn http(&self, outcome: &HttpOutcome) -> Option<String> {
        match outcome {
            HttpOutcome::NotTried => None,
            HttpOutcome::Answered { status } => Some(format!("http {status}")),
            HttpOutcome::TimedOut => Some(format!("http {} no answer", self.mark(false))),
            HttpOutcome::Failed { message } => Some(format!("http {} {message}", self.mark(false))),
        }
    }
}
