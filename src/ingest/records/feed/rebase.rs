//! Makes the relative links of a text absolute where its document says from where they lead (`xml:base`). All others lead
//! from the column's page, as everywhere.

use url::Url;

use crate::ingest::clean::tokens::{HtmlToken, HtmlTokens, Tag};

/// Attributes that are an address.
const ADDRESSES: [&str; 4] = ["href", "src", "poster", "cite"];

/// The text with its links led from a base.
pub(super) fn rebased(html: &str, base: &Url) -> String {
    let mut done = String::with_capacity(html.len());
    let mut tokens = HtmlTokens::of(html);
    loop {
        let before = tokens.rest;
        let Some(token) = tokens.next() else { return done };
        let source = &before[..before.len() - tokens.rest.len()];
        match token {
            HtmlToken::Tag(tag) if !tag.ends => push_tag(&mut done, tag, source, base),
            _ => done.push_str(source),
        }
    }
}

fn push_tag(done: &mut String, tag: Tag<'_>, source: &str, base: &Url) {
    let mut from = 0;
    for (name, value) in tag.attributes() {
        let Some(value) = value else { continue };
        let led = match name.to_ascii_lowercase().as_str() {
            "srcset" => srcset(value, base),
            name if ADDRESSES.contains(&name) => absolute(value, base),
            _ => None,
        };
        // A value is a piece of the tag.
        let Some(at) = (value.as_ptr() as usize).checked_sub(source.as_ptr() as usize) else { continue };
        let (Some(led), Some(between)) = (led, source.get(from..at)) else { continue };
        done.push_str(between);
        let is_bare = !between.ends_with(['"', '\'']);
        if is_bare {
            done.push('"');
        }
        done.push_str(&led);
        if is_bare {
            done.push('"');
        }
        from = at + value.len();
    }
    done.push_str(source.get(from..).unwrap_or_default());
}

/// A relative address, made absolute; none for all others, and for a place in the text itself.
fn absolute(value: &str, base: &Url) -> Option<String> {
    let address = value.trim().replace("&amp;", "&");
    let is_relative = matches!(Url::parse(&address), Err(url::ParseError::RelativeUrlWithoutBase));
    // Any other entity is left to who cleans the text.
    if !is_relative || address.is_empty() || address.starts_with('#') || value.contains("&#") {
        return None;
    }
    let url = base.join(&address).ok()?;
    Some(url.as_str().replace('&', "&amp;").replace('\'', "%27"))
}

fn srcset(value: &str, base: &Url) -> Option<String> {
    let candidate = |candidate: &str| {
        let candidate = candidate.trim();
        let (address, descriptor) = candidate.split_once(char::is_whitespace).unwrap_or((candidate, ""));
        let led = absolute(address, base).unwrap_or_else(|| address.to_owned());
        format!("{led} {descriptor}").trim_end().to_owned()
    };
    // A comma without a space may be part of an address.
    Some(value.split(", ").map(candidate).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_links_lead_from_the_base() {
        let base = Url::parse("https://jetee.example.org/2026/").expect("an address");
        for (html, led) in [
            (
                "<a href=\"a.html?b=1&amp;c=2\">x</a>",
                "<a href=\"https://jetee.example.org/2026/a.html?b=1&amp;c=2\">x</a>",
            ),
            ("<img alt='é' src=/i.jpg>", "<img alt='é' src=\"https://jetee.example.org/i.jpg\">"),
            (
                "<img srcset=\"a.jpg 1x, b.jpg 2x\">",
                "<img srcset=\"https://jetee.example.org/2026/a.jpg 1x, https://jetee.example.org/2026/b.jpg 2x\">",
            ),
            ("<a HREF='it&#39;s'>", "<a HREF='it&#39;s'>"),
            (
                "a < b <a href=\"#n\">n</a> <a href=\"mailto:a@b.c\">m</a><!-- <a href=\"x\"> -->",
                "a < b <a href=\"#n\">n</a> <a href=\"mailto:a@b.c\">m</a><!-- <a href=\"x\"> -->",
            ),
        ] {
            assert_eq!(rebased(html, &base), led);
        }
    }
}
