//! The short marks of SPIP (`{{bold}}`, `[text->address]`, `-* item`), as HTML. What leads to something in SPIP itself, such
//! as `<img12>` or `[->art5]`, cannot be told from a text alone: its words stay, and it is told.

mod blocks;

use super::clean::tokens::{HtmlToken, HtmlTokens};
use crate::model::html::escape;

/// Texts in which nothing is a mark.
const VERBATIM: [&str; 4] = ["code", "cadre", "html", "pre"];

/// What SPIP shows a document or something else by that it has.
const MODELS: [&str; 10] = ["img", "doc", "emb", "video", "audio", "son", "lecteur", "formulaire", "article", "image"];

/// What stands before a `->` is a link's text; behind it, this begins an address.
const ADDRESSES: [&str; 6] = ["http://", "https://", "mailto:", "ftp://", "/", "#"];

/// The HTML of a text.
pub fn body(text: &str, warnings: &mut Vec<String>) -> String {
    let text = one_language(&text.replace("\r\n", "\n").replace('\r', "\n"));
    let mut notes = Vec::new();
    let mut html = String::with_capacity(text.len() * 5 / 4);
    for part in parts(&text) {
        match part {
            Part::Marked(text) => {
                let text = notes_out(&without_models(text, warnings), &mut notes);
                blocks::blocks(&text, &mut html, warnings);
            }
            Part::Verbatim("html", text) => html.push_str(text),
            Part::Verbatim(_, text) => html.push_str(&format!("<pre>{}</pre>\n", escape(text.trim_matches('\n')))),
        }
    }
    for (number, note) in notes.iter().enumerate() {
        html.push_str(&format!("<p>[{}] {}</p>\n", number + 1, marks(note.trim(), warnings)));
    }
    html
}

/// The HTML of a text in one line, such as a title.
pub fn line(text: &str) -> String {
    let mut told = Vec::new();
    marks(&without_models(&one_language(text), &mut told), &mut told)
}

/// A piece of a text.
enum Part<'a> {
    Marked(&'a str),
    /// What its element is called, and what is in it.
    Verbatim(&'a str, &'a str),
}

/// The pieces in which marks mean something, and those in which they do not.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let begins = VERBATIM.iter().filter_map(|name| Some((rest.find(&format!("<{name}>"))?, *name)));
        let Some((at, name)) = begins.min() else { break };
        let inner = &rest[at + name.len() + 2..];
        let Some((inner, after)) = inner.split_once(&format!("</{name}>")) else { break };
        parts.extend([Part::Marked(&rest[..at]), Part::Verbatim(name, inner)]);
        rest = after;
    }
    parts.push(Part::Marked(rest));
    parts
}

/// Of a text in several languages, the first: `<multi>[fr]Mer[en]Sea</multi>`.
fn one_language(text: &str) -> String {
    let mut one = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once("<multi>") {
        let Some((inner, after)) = inner.split_once("</multi>") else { break };
        one.push_str(before);
        let words = inner.trim_start();
        let words = language_mark(words).map_or(words, |length| &words[length..]);
        let end = words.match_indices('[').find(|(at, _)| language_mark(&words[*at..]).is_some());
        one.push_str(words[..end.map_or(words.len(), |(at, _)| at)].trim_end());
        rest = after;
    }
    one + rest
}

/// How long the mark of a language is that a text begins with: `[fr]`, `[pt_br]`.
fn language_mark(text: &str) -> Option<usize> {
    let (word, _) = text.strip_prefix('[')?.split_once(']')?;
    let is_word = |word: &str| word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    ((2..=8).contains(&word.len()) && is_word(word)).then_some(word.len() + 2)
}

/// Takes out what shows something that SPIP has: `<img12|left>`.
fn without_models(text: &str, warnings: &mut Vec<String>) -> String {
    let mut html = String::with_capacity(text.len());
    for token in HtmlTokens::of(text) {
        match token {
            HtmlToken::Tag(tag) if is_model(tag.name) => {
                let name = tag.name.split('|').next().unwrap_or_default();
                tell(warnings, format!("<{name}> shows something that SPIP alone has: taken out"));
            }
            HtmlToken::Tag(tag) => html.push_str(tag.source),
            HtmlToken::Text(text) => html.push_str(text),
            HtmlToken::Hidden => {}
        }
    }
    html
}

fn is_model(name: &str) -> bool {
    let name = name.split('|').next().unwrap_or_default().to_ascii_lowercase();
    let word = name.trim_end_matches(|c: char| c.is_ascii_digit());
    word.len() < name.len() && MODELS.contains(&word)
}

fn tell(warnings: &mut Vec<String>, message: String) {
    if !warnings.contains(&message) {
        warnings.push(message);
    }
}

/// Puts a number in the place of each note, `[[words]]`.
fn notes_out(text: &str, notes: &mut Vec<String>) -> String {
    let mut html = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once("[[") {
        let Some((note, after)) = inner.split_once("]]") else { break };
        // A link may end the note.
        let (note, after) = match after.strip_prefix(']') {
            Some(after) if note.contains("->") => (format!("{note}]"), after),
            _ => (note.to_owned(), after),
        };
        notes.push(note);
        html.push_str(&format!("{before}<sup>[{}]</sup>", notes.len()));
        rest = after;
    }
    html + rest
}

/// The marks in a line: links, bold and italic letters.
fn marks(text: &str, warnings: &mut Vec<String>) -> String {
    let mut html = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('[') {
        html.push_str(&letters(&rest[..at]));
        rest = &rest[at..];
        let Some((inner, after)) = rest[1..].split_once(']').filter(|(inner, _)| inner.contains("->")) else {
            html.push('[');
            rest = &rest[1..];
            continue;
        };
        let (words, target) = inner.split_once("->").unwrap_or((inner, ""));
        let (words, target) = (words.split('|').next().unwrap_or_default().trim(), target.trim());
        html.push_str(&link(words, target, warnings));
        rest = after;
    }
    html + &letters(rest)
}

fn link(words: &str, target: &str, warnings: &mut Vec<String>) -> String {
    let is_mail = target.contains('@') && !target.contains(['/', ' ', ':']);
    let shown = if words.is_empty() { escape(target) } else { letters(words) };
    if is_mail {
        return format!("<a href=\"mailto:{}\">{shown}</a>", escape(target));
    }
    let lower = target.to_ascii_lowercase();
    if ADDRESSES.iter().any(|begin| lower.starts_with(begin)) {
        // What a text holds is HTML already: an address may have its entities.
        return format!("<a href=\"{}\">{shown}</a>", escape(&target.replace("&amp;", "&")));
    }
    tell(warnings, format!("[->{target}] leads to something in SPIP: its words stay, without the link"));
    if words.is_empty() { String::new() } else { shown }
}

/// `{{bold}}` and `{italic}`, and `~` for a space that holds two words together.
fn letters(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        html.push_str(&rest[..at].replace('~', "&nbsp;"));
        rest = &rest[at..];
        let (mark, end, name) = if rest.starts_with("{{") { (2, "}}", "strong") } else { (1, "}", "em") };
        let Some(found) = rest[mark..].find(end).map(|found| found + mark) else {
            html.push('{');
            rest = &rest[1..];
            continue;
        };
        // Of three at the end, the first may end what is in it.
        let opened = rest[mark..found].matches('{').count();
        let is_inner = mark == 2 && opened % 2 == 1 && rest[found + 2..].starts_with('}');
        let found = if is_inner { found + 1 } else { found };
        html.push_str(&format!("<{name}>{}</{name}>", letters(&rest[mark..found])));
        rest = &rest[found + mark..];
    }
    html + &rest.replace('~', "&nbsp;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> (String, Vec<String>) {
        let mut warnings = Vec::new();
        (body(text, &mut warnings), warnings)
    }

    #[test]
    fn marks_become_what_readers_saw() {
        for (text, shown) in [
            ("Un\ndeux\n\nTrois~!", "<p>Un\ndeux</p>\n<p>Trois&nbsp;!</p>\n"),
            ("{{gras}} et {penché {{les deux}}}", "<p><strong>gras</strong> et <em>penché {{les deux</em>}}</p>\n"),
            ("{{gras {et penché}}}", "<p><strong>gras <em>et penché</em></strong></p>\n"),
            ("Avant\n{{{Inter}}}\nAprès", "<p>Avant</p>\n<h3>Inter</h3>\n<p>Après</p>\n"),
            (
                "[le {port}->https://port.example/?a=1&amp;b=2] [->https://port.example] [nous->a@port.example]",
                "<p><a href=\"https://port.example/?a=1&amp;b=2\">le <em>port</em></a> \
                 <a href=\"https://port.example\">https://port.example</a> \
                 <a href=\"mailto:a@port.example\">nous</a></p>\n",
            ),
            (
                "-* un\n-** dedans\n-* deux\n-# trois",
                "<ul><li>un<ul><li>dedans</li></ul></li><li>deux</li></ul>\n<ol><li>trois</li></ol>\n",
            ),
            ("Vers\n_ suivant\n- tiret", "<p>Vers<br>\nsuivant<br>\n– tiret</p>\n"),
            ("a\n----\nb", "<p>a</p>\n<hr>\n<p>b</p>\n"),
            (
                "||Marées|||\n|{{Jour}}|{{Heure}}|\n|lundi|8 h|",
                "<table><caption>Marées</caption><tr><th>Jour</th><th>Heure</th></tr><tr><td>lundi</td><td>8 h</td></tr></table>\n",
            ),
            ("<quote>Il dit.\n\nEncore.</quote>", "<blockquote>\n<p>Il dit.</p>\n<p>Encore.</p>\n</blockquote>\n"),
            ("<poesie>La mer\nla nuit</poesie>", "<blockquote>\n<p>La mer<br>\nla nuit</p>\n</blockquote>\n"),
            ("<code>{{a}} <b></code>", "<pre>{{a}} &lt;b&gt;</pre>\n"),
            ("<multi>[fr]La mer[en]The sea</multi> monte", "<p>La mer monte</p>\n"),
            (
                "Dit-on[[Voir [ici->https://a.example]]].",
                "<p>Dit-on<sup>[1]</sup>.</p>\n<p>[1] Voir <a href=\"https://a.example\">ici</a></p>\n",
            ),
            ("<div class=\"x\">HTML</div>", "<div class=\"x\">HTML</div>\n"),
        ] {
            assert_eq!(html(text), (shown.to_owned(), Vec::new()), "{text}");
        }
    }

    #[test]
    fn what_leads_into_spip_is_told() {
        let (shown, warnings) = html("[la suite->art12] <img5|left> fin [->doc3]");
        assert_eq!(shown, "<p>la suite  fin </p>\n");
        assert_eq!(
            warnings,
            [
                "<img5> shows something that SPIP alone has: taken out",
                "[->art12] leads to something in SPIP: its words stay, without the link",
                "[->doc3] leads to something in SPIP: its words stay, without the link",
            ]
        );
        assert_eq!(line("<multi>[fr]{{La}} mer[en]Sea</multi>"), "<strong>La</strong> mer");
    }

    #[test]
    fn whatever_marks_there_are_it_comes_to_an_end() {
        for text in [
            "{", "{{", "{{{", "}}}", "[", "[[", "[->", "[[->]]]", "-*", "-", "|", "||", "<multi>", "<multi>[", "_ ",
            "é{é",
        ] {
            html(text);
            html(&text.repeat(60));
            html(&format!("{text}\n").repeat(60));
        }
    }
}
