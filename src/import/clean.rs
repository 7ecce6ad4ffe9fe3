//! The body's HTML, made fit for feeds and letters once, when a column enters the store: only
//! harmless elements, only absolute addresses.

use ammonia::{Builder, UrlRelative};
use url::Url;

use crate::model::{html, text, uri};

/// Counts up when a better cleaner should go over the columns again.
pub const CLEANER: i64 = 2;

/// Cleans HTML: scripts, styles, frames, forms and event handlers go; links are completed from
/// the column's page, pictures from where the magazine serves its media. What is no web or mail
/// address goes too. What comes out is legal XML text, and HTML that the strictest parser reads
/// without an error.
pub fn clean(html: &str, page: &Url, media: &Url) -> String {
    let mut cleaner = cleaner(page, media);
    let mut cleaned = once(&cleaner, html);
    if html::scan(&cleaned).is_empty() {
        return cleaned;
    }
    // What was inside an element that went may not stand where it stands now, a paragraph in a
    // paragraph for example: read again, it finds its place. Where it does not, elements go until
    // the words are left.
    cleaned = once(&cleaner, &cleaned);
    for tags in [&["rp", "rt", "ruby"][..], &["a", "caption", "colgroup", "col"], &TABLES, &LISTS] {
        if html::scan(&cleaned).is_empty() {
            return cleaned;
        }
        cleaner.rm_tags(tags.iter().copied());
        cleaned = once(&cleaner, &cleaned);
    }
    if html::scan(&cleaned).is_empty() { cleaned } else { once(&Builder::empty(), &cleaned) }
}

const TABLES: [&str; 7] = ["table", "tbody", "td", "tfoot", "th", "thead", "tr"];
const LISTS: [&str; 4] = ["dd", "dl", "dt", "li"];

fn once(cleaner: &Builder<'_>, html: &str) -> String {
    let clean = cleaner.clean(html).to_string();
    // A reference such as &#1; is a character only now.
    text::legalise(&clean).0.into_owned()
}

fn cleaner(page: &Url, media: &Url) -> Builder<'static> {
    let page = page.clone();
    let media = media.clone();
    let mut builder = Builder::default();
    builder
        .add_tags(["picture", "source", "tfoot"])
        // Feed validators take these for a risk, or do not know them.
        .rm_tags(["bdo", "rtc"])
        .add_tag_attributes("img", ["srcset", "sizes"])
        .add_tag_attributes("source", ["srcset", "sizes", "media", "type"])
        .url_schemes(["https", "http", "mailto"].into())
        .url_relative(UrlRelative::PassThrough)
        .link_rel(None)
        .attribute_filter(move |element, attribute, value| {
            let base = match element {
                "img" | "source" => &media,
                _ => &page,
            };
            match attribute {
                "srcset" => srcset(value, base).map(Into::into),
                "href" | "src" | "cite" => absolute(value, base).map(Into::into),
                _ => Some(value.into()),
            }
        });
    builder
}

/// An address as a feed may carry it: absolute, percent-encoded, for the web or for mail.
fn absolute(address: &str, base: &Url) -> Option<String> {
    let url = base.join(address.trim()).ok()?;
    matches!(url.scheme(), "https" | "http" | "mailto").then(|| uri::encode(url.as_str()).into_owned())
}

/// Completes each candidate of a `srcset`; those that have no web address are left out.
fn srcset(value: &str, base: &Url) -> Option<String> {
    let mut kept: Vec<String> = Vec::new();
    // An address may hold commas, a descriptor not: candidates end at a comma before white space
    // or after white space.
    let mut rest = value.trim_start_matches([' ', '\t', '\n', '\r', ',']);
    while !rest.is_empty() {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (address, after) = rest.split_at(end);
        let bare = address.trim_end_matches(',');
        let (descriptor, next) = if bare.len() < address.len() {
            ("", after)
        } else {
            let stop = after.find(',').unwrap_or(after.len());
            (after[..stop].trim(), &after[stop..])
        };
        if let Some(url) = absolute(bare, base) {
            // A comma at an address's end would be read as the candidate's.
            kept.push(format!("{url} {descriptor}").trim_end().to_owned());
        }
        rest = next.trim_start_matches([' ', '\t', '\n', '\r', ',']);
    }
    (!kept.is_empty()).then(|| kept.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(html: &str) -> String {
        let page = Url::parse("https://estran.example.org/chroniques/phare").expect("a URL");
        let media = Url::parse("https://media.example.org/2026/").expect("a URL");
        clean(html, &page, &media)
    }

    #[test]
    fn completes_addresses() {
        assert_eq!(
            cleaned(r##"<a href="../carnet?a=1&amp;b=é">x</a><a href="#note">n</a><img src="a b.jpg" alt="é">"##),
            r##"<a href="https://estran.example.org/carnet?a=1&amp;b=%C3%A9">x</a><a href="https://estran.example.org/chroniques/phare#note">n</a><img src="https://media.example.org/2026/a%20b.jpg" alt="é">"##
        );
        assert_eq!(
            cleaned(r#"<img src="a.jpg" srcset="a.jpg 1x, /b,c.jpg 2x,javascript:x 3x, d.jpg">"#),
            r#"<img src="https://media.example.org/2026/a.jpg" srcset="https://media.example.org/2026/a.jpg 1x, https://media.example.org/b,c.jpg 2x, https://media.example.org/2026/d.jpg">"#
        );
    }

    #[test]
    fn takes_out_what_runs_or_leads_astray() {
        for hostile in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<a href=javascript:alert(1)>x</a>",
            "<a href=\"java\tscript:alert(1)\">x</a>",
            "<iframe src=//evil.example></iframe>",
            "<svg><script>alert(1)</script></svg>",
            "<style>@import 'x'</style>",
            "<form action=/x><input></form>",
            "<p style=\"background:url(x)\">x</p>",
            "<img srcset=\"data:image/svg+xml,x 1x\">",
            "<math><mtext></p><style><img src=x onerror=alert(1)></style></mtext></math>",
        ] {
            let clean = cleaned(hostile);
            for evil in ["script", "onerror", "iframe", "style", "form", "data:", "alert"] {
                assert!(!clean.contains(evil), "{hostile} gave {clean}");
            }
        }
    }
}
