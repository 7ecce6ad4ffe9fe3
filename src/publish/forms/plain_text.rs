//! What a feed says of a column in few words: its title and its standfirst or, where it has none,
//! the beginning of what it does have, since every form of a feed wants both. And how a plain text
//! stands where readers may take it for HTML.

use std::borrow::Cow;

use memchr::memmem;
use unicode_segmentation::UnicodeSegmentation;

use super::Feed;
use crate::model::Column;

/// In characters: as long as a headline gets.
const MAX_HEADING_CHARS: usize = 80;
/// In characters: as long as a short standfirst.
const MAX_SUMMARY_CHARS: usize = 300;

impl Feed<'_> {
    /// A column's title, or else the beginning of its standfirst or body; blank if the column says
    /// nothing at all.
    pub(super) fn heading<'c>(&self, column: &'c Column) -> Cow<'c, str> {
        if !is_blank(&column.title) {
            return Cow::Borrowed(&column.title);
        }
        if !is_blank(&column.standfirst) {
            return Cow::Owned(shorten(column.standfirst.chars(), MAX_HEADING_CHARS));
        }
        Cow::Owned(shorten(PlainText::of(&column.body), MAX_HEADING_CHARS))
    }

    /// A column's standfirst, or else the beginning of its body, or its heading.
    pub(super) fn summary<'c>(&self, column: &'c Column) -> Cow<'c, str> {
        if !is_blank(&column.standfirst) {
            return Cow::Borrowed(&column.standfirst);
        }
        match shorten(PlainText::of(&column.body), MAX_SUMMARY_CHARS) {
            text if text.is_empty() => self.heading(column),
            text => Cow::Owned(text),
        }
    }
}

/// Whether a text has nothing to see.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

/// A text for readers of which some take it for text and some for HTML: an invisible word joiner
/// after `<` and `&` keeps what looks like a tag or an entity from being one. Borrowed if nothing
/// does.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(['<', '&']) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len() + 12);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        plain.push(c);
        let next = chars.peek().copied().unwrap_or(' ');
        let begins_tag = c == '<' && (next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?'));
        // Validators look for any word after an ampersand.
        let begins_entity = c == '&' && (next.is_alphanumeric() || matches!(next, '#' | '_'));
        if begins_tag || begins_entity {
            plain.push('\u{2060}');
        }
    }
    if plain.len() == text.len() { Cow::Borrowed(text) } else { Cow::Owned(plain) }
}

/// Whether a reader could take a plain text for HTML.
pub(super) fn looks_like_html(text: &str) -> bool {
    matches!(plain(text), Cow::Owned(_))
}

/// The first words of a text, at most so many characters and an ellipsis. White space between words
/// is made single; no-break spaces inside a word stay, and a word that must be cut is cut between
/// what readers see as characters.
fn shorten(text: impl Iterator<Item = char>, most: usize) -> String {
    let is_no_break = |c: char| matches!(c, '\u{a0}' | '\u{202f}' | '\u{2007}');
    let mut short = String::new();
    let mut count = 0;
    let mut word = String::new();
    // A space at the end ends the last word.
    for c in text.chain([' ']) {
        if !c.is_whitespace() || is_no_break(c) {
            word.push(c);
            // Longer than any that fits, whatever follows.
            if word.len() < 8 * most {
                continue;
            }
        }
        let whole = word.trim_matches(is_no_break);
        let length = whole.chars().count() + usize::from(!short.is_empty());
        if whole.is_empty() {
            word.clear();
            continue;
        }
        if count + length > most {
            if short.is_empty() {
                push_clusters(whole, most, &mut short);
            }
            short.push('…');
            return short;
        }
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(whole);
        count += length;
        word.clear();
    }
    short
}

/// As much of a word as has at most so many characters.
fn push_clusters(word: &str, most: usize, short: &mut String) {
    let mut count = 0;
    for cluster in word.graphemes(true) {
        count += cluster.chars().count();
        if count > most {
            return;
        }
        short.push_str(cluster);
    }
}

/// Where what follows a tag goes on, if the element that the tag begins is no part of the text around
/// it: how a word is read aloud, the mark of a footnote, the way back from one.
fn skipped_element_end(tag: &str, name: &str, rest: &str) -> Option<usize> {
    let end = match name {
        _ if tag.starts_with("</") => return None,
        "rt" => "</rt>",
        "rp" => "</rp>",
        "sup" if rest.starts_with("<a ") => "</sup>",
        "a" if rest.starts_with('↩') => "</a>",
        _ => return None,
    };
    rest.find(end)
}

/// Whether clean HTML shows the picture at this very address, which is written as an attribute's
/// value.
pub(super) fn shows(html: &str, address: &str) -> bool {
    memmem::find_iter(html.as_bytes(), address).any(|at| {
        let (before, after) = (&html[..at], &html[at + address.len()..]);
        if before.ends_with(" src=\"") {
            return after.starts_with('"');
        }
        // A candidate of a set ends at white space, or with a comma, or is the last.
        let Some((_, set)) = before.rsplit_once(" srcset=\"") else { return false };
        let begins = set.is_empty() || (set.ends_with(", ") && !set.contains('"'));
        begins && after.starts_with([' ', ',', '"'])
    })
}

/// Whether an element stands within a line, and so parts no words.
fn is_phrase(name: &str) -> bool {
    matches!(name, "a" | "abbr" | "acronym" | "b" | "bdi" | "cite" | "code" | "data" | "del" | "dfn" | "em" | "i")
        || matches!(name, "ins" | "kbd" | "mark" | "q" | "rp" | "rt" | "ruby" | "s" | "samp" | "small" | "span")
        || matches!(name, "strike" | "strong" | "sub" | "sup" | "time" | "tt" | "u" | "var" | "wbr")
}

/// The text of clean HTML, character by character: no tags, and the entities that a cleaner writes
/// (`&amp; &lt; &gt; &quot; &nbsp;`) resolved.
struct PlainText<'a> {
    rest: &'a str,
}

impl<'a> PlainText<'a> {
    fn of(html: &'a str) -> Self {
        Self { rest: html }
    }
}

impl Iterator for PlainText<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        loop {
            let c = self.rest.chars().next()?;
            if c == '<' {
                // A value may hold a >.
                let mut quote = None;
                let end = self.rest.bytes().position(|byte| match quote {
                    None if matches!(byte, b'"' | b'\'') => {
                        quote = Some(byte);
                        false
                    }
                    None => byte == b'>',
                    Some(open) => {
                        quote = quote.filter(|_| byte != open);
                        false
                    }
                })?;
                let (tag, rest) = self.rest.split_at(end);
                self.rest = &rest[1..];
                let name = tag.trim_start_matches(['<', '/']).split([' ', '/']).next().unwrap_or_default();
                if let Some(end) = skipped_element_end(tag, name, self.rest) {
                    self.rest = &self.rest[end..];
                    continue;
                }
                if is_phrase(name) {
                    continue;
                }
                return Some(' ');
            }
            let entities = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&nbsp;", '\u{a0}')];
            let entity = entities.into_iter().find(|(name, _)| self.rest.starts_with(name));
            let (length, c) = entity.map_or((c.len_utf8(), c), |(name, c)| (name.len(), c));
            self.rest = &self.rest[length..];
            return Some(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_never_look_like_html() {
        assert_eq!(plain("a < b & c <3"), "a < b & c <3");
        assert_eq!(plain("<b>x</b> &amp; &#60;"), "<\u{2060}b>x<\u{2060}/b> &\u{2060}amp; &\u{2060}#60;");
        assert_eq!(plain("&é1 &² &_"), "&\u{2060}é1 &\u{2060}² &\u{2060}_");
    }

    #[test]
    fn a_picture_is_there_at_its_own_address_alone() {
        let html = "<img srcset=\"https://a.example/b.jpg, https://a.example/c.jpg 2x\" src=\"https://a.example/d.jpg?x\"> \
                    <a href=\"https://a.example/e.jpg\">https://a.example/f.jpg</a>";
        for (name, shown) in [("b.jpg", true), ("c.jpg", true), ("d.jpg?x", true), ("d.jpg", false), ("c.jp", false)] {
            assert_eq!(shows(html, &format!("https://a.example/{name}")), shown, "{name}");
        }
        for name in ["e.jpg", "f.jpg", "", "b"] {
            assert!(!shows(html, &format!("https://a.example/{name}")), "{name}");
        }
    }

    #[test]
    fn shortens_at_words() {
        let of = |html: &str| shorten(PlainText::of(html), 12);
        assert_eq!(of("<p>Une <em>ma</em>rée,</p><p>deux &amp; trois</p>"), "Une marée,…");
        assert_eq!(of("<p>a&nbsp;&lt;b</p>"), "a\u{a0}<b");
        assert_eq!(of("<p>&nbsp;</p>\n<p>Qui\u{202f}? &nbsp; Moi&nbsp;</p>"), "Qui\u{202f}? Moi");
        assert_eq!(
            of("<p>Un <time>mot</time><sup><a href=\"x\" id=\"y\">1</a></sup>, x<sup>2</sup></p>"),
            "Un mot, x2"
        );
        assert_eq!(of(&"👩\u{200d}👩\u{200d}👧".repeat(3)), format!("{}…", "👩\u{200d}👩\u{200d}👧".repeat(2)));
        assert_eq!(of(&format!("<p>{}</p>", "e\u{301}".repeat(20))), format!("{}…", "e\u{301}".repeat(6)));
        assert_eq!(of(&"x".repeat(4_000_000)), format!("{}…", "x".repeat(12)));
        assert_eq!(of("<p>anticonstitutionnellement</p>"), "anticonstitu…");
        assert_eq!(of("<img src=\"x\" alt=\"a > b"), "");
        assert_eq!(of(""), "");
    }
}
