//! French typography where a source asks for it: ’ for ', and narrow no-break spaces before ; : ! ? and » and after «. Only
//! spaces and apostrophes change, and never in code, in addresses or in tags. Spaces that somebody has made unbreakable stay
//! as they are. Said twice, it is the same.

use std::{borrow::Cow, iter::Peekable, str::CharIndices};

use super::clean::tokens::{HtmlToken, HtmlTokens};
use crate::{config::Typography, model::Draft};

/// A space of a quarter, at which no line breaks.
const NARROW: char = '\u{202f}';

/// In these, each character is meant.
const LITERAL: [&str; 9] = ["code", "kbd", "math", "pre", "samp", "script", "style", "svg", "textarea"];

/// What stands for a character that matters here.
const ENTITIES: [(&str, &str); 12] = [
    ("&nbsp;", "\u{a0}"),
    ("&#160;", "\u{a0}"),
    ("&#xa0;", "\u{a0}"),
    ("&#8239;", "\u{202f}"),
    ("&#x202f;", "\u{202f}"),
    ("&laquo;", "«"),
    ("&#171;", "«"),
    ("&raquo;", "»"),
    ("&#187;", "»"),
    ("&apos;", "'"),
    ("&#39;", "'"),
    ("&#x27;", "'"),
];

/// Sets a column's texts.
pub(super) fn set(draft: &mut Draft, typography: Typography) {
    let Typography::French = typography;
    draft.title = text(&draft.title);
    draft.standfirst = text(&draft.standfirst);
    draft.body = html(&draft.body);
    draft.body_raw = html(&draft.body_raw);
    if let Some(image) = &mut draft.image {
        image.alt = text(&image.alt);
        image.credit = image.credit.as_deref().map(text);
    }
}

/// A text without markup.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push(text, None, None, false, &mut out);
    out
}

/// The text in HTML; tags stay as they are, and words go on through those in them.
fn html(html: &str) -> String {
    let mut out = String::with_capacity(html.len() + html.len() / 64);
    let mut literal = 0_usize;
    let mut before = None;
    let mut tokens = HtmlTokens::of(html);
    loop {
        let rest = tokens.rest;
        let Some(token) = tokens.next() else { return out };
        let source = &rest[..rest.len() - tokens.rest.len()];
        match token {
            HtmlToken::Text(_) if literal == 0 => {
                let source = with_characters(source);
                push(&source, before, first_char(tokens.rest), true, &mut out);
            }
            HtmlToken::Tag(tag) => {
                out.push_str(source);
                if LITERAL.iter().any(|name| tag.name.eq_ignore_ascii_case(name)) && !source.ends_with("/>") {
                    literal = if tag.ends { literal.saturating_sub(1) } else { literal + 1 };
                }
                if !is_inline(tag.name) {
                    before = None;
                }
                continue;
            }
            HtmlToken::Hidden => {
                out.push_str(source);
                continue;
            }
            HtmlToken::Text(_) => out.push_str(source),
        }
        before = out.chars().next_back();
    }
}

/// Whether a word may go on behind such a tag.
fn is_inline(name: &str) -> bool {
    let inline = [
        "a", "abbr", "b", "cite", "code", "em", "i", "kbd", "mark", "q", "samp", "small", "span", "strong", "sub",
        "sup", "u",
    ];
    inline.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The first character of the text that follows in the same line.
fn first_char(html: &str) -> Option<char> {
    for token in HtmlTokens::of(html) {
        match token {
            HtmlToken::Text(text) => return with_characters(text.get(..8).unwrap_or(text)).chars().next(),
            HtmlToken::Tag(tag) if !is_inline(tag.name) => return None,
            _ => {}
        }
    }
    None
}

/// A text of HTML with the characters that matter themselves.
fn with_characters(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let with = |text: String, (entity, character): &(&str, &str)| text.replace(entity, character);
    Cow::Owned(ENTITIES.iter().fold(text.to_owned(), with))
}

/// Sets a piece of text, between two characters that stand before and behind it.
fn push(text: &str, mut before: Option<char>, after: Option<char>, is_html: bool, out: &mut String) {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let rest = &text[at..];
        let next = || rest.chars().nth(1).or(after);
        // A word that is an address, or an entity, is nobody's sentence.
        let starts_word = before.is_none_or(|before| before.is_whitespace() || "«(\"“".contains(before));
        let length = if starts_word { address(rest) } else { None }.or_else(|| is_html.then(|| entity(rest)).flatten());
        if let Some(length) = length {
            out.push_str(&rest[..length]);
            before = rest[..length].chars().next_back();
            skip(&mut chars, at + length);
            continue;
        }
        match c {
            '\'' if before.is_some_and(char::is_alphabetic)
                && next().is_some_and(|c| c.is_alphanumeric() || c == '«') =>
            {
                out.push('’');
            }
            ' ' | '\t' | '\n' | '\r' => {
                let end = rest.find(|c| !matches!(c, ' ' | '\t' | '\n' | '\r')).unwrap_or(rest.len());
                let follows = &rest[end..];
                let is_close = match follows.chars().next().or(after) {
                    Some('»') => true,
                    Some(mark) if !follows.is_empty() => is_mark(mark, follows, after),
                    _ => false,
                };
                // A space stands already where nobody has made it one that does not break.
                if (before == Some('«') || is_close) && before.is_some_and(|before| !before.is_whitespace()) {
                    out.push(NARROW);
                } else {
                    out.push_str(&rest[..end]);
                }
                skip(&mut chars, at + end);
                before = Some(' ');
                continue;
            }
            '»' if before.is_some_and(|before| !before.is_whitespace() && before != '«') => {
                out.push(NARROW);
                out.push(c);
            }
            '«' => {
                out.push(c);
                if next().is_some_and(|next| !next.is_whitespace() && next != '»') {
                    out.push(NARROW);
                }
            }
            ';' | ':' | '!' | '?' => {
                let is_behind_word = before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '»' | ')' | '”' | '’'));
                if is_behind_word && is_mark(c, rest, after) {
                    out.push(NARROW);
                }
                out.push(c);
            }
            c => out.push(c),
        }
        before = Some(c);
    }
}

/// Whether a mark ends a part of a sentence: no smiley, no hour, no part of a code.
fn is_mark(mark: char, from: &str, after: Option<char>) -> bool {
    if !matches!(mark, ';' | ':' | '!' | '?') {
        return false;
    }
    let behind = from.trim_start_matches(['!', '?', ';', ':', '.', '…']);
    let marks = &from[..from.len() - behind.len()];
    // Two colons, or a colon and another mark, are of some code.
    if marks.chars().filter(|c| matches!(c, ':' | ';')).count() > usize::from(matches!(mark, ':' | ';')) {
        return false;
    }
    match behind.chars().next().or(after) {
        None => true,
        Some(')') => !matches!(mark, ':' | ';'),
        Some(c) => c.is_whitespace() || "<»\"”’*_]—–".contains(c),
    }
}

/// How long an address is that a text begins with.
fn address(text: &str) -> Option<usize> {
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '<' | '»')).unwrap_or(text.len());
    let word = &text[..end];
    let is_address =
        word.contains("://") || word.starts_with("www.") || word.contains('@') || word.starts_with("mailto:");
    is_address.then_some(end)
}

/// How long an entity is that a text begins with.
fn entity(text: &str) -> Option<usize> {
    let name = text.strip_prefix('&')?;
    let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '#'))?;
    (end > 0 && name[end..].starts_with(';')).then_some(end + 2)
}

fn skip(chars: &mut Peekable<CharIndices<'_>>, end: usize) {
    while chars.next_if(|(at, _)| *at < end).is_some() {}
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(html: &str) -> String {
        html.replace(NARROW, "·").replace('\u{a0}', "~")
    }

    #[test]
    fn spaces_and_apostrophes_are_as_french_sets_them() {
        for (written, set) in [
            ("L'ami d'Ève, aujourd'hui : quoi ?", "L’ami d’Ève, aujourd’hui·: quoi·?"),
            ("Quoi?! Non! Si; oui: fin", "Quoi·?! Non·! Si·; oui·: fin"),
            ("«La mer» ou « la mer »", "«·La mer·» ou «·la mer·»"),
            ("Il dit: «Viens!»", "Il dit·: «·Viens·!·»"),
            ("à 8:30, 16:9, a:b, ;-) et :) ou (!)", "à 8:30, 16:9, a:b, ;-) et :) ou (!)"),
            ("Voir https://x.example/?a=b;c:d ! et a@b.example", "Voir https://x.example/?a=b;c:d·! et a@b.example"),
            ("déjà\u{a0}: «\u{a0}là\u{a0}» \u{202f}!", "déjà~: «~là~» ·!"),
            ("Rock 'n' roll, les '90", "Rock 'n' roll, les '90"),
            ("std::fs :: x", "std::fs :: x"),
        ] {
            assert_eq!(shown(&text(written)), set, "{written}");
        }
        for (written, set) in [
            ("<p>L'<em>ami</em> : <b>quoi</b> ?</p>", "<p>L’<em>ami</em>·: <b>quoi</b>·?</p>"),
            ("<p>« <a href=\"/a?b;c:d !\">mot</a> »</p>", "<p>«·<a href=\"/a?b;c:d !\">mot</a>·»</p>"),
            ("<p>Un&nbsp;: deux &amp; l&#39;an ; &laquo;x&raquo;</p>", "<p>Un~: deux &amp; l’an·; «·x·»</p>"),
            ("<pre>a ? l'b</pre> <code>c : d</code> ?", "<pre>a ? l'b</pre> <code>c : d</code>·?"),
            ("<p>a</p><p>? b</p>", "<p>a</p><p>? b</p>"),
            ("<!-- a ? --> b ?", "<!-- a ? --> b·?"),
            ("un <b>mot</b>\n?", "un <b>mot</b>·?"),
            ("&eacute; ; &lt;!", "&eacute;·; &lt;!"),
        ] {
            assert_eq!(shown(&html(written)), set, "{written}");
        }
    }

    /// A text without what may change.
    fn words(text: &str) -> String {
        let text = text.replace('’', "'");
        text.chars().filter(|c| !c.is_whitespace()).collect()
    }

    proptest! {
        #[test]
        fn said_twice_it_is_the_same_and_no_word_is_lost(
            pieces in prop::collection::vec(
                prop::sample::select(&[
                    "l'", "ami", " ", "  ", "\n", "\u{a0}", "\u{202f}", "?", "!", ":", ";", "«", "»", "8:30", "<em>", "</em>",
                    "<p>", "</p>", "<code>", "</code>", "<br>", "&amp;", "&nbsp;", "&raquo;", "https://x.example/?a;b:c", "@", "(", ")",
                    "'", "\"", "…", "é", "<", "&", "<pre>", "</pre>", "<a href='?'>", "</a>", ".",
                ][..]),
                0..24,
            ),
        ) {
            let written = pieces.concat();
            let once = text(&written);
            prop_assert_eq!(&text(&once), &once, "{}", written);
            prop_assert_eq!(words(&once), words(&written));
            let once = html(&written);
            prop_assert_eq!(&html(&once), &once, "{}", written);
            prop_assert_eq!(words(&with_characters(&once)), words(&with_characters(&written)));
        }
    }
}
