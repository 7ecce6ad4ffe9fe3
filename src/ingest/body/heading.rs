//! The heading that a body begins with.

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use super::OPTIONS;

/// The text of a heading of the first level that a body begins with, and what follows it.
pub(in crate::ingest) fn heading(markdown: &str) -> Option<(String, &str)> {
    let mut events = Parser::new_ext(markdown, OPTIONS).into_offset_iter();
    let (Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }), range) = events.next()? else { return None };
    let mut title = String::new();
    for (event, _) in events {
        match event {
            Event::Text(text) | Event::Code(text) => title.push_str(&text),
            Event::SoftBreak | Event::HardBreak => title.push(' '),
            Event::End(TagEnd::Heading(_)) => break,
            _ => {}
        }
    }
    let title = title.trim().to_owned();
    (!title.is_empty()).then(|| (title, markdown.get(range.end..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_may_be_the_title() {
        for (body, found) in [
            ("\n# Un *titre*\n\nCorps.\n", Some(("Un titre", "\nCorps.\n"))),
            ("Un `titre`\n===\nCorps.\n", Some(("Un titre", "Corps.\n"))),
            ("## Un\n", None),
            ("Corps.\n\n# Un\n", None),
            ("#\n", None),
            ("", None),
        ] {
            let found = found.map(|(title, rest): (&str, &str)| (title.to_owned(), rest));
            assert_eq!(heading(body), found, "{body}");
        }
    }
}
