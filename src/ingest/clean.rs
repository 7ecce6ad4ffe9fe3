//! The body's HTML, made fit for feeds and letters once, when a column enters the store: only
//! harmless elements, only absolute addresses.

mod alternatives;
mod anchors;
mod media;
pub(crate) mod names;
pub(crate) mod prepare;
pub(crate) mod tokens;

use std::{cell::RefCell, sync::LazyLock};

use ammonia::{Builder, UrlRelative};
use url::Url;

use tokens::{HtmlToken, HtmlTokens};

use crate::{
    locales::Lang,
    model::{html, text, uri},
};

/// Counts up when a better cleaner should go over the columns again.
pub const CLEANER: i64 = 5;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned {
    pub html: String,
    /// Whether elements were nested more than [`prepare::MAX_NESTING`] deep: the inner ones are gone, their
    /// text is there.
    pub flattened: bool,
    /// What readers will not see, in words; nothing if they see all.
    pub unseen: Option<String>,
    /// Whether there was something and nothing is left to see.
    pub emptied: bool,
}

/// Cleans HTML: scripts, styles, frames, forms and event handlers go; links are completed from
/// the column's page, pictures from where the magazine serves its media. What is no address for the
/// web, mail or a telephone goes too; where a page would play something, a link leads to it, in the
/// column's language. What comes out is legal XML text, and HTML that the strictest parser reads without an error.
pub fn clean(html: &str, page: &Url, media: &Url, lang: Lang) -> String {
    clean_and_tell(html, page, media, lang).html
}

/// The same, with word of what could not be kept.
pub fn clean_and_tell(html: &str, page: &Url, media: &Url, lang: Lang) -> Cleaned {
    let prepared = prepare::prepare(html, page, media, lang);
    let cleaned = sanitized(&prepared.html, page, media);
    let emptied = is_blank(&cleaned) && !is_blank(html);
    let unseen = in_words(&prepared);
    Cleaned { html: cleaned, flattened: prepared.flattened, unseen, emptied }
}

/// What readers will not see of a body, in words.
pub fn unseen(html: &str, page: &Url, lang: Lang) -> Option<String> {
    in_words(&prepare::prepare(html, page, page, lang))
}

fn in_words(prepared: &prepare::PreparedHtml) -> Option<String> {
    let each: Vec<String> = prepared.unseen.iter().map(|(name, count)| format!("{name} ({count})")).collect();
    (!each.is_empty()).then(|| each.join(", "))
}

/// Whether HTML shows nothing: no text, and no element that is something without one.
fn is_blank(html: &str) -> bool {
    HtmlTokens::of(html).all(|piece| match piece {
        HtmlToken::Text(text) => text.trim().is_empty(),
        HtmlToken::Hidden => true,
        HtmlToken::Tag(tag) => {
            let name = tag.name.to_ascii_lowercase();
            tag.ends || !SHOWN.contains(&name.as_str())
        }
    })
}

/// Elements that show something without a text in them.
const SHOWN: [&str; 15] = [
    "img", "picture", "svg", "math", "iframe", "video", "audio", "object", "embed", "input", "select", "button",
    "canvas", "form", "source",
];

/// The cleaner of all columns: to make one takes as long as to clean a short text.
static CLEANER_OF_ALL: LazyLock<Builder<'static>> = LazyLock::new(cleaner);

thread_local! {
    /// Where the column that this thread cleans has its page, and where its pictures are.
    static BASES: RefCell<Option<(Url, Url)>> = const { RefCell::new(None) };
}

fn sanitized(html: &str, page: &Url, media: &Url) -> String {
    BASES.set(Some((page.clone(), media.clone())));
    let mut cleaned = clean_once(&CLEANER_OF_ALL, html);
    if html::scan(&cleaned).is_empty() {
        return cleaned;
    }
    let mut cleaner = cleaner();
    // What was inside an element that went may not stand where it stands now, a paragraph in a
    // paragraph for example: read again, it finds its place. Where it does not, elements go until
    // the words are left.
    cleaned = clean_once(&cleaner, &cleaned);
    for tags in [&["rp", "rt", "ruby"][..], &["a", "caption", "colgroup", "col"], &TABLES, &LISTS] {
        if html::scan(&cleaned).is_empty() {
            return cleaned;
        }
        cleaner.rm_tags(tags.iter().copied());
        cleaned = clean_once(&cleaner, &cleaned);
    }
    if html::scan(&cleaned).is_empty() { cleaned } else { clean_once(&Builder::empty(), &cleaned) }
}

const TABLES: [&str; 7] = ["table", "tbody", "td", "tfoot", "th", "thead", "tr"];
const LISTS: [&str; 4] = ["dd", "dl", "dt", "li"];

fn clean_once(cleaner: &Builder<'_>, html: &str) -> String {
    let clean = cleaner.clean(html).to_string();
    // A reference such as &#1; is a character only now.
    text::remove_illegal(&clean).0.into_owned()
}

fn cleaner() -> Builder<'static> {
    let mut builder = Builder::default();
    builder
        .add_tags(["address", "main", "picture", "section", "source", "tfoot"])
        // Feed validators take these for a risk, or do not know them.
        .rm_tags(["bdo", "rtc"])
        .add_tag_attributes("img", ["srcset", "sizes"])
        .add_tag_attributes("source", ["srcset", "sizes", "media", "type"])
        .add_generic_attributes(["dir", "id"])
        .add_tag_attributes("ol", ["reversed", "type"])
        .add_tag_attributes("ul", ["type"])
        .add_tag_attributes("li", ["value"])
        .add_tag_attributes("time", ["datetime"])
        .add_tag_attributes("data", ["value"])
        .add_tag_attributes("details", ["open"])
        .url_schemes(["https", "http", "mailto", "tel", "sms"].into())
        .url_relative(UrlRelative::PassThrough)
        .link_rel(None)
        .attribute_filter(|element, attribute, value| match attribute {
            "srcset" => with_base(element, |base| srcset(value, base)).map(Into::into),
            "href" if element == "a" && is_telephone(value) => Some(uri::encode(value.trim()).into_owned().into()),
            "href" | "src" | "cite" => with_base(element, |base| absolute(value, base)).map(Into::into),
            "dir" => matches!(value, "ltr" | "rtl" | "auto").then(|| value.into()),
            _ => Some(value.into()),
        });
    for element in ["p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "caption"] {
        builder.add_tag_attributes(element, ["align"]);
    }
    builder
}

/// What comes of the address from which those of an element are completed.
fn with_base(element: &str, complete: impl FnOnce(&Url) -> Option<String>) -> Option<String> {
    BASES.with_borrow(|bases| {
        let (page, media) = bases.as_ref()?;
        complete(if matches!(element, "img" | "source") { media } else { page })
    })
}

/// Whether an address is a telephone's (RFC 3966, RFC 5724).
fn is_telephone(address: &str) -> bool {
    let scheme = address.trim().get(..4).unwrap_or_default();
    ["tel:", "sms:"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
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

    fn lang() -> Lang {
        Lang::known("fr").expect("French")
    }

    fn cleaned(html: &str) -> String {
        let page = Url::parse("https://estran.example.org/chroniques/phare").expect("a URL");
        let media = Url::parse("https://media.example.org/2026/").expect("a URL");
        clean(html, &page, &media, lang())
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
            for evil in ["script", "onerror", "iframe", "style", "<form", "data:", "alert"] {
                assert!(!clean.contains(evil), "{hostile} gave {clean}");
            }
        }
    }

    #[test]
    fn keeps_what_has_a_meaning() {
        for kept in [
            "<ol start=\"5\" reversed=\"\"><li>a</li><li value=\"9\">b</li></ol>",
            "<p dir=\"rtl\" lang=\"ar\">a<sup>2</sup><sub>n</sub></p>",
            "<p>le <time datetime=\"2026-11-18\">18</time></p>",
            "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>",
            "<table><thead><tr><th align=\"right\" scope=\"col\">a</th></tr></thead></table>",
            "<section><h2 align=\"center\">a</h2></section>",
        ] {
            assert_eq!(cleaned(kept), kept);
        }
        for (html, kept) in [
            ("<a href=\"tel:+33 123\">x</a>", "<a href=\"tel:+33%20123\">x</a>"),
            ("<img src=\"tel:1\" alt=\"x\">", "<img alt=\"x\">"),
            ("<p style=\"color:red; Text-Align : RIGHT !important\">x</p>", "<p align=\"right\">x</p>"),
            ("<bdo dir=\"rtl\">x</bdo><p dir=\"up\">y</p>", "<bdi dir=\"rtl\">x</bdi><p>y</p>"),
            ("<form>a</form><form>b</form>", "<div>a</div><div>b</div>"),
        ] {
            assert_eq!(cleaned(html), kept, "{html}");
        }
    }

    #[test]
    fn media_leave_a_link() {
        for (html, link) in [
            (
                "<iframe src=\"//www.v.example/embed/a?b=1&amp;c\" title=\"Un &lt; film\">x</iframe>",
                "<p><a href=\"https://www.v.example/embed/a?b=1&amp;c\" title=\"\">Un &lt; film</a></p>",
            ),
            (
                "<p>a <video controls><source src=f.mp4 type=v><track src=t><p>Trop vieux</p></video> b</p>",
                "<p>a <a href=\"https://media.example.org/2026/f.mp4\">Vidéo\u{202f}: f.mp4</a> b</p>",
            ),
            (
                "<audio src='https://www.c.example/v.mp3?x'>",
                "<p><a href=\"https://www.c.example/v.mp3?x\">À écouter\u{202f}: c.example/v.mp3</a></p>",
            ),
            (
                "<object data=\"https://c.example/a.pdf\"><p>x</p></object>",
                "<p><a href=\"https://c.example/a.pdf\">c.example/a.pdf</a></p>",
            ),
            ("<video src=\"javascript:x\"></video>", ""),
            ("<object><p>x</p></object>", "<p>x</p>"),
            (
                "<figure><iframe src=\"https://c.example/a\"></iframe><figcaption>y</figcaption></figure>",
                "<figure><a href=\"https://c.example/a\">c.example/a</a><figcaption>y</figcaption></figure>",
            ),
            ("a<source srcset=x><track>b", "ab"),
        ] {
            assert_eq!(cleaned(html), link.replace(" title=\"\"", ""), "{html}");
        }
    }

    #[test]
    fn ids_are_the_columns_own() {
        for (html, kept) in [
            (
                "<a href=\"#n\">a</a><p id=\"n\">b</p><a href=\"#comments\">c</a>",
                "<a href=\"https://estran.example.org/chroniques/phare#c059790b3bd-n\">a</a><p id=\"c059790b3bd-n\">b</p>\
                 <a href=\"https://estran.example.org/chroniques/phare#comments\">c</a>",
            ),
            ("<a name=n>b</a><p id=n>c</p><p id=\" \">d</p>", "<a id=\"c059790b3bd-n\">b</a><p>c</p><p>d</p>"),
            (
                "<h2 id=\"été\">a</h2><a href=\"#%C3%A9t%C3%A9\">d</a>",
                "<h2 id=\"c059790b3bd--t--bd010c\">a</h2>\
                 <a href=\"https://estran.example.org/chroniques/phare#c059790b3bd--t--bd010c\">d</a>",
            ),
        ] {
            assert_eq!(cleaned(html), kept);
            assert_eq!(cleaned(kept), kept, "cleaned again");
        }
        let page =
            |path: &str| Url::parse("https://estran.example.org/").and_then(|base| base.join(path)).expect("a URL");
        assert_ne!(
            clean("<p id=n>a</p>", &page("a"), &page("/"), lang()),
            clean("<p id=n>a</p>", &page("b"), &page("/"), lang())
        );
    }

    #[test]
    fn a_linked_picture_is_where_the_picture_is() {
        assert_eq!(
            cleaned(
                "<a href=\"g/a.JPG?x&amp;y\"><img src=\"g/a.jpg\" alt=\"b\"></a><a href=\"c\"><img src=d alt=e></a><a href=f.jpg>g</a>"
            ),
            "<a href=\"https://media.example.org/2026/g/a.JPG?x&amp;y\"><img src=\"https://media.example.org/2026/g/a.jpg\" \
             alt=\"b\"></a><a href=\"https://estran.example.org/chroniques/c\"><img src=\"https://media.example.org/2026/d\" \
             alt=\"e\"></a><a href=\"https://estran.example.org/chroniques/f.jpg\">g</a>"
        );
    }

    #[test]
    fn raw_text_ends_with_its_element() {
        for (html, text) in [
            ("a <title>b &amp; <i>c</i></title> <b>d</b>", "a b &amp; &lt;i&gt;c&lt;/i&gt; <b>d</b>"),
            ("a <textarea>b <b>d</b>", "a b <b>d</b>"),
            ("<xmp>a &amp; <b></xmp>c", "<pre>a &amp;amp; &lt;b&gt;</pre>c"),
            ("<plaintext>a <b>d</b>", "a <b>d</b>"),
            ("<noscript><p>a</p></noscript>", "<p>a</p>"),
            ("a <!-- b <b>c</b>", "a &lt;!-- b <b>c</b>"),
        ] {
            assert_eq!(cleaned(html), text, "{html}");
        }
    }

    #[test]
    fn deep_nesting_is_flattened() {
        let page = Url::parse("https://estran.example.org/").expect("a URL");
        for (html, deep) in [
            ("<div>".repeat(50_000) + "x", true),
            ("<b>".repeat(50_000) + "x", true),
            ("<ul><li>".repeat(20_000) + "x" + &"</li></ul>".repeat(20_000), true),
            ("<table><tr><td>".repeat(10_000) + "x", true),
            ("<p>x".repeat(500), false),
            ("<ul>".to_owned() + &"<li>x".repeat(500), false),
            ("<table>".to_owned() + &"<tr><td>x<td>y".repeat(500), false),
            ("<dl>".to_owned() + &"<dt>x<dd>y".repeat(500), false),
            ("<object>".repeat(20_000) + "x</object>", false),
            ("<title>".repeat(20_000) + "x", false),
            ("</b>".repeat(20_000) + "x", false),
            ("<iframe src=x>".repeat(5_000) + "x", false),
        ] {
            let cleaned = clean_and_tell(&html, &page, &page, lang());
            let short: String = html.chars().take(20).collect();
            assert_eq!((cleaned.flattened, cleaned.html.contains('x')), (deep, true), "{short}");
            assert_eq!(html::scan(&cleaned.html), [], "{short}");
        }
    }
}
