//! A body's Markdown as HTML. Markdown lets raw HTML through, and takes any word in angle brackets
//! for it: here only HTML is HTML, a raw tag reaches no further than its paragraph or block, and
//! footnotes stand at the end with links there and back.

mod autolinks;
mod footnotes;
mod heading;

use std::ops::Range;

pub(super) use heading::heading;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, TextMergeStream};

use crate::model::html::escape_into;

use super::site_paths::SiteLinks;

use super::clean::{
    names::is_element,
    prepare::{MAX_NESTING, end_of, push_text},
    tokens::{self, HtmlToken, HtmlTokens},
};

const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_HEADING_ATTRIBUTES);

/// The HTML of a text in Markdown, and whether quotes or lists in it were nested too deeply. Bare addresses become links;
/// what links and pictures lead to, the site's rules say.
pub(super) fn html(markdown: &str, links: &SiteLinks<'_>) -> (String, bool) {
    let (shallow, flattened) = flatten(markdown);
    let source = escape_unknown_tags(&shallow);
    let parser = Parser::new_ext(&source, OPTIONS);
    let mut events: Vec<Event<'_>> = match autolinks::may_hold(&source) {
        // An address that holds a `_` comes in pieces.
        true => autolinks::linked(TextMergeStream::new(parser).collect()),
        false => parser.collect(),
    };
    for event in &mut events {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => {
                if let Some(target) = links.target(dest_url) {
                    *dest_url = target.into();
                }
            }
            Event::Start(Tag::Image { dest_url, .. }) => *dest_url = links.picture(dest_url).into(),
            _ => {}
        }
    }
    let mut html = String::with_capacity(markdown.len() * 5 / 4);
    footnotes::push_html(&mut html, settle(events));
    (html, flattened)
}

/// Where a text in Markdown is code, in order.
pub(super) fn code(markdown: &str) -> Vec<Range<usize>> {
    let (mut code, mut from) = (Vec::new(), None);
    for (event, range) in Parser::new_ext(markdown, OPTIONS).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_)) => from = Some(range.start),
            Event::End(TagEnd::CodeBlock) => code.extend(from.take().map(|from| from..range.end)),
            Event::Code(_) => code.push(range),
            _ => {}
        }
    }
    code
}

/// The text without the marks of quotes and lists that stand more than [`MAX_NESTING`] deep at the
/// beginning of a line: a parser takes time by the square of their number.
fn flatten(markdown: &str) -> (std::borrow::Cow<'_, str>, bool) {
    // Each takes a character at least, and a line that long is rare.
    if markdown.split('\n').all(|line| line.len() <= MAX_NESTING || too_deep(line).is_none()) {
        return (markdown.into(), false);
    }
    let kept = markdown.split_inclusive('\n').map(|line| match too_deep(line) {
        Some((from, to)) => format!("{}{}", &line[..from], &line[to..]),
        None => line.to_owned(),
    });
    (kept.collect::<String>().into(), true)
}

/// Where in a line the marks stand that are too deep.
fn too_deep(line: &str) -> Option<(usize, usize)> {
    let bytes = line.as_bytes();
    let ends = |at: usize| bytes.get(at).is_none_or(u8::is_ascii_whitespace);
    let (mut at, mut count, mut from) = (0, 0, None);
    while let Some(byte) = bytes.get(at) {
        let digits = bytes[at..].iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
        let length = match byte {
            b' ' | b'\t' => {
                at += 1;
                continue;
            }
            b'>' => 1,
            b'-' | b'+' | b'*' if ends(at + 1) => 1,
            _ if digits > 0 && matches!(bytes.get(at + digits), Some(b'.' | b')')) && ends(at + digits + 1) => {
                digits + 1
            }
            _ => break,
        };
        if count == MAX_NESTING {
            from = from.or(Some(at));
        }
        count += usize::from(from.is_none());
        at += length;
    }
    from.map(|from| (from, at))
}

/// The text with each block of HTML that begins with a word in angle brackets made a paragraph: what
/// follows in it is Markdown.
fn escape_unknown_tags(markdown: &str) -> std::borrow::Cow<'_, str> {
    if !markdown.contains('<') {
        return markdown.into();
    }
    let mut kept = String::new();
    let mut from = 0;
    for (event, range) in Parser::new_ext(markdown, OPTIONS).into_offset_iter() {
        if event != Event::Start(Tag::HtmlBlock) {
            continue;
        }
        let Some(at) = markdown[range.clone()].find('<').map(|at| range.start + at) else { continue };
        if let Some(HtmlToken::Tag(tag)) = HtmlTokens::of(&markdown[at..range.end]).next()
            && !is_element(tag.name)
        {
            kept.push_str(&markdown[from..at]);
            kept.push_str("&lt;");
            from = at + 1;
        }
    }
    if from == 0 {
        return markdown.into();
    }
    kept.push_str(&markdown[from..]);
    kept.into()
}

/// The events with their raw HTML settled: what it opens that holds text instead of HTML ends where
/// its paragraph or block ends.
fn settle(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut settled = Vec::with_capacity(events.len());
    let mut block: Option<String> = None;
    // Up to where it is known that no end tag of scripts and styles comes.
    let mut unended = 0;
    // The same of drawings.
    let mut unended_drawings = 0;
    let mut at = 0;
    while let Some(event) = events.get(at) {
        match event {
            Event::Start(Tag::HtmlBlock) => block = Some(String::new()),
            Event::Html(line) if block.is_some() => {
                if let Some(block) = &mut block {
                    block.push_str(line);
                }
            }
            Event::End(TagEnd::HtmlBlock) => {
                let block = block.take().unwrap_or_default();
                settled.push(Event::Html(settled_block(&block).into()));
            }
            Event::InlineHtml(source) => match HtmlTokens::of(source).next() {
                Some(HtmlToken::Tag(tag)) if !is_element(tag.name) => settled.push(Event::Text(source.clone())),
                // What stands in these has names of its own.
                Some(HtmlToken::Tag(tag)) if is_drawing(&tag) && !tag.source.ends_with("/>") => {
                    let end = if at < unended_drawings { None } else { drawing_end(&events, at, tag.name) };
                    match end {
                        Some(end) => {
                            settled.push(Event::InlineHtml(sources(&events[at..=end]).into()));
                            at = end;
                        }
                        None => {
                            unended_drawings = unended_drawings.max(paragraph_end(&events, at));
                            settled.push(event.clone());
                        }
                    }
                }
                Some(HtmlToken::Tag(tag)) if is_code(&tag) => {
                    let end = if at < unended { None } else { inline_end(&events, at, tag.name) };
                    match end {
                        Some(end) => at = end,
                        None => unended = unended.max(paragraph_end(&events, at)),
                    }
                }
                Some(HtmlToken::Tag(tag)) if tag.name.eq_ignore_ascii_case("iframe") => {
                    let whole = if tag.ends { String::new() } else { format!("{source}</iframe>") };
                    settled.push(Event::InlineHtml(whole.into()));
                }
                Some(HtmlToken::Tag(tag)) if holds_text(tag.name) => {}
                _ => settled.push(event.clone()),
            },
            other => settled.push(other.clone()),
        }
        at += 1;
    }
    settled
}

/// Whether a tag begins what is no text for anybody.
fn is_code(tag: &tokens::Tag<'_>) -> bool {
    !tag.ends && (tag.name.eq_ignore_ascii_case("script") || tag.name.eq_ignore_ascii_case("style"))
}

/// Whether a tag begins a drawing or a formula.
fn is_drawing(tag: &tokens::Tag<'_>) -> bool {
    !tag.ends && (tag.name.eq_ignore_ascii_case("svg") || tag.name.eq_ignore_ascii_case("math"))
}

/// The event that ends a drawing in the paragraph in which it begins; drawings may stand in one another.
fn drawing_end(events: &[Event<'_>], from: usize, name: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, event) in events[..paragraph_end(events, from)].iter().enumerate().skip(from) {
        let Event::InlineHtml(source) = event else { continue };
        if let Some(HtmlToken::Tag(tag)) = HtmlTokens::of(source).next()
            && tag.name.eq_ignore_ascii_case(name)
            && !tag.source.ends_with("/>")
        {
            depth = if tag.ends { depth.saturating_sub(1) } else { depth + 1 };
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

/// The HTML and the texts of some events.
fn sources(events: &[Event<'_>]) -> String {
    let mut html = String::new();
    for event in events {
        match event {
            Event::InlineHtml(source) => html.push_str(source),
            Event::Text(text) => escape_into(text, &mut html),
            Event::SoftBreak | Event::HardBreak => html.push(' '),
            _ => {}
        }
    }
    html
}

/// Whether a browser takes what stands in an element for text.
fn holds_text(name: &str) -> bool {
    let names =
        ["title", "textarea", "xmp", "plaintext", "noscript", "noembed", "noframes", "iframe", "script", "style"];
    names.into_iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Where the paragraph ends in which an event stands.
fn paragraph_end(events: &[Event<'_>], from: usize) -> usize {
    let ends = |event: &Event<'_>| {
        let Event::End(end) = event else { return false };
        !matches!(
            end,
            TagEnd::Emphasis
                | TagEnd::Strong
                | TagEnd::Strikethrough
                | TagEnd::Link
                | TagEnd::Image
                | TagEnd::HtmlBlock
        )
    };
    events[from..].iter().position(ends).map_or(events.len(), |length| from + length)
}

/// The event that ends an element in the paragraph in which it begins.
fn inline_end(events: &[Event<'_>], from: usize, name: &str) -> Option<usize> {
    let end = |event: &Event<'_>| match event {
        Event::InlineHtml(source) => matches!(
            HtmlTokens::of(source).next(),
            Some(HtmlToken::Tag(tag)) if tag.ends && tag.name.eq_ignore_ascii_case(name)
        ),
        _ => false,
    };
    events[from..paragraph_end(events, from)].iter().position(end).map(|length| from + length)
}

/// A block of raw HTML whose elements that hold text end in it; words in angle brackets are text.
fn settled_block(html: &str) -> String {
    let mut settled = String::with_capacity(html.len());
    let mut pieces = HtmlTokens::of(html);
    let mut svg = 0_usize;
    // Names of which no end tag follows.
    let mut unclosed: Vec<String> = Vec::new();
    while let Some(piece) = pieces.next() {
        let tag = match piece {
            HtmlToken::Text(text) => {
                push_text(text, &mut settled);
                continue;
            }
            HtmlToken::Hidden => continue,
            HtmlToken::Tag(tag) => tag,
        };
        // Drawings and formulas have names of their own.
        if ["svg", "math"].iter().any(|name| tag.name.eq_ignore_ascii_case(name)) {
            svg = if tag.ends { svg.saturating_sub(1) } else { svg + 1 };
        }
        if svg == 0 && !is_element(tag.name) {
            push_text(tag.source, &mut settled);
            continue;
        }
        if tag.ends || !holds_text(tag.name) {
            settled.push_str(tag.source);
            continue;
        }
        let name = tag.name.to_ascii_lowercase();
        let end = if unclosed.contains(&name) { None } else { end_of(pieces.rest, &name) };
        if let Some((content, _)) = end {
            settled.push_str(tag.source);
            settled.push_str(&pieces.rest[..content]);
            pieces.rest = &pieces.rest[content..];
        } else {
            if name == "iframe" {
                settled.push_str(tag.source);
                settled.push_str("</iframe>");
            }
            unclosed.push(name);
        }
    }
    settled
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    pub(super) fn whole(markdown: &str) -> (String, bool) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let config = Config::load(&root.join("config.toml")).expect("the sample configuration");
        let page = config.magazine.url.clone();
        html(markdown, &SiteLinks::new(Path::new("a.md"), &page, &config.magazine))
    }

    pub(super) fn written(markdown: &str) -> String {
        whole(markdown).0
    }

    #[test]
    fn words_in_angle_brackets_are_words() {
        assert_eq!(
            written("Bonjour <nom du bateau> et </prenom>, `<x>` **<sous-marin>**."),
            "<p>Bonjour &lt;nom du bateau&gt; et &lt;/prenom&gt;, <code>&lt;x&gt;</code> \
             <strong>&lt;sous-marin&gt;</strong>.</p>\n"
        );
        assert_eq!(
            written("<prenom>\nBonjour **toi** <b>x</b>\n\n> <nom>\n\n<div>\n<nom> *a*\n</div>\n"),
            "<p>&lt;prenom&gt;\nBonjour <strong>toi</strong> <b>x</b></p>\n<blockquote>\n<p>&lt;nom&gt;</p>\n\
             </blockquote>\n<div>\n&lt;nom> *a*\n</div>\n"
        );
        assert_eq!(
            written("<svg viewBox=\"0 0 1 1\">\n<path d=\"M0\"/>\n</svg>\n"),
            "<svg viewBox=\"0 0 1 1\">\n<path d=\"M0\"/>\n</svg>\n"
        );
    }

    #[test]
    fn a_raw_tag_ends_with_its_paragraph() {
        for name in ["title", "textarea", "noscript", "xmp", "plaintext", "noembed", "noframes", "script", "style"] {
            assert_eq!(
                written(&format!("Avant <{name}> milieu.\n\nAprès **gras**.\n\n<{name}>\nbloc\n\n**fin**\n")),
                match name {
                    // These are blocks up to their end tags, wherever that is.
                    "script" | "style" | "textarea" =>
                        "<p>Avant  milieu.</p>\n<p>Après <strong>gras</strong>.</p>\n\nbloc\n\n**fin**\n",
                    // No tag that begins a block; a paragraph is one.
                    "title" | "noframes" =>
                        "<p>Avant  milieu.</p>\n<p>Après <strong>gras</strong>.</p>\n\nbloc\n<p><strong>fin</strong></p>\n",
                    _ =>
                        "<p>Avant  milieu.</p>\n<p>Après <strong>gras</strong>.</p>\n\nbloc\n<p><strong>fin</strong></p>\n",
                },
                "{name}"
            );
        }
        assert_eq!(written("a <script>alert(1)</script> b"), "<p>a  b</p>\n");
        assert_eq!(written("a <iframe src=x> b\n\nc"), "<p>a <iframe src=x></iframe> b</p>\n<p>c</p>\n");
        assert_eq!(written("<xmp>\n<b>x</b>\n</xmp>\n"), "<xmp>\n<b>x</b>\n</xmp>\n");
    }

    #[test]
    fn deep_quotes_and_lists_are_flattened() {
        for mark in [">", "> ", "- ", "1. ", "* > "] {
            let (html, flattened) = whole(&format!("{}x\n\ny", mark.repeat(50_000)));
            assert!(flattened && html.len() < 5_000 && html.contains('x') && html.ends_with("<p>y</p>\n"), "{mark}");
        }
        assert!(!whole(&format!("{}x", "> ".repeat(100))).1);
        assert_eq!(whole(&"- ".repeat(40)), ("<hr />\n".to_owned(), false));
    }
}
