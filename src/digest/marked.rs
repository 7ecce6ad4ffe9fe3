//! The editors' own words, written in Markdown, as HTML and as text.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// The HTML of an editor's words. Markup in them is shown, not obeyed: they are words.
pub fn html(markdown: &str) -> String {
    let events = Parser::new(markdown).map(|event| match event {
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        other => other,
    });
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events);
    html.trim_end().to_owned()
}

/// The same words as text: a paragraph a line, an address after the words that lead to it, and
/// emphasis as those who write letters by hand mark it.
pub fn text(markdown: &str) -> String {
    let mut text = String::new();
    let mut addresses = Vec::new();
    let mut depth = 0_usize;
    for event in Parser::new(markdown) {
        match event {
            Event::Text(words) | Event::Code(words) | Event::Html(words) | Event::InlineHtml(words) => {
                text.push_str(words.trim_end_matches('\n'));
            }
            Event::SoftBreak => text.push(' '),
            Event::HardBreak => text.push('\n'),
            Event::Start(Tag::Emphasis | Tag::Strong) | Event::End(TagEnd::Emphasis | TagEnd::Strong) => text.push('*'),
            Event::Start(Tag::Link { dest_url, .. }) => addresses.push((text.len(), dest_url)),
            Event::End(TagEnd::Link) => {
                // An address that stands for itself is not said twice.
                if let Some((start, address)) = addresses.pop()
                    && text[start..] != *address
                {
                    text.push_str(&format!(" ({address})"));
                }
            }
            Event::Start(Tag::List(_)) => depth += 1,
            Event::End(TagEnd::List(_)) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    text.truncate(text.trim_end_matches('\n').len());
                    text.push_str("\n\n");
                }
            }
            Event::Start(Tag::Item) => {
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push('\n');
                }
                text.push_str(&"  ".repeat(depth.saturating_sub(1)));
                text.push_str("- ");
            }
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock) => {
                text.push_str(if depth == 0 { "\n\n" } else { "\n" });
            }
            Event::Rule => text.push_str("* * *\n\n"),
            _ => {}
        }
    }
    text.trim().to_owned()
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
    }
}
