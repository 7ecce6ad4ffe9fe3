//! The text of a post as WordPress keeps it: HTML with the comments of blocks, or, from before there were blocks,
//! paragraphs with an empty line between them; shortcodes in square brackets.

use std::collections::HashMap;

use crate::{
    ingest::{
        clean::tokens::{HtmlToken, HtmlTokens},
        plain_of_html,
    },
    model::{RecordImage, html::escape, text},
};

/// What a post's text comes to.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) html: String,
    /// What stands before the mark that says: more.
    pub(super) standfirst: String,
    pub(super) warnings: Vec<String>,
}

/// What may stand in a standfirst and be left out of it. All else, such as a link, would be lost with the text.
const PLAIN: [&str; 7] = ["p", "br", "em", "strong", "b", "i", "span"];

/// In characters: a longer beginning is no standfirst.
const MAX_MORE_CHARS: usize = 1_500;

/// Elements that are paragraphs of their own.
const BLOCKS: [&str; 28] = [
    "address",
    "article",
    "aside",
    "audio",
    "blockquote",
    "div",
    "dl",
    "fieldset",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "iframe",
    "ol",
    "p",
    "pre",
    "script",
    "section",
    "table",
    "ul",
    "video",
];

/// Reads a post's text.
pub(super) fn body(content: &str, pictures: &HashMap<String, RecordImage>) -> Body {
    let mut body = Body::default();
    let content = content.replace("\r\n", "\n").replace('\r', "\n");
    let has_blocks = content.contains("<!-- wp:");
    let content = shortcodes(&content, pictures, &mut body.warnings);
    let (standfirst, content) = split_more(content);
    body.standfirst = standfirst;
    body.html = if has_blocks { lines_with_addresses(&content) } else { paragraphs(&content) };
    body
}

/// The text of a post that WordPress has made HTML of already.
pub(super) fn rendered(content: &str) -> Body {
    // The mark alone is no paragraph.
    let content = content.replace("<p><!--more--></p>", "<!--more-->");
    let (standfirst, html) = split_more(content);
    Body { html, standfirst, warnings: Vec::new() }
}

/// What stands before the mark that says: more, if that is words alone, and the rest of the text.
fn split_more(content: String) -> (String, String) {
    let Some(at) = content.find("<!--more") else { return (String::new(), content) };
    let Some(end) = content[at..].find("-->").map(|end| at + end + 3) else { return (String::new(), content) };
    let (before, after) = (&content[..at], &content[end..]);
    // Of a block, the comments before and behind the mark are its own.
    let standfirst = text::one_line(&plain_of_html(before));
    let is_words = HtmlTokens::of(before).all(|token| match token {
        HtmlToken::Tag(tag) => PLAIN.iter().any(|name| tag.name.eq_ignore_ascii_case(name)),
        _ => true,
    });
    if is_words && !standfirst.trim().is_empty() && standfirst.chars().count() <= MAX_MORE_CHARS {
        return (standfirst, after.to_owned());
    }
    (String::new(), format!("{before}{after}"))
}

/// Addresses that stand on a line by themselves are what WordPress shows a player for: they become links.
fn lines_with_addresses(content: &str) -> String {
    let line = |line: &str| match lone_address(line) {
        Some(address) => link(address),
        None => line.to_owned(),
    };
    content.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

fn lone_address(line: &str) -> Option<&str> {
    let line = line.trim();
    let is_address = (line.starts_with("https://") || line.starts_with("http://"))
        && !line.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'));
    is_address.then_some(line)
}

fn link(address: &str) -> String {
    // What the text holds is HTML already.
    format!("<a href=\"{address}\">{address}</a>")
}

/// Makes the paragraphs that WordPress makes of empty lines.
fn paragraphs(content: &str) -> String {
    let mut html = String::with_capacity(content.len() + content.len() / 16);
    let mut in_pre = false;
    for part in content.split("\n\n") {
        let part = if in_pre { part } else { part.trim() };
        let was_pre = in_pre;
        in_pre = match (part.rfind("<pre"), part.rfind("</pre")) {
            (Some(begin), Some(end)) => begin > end,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => in_pre,
        };
        if part.is_empty() {
            continue;
        }
        if was_pre || begins_with_block(part) || part.starts_with("<!--") {
            html.push_str(part);
            html.push_str(if in_pre { "\n\n" } else { "\n" });
        } else if let Some(address) = lone_address(part) {
            html.push_str(&format!("<p>{}</p>\n", link(address)));
        } else {
            html.push_str(&format!("<p>{}</p>\n", part.replace('\n', "<br>\n")));
        }
    }
    html
}

fn begins_with_block(part: &str) -> bool {
    let Some(rest) = part.strip_prefix('<') else { return false };
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    BLOCKS.contains(&name.to_ascii_lowercase().as_str())
}

/// A shortcode's beginning: `[name key="value" value]`.
#[derive(Debug)]
struct WordpressShortcode<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
    /// How long it is, in bytes.
    length: usize,
}

impl<'a> WordpressShortcode<'a> {
    /// The shortcode at the beginning of a text.
    fn at(text: &'a str) -> Option<Self> {
        let inner = text.strip_prefix('[')?;
        let name_length = inner.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
        let name = inner.get(..name_length).filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))?;
        let end = inner.find(']').filter(|end| *end < 2_000)?;
        let mut rest = inner.get(name_length..end)?;
        if !rest.is_empty() && !rest.starts_with([' ', '/', '\n', '=']) {
            return None;
        }
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', '\n', '\t', '/']);
            if rest.is_empty() {
                break;
            }
            let key_end = rest.find(['=', ' ', '"', '\'']).unwrap_or(rest.len());
            let (key, after) = rest.split_at(key_end);
            let Some(value) = after.strip_prefix('=') else {
                let value = if key.is_empty() { rest.trim_matches(['"', '\'']) } else { key };
                attributes.push(("", value));
                rest = if key.is_empty() { "" } else { after };
                continue;
            };
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            let (value, after) = match quote {
                Some(quote) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
                None => value.split_at(value.find(' ').unwrap_or(value.len())),
            };
            attributes.push((key, value));
            rest = after;
        }
        Some(Self { name, attributes, length: end + 2 })
    }

    fn get(&self, keys: &[&str]) -> Option<&'a str> {
        let found = self.attributes.iter().find(|(key, _)| keys.contains(key));
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// Whether it is written as a shortcode is, and not as a remark in brackets.
    fn is_certain(&self) -> bool {
        !self.attributes.is_empty() && self.attributes.iter().any(|(key, _)| !key.is_empty())
    }
}

/// Replaces the shortcodes: known ones by what they show; of others, the text between them stays.
fn shortcodes(content: &str, pictures: &HashMap<String, RecordImage>, warnings: &mut Vec<String>) -> String {
    let mut html = String::with_capacity(content.len());
    let mut rest = content;
    let mut told: Vec<String> = Vec::new();
    while let Some(at) = rest.find('[') {
        html.push_str(&rest[..at]);
        rest = &rest[at..];
        // `[[name]]` is one that is told about.
        if rest.starts_with("[[") {
            let end = rest.find("]]").map_or(2, |end| end + 2);
            html.push_str(&rest[1..end.max(2) - 1]);
            rest = &rest[end.max(2)..];
            continue;
        }
        if let Some(closing) = closing_at(rest, &told) {
            rest = &rest[closing..];
            continue;
        }
        let Some(code) = WordpressShortcode::at(rest) else {
            html.push('[');
            rest = &rest[1..];
            continue;
        };
        let after = &rest[code.length..];
        let (inner, after_close) = match after.split_once(&format!("[/{}]", code.name)) {
            Some((inner, after)) => (Some(inner), after),
            None => (None, after),
        };
        let shown = known(&code, inner, pictures);
        match shown {
            Some(shown) => {
                html.push_str(&shown);
                rest = if inner.is_some() { after_close } else { after };
            }
            None if code.is_certain() || inner.is_some() => {
                if !told.iter().any(|name| name == code.name) {
                    told.push(code.name.to_owned());
                    warnings
                        .push(format!("the shortcode [{}] is not known: readers see the text in it alone", code.name));
                }
                rest = after;
            }
            None => {
                html.push('[');
                rest = &rest[1..];
            }
        }
    }
    html.push_str(rest);
    html
}

/// How long the end of an unknown shortcode is that stands at the beginning of a text.
fn closing_at(text: &str, told: &[String]) -> Option<usize> {
    let name = text.strip_prefix("[/")?;
    let end = name.find(']')?;
    told.iter().any(|told| told == &name[..end]).then_some(end + 3)
}

/// What a known shortcode shows.
fn known(
    code: &WordpressShortcode<'_>,
    inner: Option<&str>,
    pictures: &HashMap<String, RecordImage>,
) -> Option<String> {
    let inner = inner.map(str::trim).filter(|inner| !inner.is_empty());
    Some(match code.name {
        "caption" | "wp_caption" => {
            let inner = inner?;
            let (picture, words) = picture_and_words(inner);
            let words = code.get(&["caption"]).map_or_else(|| words.to_owned(), escape);
            format!("<figure>{picture}<figcaption>{words}</figcaption></figure>")
        }
        "embed" | "youtube" | "vimeo" | "dailymotion" | "soundcloud" | "tweet" | "instagram" => {
            let address = inner.or_else(|| code.get(&["src", "url", ""]))?;
            format!("\n\n{}\n\n", lone_address(address)?)
        }
        "audio" | "video" | "playlist" => {
            let keys = ["src", "mp3", "m4a", "ogg", "wav", "flac", "mp4", "m4v", "webm", "ogv", "url"];
            match code.get(&keys).or(inner).and_then(lone_address) {
                Some(address) => format!("\n\n{address}\n\n"),
                None => String::new(),
            }
        }
        "gallery" => {
            let ids = code.get(&["ids", "include"]).unwrap_or_default().split(',');
            let picture = |id: &str| {
                let picture = pictures.get(id.trim())?;
                Some(format!(
                    "<figure><img src=\"{}\" alt=\"{}\"></figure>",
                    escape(&picture.url),
                    escape(&picture.alt)
                ))
            };
            ids.filter_map(picture).collect()
        }
        _ => return None,
    })
}

/// A caption's picture, with the link around it, and its words.
fn picture_and_words(inner: &str) -> (&str, &str) {
    let end = match inner.find("</a>") {
        Some(at) if inner.trim_start().starts_with("<a") => at + 4,
        _ => inner.find("<img").and_then(|at| Some(at + inner[at..].find('>')? + 1)).unwrap_or(0),
    };
    (&inner[..end], inner[end..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(content: &str) -> (String, Vec<String>) {
        let pictures = HashMap::from([(
            "12".to_owned(),
            RecordImage {
                url: "https://x.example/a.jpg".to_owned(),
                alt: "Un \"phare\"".to_owned(),
                ..RecordImage::default()
            },
        )]);
        let body = body(content, &pictures);
        (body.html, body.warnings)
    }

    #[test]
    fn lines_and_shortcodes_become_what_readers_saw() {
        for (content, shown) in [
            ("Un\ndeux\n\nTrois", "<p>Un<br>\ndeux</p>\n<p>Trois</p>\n"),
            ("<h2>A</h2>\n\nB [sic] et [1] ou [a b]", "<h2>A</h2>\n<p>B [sic] et [1] ou [a b]</p>\n"),
            ("<pre>a\n\nb</pre>\n\nc", "<pre>a\n\nb</pre>\n<p>c</p>\n"),
            ("https://v.example/x", "<p><a href=\"https://v.example/x\">https://v.example/x</a></p>\n"),
            (
                "[caption id=\"a\" width=\"3\"]<img src=\"i.jpg\" alt=\"\"> La mer[/caption]",
                "<figure><img src=\"i.jpg\" alt=\"\"><figcaption>La mer</figcaption></figure>\n",
            ),
            (
                "[gallery ids=\"12,13\"]",
                "<figure><img src=\"https://x.example/a.jpg\" alt=\"Un &quot;phare&quot;\"></figure>\n",
            ),
            (
                "A [embed]https://v.example/x[/embed] B",
                "<p>A</p>\n<p><a href=\"https://v.example/x\">https://v.example/x</a></p>\n<p>B</p>\n",
            ),
            ("[[caption]] se dit", "<p>[caption] se dit</p>\n"),
            (
                "<!-- wp:embed -->\n<figure><div>\nhttps://v.example/x\n</div></figure>\n<!-- /wp:embed -->",
                "<!-- wp:embed -->\n<figure><div>\n<a href=\"https://v.example/x\">https://v.example/x</a>\n</div></figure>\n<!-- /wp:embed -->",
            ),
        ] {
            assert_eq!(html(content), (shown.to_owned(), Vec::new()), "{content}");
        }
        let (shown, warnings) = html("[box color=\"red\"]Dedans[/box] et [box x=1]encore[/box]");
        assert_eq!(shown, "<p>Dedans et encore</p>\n");
        assert_eq!(warnings, ["the shortcode [box] is not known: readers see the text in it alone"]);
    }

    #[test]
    fn what_stands_before_the_mark_is_the_standfirst_if_nothing_is_lost_by_that() {
        let split = |content: &str| {
            let body = body(content, &HashMap::new());
            (body.standfirst, body.html)
        };
        let (standfirst, html) = split("Un <em>mot</em>.\n\n<!--more-->\n\nSuite.");
        assert_eq!((standfirst.as_str(), html.as_str()), ("Un mot.", "<p>Suite.</p>\n"));
        let (standfirst, html) = split("Un <a href=\"/b\">lien</a>.\n\n<!--more-->\n\nSuite.");
        assert_eq!((standfirst.as_str(), html.as_str()), ("", "<p>Un <a href=\"/b\">lien</a>.</p>\n<p>Suite.</p>\n"));
    }

    #[test]
    fn whatever_brackets_there_are_it_comes_to_an_end() {
        for content in [
            "[",
            "[[",
            "[[]]",
            "[]",
            "[/",
            "[/a]",
            "[a=",
            "[a \"",
            "[a é=\"é\"]é[/a]",
            "[embed]",
            "[[a",
            "é[é]",
            "[caption]",
        ] {
            html(content);
            html(&content.repeat(50));
        }
    }
}
