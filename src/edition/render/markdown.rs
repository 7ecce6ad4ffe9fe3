//! The editors' own words, written in Markdown, as HTML and as text.

use std::fmt::Write;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::model::{html::escape, text::remove_illegal};

/// How wide a picture may be where a mail program takes no other word: as wide as the text.
const MAX_PICTURE_PIXELS: u32 = 520;

/// The HTML of an editor's words. Markup in them is shown, not obeyed: they are words. No picture is
/// wider than the text, however large its file.
pub fn html(markdown: &str) -> String {
    let mut picture: Option<(String, String)> = None;
    let events = Parser::new(markdown).filter_map(|event| match event {
        Event::Start(Tag::Image { dest_url, .. }) => {
            // A picture in the description of another is no picture.
            picture.get_or_insert_with(|| (dest_url.to_string(), String::new()));
            None
        }
        Event::End(TagEnd::Image) => {
            let (address, alt) = picture.take()?;
            let (address, alt) = (escape(&address), escape(alt.trim()));
            let tag = format!(
                "<img src=\"{address}\" alt=\"{alt}\" width=\"{MAX_PICTURE_PIXELS}\" style=\"width:auto;max-width:100%;height:auto\" />"
            );
            Some(Event::InlineHtml(tag.into()))
        }
        event => match (&mut picture, event) {
            (Some((_, alt)), Event::Text(words) | Event::Code(words) | Event::InlineHtml(words)) => {
                alt.push_str(&words);
                None
            }
            (Some((_, alt)), Event::SoftBreak | Event::HardBreak) => {
                alt.push(' ');
                None
            }
            (Some(_), _) => None,
            (None, Event::Html(html) | Event::InlineHtml(html)) => Some(Event::Text(html)),
            (None, other) => Some(other),
        },
    });
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events);
    // A reference in Markdown may name a character that no text may hold.
    remove_illegal(html.trim_end()).0.into_owned()
}

/// The same words as text: a paragraph a line, an address after the words that lead to it, emphasis,
/// lists and quotes as those who write letters by hand mark them.
pub fn text(markdown: &str) -> String {
    let mut writer = PlainTextWriter::default();
    for event in Parser::new(markdown) {
        writer.take(event);
    }
    remove_illegal(writer.out.trim()).0.into_owned()
}

/// What stands before the lines of a quote or of an item.
struct Margin {
    first: String,
    rest: String,
    used: bool,
}

/// Writes what is read as text.
#[derive(Default)]
pub(super) struct PlainTextWriter {
    out: String,
    /// The lines of the paragraph that is being read.
    lines: String,
    margins: Vec<Margin>,
    /// The next number of each list that is open; none in one without numbers.
    lists: Vec<Option<u64>>,
    links: Vec<(usize, String)>,
    /// Whether an empty line comes before what follows.
    gap: bool,
}

impl PlainTextWriter {
    /// Words of HTML, where white space of any length is one space.
    pub(super) fn take_words(&mut self, words: &str) {
        for c in words.chars() {
            match c {
                ' ' | '\t' | '\n' | '\r' if self.lines.is_empty() || self.lines.ends_with([' ', '\n']) => {}
                ' ' | '\t' | '\n' | '\r' => self.lines.push(' '),
                c => self.lines.push(c),
            }
        }
    }

    /// Ends the line that is being written: what follows is a block of its own.
    pub(super) fn end_line(&mut self) {
        self.flush();
    }

    /// All that was written.
    pub(super) fn finish(mut self) -> String {
        self.flush();
        remove_illegal(self.out.trim()).0.into_owned()
    }

    pub(super) fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Text(words) | Event::Code(words) | Event::Html(words) | Event::InlineHtml(words) => {
                self.lines.push_str(&words);
            }
            Event::SoftBreak => self.lines.push(' '),
            Event::HardBreak => self.lines.push('\n'),
            Event::Start(Tag::Emphasis | Tag::Strong) | Event::End(TagEnd::Emphasis | TagEnd::Strong) => {
                self.lines.push('*');
            }
            Event::Start(Tag::Image { .. }) => self.lines.push('['),
            Event::End(TagEnd::Image) => self.lines.push(']'),
            Event::Start(Tag::Link { dest_url, .. }) => self.links.push((self.lines.len(), dest_url.to_string())),
            Event::End(TagEnd::Link) => {
                // An address that stands for itself is not said twice.
                if let Some((start, address)) = self.links.pop()
                    && self.lines[start..] != *address
                {
                    let _ = write!(self.lines, " ({address})");
                }
            }
            Event::Start(Tag::BlockQuote(_)) => self.begin("> ".into(), "> ".into()),
            Event::Start(Tag::List(number)) => {
                self.flush();
                self.lists.push(number);
            }
            Event::Start(Tag::Item) => {
                let first = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let mark = format!("{number}. ");
                        *number += 1;
                        mark
                    }
                    _ => "- ".to_owned(),
                };
                let rest = " ".repeat(first.len());
                self.begin(first, rest);
            }
            Event::End(TagEnd::Item) => self.end(),
            Event::End(TagEnd::List(_)) => {
                self.lists.pop();
                self.gap |= self.lists.is_empty();
            }
            Event::End(TagEnd::BlockQuote(_)) => {
                self.end();
                self.gap = true;
            }
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::HtmlBlock) => {
                self.flush();
                self.gap = true;
            }
            Event::Rule => {
                self.lines.push_str("* * *");
                self.flush();
                self.gap = true;
            }
            _ => {}
        }
    }

    fn begin(&mut self, first: String, rest: String) {
        self.flush();
        self.margins.push(Margin { first, rest, used: false });
    }

    fn end(&mut self) {
        self.flush();
        // An empty item is an item.
        if self.margins.last().is_some_and(|margin| !margin.used) {
            self.line("");
        }
        self.margins.pop();
    }

    /// Writes the paragraph that was read.
    fn flush(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        let lines = lines.trim_matches('\n');
        if !lines.trim().is_empty() {
            lines.split('\n').for_each(|line| self.line(line));
        }
    }

    fn line(&mut self, words: &str) {
        if std::mem::take(&mut self.gap) && !self.out.is_empty() {
            let used = self.margins.iter().filter(|margin| margin.used);
            let margin: String = used.map(|margin| margin.rest.as_str()).collect();
            self.out.push_str(margin.trim_end());
            self.out.push('\n');
        }
        let start = self.out.len();
        for margin in &mut self.margins {
            self.out.push_str(if margin.used { &margin.rest } else { &margin.first });
            margin.used = true;
        }
        self.out.push_str(words);
        self.out.truncate(start + self.out[start..].trim_end_matches(' ').len());
        self.out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_as_pleasant_in_text_as_in_html() {
        let markdown = "Bonjour\u{202f}! Un *peu* de\n**tout**, [par ici](https://a.example/).\n\n- un\n- deux\n\n\
                        <https://b.example/> & <b>c</b>";
        assert_eq!(
            text(markdown),
            "Bonjour\u{202f}! Un *peu* de *tout*, par ici (https://a.example/).\n\n- un\n- deux\n\n\
             https://b.example/ & <b>c</b>"
        );
        assert_eq!(
            html(markdown),
            "<p>Bonjour\u{202f}! Un <em>peu</em> de\n<strong>tout</strong>, <a href=\"https://a.example/\">par ici</a>.\
             </p>\n<ul>\n<li>un</li>\n<li>deux</li>\n</ul>\n<p><a href=\"https://b.example/\">https://b.example/</a> \
             &amp; &lt;b&gt;c&lt;/b&gt;</p>"
        );
        assert_eq!((text(""), html("")), (String::new(), String::new()));
        assert_eq!((text("&#64976;a&#11;b"), html("&#64976;a")), ("a b".into(), "<p>a</p>".into()));
    }

    #[test]
    fn lists_and_quotes_are_lists_and_quotes_in_text() {
        let markdown = "Avant\n\n9. neuf\n10. dix\n    - a  \n      b\n    - c\n\n> Cité\n>\n> - un\n>\n>   deux\n>\n> fin\n\n\
                        Après\n\n1.\n2. x\n\n---\n\n    code  y\n\n### Titre\n![Un *phare*](a.jpg)\n";
        assert_eq!(
            text(markdown),
            "Avant\n\n9. neuf\n10. dix\n    - a\n      b\n    - c\n\n> Cité\n>\n> - un\n>\n>   deux\n>\n> fin\n\nAprès\n\n\
             1.\n2. x\n\n* * *\n\ncode  y\n\nTitre\n\n[Un *phare*]"
        );
    }

    #[test]
    fn no_picture_is_wider_than_the_text() {
        assert_eq!(
            html("![Un *grand* \"phare\" <b>](https://a.example/x.jpg?a&b)"),
            "<p><img src=\"https://a.example/x.jpg?a&amp;b\" alt=\"Un grand &quot;phare&quot; &lt;b&gt;\" width=\"520\" \
             style=\"width:auto;max-width:100%;height:auto\" /></p>"
        );
    }
}
