//! What may stand in a text: XML 1.0 forbids some characters, and a feed, a page and a letter all
//! end up in XML, HTML or a header. They are taken out once, where a text enters.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Whether XML 1.0 allows this character in a document (production 2, `Char`).
pub fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// The text without the characters XML 1.0 forbids, and those that were taken out.
pub fn legalise(text: &str) -> (Cow<'_, str>, Vec<char>) {
    let removed: Vec<char> = text.chars().filter(|c| !is_legal(*c)).collect();
    if removed.is_empty() {
        return (Cow::Borrowed(text), removed);
    }
    (Cow::Owned(text.chars().filter(|c| is_legal(*c)).collect()), removed)
}

/// Folds case and accents, so that `Edito`, `EDITO`, `ÉDITO` and `Édito` are one word.
///
/// Compatibility forms are folded too (NFKD), combining marks dropped, `œ` and `æ` spelt out,
/// typographic apostrophes made plain, and runs of white space made one space.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            'ß' => folded.push_str("ss"),
            '’' | 'ʼ' => folded.push('\''),
            c if c.is_whitespace() => {
                if !folded.is_empty() && !folded.ends_with(' ') {
                    folded.push(' ');
                }
            }
            c => folded.push(c),
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// One line of text: white space that would break it (line ends, tabs) is made a space, ends are
/// trimmed. No-break spaces inside are kept: French typography needs them.
pub fn one_line(text: &str) -> String {
    let breaks = |c: char| matches!(c, '\n' | '\r' | '\t' | ' ' | '\u{2028}' | '\u{2029}' | '\u{85}');
    text.split(breaks).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_labels() {
        for label in ["Edito", "EDITO", "ÉDITO", "Édito", " E\u{301}dito\t"] {
            assert_eq!(fold(label), "edito");
        }
        assert_eq!(fold("L’Œil  du\u{a0}large"), "l'oeil du large");
    }

    #[test]
    fn strips_what_xml_forbids_and_nothing_else() {
        let (clean, removed) = legalise("a\u{0}b\u{b}c\u{fffe}d\u{202f}\u{e000}\n🦀");
        assert_eq!(clean, "abcd\u{202f}\u{e000}\n🦀");
        assert_eq!(removed, ['\u{0}', '\u{b}', '\u{fffe}']);
    }

    #[test]
    fn one_line_keeps_no_break_spaces() {
        assert_eq!(one_line("  Qui\u{202f}?\r\n Moi\u{a0}! "), "Qui\u{202f}? Moi\u{a0}!");
    }
}
