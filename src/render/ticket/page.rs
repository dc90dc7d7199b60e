//! Lines of at most 100 columns, for mail and web forms.

use std::fmt::Write as _;

use crate::render::human::prose::clean;

const WIDTH: usize = 100;

/// Where the values of fields begin.
const LABEL: usize = 14;

/// Before a word of a command's later lines.
const CONTINUED: &str = "     ";

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
        let _ = writeln!(self.text, "{:-<WIDTH$}", "");
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

    /// Over several lines where it must be, as a shell takes it; an option keeps its value where it can.
    pub(super) fn command(&mut self, command: &str) {
        let words = words(&clean(command));
        let mut line = "   ".to_owned();
        let mut empty = true;
        for (at, word) in words.iter().enumerate() {
            // Two columns for the sign that the command goes on.
            let room = (WIDTH - 2).saturating_sub(columns(&line));
            let value = words.get(at + 1).filter(|next| word.starts_with("--") && !next.starts_with("--"));
            let together = columns(word) + value.map_or(0, |value| columns(value) + 1);
            let fits_anywhere = CONTINUED.len() + 1 + together <= WIDTH - 2;
            let wanted = if fits_anywhere { together } else { columns(word) };
            if !empty && wanted + 1 > room {
                let _ = writeln!(self.text, "{line} \\");
                CONTINUED.clone_into(&mut line);
            }
            let _ = write!(line, " {word}");
            empty = false;
        }
        let _ = writeln!(self.text, "{line}");
    }

    /// Breaks between words. A word that is longer than a line stays whole: half an id is none.
    fn wrapped(&mut self, first: &str, later: &str, text: &str) {
        let mut line = first.to_owned();
        let mut empty = true;
        for word in clean(text).split(' ') {
            if !empty && columns(&line) + 1 + columns(word) > WIDTH {
                let _ = writeln!(self.text, "{}", line.trim_end());
                later.clone_into(&mut line);
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        let _ = writeln!(self.text, "{}", line.trim_end());
    }
}

fn columns(text: &str) -> usize {
    text.chars().count()
}

/// As a shell splits it: quotes hold a word together.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match quote {
            None if c == ' ' => words.push(String::new()),
            None if c == '\'' || c == '"' => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ => {}
        }
        if (c != ' ' || quote.is_some())
            && let Some(word) = words.last_mut()
        {
            word.push(c);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    fn lines(write: impl FnOnce(&mut Page)) -> Vec<String> {
        let mut page = Page::default();
        write(&mut page);
        page.into_text().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_long_text_is_broken_between_words_and_hangs() {
        let told = lines(|page| page.field("name", &"word ".repeat(40)));
        assert!(told.len() > 1 && told.iter().all(|line| columns(line) <= WIDTH), "{told:?}");
        assert!(told[0].starts_with("  name          word") && told[1].starts_with("                word"));
    }

    #[test]
    fn a_word_is_never_broken() {
        let name = format!("{}.example", "a".repeat(150));
        assert_eq!(
            lines(|page| page.item(&format!("the name {name} leads on"))),
            ["  - the name".to_owned(), format!("    {name}"), "    leads on".to_owned(),]
        );
    }

    #[test]
    fn control_characters_are_shown() {
        assert_eq!(lines(|page| page.paragraph("a\u{1b}[2Jb\nc")), ["a\\u{1b}[2Jb\\nc"]);
    }

    #[test_case("aws ec2 x --a 'b  c' --d"; "short")]
    #[test_case("aws ec2 authorize-security-group-egress --group-id sg-0123456789abcdef0 --ip-permissions 'IpProtocol=tcp,FromPort=19530,ToPort=19530,UserIdGroupPairs=[{GroupId=sg-0123456789abcdef0}]'"; "long")]
    fn a_folded_command_is_the_same_command(command: &str) {
        let told = lines(|page| page.command(command));
        assert!(told.iter().all(|line| columns(line) <= WIDTH), "{told:?}");
        let joined: Vec<String> = words(&told.join("\n").replace("\\\n", ""));
        assert_eq!(joined, words(command));
    }
}
