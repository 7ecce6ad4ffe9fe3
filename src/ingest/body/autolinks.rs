//! Addresses that stand in a text without marks around them, as links.

use pulldown_cmark::{CowStr, Event, LinkType, Tag, TagEnd};
use url::Url;

use super::super::clean::tokens::{HtmlToken, HtmlTokens};

/// Whether an address may stand in a text without marks: nearly all stand between those of a link.
pub(super) fn may_hold(markdown: &str) -> bool {
    let bytes = markdown.as_bytes();
    memchr::memmem::find_iter(bytes, "://").any(|at| {
        let scheme = bytes[..at].iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
        match &bytes[..at - scheme] {
            [.., b']', b'('] | [.., b'=', b'"' | b'\''] | [.., b'<' | b'='] => false,
            _ => scheme > 0,
        }
    })
}

/// The events with a link for each address in their texts that is in no link or code yet.
pub(super) fn linked(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut all = Vec::with_capacity(events.len() + 8);
    let mut inside = 0_usize;
    for event in events {
        match event {
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::CodeBlock(_)) => inside += 1,
            Event::End(TagEnd::Link | TagEnd::Image | TagEnd::CodeBlock) => inside = inside.saturating_sub(1),
            // A link that is written in HTML.
            Event::InlineHtml(ref source) => match HtmlTokens::of(source).next() {
                Some(HtmlToken::Tag(tag)) if tag.name.eq_ignore_ascii_case("a") && tag.ends => {
                    inside = inside.saturating_sub(1);
                }
                Some(HtmlToken::Tag(tag)) if tag.name.eq_ignore_ascii_case("a") => inside += 1,
                _ => {}
            },
            // None reaches beyond its paragraph.
            Event::End(TagEnd::Paragraph) => inside = 0,
            Event::Text(ref text) if inside == 0 && text.contains("://") => {
                push_text(text, &mut all);
                continue;
            }
            _ => {}
        }
        all.push(event);
    }
    all
}

fn push_text(text: &str, events: &mut Vec<Event<'_>>) {
    let mut rest = text;
    let mut kept = String::new();
    while let Some((start, end)) = first(rest) {
        kept.push_str(&rest[..start]);
        let address = &rest[start..end];
        rest = &rest[end..];
        if Url::parse(address).is_ok_and(|url| url.host_str().is_some_and(|host| host.contains('.'))) {
            if !kept.is_empty() {
                events.push(Event::Text(std::mem::take(&mut kept).into()));
            }
            let dest_url = CowStr::from(address.to_owned());
            let (title, id) = (CowStr::Borrowed(""), CowStr::Borrowed(""));
            events.push(Event::Start(Tag::Link {
                link_type: LinkType::Autolink,
                dest_url: dest_url.clone(),
                title,
                id,
            }));
            events.push(Event::Text(dest_url));
            events.push(Event::End(TagEnd::Link));
        } else {
            kept.push_str(address);
        }
    }
    kept.push_str(rest);
    if !kept.is_empty() {
        events.push(Event::Text(kept.into()));
    }
}

/// Where the first address of a text begins and ends, as GitHub finds it.
fn first(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(mark) = text[from..].find("://").map(|at| from + at) {
        let ends_with = |scheme: &&str| {
            let before = mark.checked_sub(scheme.len()).and_then(|start| text.get(start..mark));
            before.is_some_and(|before| before.eq_ignore_ascii_case(scheme))
        };
        let scheme = ["https", "http"].into_iter().find(ends_with);
        let start = scheme.map(|scheme| mark - scheme.len());
        let free = |start: &usize| !text[..*start].chars().next_back().is_some_and(char::is_alphanumeric);
        if let Some(start) = start.filter(free) {
            let end = text[start..].find(|c: char| c.is_whitespace() || c == '<').map_or(text.len(), |at| start + at);
            return Some((start, start + trimmed(&text[start..end]).len()));
        }
        from = mark + 3;
    }
    None
}

/// An address without the marks that end the sentence around it.
fn trimmed(mut address: &str) -> &str {
    let marks = ['?', '!', '.', ',', ':', ';', '*', '_', '~', '\'', '"', '»', '’', '”', '…', ']'];
    loop {
        let shorter = address.trim_end_matches(marks);
        let unopened = shorter.ends_with(')') && shorter.matches(')').count() > shorter.matches('(').count();
        let shorter = if unopened { &shorter[..shorter.len() - 1] } else { shorter };
        if shorter.len() == address.len() {
            return address;
        }
        address = shorter;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::written;

    #[test]
    fn an_address_in_a_text_is_a_link() {
        let link = |address: &str| format!("<a href=\"{address}\">{address}</a>");
        for (text, html) in [
            ("Voir https://a.example/b_c_d.", format!("Voir {}.", link("https://a.example/b_c_d"))),
            ("(http://a.example/(b))", format!("({})", link("http://a.example/(b)"))),
            ("«\u{a0}https://a.example\u{a0}»", format!("«\u{a0}{}\u{a0}»", link("https://a.example"))),
            ("\"https://a.example\"", format!("\"{}\"", link("https://a.example"))),
            ("*https://a.example/*", format!("<em>{}</em>", link("https://a.example/"))),
            (
                "[https://a.example](https://b.example)",
                "<a href=\"https://b.example\">https://a.example</a>".to_owned(),
            ),
            ("<https://a.example>", link("https://a.example")),
            ("<a href=x>https://a.example</a>", "<a href=x>https://a.example</a>".to_owned()),
            (
                "`https://a.example` xhttps://a.example https://a ://",
                "<code>https://a.example</code> xhttps://a.example https://a ://".to_owned(),
            ),
        ] {
            assert_eq!(written(text), format!("<p>{html}</p>\n"), "{text}");
        }
    }
}
