//! Colours by role. Plain by default, so that text for files, tests and pipes takes the same path.

use anstyle::{AnsiColor, Style};

#[derive(Clone, Copy, Debug, Default)]
pub struct Styles {
    pub good: Style,
    pub bad: Style,
    pub doubtful: Style,
    pub heading: Style,
    pub faint: Style,
    pub command: Style,
}

impl Styles {
    pub fn colored() -> Self {
        let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
        Self {
            good: color(AnsiColor::Green),
            bad: color(AnsiColor::Red).bold(),
            doubtful: color(AnsiColor::Yellow),
            heading: Style::new().bold(),
            faint: Style::new().dimmed(),
            command: color(AnsiColor::Cyan),
        }
    }
}

/// The text in a style, reset behind it.
pub fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}
