//! What a feed says of a column in few words: its title and its standfirst or, where it has none,
//! the beginning of what it does have, since every form of a feed wants both. And how a plain text
//! stands where readers may take it for HTML.

use std::borrow::Cow;

use super::Feed;
use crate::model::Column;

/// In characters: as long as a headline gets.
const HEADING: usize = 80;
/// In characters: as long as a short standfirst.
const SUMMARY: usize = 300;

impl Feed<'_> {
    /// A column's title, or else the beginning of its standfirst or body; blank if the column says
    /// nothing at all.
    pub(super) fn heading<'c>(&self, column: &'c Column) -> Cow<'c, str> {
        if !is_blank(&column.title) {
            return Cow::Borrowed(&column.title);
        }
        if !is_blank(&column.standfirst) {
            return Cow::Owned(shorten(column.standfirst.chars(), HEADING));
        }
        Cow::Owned(shorten(Plain::of(&column.body), HEADING))
    }

    /// A column's standfirst, or else the beginning of its body, or its heading.
    pub(super) fn summary<'c>(&self, column: &'c Column) -> Cow<'c, str> {
        if !is_blank(&column.standfirst) {
            return Cow::Borrowed(&column.standfirst);
        }
        match shorten(Plain::of(&column.body), SUMMARY) {
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

/// The first words of a text, at most so many characters and an ellipsis; white space made single.
fn shorten(text: impl Iterator<Item = char>, most: usize) -> String {
    let mut short = String::new();
    let mut count = 0;
    let mut word_end = None;
    let mut gap = false;
    for c in text {
        if c.is_whitespace() {
            gap = !short.is_empty();
            continue;
        }
        if gap {
            word_end = Some(short.len());
            short.push(' ');
            count += 1;
            gap = false;
        }
        short.push(c);
        count += 1;
        if count > most {
            short.pop();
            short.truncate(word_end.unwrap_or(short.len()));
            short.push('…');
            break;
        }
    }
    short
}

/// The text of clean HTML, character by character: no tags, and the entities that a cleaner writes
/// (`&amp; &lt; &gt; &quot; &nbsp;`) resolved.
struct Plain<'a> {
    rest: &'a str,
}

impl<'a> Plain<'a> {
    fn of(html: &'a str) -> Self {
        Self { rest: html }
    }
}

impl Iterator for Plain<'_> {
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
                // What stands within a line does not part words.
                let inline = matches!(name, "a" | "abbr" | "b" | "cite" | "code" | "del" | "em" | "i" | "ins" | "mark")
                    || matches!(name, "q" | "s" | "small" | "span" | "strong" | "sub" | "sup" | "u" | "wbr");
                if inline {
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
    fn shortens_at_words() {
        let of = |html: &str| shorten(Plain::of(html), 12);
        assert_eq!(of("<p>Une <em>ma</em>rée,</p><p>deux &amp; trois</p>"), "Une marée,…");
        assert_eq!(of("<p>a&nbsp;&lt;b</p>"), "a <b");
        assert_eq!(of("<p>anticonstitutionnellement</p>"), "anticonstitu…");
        assert_eq!(of("<img src=\"x\" alt=\"a > b"), "");
        assert_eq!(of(""), "");
    }
}
