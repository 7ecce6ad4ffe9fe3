//! What a site's page says of itself: which feeds it has, and what made it.

use url::Url;

use crate::{
    ingest::{
        clean::tokens::{HtmlToken, HtmlTokens},
        plain_of_html,
    },
    model::text,
};

/// Forms of feeds, the best first.
const FORMS: [&str; 4] = ["application/atom+xml", "application/rss+xml", "application/feed+json", "application/json"];

/// What a page says.
#[derive(Debug, Default)]
pub struct SitePage {
    /// Its feeds of articles, as they stand in it.
    pub feeds: Vec<Url>,
    /// What made it: `WordPress 6.8`.
    pub generator: Option<String>,
}

impl SitePage {
    /// Reads a page; none if it is something else.
    pub fn of(body: &[u8], address: &Url) -> Option<Self> {
        let page = String::from_utf8_lossy(body);
        let start = page.trim_start_matches('\u{feff}').trim_start();
        let start = start.get(..64).unwrap_or(start).to_ascii_lowercase();
        if !start.starts_with("<!doctype html") && !start.starts_with("<html") {
            return None;
        }
        let mut found = Self::default();
        for token in HtmlTokens::of(&page) {
            let HtmlToken::Tag(tag) = token else { continue };
            let value = |name: &str| tag.value(name).map(plain_of_html);
            if tag.name.eq_ignore_ascii_case("link") {
                let is_feed = value("type").is_some_and(|kind| FORMS.contains(&kind.to_ascii_lowercase().as_str()));
                let is_other = value("rel").is_some_and(|rel| rel.split_whitespace().any(|r| r == "alternate"));
                let href = value("href").filter(|_| is_feed && is_other);
                let of_comments = |text: String| {
                    let text = text::fold(&text);
                    text.contains("comment") || text.contains("wp-json") || text.contains("oembed")
                };
                let is_of_comments = value("title").is_some_and(of_comments) || href.clone().is_some_and(of_comments);
                let url = href.filter(|_| !is_of_comments).and_then(|href| address.join(&href).ok());
                found.feeds.extend(url.filter(|url| !found.feeds.contains(url)));
            }
            let is_generator = value("name").is_some_and(|name| name.eq_ignore_ascii_case("generator"));
            if tag.name.eq_ignore_ascii_case("meta") && is_generator && found.generator.is_none() {
                found.generator = value("content").map(|words| text::one_line(&words));
            }
        }
        Some(found)
    }
}
