//! What may stand in a text: a feed, a page and a letter all end up in XML, HTML or a header, and
//! each forbids or warns of some characters. They are taken out once, where a text enters.

use std::borrow::Cow;

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Whether a text may hold this character: what XML 1.0 allows (production 2, `Char`) without what
/// it discourages and what HTML calls an error, control characters and noncharacters, and without
/// U+FFFD, which only says that a character was lost on the way.
pub fn is_legal(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\u{FFFD}' | '\u{FDD0}'..='\u{FDEF}' => false,
        // The last two of each plane.
        c => !c.is_control() && (c as u32) & 0xFFFE != 0xFFFE,
    }
}

/// The first character of a text that [`is_legal`] refuses. Fast: bytes that cannot begin such a
/// character are passed over.
pub fn first_illegal(text: &str) -> Option<char> {
    let mut from = 0;
    while let Some(at) = find_byte(&text.as_bytes()[from..], may_be_illegal).map(|at| from + at) {
        if let Some(c) = illegal_at(text, at) {
            return Some(c);
        }
        from = at + 1;
    }
    None
}

/// The character that begins at a byte of a text, if it is illegal.
pub fn illegal_at(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next().filter(|c| !is_legal(*c))
}

/// Whether an illegal character's UTF-8 may begin with this byte.
pub const fn may_be_illegal(byte: u8) -> bool {
    // C0 but for tab and line ends; DEL; C1 (C2 80 to C2 9F); U+F000 to U+FFFF; beyond the first plane.
    matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 0x7F | 0xC2 | 0xEF | 0xF0..)
}

/// The place of the first byte that is special. Thirty-two are looked at at once; for that, `special`
/// must be without branches.
pub fn find_byte(bytes: &[u8], special: impl Fn(u8) -> bool) -> Option<usize> {
    let mut from = 0;
    while let Some(chunk) = bytes[from..].first_chunk::<32>() {
        let mut any = 0;
        for byte in chunk {
            any |= u8::from(special(*byte));
        }
        if any != 0 {
            break;
        }
        from += chunk.len();
    }
    bytes[from..].iter().position(|byte| special(*byte)).map(|at| from + at)
}

/// The text without its illegal characters, and those that were taken out. Old line and page breaks
/// part words, so each becomes a space and counts as nothing lost.
pub fn remove_illegal(text: &str) -> (Cow<'_, str>, Vec<char>) {
    if first_illegal(text).is_none() {
        return (Cow::Borrowed(text), Vec::new());
    }
    let is_break = |c: char| matches!(c, '\u{b}' | '\u{c}' | '\u{85}');
    let spaced = text.chars().map(|c| if is_break(c) { ' ' } else { c });
    let removed = spaced.clone().filter(|c| !is_legal(*c)).collect();
    (Cow::Owned(spaced.filter(|c| is_legal(*c)).collect()), removed)
}

/// Folds case and accents, so that `Edito`, `EDITO`, `ÉDITO` and `Édito` are one word.
///
/// Compatibility forms are folded too (NFKD), combining marks dropped, `œ` and `æ` spelt out,
/// typographic apostrophes made plain, and runs of white space made one space.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        // Nearly all of a text is ASCII, which folds without a table.
        if c.is_ascii() && !c.is_ascii_whitespace() && c != '\u{b}' {
            folded.push(c.to_ascii_lowercase());
        } else {
            // The order of combining marks does not count: all of them go.
            decompose_compatible(c, |part| {
                if !is_combining_mark(part) {
                    part.to_lowercase().for_each(|c| push_folded(c, &mut folded));
                }
            });
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

fn push_folded(c: char, folded: &mut String) {
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

/// The words of a text, folded: what stands between them does not count.
pub fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The same in one text, with a space between them.
pub fn words_in_one(text: &str) -> String {
    let folded = fold(text);
    let mut words = String::with_capacity(folded.len());
    for word in folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    words
}

/// Elements that stand within a word or a line.
const INLINE_ELEMENTS: [&str; 20] = [
    "a", "abbr", "b", "bdi", "cite", "code", "del", "em", "i", "ins", "kbd", "mark", "q", "s", "small", "span",
    "strong", "sub", "sup", "u",
];

/// The text of cleaned HTML: without tags, entities spelt out, a space where a block begins or ends.
pub fn of_html(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        text.push_str(&rest[..at]);
        let is_tag = rest[at..].starts_with('<');
        let Some(end) = rest[at..].find(if is_tag { '>' } else { ';' }) else {
            text.push_str(&rest[at..]);
            return text;
        };
        let inside = &rest[at + 1..at + end];
        if is_tag {
            let name = inside.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
            if !INLINE_ELEMENTS.contains(&name) {
                text.push(' ');
            }
        } else {
            match inside {
                "amp" => text.push('&'),
                "lt" => text.push('<'),
                "gt" => text.push('>'),
                "quot" => text.push('"'),
                "nbsp" => text.push('\u{a0}'),
                other => {
                    text.push('&');
                    text.push_str(other);
                    text.push(';');
                }
            }
        }
        rest = &rest[at + end + 1..];
    }
    text.push_str(rest);
    text
}

/// One line of text: white space that would break it (line ends, tabs) is made a space, ends are
/// trimmed. No-break spaces inside are kept: French typography needs them.
pub fn one_line(text: &str) -> String {
    let breaks = |c: char| matches!(c, '\n' | '\r' | '\t' | ' ' | '\u{2028}' | '\u{2029}' | '\u{85}');
    text.split(breaks).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Whether a text shows nothing: white space, and characters that have no width or only shape others.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

/// Whether a character shows nothing by itself (Unicode's `Default_Ignorable_Code_Point`, white space, and the
/// letters and patterns that are blank).
pub fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A text without the e-mail addresses in it, and without the brackets around them; borrowed if
/// there are none.
pub fn without_email(text: &str) -> Cow<'_, str> {
    let bounds = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | '"');
    let mut kept = String::new();
    let mut from = 0;
    for (at, _) in text.match_indices('@') {
        let start = text[..at].rfind(bounds).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
        let end = text[at..].find(bounds).map_or(text.len(), |length| at + length);
        let (local, domain) = (&text[start..at], &text[at + 1..end]);
        let is_host = domain.split_once('.').is_some_and(|(host, rest)| !host.is_empty() && !rest.is_empty());
        if local.is_empty() || !is_host || start < from {
            continue;
        }
        let before = text[from..start].strip_suffix(['<', '(']).unwrap_or(&text[from..start]);
        kept.push_str(before);
        from = end + text[end..].chars().next().filter(|c| matches!(c, '>' | ')')).map_or(0, char::len_utf8);
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    kept.push_str(&text[from..]);
    Cow::Owned(one_line(&kept))
}

/// The longest word that a message tells whole, in bytes.
const MAX_WORD_BYTES: usize = 400;

/// The longest line of a message, in bytes.
const MAX_MESSAGE_LINE_BYTES: usize = 4_000;

/// How much of what is longer a message begins with, in bytes.
const EXCERPT_BYTES: usize = 80;

/// A message that somebody can read, whatever it quotes: of a picture in an address (`data:`), of a word that is no
/// word and of a line without end stands the beginning, with the length of all of it. Borrowed if nothing is so long.
pub fn shortened(message: &str) -> Cow<'_, str> {
    if message.len() <= EXCERPT_BYTES {
        return Cow::Borrowed(message);
    }
    let mut out = String::new();
    for line in message.split_inclusive('\n') {
        let from = out.len();
        for word in line.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ')')) {
            let picture = word.match_indices(':').map(|(at, _)| at).find(|at| ends_with_data(&word[..*at]));
            match picture {
                Some(colon) if word.len() - colon > EXCERPT_BYTES => {
                    // The kind of the picture is told, and nothing of it.
                    let kind = excerpt(&word[colon..]).find(',').unwrap_or(0);
                    cut(&mut out, word, colon + kind + 1);
                }
                _ if word.len() > MAX_WORD_BYTES => cut(&mut out, word, excerpt(word).len()),
                _ => out.push_str(word),
            }
        }
        if out.len() - from > MAX_MESSAGE_LINE_BYTES {
            let long = out.split_off(from);
            let end = long.floor_char_boundary(MAX_MESSAGE_LINE_BYTES);
            out.push_str(long[..end].trim_end());
            out.push_str(" …");
            if long.ends_with('\n') {
                out.push('\n');
            }
        }
    }
    if out == message { Cow::Borrowed(message) } else { Cow::Owned(out) }
}

fn ends_with_data(text: &str) -> bool {
    let (before, scheme) = text.split_at(text.floor_char_boundary(text.len().saturating_sub(4)));
    scheme.eq_ignore_ascii_case("data") && !before.ends_with(|c: char| c.is_alphanumeric())
}

fn excerpt(text: &str) -> &str {
    &text[..text.floor_char_boundary(EXCERPT_BYTES)]
}

/// The beginning of a word, its length, and what ends it.
fn cut(out: &mut String, word: &str, at: usize) {
    let end = word.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ')')).len();
    out.push_str(&word[..at]);
    out.push_str(&format!("… ({end} bytes)"));
    out.push_str(&word[end..]);
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    #[test]
    fn folds_labels() {
        for label in ["Edito", "EDITO", "ÉDITO", "Édito", " E\u{301}dito\t"] {
            assert_eq!(fold(label), "edito");
        }
        assert_eq!(fold("L’Œil  du\u{a0}large"), "l'oeil du large");
        // Each character folds by itself, as the whole text does when all of it is decomposed first.
        for c in ('\0'..='\u{2FFF}').chain('\u{ABF0}'..='\u{AC40}').chain('\u{F900}'..='\u{1040F}') {
            let text = format!("a{c}\u{301}\u{327}b");
            let mut whole = String::new();
            let letters = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
            letters.for_each(|c| push_folded(c, &mut whole));
            assert_eq!(fold(&text), whole, "{c:?}");
        }
    }

    #[test]
    fn strips_what_xml_forbids_and_nothing_else() {
        let (clean, removed) = remove_illegal("a\u{0}b\u{b}c\u{fffe}d\u{202f}\u{e000}\n🦀");
        assert_eq!(clean, "ab cd\u{202f}\u{e000}\n🦀");
        assert_eq!(removed, ['\u{0}', '\u{fffe}']);
        let (clean, removed) =
            remove_illegal("l\u{92}a\u{7f}\u{85}\u{fffd}\u{fdd0}\u{1fffe}\u{10ffff}é\u{feff}\u{10fffd}");
        assert_eq!(clean, "la é\u{feff}\u{10fffd}");
        assert_eq!(removed.len(), 6);
        assert_eq!(remove_illegal("un\u{b}deux\u{c}trois\u{85}quatre").0, "un deux trois quatre");
        for c in '\0'..=char::MAX {
            assert_eq!(first_illegal(c.encode_utf8(&mut [0; 4])).is_none(), is_legal(c), "{c:?}");
        }
    }

    #[test]
    fn mail_is_told_from_names() {
        for (byline, name) in [
            ("zoe@example.org", ""),
            ("Zoé\u{2003}<zoe@example.org>", "Zoé\u{2003}"),
            ("Zoé Le Goff (zoe@x.fr), Brest", "Zoé Le Goff , Brest"),
            ("Zoé<zoe@x.fr> et Yann <y@x.fr>", "Zoé et Yann"),
        ] {
            assert_eq!(without_email(byline), name);
            assert!(matches!(without_email(name), Cow::Borrowed(_)));
        }
        for name in ["Zoé Le Goff", "@zoe", "zoe@instance", "Zoé @ la mer", "<b>Zoé</b>", ""] {
            assert!(matches!(without_email(name), Cow::Borrowed(_)), "{name}");
        }
    }

    #[test]
    fn words_are_told_from_markup_and_punctuation() {
        let html = "<p>Qu’est-<em>ce</em>&nbsp;?</p><p>L&amp;œ <a href=\"x\">É</a>té</p>";
        assert_eq!(of_html(html), " Qu’est-ce\u{a0}?  L&œ Été ");
        assert_eq!(words(&of_html(html)), ["qu", "est", "ce", "l", "oe", "ete"]);
        assert_eq!(words_in_one(&of_html(html)), "qu est ce l oe ete");
        assert_eq!(of_html("a < b & c"), "a < b & c");
    }

    #[test]
    fn messages_stay_readable_whatever_they_quote() {
        let picture = "A".repeat(4_000_000);
        for (before, after) in [("the image \"", "\" is no address"), ("![x](", ")"), ("<img src='", "'>"), ("", "")] {
            for scheme in ["data:", "DATA:"] {
                let told = shortened(&format!("{before}{scheme}image/png;base64,{picture}{after}")).into_owned();
                let length = scheme.len() + "image/png;base64,".len() + picture.len();
                // What stands in one word with it counts.
                let word = before.rsplit(' ').next().unwrap_or_default().trim_end_matches(['"', '\'']).len();
                let length = if before.ends_with('(') { length + word } else { length };
                assert_eq!(told, format!("{before}{scheme}image/png;base64,… ({length} bytes){after}"));
            }
        }
        // Without a kind, and where a letter is cut in two.
        assert_eq!(shortened(&format!("data:{picture}")), "data:… (4000005 bytes)");
        let told = shortened(&"\u{e9}".repeat(900)).into_owned();
        assert_eq!(told, format!("{}… (1800 bytes)", "\u{e9}".repeat(40)));
        let line = "word ".repeat(2_000);
        let told = shortened(&format!("{line}\n^ here")).into_owned();
        assert!(told.len() < MAX_MESSAGE_LINE_BYTES + 20 && told.ends_with(" …\n^ here"), "{told}");
        // Paths, addresses and the word data are left alone.
        for whole in [format!("cannot read /{}", "a/".repeat(150)), format!("the data: {}", "many words ".repeat(20))] {
            assert!(matches!(shortened(&whole), Cow::Borrowed(_)), "{whole}");
        }
    }

    #[test]
    fn one_line_keeps_no_break_spaces() {
        assert_eq!(one_line("  Qui\u{202f}?\r\n Moi\u{a0}! "), "Qui\u{202f}? Moi\u{a0}!");
    }
}
