//! Lines of at most 100 columns: texts hang under their beginning, commands go on as a shell takes it.

use std::fmt::Write as _;

pub(super) const WIDTH: usize = 100;

/// Breaks between words. A word that is longer than a line stays whole: half an id is none.
pub(super) fn text(out: &mut String, first: &str, later: &str, text: &str) {
    let mut line = first.to_owned();
    let mut empty = true;
    let mut is_later = false;
    for word in text.split(' ') {
        if !empty && columns(&line) + 1 + columns(word) > WIDTH {
            let _ = writeln!(out, "{}", line.trim_end());
            later.clone_into(&mut line);
            empty = true;
            is_later = true;
        }
        if !empty {
            line.push(' ');
        } else if is_later && word.is_empty() {
            // What parts two words on one line is nothing at the beginning of the next.
            continue;
        }
        line.push_str(word);
        empty = false;
    }
    let _ = writeln!(out, "{}", line.trim_end());
}

/// Over several lines where it must be; an option keeps its value where it can. A comment at its end goes before it:
/// broken, the rest of it would be run. Without a newline at its end, so that a style can be put around it.
pub(super) fn command(indent: usize, command: &str) -> String {
    let mut words = words(command);
    let later = indent + 2;
    let mut told = String::new();
    if let Some(at) = words.iter().position(|word| word == "#") {
        let lead = format!("{:indent$}# ", "");
        text(&mut told, &lead, &lead, &words.split_off(at)[1..].join(" "));
    }
    let mut line = " ".repeat(indent);
    let mut empty = true;
    for (at, word) in words.iter().enumerate() {
        // Two columns for the sign that the command goes on.
        let room = (WIDTH - 2).saturating_sub(columns(&line));
        let value = words.get(at + 1).filter(|next| word.starts_with("--") && !next.starts_with("--"));
        let together = columns(word) + value.map_or(0, |value| columns(value) + 1);
        let fits_anywhere = later + together <= WIDTH - 2;
        let wanted = if fits_anywhere { together } else { columns(word) };
        if !empty && wanted + 1 > room {
            let _ = writeln!(told, "{line} \\");
            line = " ".repeat(later);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    told + &line
}

/// Whether a text is to be typed: then it is not broken as prose is.
pub(super) fn is_command(text: &str) -> bool {
    const PROGRAMS: &[&str] =
        &["aws", "curl", "dig", "getent", "ip", "nc", "openssl", "resolvectl", "sudo", "vpce-doctor"];
    let mut words = text.split(' ');
    let program = words.next().is_some_and(|word| PROGRAMS.contains(&word));
    program && words.next().is_some() && !text.contains(": ")
}

/// As a terminal shows it: the sequences that set a style take no room.
pub(super) fn columns(text: &str) -> usize {
    let mut columns = 0;
    let mut in_style = false;
    for c in text.chars() {
        match c {
            '\u{1b}' => in_style = true,
            'm' if in_style => in_style = false,
            _ if in_style => {}
            _ => columns += 1,
        }
    }
    columns
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

    fn lines(first: &str, later: &str, told: &str) -> Vec<String> {
        let mut out = String::new();
        text(&mut out, first, later, told);
        out.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_long_text_is_broken_between_words_and_hangs() {
        let told = lines("  name  ", "        ", &"word ".repeat(40));
        assert!(told.len() > 1 && told.iter().all(|line| columns(line) <= WIDTH), "{told:?}");
        assert!(told[0].starts_with("  name  word") && told[1].starts_with("        word"), "{told:?}");
    }

    #[test]
    fn a_word_is_never_broken() {
        let name = format!("{}.example", "a".repeat(150));
        assert_eq!(
            lines("  - ", "    ", &format!("the name {name} leads on")),
            ["  - the name".to_owned(), format!("    {name}"), "    leads on".to_owned()]
        );
    }

    #[test]
    fn styles_take_no_room() {
        assert_eq!(columns("\u{1b}[1;31mred\u{1b}[0m"), 3);
    }

    #[test_case("aws ec2 x --a 'b  c' --d"; "short")]
    #[test_case("aws ec2 authorize-security-group-egress --group-id sg-0123456789abcdef0 --ip-permissions 'IpProtocol=tcp,FromPort=19530,ToPort=19530,UserIdGroupPairs=[{GroupId=sg-0123456789abcdef0}]'"; "long")]
    fn a_folded_command_is_the_same_command(told: &str) {
        let folded = command(4, told);
        assert!(folded.lines().all(|line| columns(line) <= WIDTH), "{folded}");
        assert_eq!(words(&folded.replace("\\\n", "")), words(told));
    }

    #[test]
    fn a_comment_goes_before_its_command() {
        assert_eq!(command(2, "aws x --y z # by the owner"), "  # by the owner\n  aws x --y z");
    }

    #[test_case("sudo tcpdump -ni any host 10.0.2.20", true)]
    #[test_case("VPC flow logs of eni-1: REJECT is a group", false)]
    #[test_case("ec2:DescribeSecurityGroups (UnauthorizedOperation)", false)]
    fn what_is_typed_is_told_from_what_is_read(text: &str, is: bool) {
        assert_eq!(is_command(text), is);
    }
}
