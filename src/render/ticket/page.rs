//! Lines of at most 100 columns, for mail and web forms.

use std::fmt::Write as _;

use crate::render::{
    human::prose::clean,
    wrap::{self, WIDTH},
};

/// Where the values of fields begin.
const LABEL: usize = 14;

/// Of commands.
const INDENT: usize = 4;

/// The text of tickets as it grows. Whatever is written is other people's text, too: control characters in it are
/// shown, not obeyed.
#[derive(Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Between two tickets.
    pub(super) fn rule(&mut self) {
        if !self.text.is_empty() {
            let _ = writeln!(self.text, "{:-<WIDTH$}", "");
        }
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    pub(super) fn heading(&mut self, text: &str) {
        self.blank();
        self.paragraph(text);
    }

    pub(super) fn paragraph(&mut self, text: &str) {
        self.wrapped("", "", text);
    }

    /// `To: …`, as in a mail.
    pub(super) fn head(&mut self, name: &str, text: &str) {
        self.wrapped(&format!("{name}: "), "  ", text);
    }

    pub(super) fn field(&mut self, label: &str, text: &str) {
        self.wrapped(&format!("  {label:LABEL$}"), &" ".repeat(LABEL + 2), text);
    }

    pub(super) fn item(&mut self, text: &str) {
        self.wrapped("  - ", "    ", text);
    }

    pub(super) fn command(&mut self, command: &str) {
        let _ = writeln!(self.text, "{}", wrap::command(INDENT, &clean(command)));
    }

    fn wrapped(&mut self, first: &str, later: &str, text: &str) {
        wrap::text(&mut self.text, first, later, &clean(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown() {
        let mut page = Page::default();
        page.paragraph("a\u{1b}[2Jb\nc");
        page.command("aws \u{1b}[2J");
        assert_eq!(page.into_text(), "a\\u{1b}[2Jb\\nc\n    aws \\u{1b}[2J\n");
    }
}
