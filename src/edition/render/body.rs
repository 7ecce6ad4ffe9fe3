//! A column's text as a letter shows it: of the clean HTML that the store has, what mail programs show alike.

use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Tag, TagEnd};

use super::{
    book::BookPicture,
    markdown::PlainTextWriter,
    tags::{self, HtmlPiece, LetterTag, is_absolute_link},
};
use crate::model::{
    html::{escape, escape_into},
    text,
};

/// Behind this, a text ends at the next block, and the rest is to be read on its page: Gmail cuts letters of 102 kB, and
/// what stands around a text needs its room.
const MAX_BODY_BYTES: usize = 55_000;

/// How wide a picture may be where a mail program takes no other word.
const MAX_PICTURE_PIXELS: u32 = 520;

/// Headings of a text stand below its title.
const FIRST_LEVEL: u8 = 3;

/// Room below a block.
const BLOCK_STYLE: &str = "margin:0 0 18px";

/// A column's text in a letter.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct LetterBody {
    /// On one line, each tag closed.
    pub(super) html: String,
    pub(super) text: String,
    /// Whether there is more of it.
    pub(super) is_cut: bool,
}

/// A text of clean HTML in a letter. `shown`: the address of a picture that the letter shows already.
pub(super) fn of(body: &str, shown: Option<&str>) -> LetterBody {
    written(body, MAX_BODY_BYTES, BodyWriter { shown, level: FIRST_LEVEL - 1, ..BodyWriter::default() })
}

/// A whole text of clean HTML, as XHTML, for a book with these pictures: of others, which are elsewhere, stands what they
/// show. Headings are below the first level.
pub(super) fn of_book(body: &str, pictures: &[BookPicture], shown: Option<&str>) -> String {
    written(body, usize::MAX, BodyWriter { pictures: Some(pictures), shown, level: 1, ..BodyWriter::default() }).html
}

/// The addresses of the pictures of a text that say what they show.
pub(super) fn pictures(body: &str) -> Vec<String> {
    let tags = tags::of(body).into_iter().filter(|tag| tag.name == "img");
    tags.filter_map(|tag| picture_of(&tag).map(|(address, _)| address.to_owned())).collect()
}

/// A picture's address and what it shows, if it has both.
fn picture_of(tag: &LetterTag) -> Option<(&str, &str)> {
    let address = tag.attribute("src").filter(|address| is_absolute_link(address))?;
    Some((address, tag.attribute("alt").filter(|alt| !text::is_blank(alt))?))
}

/// A whole text of clean HTML for a page, whose titles are of the third level.
pub(super) fn of_page(body: &str, shown: Option<&str>) -> String {
    written(body, usize::MAX, BodyWriter { shown, level: 3, ..BodyWriter::default() }).html
}

/// Writes a text until it has so many bytes.
fn written(body: &str, most: usize, mut writer: BodyWriter<'_>) -> LetterBody {
    let pieces = tags::pieces(body);
    writer.highest = highest_heading(&pieces);
    writer.top = writer.level;
    for piece in &pieces {
        let is_blank = matches!(piece, HtmlPiece::Text(words) if words.trim().is_empty());
        if writer.open.is_empty() && writer.html.len() > most && !is_blank {
            writer.is_cut = true;
            break;
        }
        writer.take(piece);
    }
    let empty = [format!("<p style=\"{BLOCK_STYLE}\"></p>"), format!("<div style=\"{BLOCK_STYLE}\"></div>")];
    let html = empty.iter().fold(writer.html, |html, empty| html.replace(empty, ""));
    LetterBody { html: html.trim().to_owned(), text: writer.text.finish(), is_cut: writer.is_cut }
}

/// The level of the largest heading of a text.
fn highest_heading(pieces: &[HtmlPiece]) -> u8 {
    let levels = pieces.iter().filter_map(|piece| match piece {
        HtmlPiece::Open(tag) => heading(&tag.name),
        _ => None,
    });
    levels.min().unwrap_or(1)
}

fn heading(name: &str) -> Option<u8> {
    match name.as_bytes() {
        [b'h', level @ b'1'..=b'6'] => Some(level - b'0'),
        _ => None,
    }
}

#[derive(Default)]
struct BodyWriter<'a> {
    shown: Option<&'a str>,
    highest: u8,
    /// The level of the title above the text.
    top: u8,
    /// Of a book: the pictures in it.
    pictures: Option<&'a [BookPicture]>,
    /// The level of the last heading: none is followed by one that is more than one smaller.
    level: u8,
    html: String,
    text: PlainTextWriter,
    /// What closes each element that is open: in HTML, and for the text.
    open: Vec<(String, Option<TagEnd>)>,
    /// How many elements are open in which line ends count.
    literal: usize,
    is_cut: bool,
}

impl BodyWriter<'_> {
    fn take(&mut self, piece: &HtmlPiece) {
        match piece {
            HtmlPiece::Open(tag) => self.open(tag),
            HtmlPiece::Close(name) => self.close(name),
            HtmlPiece::Text(words) if self.literal > 0 => {
                for (place, line) in words.split('\n').enumerate() {
                    if place > 0 {
                        self.html.push_str("<br />");
                        self.text.take(Event::HardBreak);
                    }
                    escape_into(line, &mut self.html);
                    self.text.take(Event::Text(CowStr::from(line.to_owned())));
                }
            }
            HtmlPiece::Text(words) => {
                escape_into(&words.replace(['\n', '\r', '\t'], " "), &mut self.html);
                self.text.take_words(words);
            }
        }
    }

    fn close(&mut self, name: &str) {
        if is_void(name) {
            return;
        }
        if name == "pre" {
            self.literal = self.literal.saturating_sub(1);
        }
        let Some((html, text)) = self.open.pop() else { return };
        self.html.push_str(&html);
        match (name, text) {
            (_, Some(end)) => self.text.take(Event::End(end)),
            ("td" | "th", _) => self.text.take_words(" "),
            _ => {}
        }
    }

    fn open(&mut self, tag: &LetterTag) {
        let name = tag.name.as_str();
        if is_void(name) {
            return self.void(tag);
        }
        if let Some(level) = heading(name) {
            let wanted = self.top + 1 + (level - self.highest);
            self.level = wanted.min(self.level + 1).min(6);
            let name = format!("h{}", self.level);
            let style = "margin:32px 0 12px;font-size:22px;line-height:28px;font-weight:bold";
            return self.push(tag, &name, style, None, Some(TagEnd::Heading(HeadingLevel::H3)));
        }
        match name {
            "p" | "dt" => self.push(tag, "p", BLOCK_STYLE, None, Some(TagEnd::Paragraph)),
            "pre" => {
                self.literal += 1;
                let style = "margin:0 0 18px;font-family:monospace;font-size:15px;line-height:22px";
                self.push(tag, "p", style, None, Some(TagEnd::Paragraph));
            }
            "figcaption" | "caption" => {
                let name = if name == "caption" { name } else { "p" };
                self.push(tag, name, "margin:6px 0 0;font-size:15px;line-height:22px", None, Some(TagEnd::Paragraph));
            }
            "ul" | "ol" => {
                let start = (name == "ol").then(|| tag.attribute("start").and_then(|at| at.parse().ok()).unwrap_or(1));
                self.push(tag, name, BLOCK_STYLE, Some(Tag::List(start)), Some(TagEnd::List(start.is_some())));
            }
            "li" => self.push(tag, name, "margin:0 0 6px", Some(Tag::Item), Some(TagEnd::Item)),
            "blockquote" => {
                let (begin, end) = (Tag::BlockQuote(None), TagEnd::BlockQuote(None));
                self.push(tag, name, "margin:0 0 18px;padding:0 20px;font-style:italic", Some(begin), Some(end));
            }
            "em" | "i" => self.push(tag, name, "", Some(Tag::Emphasis), Some(TagEnd::Emphasis)),
            "strong" | "b" => self.push(tag, name, "", Some(Tag::Strong), Some(TagEnd::Strong)),
            "table" => {
                let style = "width:100%;margin:0 0 18px;border-collapse:collapse;font:inherit;color:inherit";
                self.push(tag, name, style, None, Some(TagEnd::Paragraph));
            }
            "td" | "th" => self.push(tag, name, "padding:6px 8px 6px 0;border-bottom:1px solid", None, None),
            "tr" => self.push(tag, name, "", None, Some(TagEnd::Paragraph)),
            "a" => match tag.attribute("href").filter(|address| is_absolute_link(address)) {
                Some(address) => {
                    let dest_url = CowStr::from(address.to_owned());
                    let (title, id) = (CowStr::from(""), CowStr::from(""));
                    let begin = Tag::Link { link_type: LinkType::Inline, dest_url, title, id };
                    self.push(tag, name, "color:inherit", Some(begin), Some(TagEnd::Link));
                }
                None => self.open.push((String::new(), None)),
            },
            "s" | "del" | "ins" | "sub" | "sup" | "code" | "kbd" | "samp" | "small" | "q" | "cite" | "abbr" | "var"
            | "u" | "ruby" | "rt" | "rp" | "tbody" | "thead" | "tfoot" => self.push(tag, name, "", None, None),
            "div" | "figure" | "section" | "article" | "aside" | "header" | "footer" | "main" | "nav" | "address"
            | "hgroup" | "details" | "summary" | "center" | "dl" | "dd" => {
                self.push(tag, "div", BLOCK_STYLE, None, Some(TagEnd::Paragraph));
            }
            // Their words stay.
            _ => self.open.push((String::new(), None)),
        }
    }

    /// Opens an element, and what it is in the text.
    fn push(&mut self, tag: &LetterTag, name: &str, style: &str, begin: Option<Tag<'_>>, end: Option<TagEnd>) {
        self.html.push('<');
        self.html.push_str(name);
        let own: &[&str] = match name {
            "a" => &["href"],
            "ol" => &["start"],
            "td" => &["colspan", "rowspan"],
            "th" => &["colspan", "rowspan", "scope"],
            _ => &[],
        };
        for attribute in ["lang", "dir"].iter().chain(own) {
            if let Some(value) = tag.attribute(attribute) {
                self.html.push_str(&format!(" {attribute}=\"{}\"", escape(value)));
            }
        }
        if !style.is_empty() {
            self.html.push_str(&format!(" style=\"{style}\""));
        }
        self.html.push('>');
        if matches!(end, Some(TagEnd::Paragraph | TagEnd::Heading(_))) {
            self.text.end_line();
        }
        if let Some(begin) = begin {
            self.text.take(Event::Start(begin));
        }
        self.open.push((format!("</{name}>"), end));
    }

    fn void(&mut self, tag: &LetterTag) {
        match tag.name.as_str() {
            "br" => {
                self.html.push_str("<br />");
                self.text.take(Event::HardBreak);
            }
            "hr" => {
                self.html.push_str("<hr style=\"margin:0 0 18px;border:0;border-top:1px solid\" />");
                self.text.take(Event::Rule);
            }
            "img" => self.picture(tag),
            _ => {}
        }
    }

    /// A picture, if it says what it shows.
    fn picture(&mut self, tag: &LetterTag) {
        let shown = self.shown;
        let Some((address, alt)) = picture_of(tag).filter(|(address, _)| Some(*address) != shown) else { return };
        self.text.take_words(&format!("[{alt}]"));
        if let Some(pictures) = self.pictures {
            let escaped = escape(&text::one_line(alt));
            self.html.push_str(&match pictures.iter().find(|picture| picture.address == address) {
                Some(picture) => format!("<img src=\"{}\" alt=\"{escaped}\" />", picture.name),
                None => format!("<span class=\"picture\">[{escaped}]</span>"),
            });
            return;
        }
        let own = tag.attribute("width").and_then(|width| width.parse::<u32>().ok());
        let width = own.filter(|width| *width > 0).unwrap_or(MAX_PICTURE_PIXELS).min(MAX_PICTURE_PIXELS);
        let (address, escaped) = (escape(address), escape(&text::one_line(alt)));
        self.html.push_str(&format!(
            "<img src=\"{address}\" alt=\"{escaped}\" width=\"{width}\" \
             style=\"width:auto;max-width:100%;height:auto\" />"
        ));
    }
}

/// Whether an element holds nothing and is never closed.
fn is_void(name: &str) -> bool {
    matches!(name, "area" | "br" | "col" | "hr" | "img" | "source" | "wbr" | "input" | "embed" | "track")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mail_programs_show_alike_is_kept() {
        let body = "<h1>Un</h1>\n<p>L’<em>été</em> &amp; <a href=\"https://a.example/?x&amp;y\">ici</a><a href=\"#n\">1</a>\
                    <br>suite</p><h3 id=\"n\">Deux</h3><ol start=\"3\"><li>a</li><li>b</li></ol><figure><picture>\
                    <source srcset=\"x.webp\"><img src=\"https://a.example/i.jpg\" alt=\"Un quai\" width=\"900\"></picture>\
                    <figcaption>Le quai</figcaption></figure><p><img src=\"https://a.example/lead.jpg\" alt=\"x\"></p>\
                    <pre>a\n b</pre>";
        let of = of(body, Some("https://a.example/lead.jpg"));
        assert_eq!(
            of.html,
            "<h3 style=\"margin:32px 0 12px;font-size:22px;line-height:28px;font-weight:bold\">Un</h3> \
             <p style=\"margin:0 0 18px\">L’<em>été</em> &amp; <a href=\"https://a.example/?x&amp;y\" \
             style=\"color:inherit\">ici</a>1<br />suite</p>\
             <h4 style=\"margin:32px 0 12px;font-size:22px;line-height:28px;font-weight:bold\">Deux</h4>\
             <ol start=\"3\" style=\"margin:0 0 18px\"><li style=\"margin:0 0 6px\">a</li><li style=\"margin:0 0 6px\">b</li>\
             </ol><div style=\"margin:0 0 18px\"><img src=\"https://a.example/i.jpg\" alt=\"Un quai\" width=\"520\" \
             style=\"width:auto;max-width:100%;height:auto\" /><p style=\"margin:6px 0 0;font-size:15px;line-height:22px\">Le quai</p></div>\
             <p style=\"margin:0 0 18px;font-family:monospace;font-size:15px;line-height:22px\">a<br /> b</p>"
        );
        assert_eq!(
            of.text,
            "Un\n\nL’*été* & ici (https://a.example/?x&y)1\nsuite\n\nDeux\n\n3. a\n4. b\n\n[Un quai]\nLe quai\n\na\n b"
        );
        assert!(!of.is_cut);
    }

    #[test]
    fn a_text_that_is_too_long_ends_at_a_block() {
        let body = format!("<p>{}</p>", "mot ".repeat(1_000)).repeat(40);
        let of = of(&body, None);
        assert!(of.is_cut && of.html.ends_with("</p>") && of.html.len() < MAX_BODY_BYTES + 5_000);
    }
}
