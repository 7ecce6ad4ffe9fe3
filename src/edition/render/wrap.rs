//! Wraps the lines of the text part.

use super::view::LetterDirection;

const TEXT_WIDTH_COLUMNS: usize = 72;

/// Wraps each line of the text part, keeping its indentation, the marks of quotes, and the room before
/// the items of a list; an address is never broken. Where lines run from right to left, each begins with a mark that
/// says so (U+200F): a program goes by the first letter else, and some titles begin with a foreign word.
pub(super) fn wrap(text: &str, dir: LetterDirection) -> String {
    let mut wrapped = String::with_capacity(text.len() + text.len() / 16);
    for line in text.trim_matches('\n').lines() {
        let line = line.trim_end_matches([' ', '\t']);
        let (first, rest, line) = hanging_indent(line);
        let options = textwrap::Options::new(TEXT_WIDTH_COLUMNS)
            .break_words(false)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .initial_indent(first)
            .subsequent_indent(&rest);
        for line in textwrap::fill(line, options).split('\n') {
            let is_text = !line.is_empty() && !line.trim_start().starts_with("http");
            if dir.name == "rtl" && is_text {
                wrapped.push('\u{200f}');
            }
            wrapped.push_str(line);
            wrapped.push('\n');
        }
    }
    wrapped
}

/// What a line of text begins with, what the lines begin with that it is wrapped into, and the words.
fn hanging_indent(line: &str) -> (&str, String, &str) {
    let mut at = 0;
    let mut rest = String::new();
    loop {
        let words = &line[at..];
        let digits = words.bytes().take_while(u8::is_ascii_digit).count();
        let length = match words {
            _ if words.starts_with(' ') => 1,
            _ if words.starts_with("> ") || words.starts_with("- ") => 2,
            _ if (1..=3).contains(&digits) && words[digits..].starts_with(". ") => digits + 2,
            _ => return (&line[..at], rest, words),
        };
        match words.starts_with('>') {
            true => rest.push_str("> "),
            false => rest.push_str(&" ".repeat(length)),
        }
        at += length;
    }
}
